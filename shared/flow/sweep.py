"""Queue many resources at once: all of them for the drift timer, or those of one resource group.

A sweep queues every resource that the policy opts in and every one in the ledger, except those whose last
item still waits in the queue. The reconcile pass of a resource that is in order writes nothing.
"""

import asyncio
import logging
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import batched

from shared.core.base.bodies import Json
from shared.core.base.errors import CausewayError, InvalidId
from shared.core.base.ids import GroupId, ResourceId, target_key
from shared.core.base.log_lines import line
from shared.core.catalogue.catalogue import Catalogue
from shared.core.events.reason import Reason
from shared.core.events.work_item import WorkItem
from shared.core.outcome.sweep_report import PREFIX, SweepReport
from shared.core.policy.intent import DISABLED, opt_in, watched
from shared.core.policy.policy import Policy
from shared.ports import Arm, Clock, Ledger, Sweeps, WorkQueue

log = logging.getLogger("causeway.sweep")

# Work items of a sweep become visible no faster than Resource Manager's 25 reads a second (LIM-01) can serve
# them: the check of a connected resource takes three reads in the endpoints' subscription. So an event or a
# person's rerun does not wait behind a long queue.
AT_ONCE = 60  # items
A_SECOND = 25 / 3  # items after these
SENDERS = 16  # items that are sent at once


@dataclass(frozen=True, slots=True)
class Sweeper:
    """Finds every resource that should be connected, or was."""

    policy: Policy
    catalogue: Catalogue
    arm: Arm
    ledger: Ledger
    sweeps: Sweeps
    queue: WorkQueue
    clock: Clock

    async def sweep(self) -> int:
        """Queue each resource once, with reason `drift`. Returns how many."""
        begun = SweepReport(f"{PREFIX}{uuid.uuid4()}", self.clock.now().timestamp())
        await self.sweeps.record(begun)
        known, waiting = set(await self.ledger.targets()), await self.sweeps.waiting()
        listed, unread = await self._listed()
        every = known.union(*listed.values())
        due = [at for at in every if target_key(at) not in waiting]
        await self._send_drift(due, begun)
        report = replace(
            begun,
            ended=self.clock.now().timestamp(),
            listed={subscription: len(found) for subscription, found in listed.items()},
            unread=unread,
            known=len(known),
            unwatched=sum(not watched(at.subscription, self.policy) for at in known),
            queued=len(due),
            waiting=len(every) - len(due),
        )
        await self.sweeps.record(report)
        log.info(line("sweep", **report.record()))
        return len(due)

    async def _listed(self) -> tuple[dict[str, set[ResourceId]], dict[str, str]]:
        """What each subscription's list opts in, and the error of each that could not be listed."""
        listed, unread = dict[str, set[ResourceId]](), dict[str, str]()
        for subscription in self.policy.subscriptions:
            try:
                listed[subscription] = await self._opted_in(subscription)
            except CausewayError as error:  # its own failure: the other subscriptions are swept all the same
                unread[subscription] = str(error)
                log.error(line("subscription not listed", subscription=subscription, why=str(error)))
        return listed, unread

    async def expand(self, group: GroupId, item: WorkItem) -> int:
        """Queue every target in a resource group whose tags changed or that was deleted. Returns how many."""
        now = self.clock.now().timestamp()  # cached tags of the group are outdated
        known = set(await self.ledger.targets(group))
        # First: they need no list, which may fail.
        await self._send(known, item.reason, item.correlation, now)
        if not watched(group.subscription, self.policy):
            return len(known)
        listed = {at for at in await self._opted_in(group.subscription) if at.group == group}
        await self._send(listed - known, item.reason, item.correlation, now)
        return len(listed | known)

    async def _send_drift(self, due: Iterable[ResourceId], report: SweepReport) -> None:
        places = list(enumerate(sorted(due, key=lambda at: at.key)))
        for few in batched(places, SENDERS, strict=False):
            await asyncio.gather(*(self._send_later(at, place, report) for place, at in few))

    async def _send_later(self, at: ResourceId, place: int, report: SweepReport) -> None:
        delay = timedelta(seconds=max(0.0, (place - AT_ONCE) / A_SECOND))
        item = WorkItem(at.text, "drift", report.id, fresh_from=report.began)
        await self.queue.send(item.text(), delay=delay)
        await self.sweeps.waits(at, self.clock.now() + delay)

    async def _send(
        self, due: Iterable[ResourceId], reason: Reason, correlation: str, fresh_from: float
    ) -> None:
        for at in sorted(due, key=lambda at: at.key):
            await self.queue.send(WorkItem(at.text, reason, correlation, fresh_from=fresh_from).text())

    async def _opted_in(self, subscription: str) -> set[ResourceId]:
        inherits = self.policy.opt_in.inherit == "resource_group"
        groups = await self.arm.resource_groups(subscription) if inherits else {}
        return {
            at
            async for page in self.arm.resources(subscription)
            for resource in page
            if (at := self._opted_in_id(resource, groups)) is not None
        }

    def _opted_in_id(self, resource: Json, groups: Mapping[str, Mapping[str, str]]) -> ResourceId | None:
        """The id of a resource that tags or policy opt in. Which profile a tag names is not checked here."""
        try:
            at = ResourceId.parse(str(resource.get("id") or ""))
        except InvalidId:
            return None  # an extension resource or one outside of a group: never a target
        if not self.catalogue.knows(at.type):
            return None
        tags = resource.get("tags")
        own = tags if isinstance(tags, dict) else {}
        word = opt_in(at.type, own, groups.get(at.resource_group.lower(), {}), self.policy)
        return at if word is not None and word.lower() != DISABLED else None
