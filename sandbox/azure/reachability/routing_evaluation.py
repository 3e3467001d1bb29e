"""Whether a user-defined route of a client's subnet takes traffic for an endpoint elsewhere.

Used only by reach.py. Shares nothing with what checks and stores routes, so that the two can disagree.
Sources: docs/azure/routes.md, RT-08 to RT-13; docs/azure/virtual-networks.md, VNET-04.
"""

from __future__ import annotations

import ipaddress

from sandbox.azure.kernel.model import Resource
from sandbox.azure.kernel.world import World

type Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def detour(world: World, client: Resource, there: Resource, address: str) -> str:
    """Where a route sends traffic that leaves the client's subnet; empty when it reaches the endpoint.

    `there` is the endpoint's subnet. Its network is the client's own or peered with it, so that the client's
    subnet has the endpoint's own route (source: RT-09).
    """
    found = _longest(world, client, address)
    if found is None:
        return ""
    route, prefix = found
    if prefix.prefixlen < _least(world, there, address):
        return ""
    hop = str(route.properties["nextHopType"])
    if hop == "VnetLocal" and client.id.parent == there.id.parent:
        return ""
    does = "drops it" if hop == "None" else f"sends it to {route.properties.get('nextHopIpAddress') or hop}"
    return f"route {route.id.text} {does}"


def _longest(world: World, client: Resource, address: str) -> tuple[Resource, Network] | None:
    """The most specific route of the subnet's table that holds the address (source: RT-08)."""
    table = world.find((client.properties.get("routeTable") or {}).get("id"))
    routes = world.store.children(table.id, "routes") if table else []
    holding = [(one, net) for one in routes if (net := _prefix(one)) and _holds(net, address)]
    return max(holding, key=lambda found: found[1].prefixlen, default=None)


def _prefix(route: Resource) -> Network | None:
    """A route's prefix; None for a service tag, which holds public addresses only (source: RT-13)."""
    text = str(route.properties["addressPrefix"])
    return ipaddress.ip_network(text) if "/" in text else None


def _least(world: World, there: Resource, address: str) -> int:
    """How long a prefix must be to go before the endpoint's own route (source: RT-09 and RT-10)."""
    policies = there.properties.get("privateEndpointNetworkPolicies")
    network = world.find(there.id.parent)
    if network is None or policies not in ("Enabled", "RouteTableEnabled"):
        return ipaddress.ip_address(address).max_prefixlen
    space = (network.properties.get("addressSpace") or {}).get("addressPrefixes") or []
    return next(net.prefixlen for net in map(ipaddress.ip_network, space) if _holds(net, address))


def _holds(network: Network, address: str) -> bool:
    return ipaddress.ip_address(address) in network
