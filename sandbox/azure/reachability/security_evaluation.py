"""Evaluates security groups: by priority, the first match decides, default rules last.

Only reach.py uses it. It shares no code with the modules that check and store rules, so that an error in one
shows.
Sources: Microsoft Learn, "Network security groups" (evaluation, service tags, augmented rules);
docs/azure/network-security.md, NSG-12 and NSG-13; docs/azure/virtual-networks.md, VNET-04.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass

from sandbox.azure.kernel.ids import ArmId
from sandbox.azure.kernel.model import Json, Resource
from sandbox.azure.kernel.world import World

LOAD_BALANCER = "168.63.129.16"
DEFAULTS = {
    "Inbound": (
        ("AllowVnetInBound", "VirtualNetwork", "VirtualNetwork", True),
        ("AllowAzureLoadBalancerInBound", "AzureLoadBalancer", "*", True),
        ("DenyAllInBound", "*", "*", False),
    ),
    "Outbound": (
        ("AllowVnetOutBound", "VirtualNetwork", "VirtualNetwork", True),
        ("AllowInternetOutBound", "*", "Internet", True),
        ("DenyAllOutBound", "*", "*", False),
    ),
}


@dataclass(frozen=True, slots=True)
class Flow:
    """One TCP connection.

    neighbourhood: prefixes of the tag VirtualNetwork in the evaluated network. groups, source_groups:
    application security groups of the destination and of the source.
    """

    source: str
    destination: str
    port: int
    neighbourhood: tuple[str, ...]
    groups: tuple[str, ...] = ()
    source_groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whether a flow passes, and the rule that decides it."""

    allowed: bool
    rule: str


def judge(world: World, group: Resource, direction: str, flow: Flow) -> Judgement:
    """How a security group decides a flow in one direction ("Inbound" or "Outbound")."""
    rules = [
        one
        for one in world.store.children(group.id, "securityRules")
        if one.properties["direction"] == direction
    ]
    for rule in sorted(rules, key=lambda one: int(one.properties["priority"])):
        if _matches(rule.properties, flow):
            return Judgement(rule.properties["access"] == "Allow", rule.name)
    for name, source, destination, allowed in DEFAULTS[direction]:
        if _in(flow.source, [source], flow) and _in(flow.destination, [destination], flow):
            return Judgement(allowed, name)
    raise AssertionError("the last default rule matches everything")


def _matches(rule: Json, flow: Flow) -> bool:
    if rule["protocol"] not in ("*", "Tcp"):
        return False
    if not _port_in(flow.port, _values(rule, "destinationPortRange")):
        return False
    if not _ephemeral(_values(rule, "sourcePortRange")):
        return False
    return _side(rule, "source", flow.source, flow.source_groups, flow) and _side(
        rule, "destination", flow.destination, flow.groups, flow
    )


def _side(rule: Json, side: str, address: str, groups: tuple[str, ...], flow: Flow) -> bool:
    """Whether one end of a rule names an address: by its application security groups, or by prefixes."""
    named = [str(one["id"]).lower() for one in rule.get(f"{side}ApplicationSecurityGroups") or []]
    if named:
        return bool(set(named) & {one.lower() for one in groups})
    return _in(address, _values(rule, f"{side}AddressPrefix"), flow)


def _values(rule: Json, member: str) -> list[str]:
    """Singular or plural, whichever the rule uses."""
    plural = f"{member}es" if member.endswith("Prefix") else f"{member}s"
    found = [str(one) for one in rule.get(plural) or []]
    return found or [str(rule[member])] if member in rule or found else []


def _port_in(port: int, ranges: Iterable[str]) -> bool:
    for one in ranges:
        first, _, last = one.partition("-")
        if one == "*" or int(first) <= port <= int(last or first):
            return True
    return False


def _ephemeral(ranges: list[str]) -> bool:
    """Whether source port ranges cover every ephemeral port: a client may use any of them."""
    return any(one == "*" or (_port_in(49152, [one]) and _port_in(65535, [one])) for one in ranges)


def _in(address: str, prefixes: Iterable[str], flow: Flow) -> bool:
    return any(_is_in(address, one, flow) for one in prefixes)


def _is_in(address: str, prefix: str, flow: Flow) -> bool:
    """One address against `*`, a prefix, or a service tag; tags of services never cover private addresses."""
    match prefix:
        case "*":
            return True
        case "VirtualNetwork":
            return _inside(address, flow.neighbourhood)
        case "Internet":
            private = ipaddress.ip_address(address).is_private
            return not private and not _inside(address, flow.neighbourhood)
        case "AzureLoadBalancer":
            return address == LOAD_BALANCER
    return (prefix[0].isdigit() or ":" in prefix) and _inside(address, [prefix])


def _inside(address: str, prefixes: Iterable[str]) -> bool:
    number = ipaddress.ip_address(address)
    return any(number in ipaddress.ip_network(one, strict=False) for one in prefixes)


def group_of(world: World, subnet: Resource) -> Resource | None:
    """The security group of a subnet, or None."""
    reference = (subnet.properties.get("networkSecurityGroup") or {}).get("id")
    return world.find(ArmId.parse(reference)) if reference else None


def filters_endpoints(subnet: Resource) -> bool:
    """Whether the subnet's group applies to private endpoints in it (source: docs/azure/virtual-networks.md,
    VNET-04)."""
    return subnet.properties.get("privateEndpointNetworkPolicies") in (
        "Enabled",
        "NetworkSecurityGroupEnabled",
    )
