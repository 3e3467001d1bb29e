"""Queue many resources at once: all of them for the drift timer, or those of one resource group.

A sweep queues every resource that the policy opts in and every one in the ledger. The reconcile pass of a
resource that is in order writes nothing.
"""

from __future__ import annotations

import logging
import uuid
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.core.base.bodies import Seen, mapping, resource_id
from shared.core.base.errors import CausewayError
from shared.core.base.ids import GroupId, ResourceId
from shared.core.base.log_lines import line
from shared.core.catalogue.catalogue import Catalogue
from shared.core.events.reason import Reason
from shared.core.events.work_item import WorkItem
from shared.core.kinds.kind import UNKNOWN_GUID, target_of_mark
from shared.core.kinds.registry import kind_of
from shared.core.policy.intent import DISABLED, opt_in, watched
from shared.core.policy.policy import Policy
from shared.ports import Arm, Clock, Ledger, WorkQueue

log = logging.getLogger("causeway.sweep")

MADE_WITHOUT_ANSWER = frozenset({UNKNOWN_GUID})


@dataclass(frozen=True, slots=True)
class _Listed:
    """Resources that tags or policy opt in, and endpoints that bear our tags, by their target's key."""

    opted_in: set[ResourceId] = field(default_factory=set)
    marked: defaultdict[str, set[ResourceId]] = field(default_factory=lambda: defaultdict(set))

    def add(self, other: _Listed) -> None:
        """What another subscription has as well."""
        self.opted_in.update(other.opted_in)
        for key, endpoints in other.marked.items():
            self.marked[key] |= endpoints


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
        found, unread = _Listed(), 0
        for subscription in self.policy.subscriptions:
            try:
                found.add(await self._listed(subscription))
            except CausewayError as error:  # its own failure: the other subscriptions are swept all the same
                unread += 1
                log.error(line("subscription not listed", subscription=subscription, why=str(error)))
        await self._adopt(
            found.marked
        )  # listed before the ledger is read: an object has a row before it exists
        due = {at for at in await self.ledger.targets() if watched(at.subscription, self.policy)}
        due |= found.opted_in
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
        every = await self._listed(group.subscription)
        listed = {at for at in every.opted_in if at.group == group}
        await self._send(listed - known, item.reason, item.correlation, now)
        return len(listed | known)

    async def _send(self, due: set[ResourceId], reason: Reason, correlation: str, fresh_from: float) -> None:
        for at in sorted(due, key=lambda at: at.key):
            await self.queue.send(WorkItem(at.text, reason, correlation, fresh_from=fresh_from).text())

    async def _adopt(self, marked: Mapping[str, set[ResourceId]]) -> None:
        """Give endpoints that bear our tags, and that no row has, to the row of the target that they name.

        A write that left a worker after its claim had ended makes one. The next pass of the target uses or
        removes it. One that Causeway did not make, or whose target no row has, is only reported.
        """
        if not marked:
            return
        try:
            owned = await self.ledger.owned()
            for key, endpoints in sorted(marked.items()):
                if orphans := sorted(endpoints - owned, key=lambda at: at.key):
                    await self._adopt_for(key, orphans)
        except CausewayError as error:  # what is not known to be an orphan is none
            log.error(line("orphans not searched for", why=str(error)))

    async def _adopt_for(self, key: str, orphans: list[ResourceId]) -> None:
        state = await self.ledger.get(key)
        made = [at for at in orphans if state and await self._is_made_for(state.target, at)]
        adopted = state is not None and bool(made) and await self.ledger.adopt(state.target, made)
        facts = {"endpoints": [at.text for at in orphans], "target_key": key, "adopted": adopted}
        log.warning(line("endpoints with Causeway's tags that no row has", **facts))

    async def _is_made_for(self, target: ResourceId, at: ResourceId) -> bool:
        try:
            body = await self.arm.get(at)
        except CausewayError as error:  # the next sweep tries again
            log.warning(line("endpoint not read", endpoint=at.text, why=str(error)))
            return False
        return body is not None and kind_of(at).is_recorded(Seen(at, body), target, MADE_WITHOUT_ANSWER)

    async def _listed(self, subscription: str) -> _Listed:
        """What a subscription has. Which profile a tag names is not checked here."""
        inherits = self.policy.opt_in.inherit == "resource_group"
        groups = await self.arm.resource_groups(subscription) if inherits else {}
        found = _Listed()
        async for page in self.arm.resources(subscription):
            for resource in page:
                at = resource_id(resource.get("id"))  # None: an extension resource, or outside of a group
                written = mapping(resource.get("tags")).items()
                tags = {name: text for name, text in written if isinstance(text, str)}
                if at and self.catalogue.knows(at.type):
                    word = opt_in(at.type, tags, groups.get(at.resource_group.lower(), {}), self.policy)
                    if word is not None and word.lower() != DISABLED:
                        found.opted_in.add(at)
                elif at and kind_of(at).HAS_GUID and (key := target_of_mark(Seen(at, {"tags": tags}))):
                    found.marked[key].add(at)
        return found
