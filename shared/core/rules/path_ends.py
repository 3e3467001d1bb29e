"""The two ends of a path: the client's subnets, and the endpoint's addresses and ports."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from shared.core.base.bodies import Seen
from shared.core.base.ids import ResourceId
from shared.core.catalogue.catalogue import Port
from shared.core.readings.embedded import subnets_of
from shared.core.readings.networks import group_of, prefixes_in, table_of
from shared.core.rules.traffic import common, ranges, traffic_range

type Parts = Mapping[ResourceId, Collection[ResourceId]]  # client subnets by network, where not all are

NO_PARTS: Parts = MappingProxyType({})
# Subnets of these names hold Azure's own services, never clients (docs/azure/virtual-networks.md, VNET-13).
RESERVED_NAMES = frozenset(
    {
        "gatewaysubnet",
        "azurefirewallsubnet",
        "azurefirewallmanagementsubnet",
        "azurebastionsubnet",
        "routeserversubnet",
    }
)


@dataclass(frozen=True, slots=True)
class Destination:
    """The endpoint's end of a path: its subnet, all addresses that clients must reach, on any one port.

    The catalogue's ports are alternatives (AMQP or HTTPS, gateway or direct mode): one open port is enough.
    """

    subnet: ResourceId
    addresses: tuple[str, ...]
    ports: tuple[Port, ...]


def client_subnets(network: Seen) -> tuple[Seen, ...]:
    """Subnets that can hold clients: with prefixes, and not reserved for Azure's own services."""
    return network.parsed(_client_subnets)


def clients_in(network: Seen, parts: Parts) -> tuple[Seen, ...]:
    """The subnets of a network that hold clients: those that the profile names, or all that can."""
    named = parts.get(network.id)
    if named is None:
        return client_subnets(network)
    return tuple(one for one in subnets_of(network).items if one.id in named)


def groups_in(network: Seen, parts: Parts = NO_PARTS) -> tuple[ResourceId, ...]:
    """The security groups of all subnets of a network that hold clients."""
    if network.id in parts:
        return _used(group_of, clients_in(network, parts))
    return network.parsed(_groups_in)


def tables_in(network: Seen, parts: Parts = NO_PARTS) -> tuple[ResourceId, ...]:
    """The route tables of all subnets of a network that hold clients."""
    if network.id in parts:
        return _used(table_of, clients_in(network, parts))
    return network.parsed(_tables_in)


def is_near(address: str, inside: tuple[str, ...]) -> bool:
    """The address is in the client's own network, or in one that is peered with it."""
    return bool(common((traffic_range(address),), ranges(inside)))


def named(subnet: ResourceId) -> str:
    """A subnet as findings name it."""
    network = subnet.parent
    return f"subnet {subnet.name} of {network.name}" if network else f"subnet {subnet.name}"


def _client_subnets(network: Seen) -> tuple[Seen, ...]:
    return tuple(
        subnet
        for subnet in subnets_of(network).items
        if subnet.id.name.lower() not in RESERVED_NAMES and prefixes_in(subnet.properties)
    )


def _groups_in(network: Seen) -> tuple[ResourceId, ...]:
    return _used(group_of, client_subnets(network))


def _tables_in(network: Seen) -> tuple[ResourceId, ...]:
    return _used(table_of, client_subnets(network))


def _used(by: Callable[[Seen], ResourceId | None], subnets: Iterable[Seen]) -> tuple[ResourceId, ...]:
    return tuple(dict.fromkeys(at for at in map(by, subnets) if at))
