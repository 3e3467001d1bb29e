"""Networks, peerings and security groups for tests, with defaults.

What Azure reports about them, and what one target desires of them.
"""

from typing import Any

from shared.core.base.bodies import Seen
from shared.core.base.ids import ResourceId
from shared.core.kinds.peering import Peering, peering_id
from shared.core.kinds.rule import Rule, rule_id
from tests.builders.bodies import HUB, NETWORK_GROUP, SPOKE, SUBNET

THIRD = ResourceId.parse(HUB.text.replace("hub-we", "third"))
GROUP = ResourceId.parse(f"{NETWORK_GROUP}/providers/Microsoft.Network/networkSecurityGroups/endpoints")
PEERING = Peering(peering_id(HUB, SPOKE), HUB, SPOKE)
OUR_RULE = rule_id(GROUP, "spoke-a|443", "Allow")


# Networks


def half(at: ResourceId = PEERING.id, remote: ResourceId = SPOKE, **properties: Any) -> Seen:
    """One half of a peering, connected and in sync."""
    existing = {
        "provisioningState": "Succeeded",
        "peeringState": "Connected",
        "peeringSyncLevel": "FullyInSync",
        "allowVirtualNetworkAccess": True,
        "allowForwardedTraffic": False,
        "remoteVirtualNetwork": {"id": remote.text},
        "remoteAddressSpace": {"addressPrefixes": ["10.1.0.0/16"]},
        **properties,
    }
    return Seen(at, {"id": at.text, "name": at.name, "properties": existing})


def to_third(local: ResourceId, *prefixes: str, **properties: Any) -> Seen:
    """The half of a network towards a third one with these prefixes."""
    space = {"addressPrefixes": list(prefixes)}
    return half(local.child("virtualNetworkPeerings", "t"), THIRD, remoteAddressSpace=space, **properties)


def vnet(at: ResourceId, *prefixes: str, halves: tuple[Seen, ...] = ()) -> Seen:
    """A network with these prefixes and peerings."""
    peerings = [one.body for one in halves]
    properties = {"addressSpace": {"addressPrefixes": list(prefixes)}, "virtualNetworkPeerings": peerings}
    return Seen(at, {"id": at.text, "properties": properties})


def subnet(policies: str | None = "Disabled", group: ResourceId | None = None, **properties: Any) -> Seen:
    """A subnet with an endpoint, a route table and a property that is unknown to Causeway."""
    body = {
        "addressPrefix": "10.0.1.0/24",
        "routeTable": {"id": "some table"},
        "privateEndpoints": [{"id": "some endpoint"}],
        "novel": {"deep": [1, 2]},
        **({"privateEndpointNetworkPolicies": policies} if policies else {}),
        **({"networkSecurityGroup": {"id": group.text}} if group else {}),
        **properties,
    }
    return Seen(SUBNET, {"id": SUBNET.text, "name": SUBNET.name, "etag": "W/1", "properties": body})


# Security rules, as bodies in their group's list


def rule(name: str = "rule", priority: int = 200, access: str = "Deny", **properties: Any) -> dict[str, Any]:
    """A rule for any inbound traffic, as a group's body lists it."""
    every = {
        "protocol": "*",
        "sourceAddressPrefix": "*",
        "sourcePortRange": "*",
        "destinationAddressPrefix": "*",
        "destinationPortRange": "*",
        "direction": "Inbound",
        "sourceAddressPrefixes": [],
        "destinationPortRanges": [],
    }
    return {"name": name, "properties": {**every, "priority": priority, "access": access, **properties}}


def plural(**properties: Any) -> dict[str, Any]:
    """The properties with the singular form of each left out, as ARM returns plural rules."""
    singular = {"destinationPortRanges": "destinationPortRange"}
    return {**{singular.get(name, name.removesuffix("es")): None for name in properties}, **properties}


# Managed security rules


def want(kind: type[Rule] = Rule, **fields: Any) -> Rule:
    """What one endpoint at 10.0.1.4 needs for clients in 10.1.0.0/16."""
    chosen: dict[str, Any] = {
        "id": OUR_RULE,
        "nsg": GROUP,
        "sources": ("10.1.0.0/16",),
        "destinations": ("10.0.1.4",),
        "ports": ("443",),
        **fields,
    }
    return kind(**chosen)


def our_rule(*destinations: str, at: ResourceId = OUR_RULE, **properties: Any) -> Seen:
    """A managed rule as ARM returns it, with these destinations."""
    body = {
        "provisioningState": "Succeeded",
        "description": "Managed by Causeway. Whatever.",
        "protocol": "Tcp",
        "access": "Allow",
        "direction": "Inbound",
        "priority": 1007,
        "sourcePortRange": "*",
        "sourcePortRanges": [],
        "sourceAddressPrefixes": ["10.1.0.0/16"],
        "destinationAddressPrefixes": list(destinations) or ["10.0.1.4"],
        "destinationPortRanges": ["443"],
        **properties,
    }
    return Seen(at, {"id": at.text, "name": at.name, "properties": body})


def other(name: str, priority: int, *destinations: str, **properties: Any) -> Seen:
    """A managed rule of another name in the same group."""
    return our_rule(*destinations, at=GROUP.child("securityRules", name), priority=priority, **properties)


def group(*rules: Seen, at: ResourceId = GROUP, **properties: Any) -> Seen:
    """A network security group with these rules."""
    listed = [one.body for one in rules]
    return Seen(at, {"id": at.text, "properties": {"securityRules": listed, **properties}})
