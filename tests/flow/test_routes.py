"""Routes of the clients' own subnets: what the outcome claims is what the sandbox's own evaluator finds."""

import asyncio
from typing import Any

import pytest

from sandbox.azure.reachability import reach
from tests.builders.policies import a_policy
from tests.builders.world import ENDPOINTS, NETWORKS, SPOKE, World

TABLE = f"{NETWORKS}/routeTables/rt-app"
CLIENTS = f"{SPOKE}/subnets/clients"
WEB = f"{SPOKE}/subnets/web"
NAME = "orders.blob.core.windows.net"
PREFIXES = {CLIENTS: "10.1.1.0/24", WEB: "10.1.2.0/24", ENDPOINTS: "10.0.1.0/24"}
FORBIDDEN = {"status": 403, "code": "AuthorizationFailed", "message": "The client may not read it."}


def to(prefix: str, hop: str = "None", **more: Any) -> dict[str, Any]:
    """A table with one route, `away`."""
    properties = {"addressPrefix": prefix, "nextHopType": hop} | more
    return {"location": "westeurope", "properties": {"routes": [{"name": "away", "properties": properties}]}}


async def a_world(table: dict[str, Any], *subnets: str, policies: str = "Disabled", **policy: Any) -> World:
    """The default world with this table on these subnets of clients; `policies` of the endpoints' subnet."""
    world = World(a_policy(**{"nsg": {"mode": "require"}, "peering": "ensure"} | policy))
    await world.send("PUT", TABLE, table)
    await world.sleep(30)
    for subnet in subnets or (CLIENTS,):
        await put_subnet(world, subnet, routeTable={"id": TABLE})
    await put_subnet(world, ENDPOINTS, privateEndpointNetworkPolicies=policies)
    return world


async def put_subnet(world: World, at: str, **properties: Any) -> None:
    await world.send("PUT", at, {"properties": {"addressPrefix": PREFIXES[at]} | properties})
    await world.sleep(60)


def reached(world: World, subnet: str = CLIENTS) -> tuple[bool, str]:
    found = reach.reach(world.azure.world, subnet, NAME, 443)
    return found.reachable, found.hop


def findings(state: dict[str, Any]) -> list[str]:
    """What was found about subnets of clients; the endpoint's own subnet has no group here."""
    return [text for text in state["findings"] if "nothing filters" not in text]


def reads_of_tables(world: World) -> list[str]:
    return [method for method, path in world.sent() if "/routeTables/" in path]


async def test_a_dropped_client_network_blocks_by_name_until_its_owner_removes_the_route() -> None:
    world = await a_world(to("10.0.1.4/32"))
    at = await world.create_account()
    state = await world.reconcile(at)
    assert (state["result"], state["code"]) == ("Blocked", "DroppedByRoute")
    said = "subnet clients of spoke-a cannot reach 10.0.1.4: route away of rt-app drops its traffic"
    assert state["reason"] == said
    assert "rt-app" in state["remedy"]
    assert reached(world) == (False, "route")
    await world.send("DELETE", f"{TABLE}/routes/away")
    await world.sleep(61)
    state = await world.reconcile(at, "manual")
    assert (state["result"], findings(state)) == ("Connected", [])
    assert reached(world) == (True, "")


@pytest.mark.parametrize(
    ("prefix", "policies", "connected"),
    [
        ("10.0.0.0/16", "Disabled", True),
        ("10.0.0.0/16", "NetworkSecurityGroupEnabled", True),
        ("10.0.0.0/16", "RouteTableEnabled", False),
        ("10.0.1.0/24", "Enabled", False),
        ("0.0.0.0/0", "Enabled", True),
        ("Storage", "Enabled", True),
    ],
)
async def test_the_first_pass_claims_what_the_network_does(
    prefix: str, policies: str, connected: bool
) -> None:
    world = await a_world(to(prefix), policies=policies)
    state = await world.reconcile(await world.create_account())
    assert state["result"] == ("Connected" if connected else "Blocked"), state["reason"]
    assert findings(state) == []
    assert reached(world) == ((True, "") if connected else (False, "route"))


async def test_policies_that_causeway_turns_on_for_rules_leave_routes_as_they_are() -> None:
    nsg = {"mode": "ensure", "create_group": True}
    world = await a_world(to("10.0.0.0/16"), nsg=nsg)
    state = await world.reconcile(await world.create_account())
    assert (state["result"], findings(state)) == ("Connected", [])
    assert reached(world) == (True, "")


async def test_traffic_that_goes_to_an_appliance_connects_with_a_finding() -> None:
    world = await a_world(to("10.0.1.4/32", "VirtualAppliance", nextHopIpAddress="10.1.9.4"))
    state = await world.reconcile(await world.create_account())
    assert state["result"] == "Connected"
    assert findings(state) == [
        "route away of rt-app sends traffic of subnet clients of spoke-a for 10.0.1.4 to the appliance "
        "10.1.9.4: whether it arrives is not known"
    ]
    assert reached(world) == (False, "route")


async def test_one_of_two_subnets_that_is_not_dropped_connects_and_the_other_is_named() -> None:
    world = await a_world(to("10.0.1.4/32"))
    await put_subnet(world, WEB)
    state = await world.reconcile(await world.create_account())
    assert state["result"] == "Connected"
    assert findings(state) == [
        "subnet clients of spoke-a cannot reach 10.0.1.4: route away of rt-app drops its traffic"
    ]
    assert (reached(world), reached(world, WEB)) == ((False, "route"), (True, ""))


async def test_a_table_that_may_not_be_read_is_a_finding_and_breaks_no_pass() -> None:
    world = await a_world(to("10.0.1.4/32"))
    at = await world.create_account()
    world.azure.faults.add({"match": {"method": "GET", "path": "rt-app"}, "times": 9, "answer": FORBIDDEN})
    state = await world.reconcile(at)
    assert state["result"] == "Connected"
    assert [text for text in findings(state) if "routes of subnet clients of spoke-a are not known" in text]


async def test_no_table_is_written_and_one_is_read_once_for_many_targets_and_subnets() -> None:
    world = await a_world(to("10.9.0.0/16"), CLIENTS, WEB)
    accounts = [await world.create_account(name) for name in ("first", "second")]
    world.sent()
    for at in accounts:
        assert (await world.reconcile(at))["result"] == "Connected"
    await world.sleep(61)
    assert set(reads_of_tables(world)) == {"GET"}
    states = await asyncio.gather(*(world.reconcile(at) for at in accounts))
    assert [state["result"] for state in states] == ["Connected", "Connected"]
    assert reads_of_tables(world) == ["GET"]


async def test_without_a_table_on_a_client_subnet_nothing_more_is_read() -> None:
    counts = []
    for tables in (False, True):
        world = await a_world(to("10.9.0.0/16"))
        if not tables:
            await put_subnet(world, CLIENTS)
        at = await world.create_account()
        await world.reconcile(at)
        await world.sleep(61)
        world.sent()
        await world.reconcile(at)
        counts.append(len(world.sent()))
    assert counts[1] == counts[0] + 1


async def test_where_the_operator_ignores_rules_no_table_is_read() -> None:
    world = await a_world(to("10.0.1.4/32"), nsg={"mode": "ignore"})
    at = await world.create_account()
    assert (await world.reconcile(at))["result"] == "Connected"
    assert reads_of_tables(world) == []
