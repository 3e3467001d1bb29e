"""Endpoints in a network of the resource's own subscription or resource group, found by its names."""

from typing import Any

import pytest

from shared.core.events.work_item import WorkItem
from tests.builders.policies import a_policy
from tests.builders.world import ENDPOINTS, SUB, World

APP = f"{SUB}/resourceGroups/rg-app/providers/Microsoft.Network"
DATA = APP.replace("rg-app", "rg-data")
ELSEWHERE = APP.replace(SUB, SUB.replace("0001", "0002"))
TEAM = f"{APP}/virtualNetworks/vnet-orders"
OTHER = f"{DATA}/virtualNetworks/vnet-data"
LIST = f"{SUB}/providers/Microsoft.Network/virtualNetworks"


def finding(
    subnets: dict[str, list[str]] | None = None, more: dict[str, Any] | None = None, **find: Any
) -> Any:
    """A policy that finds subnets by their name, and lists these beside."""
    return a_policy(subnets=subnets or {}, find={"subnet": "snet-pe*", **find}, **(more or {}))


async def make(
    world: World, at: str = TEAM, *subnets: str, number: int = 50, location: str = "westeurope", **part: Any
) -> str:
    """A network with these subnets, `snet-pe` if none is named."""
    listed = [
        {"name": name, "properties": {"addressPrefix": f"10.{number}.{n}.0/24", **part}}
        for n, name in enumerate(subnets or ("snet-pe",))
    ]
    space = {"addressPrefixes": [f"10.{number}.0.0/16"]}
    body = {"location": location, "properties": {"addressSpace": space, "subnets": listed}}
    await world.send("PUT", at, body)
    await world.sleep(61)
    return at


async def subnet_of(world: World, state: dict[str, Any]) -> str:
    assert state["result"] == "Connected", state
    endpoint = await world.send("GET", state["paths"][0]["endpoint"])
    return str(endpoint["properties"]["subnet"]["id"])


def made(world: World) -> list[str]:
    return [path for path in world.written("PUT") if "/privateEndpoints/" in path]


async def test_an_endpoint_is_made_in_the_team_s_own_network_and_in_its_group() -> None:
    world = World(finding())
    await make(world)
    state = await world.reconcile(await world.create_account())
    assert await subnet_of(world, state) == f"{TEAM}/subnets/snet-pe"
    assert state["paths"][0]["endpoint"].startswith(APP)


async def test_a_network_of_another_subscription_is_not_the_resource_s_own() -> None:
    world = World(finding())
    await make(world, f"{ELSEWHERE}/virtualNetworks/vnet-orders")
    state = await world.reconcile(await world.create_account())
    assert (state["result"], state["code"]) == ("Blocked", "NoOwnNetwork")


@pytest.mark.parametrize(
    ("network", "code"), [(TEAM, ""), (OTHER, "NoOwnNetwork")], ids=["its group", "another group"]
)
async def test_only_the_resource_s_own_group_counts_where_the_policy_says_so(network: str, code: str) -> None:
    world = World(finding(own="resource_group"))
    await make(world, network)
    state = await world.reconcile(await world.create_account())
    assert state["code"] == code


async def test_none_that_fits_is_blocked_with_what_was_looked_for_and_what_was_found() -> None:
    world = World(finding(network="vnet-*", resource_group="rg-net*"))
    await make(world)
    at = await world.create_account()
    world.sent()
    state = await world.reconcile(at)
    assert (state["result"], state["code"]) == ("Blocked", "NoOwnNetwork")
    assert "a network vnet-* in a resource group rg-net* with a subnet snet-pe*" in state["reason"]
    assert "vnet-orders (in resource group rg-app)" in state["reason"]
    assert "hub-we (another name)" in state["reason"]
    assert world.writes() == []


@pytest.mark.parametrize(
    ("subnets", "wanted", "why"),
    [(("app",), "snet-pe", "its subnets: app"), (("snet-pe",), "snet-pe", "in northeurope")],
)
async def test_what_a_network_of_the_right_name_lacks_is_named(
    subnets: tuple[str, ...], wanted: str, why: str
) -> None:
    world = World(finding(network="vnet-*", subnet=wanted))
    await make(world, TEAM, *subnets, location="northeurope")
    state = await world.reconcile(await world.create_account())
    assert f"vnet-orders ({why})" in state["reason"]


async def test_listed_subnets_take_what_no_own_network_does() -> None:
    world = World(finding({"westeurope": [ENDPOINTS]}))
    state = await world.reconcile(await world.create_account())
    assert await subnet_of(world, state) == ENDPOINTS


async def test_the_resource_s_region_comes_before_the_fallback_region() -> None:
    world = World(finding(more={"fallback_region": "northeurope"}))
    await make(world, OTHER, number=51, location="northeurope")
    first = await world.reconcile(await world.create_account("first"))
    assert await subnet_of(world, first) == f"{OTHER}/subnets/snet-pe"
    await make(world)
    second = await world.reconcile(await world.create_account("second"))
    assert await subnet_of(world, second) == f"{TEAM}/subnets/snet-pe"


async def test_subnets_are_taken_in_the_order_of_the_patterns() -> None:
    world = World(finding(subnet=["snet-privateendpoints", "snet-pe*"]))
    await make(world, TEAM, "snet-pe", "snet-privateendpoints")
    state = await world.reconcile(await world.create_account())
    assert await subnet_of(world, state) == f"{TEAM}/subnets/snet-privateendpoints"


async def test_a_delegated_subnet_is_passed_over_and_named_where_it_is_the_only_one() -> None:
    world = World(finding())
    service = {"name": "d", "properties": {"serviceName": "Microsoft.Web/serverFarms"}}
    await make(world, TEAM, "snet-pe", delegations=[service])
    at = await world.create_account()
    state = await world.reconcile(at)
    assert state["code"] == "SubnetIsDelegated"
    second = {"properties": {"addressPrefix": "10.50.9.0/24"}}
    await world.send("PUT", f"{TEAM}/subnets/snet-pe-2", second)
    await world.sleep(61)
    assert await subnet_of(world, await world.reconcile(at)) == f"{TEAM}/subnets/snet-pe-2"


# Several networks that fit


async def test_of_two_networks_none_is_guessed_and_both_are_named() -> None:
    world = World(finding({"westeurope": [ENDPOINTS]}))
    await make(world)
    await make(world, OTHER, number=51)
    at = await world.create_account()
    world.sent()
    state = await world.reconcile(at)
    assert (state["result"], state["code"]) == ("Blocked", "SeveralOwnNetworks")
    assert TEAM in state["reason"]
    assert OTHER in state["reason"]
    assert world.writes() == []


async def test_an_endpoint_stays_where_it_is_when_a_second_network_fits() -> None:
    world = World(finding())
    await make(world)
    at = await world.create_account()
    before = await world.reconcile(at)
    await make(world, OTHER, number=51)
    world.sent()
    state = await world.reconcile(at, "drift")
    assert state["result"] == "Connected"
    assert state["paths"][0]["endpoint"] == before["paths"][0]["endpoint"]
    assert world.writes() == []


async def test_an_endpoint_moves_to_the_only_network_that_fits_by_now_once_its_path_is_proven() -> None:
    world = World(finding())
    await make(world)
    at = await world.create_account()
    before = await world.reconcile(at)
    await make(world, OTHER, number=51)
    world.policy = finding(network="vnet-data")
    state = await world.reconcile(at, flow=world.worker())
    assert await subnet_of(world, state) == f"{OTHER}/subnets/snet-pe"
    assert await world.send("GET", before["paths"][0]["endpoint"]) is None


async def test_a_network_that_a_service_manages_is_not_the_team_s_own() -> None:
    world = World(finding())
    group = f"{SUB}/resourceGroups/databricks-rg"
    manager = f"{SUB}/resourceGroups/rg-app/providers/Microsoft.Databricks/workspaces/etl"
    await world.send("PUT", group, {"location": "westeurope", "managedBy": manager}, "2021-04-01")
    managed = f"{group}/providers/Microsoft.Network/virtualNetworks/workers-vnet"
    await make(world, managed, number=51)
    at = await world.create_account()
    state = await world.reconcile(at)
    assert state["code"] == "NoOwnNetwork"
    assert manager in state["reason"]
    await make(world)
    assert await subnet_of(world, await world.reconcile(at)) == f"{TEAM}/subnets/snet-pe"


# Lists that cannot be read, or are old


@pytest.mark.parametrize("status", [403, 500])
async def test_networks_that_cannot_be_listed_do_not_count_as_none(status: int) -> None:
    world = World(finding({"westeurope": [ENDPOINTS]}))
    await make(world)
    at = await world.create_account()
    answer = {"status": status, "code": "AuthorizationFailed" if status == 403 else "InternalServerError"}
    match = {"path": f"{LIST}$", "principal": "app"}
    world.sent()
    world.azure.faults.add({"match": match, "times": 30, "answer": {**answer, "message": "no"}})
    await world.work(WorkItem(at, "event", "test"))
    state = await world.state(at)
    assert state["result"] in ("Blocked", "Pending")
    assert state["code"] != "NoOwnNetwork"
    assert made(world) == []


async def test_a_network_that_was_made_after_the_list_was_read_is_found() -> None:
    world = World(finding())
    await make(world, TEAM, "app")
    at = await world.create_account()
    assert (await world.reconcile(at))["code"] == "NoOwnNetwork"
    await world.send("PUT", f"{TEAM}/subnets/snet-pe", {"properties": {"addressPrefix": "10.50.9.0/24"}})
    await world.sleep(10)
    assert await subnet_of(world, await world.reconcile(at)) == f"{TEAM}/subnets/snet-pe"


async def test_a_network_that_was_listed_a_minute_ago_and_is_gone_is_not_used() -> None:
    world = World(finding({"westeurope": [ENDPOINTS]}))
    await make(world)
    await world.reconcile(await world.create_account("first"))
    await make(world, OTHER, number=51)
    at = await world.create_account("second")
    assert (await world.reconcile(at))["code"] == "SeveralOwnNetworks"
    await world.send("DELETE", OTHER)
    await world.sleep(20)
    assert await subnet_of(world, await world.reconcile(at)) == f"{TEAM}/subnets/snet-pe"


async def test_every_page_of_the_list_counts() -> None:
    world = World(finding())
    for number in range(101):
        await world.send(
            "PUT",
            f"{APP}/virtualNetworks/a-{number:03d}",
            {"location": "westeurope", "properties": {"addressSpace": {"addressPrefixes": ["10.77.0.0/16"]}}},
        )
    await make(world, f"{APP}/virtualNetworks/z-last")
    state = await world.reconcile(await world.create_account())
    assert await subnet_of(world, state) == f"{APP}/virtualNetworks/z-last/subnets/snet-pe"


async def test_one_list_serves_the_checks_of_a_minute() -> None:
    world = World(finding())
    await make(world)
    accounts = [await world.create_account(f"orders{n}") for n in range(3)]
    for at in accounts:
        await world.reconcile(at)
    world.sent()
    for at in accounts:
        assert (await world.reconcile(at, "drift"))["result"] == "Connected"
    assert [path for _, path in world.sent()].count(LIST) <= 1


async def test_an_opted_out_resource_loses_the_endpoint_in_its_own_network() -> None:
    world = World(finding(more={"on_opt_out": "remove"}))
    await make(world)
    at = await world.create_account()
    state = await world.reconcile(at)
    await world.send("PATCH", at, {"tags": {"private-connectivity": "disabled"}})
    assert (await world.reconcile(at))["result"] == "Removed"
    assert await world.send("GET", state["paths"][0]["endpoint"]) is None


async def test_an_endpoint_stays_in_a_network_that_the_list_does_not_show() -> None:
    world = World(finding({"westeurope": [ENDPOINTS]}))
    await make(world)
    at = await world.create_account()
    before = await world.reconcile(at)
    await make(world, OTHER, number=51)
    listed = await world.send("GET", LIST)
    without = {"value": [one for one in listed["value"] if one["id"] != TEAM]}
    answer = {"status": 200, "body": without}
    world.azure.faults.add({"match": {"path": f"{LIST}$", "principal": "app"}, "answer": answer})
    world.sent()
    state = await world.reconcile(at, "drift")
    assert state["result"] == "Connected", state
    assert state["paths"][0]["endpoint"] == before["paths"][0]["endpoint"]
    assert world.writes() == []


async def test_an_endpoint_stays_while_no_network_fits_any_more() -> None:
    world = World(finding(more={"on_opt_out": "remove"}))
    await make(world)
    at = await world.create_account()
    before = await world.reconcile(at)
    world.policy = finding(network="other-*")
    state = await world.reconcile(at, flow=world.worker())
    assert (state["result"], state["code"]) == ("Blocked", "NoOwnNetwork")
    assert await world.send("GET", before["paths"][0]["endpoint"])


async def test_finding_costs_one_shared_list_more_than_a_listed_subnet() -> None:
    spent = {}
    for name, policy in {
        "found": finding(),
        "plain": a_policy(subnets={"westeurope": [f"{TEAM}/subnets/snet-pe"]}),
    }.items():
        world = World(policy)
        await make(world)
        at = await world.create_account()
        await world.reconcile(at)
        spent[name] = (await world.reconcile(at, "drift"))["requests"]
    assert spent["found"] <= spent["plain"] + 1
