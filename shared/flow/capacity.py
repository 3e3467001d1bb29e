"""Choosing sites, and asking Azure about room where that can still change the choice.

Place in the data's way: between `Surroundings` and `Desired`, around `core/place.py`, which decides. A walk
that makes no endpoint asks nothing here.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace

from shared.core.base.bodies import Seen
from shared.core.base.errors import CausewayError
from shared.core.base.ids import ResourceId
from shared.core.base.log_lines import line
from shared.core.base.target import Target
from shared.core.catalogue.catalogue import Catalogue
from shared.core.placement.candidate import addresses_needed
from shared.core.placement.capacity import Usage, endpoints_used
from shared.core.placement.sites import Doubt, Members, Site, Used, doubt, sites
from shared.core.plan.actions import Block
from shared.core.policy.intent import Connect
from shared.core.policy.policy import Policy
from shared.core.readings.observed import Surroundings
from shared.flow.cached_reads import SharedReads
from shared.ports import Arm, Bodies

log = logging.getLogger("causeway.room")

USAGES_API = "2024-05-01"  # Microsoft.Network: REST reference "Usages - List"
NEAR = 0.9  # of the limit: from here on a count is asked for as often as everything else
FAR = 3600.0  # seconds that a count stays good below that: nobody makes thousands of endpoints in an hour


@dataclass(frozen=True, slots=True)
class RoomReader:
    """Reads what a target's groups take, and what a subscription has used."""

    policy: Policy
    catalogue: Catalogue
    arm: Arm
    shared: SharedReads

    async def sites(
        self,
        target: Target,
        connect: Connect,
        region: str,
        subnets: tuple[ResourceId, ...],
        around: Surroundings,
    ) -> tuple[Mapping[str, Site] | Block, Surroundings]:
        """The sites, sure enough to write, and the surroundings with what was asked for that.

        It ends: each round answers one question for good, and there are as many as candidates, and one.
        """
        while True:
            chosen = sites(target, connect, region, subnets, around, self.policy.limits)
            asked = doubt(chosen, around)
            if asked is None:
                return chosen, around
            around = await self._answered(target, connect, asked, around)

    async def _answered(
        self, target: Target, connect: Connect, asked: Doubt, around: Surroundings
    ) -> Surroundings:
        room = around.room
        match asked:
            case Used(subscription, region):
                used = await self._used(subscription, region)
                return replace(around, room=replace(room, used={**room.used, (subscription, region): used}))
            case Members(scarce):
                groups = [group.group_id for group in connect.groups]
                takes = addresses_needed(target.id.type, groups, await self._members(target.id))
                networks = {**around.networks, **await self._anew(scarce)}
                return replace(around, room=replace(room, addresses=takes), networks=networks)

    async def _used(self, subscription: str, region: str) -> Usage | None:
        """The private endpoints of a subscription in a region; an hour matters only close to the limit."""
        name = f"private endpoints of {subscription} in {region}"
        path = f"/subscriptions/{subscription}/providers/Microsoft.Network/locations/{region}/usages"
        try:
            used = await self.shared.held(name, lambda: self._count(path), FAR)
            near = used is not None and used.count >= NEAR * used.limit
            return await self.shared.held(name, lambda: self._count(path)) if near else used
        except CausewayError as error:  # a count that cannot be read stops nobody
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

    async def _anew(self, scarce: ResourceId | None) -> dict[ResourceId, Seen | None]:
        """The last few addresses of a subnet are not counted in a reading that is a minute old."""
        if scarce is None:
            return {}
        self.shared.forget(scarce)
        return {scarce: await self.shared.get(scarce)}
