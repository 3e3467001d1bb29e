"""Links of private DNS zones that have the name of one of ours and are not ours.

A network can be linked to one zone of a name only (docs/azure/dns.md, DNS-07), and a linked network asks its
zone alone. So each of these networks stops resolving a name once public DNS leads it to the zone's name and
its own zone has no record for it.
"""

from dataclasses import dataclass

from shared.core.base.ids import ResourceId


@dataclass(frozen=True, slots=True)
class ZoneLink:
    """One network's link to one zone. `fallback`: it asks public DNS where the zone has no record."""

    at: ResourceId
    zone: ResourceId
    network: ResourceId
    fallback: bool


@dataclass(frozen=True, slots=True)
class LinkedElsewhere:
    """The links of all zones of one name that could be read, and what could not be read, in words."""

    links: tuple[ZoneLink, ...] = ()
    unread: tuple[str, ...] = ()

    def of(self, network: ResourceId, zone: ResourceId) -> ZoneLink | None:
        """The network's link to a zone of this name other than `zone`."""
        return next((one for one in self.links if one.network == network and one.zone != zone), None)
