"""Queue many resources at once: all of them for the drift timer, or those of one resource group.

A sweep queues every resource that the policy opts in and every one in the ledger, except those whose last
item still waits in the queue. The reconcile pass of a resource that is in order writes nothing.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import batched

from shared.core.base.bodies import Seen, mapping, resource_id
from shared.core.base.errors import CausewayError
from shared.core.base.ids import GroupId, ResourceId, target_key
from shared.core.base.log_lines import line
from shared.core.catalogue.catalogue import Catalogue
from shared.core.events.reason import Reason
from shared.core.events.work_item import WorkItem
from shared.core.kinds.kind import UNKNOWN_GUID, target_of_mark
from shared.core.kinds.registry import kind_of
from shared.core.outcome.sweep_report import PREFIX, SweepReport
from shared.core.policy.choice import DISABLED
from shared.core.policy.in_force import InForce
from shared.core.policy.intent import opt_in, watched
from shared.core.policy.policy import Policy
from shared.ports import Arm, Clock, Ledger, Sweeps, WorkQueue

log = logging.getLogger("causeway.sweep")

# Work items of a sweep become visible no faster than Resource Manager's limits on reads can serve them
# (LIM-01). The check of a connected resource takes one read in its own subscription, and three in that of its
# endpoint. So an event or a person's rerun does not wait behind a long queue.
AT_ONCE, A_SECOND = 200, 25  # reads in one subscription, where the app uses all of the limit
SENDERS = 16  # items that are sent at once

MADE_WITHOUT_ANSWER = frozenset({UNKNOWN_GUID})


@dataclass(frozen=True, slots=True)
class _Listed:
    """Resources that tags or policy opt in, and endpoints that bear our tags, by their target's key."""

    opted_in: set[ResourceId] = field(default_factory=set)
    marked: defaultdict[str, set[ResourceId]] = field(default_factory=lambda: defaultdict(set))


@dataclass(frozen=True, slots=True)
class Sweeper:
    """Finds every resource that should be connected, or was. `rate`: as in `ports.RequestLimits`."""

    policy: Policy
    catalogue: Catalogue
    arm: Arm
    ledger: Ledger
    sweeps: Sweeps
    queue: WorkQueue
    clock: Clock
    rate: float = 1.0
    in_force: Callable[[], InForce | None] = lambda: None

    async def sweep(self) -> int:
        """Queue each resource once, with reason `drift`. Returns how many."""
        begun = self._begun()
        await self.sweeps.record(begun)
        known, waiting = set(await self.ledger.targets()), await self.sweeps.waiting()
        listed, unread = await self._listed()
        adopted = await self._adopted(listed.values())
        every = known.union(adopted, *(found.opted_in for found in listed.values()))
        due = [at for at in every if target_key(at) not in waiting]
        await self._send_drift(due, begun)
        report = replace(
            begun,
            ended=self.clock.now().timestamp(),
            listed={subscription: len(found.opted_in) for subscription, found in listed.items()},
            unread=unread,
            known=len(known),
            unwatched=sum(not watched(at.subscription, self.policy) for at in known),
            queued=len(due),
            waiting=len(every) - len(due),
        )
        await self.sweeps.record(report)
        log.info(line("sweep", **report.record()))
        return len(due)

    def _begun(self) -> SweepReport:
        counts = self.in_force()
        policy, problem = (counts.hash, counts.problem) if counts else ("", "")
        began = self.clock.now().timestamp()
        return SweepReport(f"{PREFIX}{uuid.uuid4()}", began, policy=policy, policy_problem=problem)

    async def _listed(self) -> tuple[dict[str, _Listed], dict[str, str]]:
        """What each subscription's list has, and the error of each that could not be listed."""
        listed, unread = dict[str, _Listed](), dict[str, str]()
        for subscription in self.policy.subscriptions:
            try:
                listed[subscription] = await self._list(subscription)
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
        every = await self._list(group.subscription)
        listed = {at for at in every.opted_in if at.group == group}
        await self._send(listed - known, item.reason, item.correlation, now)
        return len(listed | known)

    async def _send_drift(self, due: Iterable[ResourceId], report: SweepReport) -> None:
        delays = self._delays(sorted(due, key=lambda at: at.key))
        for few in batched(delays, SENDERS, strict=False):
            await asyncio.gather(*(self._send_later(at, delay, report) for at, delay in few))

    def _delays(self, due: Iterable[ResourceId]) -> Iterator[tuple[ResourceId, timedelta]]:
        """Each with the time for which its work item is hidden: as long as the reads before it take."""
        subnets = (at for one in self.policy.profiles.values() for ids in one.subnets.values() for at in ids)
        hubs, reads = {at.subscription.lower() for at in subnets}, 0
        for at in due:
            yield at, timedelta(seconds=max(0.0, (reads - AT_ONCE) / (A_SECOND * self.rate)))
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

    async def _adopted(self, listed: Iterable[_Listed]) -> set[ResourceId]:
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

    async def _list(self, subscription: str) -> _Listed:
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
                    if self._opts_in(at, tags, groups):
                        found.opted_in.add(at)
                elif at and kind_of(at).HAS_GUID and (key := target_of_mark(Seen(at, {"tags": tags}))):
                    found.marked[key].add(at)
        return found

    def _opts_in(
        self, at: ResourceId, tags: Mapping[str, str], groups: Mapping[str, Mapping[str, str]]
    ) -> bool:
        word = opt_in(at.type, tags, groups.get(at.resource_group.lower(), {}), self.policy)
        return word is not None and word.lower() != DISABLED
