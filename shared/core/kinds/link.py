"""Virtual network links: `Microsoft.Network/privateDnsZones/virtualNetworkLinks`.

A link lets one network resolve one zone. Any link of the network to the zone answers the need,
whatever its name: Azure refuses a second one.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from shared.core.base.bodies import Seen, mapping, reference
from shared.core.base.ids import ResourceId
from shared.core.kinds.kind import MARK_TAG, MARK_VALUE, Ordinary

COLLECTION = "virtualNetworkLinks"
FALLBACK = "NxDomainRedirect"  # Microsoft Learn: "Fallback to internet for Azure Private DNS zones"


def link_id(zone: ResourceId, network: ResourceId) -> ResourceId:
    """Where our link of this network stands: the network's name and a hash, as names repeat over groups."""
    digest = hashlib.sha256(network.key.encode()).hexdigest()[:8]
    return zone.child(COLLECTION, f"causeway-{network.name[:50]}-{digest}")


def network_of(link: Seen) -> ResourceId | None:
    """The virtual network that the link lets resolve the zone."""
    return reference(link.properties.get("virtualNetwork"))


def completed(link: Seen) -> bool:
    """Names resolve over it. `Succeeded` alone is not enough: the link's own state may lag behind."""
    return link.state == "succeeded" and link.properties.get("virtualNetworkLinkState") == "Completed"


@dataclass(frozen=True, slots=True)
class Link(Ordinary):
    """One network's link to one zone, at `id`: ours, or the one that someone else made."""

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

    def at(self, links: Iterable[Seen]) -> Seen | None:
        """The link, of any name, that already joins the network to the zone."""
        return next((link for link in links if network_of(link) == self.network), None)

    def drift(self, have: Seen) -> tuple[str, ...]:
        if have.state == "failed":
            return ("provisioning failed",)
        if network_of(have) != self.network:
            return ("it links another network",)
        falls_back = have.properties.get("resolutionPolicy") == FALLBACK
        if self.fallback and not falls_back and self.is_ours(have):
            return ("it does not fall back to public DNS",)
        return ()

    def beyond_repair(self, have: Seen) -> str | None:
        """The linked network cannot be changed in place."""
        return None if network_of(have) == self.network else "it links another network"

    def body(self, have: Seen | None) -> dict[str, Any]:
        kept = mapping(have.body.get("tags")) if have else {}
        properties: dict[str, Any] = dict(have.properties) if have else {"registrationEnabled": False}
        if self.fallback:
            properties["resolutionPolicy"] = FALLBACK
        return {
            "location": "global",
            "tags": {**kept, MARK_TAG: MARK_VALUE},
            "properties": {**properties, "virtualNetwork": {"id": self.network.text}},
        }
