"""Virtual network links: `Microsoft.Network/privateDnsZones/virtualNetworkLinks`.

A link lets one network resolve one zone. Any link of the network to the zone meets the need, whatever its
name: Azure refuses a second one.
"""

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from shared.core.base.bodies import Seen, mapping, reference
from shared.core.base.ids import ResourceId, digest
from shared.core.base.refusal import Refusal, network_not_found
from shared.core.kinds.kind import MARK_TAG, MARK_VALUE, Managed
from shared.core.readings.observed import Observed
from shared.core.readings.reading import Absent, Members, Present, Read, Reading

TYPE = "Microsoft.Network/privateDnsZones/virtualNetworkLinks"
COLLECTION = "virtualNetworkLinks"
FALLBACK = "NxDomainRedirect"  # Microsoft Learn: "Fallback to internet for Azure Private DNS zones"


@functools.lru_cache(maxsize=4096)
def link_id(zone: ResourceId, network: ResourceId) -> ResourceId:
    """The id of our link of this network: the network's name and a hash, as names repeat over groups."""
    return zone.child(COLLECTION, f"causeway-{network.name[:50]}-{digest(network.key)}")


def network_of(link: Seen) -> ResourceId | None:
    """The virtual network that the link lets resolve the zone."""
    return reference(link.properties.get("virtualNetwork"))


def completed(link: Seen) -> bool:
    """Names resolve over it. `Succeeded` alone is not enough: the link's own state may lag behind."""
    return link.state == "succeeded" and link.properties.get("virtualNetworkLinkState") == "Completed"


def link_to(links: Members, network: ResourceId) -> Seen | None:
    """The link, of any name, that joins the network to the zone."""
    return links.parsed(_by_network).get(network)


def _by_network(links: tuple[Seen, ...]) -> dict[ResourceId | None, Seen]:
    return {network_of(link): link for link in reversed(links)}


@dataclass(frozen=True, slots=True)
class Link(Managed):
    """One network's link to one zone, at `id`: ours, or the one that someone else made."""

    TYPE = TYPE

    id: ResourceId
    zone: ResourceId
    network: ResourceId
    fallback: bool = False  # ask public DNS where the zone has no record

    @property
    def needs(self) -> tuple[ResourceId, ...]:
        return (self.zone,)

    @property
    def locks(self) -> tuple[str, ...]:
        return (self.id.key,)

    def reads(self, observed: Observed) -> Iterable[Read]:
        return (Read(self.zone, COLLECTION, shared=True),)

    def found(self, observed: Observed) -> Reading[Seen]:
        links = observed.members(self.zone, COLLECTION)
        if not isinstance(links, Present):
            return links
        link = link_to(links.value, self.network) or links.value.member(self.id)
        return Present(link, links.at, links.written) if link else Absent(links.at)

    def drift(self, have: Seen, observed: Observed) -> tuple[str, ...]:
        if have.state == "failed":
            return ("provisioning failed",)
        if network_of(have) != self.network:
            return ("it links another network",)
        falls_back = have.properties.get("resolutionPolicy") == FALLBACK
        if self.fallback and not falls_back and self.is_managed(have):
            return ("it does not fall back to public DNS",)
        return ()

    def beyond_repair(self, have: Seen) -> str | None:
        """The linked network cannot be changed in place."""
        return None if network_of(have) == self.network else "it links another network"

    def refused(self, have: Seen | None, observed: Observed) -> Refusal | None:
        missing = have is None and observed.absent(self.network)
        return network_not_found(self.network) if missing else None

    def body(self, have: Seen | None, observed: Observed) -> dict[str, Any]:
        kept = mapping(have.body.get("tags")) if have else {}
        properties: dict[str, Any] = dict(have.properties) if have else {"registrationEnabled": False}
        if self.fallback:
            properties["resolutionPolicy"] = FALLBACK
        return {
            "location": "global",
            "tags": {**kept, MARK_TAG: MARK_VALUE},
            "properties": {**properties, "virtualNetwork": {"id": self.network.text}},
        }
