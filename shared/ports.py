"""What the flow needs from the outside world, as protocols: the adapters implement them, tests pass others.

Place in the data's way: between `flow` and `adapters`. Every method that talks to Azure raises the errors
of `core/errors.py` and nothing else.
"""

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import Any, Protocol

from shared.core.base.bodies import Json
from shared.core.base.ids import GroupId, ResourceId
from shared.core.base.page import Page
from shared.core.kinds.public_access import Before
from shared.core.outcome.connection import ConnectionState
from shared.core.outcome.connection_query import ConnectionQuery
from shared.core.outcome.outcome import Outcome
from shared.core.plan.deletion_record import Going

type Body = dict[str, Any]  # a JSON object that an adapter returns: the caller owns it and may change it
type Bodies = list[Body]


class Clock(Protocol):
    """Time, and waiting for it."""

    def now(self) -> datetime:
        """The time of day, in UTC."""

    def monotonic(self) -> float:
        """Seconds from some fixed moment; never jumps."""

    async def sleep(self, seconds: float) -> None:
        """Return after so many seconds."""


class Arm(Protocol):
    """Azure Resource Manager, one resource at a time, in raw JSON: unknown properties survive.

    A `deadline` is a moment of `Clock.monotonic`; a wait that would pass it raises StillRunning.
    """

    async def get(self, at: ResourceId, *, api_version: str | None = None) -> Body | None:
        """The resource's body; None if it does not exist. `api_version` for types we only read."""

    async def list(self, parent: ResourceId, collection: str) -> Bodies:
        """All members of a child collection (`virtualNetworkLinks`), every page."""

    async def put(
        self, at: ResourceId, body: Json, *, deadline: float, query: Mapping[str, str] | None = None
    ) -> Body:
        """Write, await the long operation, and return the settled resource's body."""

    async def settle(self, at: ResourceId, *, deadline: float) -> Body | None:
        """Await what somebody else, or an earlier walk, began. None if the resource went away."""

    async def delete(self, at: ResourceId, *, deadline: float) -> None:
        """Delete and wait until it is gone. A missing resource is fine."""

    async def patch(self, at: ResourceId, body: Json, *, api_version: str, deadline: float) -> Body:
        """Change some properties of a resource of any type, await it, and return the body."""

    def resources(self, subscription: str) -> AsyncIterator[Bodies]:
        """All resources of a subscription, a page at a time: id, type, location, tags."""

    def pages(self, path: str, *, api_version: str) -> AsyncIterator[Bodies]:
        """Any list that ARM serves below this path (`/subscriptions/{id}/providers/{type}`), page by page."""

    async def resource_groups(self, subscription: str) -> dict[str, Mapping[str, str]]:
        """Tags of every resource group of a subscription, by lower-case name."""


class Memory(Protocol):
    """What the ledger knows of a target, and what it must know before Azure is changed."""

    @property
    def owned(self) -> tuple[ResourceId, ...]:
        """Objects that we made for it, those noted in this walk included."""

    @property
    def profile(self) -> str:
        """The profile of the last outcome, empty if there was none."""

    @property
    def addresses(self) -> tuple[str, ...]:
        """Addresses that stand in rules for it, those of endpoints that are gone included."""

    @property
    def closed(self) -> Before | None:
        """What the target's public door was before we closed it; None if we did not."""

    async def elsewhere(self, addresses: Iterable[str]) -> Mapping[str, frozenset[ResourceId]]:
        """What was made for other targets that have these addresses by now: Azure gives freed ones away."""

    async def own(self, made: ResourceId, addresses: Iterable[str] = ()) -> None:
        """Note an object before it is made, so that a crash right after leaves nothing forgotten.

        `addresses`: what it puts into a rule.
        """

    async def closing(self, was: Before | None) -> None:
        """Note what the public door is before it is closed; None where there is no door any more."""

    async def remember(self, going: tuple[Going, ...]) -> None:
        """Add to history what is about to be deleted. Nothing may be deleted if this raises."""

    async def disown(self, gone: Iterable[ResourceId], addresses: Iterable[str] = ()) -> None:
        """These objects are deleted, and these addresses are in no rule for it any more."""


class Claim(Memory, Protocol):
    """The right to work on one target, held until finished or abandoned; renewed in the background."""

    async def finish(self, outcome: Outcome | None) -> bool:
        """Record the outcome (present state and history) and let go. True: it was asked for again meanwhile.

        None means that there is nothing to record: a row that holds no past is removed again.
        """

    async def abandon(self) -> None:
        """Let go without an outcome: the walk broke off."""


class Ledger(Protocol):
    """Present state and history of every target. Rows are plain JSON, as `Outcome.record()` makes them."""

    async def claim(self, target: ResourceId) -> Claim | None:
        """Begin to work on a target. None: somebody else does, and was told to look again."""

    async def record(self, outcome: Outcome) -> None:
        """Record an outcome of work that never got as far as a claim."""

    async def expect(self, target: ResourceId, reason: str) -> None:
        """Make a `Pending` row for a target that has none, so that a person can watch it from now on."""

    async def get(self, key: str) -> ConnectionState | None:
        """One target's present state by its `target_key`."""

    async def history(self, key: str, limit: int = 50) -> Bodies:
        """Past outcomes of one target, and what was deleted with its bodies, newest first."""

    async def connections(self, query: ConnectionQuery) -> Page[ConnectionState]:
        """One page of the present states. Raises InputError for a continuation that is none."""

    async def targets(self, group: GroupId | None = None) -> list[ResourceId]:
        """Every target with a row, or those of one resource group; removed ones that own nothing are over."""


class Leases(Protocol):
    """Named locks over all workers; a dead worker's lock expires."""

    def hold(self, *names: str) -> AbstractAsyncContextManager[None]:
        """Hold all of these locks, taken in one fixed order.

        Raises TransientError if that takes too long, or when another worker took one over meanwhile: what
        runs inside is cancelled then.
        """


class WorkQueue(Protocol):
    """The `work` queue."""

    async def send(self, item: str, *, delay: timedelta = timedelta()) -> None:
        """Enqueue one work item's text, visible after `delay`."""
