"""The state that handlers work on: resources, time, random numbers, operations, locks, rights, events.

One `Simulator` has one `World`. Everything that varies comes from its seed and its clock, so a run can be
repeated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Protocol
from uuid import UUID

from sandbox.azure.kernel.changes import Change, ChangeKind, Outcome
from sandbox.azure.kernel.clock import Clock
from sandbox.azure.kernel.directory import client_text
from sandbox.azure.kernel.durations import Durations
from sandbox.azure.kernel.hierarchy import Hierarchy
from sandbox.azure.kernel.history import History
from sandbox.azure.kernel.ids import GROUP_TYPE, ArmId
from sandbox.azure.kernel.locks import Lock
from sandbox.azure.kernel.model import ArmError, EtagStyle, Json, Request, Resource
from sandbox.azure.kernel.operation_log import OperationLog
from sandbox.azure.kernel.operations import Operation
from sandbox.azure.kernel.store import Store
from sandbox.azure.kernel.timers import Timers


class StoredType(Protocol):
    """What stored resources need to know of their type; `provider.ResourceType` explains each member.

    A protocol, because resource types are written in terms of the world.
    """

    @property
    def name(self) -> str: ...
    @property
    def tracked(self) -> bool: ...
    @property
    def etag(self) -> EtagStyle: ...
    @property
    def show(self) -> Callable[[World, Resource], Json]: ...
    @property
    def removed(self) -> Callable[[World, Resource], None] | None: ...
    @property
    def check_delete(self) -> Callable[[World, Resource], None] | None: ...
    @property
    def check_removal(self) -> Callable[[World, Resource], None] | None: ...
    @property
    def group_delete_rank(self) -> int: ...


class StoredTypes(Protocol):
    """All resource types, found in any case (`provider.Registry`)."""

    def get(self, name: str) -> StoredType | None: ...
    def canonical(self, id: ArmId) -> ArmId: ...
    def __iter__(self) -> Iterator[StoredType]: ...


class World:
    """State and services for providers. Times are simulated seconds since the simulator began.

    store: all resources; hierarchy: the management groups; rng: random numbers from the seed; clock: `now()`;
    types: all resource types.
    instant: True while a scenario is applied: operations end at once, locks never conflict, no event is made.
    removing: what is being deleted, for the hooks of what is deleted with it.
    """

    def __init__(self, seed: int, clock: Clock, types: StoredTypes) -> None:
        self.seed, self.clock, self.types = seed, clock, types
        self.rng = Random(seed)
        self.store = Store(self._is_tracked)
        self.subscriptions: dict[str, Json] = {}
        self.hierarchy = Hierarchy(self._note)
        self.operations = OperationLog()
        self.instant = False
        self.removing: ArmId | None = None
        self.memory: dict[str, Any] = {}
        self.durations = Durations(seed)
        self._locks: dict[str, Lock] = {}
        self._timers = Timers(clock)
        self._history: History | None = None
        # Set by the simulator: the check of rights, that of deny assignments, what forgets the rights on a
        # resource that is deleted, and what receives changes.
        self.check_access: Callable[[str, str, str], bool] = lambda principal, action, scope: True
        self.refuse_denied: Callable[[str, str, str], None] = lambda principal, action, scope: None
        self.forget_rights: Callable[[str], None] = lambda scope: None
        self.emit: Callable[[Change], None] = lambda change: None

    def _is_tracked(self, type_name: str) -> bool:
        known = self.types.get(type_name)
        return known is not None and known.tracked

    # Names and time

    @property
    def now(self) -> float:
        """Simulated seconds now; inside an action that runs late, the time it was due."""
        return self._timers.now

    def timestamp(self, digits: int = 7, at: float | None = None) -> str:
        """Now, or `at`, as Azure writes times: "2026-01-01T00:00:00.0000000Z"."""
        moment = self.clock.epoch + timedelta(seconds=self.now if at is None else at)
        text = moment.strftime("%Y-%m-%dT%H:%M:%S.%f") + "0"
        return text[: 20 + digits].rstrip(".") + "Z"

    def wall(self) -> datetime:
        """Now as a UTC datetime of the simulated calendar."""
        return (self.clock.epoch + timedelta(seconds=self.now)).astimezone(UTC)

    def new_guid(self) -> str:
        """A guid from the seed, lower case with dashes."""
        return str(UUID(int=self.rng.getrandbits(128), version=4))

    def etag(self, style: EtagStyle = "weak") -> str | None:
        """A new etag as its service writes it (styles: see ResourceType.etag)."""
        guid = self.new_guid()
        stamp = f'"0x8D{guid[:8]}{guid[9:13]}"'.upper().replace("X", "x")
        forms = {"weak": f'W/"{guid}"', "bare": guid, "quoted": f'"{guid}"', "stamp": stamp}
        return (forms | {"weak_stamp": f"W/{stamp}"}).get(style)

    # Resources

    def find(self, id: ArmId | str | None) -> Resource | None:
        """The resource with this id in any case, or None (also for None and for text that is no id)."""
        return self.store.get(id) if id is not None else None

    def save(self, id: ArmId, body: Json, private: Json | None = None) -> Resource:
        """Create a resource, or replace the body of an existing one. Its etag is new either way.

        Members of `body` that name the resource (id, name, type, etag) are dropped: Azure ignores them when a
        whole GET body is sent back (source: docs/azure/resource-manager.md, ARM-05). `location` is
        normalised.
        """
        kept = {name: value for name, value in body.items() if name not in ("id", "name", "type", "etag")}
        if isinstance(kept.get("location"), str):
            kept["location"] = kept["location"].replace(" ", "").lower()
        resource = self.store.get(id)
        if resource is None:
            resource = Resource(self.types.canonical(id), kept, private=private or {})
            resource.created = self.now
            self.store.add(resource)
        else:
            resource.body = kept
            resource.private |= private or {}
        self.touch(resource)
        return resource

    def touch(self, resource: Resource) -> None:
        """Give the resource a new etag in its type's style, as every write and every completion does."""
        known = self.types.get(resource.type)
        resource.etag = self.etag(known.etag if known else "none")
        resource.changed = self.now

    def remove(self, id: ArmId) -> None:
        """Delete a resource and everything below it, deepest first, and call each type's `removed` hook."""
        self.forget_rights(id.text)
        self.removing = id
        for resource in [*reversed(self.store.below(id)), self.store.get(id)]:
            if resource is None or self.store.discard(resource.id) is None:
                continue
            known = self.types.get(resource.type)
            if known is not None and known.removed is not None:
                known.removed(self, resource)

    def show(self, resource: Resource) -> Json:
        """The resource as its type shows it."""
        known = self.types.get(resource.type)
        return known.show(self, resource) if known else resource.shown()

    # The past

    def remember(self, seconds: float) -> None:
        """Keep what changes, for `past`, so many seconds from now on; 0 keeps nothing."""
        if self._history is not None and not seconds:
            self._history.end()
            self._history = None
        elif seconds:
            self._history = self._history or History(self.store, lambda: self.now)
            self._history.seconds = seconds

    def past(self, seconds: float) -> AbstractContextManager[None]:
        """Every resource as it was so many seconds ago, but not before `remember` was called."""
        return nullcontext() if self._history is None else self._history.past(seconds)

    def _note(self, change: Callable[[], None]) -> None:
        if self._history is not None:
            self._history.note(change)

    def step(self) -> AbstractContextManager[None]:
        """What is written inside belongs to one moment of the past."""
        return nullcontext() if self._history is None else self._history.step()

    # Time passing

    def duration(self, kind: str, id: ArmId) -> float:
        """Draw how long the next operation of `kind` (a key of durations.QUANTILES) on `id` takes; 0 while
        instant.
        """
        return 0.0 if self.instant else self.durations.draw(kind, id.key)

    def at(self, delay: float, action: Callable[[], None]) -> None:
        """Run `action` when `delay` simulated seconds have passed, even if no request comes."""

        def act() -> None:
            with self.step():
                action()

        self._timers.add(delay, act)

    def settle(self) -> None:
        """Run every due action, in order, each at the time it was due. Called before every request."""
        self._timers.settle()

    def running(self, id: ArmId) -> Operation | None:
        """The operation that is working on exactly this resource, or None."""
        return next(reversed(self.operations.running_on(id)), None)

    def succeed(self, id: ArmId) -> None:
        """Complete a write: provisioningState Succeeded, new etag. No effect on a deleted resource."""
        resource = self.store.get(id)
        if resource is not None:
            resource.state = "Succeeded"
            self.touch(resource)

    def fail(self, id: ArmId) -> None:
        """Fail a write: provisioningState Failed, new etag. No effect on a deleted resource."""
        resource = self.store.get(id)
        if resource is not None:
            resource.state = "Failed"
            self.touch(resource)

    # Locks, rights, events

    def lock(self, id: ArmId) -> Lock:
        """The lock of one resource (see locks.py): `.holder`, `.hold`, `.refuse()`."""
        return self._locks.setdefault(id.key, Lock(id, self.rng))

    def authorize(self, principal: str, action: str, scope: str) -> None:
        """Raise 403 AuthorizationFailed unless the principal may do `action` on `scope`
        (docs/azure/resource-manager.md, ARM-20), and 403 DenyAssignmentAuthorizationFailed when a deny
        assignment forbids it (ARM-34).

        The gateway has checked the type's own action before a handler runs.
        """
        if not self.check_access(principal, action, scope):
            raise ArmError(
                403,
                "AuthorizationFailed",
                f"{client_text(principal)} does not have authorization to perform action '{action}' over "
                f"scope '{scope}' or the scope is invalid. If access was recently granted, please refresh "
                "your credentials.",
                cause="gateway",
            )
        self.refuse_denied(principal, action, scope)

    def announce(
        self,
        subject: ArmId,
        kind: ChangeKind,
        outcome: Outcome,
        request: Request,
        principal: str,
        action: str = "",
    ) -> None:
        """Make the Event Grid event of a finished change; none while instant. action: of a POST."""
        if self.instant:
            return
        about = (
            "Microsoft.Resources/subscriptions/resourceGroups"
            if subject.is_type(GROUP_TYPE)
            else subject.type
        )
        operation = f"{about}/{action}/{kind}" if action else f"{about}/{kind}"
        self.emit(Change(subject.text, operation, kind, outcome, principal, request, self.wall()))
