"""Hub and spokes: networks that are peered with a hub, and their user's changes."""

import asyncio
from typing import Any

from tests.builders.policies import a_policy
from tests.builders.world import HUB, NETWORKS, World

HUBS = {"hubs": [HUB]}
SPOKES = {**HUBS, "spokes": {"peered_with": "hubs"}}


def spoke(number: int) -> str:
    return f"{NETWORKS}/virtualNetworks/spoke-{number:03d}"


def range_of(number: int) -> str:
    """Every second /24, so that two neighbours are not one range in a rule."""
    return f"10.{64 + number // 120}.{2 * (number % 120)}.0/24"


async def make_spoke(
    world: World, number: int, *, half: bool = False, servers: tuple[str, ...] = (), **more: Any
) -> str:
    """A spoke, peered with the hub on both sides (`half`: on its own side alone)."""
    at, prefix = spoke(number), range_of(number)
    subnets = [
        {"name": "clients", "properties": {"addressPrefix": prefix.replace("/24", "/25")}},
        {"name": "other", "properties": {"addressPrefix": prefix.replace(".0/24", ".128/25")}},
    ]
    properties = {
        "addressSpace": {"addressPrefixes": [prefix]},
        "subnets": subnets,
        "dhcpOptions": {"dnsServers": list(servers)},
    }
    await world.send("PUT", at, {"location": "westeurope", "properties": properties, **more})
    await settled(world, at)
    await peer(world, at, HUB)
    if not half:
        await peer(world, HUB, at)
    return at


async def peer(world: World, local: str, remote: str) -> str:
    """One half of a peering; its id."""
    at = f"{local}/virtualNetworkPeerings/to-{remote.rpartition('/')[2]}"
    body = {"properties": {"remoteVirtualNetwork": {"id": remote}, "allowVirtualNetworkAccess": True}}
    await world.send("PUT", at, body)
    await settled(world, at)
    await settled(world, local)
    await settled(world, remote)
    return at


async def settled(world: World, at: str) -> None:
    """Wait until nothing is being written there."""
    while (await world.send("GET", at))["properties"]["provisioningState"] != "Succeeded":
        await world.sleep(10)


async def a_hub_with(
    count: int, networks: dict[str, Any] | None = None, servers: tuple[str, ...] = (), **policy: Any
) -> World:
    """A world with so many spokes, which are the clients and ask these DNS servers."""
    world = World(
        a_policy(networks=networks or SPOKES, **{"clients": ["spokes"], "peering": "require", **policy}),
        seed=3,
    )
    for number in range(count):
        await make_spoke(world, number, servers=servers)
    await asyncio.sleep(60)
    return world
