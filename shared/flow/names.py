"""Reading what stands under an endpoint's names, once it is known which those are.

Place in the data's way: the last part of `observe`. Private DNS allows only 500 reads per 5 minutes for a
whole subscription: what standing zone groups report is compared with one shared list of each zone; a record
is read alone before a zone group would write over it, and where that list does not bear it out.
"""

import asyncio
from collections.abc import Awaitable, Mapping

from shared.core.base.bodies import Seen
from shared.core.base.errors import BlockedError, CausewayError
from shared.core.base.ids import ResourceId
from shared.core.kinds import link
from shared.core.kinds.record import API_VERSION, at_stake, record_id
from shared.core.kinds.zone_group import Record, ZoneGroup, records_of
from shared.core.names.resolution import kept_elsewhere
from shared.core.plan.decide import standing
from shared.core.plan.desired import Desired
from shared.core.readings.observed import Observed
from shared.flow.cached_reads import SharedReads, seen
from shared.ports import Arm


class Names:
    """Reads records, the links of zones that somebody else keeps, and the networks that resolve names."""

    def __init__(self, arm: Arm, shared: SharedReads) -> None:
        self._arm = arm
        self._shared = shared

    async def look(self, desired: Desired, view: Observed) -> Observed:
        """The view with all of that; what a walk only looks at does not stop it where reading is refused."""
        networks = [one for one in desired.resolvers if not (view.looked_at(one) or one in view.unreadable)]
        zones = [
            zone
            for zone in (kept_elsewhere(desired, view) if desired.resolvers else ())
            if not ((zone, link.COLLECTION) in view.collections or zone in view.unreadable)
        ]
        records, bodies, links = await asyncio.gather(
            self._records(_unread(desired, view)),
            asyncio.gather(*(_permitted(self._shared.get(one)) for one in networks)),
            asyncio.gather(*(_permitted(self._shared.list(zone, link.COLLECTION)) for zone in zones)),
        )
        view = await self._held(desired, view)
        for network, body in zip(networks, bodies, strict=True):
            view = view.refusing(network, body) if isinstance(body, str) else view.having({network: body})
        for zone, found in zip(zones, links, strict=True):
            if isinstance(found, str):
                view = view.refusing(zone, found)
            else:
                view = view.listing(zone, link.COLLECTION, found)
        return view.having(records)

    async def _held(self, desired: Desired, view: Observed) -> Observed:
        """Ask the zones for what standing zone groups report, by shared lists; a suspect is read alone."""
        reported = _reported(desired, view)
        zones = tuple(dict.fromkeys(record.zone for record in reported))
        lists = await asyncio.gather(*(self._listed(zone) for zone in zones))
        held = {zone: found for zone, found in zip(zones, lists, strict=True) if not isinstance(found, str)}
        for zone, found in zip(zones, lists, strict=True):
            if isinstance(found, str):
                view = view.believing(zone, found)
        suspects = [
            record_id(record)
            for record in reported
            if (names := held.get(record.zone)) is not None
            if names.get(record_id(record).name.lower(), frozenset()) != frozenset(record.addresses)
        ]
        return view.having(await self._records(suspects))

    async def _listed(self, zone: ResourceId) -> Mapping[str, frozenset[str]] | str:
        try:
            return await self._shared.records(zone)
        except CausewayError as error:
            return str(error)

    async def _records(self, unread: list[ResourceId]) -> dict[ResourceId, Seen | None]:
        bodies = await asyncio.gather(*(self._arm.get(at, api_version=API_VERSION) for at in unread))
        return {at: seen(at, body) for at, body in zip(unread, bodies, strict=True)}


def _unread(desired: Desired, view: Observed) -> list[ResourceId]:
    """Records over which a zone group of ours would write; in a zone that is not there, there are none."""
    groups = [want for want in desired.objects() if isinstance(want, ZoneGroup)]
    found = [(want, standing(want, view)) for want in groups]
    ours = [(want, have) for want, have in found if have is None or want.is_ours(have)]
    return [
        record
        for want, have in ours
        for record in at_stake(want, have)
        if record.parent and view.objects.get(record.parent) and not view.looked_at(record)
    ]


def _reported(desired: Desired, view: Observed) -> list[Record]:
    """Records that settled zone groups report in zones of ours, and that nobody has looked at."""
    groups = [want for want in desired.objects() if isinstance(want, ZoneGroup)]
    return [
        record
        for want in groups
        if (have := standing(want, view)) and not have.busy
        for record in records_of(have)
        if record.zone in want.zones
        and view.objects.get(record.zone)
        and record.zone not in view.unlisted
        and not view.looked_at(record_id(record))
    ]


async def _permitted[T](reading: Awaitable[T]) -> T | str:
    """The reading, or why Azure refuses it."""
    try:
        return await reading
    except BlockedError as error:
        return f"{error}; {error.remedy}"
