"""Where endpoints and zones are, as the policy says it by type, by region and by the zone's name."""

import pytest

from tests.builders.policies import a_policy
from tests.builders.world import ENDPOINTS, HUB, SPOKE, SUB, ZONES, World

STORAGE_TYPE = "Microsoft.Storage/storageAccounts"
STORAGE_SUBNET = f"{HUB}/subnets/storage"
OTHER_SUB = SUB.replace("0001", "0002")
DATA = f"{SUB}/resourceGroups/rg-data"
ZONE = "privatelink.blob.core.windows.net"


async def with_subnet(world: World, at: str = STORAGE_SUBNET, prefix: str = "10.0.3.0/24") -> World:
    await world.send("PUT", at, {"properties": {"addressPrefix": prefix}})
    await world.sleep(61)
    return world


async def subnet_of(world: World, endpoint: str) -> str:
    return str((await world.send("GET", endpoint))["properties"]["subnet"]["id"])


# Subnets of single types


@pytest.mark.parametrize(
    ("types", "fallback", "subnet"),
    [
        ({STORAGE_TYPE: {"westeurope": [STORAGE_SUBNET]}}, None, STORAGE_SUBNET),
        ({STORAGE_TYPE.lower(): {"West Europe": [STORAGE_SUBNET]}}, None, STORAGE_SUBNET),
        ({"Microsoft.Sql/servers": {"westeurope": [STORAGE_SUBNET]}}, None, ENDPOINTS),
        ({STORAGE_TYPE: {"northeurope": [STORAGE_SUBNET]}}, None, ENDPOINTS),
    ],
)
async def test_a_type_s_own_subnets_take_its_endpoints_in_their_region(
    types: dict[str, dict[str, list[str]]], fallback: str | None, subnet: str
) -> None:
    world = await with_subnet(World(a_policy(types=types, fallback_region=fallback)))
    state = await world.reconcile(await world.create_account())
    assert state["result"] == "Connected", state
    assert await subnet_of(world, state["paths"][0]["endpoint"]) == subnet


# Zones in groups of their own


@pytest.mark.parametrize("word", [ZONE, ZONE.upper(), STORAGE_TYPE, "privatelink.{kind}.core.windows.net"])
async def test_a_zone_is_in_the_group_that_the_policy_names_for_it(word: str) -> None:
    dns = {"mode": "manage", "zones_resource_group": f"{SUB}/resourceGroups/rg-dns", "zones": {word: DATA}}
    world = World(a_policy(dns=dns))
    state = await world.reconcile(await world.create_account())
    assert state["result"] == "Connected", state
    zones = ZONES.replace("rg-dns", "rg-data")
    assert await world.send("GET", f"{zones}/{ZONE}")
    assert await world.send("GET", f"{ZONES}/{ZONE}") is None


async def test_a_zone_by_name_is_stronger_than_one_by_type() -> None:
    zones = {STORAGE_TYPE: f"{SUB}/resourceGroups/rg-app", ZONE: DATA}
    dns = {"mode": "manage", "zones_resource_group": f"{SUB}/resourceGroups/rg-dns", "zones": zones}
    world = World(a_policy(dns=dns))
    await world.reconcile(await world.create_account())
    assert await world.send("GET", f"{ZONES.replace('rg-dns', 'rg-data')}/{ZONE}")


async def test_a_client_that_asks_the_zone_of_before_goes_on_resolving_while_a_person_is_needed() -> None:
    world = World()
    at = await world.create_account()
    before = await world.reconcile(at)
    dns = {"mode": "manage", "zones_resource_group": f"{SUB}/resourceGroups/rg-dns", "zones": {ZONE: DATA}}
    world.policy = a_policy(dns=dns)
    state = await world.reconcile(at, flow=world.worker())
    assert (state["result"], state["code"]) == ("Blocked", "VirtualNetworkLinkedElsewhere"), state
    address = before["paths"][0]["addresses"][0]["ip"]
    assert await world.resolve(SPOKE, "orders.blob.core.windows.net") == [address]


# The resource group of endpoints


@pytest.mark.parametrize(
    ("said", "group"),
    [
        ("subnet", f"{SUB}/resourceGroups/rg-network"),
        ("target", f"{SUB}/resourceGroups/rg-app"),
        (DATA, DATA),
        ({"westeurope": DATA}, DATA),
        ({"northeurope": DATA}, f"{SUB}/resourceGroups/rg-network"),
    ],
)
async def test_endpoints_are_made_in_the_resource_group_that_the_policy_says(
    said: str | dict[str, str], group: str
) -> None:
    world = World(a_policy(endpoints_resource_group=said))
    state = await world.reconcile(await world.create_account())
    assert state["result"] == "Connected", state
    assert state["paths"][0]["endpoint"].lower().startswith(f"{group}/providers/".lower())


async def test_an_endpoint_stays_in_its_group_when_the_policy_says_another_one() -> None:
    world = World()
    at = await world.create_account()
    before = await world.reconcile(at)
    world.policy = a_policy(endpoints_resource_group="target")
    world.sent()
    state = await world.reconcile(at, flow=world.worker())
    assert state["result"] == "Connected"
    assert state["paths"][0]["endpoint"] == before["paths"][0]["endpoint"]
    assert world.writes() == []


async def test_an_endpoint_that_was_deleted_is_made_again_in_the_group_that_the_policy_says_by_now() -> None:
    world = World()
    at = await world.create_account()
    before = await world.reconcile(at)
    await world.send("DELETE", before["paths"][0]["endpoint"])
    await world.sleep(120)
    world.policy = a_policy(endpoints_resource_group="target")
    state = await world.reconcile(at, flow=world.worker())
    assert state["result"] == "Connected", state
    made = state["paths"][0]["endpoint"]
    assert "/resourcegroups/rg-app/" in made.lower()
    assert state["owned"].count(made) == 1
    assert before["paths"][0]["endpoint"] not in state["owned"]


async def test_a_group_in_another_subscription_than_the_subnet_is_named_before_anything_is_made() -> None:
    spoke = f"{OTHER_SUB}/resourceGroups/rg-spoke/providers/Microsoft.Network/virtualNetworks/spoke-b"
    subnets = {"westeurope": [ENDPOINTS], "northeurope": [f"{spoke}/subnets/clients"]}
    world = World(a_policy(subnets=subnets, endpoints_resource_group="target"))
    at = await world.create_account(location="northeurope")
    world.sent()
    state = await world.reconcile(at)
    assert (state["result"], state["code"]) == ("Blocked", "EndpointInOtherSubscription")
    assert OTHER_SUB.rpartition("/")[2] in state["remedy"]
    assert world.writes() == []
    world.policy = a_policy(subnets=subnets, endpoints_resource_group="subnet")
    state = await world.reconcile(at, flow=world.worker())
    assert "rg-spoke" in state["paths"][0]["endpoint"]
