"""Private addresses of a subnet: which are taken, and by which ip configuration (kept in `private`).

Azure reserves five addresses of each
subnet: the first four and the last (source: docs/azure/virtual-networks.md, VNET-06).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass, field
from heapq import heappop, heappush

from sandbox.azure.kernel.ids import ArmId
from sandbox.azure.kernel.model import ArmError, Resource

RESERVED = 5
FIRST = 4  # offset of the first address that Azure assigns


@dataclass(slots=True)
class Frontier:
    """How far a subnet has been assigned, so that the next address is found without a search.

    Every address before (prefix, offset) is taken or in `released`, a heap of such places.
    """

    prefixes: list[str]
    prefix: int = 0
    offset: int = FIRST
    released: list[tuple[int, int]] = field(default_factory=list)


def prefixes(subnet: Resource) -> list[str]:
    """The subnet's address prefixes, from its single member or its list."""
    many = subnet.properties.get("addressPrefixes")
    return list(many) if many else [subnet.properties["addressPrefix"]]


def taken(subnet: Resource) -> dict[str, str]:
    """Addresses in use: address -> id of the ip configuration that holds it.

    The stored dictionary itself: `take` and `release` change it.
    """
    held: dict[str, str] = subnet.private.setdefault("addresses", {})
    return held


def free(subnet: Resource) -> int:
    """How many addresses are free."""
    total = sum(max(0, ipaddress.ip_network(one).num_addresses - RESERVED) for one in prefixes(subnet))
    return total - len(taken(subnet))


def usable(subnet: Resource, least: int = 0) -> Iterator[str]:
    """Addresses that Azure would assign next, lowest first (the first of an empty /24 is .4).

    least: the number of the lowest address to begin with.
    """
    held = taken(subnet)
    for prefix in prefixes(subnet):
        network = ipaddress.ip_network(prefix)
        first = max(FIRST, least - int(network.network_address))
        for offset in range(first, network.num_addresses - 1):
            address = str(network[offset])
            if address not in held:
                yield address


def _next(subnet: Resource) -> str:
    """The lowest usable address, at the same cost in a full subnet and an empty one.

    Raises StopIteration when there is none.
    """
    held, frontier = taken(subnet), _frontier(subnet)
    while frontier.released:
        prefix, offset = heappop(frontier.released)
        address = str(ipaddress.ip_network(frontier.prefixes[prefix])[offset])
        if address not in held:
            return address
    while frontier.prefix < len(frontier.prefixes):
        network = ipaddress.ip_network(frontier.prefixes[frontier.prefix])
        while frontier.offset < network.num_addresses - 1:
            address = str(network[frontier.offset])
            frontier.offset += 1
            if address not in held:
                return address
        frontier.prefix, frontier.offset = frontier.prefix + 1, FIRST
    raise StopIteration


def _frontier(subnet: Resource) -> Frontier:
    """The subnet's frontier; a new one when its prefixes have changed."""
    known: Frontier | None = subnet.private.get("frontier")
    if known is None or known.prefixes != prefixes(subnet):
        known = subnet.private["frontier"] = Frontier(prefixes(subnet))
    return known


def require_capacity(subnet: Resource, count: int) -> None:
    """Raise 400 SubnetIsFull unless `count` addresses are free (source: docs/azure/private-endpoints.md,
    PE-20)."""
    if free(subnet) < count:
        raise ArmError(
            400,
            "SubnetIsFull",
            f"Subnet {subnet.name} with address prefix {prefixes(subnet)[0]} does not have enough capacity "
            f"for {count} IP addresses.",
            details=[],
        )


def take(subnet: Resource, holder: ArmId | str, address: str | None = None) -> str:
    """Assign an address (the given one, or the next free) to the ip configuration `holder`; returns it.

    Raises 400 SubnetIsFull, PrivateIPAddressNotInSubnet, PrivateIPAddressInReservedRange or
    PrivateIPAddressInUse (codes of the network service, texts shortened).
    """
    if address is None:
        require_capacity(subnet, 1)
        address = _next(subnet)
    else:
        refuse_unfit(subnet, address)
    taken(subnet)[address] = str(holder)
    return address


def release(subnet: Resource | None, address: str) -> None:
    """Free an address. Does nothing for a deleted subnet or a free address."""
    if subnet is None or taken(subnet).pop(address, None) is None:
        return
    frontier, number = _frontier(subnet), ipaddress.ip_address(address)
    for place, prefix in enumerate(frontier.prefixes):
        network = ipaddress.ip_network(prefix)
        offset = int(number) - int(network.network_address)
        if number in network and (place, offset) < (frontier.prefix, frontier.offset):
            heappush(frontier.released, (place, offset))


def refuse_unfit(subnet: Resource, address: str) -> None:
    """Raise 400 for an address outside the subnet, reserved, or taken (see `take`)."""
    number = ipaddress.ip_address(address)
    home = next((net for net in map(ipaddress.ip_network, prefixes(subnet)) if number in net), None)
    if home is None:
        code, why = "PrivateIPAddressNotInSubnet", f"is not in the address range of subnet {subnet.id.text}"
    elif number in (*(home[i] for i in range(min(4, home.num_addresses))), home[-1]):
        code, why = "PrivateIPAddressInReservedRange", "is in the range that the platform reserves"
    elif address in taken(subnet):
        code, why = "PrivateIPAddressInUse", f"is already allocated to {taken(subnet)[address]}"
    else:
        return
    raise ArmError(400, code, f"Private static IP address {address} {why}.", details=[])
