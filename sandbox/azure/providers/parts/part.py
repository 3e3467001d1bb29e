"""A type whose provider keeps what it is given: one row says how it answers.

It serves types below targets, and identities. A row names statuses and members; `register` makes the
handlers.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field, replace

from sandbox.azure.kernel.manners import Style
from sandbox.azure.kernel.model import ArmError, EtagStyle, Json, Resource, Response
from sandbox.azure.kernel.operations import OperationPlan
from sandbox.azure.kernel.provider import Call, Handler, Registry, ResourceType
from sandbox.azure.kernel.world import World
from sandbox.azure.providers.private_link import targets

type Reader = Callable[[World, Resource], Json]
type Writer = Callable[[Call, Json], Json]


def as_given(call: Call, asked: Json) -> Json:
    """The properties of the request."""
    return asked


def nothing_more(world: World, resource: Resource) -> Json:
    """No members."""
    return {}


def whole(call: Call, shown: Json) -> Json:
    """The resource as a GET shows it."""
    return shown


def _nothing_set(world: World, parent: Resource) -> Json:
    """The body of one that exists with its parent."""
    return {"properties": {}}


def anything(call: Call) -> None:
    """Refuse nothing."""


def missing_part(call: Call) -> ArmError:
    """The database services' own 404 for something missing below a server that exists."""
    return ArmError(
        404,
        "ResourceNotFound",
        f"The requested resource of type '{call.type.name}' with name '{call.id.name}' was not found.",
    )


@dataclass(frozen=True, slots=True)
class Work:
    """How a provider writes in a short operation; each is named as answers name it, empty: done at once.

    written: the name of the operation of a PUT, updated: of one on what exists and of a PATCH (empty: as of
        any PUT), dropped: of a DELETE.
    collection: part of its polling URLs. wait: Retry-After of the accepting answer; polls: whether the polls
        ask for it too. duration: a key of durations.py.
    """

    written: str = ""
    dropped: str = ""
    updated: str = ""
    collection: str = ""
    wait: float = 15.0
    polls: bool = True
    style: Style = Style.SQL
    duration: str = "sqlParts/write"


@dataclass(frozen=True, slots=True)
class Part:
    """How one type is written and shown.

    type: canonical. created, replaced: statuses of a PUT; changed: of a PATCH, deleted: of a DELETE, 0 where
        there is none.
    stored: the properties that are kept of those given. defaults: those of a resource that no
        request set. computed: those that a GET adds. head: members beside properties. answer: the answer to
        a write, from what a GET shows. hidden: properties that no answer shows.
    implied: name of one that exists with its parent; several: whether it is not the only one.
    shown_name: name in answers where it differs.
    echoes: whether a PUT without properties answers with its own body. tracked: as ResourceType says.
    refuse: raises ArmError for a write that the provider refuses. work: the operations of its writes.
    named: whether a 201 names the resource in Location. names: names that the service accepts; None: any.
    """

    type: str
    created: int = 201
    replaced: int = 200
    changed: int = 200
    deleted: int = 200
    stored: Writer = as_given
    defaults: Json = field(default_factory=dict)
    computed: Reader = nothing_more
    head: Reader = nothing_more
    answer: Writer = whole
    hidden: tuple[str, ...] = ()
    implied: str = ""
    several: bool = False
    shown_name: str = ""
    echoes: bool = False
    etag: EtagStyle = "none"
    not_found: Callable[[Call], ArmError] | None = None
    actions: dict[str, Handler] = field(default_factory=dict)
    tracked: bool = False
    refuse: Callable[[Call], None] = anything
    work: Work = Work()
    named: bool = False
    names: re.Pattern[str] | None = None

    def register(self, registry: Registry) -> None:
        """Add the type."""
        registry.add(
            ResourceType(
                self.type,
                put=self._put,
                patch=self._patch if self.changed else None,
                delete=self._delete if self.deleted else None,
                show=self._show,
                etag=self.etag,
                implied=(self.implied, _nothing_set) if self.implied else None,
                not_found=self.not_found,
                actions=self.actions,
                tracked=self.tracked,
            )
        )

    # Handlers

    def _put(self, call: Call) -> Response:
        if self.echoes and "properties" not in call.body:
            return Response(self.replaced, deepcopy(call.body))
        status = self.replaced if call.existing else self.created
        self._check_name(call)
        self.refuse(call)
        return self._written(call, self.stored(call, deepcopy(call.properties)), status)

    def _patch(self, call: Call) -> Response:
        merged = targets.merge(call.stored.properties, call.properties)
        self.refuse(call)
        return self._written(call, self.stored(call, merged), self.changed)

    def _written(self, call: Call, properties: Json, status: int) -> Response:
        kept = call.existing.body if call.existing else {}
        body = {name: value for name, value in kept.items() if name != "properties"}
        body |= targets.given(call, "location", "sku", "tags", "identity", "kind")
        body["properties"] = without_nulls(properties)
        if self.work.written:
            return self._accepted(call, body)
        resource = call.world.save(call.id, body)
        response = Response(status, self.answer(call, self._show(call.world, resource)))
        if resource.etag is not None:
            response.headers["ETag"] = resource.etag
        if self.named and status == 201:
            response.headers["Location"] = call.id.text
        return response

    def _accepted(self, call: Call, body: Json) -> Response:
        """Accept a write; it shows at its end."""
        name = (self.work.updated if call.existing else "") or self.work.written

        def complete() -> None:
            if call.world.find(call.id.parent) is not None:
                call.world.save(call.id, body)

        return self._started(call, OperationPlan(name, 0.0, complete=complete, failed=lambda error: None))

    def _started(self, call: Call, plan: OperationPlan) -> Response:
        work = self.work
        plan = replace(
            plan,
            style=work.style,
            duration=call.world.duration(work.duration, call.id),
            first_wait=work.wait,
            polls_wait=work.polls,
            collection=work.collection,
        )
        return call.start_operation(plan).answer(202)

    def _check_name(self, call: Call) -> None:
        """Raise 400 for a second one where there is one only, and for a name that the service refuses."""
        if self.implied and not self.several and call.existing is None:
            text = f"The name is {self.implied}, not {call.id.name}."
            raise ArmError(400, "InvalidResourceName", text)
        if self.names is not None and self.names.fullmatch(call.id.name) is None:
            text = "The specified resource name contains invalid characters."
            raise ArmError(400, "InvalidResourceName", text)

    def _delete(self, call: Call) -> Response:
        if self.work.dropped:
            return self._started(call, OperationPlan(self.work.dropped, 0.0, change="delete"))
        call.world.remove(call.id)
        return Response(self.deleted)

    def _show(self, world: World, resource: Resource) -> Json:
        shown = resource.shown()
        own = self.defaults | shown["properties"] | self.computed(world, resource)
        shown |= self.head(world, resource) | {"properties": deepcopy(own)}
        if self.shown_name:
            shown["name"] = self.shown_name
        for name in self.hidden:
            shown["properties"].pop(name, None)
        return shown


def without_nulls(value: Json) -> Json:
    """Members that are null are not kept, at any depth."""
    return {name: _plain(one) for name, one in value.items() if one is not None}


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return without_nulls(value)
    return [_plain(one) for one in value] if isinstance(value, list) else value
