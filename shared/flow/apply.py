"""Carrying out a plan: every action once, as early as its needs allow, each under the locks it asks for.

Place in the data's way: the only place that writes to Azure. It returns what the writes answered; it
decides nothing but when to send something again.
"""

import asyncio
import random
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from shared.core.base.backoff import Backoff
from shared.core.base.bodies import Seen
from shared.core.base.errors import BlockedError, CausewayError, NotAttempted, StillRunning, TransientError
from shared.core.base.ids import ResourceId
from shared.core.kinds import link, rule
from shared.core.kinds.kind import Wanted
from shared.core.kinds.link import Link
from shared.core.kinds.peering import Peering
from shared.core.kinds.rule import Rule
from shared.core.outcome.outcome import Done
from shared.core.plan.actions import (
    Action,
    Block,
    Create,
    Delete,
    Keep,
    Replace,
    Update,
    Wait,
    Withdraw,
    verb,
)
from shared.core.plan.decide import decide
from shared.core.plan.deletion_record import going
from shared.core.plan.plan import Plan
from shared.core.readings.observed import Observed
from shared.flow.cached_reads import SharedReads, seen, seen_all
from shared.flow.reader import peered, ruled
from shared.ports import Arm, Clock, Leases, Memory

TRIES = 5
BACKOFF = Backoff(first=2.0, growth=2.0, longest=30.0)  # recorded locks on one network last 1 to 10 s


@dataclass(frozen=True, slots=True)
class Applied:
    """What was done, what it answered, and what went wrong, by the id of the action."""

    done: tuple[Done, ...]
    objects: Mapping[ResourceId, Seen | None]
    errors: Mapping[ResourceId, CausewayError] = field(default_factory=dict)
    written: tuple[Create | Update | Replace, ...] = ()


class Applier:
    """Executes plans. One per process; a walk's own state lives in `_Run`."""

    def __init__(self, arm: Arm, shared: SharedReads, leases: Leases, clock: Clock) -> None:
        self.arm = arm
        self.shared = shared
        self.leases = leases
        self.clock = clock
        # Addresses that walks of this process are about to add to a rule: one write takes them all.
        self.joining: defaultdict[ResourceId, set[str]] = defaultdict(set)

    @contextmanager
    def join(self, want: Wanted) -> Iterator[None]:
        """Leave a rule's addresses for whoever writes it first; nobody finds them there afterwards."""
        addresses = want.destinations if isinstance(want, Rule) else ()
        self.joining[want.id].update(addresses)
        try:
            yield
        finally:
            self.joining[want.id].difference_update(addresses)
            if not self.joining[want.id]:
                del self.joining[want.id]

    async def apply(self, plan: Plan, memory: Memory, deadline: float) -> Applied:
        """Carry out the plan until `deadline` (clock.monotonic).

        `memory` hears of objects before they are made, and of all that goes before anything is deleted.
        Never raises a CausewayError: errors are results, so that one failed leg does not hide the others.
        """
        return await _Run(self, plan, memory, deadline).all()


class _Run:
    def __init__(self, applier: Applier, plan: Plan, memory: Memory, deadline: float) -> None:
        self._a = applier
        self._plan = plan
        self._memory = memory
        self._deadline = deadline
        self._tasks: dict[ResourceId, asyncio.Task[None]] = {}
        self._objects: dict[ResourceId, Seen | None] = {}
        self._errors: dict[ResourceId, CausewayError] = {}
        self._remembered: set[ResourceId] = set()

    async def all(self) -> Applied:
        await self._remember_all()
        async with asyncio.TaskGroup() as group:
            for action in self._plan.actions:
                self._tasks[action.id] = group.create_task(self._one(action))
        done = tuple(self._done(action) for action in self._plan.actions)
        written = tuple(step for step in self._plan.writes if not isinstance(step, Delete | Withdraw))
        return Applied(done, self._objects, self._errors, written)

    async def _remember_all(self) -> None:
        """One entry for all that the plan takes away. If it cannot be written, only those actions fail."""
        leaving = [step for step in self._plan.actions if isinstance(step, Delete | Replace | Withdraw)]
        try:
            await self._remember(*leaving)
        except CausewayError as error:
            self._errors |= {step.id: error for step in leaving}

    async def _remember(self, *leaving: Action) -> None:
        if leaving:
            await self._memory.remember(going(leaving))
            self._remembered |= {step.id for step in leaving}

    async def _one(self, action: Action) -> None:
        if action.id in self._errors:
            return
        try:
            await self._needs(action)
            await self._act(action)
        except CausewayError as error:
            self._errors[action.id] = error

    async def _needs(self, action: Action) -> None:
        first = action.after if isinstance(action, Create | Delete | Withdraw) else ()
        needs = action.want.needs if isinstance(action, Create | Update | Replace | Wait) else ()
        for need in (*needs, *first):
            if need in self._tasks:
                await asyncio.shield(self._tasks[need])
            if need in self._errors:
                raise NotAttempted("NotAttempted", f"it needs {need.name}, which could not be made")

    async def _act(self, action: Action) -> None:
        match action:
            case Keep():
                return
            case Block():
                raise BlockedError(action.code, action.reason, action.remedy)
            case Wait(want, have):
                settled = await self._a.arm.settle(have.id, deadline=self._deadline)
                self._objects[want.id] = None if settled is None else Seen(have.id, settled)
            case Delete(have):
                await self._persevere(lambda: self._a.arm.delete(have.id, deadline=self._deadline))
                self._objects[have.id] = None
            case Withdraw() as step:
                async with self._a.leases.hold(step.group.key):
                    await self._persevere(lambda: self._withdraw(step))
            case Replace(want, have, along=along):
                await self._persevere(lambda: self._a.arm.delete(have.id, deadline=self._deadline))
                self._objects |= {gone.id: None for gone in along}
                await self._write(want, None)
            case Create(want):
                await self._write(want, None)
            case Update(want, have):
                await self._write(want, have)

    async def _write(self, want: Wanted, have: Seen | None) -> None:
        if want.noted:
            await self._memory.own(want.id)
        if not want.locks:
            await self._persevere(lambda: self._put(want, have))
            return
        with self._a.join(want):
            async with self._a.leases.hold(*want.locks):
                await self._persevere(lambda: self._write_shared(want))

    async def _write_shared(self, want: Wanted) -> None:
        """Under the lease, read it anew: a neighbour may have made it while we waited."""
        view = await self._fresh(want)
        match decide(want, view):
            case Keep(found=found):
                self._objects[want.id] = view.member(found)
            case Block() as block:
                raise BlockedError(block.code, block.reason, block.remedy)
            case Wait(have=have):
                await self._a.arm.settle(have.id, deadline=self._deadline)
                raise TransientError("it was being written; look again", retry_after=0.0, code="WasBusy")
            case Update(have=have):
                await self._put(want, have, _siblings(want, view))
            case Replace(have=have) as step:
                if want.id not in self._remembered:
                    await self._remember(step)
                await self._a.arm.delete(have.id, deadline=self._deadline)
                await self._put(want, None)
            case _:
                await self._put(want, None, _siblings(want, view))
        # An allow rule only grew: whoever lacks an address in a held reading reads it anew. Denials hide.
        if not isinstance(want, Rule) or want.access == "Deny":
            self._a.shared.forget(want.id)
        if isinstance(want, Peering):  # the other half moved with it
            self._a.shared.forget(want.remote)

    async def _withdraw(self, step: Withdraw) -> None:
        """Under the group's lease, as two targets may leave one rule at once."""
        body = await self._a.arm.get(step.id)
        if body is None:
            return
        left = rule.without(Seen(step.id, body), step.addresses)
        if left is None:
            await self._a.arm.delete(step.id, deadline=self._deadline)
        else:
            await self._a.arm.put(step.id, left, deadline=self._deadline)
        self._a.shared.forget(step.id)

    async def _fresh(self, want: Wanted) -> Observed:
        if isinstance(want, Link):
            links = seen_all(await self._a.arm.list(want.zone, link.COLLECTION))
            view = Observed().listing(want.zone, link.COLLECTION, links)
            return view.having({found.id: found for found in links})
        if isinstance(want, Peering):
            ends = (want.local, want.remote)
            bodies = await asyncio.gather(*(self._a.arm.get(network) for network in ends))
            networks, halves = peered({at: seen(at, body) for at, body in zip(ends, bodies, strict=True)})
            return Observed(networks, halves)
        if isinstance(want, Rule):
            return Observed(*ruled(want.nsg, seen(want.nsg, await self._a.arm.get(want.nsg))))
        body = await self._a.arm.get(want.id)
        return Observed({want.id: None if body is None else Seen(want.id, body)})

    async def _put(self, want: Wanted, have: Seen | None, beside: tuple[Seen, ...] = ()) -> None:
        wish = self._joined(want).body(have, beside) if isinstance(want, Rule) else want.body(have)
        body = await self._a.arm.put(want.id, wish, deadline=self._deadline, query=want.query)
        self._objects[want.id] = Seen(want.id, body)

    def _joined(self, want: Rule) -> Rule:
        """The rule with what neighbours wait to add: many endpoints are not as many writes in a row."""
        addresses = self._a.joining.pop(want.id, set())
        return replace(want, destinations=tuple(sorted(addresses | set(want.destinations))))

    async def _persevere(self, write: Callable[[], Awaitable[None]]) -> None:
        """Send again what failed for a reason that passes by itself, within the walk's time."""
        for attempt in range(TRIES):
            try:
                await write()
                return
            except StillRunning:
                raise
            except TransientError as error:
                wait = error.retry_after if error.retry_after is not None else _backoff(attempt)
                if attempt == TRIES - 1 or self._a.clock.monotonic() + wait > self._deadline:
                    raise
                await self._a.clock.sleep(wait)

    def _done(self, action: Action) -> Done:
        error = self._errors.get(action.id)
        if error is None:
            return Done(verb(action), action.id, action.reason)
        unsent = isinstance(action, Block) or isinstance(error, NotAttempted)
        ended = "skipped" if unsent else "failed"
        return Done(verb(action), action.id, action.reason, ended, str(error))


def _siblings(want: Wanted, view: Observed) -> tuple[Seen, ...]:
    return view.listed(want.nsg, rule.COLLECTION) if isinstance(want, Rule) else ()


def _backoff(attempt: int) -> float:
    """Seconds before the next try, with jitter so that neighbours do not march in step."""
    return BACKOFF.delay(attempt) * random.uniform(0.75, 1.25)  # noqa: S311
