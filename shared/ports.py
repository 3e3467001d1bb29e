"""What the flow needs from outside, as protocols. The adapters implement them; tests pass their own.

Every method that calls Azure raises the errors of `core/base/errors.py` and no others.
"""

from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import Any, Protocol

from shared.core.base.bodies import Json
from shared.core.base.ids import GroupId, ResourceId
from shared.core.base.only_if import ANYHOW, OnlyIf
from shared.core.base.page import Page
from shared.core.events.asked import Asked
from shared.core.kinds.public_access import PreviousAccess
from shared.core.outcome.connection import ConnectionState
from shared.core.outcome.connection_query import ConnectionQuery
from shared.core.outcome.outcome import Outcome
from shared.core.outcome.sweep_report import SweepReport
from shared.core.plan.deletion_record import Deletion
from shared.core.plan.refusals import Refusals
from shared.core.policy.hierarchy import Branch
from shared.core.policy.in_force import PolicyText

type Body = dict[str, Any]  # a JSON object that an adapter returns: the caller owns it and may change it
type Bodies = list[Body]


class Clock(Protocol):
    """Time, and waiting for it."""

    def now(self) -> datetime:
        """The time of day, in UTC."""

    def monotonic(self) -> float:
        """Seconds since some fixed moment; never jumps."""

    async def sleep(self, seconds: float) -> None:
        """Return after so many seconds."""


class ArmReader(Protocol):
    """Reads Azure Resource Manager, in raw JSON."""

    async def get(self, at: ResourceId, *, api_version: str | None = None) -> Body | None:
        """The resource's body; None if it does not exist. `api_version`: for types that are only read."""

    async def list(self, parent: ResourceId, collection: str) -> Bodies:
        """All members of a child collection (`virtualNetworkLinks`), from every page."""

    async def of_type(self, subscription: str, kind: str) -> Bodies:
        """All resources of a type of the network service in a subscription, with their bodies."""

    def resources(self, subscription: str) -> AsyncIterator[Bodies]:
        """All resources of a subscription, a page at a time: id, type, location, tags."""

    def pages(self, path: str, *, api_version: str) -> AsyncIterator[Bodies]:
        """Any list of ARM at this path (`/subscriptions/{id}/providers/{type}`), page by page."""

    async def entities(self, name: str) -> Bodies:
        """The management groups and subscriptions of this name that the app's identity may see.

        Source: REST reference "Entities - List", with a filter.
        """

    async def principal(self) -> str:
        """The object id of the identity that Azure sees; empty where its token does not say."""

    async def group(self, at: GroupId) -> Body | None:
        """One resource group's body; None if it does not exist."""


class ArmWriter(Protocol):
    """Writes one resource at a time, in raw JSON: unknown properties survive.

    A `deadline` is a moment of `Clock.monotonic`. A wait that would pass it raises StillRunning.
    """

    async def put(
        self,
        at: ResourceId,
        body: Json,
        *,
        deadline: float,
        query: Mapping[str, str] | None = None,
        only_if: OnlyIf = ANYHOW,
    ) -> Body:
        """Write, await the long operation, and return the body of the settled resource.

        Raises TransientError with the code PreconditionFailed where `only_if` is not so any more.
        """

    async def settle(self, at: ResourceId, *, deadline: float) -> Body | None:
        """Await an operation that another client or an earlier pass began. None: the resource was deleted."""

    async def delete(self, at: ResourceId, *, deadline: float, only_if: OnlyIf = ANYHOW) -> None:
        """Delete, and wait until the resource no longer exists. A missing resource is fine.

        `only_if` as in `put`.
        """

    async def patch(self, at: ResourceId, body: Json, *, api_version: str, deadline: float) -> Body:
        """Change some properties of a resource of any type, await the operation, and return the body."""


class Arm(ArmReader, ArmWriter, Protocol):
    """Azure Resource Manager, read and written."""


class Memory(Protocol):
    """What the ledger knows of a target, and what it has to record before Azure is changed."""

    @property
    def owned(self) -> tuple[ResourceId, ...]:
        """Objects that Causeway made for it, those recorded in this pass included."""

    @property
    def reported(self) -> str:
        """The code of the present state; empty if there is none, or it says only that work is queued."""

    @property
    def connected(self) -> bool:
        """The present state is Connected, or says how the resource differs from when it was."""

    @property
    def guids(self) -> Mapping[ResourceId, frozenset[str]]:
        """The resource guids of all that was ever made for it, by id. `UNKNOWN_GUID`: one is being made."""

    @property
    def profile(self) -> str:
        """The profile of the last outcome; empty if there was none."""

    @property
    def rule(self) -> str:
        """The rule that chose the profile of the last outcome that had one; empty: none did."""

    @property
    def addresses(self) -> tuple[str, ...]:
        """Addresses that are in rules for it, those of deleted endpoints included."""

    @property
    def closed(self) -> PreviousAccess | None:
        """What public network access was before Causeway disabled it; None if it did not."""

    @property
    def refusals(self) -> Refusals:
        """Requests that Azure refused before, in which state of target and profile."""

    async def refuse(self, refusals: Refusals) -> None:
        """Record refused requests in place of those of before."""

    @property
    def custom(self) -> Mapping[ResourceId, Json]:
        """What others had set on objects of its path, as PUT bodies by id, when it was connected last."""

    async def customise(self, bodies: Mapping[ResourceId, Json]) -> None:
        """Record that, in place of what was recorded before."""

    async def elsewhere(self, addresses: Iterable[str]) -> Mapping[str, frozenset[ResourceId]]:
        """What was made for other targets that have these addresses now: Azure reuses freed addresses."""

    async def begin(self, profile: str, rule: str = "") -> None:
        """Record profile and rule before the first object is made, so that a later removal follows them."""

    async def own(self, made: ResourceId, addresses: Iterable[str] = (), guid: str | None = None) -> None:
        """Record an object before it is made, so that a crash right after leaves no unknown object.

        `addresses`: those that it adds to a rule. `guid`: its resource guid, `UNKNOWN_GUID` before it is
        made; None for kinds that have none.
        """

    async def closing(self, was: PreviousAccess | None) -> None:
        """Record public network access before it is disabled; None forgets what was recorded."""

    async def remember(self, deletions: tuple[Deletion, ...]) -> None:
        """Add a deletion record to the history. Nothing may be deleted if this raises."""

    async def disown(self, gone: Iterable[ResourceId], addresses: Iterable[str] = ()) -> None:
        """Record that these objects are deleted and that these addresses are no longer in a rule for it."""


class Claim(Memory, Protocol):
    """The right to work on one target, held until `finish` or `abandon` and renewed in the background."""

    @property
    def asked(self) -> Asked:
        """What the pass answers: its own work item, and those that marked the target before."""

    def held(self) -> AbstractAsyncContextManager[None]:
        """What runs inside is cancelled, and writes of it are refused, once the claim has ended.

        Raises LostClaim then.
        """

    @property
    def unpublished(self) -> Sequence[Json]:
        """Events of the target that the last write of its row left to be published."""

    async def finish(self, outcome: Outcome | None) -> bool:
        """Record the outcome (present state and history) and release. True: the target was marked meanwhile.

        None: there is nothing to record, and a row without history is deleted again.
        """

    async def abandon(self) -> None:
        """Release without an outcome: the pass broke off."""


class Ledger(Protocol):
    """Present state and history of every target."""

    async def claim(self, target: ResourceId, asked: Asked) -> Claim | None:
        """Claim a target for a pass that answers this.

        None: another worker has it, and the target is marked for another pass, which answers it.
        """

    async def record(self, outcome: Outcome) -> None:
        """Record an outcome of work that did not reach a claim."""

    async def expect(self, target: ResourceId, reason: str, asked: Asked) -> None:
        """Let the state of a target that has none be `Pending`, so that it can be read from now on.

        The next pass answers what is asked, whatever begins it.
        """

    async def get(self, key: str) -> ConnectionState | None:
        """One target's present state by its `target_key`."""

    async def history(self, key: str, limit: int = 50) -> Bodies:
        """Records of past outcomes and deletions of one target, newest first."""

    async def connections(self, query: ConnectionQuery) -> Page[ConnectionState]:
        """One page of the present states. Raises InputError for an unknown continuation."""

    async def targets(self, group: GroupId | None = None) -> list[ResourceId]:
        """Every target, or those of one resource group. Removed ones that own nothing are left out."""

    async def with_code(self, code: str) -> list[ResourceId]:
        """The targets whose last outcome has this code."""

    async def sharing(self, endpoints: Collection[ResourceId], names: Collection[str]) -> list[ResourceId]:
        """The targets whose last outcome has a path by one of these endpoints, or a record of these names."""

    async def unpublished(self) -> list[tuple[ResourceId, Sequence[Json]]]:
        """The targets that have events which were not published, each with its events."""

    async def published(self, target: ResourceId, events: Collection[str]) -> None:
        """These events, by id, are published."""

    async def owned(self) -> frozenset[ResourceId]:
        """What Causeway made for all targets together."""

    async def adopt(self, target: ResourceId, found: Collection[ResourceId]) -> bool:
        """Record objects that were made for a target and that no row has.

        False: a worker has claimed the target and may be about to delete them, so nothing is recorded.
        """


class Budgets(Protocol):
    """How many of something all workers may create in an hour, by name."""

    async def take(self, name: str, amount: int, limit: int) -> float:
        """Take so many of `limit` an hour, all or none. 0: taken; otherwise seconds until that may succeed.

        The seconds are infinite if it never can.
        """


class Sweeps(Protocol):
    """What sweeps found, what their work items did so far, and which of these items still wait."""

    async def record(self, report: SweepReport) -> None:
        """Record a sweep, or replace what was recorded of it."""

    async def latest(self) -> SweepReport | None:
        """The sweep that began last."""

    async def delete(self, sweep: str, amount: int, limit: int) -> bool:
        """Count so many deletes of one target in this sweep, all or none. False: that is above `limit`."""

    async def waits(self, target: ResourceId, until: datetime) -> None:
        """A work item of the target is in the queue, and visible from this moment on."""

    async def arrived(self, target: ResourceId) -> None:
        """A worker has the item."""

    async def waiting(self) -> frozenset[str]:
        """The keys (`target_key`) of the targets whose item is still in the queue."""


class Branches(Protocol):
    """What is known of the management groups that the policy needs, by their lower-case names."""

    async def load(self, name: str) -> Branch | None:
        """What the last reading left; None if there was none."""

    async def update(self, name: str, change: Callable[[Branch], Branch]) -> Branch:
        """Record what a reading makes of the branch as it is recorded now, and return that."""


class RequestLimits(Protocol):
    """Azure's limits on requests, as far as this process has met them."""

    @property
    def rate(self) -> float:
        """How much of the documented limits the app uses; 1: all."""

    async def left(self) -> Bodies:
        """What is left of each, for all processes together."""


class Leases(Protocol):
    """Named locks across all workers. The lock of a dead worker expires."""

    def hold(self, *names: str, deadline: float) -> AbstractAsyncContextManager[None]:
        """Hold all of these locks. They are taken in one fixed order, and awaited until the deadline at most.

        Raises TransientError if that takes too long, or when a lock is lost to another worker: what runs
        inside is then cancelled.
        """


class Publisher(Protocol):
    """Where other programs get events from."""

    async def publish(self, events: Sequence[Json]) -> None:
        """Publish these events of one target (`core/outcome/announcement.py`)."""


class WorkQueue(Protocol):
    """The `work` queue."""

    async def send(self, item: str, *, delay: timedelta = timedelta()) -> None:
        """Send the text of one work item, visible after `delay`."""

    async def oldest(self) -> datetime | None:
        """When the first message that waits for a worker was sent; None if no message does."""


class PolicySource(Protocol):
    """Where the policy is kept: a file or a blob."""

    @property
    def where(self) -> str:
        """Its path or URL, as an operator may see it."""

    @property
    def interval(self) -> float:
        """Seconds from one reading to the next, at least."""

    async def read(self, unless: str) -> PolicyText | None:
        """The policy; None if its version is still this one. No more is read than a policy may have, and a
        byte.
        """
