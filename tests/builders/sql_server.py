"""A SQL server with a connection policy, behind an endpoint subnet with a network security group."""

from typing import Any

from sandbox.azure.reachability import reach
from tests.builders.policies import a_policy
from tests.builders.security_rules import DENY, GROUP, rules_of
from tests.builders.world import ENDPOINTS, SPOKE, SUB, World

SQL = "Microsoft.Sql/servers"
STORAGE = "Microsoft.Storage/storageAccounts"
SERVER = f"{SUB}/resourceGroups/rg-data/providers/{SQL}/ledger"
POLICY = f"{SERVER}/connectionPolicies/default"
NAME = "ledger.database.windows.net"


async def a_sql_world(connection: str | None = None, **nsg: Any) -> World:
    """A subnet with a group, and a server with this connection policy (None: it was never set)."""
    policy = a_policy(nsg={**DENY, **nsg}, peering="ensure", always=[SQL, STORAGE])
    world = World(policy)
    await world.send("PUT", GROUP, {"location": "westeurope", "properties": {}})
    await world.sleep(30)
    subnet = {"addressPrefix": "10.0.1.0/24", "networkSecurityGroup": {"id": GROUP}}
    await world.send("PUT", ENDPOINTS, {"properties": subnet})
    body = {"location": "westeurope", "properties": {"administratorLogin": "me"}}
    await world.send("PUT", SERVER, body)
    await world.sleep(200)
    if connection:
        await set_policy(world, connection)
    return world


async def set_policy(world: World, connection: str) -> None:
    """Give the server a connection policy (Default, Proxy or Redirect), and wait until it holds."""
    await world.send("PUT", POLICY, {"properties": {"connectionType": connection}})
    await world.sleep(5)


async def allowed(world: World) -> list[list[str]]:
    """The ports of each Allow rule in the group."""
    rules = (await rules_of(world)).values()
    return [rule["destinationPortRanges"] for rule in rules if rule["access"] == "Allow"]


def sql_reached(world: World, port: int) -> bool:
    """Whether a client reaches the server on this port."""
    return reach.reach(world.azure.world, f"{SPOKE}/subnets/clients", NAME, port).reachable
