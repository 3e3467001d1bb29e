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
from shared.core.base.rights import Right, to_write
from shared.core.base.written import recreation
from shared.core.kinds.kind import MARK_TAG, MARK_VALUE, Managed
from shared.core.policy.style import Tags
from shared.core.readings.observed import Observed
from shared.core.readings.other_zones import ZoneLink
from shared.core.readings.reading import Absent, Members, Present, Read, Reading

TYPE = "Microsoft.Network/privateDnsZones/virtualNetworkLinks"
COLLECTION = "virtualNetworkLinks"
LINKED_ELSEWHERE = "VirtualNetworkLinkedElsewhere"
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


def state_of(link: Seen) -> str:
    """The link's own state, or that of its provisioning where it shows none."""
    return str(link.properties.get("virtualNetworkLinkState") or link.state)


def link_to(links: Members, network: ResourceId) -> Seen | None:
    """The link, of any name, that joins the network to the zone."""
    return links.parsed(_by_network).get(network)


def _by_network(links: tuple[Seen, ...]) -> dict[ResourceId | None, Seen]:
    return {network_of(link): link for link in reversed(links)}


@dataclass(frozen=True, slots=True)
class Link(Managed):
    """One network's link to one zone, at `id`: ours, or the one that someone else made.

    `for_all`: the zone answers for resources that have nothing to do with the target. `allowed`: the policy
    accepts that.
    """

    TYPE = TYPE
    REPAIR = "names"

    id: ResourceId
    zone: ResourceId
    network: ResourceId
    fallback: bool = False  # ask public DNS where the zone has no record
    for_all: bool = False
    allowed: bool = False
    tags: Tags = ()  # of a new link

    @property
    def rights(self) -> tuple[Right, ...]:
        return to_write(self.id, self.network)

    @property
    def needs(self) -> tuple[ResourceId, ...]:
        return (self.zone,)

    @property
    def guarded(self) -> bool:
        return True

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
        """No client network exists, or this one asks another zone of the name, or would lose other names.

        Once the endpoint exists, that zone hides the target's public name from the network: nothing is begun.
        """
        if have is not None:
            return None
        if observed.absent(self.network):
            return network_not_found(self.network, stops_all=True)
        known = observed.elsewhere.get(self.zone.name.lower())
        other = known.of(self.network, self.zone) if known else None
        if other:
            return linked_elsewhere(other)
        return self._takes_all() if self.for_all and not self.allowed else None

    def _takes_all(self) -> Refusal:
        return Refusal(
            self.network,
            "SharedNames",
            f"public DNS leads every name of {self.zone.name} into that zone: once linked, "
            f"{self.network.name} asks the zone alone for all resources of this service, and finds only what "
            "the endpoint serves",
            "make sure that the resource serves all that these networks use, and list its type under "
            "dns.shared_names in the profile; or opt the resource out",
            stops_all=True,
        )

    def remade(self, before: Seen, observed: Observed) -> dict[str, Any]:
        """With its registration, its fallback and its tags."""
        return self.body(Seen(before.id, recreation(before)), observed)

    def body(self, have: Seen | None, observed: Observed) -> dict[str, Any]:
        kept = mapping(have.body.get("tags")) if have else dict(self.tags)
        properties: dict[str, Any] = dict(have.properties) if have else {"registrationEnabled": False}
        if self.fallback:
            properties["resolutionPolicy"] = FALLBACK
        return {
            "location": "global",
            "tags": {**kept, MARK_TAG: MARK_VALUE},
            "properties": {**properties, "virtualNetwork": {"id": self.network.text}},
        }


def links_of(listed: Members) -> tuple[ZoneLink, ...]:
    """The links of a zone, each with its network."""
    return tuple(
        ZoneLink(one.id, one.id.parent, network, one.properties.get("resolutionPolicy") == FALLBACK)
        for one in listed.items
        if (network := network_of(one)) and one.id.parent
    )


def linked_elsewhere(other: ZoneLink) -> Refusal:
    """A client network asks another zone of the name, which hides the resource's name from it."""
    return Refusal(
        other.at,
        LINKED_ELSEWHERE,
        f"the network {other.network.name} is linked to {other.zone.text}, by {other.at.name}: it can be "
        "linked to one zone of a name only (Azure refuses overlapping namespaces), and would no longer "
        "resolve the resource's name",
        f"delete the link {other.at.text}, once the profile's zone has the records that are used there, and "
        "rerun the resource; or give the network a profile whose zones_resource_group has that zone",
        stops_all=True,
    )
