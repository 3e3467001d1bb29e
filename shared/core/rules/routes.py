"""User-defined routes on the clients' own subnets: whether they take traffic for an endpoint elsewhere.

Route tables belong to the clients' owners: they are read, evaluated and named, never written.
Sources: docs/azure/routes.md, RT-07 to RT-14.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from shared.core.base.bodies import Seen, mapping, sequence
from shared.core.base.ids import ResourceId
from shared.core.readings.networks import Network, address_space, routed, table_of
from shared.core.readings.observed import Observed
from shared.core.rules.addresses import is_prefix
from shared.core.rules.path_ends import Destination, is_near, named

CODE = "DroppedByRoute"
DROP = "none"
_LEADS_TO = {
    "virtualnetworkgateway": "the virtual network gateway",
    "internet": "the Internet",
    "vnetlocal": "its own network",
}


@dataclass(frozen=True, slots=True)
class Route:
    """One route of a table. `hop`: the next hop type in lower case; `appliance`: its address, if any."""

    name: str
    prefix: Network
    hop: str
    appliance: str

    @property
    def leads_to(self) -> str:
        """Where it sends traffic, in words."""
        if self.appliance:
            return f"the appliance {self.appliance}"
        return _LEADS_TO.get(self.hop, f"the next hop {self.hop}")


@dataclass(frozen=True, slots=True)
class Detour:
    """A route of a client subnet's table that takes the traffic for one address of an endpoint.

    `certain`: no other route goes before it. Without direct peering a gateway's may, and those are not known.
    """

    subnet: ResourceId
    table: ResourceId
    address: str
    route: Route
    certain: bool

    @property
    def code(self) -> str:
        """Of the check that does not hold."""
        return CODE

    @property
    def final(self) -> bool:
        """No traffic of the subnet reaches the address. Of other next hops that is not known."""
        return self.certain and self.route.hop == DROP

    @property
    def remedy(self) -> str:
        """What the table's owner can do."""
        change = (
            f"remove {self.route.name} from {self.table.name}, or let it lead to an appliance that forwards"
        )
        return f"{change} traffic for {self.address}: the table is its owner's, Causeway never writes it"

    def __str__(self) -> str:
        who, by = named(self.subnet), f"route {self.route.name} of {self.table.name}"
        if self.final:
            return f"{who} cannot reach {self.address}: {by} drops its traffic"
        if self.route.hop == DROP:
            doubt = f"{by} drops its traffic unless a gateway has a more specific route"
            return f"whether {who} reaches {self.address} cannot be decided: {doubt}"
        taken = f"{by} sends traffic of {who} for {self.address} to {self.route.leads_to}"
        return f"{taken}: whether it arrives is not known"


def routes_of(table: Seen) -> tuple[Route, ...]:
    """The routes that a table lists, but for service tags: they hold public addresses alone (RT-13)."""
    return table.parsed(_routes)


def detours(
    subnet: Seen, destination: Destination, inside: tuple[str, ...], observed: Observed
) -> tuple[Detour, ...]:
    """The routes of a client's subnet that take traffic for the endpoint, each for one address:
    for one whose traffic it certainly drops, if there is any.

    `inside`: the prefixes of the client's network and of its peers, to whose endpoints Azure has a /32 route.
    """
    at = table_of(subnet)
    table = observed.present(at) if at else None
    if table is None:
        return ()
    found: dict[Route, Detour] = {}
    for one in _found(table, subnet, destination, inside, observed):
        if one.route not in found or one.final:
            found[one.route] = one
    return tuple(found.values())


def _found(
    table: Seen, subnet: Seen, destination: Destination, inside: tuple[str, ...], observed: Observed
) -> Iterator[Detour]:
    """One for each address that a route takes."""
    for address in destination.addresses:
        near = is_near(address, inside)
        route = taking(table, address, least(destination, address, observed) if near else 0)
        if route and not arrives(route, subnet, destination):
            yield Detour(subnet.id, table.id, address, route, certain=near)


def taking(table: Seen, address: str, least: int) -> Route | None:
    """The longest prefix decides (RT-08); a shorter one than `least` leaves Azure's own route in force."""
    ip = ip_address(address)
    holding = (route for route in routes_of(table) if ip in route.prefix)
    longest = max(holding, key=lambda route: route.prefix.prefixlen, default=None)
    return longest if longest and longest.prefix.prefixlen >= least else None


def least(destination: Destination, address: str, observed: Observed) -> int:
    """How long a prefix must be to go before Azure's own route to the endpoint (RT-09, RT-10)."""
    ip, parent = ip_address(address), destination.subnet.parent
    home, subnet = observed.present(parent) if parent else None, observed.present(destination.subnet)
    if home is None or subnet is None or not routed(subnet):
        return ip.max_prefixlen
    return next((space.prefixlen for space in address_space(home) if ip in space), ip.max_prefixlen)


def arrives(route: Route, subnet: Seen, destination: Destination) -> bool:
    """It leads to an endpoint in the client's own network (RT-12)."""
    return route.hop == "vnetlocal" and subnet.id.parent == destination.subnet.parent


def _routes(table: Seen) -> tuple[Route, ...]:
    return tuple(_listed(table))


def _listed(table: Seen) -> Iterator[Route]:
    for entry in map(mapping, sequence(table.properties.get("routes"))):
        properties = mapping(entry.get("properties"))
        prefix = str(properties.get("addressPrefix") or "")
        if is_prefix(prefix):
            hop = str(properties.get("nextHopType") or "").lower()
            appliance = str(properties.get("nextHopIpAddress") or "")
            yield Route(str(entry.get("name") or ""), ip_network(prefix, strict=False), hop, appliance)
