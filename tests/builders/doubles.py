"""Substitutes for what the flow talks to, where a test is about one write and needs no whole Azure."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from shared.core.base.bodies import Json
from shared.core.base.errors import CausewayError
from shared.core.base.ids import GroupId, ResourceId
from shared.core.base.only_if import ANYHOW, OnlyIf
from shared.core.kinds.kind import UNKNOWN_GUID
from shared.core.kinds.public_access import PreviousAccess
from shared.core.plan.deletion_record import Deletion
from shared.core.plan.refusals import Refusals
from shared.flow.reconcile_pass import Pass
from shared.ports import Bodies
from tests.builders.bodies import ACCOUNT

type Requests = list[tuple[str, ResourceId]]  # method and id


class StubArm:
    """Resources by id, as a PUT leaves them. `fails`: the errors of the next requests, by method and id."""

    def __init__(self, *bodies: Json) -> None:
        self.bodies = {ResourceId.parse(body["id"]): dict(body) for body in bodies}
        self.fails: defaultdict[tuple[str, ResourceId], list[CausewayError]] = defaultdict(list)
        self.sent: Requests = []
        self.conditions: list[tuple[ResourceId, OnlyIf]] = []  # of all writes
        self.patched: dict[str, Any] = {}  # what a PATCH is answered with, in place of what it says

    async def get(self, at: ResourceId, *, api_version: str | None = None) -> dict[str, Any] | None:
        await self._answer("GET", at)
        found = self.bodies.get(at)
        return dict(found) if found else None

    async def list(self, parent: ResourceId, collection: str) -> Bodies:
        await self._answer("LIST", parent)
        wanted = collection.lower()
        return [
            body
            for at, body in self.bodies.items()
            if at.parent == parent and at.collection.lower() == wanted
        ]

    async def of_type(self, subscription: str, kind: str) -> Bodies:
        found = [at for at in self.bodies if at.subscription == subscription and at.is_type(kind)]
        self.sent += [("LIST", at) for at in found[:1]]
        return [self.bodies[at] for at in found]

    def pages(self, path: str, *, api_version: str) -> AsyncIterator[Bodies]:
        raise NotImplementedError

    def resources(self, subscription: str) -> AsyncIterator[Bodies]:
        raise NotImplementedError

    async def principal(self) -> str:
        return ""

    async def group(self, at: GroupId) -> dict[str, Any] | None:
        raise NotImplementedError

    async def entities(self, name: str) -> Bodies:
        raise NotImplementedError

    async def put(
        self,
        at: ResourceId,
        body: Json,
        *,
        deadline: float,
        query: Mapping[str, str] | None = None,
        only_if: OnlyIf = ANYHOW,
    ) -> dict[str, Any]:
        self.conditions.append((at, only_if))
        await self._answer("PUT", at)
        self.bodies[at] = {"id": at.text, "name": at.name, **body}
        return dict(self.bodies[at])

    async def patch(self, at: ResourceId, body: Json, *, api_version: str, deadline: float) -> dict[str, Any]:
        await self._answer("PATCH", at)
        self.bodies[at] = {**self.bodies[at], **(self.patched or body)}
        return dict(self.bodies[at])

    async def settle(self, at: ResourceId, *, deadline: float) -> dict[str, Any] | None:
        await self._answer("SETTLE", at)
        return self.bodies.get(at)

    async def delete(self, at: ResourceId, *, deadline: float, only_if: OnlyIf = ANYHOW) -> None:
        self.conditions.append((at, only_if))
        await self._answer("DELETE", at)
        self.bodies.pop(at, None)

    def writes(self) -> Requests:
        """The requests that changed something, or tried to."""
        return [(method, at) for method, at in self.sent if method not in ("GET", "LIST", "SETTLE")]

    async def _answer(self, method: str, at: ResourceId) -> None:
        self.sent.append((method, at))
        await asyncio.sleep(0)
        if failing := self.fails[method, at]:
            raise failing.pop(0)


class StubMemory:
    """What the ledger knows of one target, and what was recorded in it."""

    def __init__(self, *owned: ResourceId, profile: str = "", closed: PreviousAccess | None = None) -> None:
        self.owned: tuple[ResourceId, ...] = owned
        self.profile = profile
        self.closed = closed
        self.rule = ""
        self.reported = ""
        self.connected = False
        self.addresses: tuple[str, ...] = ()
        self.guids: dict[ResourceId, frozenset[str]] = {}
        self.remembered: list[tuple[Deletion, ...]] = []
        self.disowned: list[tuple[tuple[ResourceId, ...], frozenset[str]]] = []
        self.others: dict[str, frozenset[ResourceId]] = {}
        self.fails: CausewayError | None = None
        self.refusals = Refusals()
        self.custom: dict[ResourceId, Json] = {}

    async def elsewhere(self, addresses: Iterable[str]) -> Mapping[str, frozenset[ResourceId]]:
        return {one: self.others[one] for one in addresses if one in self.others}

    async def customise(self, bodies: Mapping[ResourceId, Json]) -> None:
        self.custom = dict(bodies)

    async def refuse(self, refusals: Refusals) -> None:
        self.refusals = refusals

    async def begin(self, profile: str, rule: str = "") -> None:
        self.profile, self.rule = profile, rule

    async def own(self, made: ResourceId, addresses: Iterable[str] = (), guid: str | None = None) -> None:
        self.owned = tuple(dict.fromkeys((*self.owned, made)))
        self.addresses = (*self.addresses, *addresses)
        if guid is not None:
            self.guids[made] = self.guids.get(made, frozenset()) - {UNKNOWN_GUID} | {guid}

    async def closing(self, was: PreviousAccess | None) -> None:
        self.closed = was

    async def remember(self, deletions: tuple[Deletion, ...]) -> None:
        if self.fails:
            raise self.fails
        self.remembered.append(deletions)

    async def disown(self, gone: Iterable[ResourceId], addresses: Iterable[str] = ()) -> None:
        self.disowned.append((tuple(gone), frozenset(addresses)))


class StubLeases:
    """Locks that no other worker wants. `held`: the names, in the order in which they were taken."""

    def __init__(self) -> None:
        self.held: list[tuple[str, ...]] = []

    @asynccontextmanager
    async def hold(self, *names: str, deadline: float) -> AsyncIterator[None]:
        self.held.append(names)
        yield


def a_pass(memory: StubMemory, target: ResourceId = ACCOUNT, seconds: float = 480.0) -> Pass:
    """A pass that has so much time from now on."""
    return Pass(target, memory, asyncio.get_running_loop().time() + seconds)
