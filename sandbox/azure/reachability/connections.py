"""Whether addresses of two networks are connected: the same network, or both halves of one peering.

Source: docs/azure/peering.md, PEER-03 to PEER-05 and PEER-14 to PEER-17.
"""

from __future__ import annotations

import ipaddress

from sandbox.azure.kernel.ids import ArmId
from sandbox.azure.kernel.model import Resource
from sandbox.azure.kernel.world import World


def apart(world: World, near: ArmId | None, source: str, far: ArmId | None, destination: str) -> str:
    """Why `source` in one network does not reach `destination` in another; empty when it does."""
    if near == far:
        return ""
    for own, other, wanted, local in ((near, far, destination, source), (far, near, source, destination)):
        half = half_of(world, own, other)
        if half is None:
            return f"{own} has no peering to {other}"
        if half.properties["peeringState"] != "Connected":
            return f"peering {half.id.text} is {half.properties['peeringState']}"
        if not half.properties.get("allowVirtualNetworkAccess", True):
            return f"peering {half.id.text} does not allow access"
        if not holds(known(half), wanted):
            return f"peering {half.id.text} does not know {wanted}: {_reason(half)}"
        if half.properties.get("peerCompleteVnets") is False and not holds(_own(half), local):
            return f"peering {half.id.text} does not include {local}: {_reason(half)}"
    return ""


def half_of(world: World, near: ArmId | None, far: ArmId | None) -> Resource | None:
    """The half in one network that leads to another."""
    if near is None:
        return None
    for one in halves(world, near):
        if str(one.properties["remoteVirtualNetwork"]["id"]).lower() == str(far).lower():
            return one
    return None


def halves(world: World, network: ArmId) -> list[Resource]:
    """All halves of a network, in any state."""
    return world.store.children(network, "virtualNetworkPeerings")


def known(half: Resource) -> list[str]:
    """The remote prefixes that a half has taken over."""
    return list((half.properties.get("remoteAddressSpace") or {}).get("addressPrefixes") or [])


def _own(half: Resource) -> list[str]:
    """The prefixes of its own network that a peering of subnets includes."""
    return list((half.properties.get("localAddressSpace") or {}).get("addressPrefixes") or [])


def _reason(half: Resource) -> str:
    complete = half.properties.get("peerCompleteVnets") is not False
    return "not in sync" if complete else "it is limited to subnets"


def open_halves(world: World, network: ArmId) -> list[Resource]:
    """The halves of a network that let traffic pass, as far as they say."""
    return [
        half
        for half in halves(world, network)
        if half.properties["peeringState"] == "Connected"
        and half.properties.get("allowVirtualNetworkAccess", True)
    ]


def space(network: Resource) -> list[str]:
    """The address prefixes of a network."""
    return list((network.properties.get("addressSpace") or {}).get("addressPrefixes") or [])


def holds(prefixes: list[str], address: str) -> bool:
    """Whether an address is in one of the prefixes."""
    return any(ipaddress.ip_address(address) in ipaddress.ip_network(one) for one in prefixes)
