"""A user's own changes in Azure: tags and peerings."""

import asyncio
from typing import Any

from shared.core.events.reason import Reason
from shared.core.events.work_item import WorkItem
from tests.builders.world import HUB, NETWORKS, World

TAG = "private-connectivity"


async def retag(world: World, at: str, tags: dict[str, str]) -> None:
    """Replace a resource's tags."""
    await world.send("PATCH", at, {"tags": tags})
    await world.sleep(60)


def peering(network: str, name: str) -> str:
    """The id of a virtual network's peering."""
    return f"{network}/virtualNetworkPeerings/{name}"


async def peer(world: World, local: str, remote: str, name: str = "by-hand", **flags: bool) -> None:
    """Create one half of a peering, `local` to `remote`."""
    body = {"remoteVirtualNetwork": {"id": remote}, "allowVirtualNetworkAccess": True} | flags
    await world.send("PUT", peering(local, name), {"properties": body})
    await world.sleep(60)


async def make_gateway(world: World) -> None:
    """A virtual network gateway in the hub."""
    subnet = f"{HUB}/subnets/GatewaySubnet"
    await world.send("PUT", subnet, {"properties": {"addressPrefix": "10.0.200.0/27"}})
    address = f"{NETWORKS}/publicIPAddresses/vpn"
    fixed = {"sku": {"name": "Standard"}, "properties": {"publicIPAllocationMethod": "Static"}}
    await world.send("PUT", address, {"location": "westeurope", **fixed})
    await world.sleep(60)
    config = {"subnet": {"id": subnet}, "publicIPAddress": {"id": address}}
    body = {
        "gatewayType": "Vpn",
        "vpnType": "RouteBased",
        "sku": {"name": "VpnGw1", "tier": "VpnGw1"},
        "ipConfigurations": [{"name": "default", "properties": config}],
    }
    at = f"{NETWORKS}/virtualNetworkGateways/vpn"
    await world.send("PUT", at, {"location": "westeurope", "properties": body})
    await world.sleep(3600)


async def act_during(
    world: World, at: str, path: str, *changes: tuple[Any, ...], reason: Reason = "event"
) -> dict[str, Any]:
    """Reconcile while a user makes these requests: the app's first PUT of `path` is on its way so long.

    `path` is a regular expression. The state after this one pass.
    """
    slow = {"match": {"method": "PUT", "path": f"{path}$", "principal": "app"}, "times": 1, "delay": 90.0}
    world.azure.faults.add(slow)
    rule = world.azure.faults.rules[-1]
    passing = asyncio.ensure_future(world.work(WorkItem(at, reason, "e")))
    while not rule.taken:
        assert not passing.done(), "the pass sent no such PUT"
        await asyncio.sleep(1)
    for change in changes:
        await world.send(*change)
    await passing
    return await world.state(at)
