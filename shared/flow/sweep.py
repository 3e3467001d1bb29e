"""The drift timer, and what happens to a whole resource group: both only enqueue work.

Place in the data's way: another door to the same walk. Every resource that the policy opts in, and every
one that the ledger knows, is walked again; a walk that finds everything in place writes nothing.
"""

import logging
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from shared.core.base.bodies import Json
from shared.core.base.errors import InvalidId
from shared.core.base.ids import GroupId, ResourceId
from shared.core.base.log_lines import line
from shared.core.catalogue.catalogue import Catalogue
from shared.core.events.work_item import WorkItem
from shared.core.policy.intent import DISABLED, watched, wish
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
        """Enqueue each one once, with reason `drift`. Returns how many."""
        correlation, began = f"sweep-{uuid.uuid4()}", self.clock.now().timestamp()
        due = {at for at in await self.ledger.targets() if watched(at.subscription, self.policy)}
        for subscription in self.policy.subscriptions:
            due |= await self._opted_in(subscription)
        for at in sorted(due, key=lambda at: at.key):
            await self.queue.send(WorkItem(at.text, "drift", correlation, fresh_from=began).text())
        log.info(line("sweep", correlation=correlation, enqueued=len(due)))
        return len(due)

    async def expand(self, group: GroupId, item: WorkItem) -> int:
        """A resource group's tags changed, or it was deleted: every target in it deserves a walk."""
        if not watched(group.subscription, self.policy):
            return 0
        due = set(await self.ledger.targets(group))
        due |= {at for at in await self._opted_in(group.subscription) if at.group == group}
        now = self.clock.now().timestamp()  # the group's tags as they were held before say nothing any more
        for at in sorted(due, key=lambda at: at.key):
            await self.queue.send(WorkItem(at.text, item.reason, item.correlation, fresh_from=now).text())
        return len(due)

    async def _opted_in(self, subscription: str) -> set[ResourceId]:
        inherits = self.policy.opt_in.inherit == "resource_group"
        groups = await self.arm.resource_groups(subscription) if inherits else {}
        return {
            at
            async for page in self.arm.resources(subscription)
            for resource in page
            if (at := self._asked(resource, groups)) is not None
        }

    def _asked(self, resource: Json, groups: Mapping[str, Mapping[str, str]]) -> ResourceId | None:
        """The resource's id if tags or policy opt it in. What the tag names is the walk's business."""
        try:
            at = ResourceId.parse(str(resource.get("id") or ""))
        except InvalidId:
            return None  # an extension or a subscription-level resource: never a target
        if not self.catalogue.knows(at.type):
            return None
        tags = resource.get("tags")
        own = tags if isinstance(tags, dict) else {}
        word = wish(at.type, own, groups.get(at.resource_group.lower(), {}), self.policy)
        return at if word is not None and word.lower() != DISABLED else None
