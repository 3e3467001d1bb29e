"""The report on routes: the next hop of each client subnet, as Azure itself would choose it."""

from typing import Any

import pytest

from tests.builders.policies import a_policy
from tests.builders.spokes import a_hub_with, range_of, spoke
from tests.builders.world import ENDPOINTS, HUB, NETWORKS, SPOKE, World

TABLE = f"{NETWORKS}/routeTables/rt-app"
CLIENTS = f"{SPOKE}/subnets/clients"
FIREWALL = {"nextHopType": "VirtualAppliance", "nextHopIpAddress": "10.0.3.4"}
THROUGH = "clients reach the endpoints through the hub"


async def attach(world: World, subnet: str, prefix: str, route: dict[str, Any]) -> None:
    """Give a subnet a table with one route, `away`."""
    entry = {"name": "away", "properties": {**route}}
    await world.send("PUT", TABLE, {"location": "westeurope", "properties": {"routes": [entry]}})
    await world.sleep(60)
    properties = {"addressPrefix": prefix, "routeTable": {"id": TABLE}}
    await world.send("PUT", subnet, {"properties": properties})
    await world.sleep(60)


async def a_world(prefix: str, policies: str = "Disabled", **route: Any) -> World:
    """The default world, in which a route of the clients' subnet is for this prefix."""
    world = World(a_policy(peering="ensure", routes="report"))
    await attach(world, CLIENTS, "10.1.1.0/24", {"addressPrefix": prefix, **(route or FIREWALL)})
    endpoints = {"addressPrefix": "10.0.1.0/24", "privateEndpointNetworkPolicies": policies}
    await world.send("PUT", ENDPOINTS, {"properties": endpoints})
    await world.sleep(60)
    return world


async def routes(world: World) -> list[dict[str, Any]]:
    state = await world.reconcile(await world.create_account())
    assert state["result"] == "Connected", state["reason"]
    return list(state["routes"])


async def test_a_peered_client_reaches_the_endpoint_directly() -> None:
    (found,) = await routes(World(a_policy(peering="ensure", routes="report")))
    assert found == {
        "to": "10.0.1.4",
        "next_hop": "InterfaceEndpoint",
        "appliance": "",
        "by": "the peering with hub-we",
        "subnets": ["spoke-a/clients"],
    }


@pytest.mark.parametrize(
    ("prefix", "policies", "hop"),
    [
        ("0.0.0.0/0", "Disabled", "InterfaceEndpoint"),
        ("10.0.1.4/32", "Disabled", "VirtualAppliance"),
        ("10.0.1.0/24", "Disabled", "InterfaceEndpoint"),
        ("10.0.1.0/24", "RouteTableEnabled", "VirtualAppliance"),
        ("0.0.0.0/0", "Enabled", "InterfaceEndpoint"),
    ],
)
async def test_a_route_takes_the_traffic_only_where_it_is_as_long_as_azure_s_own(
    prefix: str, policies: str, hop: str
) -> None:
    (found,) = await routes(await a_world(prefix, policies))
    assert (found["next_hop"], found["subnets"]) == (hop, ["spoke-a/clients"])
    assert ("route away of rt-app" in found["by"]) == (hop == "VirtualAppliance")


async def test_a_table_that_cannot_be_read_leaves_the_next_hop_unknown() -> None:
    world = await a_world("10.0.1.4/32")
    world.deny("Microsoft.Network/routeTables/read")
    (found,) = await routes(world)
    assert found["next_hop"] == "not known"
    assert "rt-app could not be read" in found["by"]


async def test_subnets_with_one_next_hop_are_one_entry() -> None:
    world = await a_hub_with(3, routes="report")
    (found,) = await routes(world)
    assert len(found["subnets"]) == 6


async def test_a_policy_that_ignores_routes_reports_none_and_reads_no_table() -> None:
    world = await a_world("10.0.1.4/32")
    world.policy = a_policy(peering="ensure")
    world.flow = world.worker()
    world.sent()
    assert await routes(world) == []
    assert not [path for _, path in world.sent() if "/routeTables/" in path]


# Through a hub


async def through_the_hub(
    *, forwarded: bool = True, routed: bool = True, report: bool = True
) -> dict[str, Any]:
    """Endpoints in one spoke, clients in another one's subnet, and a firewall in the hub. The check."""
    clients, home = f"{spoke(0)}/subnets/clients", spoke(1)
    world = await a_hub_with(
        2,
        {"hubs": [HUB]},
        subnets={"westeurope": [f"{home}/subnets/other"]},
        clients=[clients],
        peering={"mode": "ensure", "through": "hubs"},
        routes="report" if report else "ignore",
    )
    for at in (spoke(0), home):
        await allow_forwarding(world, at, forwarded)
    if routed:
        prefix = range_of(0).replace("/24", "/25")
        await attach(world, clients, prefix, {"addressPrefix": "10.0.0.0/8", **FIREWALL})
    state = await world.reconcile(await world.create_account())
    assert state["result"] == "Connected", state["reason"]
    (check,) = (one for one in state["checks"] if one["check"] == THROUGH)
    return dict(check)


async def allow_forwarding(world: World, network: str, allowed: bool) -> None:
    half = f"{network}/virtualNetworkPeerings/to-hub-we"
    body = await world.send("GET", half)
    body["properties"]["allowForwardedTraffic"] = allowed
    await world.send("PUT", half, body)
    await world.sleep(90)


async def test_two_peerings_with_forwarding_and_a_route_to_the_hub_s_firewall_are_a_path() -> None:
    check = await through_the_hub()
    assert check["holds"] is True
    assert check["subject"] == "spoke-000 -> hub-we -> spoke-001"
    assert "VirtualAppliance 10.0.3.4" in check["seen"]


@pytest.mark.parametrize(
    ("doubt", "seen"),
    [
        ({"forwarded": False}, "does not allow forwarded traffic"),
        ({"routed": False}, "a gateway's routes cannot be read"),
        ({"report": False}, "only with routes: report"),
    ],
)
async def test_a_path_through_a_hub_of_which_a_part_is_missing_is_not_provable(
    doubt: dict[str, bool], seen: str
) -> None:
    check = await through_the_hub(**doubt)
    assert check["holds"] is None
    assert seen in check["seen"]
