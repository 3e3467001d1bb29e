"""One resource, one worker: from a work item to a recorded outcome.

Two messages about one resource become one reconcile pass and, if need be, a second one. A pass that broke
off is queued again. Every pass that found something to do, or failed, ends in an outcome.
"""

import logging
from dataclasses import dataclass, replace
from datetime import timedelta

from shared.core.base.backoff import Backoff
from shared.core.base.errors import (
    BlockedError,
    InputError,
    InvalidId,
    LostClaim,
    PermanentError,
    TransientError,
    clean,
)
from shared.core.base.ids import GroupId, ResourceId
from shared.core.base.log_lines import line
from shared.core.base.refusal import FORBIDDEN_CODES
from shared.core.base.request_count import counting
from shared.core.base.turn import EVENT, FIRST, LAST, taking_turn
from shared.core.events.asked import Asked
from shared.core.events.work_item import WorkItem
from shared.core.kinds.zone_group import RECORD_HELD
from shared.core.outcome.outcome import Outcome, Result
from shared.core.outcome.result import NOT_EFFECTIVE, Ending, given_up, not_effective_yet
from shared.core.plan.refusals import Refusals
from shared.flow.announce import Announcer
from shared.flow.reconcile import Reconciler
from shared.flow.reconcile_pass import Journal, Pass
from shared.flow.sweep import Sweeper
from shared.ports import Claim, Clock, Ledger, Sweeps, WorkQueue
from shared.telemetry import NO_TELEMETRY, Telemetry

log = logging.getLogger("causeway.worker")

PASSES = 3  # in one invocation while the target keeps changing; then the item is queued again
SHARED = 30.0  # seconds: passes of one sweep begin in turn and use each other's readings of shared objects
TRIES = 6  # attempts of one work item before the target is left to the drift timer
PLACES = {"manual": FIRST, "event": EVENT, "retry": EVENT, "drift": LAST}  # whose requests go first
BACKOFF = Backoff(first=15.0, growth=2.0, longest=600.0)


@dataclass(frozen=True, slots=True)
class Worker:
    """Handles work items. `budget`: seconds of one work item, for all its passes in one invocation.

    The platform ends an invocation after ten minutes (host.json, functionTimeout).
    """

    reconciler: Reconciler
    sweeper: Sweeper
    ledger: Ledger
    sweeps: Sweeps
    queue: WorkQueue
    clock: Clock
    budget: float
    announcer: Announcer
    telemetry: Telemetry = NO_TELEMETRY

    async def work(self, item: WorkItem) -> None:
        """Handle one item to its end, or queue it again for later."""
        at = _named(item)
        if isinstance(at, GroupId):
            await self._expand(at, item)
            return
        self._started(item)
        if item.reason == "drift" or item.attempt:
            await self.sweeps.arrived(at)
        until = self.clock.monotonic() + self.budget
        for _ in range(PASSES):
            if self.clock.monotonic() > until - self.budget / 2:
                break  # what is left is too little for another pass
            claim = await self.ledger.claim(at, Asked.by(item))
            if claim is None:
                log.info(line("target is claimed by another worker; marked for another pass", target=at.text))
                return
            try:
                marked, later = await self._claimed(at, item, claim, until)
            except LostClaim as lost:  # either another worker has it and is asked, or it is free again
                log.warning(line("pass broke off", target=at.text, why=str(lost)))
                continue
            if later is not None and marked:  # asked for during the pass: at once, and with all its tries
                item = replace(_again(item, claim.asked), attempt=0)
                continue
            if later is not None:
                await self._queue_later(at, _again(item, claim.asked), later)
                return
            if not marked:
                return
        await self._queue_later(at, item, timedelta(seconds=BACKOFF.first))

    def _started(self, item: WorkItem) -> None:
        """Measure how long an item waited. The items of sweeps and retries are hidden on purpose."""
        if item.reason in ("event", "manual") and item.fresh_from and not item.attempt:
            self.telemetry.started(item, self.clock.now().timestamp() - item.fresh_from)

    async def _queue_later(self, at: ResourceId, item: WorkItem, delay: timedelta) -> None:
        """Queue it again, and note that: a sweep queues nothing for a target whose retry still waits."""
        await self.queue.send(item.text(), delay=delay)
        await self.sweeps.waits(at, self.clock.now() + delay)

    async def _expand(self, group: GroupId, item: WorkItem) -> None:
        """Queue what is in a group; the group again where its subscription cannot be listed."""
        try:
            await self.sweeper.expand(group, item)
        except (TransientError, BlockedError, PermanentError) as error:
            if item.attempt + 1 >= TRIES:
                raise
            log.warning(line("group not listed; queued again", group=group.text, why=str(error)))
            again = replace(item, attempt=item.attempt + 1)
            retry_after = error.retry_after if isinstance(error, TransientError) else None
            await self.queue.send(again.text(), delay=_delay(item, retry_after))

    async def give_up(self, body: bytes) -> None:
        """Record the `Failed` outcome of a message that failed on every attempt."""
        text = body.decode("utf-8", "replace")
        try:
            item = WorkItem.parse(text)
            at = _named(item)
        except InputError as fault:
            log.error(line("poison message dropped", why=str(fault), text=clean(text, 200)))
            return
        if isinstance(at, GroupId):  # it has no row; its resources are found by the drift timer
            log.error(line("group failed on every attempt", group=at.text, correlation=item.correlation))
            return
        outcome = Outcome(
            at,
            Result.FAILED,
            self.clock.now(),
            code="Poisoned",
            reason="every attempt failed before it could record why",
            remedy="look for the correlation in the log, then rerun the resource",
            correlation=item.correlation,
            correlations=Asked.by(item).correlations,
        )
        await self.ledger.record(outcome)
        log.error(line("work failed on every attempt", target=at.text, correlation=item.correlation))

    async def _claimed(
        self, at: ResourceId, item: WorkItem, claim: Claim, until: float
    ) -> tuple[bool, timedelta | None]:
        """One pass under the claim: whether the target was marked meanwhile, and when to try again."""
        connected = claim.connected
        try:
            with self.telemetry.reconciling(at, item) as measured:
                outcome, later = await self._pass(at, item, claim, until)
                measured.ended(outcome, claim.asked, connected_before=connected)
            marked = await claim.finish(outcome)
        except BaseException:
            await claim.abandon()
            raise
        await self.announcer.announce(at, claim.unpublished)
        return marked, later

    async def _pass(
        self, at: ResourceId, item: WorkItem, claim: Claim, until: float
    ) -> tuple[Outcome | None, timedelta | None]:
        asked, began, now = claim.asked, self.clock.monotonic(), self.clock.now().timestamp()
        with counting() as spent, taking_turn(PLACES[asked.reason], until):
            sweep = item.correlation if asked.reason == "drift" else ""
            since = max(now - SHARED if sweep and asked.fresh_from else now, asked.fresh_from)
            current = Pass(at, claim, until, since, asked.fresh_from, asked.reason, sweep)
            async with claim.held():
                if asked.reason == "manual":  # a person may have cured what was refused
                    await claim.refuse(Refusals())
                ending = await self.reconciler.reconcile(current)
        if ending.quiet and asked.reason != "manual" and claim.reported in ("", ending.code):
            return None, None
        if _may_come(ending, asked, claim.reported) and item.attempt + 1 < TRIES:
            ending = not_effective_yet(ending)
        if ending.again and item.attempt + 1 >= TRIES and not ending.throttled:
            ending = given_up(ending)
        if asked.reason == "drift" and _says_nothing_new(ending, claim):
            return None, _delay(item, ending.retry_after) if ending.passing else None
        outcome = Outcome(
            target=at,
            result=ending.result,
            at=self.clock.now(),
            profile=ending.profile,
            rule=ending.rule,
            policy_key=ending.policy_key,
            mode=ending.mode,
            code=ending.code,
            reason=ending.reason,
            remedy=ending.remedy,
            proof=ending.proof,
            done=ending.done,
            plan=ending.plan,
            findings=ending.findings,
            requests=spent.requests,
            writes=spent.writes,
            seconds=self.clock.monotonic() - began,
            correlation=_correlation(item, asked),
            correlations=asked.correlations,
        )
        log.info(line("outcome", **outcome.record()))
        if outcome.result is Result.REMOVED or current.journal.names:
            await self._requeue_sharers(current, item)
        return outcome, _delay(item, ending.retry_after) if ending.again else None

    async def _requeue_sharers(self, current: Pass, item: WorkItem) -> None:
        """Reconcile resources that shared an endpoint or a record with what was deleted, or waited for it.

        A resource that was recreated or moved elsewhere has the same public name, and Azure deletes a record
        with its endpoint, whatever the record points to by then (MicrosoftDocs/azure-docs, issue 58044).
        """
        now, removed, journal = self.clock.now().timestamp(), current.target, current.journal
        sharers = await self.ledger.sharing(journal.endpoints, journal.names)
        waiting = [at for at in await self.ledger.with_code(RECORD_HELD) if _waits_for(at, removed, journal)]
        for at in sorted({*sharers, *waiting} - {removed}, key=lambda at: at.key):
            await self.queue.send(WorkItem(at.text, "event", item.correlation, fresh_from=now).text())


def _named(item: WorkItem) -> ResourceId | GroupId:
    """The resource or the group of an item. Raises InvalidId for any other text."""
    try:
        return ResourceId.parse(item.resource_id)
    except InvalidId:
        return GroupId.parse(item.resource_id)


def _waits_for(at: ResourceId, removed: ResourceId, journal: Journal) -> bool:
    """A resource whose name was held waits for the record of its own name, or for one of a shared name."""
    label = removed.name.lower()
    shared = any(not name.startswith(f"{label}.") for name in journal.names)
    return at.is_type(removed.type) and (shared or at.name.lower() == label)


def _may_come(ending: Ending, asked: Asked, reported: str) -> bool:
    """A right that lacks right after a person's rerun may have been granted and not be in effect yet."""
    waits = asked.reason == "manual" or (asked.reason == "retry" and reported == NOT_EFFECTIVE)
    return waits and ending.result is Result.BLOCKED and ending.code.lower() in FORBIDDEN_CODES


def _says_nothing_new(ending: Ending, claim: Claim) -> bool:
    """The state stays as it was: a check that could not be made shows nothing, and is made again.

    So does what an earlier sweep found already and waits for a person.
    """
    unknown = ending.passing and claim.connected
    return not ending.done and (unknown or (ending.steady and claim.reported == ending.code))


def _correlation(item: WorkItem, asked: Asked) -> str:
    """That of the last caller who waits, or the item's own."""
    return asked.correlations[-1] if asked.correlations else item.correlation


def _again(item: WorkItem, asked: Asked) -> WorkItem:
    """The next attempt, for all that this one was to answer."""
    return replace(item.again(), fresh_from=asked.fresh_from, correlation=_correlation(item, asked))


def _delay(item: WorkItem, retry_after: float | None) -> timedelta:
    """Longer with each try, and at least what Azure asked for, in seconds."""
    return timedelta(seconds=max(BACKOFF.delay(item.attempt), retry_after or 0.0))
