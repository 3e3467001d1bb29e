"""Choosing sites, and reading capacity where that can still change the choice.

`core/placement/sites.py` decides. A pass that creates no endpoint asks nothing here.
"""

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from shared.core.base.errors import CausewayError
from shared.core.base.ids import ResourceId
from shared.core.base.log_lines import line
from shared.core.base.refusal import Refusal
from shared.core.base.target import Target
from shared.core.catalogue.catalogue import Catalogue
from shared.core.kinds.nic import NIC, ips_in
from shared.core.placement.capacity import addresses_needed, required_members
from shared.core.placement.site import Candidates, Site
from shared.core.placement.sites import Addresses, Doubt, Members, Used, doubt, sites
from shared.core.policy.intent import Connect, Declined
from shared.core.policy.policy import Policy
from shared.core.readings.capacity import Taken, Usage, endpoints_used
from shared.core.readings.observed import Observed
from shared.core.readings.reading import Read
from shared.flow.cached_reads import CachedReads
from shared.flow.reader import Reader
from shared.ports import ArmReader, Bodies, Clock

log = logging.getLogger("causeway.capacity")

USAGES_API = "2024-05-01"  # Microsoft.Network: REST reference "Usages - List"
NEAR = 0.9  # of the limit: from here on a count is asked for as often as everything else
FAR = 3600.0  # seconds that a count stays good below that: an hour brings no thousands of endpoints


@dataclass(frozen=True, slots=True)
class CapacityReader:
    """Reads what a target's groups take, and what a subscription has used."""

    policy: Policy
    catalogue: Catalogue
    arm: ArmReader
    cached: CachedReads
    reader: Reader
    clock: Clock

    async def sites(
        self,
        target: Target,
        connect: Connect,
        found: Candidates | Declined | Refusal,
        observed: Observed,
        recorded: Collection[ResourceId] = (),
    ) -> tuple[Mapping[str, Site] | Declined | Refusal, Observed]:
        """The sites, certain enough to write, and the picture with what was read for that.

        Terminates: each round settles one question; at most one per candidate, plus one.
        """
        while True:
            chosen = sites(target, connect, found, self.policy.limits, observed, recorded)
            asked = doubt(chosen, observed)
            if asked is None:
                return chosen, observed
            observed = await self._answered(target, connect, asked, observed)

    async def _answered(self, target: Target, connect: Connect, asked: Doubt, observed: Observed) -> Observed:
        capacity = observed.capacity
        match asked:
            case Used(subscription, region):
                used = {**capacity.used, (subscription, region): await self._used(subscription, region)}
                return replace(observed, capacity=replace(capacity, used=used))
            case Addresses(subnet):
                taken = {**capacity.taken, subnet: await self._taken(subnet)}
                return replace(observed, capacity=replace(capacity, taken=taken))
            case Members(scarce):
                groups = [group.group_id for group in connect.groups]
                listed = await self._members(target.id)
                takes = addresses_needed(target.id.type, groups, listed)
                names = required_members(listed)
                if scarce:  # the last few addresses of a subnet are not counted in a minute-old reading
                    observed = await self.reader.fresh([Read(scarce)], observed)
                return replace(observed, capacity=replace(capacity, addresses=takes, members=names))

    async def _taken(self, subnet: ResourceId) -> Taken:
        """The addresses of the interfaces in a subnet, listed now: those have to be in its subscription.

        Other holders, such as load balancers, show themselves when Azure refuses an address.
        """
        now = self.clock.now().timestamp()
        listed = await self.cached.of_type(NIC, subnet.subscription, now)
        return Taken(frozenset(ip for one in listed.value.items for ip in ips_in(one, subnet)), listed.at)

    async def _used(self, subscription: str, region: str) -> Usage | None:
        """The private endpoints of a subscription in a region; an hour matters only close to the limit."""
        name = f"private endpoints of {subscription} in {region}"
        path = f"/subscriptions/{subscription}/providers/Microsoft.Network/locations/{region}/usages"
        try:
            used = await self.cached.computed(name, lambda: self._count(path), max_age=FAR)
            near = used is not None and used.count >= NEAR * used.limit
            return await self.cached.computed(name, lambda: self._count(path)) if near else used
        except CausewayError as error:  # without a count, Azure's own limit still holds
            log.warning(line("usages not read", subscription=subscription, region=region, why=str(error)))
            return None

    async def _count(self, path: str) -> Usage | None:
        return endpoints_used(await self._listed(path, USAGES_API))

    async def _members(self, target: ResourceId) -> Bodies | None:
        try:
            version = self.catalogue.api_version(target.type)
            return await self._listed(f"{target.text}/privateLinkResources", version)
        except CausewayError as error:  # a stated minimum counts then, and Azure refuses what does not fit
            log.warning(line("private link resources not read", target=target.text, why=str(error)))
            return None

    async def _listed(self, path: str, version: str) -> Bodies:
        return [entry async for page in self.arm.pages(path, api_version=version) for entry in page]
