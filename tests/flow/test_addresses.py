"""Static addresses from a range of the policy: chosen among free ones, and kept by existing endpoints."""

import asyncio
from typing import Any

import pytest

from shared.core.events.work_item import WorkItem
from tests.builders.policies import a_policy
from tests.builders.world import ENDPOINTS, HUB, NETWORKS, SUB, World

APP = f"{SUB}/resourceGroups/rg-app/providers"
REGISTRY = f"{APP}/Microsoft.ContainerRegistry/registries/images"
OTHERS = f"{HUB}/subnets/others"


def ranged(within: str, **more: Any) -> Any:
    return a_policy(addresses={"westeurope": within}, **more)


async def machine(world: World, name: str, address: str) -> None:
    """A network interface of someone else with this address."""
    config = {"subnet": {"id": ENDPOINTS}, "privateIPAddress": address, "privateIPAllocationMethod": "Static"}
    properties = {"ipConfigurations": [{"name": "a", "properties": config}]}
    body = {"location": "westeurope", "properties": properties}
    await world.send("PUT", f"{NETWORKS}/networkInterfaces/{name}", body)
    await world.sleep(60)


def ips(state: dict[str, Any]) -> set[str]:
    return {address["ip"] for path in state["paths"] for address in path["addresses"]}


async def test_a_new_endpoint_has_an_address_of_the_range_and_keeps_it() -> None:
    world = World(ranged("10.0.1.64/30"))
    at = await world.create_account()
    state = await world.reconcile(at)
    assert state["result"] == "Connected", state
    assert ips(state) < {"10.0.1.64", "10.0.1.65", "10.0.1.66", "10.0.1.67"}
    world.sent()
    assert ips(await world.reconcile(at, "drift")) == ips(state)
    assert world.writes() == []


async def test_an_address_that_a_machine_has_is_not_chosen() -> None:
    world = World(ranged("10.0.1.64/30"))
    for number in (64, 65, 67):
        await machine(world, f"vm-{number}", f"10.0.1.{number}")
    state = await world.reconcile(await world.create_account())
    assert ips(state) == {"10.0.1.66"}


async def test_endpoints_that_are_made_at_the_same_time_have_addresses_of_their_own() -> None:
    world = World(ranged("10.0.1.64/30"))
    first = await world.create_account("first", {"private-connectivity-groups": "blob,queue"})
    second = await world.create_account("second", {"private-connectivity-groups": "blob,queue"})
    await asyncio.gather(*(world.work(WorkItem(at, "event", "test")) for at in (first, second)))
    await world.drain()
    states = [await world.state(at) for at in (first, second)]
    assert [state["result"] for state in states] == ["Connected", "Connected"]
    assert len(ips(states[0]) | ips(states[1])) == 4


async def test_each_member_of_a_group_gets_an_address_of_the_range() -> None:
    world = World(ranged("10.0.1.64/29", always=[]))
    tags = {"private-connectivity": "enabled"}
    body = {"location": "westeurope", "tags": tags, "sku": {"name": "Premium"}, "properties": {}}
    await world.send("PUT", REGISTRY, body)
    await world.sleep(200)
    state = await world.reconcile(REGISTRY)
    assert state["result"] == "Connected", state
    assert len(ips(state)) == 2
    assert all(64 <= int(ip.rpartition(".")[2]) < 72 for ip in ips(state))


async def test_a_full_range_is_named_with_its_numbers_and_nothing_is_made() -> None:
    world = World(ranged("10.0.1.64/31"))
    await machine(world, "vm", "10.0.1.64")
    at = await world.create_account("orders", {"private-connectivity-groups": "blob,queue"})
    world.sent()
    state = await world.reconcile(at)
    assert (state["result"], state["code"]) == ("Blocked", "AddressRangeFull")
    assert "has 1 free addresses, 2 are needed" in state["reason"]
    assert world.writes() == []


@pytest.mark.parametrize("within", ["10.0.2.0/28", "10.0.0.0/16"])
async def test_a_range_outside_of_the_subnet_is_named(within: str) -> None:
    world = World(ranged(within))
    state = await world.reconcile(await world.create_account())
    assert (state["result"], state["code"]) == ("Blocked", "RangeOutsideSubnet")


async def test_the_first_subnet_that_holds_the_range_is_chosen() -> None:
    world = World(ranged("10.0.2.16/28", subnets={"westeurope": [ENDPOINTS, OTHERS]}))
    await world.send("PUT", OTHERS, {"properties": {"addressPrefix": "10.0.2.0/24"}})
    await world.sleep(61)
    state = await world.reconcile(await world.create_account())
    assert state["result"] == "Connected", state
    assert next(iter(ips(state))).startswith("10.0.2.")


async def test_an_existing_endpoint_keeps_the_address_that_it_has() -> None:
    world = World()
    at = await world.create_account()
    before = await world.reconcile(at)
    world.policy = ranged("10.0.1.64/28")
    world.sent()
    state = await world.reconcile(at, flow=world.worker())
    assert ips(state) == ips(before)
    assert world.writes() == []


async def test_an_address_that_azure_refuses_as_taken_is_chosen_again() -> None:
    world = World(ranged("10.0.1.64/28"))
    at = await world.create_account()
    match = {"method": "PUT", "path": "/privateEndpoints/[^/]+$", "principal": "app"}
    answer = {"status": 400, "code": "PrivateIPAddressInUse", "message": "10.0.1.64 is taken"}
    world.azure.faults.add({"match": match, "times": 1, "answer": answer})
    state = await world.reconcile(at)
    assert state["result"] == "Connected", state


async def test_members_that_cannot_be_read_block_and_are_not_guessed() -> None:
    world = World(ranged("10.0.1.64/28"))
    at = await world.create_account()
    answer = {"status": 403, "code": "AuthorizationFailed", "message": "no"}
    match = {"path": "/privateLinkResources", "principal": "app"}
    world.azure.faults.add({"match": match, "answer": answer})
    world.sent()
    state = await world.reconcile(at)
    assert (state["result"], state["code"]) == ("Blocked", "MembersNotKnown")
    assert world.writes() == []


async def test_interfaces_that_cannot_be_listed_do_not_count_as_none() -> None:
    world = World(ranged("10.0.1.64/28"))
    at = await world.create_account()
    answer = {"status": 403, "code": "AuthorizationFailed", "message": "no"}
    match = {"path": f"{SUB}/providers/Microsoft.Network/networkInterfaces$", "principal": "app"}
    world.azure.faults.add({"match": match, "answer": answer})
    world.sent()
    state = await world.reconcile(at)
    assert (state["result"], state["code"]) == ("Blocked", "AuthorizationFailed")
    assert world.writes() == []


async def test_an_endpoint_that_was_deleted_gets_an_address_of_the_range_again() -> None:
    world = World(ranged("10.0.1.64/28"))
    at = await world.create_account()
    before = await world.reconcile(at)
    await world.send("DELETE", before["paths"][0]["endpoint"])
    await world.sleep(120)
    state = await world.reconcile(at, "drift")
    assert state["result"] == "Connected", state
    assert 64 <= int(next(iter(ips(state))).rpartition(".")[2]) < 80
