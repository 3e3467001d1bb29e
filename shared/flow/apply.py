"""Carrying out a plan: every action once, as early as its needs allow, each under the locks it asks for.

This is the only code that writes to Azure, with `public_access.py`. It returns what the writes answered, and
decides only when to send something again.
"""

import asyncio
import random
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import assert_never

from shared.core.base.backoff import Backoff
from shared.core.base.bodies import Seen
from shared.core.base.errors import (
    BlockedError,
    CausewayError,
    NotAttempted,
    NotKept,
    Outdated,
    RefusedError,
    StillRunning,
    TagsNotKept,
    TransientError,
)
from shared.core.base.ids import ResourceId
from shared.core.base.only_if import CHANGED, OnlyIf, unchanged
from shared.core.kinds.kind import UNKNOWN_GUID, Wanted
from shared.core.kinds.registry import kind_of
from shared.core.kinds.zone_configs import records_of
from shared.core.outcome.outcome import Done
from shared.core.plan.actions import (
    Action,
    Block,
    Create,
    Delete,
    Keep,
    Replace,
    Unknown,
    Update,
    Wait,
    Withdraw,
    verb,
)
from shared.core.plan.decide import decide
from shared.core.plan.deletion_record import deletions
from shared.core.plan.not_kept import TAGS_NOT_KEPT, not_kept, other_values
from shared.core.plan.plan import Plan
from shared.core.plan.refusals import RefusedRequest
from shared.core.readings.observed import Observed
from shared.flow.cached_reads import CachedReads
from shared.flow.listed import listed
from shared.flow.reader import Reader
from shared.flow.reconcile_pass import Pass
from shared.flow.shared_writes import SharedWrites
from shared.ports import Arm, Clock, Leases

TRIES = 5
GRANT_READ = "grant the app's identity the right to read it, then rerun the resource"
BACKOFF = Backoff(first=2.0, growth=2.0, longest=30.0)  # seconds; network locks last 1 to 10 s (ERR-14)


@dataclass(frozen=True, slots=True)
class Applied:
    """What was done, what it answered, and what went wrong, by the id of the action.

    `at`: seconds since 1970 when the last write was answered. `written` are the steps that sent one, or found
    under the lease that a neighbour had. `notes`: what hinders nothing and should be known.
    """

    done: tuple[Done, ...]
    objects: Mapping[ResourceId, Seen | None]
    errors: Mapping[ResourceId, CausewayError] = field(default_factory=dict)
    written: tuple[Create | Update | Replace, ...] = ()
    at: float = 0.0
    notes: tuple[str, ...] = ()

    @property
    def outdated(self) -> bool:
        """What failed rested on readings that are outdated by now, and nothing else failed."""
        first = [error for error in self.errors.values() if not isinstance(error, NotAttempted)]
        return bool(first) and all(isinstance(error, Outdated) for error in first)


class Applier:
    """Executes plans. One per process; what belongs to one plan is in `_Run`."""

    def __init__(self, arm: Arm, cached: CachedReads, reader: Reader, leases: Leases, clock: Clock) -> None:
        self.arm = arm
        self.cached = cached
        self.reader = reader
        self.leases = leases
        self.clock = clock
        self.shared = SharedWrites(clock)
        # What passes of this process are about to add to shared objects: one write takes all of it.
        self.joining: defaultdict[ResourceId, set[str]] = defaultdict(set)

    @contextmanager
    def join(self, want: Wanted) -> Iterator[None]:
        """Queue what this target adds so that the next writer of the object includes it; dequeue on exit."""
        self.joining[want.id].update(want.adds)
        try:
            yield
        finally:
            self.joining[want.id].difference_update(want.adds)
            if not self.joining[want.id]:
                del self.joining[want.id]

    async def apply(self, plan: Plan, current: Pass) -> Applied:
        """Carry out the plan until the pass's deadline.

        The ledger records objects before they are created, and all that is deleted before the first delete.
        Never raises a CausewayError: errors are results, so that one failed path does not hide the others.
        """
        return await _Run(self, plan, current).all()


class _Run:
    def __init__(self, applier: Applier, plan: Plan, current: Pass) -> None:
        self._a = applier
        self._plan = plan
        self._memory = current.memory
        self._journal = current.journal
        self._target = current.target
        self._deadline = current.deadline
        self._tasks: dict[ResourceId, asyncio.Task[None]] = {}
        self._objects: dict[ResourceId, Seen | None] = {}
        known = self._memory.refusals.in_force(current.state) if current.state else {}
        held = {at: one for at, one in known.items() if one.code != TAGS_NOT_KEPT}
        self._state = current.state
        self._held = {step.id: held[step.id.key].error() for step in plan.writes if step.id.key in held}
        self._untagged: dict[ResourceId, TagsNotKept] = {}
        self._errors: dict[ResourceId, CausewayError] = dict(self._held)
        self._notes: list[str] = []
        self._remembered: set[ResourceId] = set()
        self._moments: dict[ResourceId, float] = {}  # when each action was over, in seconds since 1970

    async def all(self) -> Applied:
        if any(isinstance(step, Create) and step.want.costs for step in self._plan.actions):
            self._a.shared.creating(self._target)
        await self._remember_all()
        async with asyncio.TaskGroup() as group:
            for action in self._plan.actions:
                self._tasks[action.id] = group.create_task(self._one(action))
        await self._keep_refusals()
        done = tuple(self._done(action) for action in self._plan.actions)
        self._journal.done += done
        written = tuple(step for step in self._plan.writes if not isinstance(step, Delete | Withdraw))
        at = max(self._moments.values(), default=0.0)
        return Applied(done, self._objects, self._errors, written, at, tuple(self._notes))

    async def _keep_refusals(self) -> None:
        """What Azure refused for an unknown reason is not sent again as it is."""
        new = [
            RefusedRequest.of(at, error)
            for at, error in (*self._errors.items(), *self._untagged.items())
            if isinstance(error, RefusedError | NotKept) and at not in self._held
        ]
        if new and self._state:
            try:
                await self._memory.refuse(self._memory.refusals.joined(self._state, new))
            except CausewayError as error:
                self._errors |= {step.id: error for step in self._plan.writes if step.id.key == new[0].at}

    async def _remember_all(self) -> None:
        """One entry for all that the plan deletes. If it cannot be written, only those actions fail."""
        leaving = [step for step in self._plan.actions if isinstance(step, Delete | Replace | Withdraw)]
        try:
            await self._remember(*leaving)
        except CausewayError as error:
            self._errors |= {step.id: error for step in leaving}

    async def _remember(self, *leaving: Action) -> None:
        if leaving:
            await self._memory.remember(deletions(leaving))
            self._remembered |= {step.id for step in leaving}

    async def _one(self, action: Action) -> None:
        if action.id in self._errors:
            return
        try:
            await self._needs(action)
            await self._act(action)
        except CausewayError as error:
            self._errors[action.id] = error
        if not isinstance(action, Keep):
            self._moments.setdefault(action.id, self._now())

    def _now(self) -> float:
        return self._a.clock.now().timestamp()

    async def _needs(self, action: Action) -> None:
        match action:
            case Create(want) | Replace(want):
                await self._harms_nobody(want)
            case Update(want, have) if want.moves_names(have):
                await self._harms_nobody(want)
        first = action.after if isinstance(action, Create | Delete | Withdraw) else ()
        needs = action.want.needs if isinstance(action, Create | Update | Replace | Wait) else ()
        for need in (*needs, *first):
            if need in self._tasks:
                await asyncio.shield(self._tasks[need])
            if need in self._errors:
                raise NotAttempted("NotAttempted", f"it needs {need.name}, which could not be made")

    async def _harms_nobody(self, want: Wanted) -> None:
        for first, code in want.harms.items():
            if first in self._tasks:
                await asyncio.shield(self._tasks[first])
            error = self._errors.get(first)
            if isinstance(error, BlockedError) and error.code == code:
                raise NotAttempted("NotAttempted", f"{first.name} was refused ({code})")

    async def _act(self, action: Action) -> None:
        match action:
            case Keep():
                return
            case Block():
                raise BlockedError(action.code, action.reason, action.remedy)
            case Unknown():
                raise BlockedError("NotKnown", action.reason, GRANT_READ)
            case Wait(want, have) if want.locks and want.write and have.id == want.id:
                await self._write(want, have)  # a neighbour writes it: one pass re-reads it for all that wait
            case Wait(want, have):
                settled = await self._a.arm.settle(have.id, deadline=self._deadline)
                self._objects[want.id] = None if settled is None else Seen(have.id, settled)
            case Delete(have, along=along):
                self._note_names(have, *along)
                await self._with_retries(lambda: self._delete(have))
                self._objects[have.id] = None
            case Withdraw() as step:
                async with self._a.leases.hold(step.lock, deadline=self._deadline):
                    await self._with_retries(lambda: self._withdraw(step))
            case Replace(want, have) if want.locks:
                # Shared, so it is deleted under the lease too: another target may have replaced it already.
                await self._write(want, None, have)
            case Replace(want, have, along=along):
                self._note_names(have, *along)
                await self._with_retries(lambda: self._delete(have))
                self._objects |= {one.id: None for one in along}
                await self._write(want, None, have)
            case Create(want, before=before):
                if not want.locks and self._was_there(want):
                    await self._raise_if_there(want)
                await self._write(want, None, before)
            case Update(want, have):
                await self._write(want, have)
            case _:
                assert_never(action)

    def _note_names(self, *leaving: Seen) -> None:
        """Note the names that are deleted with these objects: other targets may have some of them."""
        for one in leaving:
            if kind_of(one.id).HAS_RECORDS:
                self._journal.endpoints.add(one.id)
            self._journal.names.update(record.fqdn for record in records_of(one))

    async def _write(self, want: Wanted, have: Seen | None, before: Seen | None = None) -> None:
        """`have` is written over; `before` is what a new object begins from."""
        if want.recorded:
            await self._memory.own(want.id, guid=_guid_before(want, have))
        if not want.locks:
            await self._with_retries(lambda: self._put_alone(want, have, before))
            return
        with self._a.join(want):
            elapsed = self._a.shared.arrived(self._target) if want.adds else 0.0
            while (made := await self._a.shared.joined(want.id, self._deadline)) is not None:
                if self._met(want, *made):
                    return
            await self._lead(want, elapsed, before)

    async def _lead(self, want: Wanted, elapsed: float, before: Seen | None) -> None:
        """Write it for all passes of this process that want it before it is read under the lease."""
        with self._a.shared.leading(want.id) as lead:
            await self._a.shared.gathered(elapsed, self._deadline)
            async with self._a.leases.hold(*want.locks, deadline=self._deadline):
                self._a.shared.close(want.id, lead)
                observed = await self._with_retries(lambda: self._write_shared(want, before))
                at = self._moments[want.id] = self._now()
                lead.done(observed, at)

    def _met(self, want: Wanted, observed: Observed, at: float) -> bool:
        """What another pass wrote, and had an answer to at this moment, meets the need of this one too."""
        found = decide(want, observed)
        if isinstance(found, Keep):
            self._objects[want.id] = observed.present(found.found)
            self._moments[want.id] = at
        return isinstance(found, Keep)

    async def _write_shared(self, want: Wanted, before: Seen | None) -> Observed:
        """Re-read it under the lease and decide again: a neighbour may have written it while we waited.

        Returns what it read, with what it wrote.
        """
        observed = await self._a.reader.fresh(want.reads(Observed()), Observed())
        match decide(want, observed):
            case Keep(found=found):
                self._objects[want.id] = observed.present(found)
                self._forget(want)
                return observed
            case Block() as block:
                raise BlockedError(block.code, block.reason, block.remedy)
            case Wait(have=have):
                await self._a.arm.settle(have.id, deadline=self._deadline)
                raise TransientError("it was being written; read it again", retry_after=0.0, code="WasBusy")
            case Update(have=have):
                await self._put(want, have, observed)
            case Replace(have=have) as step:
                if want.id not in self._remembered:
                    await self._remember(step)
                await self._a.arm.delete(have.id, deadline=self._deadline, only_if=unchanged(have))
                await self._put(want, None, observed, have)
            case Create():
                await self._raise_if_there(want)
                await self._put(want, None, observed, before)
            case (Unknown() | Delete() | Withdraw()) as other:
                raise TypeError(f"nothing to write for {want.id.text}: {other.reason}")
        self._forget(want)
        return observed.with_written({want.id: self._objects[want.id]}, self._now())

    def _was_there(self, want: Wanted) -> bool:
        """It, or the object that it is below, is older than this pass: an older reading may lack it."""
        if want.id.parent is None:
            return bool(self._memory.guids.get(want.id, frozenset()) - {UNKNOWN_GUID})
        made = {step.id for step in self._plan.actions if isinstance(step, Create | Replace)}
        made |= {step.id for step in self._journal.done if step.verb in ("Create", "Replace")}
        return want.id.parent not in made

    async def _raise_if_there(self, want: Wanted) -> None:
        """One reading that lags behind is no evidence: a PUT would replace what others wrote there.

        Private DNS refuses such a write itself (`guarded`); the network service does not.
        """
        if want.guarded:
            return
        again = await (self._a.arm.get(want.id) if want.id.parent else listed(self._a.arm, want.id))
        if again is not None:
            reason = f"{want.id.text} exists, and an older reading did not show it"
            raise TransientError(reason, code="Unconfirmed")

    def _forget(self, want: Wanted) -> None:
        for changed in want.invalidates:
            self._a.cached.forget(changed)

    async def _withdraw(self, step: Withdraw) -> None:
        """Under the lease, as two targets may leave one object at once."""
        body = await self._a.arm.get(step.id)
        if body is None:
            return
        have = Seen(step.id, body)
        left, only_if = kind_of(step.id).without(have, step.adds), unchanged(have)
        if left is None:
            await self._a.arm.delete(step.id, deadline=self._deadline, only_if=only_if)
        else:
            await self._a.arm.put(step.id, left, deadline=self._deadline, only_if=only_if)
        self._a.cached.forget(step.id)

    async def _put_alone(self, want: Wanted, have: Seen | None, before: Seen | None) -> None:
        with _outdated():
            await self._put(want, have, Observed(), before)

    async def _delete(self, have: Seen) -> None:
        with _outdated():
            await self._a.arm.delete(have.id, deadline=self._deadline, only_if=unchanged(have))

    async def _put(
        self, want: Wanted, have: Seen | None, observed: Observed, before: Seen | None = None
    ) -> None:
        """Write it, with what neighbours wait to add: many endpoints are not as many writes in a row."""
        joined = want.joined(self._a.joining.pop(want.id, set())) if want.adds else want
        body = joined.remade(before, observed) if before else joined.body(have, observed)
        only_if = unchanged(have) if have else OnlyIf(new=want.guarded)
        answer = await self._a.arm.put(
            want.id, body, deadline=self._deadline, query=want.query, only_if=only_if
        )
        seen = Seen(want.id, answer)
        if guid := kind_of(want.id).guid(seen):
            await self._memory.own(want.id, guid=guid)
        self._objects |= {**want.implied(seen), want.id: seen}
        error = not_kept(joined, body, have, seen, observed)
        if isinstance(error, TagsNotKept):
            self._untagged[want.id] = error
        elif error:
            raise error
        elif other := other_values(body, have, seen):
            self._notes.append(f"Azure keeps other values of {want.id.text} than were sent: {other}")

    async def _with_retries[T](self, write: Callable[[], Awaitable[T]]) -> T:
        """Send again what failed for a reason that passes by itself, within the pass's time."""
        for attempt in range(TRIES):
            try:
                return await write()
            except (StillRunning, Outdated):
                raise
            except TransientError as error:
                wait = error.retry_after if error.retry_after is not None else _backoff(attempt)
                if attempt == TRIES - 1 or self._a.clock.monotonic() + wait > self._deadline:
                    raise
                await self._a.clock.sleep(wait)
        raise AssertionError("the last attempt returns or raises")

    def _done(self, action: Action) -> Done:
        error = self._errors.get(action.id)
        if error is None:
            return Done(verb(action), action.id, action.reason)
        unsent = isinstance(action, Block | Unknown) or isinstance(error, NotAttempted)
        unsent = unsent or action.id in self._held
        ended = "skipped" if unsent else "failed"
        return Done(verb(action), action.id, action.reason, ended, str(error))


def _guid_before(want: Wanted, have: Seen | None) -> str | None:
    """What is known of the resource guid before the write; None for kinds that have none."""
    kind = kind_of(want.id)
    if not kind.HAS_GUID:
        return None
    return kind.guid(have) if have else UNKNOWN_GUID


@contextmanager
def _outdated() -> Iterator[None]:
    """A write that rested on an older reading is not sent again: the next round reads and decides again."""
    try:
        yield
    except TransientError as error:
        if error.code == CHANGED:
            raise Outdated(str(error), 0.0, CHANGED) from error
        raise


def _backoff(attempt: int) -> float:
    """Seconds before the next try, with jitter so that neighbours do not march in step."""
    return BACKOFF.delay(attempt) * random.uniform(0.75, 1.25)  # noqa: S311
