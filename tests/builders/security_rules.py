"""A world whose endpoint subnet has a network security group, and what is in that group."""

import ipaddress
from typing import Any

from tests.builders.policies import a_policy
from tests.builders.world import ENDPOINTS, NETWORKS, World

GROUP = f"{NETWORKS}/networkSecurityGroups/nsg-endpoints"
# What a policy says of security rules.
ENSURE = {"mode": "ensure", "priorities": [1000, 1009]}
DENY = {**ENSURE, "default_deny": True}


async def a_filtered_world(
    nsg: dict[str, Any] | None = None, *, rules: dict[str, Any] | None = None, **policy: Any
) -> World:
    """A hub whose endpoint subnet has a group, with these rules in it."""
    world = World(a_policy(nsg=nsg or ENSURE, peering="ensure", **policy))
    await filter_endpoints(world, rules)
    return world


async def filter_endpoints(world: World, rules: dict[str, Any] | None = None) -> None:
    """Give the hub's endpoint subnet a group, with these rules in it."""
    await world.send("PUT", GROUP, {"location": "westeurope", "properties": {}})
    await world.sleep(30)
    for name, properties in (rules or {}).items():
        await world.send("PUT", f"{GROUP}/securityRules/{name}", {"properties": properties})
        await world.sleep(30)
    subnet = {"addressPrefix": "10.0.1.0/24", "networkSecurityGroup": {"id": GROUP}}
    await world.send(
        "PUT", ENDPOINTS, {"properties": {**subnet, "serviceEndpoints": [{"service": "Microsoft.Sql"}]}}
    )
    await world.sleep(60)


async def rules_of(world: World) -> dict[str, Any]:
    """The properties of the group's rules, by name."""
    found = await world.send("GET", GROUP)
    return {entry["name"]: entry["properties"] for entry in found["properties"]["securityRules"]}


def deny(priority: int, **more: Any) -> dict[str, Any]:
    """The properties of a rule that denies all inbound traffic, with the differences in `more`."""
    return {
        "priority": priority,
        "direction": "Inbound",
        "access": "Deny",
        "protocol": "*",
        "sourceAddressPrefix": "*",
        "sourcePortRange": "*",
        "destinationAddressPrefix": "*",
        "destinationPortRange": "*",
    } | more


def covered(rule: dict[str, Any], ip: str) -> bool:
    """Whether the rule's destinations include the address."""
    prefixes = rule.get("destinationAddressPrefixes") or [rule["destinationAddressPrefix"]]
    return any(ipaddress.ip_address(ip) in ipaddress.ip_network(prefix) for prefix in prefixes)


def recorded_rules(state: dict[str, Any]) -> int:
    """How many security rules the ledger lists as this connection's."""
    return sum("/securityRules/" in own for own in state["owned"])
