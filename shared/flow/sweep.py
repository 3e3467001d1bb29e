"""Queue many resources at once: all of them for the drift timer, or those of one resource group.

A sweep queues every resource that the policy opts in and every one in the ledger, except those whose last
item still waits in the queue. The reconcile pass of a resource that is in order writes nothing.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import batched

from shared.core.base.bodies import Seen
from shared.core.base.errors import CausewayError
from shared.core.base.ids import GroupId, ResourceId, target_key
from shared.core.base.log_lines import line
from shared.core.events.reason import Reason
from shared.core.events.work_item import WorkItem
from shared.core.kinds.kind import UNKNOWN_GUID
from shared.core.kinds.registry import kind_of
from shared.core.outcome.sweep_report import PREFIX, SweepReport
from shared.core.policy.in_force import InForce
from shared.core.policy.policy import Policy
from shared.core.policy.scope import Scope
from shared.flow.announce import Announcer
from shared.flow.lists import Listed, Lister
from shared.flow.scopes import Scopes
from shared.ports import Arm, Clock, Ledger, RequestLimits, Sweeps, WorkQueue
from shared.telemetry import NO_TELEMETRY, Telemetry

log = logging.getLogger("causeway.sweep")

# Work items of a sweep become visible no faster than Resource Manager's limits on reads can serve them
# (LIM-01). The check of a connected resource takes one read in its own subscription, and three in that of its
# endpoint. So an event or a person's rerun does not wait behind a long queue.
AT_ONCE, A_SECOND = 200, 25  # reads in one subscription, where the app uses all of the limit
SENDERS = 16  # items that are sent at once
LISTED = 8  # subscriptions that are listed at once: below a management group there may be hundreds

MADE_WITHOUT_ANSWER = frozenset({UNKNOWN_GUID})


@dataclass(frozen=True, slots=True)
class Sweeper:
    """Finds every resource that should be connected, or was."""

    policy: Policy
    lister: Lister
    arm: Arm
    ledger: Ledger
    sweeps: Sweeps
    queue: WorkQueue
    clock: Clock
    scopes: Scopes
    limits: RequestLimits
    announcer: Announcer
    telemetry: Telemetry = NO_TELEMETRY
    in_force: Callable[[], InForce | None] = lambda: None

    async def sweep(self) -> int:
        """Queue each resource once, with reason `drift`. Returns how many."""
        begun = self._begun()
        await self.sweeps.record(begun)
        known, waiting = set(await self.ledger.targets()), await self.sweeps.waiting()
        scope = await self.scopes.scope(0.0)
        listed, unread = await self._listed(scope)
        adopted = await self._adopted(listed.values())
        every = known.union(adopted, *(found.due for found in listed.values()))
        due = [at for at in every if target_key(at) not in waiting]
        await self._send_drift(due, begun)
        report = replace(
            begun,
            ended=self.clock.now().timestamp(),
            listed={subscription: len(found.opted_in) for subscription, found in listed.items()},
            undecided=sum(len(found.undecided) for found in listed.values()),
            unread=unread,
            known=len(known),
            unread_groups=scope.problems,
            unwatched=sum(scope.watches(at.subscription) is False for at in known),
            queued=len(due),
            waiting=len(every) - len(due),
        )
        await self.sweeps.record(report)
        log.info(line("sweep", **report.record()))
        await self._measure(report)
        await self.announcer.announce_left()
        return len(due)

    def _begun(self) -> SweepReport:
        counts = self.in_force()
        policy, problem = (counts.hash, counts.problem) if counts else ("", "")
        began = self.clock.now().timestamp()
        return SweepReport(f"{PREFIX}{uuid.uuid4()}", began, policy=policy, policy_problem=problem)

    async def _listed(self, scope: Scope) -> tuple[dict[str, Listed], dict[str, str]]:
        """What each subscription's list has, and the error of each that could not be listed."""
        listed, unread = dict[str, Listed](), dict[str, str]()

        async def read(subscription: str) -> None:
            try:
                listed[subscription] = await self.lister.list(subscription, scope)
            except CausewayError as error:  # its own failure: the other subscriptions are swept all the same
                unread[subscription] = str(error)
                log.error(line("subscription not listed", subscription=subscription, why=str(error)))

        for few in batched(scope.subscriptions, LISTED, strict=False):
            await asyncio.gather(*map(read, few))
        return listed, unread

    async def _measure(self, report: SweepReport) -> None:
        """The sweep has done its work by now: limits that cannot be read are not measured this time."""
        try:
            self.telemetry.swept(report, await self.limits.left())
        except CausewayError as error:
            log.warning(line("request limits not measured", why=str(error)))

    async def expand(self, group: GroupId, item: WorkItem) -> int:
        """Queue every target in a resource group whose tags changed or that was deleted. Returns how many."""
        now = self.clock.now().timestamp()  # cached tags of the group are outdated
        known = set(await self.ledger.targets(group))
        # First: they need no list, which may fail.
        await self._send(known, item.reason, item.correlation, now)
        scope = await self.scopes.including(group.subscription)
        if not scope.watches(group.subscription):  # also where that is not known: the next sweep lists it
            return len(known)
        every = await self.lister.list(group.subscription, scope)
        listed = {at for at in every.due if at.group == group}
        await self._send(listed - known, item.reason, item.correlation, now)
        return len(listed | known)

    async def _send_drift(self, due: Iterable[ResourceId], report: SweepReport) -> None:
        delays = self._delays(sorted(due, key=lambda at: at.key))
        for few in batched(delays, SENDERS, strict=False):
            await asyncio.gather(*(self._send_later(at, delay, report) for at, delay in few))

    def _delays(self, due: Iterable[ResourceId]) -> Iterator[tuple[ResourceId, timedelta]]:
        """Each with the time for which its work item is hidden: as long as the reads before it take."""
        subnets = (at for one in self.policy.profiles.values() for at in one.every_subnet)
        hubs, reads = {at.subscription.lower() for at in subnets}, 0
        for at in due:
            yield at, timedelta(seconds=max(0.0, (reads - AT_ONCE) / (A_SECOND * self.limits.rate)))
            reads += 4 if at.subscription.lower() in hubs else 3

    async def _send_later(self, at: ResourceId, delay: timedelta, report: SweepReport) -> None:
        item = WorkItem(at.text, "drift", report.id, fresh_from=report.began)
        await self.queue.send(item.text(), delay=delay)
        await self.sweeps.waits(at, self.clock.now() + delay)

    async def _send(
        self, due: Iterable[ResourceId], reason: Reason, correlation: str, fresh_from: float
    ) -> None:
        for at in sorted(due, key=lambda at: at.key):
            await self.queue.send(WorkItem(at.text, reason, correlation, fresh_from=fresh_from).text())

    async def _adopted(self, listed: Iterable[Listed]) -> set[ResourceId]:
        """The targets that got endpoints which bear our tags for them and which no row had.

        A write that left a worker after its claim had ended makes one. The next pass of the target uses or
        removes it. One that Causeway did not make, or whose target no row has, is only reported.
        """
        marked = defaultdict[str, set[ResourceId]](set)
        for found in listed:
            for key, endpoints in found.marked.items():
                marked[key] |= endpoints
        try:
            owned = await self.ledger.owned() if marked else frozenset[ResourceId]()
            orphans = {key: sorted(found - owned, key=lambda at: at.key) for key, found in marked.items()}
            given = [await self._adopt(key, found) for key, found in sorted(orphans.items()) if found]
        except CausewayError as error:  # what is not known to be an orphan is none
            log.error(line("orphans not searched for", why=str(error)))
            return set()
        return {target for target in given if target}

    async def _adopt(self, key: str, orphans: list[ResourceId]) -> ResourceId | None:
        state = await self.ledger.get(key)
        made = [at for at in orphans if state and await self._is_made_for(state.target, at)]
        adopted = state is not None and bool(made) and await self.ledger.adopt(state.target, made)
        facts = {"endpoints": [at.text for at in orphans], "target_key": key, "adopted": adopted}
        log.warning(line("endpoints with Causeway's tags that no row has", **facts))
        return state.target if state and adopted else None

    async def _is_made_for(self, target: ResourceId, at: ResourceId) -> bool:
        try:
            body = await self.arm.get(at)
        except CausewayError as error:  # the next sweep tries again
            log.warning(line("endpoint not read", endpoint=at.text, why=str(error)))
            return False
        return body is not None and kind_of(at).is_recorded(Seen(at, body), target, MADE_WITHOUT_ANSWER)
