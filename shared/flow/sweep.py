"""Queue many resources at once: all of them for the drift timer, or those of one resource group.

A sweep queues every resource that the policy opts in and every one in the ledger. The reconcile pass of a
resource that is in order writes nothing.
"""

import logging
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from shared.core.base.bodies import Json
from shared.core.base.errors import CausewayError, InvalidId
from shared.core.base.ids import GroupId, ResourceId
from shared.core.base.log_lines import line
from shared.core.catalogue.catalogue import Catalogue
from shared.core.events.reason import Reason
from shared.core.events.work_item import WorkItem
from shared.core.policy.intent import DISABLED, opt_in, watched
from shared.core.policy.policy import Policy
from shared.ports import Arm, Clock, Ledger, WorkQueue

log = logging.getLogger("causeway.sweep")


@dataclass(frozen=True, slots=True)
class Sweeper:
    """Finds every resource that should be connected, or was."""

    policy: Policy
    catalogue: Catalogue
    arm: Arm
    ledger: Ledger
    queue: WorkQueue
    clock: Clock

    async def sweep(self) -> int:
        """Queue each resource once, with reason `drift`. Returns how many."""
        correlation, began = f"sweep-{uuid.uuid4()}", self.clock.now().timestamp()
        due = {at for at in await self.ledger.targets() if watched(at.subscription, self.policy)}
        unread = 0
        for subscription in self.policy.subscriptions:
            try:
                due |= await self._opted_in(subscription)
            except CausewayError as error:  # its own failure: the other subscriptions are swept all the same
                unread += 1
                log.error(line("subscription not listed", subscription=subscription, why=str(error)))
        await self._send(due, "drift", correlation, began)
        log.info(line("sweep", correlation=correlation, queued=len(due), subscriptions_not_listed=unread))
        return len(due)

    async def expand(self, group: GroupId, item: WorkItem) -> int:
        """Queue every target in a resource group whose tags changed or that was deleted. Returns how many."""
        if not watched(group.subscription, self.policy):
            return 0
        now = self.clock.now().timestamp()  # cached tags of the group are outdated
        known = set(await self.ledger.targets(group))
        await self._send(
            known, item.reason, item.correlation, now
        )  # first: they need no list, which may fail
        listed = {at for at in await self._opted_in(group.subscription) if at.group == group}
        await self._send(listed - known, item.reason, item.correlation, now)
        return len(listed | known)

    async def _send(self, due: set[ResourceId], reason: Reason, correlation: str, fresh_from: float) -> None:
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
