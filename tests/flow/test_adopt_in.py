"""Approved endpoints of others that count as ours would, where the policy accepts them (`adopt_in`)."""

from typing import Any

import pytest

from shared.core.events.work_item import WorkItem
from tests.builders.foreign import FOREIGN, OTHERS, ZONE, create_foreign_endpoint
from tests.builders.policies import a_policy
from tests.builders.user_actions import TAG, retag
from tests.builders.world import ENDPOINTS, HUB, NETWORKS, SPOKE, SUB, World

HUB_NE = f"{NETWORKS}/virtualNetworks/hub-ne"
NAME = "orders.blob.core.windows.net"


async def with_foreign(world: World, subnet: str = OTHERS, **how: Any) -> tuple[str, list[dict[str, Any]]]:
    """An account with a foreign endpoint, and that endpoint with its zone groups as they are."""
    at = await world.create_account()
    await create_foreign_endpoint(world, at, subnet, **how)
    return at, await as_it_is(world)


async def as_it_is(world: World) -> list[dict[str, Any]]:
    groups = (await world.send("GET", f"{FOREIGN}/privateDnsZoneGroups"))["value"]
    return [await world.send("GET", FOREIGN), *groups]


@pytest.mark.parametrize("where", [[OTHERS], [HUB], ["own"], ["hubs"], [SPOKE, HUB]])
async def test_an_endpoint_in_an_accepted_place_is_adopted_and_never_written(where: list[str]) -> None:
    world = World(a_policy(adopt_in=where, networks={"hubs": [HUB]}))
    at, before = await with_foreign(world)
    world.sent()
    state = await world.reconcile(at)
    assert state["result"] == "Connected", state
    assert [path["endpoint"] for path in state["paths"]] == [FOREIGN]
    assert not any("/privateEndpoints/" in path for method, path in world.writes())
    assert await as_it_is(world) == before
    assert await world.resolve(SPOKE, NAME) == [state["paths"][0]["addresses"][0]["ip"]]


async def test_an_adopted_endpoint_and_its_names_stay_when_the_resource_is_opted_out() -> None:
    world = World(a_policy(adopt_in=[HUB], on_opt_out="remove"))
    at, before = await with_foreign(world)
    await world.reconcile(at)
    await retag(world, at, {TAG: "disabled"})
    assert (await world.reconcile(at))["result"] == "Removed"
    assert await as_it_is(world) == before


@pytest.mark.parametrize("where", [[ENDPOINTS], [SPOKE], [HUB_NE]])
async def test_an_endpoint_elsewhere_does_not_count(where: list[str]) -> None:
    world = World(a_policy(adopt_in=where))
    at, _ = await with_foreign(world)
    state = await world.reconcile(at)
    assert (state["result"], state["code"]) == ("Blocked", "RecordHeldByAnother")


async def test_an_adopted_endpoint_without_a_zone_group_waits_for_its_owner() -> None:
    world = World(a_policy(adopt_in=[HUB]))
    at, before = await with_foreign(world, names=False)
    state = await world.reconcile(at)
    assert (state["result"], state["code"]) == ("Blocked", "NoZoneGroup")
    assert await as_it_is(world) == before
    await create_foreign_endpoint(world, at)
    assert (await world.reconcile(at))["result"] == "Connected"


async def test_an_endpoint_that_is_not_approved_does_not_count() -> None:
    world = World(a_policy(adopt_in=[HUB]))
    at, _ = await with_foreign(world, names=False, manual=True)
    state = await world.reconcile(at)
    assert state["result"] == "Connected", state
    assert state["paths"][0]["endpoint"] != FOREIGN


async def test_a_region_without_subnets_is_served_by_an_adopted_endpoint() -> None:
    world = World(a_policy(subnets={"northeurope": [f"{HUB_NE}/subnets/endpoints"]}, adopt_in=[HUB]))
    at, _ = await with_foreign(world)
    assert (await world.reconcile(at))["result"] == "Connected"
    await world.send("DELETE", FOREIGN)
    await world.sleep(120)
    assert (await world.reconcile(at))["code"] == "NoSubnetForRegion"


async def test_clients_are_peered_with_the_network_in_which_an_adopted_endpoint_is() -> None:
    world = World(a_policy(adopt_in=[HUB_NE], peering="ensure"))
    at, _ = await with_foreign(world, f"{HUB_NE}/subnets/endpoints", location="northeurope")
    state = await world.reconcile(at)
    assert state["result"] == "Connected", state
    listed = await world.send("GET", f"{HUB_NE}/virtualNetworkPeerings")
    remotes = [one["properties"]["remoteVirtualNetwork"]["id"] for one in listed["value"]]
    assert remotes == [SPOKE]


async def test_an_endpoint_of_ours_is_made_once_the_adopted_one_is_gone() -> None:
    world = World(a_policy(adopt_in=[HUB]))
    at, _ = await with_foreign(world)
    await world.reconcile(at)
    await world.send("DELETE", FOREIGN)
    await world.sleep(120)
    assert await world.resolve(SPOKE, NAME) == []
    state = await world.reconcile(at, "drift")
    assert state["result"] == "Connected", state
    assert state["paths"][0]["endpoint"] != FOREIGN
    assert await world.resolve(SPOKE, NAME) == [state["paths"][0]["addresses"][0]["ip"]]


async def test_a_network_that_a_service_manages_is_not_own() -> None:
    world = World(a_policy(adopt_in=["own"]))
    group = f"{SUB}/resourceGroups/databricks-rg"
    body = {"location": "westeurope", "managedBy": f"{SUB}/resourceGroups/rg-app/providers/a.b/c/d"}
    await world.send("PUT", group, body, "2021-04-01")
    network = f"{group}/providers/Microsoft.Network/virtualNetworks/workers-vnet"
    subnets = [{"name": "pe", "properties": {"addressPrefix": "10.9.1.0/24"}}]
    space = {"addressPrefixes": ["10.9.0.0/16"]}
    properties = {"addressSpace": space, "subnets": subnets}
    await world.send("PUT", network, {"location": "westeurope", "properties": properties})
    await world.sleep(61)
    at, _ = await with_foreign(world, f"{network}/subnets/pe", names=False)
    state = await world.reconcile(at)
    assert state["paths"][0]["endpoint"] != FOREIGN


async def test_an_endpoint_that_may_not_be_read_is_not_adopted_and_is_named() -> None:
    world = World(a_policy(adopt_in=[HUB]))
    at, _ = await with_foreign(world, names=False)
    answer = {"status": 403, "code": "AuthorizationFailed", "message": "no"}
    world.azure.faults.add({"match": {"path": f"{FOREIGN}$", "principal": "app"}, "answer": answer})
    state = await world.reconcile(at)
    assert state["paths"][0]["endpoint"] != FOREIGN
    assert any(FOREIGN in finding for finding in state["findings"])


async def test_of_several_placements_an_adopted_endpoint_serves_the_one_whose_zone_it_writes() -> None:
    file = "privatelink.file.core.windows.net"  # in the group of the other placement's zones
    single = {"we": {file: f"{SUB}/resourceGroups/rg-network"}, "ne": {file: ZONE.split("/providers")[0]}}
    dns = {"we": ZONE.split("/providers")[0], "ne": f"{SUB}/resourceGroups/rg-data"}
    other = f"{SUB.replace('0001', '0002')}/resourceGroups/rg-spoke/providers/Microsoft.Network"
    clients = {"we": SPOKE, "ne": f"{other}/virtualNetworks/spoke-b"}
    subnets = {"we": ENDPOINTS, "ne": f"{HUB_NE}/subnets/endpoints"}
    regions = {"we": "westeurope", "ne": "northeurope"}
    places = {
        name: {
            "subnets": {regions[name]: [subnets[name]]},
            "fallback_region": regions[name],
            "dns": {"zones_resource_group": dns[name], "link": [clients[name]], "zones": single[name]},
        }
        for name in ("we", "ne")
    }
    profile = {"placements": places, "dns": {"mode": "manage"}, "adopt_in": [HUB]}
    world = World(a_policy(subnets={}, clients=list(clients.values()), **profile))
    at, _ = await with_foreign(world)
    state = await world.reconcile(at)
    assert state["result"] == "Connected", state
    found = {path["placement"]: path["endpoint"] for path in state["paths"]}
    assert found["we"] == FOREIGN
    assert found["ne"].rpartition("/")[2].startswith("pe-orders-blob-")


async def test_an_endpoint_in_a_set_that_could_not_be_read_is_not_made_a_second_time() -> None:
    spokes = {"subscription": [SUB.rpartition("/")[2]], "name": ["hub-*"]}
    world = World(a_policy(adopt_in=["hubs"], networks={"hubs": spokes}))
    at, _ = await with_foreign(world, names=False)
    answer = {"status": 403, "code": "AuthorizationFailed", "message": "no"}
    path = f"{SUB}/providers/Microsoft.Network/virtualNetworks$"
    world.azure.faults.add({"match": {"path": path, "principal": "app"}, "answer": answer, "times": 30})
    world.sent()
    await world.work(WorkItem(at, "event", "test"))
    state = await world.state(at)
    assert (state["result"], state["code"]) == ("Blocked", "NotKnown")
    assert FOREIGN in state["reason"]
    assert world.writes() == []
