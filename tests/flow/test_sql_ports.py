"""A SQL server's connection policy decides which ports the rules allow."""

from tests.builders.sql_server import POLICY, SERVER, SQL, a_sql_world, allowed, sql_reached

READ = f"{SQL}/connectionPolicies/read"


async def test_with_redirect_clients_reach_the_whole_redirect_range() -> None:
    world = await a_sql_world("Redirect")
    assert (await world.reconcile(SERVER))["result"] == "Connected"
    assert await allowed(world) == [["1433-65535"]]
    assert sql_reached(world, 1433)
    assert sql_reached(world, 11_000)


async def test_with_proxy_no_port_but_1433_is_open() -> None:
    world = await a_sql_world("Proxy")
    assert (await world.reconcile(SERVER))["result"] == "Connected"
    assert await allowed(world) == [["1433"]]
    assert sql_reached(world, 1433)
    assert not sql_reached(world, 11_000)


async def test_a_connection_policy_that_was_never_set_counts_as_proxy() -> None:
    world = await a_sql_world()
    assert (await world.reconcile(SERVER))["result"] == "Connected"
    assert await allowed(world) == [["1433"]]


async def test_a_connection_policy_that_cannot_be_read_allows_the_whole_range_and_is_reported() -> None:
    world = await a_sql_world("Proxy")
    world.deny(READ)
    state = await world.reconcile(SERVER)
    assert state["result"] == "Connected"
    assert await allowed(world) == [["1433-65535"]]
    assert any(READ in finding for finding in state["findings"])


async def test_a_connection_policy_that_cannot_be_read_for_a_moment_changes_no_ports() -> None:
    world = await a_sql_world("Proxy")
    await world.reconcile(SERVER)
    world.sent()
    match = {"method": "GET", "path": "connectionPolicies/default$", "principal": "app"}
    answer = {"status": 503, "code": "ServiceUnavailable", "message": "later"}
    world.azure.faults.add({"match": match, "times": 3, "answer": answer})
    assert (await world.reconcile(SERVER, "drift"))["result"] == "Connected"
    assert (world.writes(), await allowed(world)) == ([], [["1433"]])


async def test_the_connection_policy_is_read_only_where_rules_need_it() -> None:
    for mode, reads in (("ensure", 1), ("require", 1), ("ignore", 0)):
        world = await a_sql_world("Redirect", mode=mode, default_deny=mode != "ignore")
        world.sent()
        await world.reconcile(SERVER)
        assert [path for _, path in world.sent()].count(POLICY) == reads, mode
    account = await world.create_account()
    assert (await world.plan(account))["result"] == "Plan"
    assert not [path for _, path in world.sent() if "connectionPolicies" in path]
