"""What the body of a virtual network says: its address space, its peerings, and its subnets.

Sources: Microsoft Learn, REST references "Virtual Networks", "Virtual Network Peerings" and "Subnets";
"Virtual network peering" (states and flags); docs/azure/peering.md, PEER-01 to PEER-09.
"""

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Network, IPv6Network, ip_network

from shared.core.base.bodies import Json, Seen, mapping, reference, sequence
from shared.core.base.ids import ResourceId
from shared.core.readings.embedded import peerings_of, subnets_of

type Network = IPv4Network | IPv6Network

NETWORK = "Microsoft.Network/virtualNetworks"
AZURE_DNS = "168.63.129.16"  # Microsoft Learn: "What is IP address 168.63.129.16?"
ALLOW_ACCESS = "allowVirtualNetworkAccess"
POLICIES = "privateEndpointNetworkPolicies"
GROUP = "networkSecurityGroup"
TABLE = "routeTable"

_ENFORCED = frozenset({"enabled", "networksecuritygroupenabled"})
_ROUTED = frozenset({"enabled", "routetableenabled"})


def address_space(network: Seen) -> tuple[Network, ...]:
    """A network's prefixes."""
    return network.parsed(_address_space)


def prefixes(network: Seen) -> tuple[str, ...]:
    """A network's prefixes as text."""
    return network.parsed(_prefix_texts)


def virtual_network(network: Seen) -> tuple[str, ...]:
    """What the service tag VirtualNetwork certainly covers in a network: its own prefixes and its peers'.

    Peers count with the address space that was synced, and not where their half denies access. Routes and
    gateways add more, which a network's body does not report (Microsoft Learn: "Virtual network service
    tags", "Create, change, or delete a virtual network peering").
    """
    return network.parsed(_virtual_network)


def remote_of(half: Seen) -> ResourceId | None:
    """The network at the other end of a peering."""
    return half.parsed(_remote)


def state_of(half: Seen) -> str:
    """`Initiated`, `Connected` or `Disconnected`; empty where the body has none."""
    return str(half.properties.get("peeringState") or "")


def sync_level(half: Seen) -> str:
    """`FullyInSync` and the like. Bodies from before 2021 have none."""
    return str(half.properties.get("peeringSyncLevel") or "")


def connected(half: Seen) -> bool:
    """Traffic passes both ways: Azure reports Connected only while the other half exists too.

    Both halves must know the other network's address space as it is.
    """
    synced = sync_level(half) in ("", "FullyInSync")
    return state_of(half) == "Connected" and synced and half.properties.get(ALLOW_ACCESS) is not False


def peering_to(network: Seen, remote: ResourceId) -> Seen | None:
    """The peering, of any name, that leads to the remote network."""
    return network.parsed(_by_remote).get(remote)


def remotes_of(network: Seen) -> frozenset[ResourceId]:
    """The networks that it is peered with."""
    return frozenset(network.parsed(_by_remote))


def connected_remotes(network: Seen) -> tuple[ResourceId, ...]:
    """The networks whose peering is Connected on this network's own side, which only its owner can write.

    Azure reports Connected while the other half exists too, so both owners agreed (PEER-02, PEER-03).
    """
    halves = network.parsed(_by_remote)
    return tuple(at for at, half in halves.items() if state_of(half) == "Connected")


def overlap(ours: Iterable[Network], theirs: Iterable[Network]) -> tuple[Network, Network] | None:
    """The first two prefixes that have addresses in common."""
    others = tuple(theirs)
    pairs = ((one, two) for one in ours for two in others)
    return next(((one, two) for one, two in pairs if one.version == two.version and one.overlaps(two)), None)


def known_space(half: Seen) -> tuple[Network, ...]:
    """The remote network's address space as the half has it: as it was synced, and as it is now."""
    return half.parsed(_known_space)


def spaces_in(space: object) -> tuple[Network, ...]:
    """The prefixes of an address space (`{"addressPrefixes": [...]}`); what is none is left out."""
    listed = map(_network, sequence(mapping(space).get("addressPrefixes")))
    return tuple(one for one in listed if one is not None)


def dns_servers(network: Seen) -> tuple[str, ...]:
    """The custom DNS servers that a network's clients ask in place of Azure's; empty where they ask Azure."""
    servers = tuple(map(str, sequence(mapping(network.properties.get("dhcpOptions")).get("dnsServers"))))
    return servers if set(servers) - {AZURE_DNS} else ()


def group_of(subnet: Seen) -> ResourceId | None:
    """The network security group that filters the subnet."""
    return reference(subnet.properties.get(GROUP))


def table_of(subnet: Seen) -> ResourceId | None:
    """The route table that is attached to the subnet."""
    return reference(subnet.properties.get(TABLE))


def has_gateway(network: Seen) -> bool:
    """Something is in its GatewaySubnet, which takes virtual network gateways alone (docs/azure: VNET-13)."""
    gateways = (one for one in subnets_of(network).items if one.id.name.lower() == "gatewaysubnet")
    return any(sequence(one.properties.get("ipConfigurations")) for one in gateways)


def policies_of(subnet: Seen) -> str:
    """The subnet's private endpoint network policies in lower case; `disabled` where the body has none."""
    return str(subnet.properties.get(POLICIES) or "Disabled").lower()


def enforced(subnet: Seen) -> bool:
    """Rules of a network security group apply to the subnet's endpoints."""
    return policies_of(subnet) in _ENFORCED


def routed(subnet: Seen) -> bool:
    """User-defined routes may take the place of the /32 routes to the subnet's endpoints.

    Source: docs/azure/routes.md, RT-10.
    """
    return policies_of(subnet) in _ROUTED


def prefixes_in(properties: Json) -> tuple[str, ...]:
    """The address prefixes among a subnet's properties, in whichever form it has them."""
    several, one = sequence(properties.get("addressPrefixes")), properties.get("addressPrefix")
    return tuple(str(prefix) for prefix in several or [one] if _network(prefix) is not None)


def endpoints_in(subnet: Seen) -> frozenset[ResourceId]:
    """The private endpoints that the subnet lists, foreign ones included."""
    return subnet.parsed(_endpoints)


def _address_space(network: Seen) -> tuple[Network, ...]:
    return spaces_in(network.properties.get("addressSpace"))


def _prefix_texts(network: Seen) -> tuple[str, ...]:
    return tuple(map(str, address_space(network)))


def _virtual_network(network: Seen) -> tuple[str, ...]:
    halves = [half for half in peerings_of(network).items if state_of(half) == "Connected"]
    open_halves = (half for half in halves if half.properties.get(ALLOW_ACCESS) is not False)
    spaces = (half.properties.get("remoteAddressSpace") for half in open_halves)
    remote = (str(prefix) for space in spaces for prefix in spaces_in(space))
    return tuple(dict.fromkeys((*prefixes(network), *remote)))


def _remote(half: Seen) -> ResourceId | None:
    return reference(half.properties.get("remoteVirtualNetwork"))


def _by_remote(network: Seen) -> dict[ResourceId, Seen]:
    found: dict[ResourceId, Seen] = {}
    for half in peerings_of(network).items:
        if (remote := remote_of(half)) is not None:
            found.setdefault(remote, half)
    return found


def _known_space(half: Seen) -> tuple[Network, ...]:
    return tuple(_spaces(half))


def _spaces(half: Seen) -> Iterator[Network]:
    for name in ("remoteAddressSpace", "remoteVirtualNetworkAddressSpace"):
        yield from spaces_in(half.properties.get(name))


def _network(prefix: object) -> Network | None:
    """A prefix as a value; None for what is none."""
    try:
        return ip_network(prefix, strict=False) if isinstance(prefix, str) else None
    except ValueError:
        return None


def _endpoints(subnet: Seen) -> frozenset[ResourceId]:
    listed = map(reference, sequence(subnet.properties.get("privateEndpoints")))
    return frozenset(at for at in listed if at)
