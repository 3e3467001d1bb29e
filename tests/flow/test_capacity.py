"""Capacity for new endpoints: counted before anything is written, and not read again for existing ones."""

import asyncio
from typing import Any

import pytest

from sandbox.azure.front import usages
from shared.core.policy.policy import Policy
from tests.builders.policies import a_policy
from tests.builders.world import ENDPOINTS, HUB, NETWORKS, SUB, World

APP = f"{SUB}/resourceGroups/rg-app/providers"
COSMOS = f"{APP}/Microsoft.DocumentDB/databaseAccounts/catalogue"
REGISTRY = f"{APP}/Microsoft.ContainerRegistry/registries/images"
SMALL = f"{HUB}/subnets/small"
TAGS = {"private-connectivity": "enabled"}
TWO_REGIONS = {"locations": [{"locationName": "West Europe"}, {"locationName": "North Europe"}]}
COSMOS_BODY = {"location": "westeurope", "tags": TAGS, "properties": TWO_REGIONS}
REGISTRY_BODY = {"location": "westeurope", "tags": TAGS, "sku": {"name": "Premium"}, "properties": {}}
OTHER_REGION = f"{NETWORKS}/virtualNetworks/hub-ne/subnets/endpoints"
USAGES = f"{SUB}/providers/Microsoft.Network/locations/westeurope/usages"


def policy(*subnets: str, **more: Any) -> Policy:
    return a_policy(subnets={"westeurope": list(subnets)}, always=[], **more)


async def a_world(rules: Policy, *, taken: int = 0) -> World:
    """The hub with a /29 beside its endpoint subnet: 3 addresses, `taken` of them by foreign endpoints."""
    world = World(rules)
    await world.send("PUT", SMALL, {"properties": {"addressPrefix": "10.0.9.0/29"}})
    await world.sleep(61)
    if taken:
        foreign = await world.create_account("foreign")
    for number in range(taken):
        group = ("blob", "queue", "table")[number]
        connection = {"name": "c", "properties": {"privateLinkServiceId": foreign, "groupIds": [group]}}
        properties = {"subnet": {"id": SMALL}, "privateLinkServiceConnections": [connection]}
        body = {"location": "westeurope", "properties": properties}
        await world.send("PUT", f"{NETWORKS}/privateEndpoints/foreign-{group}", body)
        await world.sleep(600)
    return world


async def create(world: World, at: str, body: dict[str, Any]) -> str:
    await world.send("PUT", at, body)
    await world.sleep(200)
    world.sent()
    return at


def requests_to(sent: list[tuple[str, str]], ending: str) -> int:
    return sum(path.lower().endswith(ending.lower()) for _, path in sent)


async def test_an_account_in_two_regions_takes_the_last_three_addresses() -> None:
    world = await a_world(policy(SMALL))
    state = await world.reconcile(await create(world, COSMOS, COSMOS_BODY))
    assert state["result"] == "Connected", state["reason"]
    assert len(state["paths"][0]["addresses"]) == 3


async def test_a_subnet_that_is_too_small_blocks_with_numbers_and_nothing_is_written() -> None:
    world = await a_world(policy(SMALL), taken=1)
    state = await world.reconcile(await create(world, COSMOS, COSMOS_BODY))
    assert (state["result"], state["code"]) == ("Blocked", "SubnetFull")
    assert "has 2 free addresses, 3 are needed (Sql 3)" in state["reason"]
    assert "add a subnet" in state["remedy"]
    assert world.writes() == []


async def test_a_registry_that_needs_two_addresses_skips_a_subnet_with_one_free() -> None:
    world = await a_world(policy(SMALL, ENDPOINTS), taken=2)
    at = await create(world, REGISTRY, REGISTRY_BODY)
    state = await world.reconcile(at)
    assert state["result"] == "Connected", state["reason"]
    ips = [address["ip"] for address in state["paths"][0]["addresses"]]
    assert len(ips) == 2
    assert all(ip.startswith("10.0.1.") for ip in ips)


async def test_the_capacity_of_a_connected_target_is_not_read_even_if_its_subnet_is_full() -> None:
    world = await a_world(policy(SMALL, ENDPOINTS))
    at = await create(world, COSMOS, COSMOS_BODY)
    await world.reconcile(at)
    world.sent()
    assert (await world.reconcile(at, "drift"))["result"] == "Connected"
    sent = world.sent()
    assert requests_to(sent, "/privateLinkResources") == requests_to(sent, "/usages") == 0


async def test_a_target_in_a_later_candidate_stays_there_when_the_first_has_capacity_again() -> None:
    world = await a_world(policy(SMALL, ENDPOINTS), taken=2)
    at = await create(world, REGISTRY, REGISTRY_BODY)
    first = (await world.reconcile(at))["paths"][0]["endpoint"]
    await world.send("DELETE", f"{NETWORKS}/privateEndpoints/foreign-blob")
    await world.sleep(120)
    world.sent()
    state = await world.reconcile(at, "drift")
    assert (state["result"], state["paths"][0]["endpoint"]) == ("Connected", first)
    sent = world.sent()
    assert all(method == "GET" for method, _ in sent)
    assert requests_to(sent, "/privateLinkResources") == requests_to(sent, "/usages") == 0


async def test_with_many_free_addresses_only_the_subscription_s_count_is_read_and_only_once() -> None:
    world = World()
    accounts = [await world.create_account(name) for name in ("one", "two")]
    world.sent()
    states = await asyncio.gather(*map(world.reconcile, accounts))
    assert [state["result"] for state in states] == ["Connected", "Connected"]
    sent = world.sent()
    assert requests_to(sent, "/privateLinkResources") == 0
    assert requests_to(sent, USAGES) == 1


async def test_a_second_target_does_not_count_with_addresses_that_were_read_before_the_first() -> None:
    world = await a_world(policy(SMALL, ENDPOINTS))
    at = await create(world, REGISTRY, REGISTRY_BODY)
    other = await create(world, REGISTRY + "2", REGISTRY_BODY)
    first = asyncio.ensure_future(world.reconcile(at))
    await world.sleep(50)
    state = await world.reconcile(other)
    assert state["result"] == "Connected", state["reason"]
    assert state["paths"][0]["addresses"][0]["ip"].startswith("10.0.1.")
    assert (await first)["paths"][0]["addresses"][0]["ip"].startswith("10.0.9.")


@pytest.mark.parametrize("listed", [True, False])
async def test_a_list_that_cannot_be_read_counts_the_minimum_of_the_type(listed: bool) -> None:
    world = await a_world(policy(SMALL), taken=2)
    at = await create(world, REGISTRY, REGISTRY_BODY)
    if not listed:
        world.deny("Microsoft.ContainerRegistry/registries/privateLinkResources/read")
    state = await world.reconcile(at)
    assert (state["result"], state["code"]) == ("Blocked", "SubnetFull")
    assert "has 1 free addresses, 2 are needed (registry 2)" in state["reason"]
    assert world.writes() == []


async def test_a_full_subscription_blocks_with_its_numbers_before_anything_is_written() -> None:
    world = World()
    usages.pretend(world.azure.world, SUB.rsplit("/", 1)[1], "westeurope", 65536)
    at = await world.create_account()
    world.sent()
    state = await world.reconcile(at)
    assert (state["result"], state["code"]) == ("Blocked", "SubscriptionFull")
    assert "has 65536 private endpoints in westeurope" in state["reason"]
    assert "Azure allows 65536" in state["reason"]
    assert "another subscription" in state["remedy"]
    assert world.writes() == []


async def test_a_full_subscription_is_skipped_for_the_next_candidate_s() -> None:
    other = SUB.replace("1", "2")
    network = f"{other}/resourceGroups/rg-spoke/providers/Microsoft.Network/virtualNetworks/hub-two"
    world = World(a_policy(subnets={"westeurope": [ENDPOINTS, f"{network}/subnets/endpoints"]}))
    subnets = [{"name": "endpoints", "properties": {"addressPrefix": "10.3.1.0/24"}}]
    body = {"addressSpace": {"addressPrefixes": ["10.3.0.0/16"]}, "subnets": subnets}
    await world.send("PUT", network, {"location": "westeurope", "properties": body})
    await world.sleep(61)
    usages.pretend(world.azure.world, SUB.rsplit("/", 1)[1], "westeurope", 65536)
    state = await world.reconcile(await world.create_account())
    assert state["result"] == "Connected", state["reason"]
    assert state["paths"][0]["endpoint"].startswith(other)


@pytest.mark.parametrize("answer", [{"status": 404, "code": "NotFound"}, {"status": 200, "body": {}}])
async def test_an_unknown_count_blocks_nothing(answer: dict[str, Any]) -> None:
    world = World()
    world.azure.faults.add({"match": {"path": "/usages$"}, "answer": answer})
    assert (await world.reconcile(await world.create_account()))["result"] == "Connected"


async def test_a_missing_right_to_read_the_count_blocks_nothing_and_is_tried_once_a_minute() -> None:
    world = World()
    world.deny("Microsoft.Network/locations/usages/read")
    accounts = [await world.create_account(name) for name in ("one", "two")]
    world.sent()
    states = await asyncio.gather(*map(world.reconcile, accounts))
    assert [state["result"] for state in states] == ["Connected", "Connected"]
    assert requests_to(world.sent(), USAGES) == 1


async def test_a_dry_run_counts_capacity_too() -> None:
    world = await a_world(policy(SMALL), taken=1)
    at = await create(world, COSMOS, COSMOS_BODY)
    found = await world.plan(at)
    assert (found["result"], found["code"]) == ("Blocked", "SubnetFull")
    assert "3 are needed (Sql 3)" in found["reason"]
