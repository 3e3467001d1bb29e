"""SQL's connection policy decides which ports rules leave open: all of them only where it is needed."""

from typing import Any

from sandbox.azure.reachability import reach
from tests.builders.policies import a_policy
from tests.builders.world import ENDPOINTS, SPOKE, SUB, World
from tests.flow.test_rules import ENSURE, GROUP, rules_of

SQL = "Microsoft.Sql/servers"
STORAGE = "Microsoft.Storage/storageAccounts"
SERVER = f"{SUB}/resourceGroups/rg-data/providers/{SQL}/ledger"
POLICY = f"{SERVER}/connectionPolicies/default"
READ = f"{SQL}/connectionPolicies/read"
NAME = "ledger.database.windows.net"


async def a_world(connection: str | None = None, **nsg: Any) -> World:
    """A subnet with a group, and a server with this connection policy (None: nobody ever set one)."""
    policy = a_policy(nsg={**ENSURE, "default_deny": True, **nsg}, peering="ensure", always=[SQL, STORAGE])
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
    await world.send("PUT", POLICY, {"properties": {"connectionType": connection}})


async def allowed(world: World) -> list[list[str]]:
    """The ports of each Allow rule in the group."""
    rules = (await rules_of(world)).values()
    return [rule["destinationPortRanges"] for rule in rules if rule["access"] == "Allow"]


def reached(world: World, port: int) -> bool:
    return reach.reach(world.azure.world, f"{SPOKE}/subnets/clients", NAME, port).reachable


async def test_with_redirect_clients_reach_every_port_that_they_may_be_sent_to() -> None:
    world = await a_world("Redirect")
    assert (await world.reconcile(SERVER))["result"] == "Connected"
    assert await allowed(world) == [["1433-65535"]]
    assert reached(world, 1433)
    assert reached(world, 11_000)


async def test_with_proxy_no_port_but_1433_is_open() -> None:
    world = await a_world("Proxy")
    assert (await world.reconcile(SERVER))["result"] == "Connected"
    assert await allowed(world) == [["1433"]]
    assert reached(world, 1433)
    assert not reached(world, 11_000)


async def test_a_policy_that_nobody_set_is_proxied() -> None:
    world = await a_world()
    assert (await world.reconcile(SERVER))["result"] == "Connected"
    assert await allowed(world) == [["1433"]]


async def test_a_policy_that_cannot_be_read_leaves_the_whole_range_open_and_says_so() -> None:
    world = await a_world("Proxy")
    world.deny(READ)
    state = await world.reconcile(SERVER)
    assert state["result"] == "Connected"
    assert await allowed(world) == [["1433-65535"]]
    assert any(READ in finding for finding in state["findings"])


async def test_a_policy_that_cannot_be_read_for_a_moment_narrows_and_widens_nothing() -> None:
    world = await a_world("Proxy")
    await world.reconcile(SERVER)
    world.sent()
    match = {"method": "GET", "path": "connectionPolicies/default$", "principal": "app"}
    answer = {"status": 503, "code": "ServiceUnavailable", "message": "later"}
    world.azure.faults.add({"match": match, "times": 3, "answer": answer})
    assert (await world.reconcile(SERVER, "drift"))["result"] == "Connected"
    assert (world.writes(), await allowed(world)) == ([], [["1433"]])


async def test_the_policy_is_read_where_rules_need_it_and_nowhere_else() -> None:
    for mode, reads in (("ensure", 1), ("require", 1), ("ignore", 0)):
        world = await a_world("Redirect", mode=mode, default_deny=mode != "ignore")
        world.sent()
        await world.reconcile(SERVER)
        assert [path for _, path in world.sent()].count(POLICY) == reads, mode
    account = await world.create_account()
    assert (await world.plan(account))["result"] == "Plan"
    assert not [path for _, path in world.sent() if "connectionPolicies" in path]
