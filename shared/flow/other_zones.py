"""Reading, before an endpoint is created, which networks ask a foreign zone of the same name.

Zones are looked for in the watched subscriptions, in those of the client networks, and where the zones are
kept. What cannot be read is reported. A zone elsewhere shows itself when the client network is linked: links
are written before the endpoint.
"""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from shared.core.base.bodies import reference
from shared.core.base.errors import CausewayError, clean
from shared.core.base.ids import ResourceId
from shared.core.kinds.link import COLLECTION, links_of
from shared.core.kinds.zone import TYPE as ZONE
from shared.core.plan.desired import Desired
from shared.core.readings.observed import Observed
from shared.core.readings.other_zones import LinkedElsewhere, ZoneLink
from shared.core.readings.reading import Read
from shared.flow.cached_reads import CachedReads
from shared.flow.scopes import Scopes
from shared.ports import ArmReader

API = "2020-06-01"  # Microsoft.Network: REST reference "Private Zones - List"


class OtherZonesReader:
    """Reads zones by their name. One per process; one list of a subscription serves a minute."""

    def __init__(self, scopes: Scopes, arm: ArmReader, cached: CachedReads) -> None:
        self._scopes = scopes
        self._arm = arm
        self._cached = cached

    async def read(self, wanted: Desired, observed: Observed, not_older_than: float) -> Observed:
        """The picture with who is linked to zones of these paths' names that are not theirs."""
        own: defaultdict[str, set[ResourceId]] = defaultdict(set)
        for path in wanted.paths:
            for name in path.kept_names:
                own[name.lower()].update()
            for zone in path.zones:
                own[zone.id.name.lower()].add(zone.id)
        asked = {name: ids for name, ids in own.items() if name not in observed.elsewhere}
        if not asked:
            return observed
        own_zones = (at for ids in asked.values() for at in sorted(ids, key=str))
        places = (*wanted.resolvers, *wanted.linked, *own_zones)
        scope = await self._scopes.scope()
        every = (*scope.subscriptions, *(at.subscription for at in places))
        subscriptions = tuple(dict.fromkeys(one.lower() for one in every))
        named = await asyncio.gather(*(self._named(at, not_older_than) for at in subscriptions))
        found = {name: await self._elsewhere(name, at, named, not_older_than) for name, at in asked.items()}
        return replace(observed, elsewhere={**observed.elsewhere, **found})

    async def _named(
        self, subscription: str, not_older_than: float
    ) -> tuple[Mapping[str, tuple[ResourceId, ...]], str]:
        """The zones of a subscription by their lower-case name, and why they are not known."""
        path = f"/subscriptions/{subscription}/providers/{ZONE}"
        try:
            return await self._cached.computed(path, lambda: self._listed(path), not_older_than), ""
        except CausewayError as error:
            return {}, f"the private DNS zones of subscription {subscription} ({clean(str(error))})"

    async def _listed(self, path: str) -> Mapping[str, tuple[ResourceId, ...]]:
        found: dict[str, tuple[ResourceId, ...]] = {}
        async for page in self._arm.pages(path, api_version=API):
            for at in filter(None, map(reference, page)):
                found[at.name.lower()] = (*found.get(at.name.lower(), ()), at)
        return found

    async def _elsewhere(
        self,
        name: str,
        own: Collection[ResourceId],
        named: Iterable[tuple[Mapping[str, tuple[ResourceId, ...]], str]],
        not_older_than: float,
    ) -> LinkedElsewhere:
        others = [at for zones, _ in named for at in zones.get(name, ()) if at not in own]
        read = await asyncio.gather(*(self._links(at, not_older_than) for at in others))
        links = tuple(link for found, _ in read for link in found)
        unread = (*(why for _, why in named), *(why for _, why in read))
        return LinkedElsewhere(links, tuple(filter(None, unread)))

    async def _links(self, zone: ResourceId, not_older_than: float) -> tuple[tuple[ZoneLink, ...], str]:
        try:
            listed = await self._cached.members(Read(zone, COLLECTION, shared=True), not_older_than)
        except CausewayError as error:
            return (), f"the links of {zone.text} ({clean(str(error))})"
        return links_of(listed.value), ""
