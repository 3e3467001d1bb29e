"""One resource, one worker: from a work item to a recorded outcome.

Place in the data's way: around the walk. Two messages about one resource become one walk and a second
look; a walk that broke off comes back by itself; nothing ends without an outcome that says so.
"""

import logging
from dataclasses import dataclass
from datetime import timedelta

from shared.core.base.backoff import Backoff
from shared.core.base.errors import InputError, InvalidId, clean
from shared.core.base.ids import GroupId, ResourceId
from shared.core.base.log_lines import line
from shared.core.base.request_count import counting
from shared.core.events.work_item import WorkItem
from shared.core.outcome.outcome import Outcome, Result
from shared.core.outcome.result import Ending, given_up
from shared.flow.cached_reads import no_older_than
from shared.flow.reconcile import Reconciler
from shared.flow.sweep import Sweeper
from shared.ports import Claim, Clock, Ledger, WorkQueue

log = logging.getLogger("causeway.worker")

LOOKS = 3  # walks in one invocation while the target keeps changing; then it goes back to the queue
TRIES = 6  # re-sends of one wish before it is left to the drift timer
BACKOFF = Backoff(first=15.0, growth=2.0, longest=600.0)


@dataclass(frozen=True, slots=True)
class Worker:
    """Takes work items. `budget` is the time of one walk in seconds."""

    reconciler: Reconciler
    sweeper: Sweeper
    ledger: Ledger
    queue: WorkQueue
    clock: Clock
    budget: float

    async def work(self, item: WorkItem) -> None:
        """Do one item to its end, or put it back for later."""
        try:
            at = ResourceId.parse(item.resource_id)
        except InvalidId:
            await self.sweeper.expand(GroupId.parse(item.resource_id), item)
            return
        for _ in range(LOOKS):
            claim = await self.ledger.claim(at)
            if claim is None:
                log.info(line("somebody else works on it and will look again", target=at.text))
                return
            asked_again, later = await self._claimed(at, item, claim)
            if later is not None:
                await self.queue.send(item.again().text(), delay=later)
                return
            if not asked_again:
                return
        await self.queue.send(item.text(), delay=timedelta(seconds=BACKOFF.first))

    async def give_up(self, body: bytes) -> None:
        """Record the `Failed` outcome of a message that failed on every try."""
        text = body.decode("utf-8", "replace")
        try:
            item = WorkItem.parse(text)
            at = ResourceId.parse(item.resource_id)
        except InputError as fault:
            log.error(line("poisoned message dropped", why=str(fault), text=clean(text, 200)))
            return
        outcome = Outcome(
            at,
            Result.FAILED,
            self.clock.now(),
            code="Poisoned",
            reason="the work failed on every try, before it could record why",
            remedy="look for its correlation id in the log, then rerun the resource",
            correlation=item.correlation,
        )
        await self.ledger.record(outcome)
        log.error(line("work poisoned", target=at.text, correlation=item.correlation))

    async def _claimed(self, at: ResourceId, item: WorkItem, claim: Claim) -> tuple[bool, timedelta | None]:
        """One walk under the claim: whether it was asked for again meanwhile, and when to try again."""
        try:
            outcome, again = await self._walk(at, item, claim)
            return await claim.finish(outcome), again
        except BaseException:
            await claim.abandon()
            raise

    async def _walk(
        self, at: ResourceId, item: WorkItem, claim: Claim
    ) -> tuple[Outcome | None, timedelta | None]:
        began = self.clock.monotonic()
        with counting() as tally, no_older_than(item.fresh_from):
            ending = await self.reconciler.reconcile(at, claim, began + self.budget)
        if ending.quiet and item.reason != "manual":
            return None, None
        if ending.again and item.attempt + 1 >= TRIES:
            ending = given_up(ending)
        outcome = Outcome(
            target=at,
            result=ending.result,
            at=self.clock.now(),
            profile=ending.profile,
            code=ending.code,
            reason=ending.reason,
            remedy=ending.remedy,
            proof=ending.proof,
            done=ending.done,
            findings=ending.findings,
            requests=tally.requests,
            writes=tally.writes,
            seconds=self.clock.monotonic() - began,
            correlation=item.correlation,
        )
        log.info(line("outcome", **outcome.record()))
        return outcome, _delay(item, ending) if ending.again else None


def _delay(item: WorkItem, ending: Ending) -> timedelta:
    """Longer with each try, and at least what Azure asked for."""
    return timedelta(seconds=max(BACKOFF.delay(item.attempt), ending.retry_after or 0.0))
