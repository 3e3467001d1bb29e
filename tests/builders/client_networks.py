"""Two client networks, and a policy that names one of them and later another."""

from typing import Any

from sandbox.azure.reachability import reach
from tests.builders.policies import a_policy
from tests.builders.security_rules import DENY, a_filtered_world
from tests.builders.world import NETWORKS, World

NEW = f"{NETWORKS}/virtualNetworks/spoke-c"
NAME = "orders.blob.core.windows.net"


async def a_world_with_two_networks(nsg: dict[str, Any] | None = None) -> World:
    """The policy's client is spoke-a; spoke-c exists too, and a later policy may name it."""
    world = await a_filtered_world(nsg or DENY)
    body = {"addressSpace": {"addressPrefixes": ["10.3.0.0/16"]}}
    subnets = [{"name": "clients", "properties": {"addressPrefix": "10.3.1.0/24"}}]
    await world.send("PUT", NEW, {"location": "westeurope", "properties": {**body, "subnets": subnets}})
    await world.sleep(61)
    return world


def change(world: World, client: str = NEW, nsg: dict[str, Any] | None = None, **profile: Any) -> None:
    """The operator's new policy, in a process that was started with it."""
    world.policy = a_policy(nsg=nsg or DENY, peering="ensure", clients=[client], **profile)
    world.flow = world.worker()


def reached(world: World, network: str, name: str = NAME) -> bool:
    """Whether a machine in the network's subnet `clients` reaches the name by HTTPS."""
    return reach.reach(world.azure.world, f"{network}/subnets/clients", name, 443).reachable


def ip_of(state: dict[str, Any]) -> str:
    """The first address of a connection."""
    return str(state["paths"][0]["addresses"][0]["ip"])
