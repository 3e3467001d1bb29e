"""How many private endpoints networks hold, against limits of which Azure enforces only some.

Place in the data's way: beside `place.py`, which counts a subnet's addresses. Endpoints over peered networks
are limited together, and beyond that limit nothing is refused: connections get worse, so it is counted here.
Source: Microsoft Learn, "Azure subscription and service limits" (private link) and "Increase private endpoint
virtual network limits" (`privateEndpointVNetPolicies: Basic`, the high-scale mode). What a subscription may
have in a region (65,536) Azure itself tells with its count: REST reference "Usages - List".
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from shared.core.base.bodies import Json, Seen, mapping, reference, sequence
from shared.core.base.ids import ResourceId

PER_NETWORK, PER_NETWORK_HIGH_SCALE = 1000, 5000
OVER_PEERED, OVER_PEERED_HIGH_SCALE = 4000, 20_000
COUNTED = "privateendpoints"  # the name of the count among a region's usages, in lower case


@dataclass(frozen=True, slots=True)
class Usage:
    """How many there are, and how many Azure allows."""

    count: int
    limit: int


def endpoints_used(usages: Iterable[Json]) -> Usage | None:
    """The private endpoints among a subscription's usages in a region; None where they are not counted."""
    for entry in map(mapping, usages):
        count, limit = entry.get("currentValue"), entry.get("limit")
        named = str(mapping(entry.get("name")).get("value") or "").lower() == COUNTED
        if named and isinstance(count, int) and isinstance(limit, int):
            return Usage(count, limit)
    return None


def endpoints_in(network: Seen) -> int:
    """The private endpoints in a network, from the lists of its subnets; each counted once."""
    subnets = map(mapping, sequence(network.properties.get("subnets")))
    listed = (
        entry
        for subnet in subnets
        for entry in sequence(mapping(subnet.get("properties")).get("privateEndpoints"))
    )
    return len({at for entry in listed if (at := reference(entry))})


def high_scale(network: Seen) -> bool:
    """The network was opted in to higher limits."""
    return str(network.properties.get("privateEndpointVNetPolicies") or "").lower() == "basic"


def crowded(network: Seen, peered: Mapping[ResourceId, int], new: int = 1) -> str | None:
    """Why the network cannot take so many new endpoints, with the numbers; None if it can.

    `peered`: how many endpoints each network has that this one is peered with.
    """
    wide = high_scale(network)
    own, limit = endpoints_in(network), PER_NETWORK_HIGH_SCALE if wide else PER_NETWORK
    if own + new > limit:
        return f"{network.id.name} has {own} private endpoints and would get {new} more; Azure allows {limit}"
    others = sum(count for at, count in peered.items() if at != network.id)
    limit = OVER_PEERED_HIGH_SCALE if wide else OVER_PEERED
    if own + others + new > limit:
        return (
            f"{network.id.name} and the networks peered with it have {own + others} private endpoints and "
            f"would get {new} more; connections degrade beyond {limit}"
        )
    return None
