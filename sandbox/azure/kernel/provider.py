"""What provider modules are written with: calls, resource types and their registry.

A provider module (virtual_networks.py is the complete example) has one public function `register(registry)`.
It adds a `ResourceType` per type. The simulator does what ARM does for all types before and after a handler:

before: api-version, authentication, authorization for the type's own action, subscription and group exist,
        the parent exists (unless `owns_parent`), resource locks, body is an object, `call.existing` looked
        up, injected faults;
after:  headers (request ids, rate limits, waits for the clock's speed), the request log, and the Event Grid
        event: of a synchronous success at once, of a long operation when it ends. A handler
        does not publish it.

Handlers are plain functions `(call) -> Response`. They run without interruption, so what they check is still
true when they write. A handler refuses by raising ArmError. For work that takes time it starts a long
operation (`call.start_operation`), or sets `Response.delay` where Azure delays the answer itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sandbox.azure.kernel import lifecycle, tenants
from sandbox.azure.kernel.changes import ChangeKind
from sandbox.azure.kernel.directory import client_text
from sandbox.azure.kernel.ids import ArmId
from sandbox.azure.kernel.model import ArmError, EtagStyle, Json, Request, Resource, Response
from sandbox.azure.kernel.operations import Operation, OperationPlan
from sandbox.azure.kernel.world import World

type Handler = Callable[[Call], Response]


@dataclass(slots=True)
class Call:
    """One request, as a handler gets it.

    `id` is the resource of the request, in the case of the stored resource if it exists, else of the request;
    types are in the registry's case. For a list, `id` is the parent (a resource, a group, or a
    subscription) and `type` the type that is listed. For a POST action `action` is its name in lower case.
    """

    world: World
    request: Request
    id: ArmId
    type: ResourceType
    existing: Resource | None
    principal: str
    action: str = ""
    lro_failure: ArmError | None = None
    operations: list[Operation] = field(default_factory=list)

    @property
    def body(self) -> Json:
        """The request's JSON object; `{}` when there was none."""
        return self.request.body if isinstance(self.request.body, dict) else {}

    @property
    def properties(self) -> Json:
        """`body["properties"]`; `{}` when missing or null."""
        value = self.body.get("properties")
        return value if isinstance(value, dict) else {}

    @property
    def stored(self) -> Resource:
        """`existing`, for handlers that only run when it exists. Raises LookupError otherwise."""
        if self.existing is None:
            raise LookupError(f"{self.id.text} does not exist")
        return self.existing

    @property
    def parent(self) -> Resource:
        """The stored parent of `id` (the network of a subnet). The gateway has checked that it exists.

        Raises LookupError for top-level ids, and where `owns_parent` types find none.
        """
        found = self.world.find(self.id.parent)
        if found is None:
            raise LookupError(f"{self.id.text} has no parent")
        return found

    def header(self, name: str) -> str | None:
        """A request header by name in any case: `call.header("If-None-Match")`."""
        return self.request.headers.get(name.lower())

    def linked(self, action: str, reference: object) -> Resource | None:
        """A resource that this write joins, after ARM's checks of it; None when it does not exist.

        Raises ArmError 403 for another tenant's subscription (source: docs/azure/tenants.md, TEN-02), whether
        or not the resource exists, and as `authorize_linked` does.
        """
        id = _id_of(reference)
        if id is not None and not self.world.instant:
            tenants.refuse_linked(self.world.subscriptions, self.request, self.id, action, id)
        found = self.world.find(id)
        if found is not None:
            self.authorize_linked(action, found.id)
        return found

    def authorize_linked(self, action: str, scope: ArmId | str) -> None:
        """Check a right on another resource that this write joins.

        Raises ArmError 403 LinkedAuthorizationFailed naming action and scope
        (source: docs/azure/private-endpoints.md, PE-24), or DenyAssignmentAuthorizationFailed
        (docs/azure/resource-manager.md, ARM-34).
        """
        if self.world.check_access(self.principal, action, str(scope)):
            self.world.refuse_denied(self.principal, action, str(scope))
            return
        raise ArmError(
            403,
            "LinkedAuthorizationFailed",
            f"{client_text(self.principal)} has permission to perform action '{self.id.type}/write' on scope "
            f"'{self.id.text}'; however, it does not have permission to perform action '{action}' on the "
            f"linked scope(s) '{scope}' or the linked scope(s) are invalid.",
            cause="gateway",
        )

    def start_operation(self, plan: OperationPlan) -> Operation:
        """Begin a long operation on `id`. An injected fault replaces the end that the plan has.

        Answer the request with the returned `operation.answer(201, body)`.
        """
        plan = replace(plan, fail=self.lro_failure or plan.fail)
        operation = lifecycle.start(self.world, plan, self.id, self.request, self.principal)
        self.operations.append(operation)
        return operation

    def publish(self, change: ChangeKind = "write", about: ArmId | None = None) -> None:
        """Make the Event Grid event of a finished change to `about` (default `id`).

        The gateway makes the event of the request itself. This one is for a second resource that the same
        request changes and that Azure reports separately.
        """
        self.world.announce(about or self.id, change, "Success", self.request, self.principal)

    def refuse_reference(self, referenced: ArmId | str) -> ArmError:
        """The 400 InvalidResourceReference for a referenced resource that is missing or in another region.

        Source: docs/azure/errors-and-locks.md, ERR-10.
        """
        return ArmError(
            400,
            "InvalidResourceReference",
            f"Resource {referenced} referenced by resource {self.id.text} was not found. Please make sure "
            "that the referenced resource exists, and that both resources are in the same region.",
            details=[],
        )


def _shown(world: World, resource: Resource) -> Json:
    return resource.shown()


@dataclass(frozen=True, slots=True)
class ResourceType:
    """One resource type and what each method does to it. A method without a handler is 405.

    name: canonical type, nested types joined: "Microsoft.Network/virtualNetworks/subnets".
    put, patch, delete: handlers; `delete` only runs when the resource exists (missing: 204, or
        `missing_delete`).
    get: only for types whose GET is more than showing the stored resource.
    list: only for collections that are not the stored resources (`privateLinkResources`, `ALL`); otherwise
        the gateway lists stored children, or for top-level types those of the group or the subscription.
    actions: POST actions by name in any case ("failover"): needs the right "<type>/<name>/action".
    show: the resource as GET, list and parents show it (default: name, id, etag, type, body). Called for
        every GET, so values that Azure computes are added here (a subnet's ipConfigurations, counts,
        connections).
    removed: called once for each resource that is deleted, by its own delete, its parent's or its
        group's, to release what it held: addresses, records, the other half of a peering.
    tracked: top-level type with location and tags: shown by the resource lists, PATCHable by the Tags API.
    etag: "weak" W/"guid" (network), "bare" guid (private DNS zones), "quoted" (links, records, Cognitive
        Services), "stamp" "0x8D..." and "weak_stamp" W/"0x8D..." (Batch), "none".
    check_delete: raises ArmError when the resource cannot be deleted now (a subnet in use); called before
        `delete` and when its group is deleted.
    check_removal: raises the ArmError that an accepted deletion ends in (an endpoint whose target is locked);
        called at the end of the operation and when its group is deleted.
    not_found: the 404 of a GET; default ResourceNotFound by ARM, for children of network resources NotFound.
    owns_parent: the handlers themselves refuse a missing parent (private DNS).
    missing_delete: status for deleting a missing resource, 204 for nearly all types.
    implied: name of a child that exists as soon as its parent does, and what makes its body from the parent;
        it is stored when it is first asked for (`blobServices/default`, `databases/master`).
    group_delete_rank: order in which a group's delete removes types, low first (an endpoint before its
        network).
    """

    name: str
    put: Handler | None = None
    get: Handler | None = None
    patch: Handler | None = None
    delete: Handler | None = None
    list: Handler | None = None
    actions: Mapping[str, Handler] = field(default_factory=dict)
    show: Callable[[World, Resource], Json] = _shown
    removed: Callable[[World, Resource], None] | None = None
    check_delete: Callable[[World, Resource], None] | None = None
    check_removal: Callable[[World, Resource], None] | None = None
    not_found: Callable[[Call], ArmError] | None = None
    tracked: bool = False
    etag: EtagStyle = "weak"
    owns_parent: bool = False
    missing_delete: int = 204
    implied: tuple[str, Callable[[World, Resource], Json]] | None = None
    group_delete_rank: int = 50

    @property
    def key(self) -> str:
        return self.name.lower()


class Registry:
    """All resource types, found in any case."""

    def __init__(self) -> None:
        self._types: dict[str, ResourceType] = {}

    def add(self, *types: ResourceType) -> None:
        """Add types. Raises ValueError for a type that is registered already."""
        for one in types:
            if one.key in self._types:
                raise ValueError(f"{one.name} is registered twice")
            self._types[one.key] = one

    def add_actions(self, name: str, actions: Mapping[str, Handler]) -> None:
        """Give a type POST actions that another module serves. Raises KeyError for an unknown type."""
        known = self[name]
        self._types[known.key] = replace(known, actions={**known.actions, **actions})

    def get(self, name: str) -> ResourceType | None:
        """The type of that name in any case."""
        return self._types.get(name.lower())

    def keeper(self, id: ArmId) -> ArmId | None:
        """The nearest resource above this one that ARM itself knows: of a tracked type, or the root.

        None for what has no parent (docs/azure/services.md, SVC-02).
        """
        above = id.parent
        while above is not None and above.parent is not None:
            known = self.get(above.type)
            if known is not None and known.tracked:
                break
            above = above.parent
        return above

    def __getitem__(self, name: str) -> ResourceType:
        return self._types[name.lower()]

    def __iter__(self) -> Iterator[ResourceType]:
        return iter(self._types.values())

    def canonical(self, id: ArmId) -> ArmId:
        """The id with its type in the registry's case (`/a/www` becomes `/A/www`)."""
        known = self.get(id.type)
        return ArmId(id.subscription, id.group, known.name, id.names) if known else id


def _id_of(reference: object) -> ArmId | None:
    """The id that a body names; None for what is no id."""
    try:
        return ArmId.parse(str(reference or ""))
    except ValueError:
        return None


def missing(what: Any, name: str) -> bool:
    """Whether a wanted member is absent or null in a JSON object."""
    return not isinstance(what, Mapping) or what.get(name) is None
