"""A relation is proven from both of its ends: endpoint and target, half and half, link and client."""

from typing import Any

import pytest

from sandbox.azure.kernel.ids import ArmId
from tests.builders.policies import a_policy
from tests.builders.user_actions import peering
from tests.builders.world import HUB, SPOKE, World

COMPLETE = {"peerCompleteVnets": True}


def some(local: list[str], remote: list[str]) -> dict[str, Any]:
    """The members of a half that peers these subnets alone."""
    return {"peerCompleteVnets": False, "localSubnetNames": local, "remoteSubnetNames": remote}


async def with_others() -> World:
    """A hub and a client network with one more subnet in each."""
    world = World(a_policy(peering="ensure"))
    for network, prefix in ((HUB, "10.0.200.0/24"), (SPOKE, "10.1.200.0/24")):
        await world.send("PUT", f"{network}/subnets/others", {"properties": {"addressPrefix": prefix}})
        await world.sleep(60)
    return world


async def a_peered_world(hub: dict[str, Any], spoke: dict[str, Any]) -> World:
    """A hub and a client network that a person peered, with these members of the two halves."""
    world = await with_others()
    for local, remote, more in ((HUB, SPOKE, hub), (SPOKE, HUB, spoke)):
        properties = {"remoteVirtualNetwork": {"id": remote}, "allowVirtualNetworkAccess": True, **more}
        await world.send("PUT", peering(local, "by-hand"), {"properties": properties})
        await world.sleep(60)
    return world


def unproven(state: dict[str, Any]) -> list[str]:
    return [check["check"] for check in state["checks"] if check["holds"] is None]


@pytest.mark.parametrize("near", [["others"], ["endpoints"]])
@pytest.mark.parametrize("far", [["others"], ["clients", "others"]])
async def test_a_peering_of_subnets_carries_a_path_only_with_both_ends_of_it(
    near: list[str], far: list[str]
) -> None:
    world = await a_peered_world(some(near, far), some(far, near))
    state = await world.reconcile(await world.create_account())
    covers = near == ["endpoints"] and "clients" in far
    assert (state["result"] == "Connected") is covers
    if not covers:
        assert "by-hand" in state["reason"]
        assert "peers some subnets alone" in state["reason"]
        assert "localSubnetNames" in state["remedy"]


async def test_a_peering_of_subnets_to_which_the_missing_ones_are_added_is_connected() -> None:
    world = await a_peered_world(some(["endpoints"], ["others"]), some(["others"], ["endpoints"]))
    at = await world.create_account()
    assert (await world.reconcile(at))["result"] == "Blocked"
    for network, side in ((HUB, "remoteSubnetNames"), (SPOKE, "localSubnetNames")):
        half = await world.send("GET", peering(network, "by-hand"))
        half["properties"][side].append("clients")
        await world.send("PUT", half["id"], half)
        await world.sleep(90)
    assert (await world.reconcile(at, "manual"))["result"] == "Connected"


async def test_a_half_that_leaves_out_the_clients_is_found_though_the_other_one_is_complete() -> None:
    world = await a_peered_world(some(["endpoints"], ["others"]), some(["others"], ["endpoints"]))
    state = await world.reconcile(await world.create_account())
    assert (state["result"], state["code"]) == ("Blocked", "NotOurs")


async def test_a_peering_of_ipv6_addresses_alone_carries_no_endpoint() -> None:
    world = await a_peered_world(COMPLETE, COMPLETE)
    for network in (HUB, SPOKE):
        half = world.azure.world.find(peering(network, "by-hand"))
        assert half
        half.properties["enableOnlyIPv6Peering"] = True
    state = await world.reconcile(await world.create_account())
    assert state["result"] == "Blocked"
    assert "IPv6 addresses alone" in state["reason"]


async def test_a_half_of_ours_that_a_person_limited_is_widened_by_the_missing_subnets() -> None:
    world = await with_others()
    at = await world.create_account()
    await world.reconcile(at)
    limits = ((HUB, "endpoints", "others"), (SPOKE, "others", "endpoints"))
    halves = [(await world.send("GET", at))["properties"]["virtualNetworkPeerings"] for at, _, _ in limits]
    for (half,) in halves:
        await world.send("DELETE", half["id"])
        await world.sleep(90)
    for (half,), (_, local, remote) in zip(halves, limits, strict=True):
        body = {**half["properties"], **some([local], [remote])}
        await world.send("PUT", half["id"], {"properties": body})
        await world.sleep(90)
    state = await world.reconcile(at, "drift")
    assert state["result"] == "Connected"
    (half,) = (await world.send("GET", HUB))["properties"]["virtualNetworkPeerings"]
    assert half["properties"]["peerCompleteVnets"] is False
    assert {*half["properties"]["remoteSubnetNames"]} == {"clients", "others"}


async def test_an_endpoint_that_its_target_does_not_know_any_more_is_not_connected() -> None:
    world = World()
    at = await world.create_account()
    state = await world.reconcile(at)
    forget(world, state["paths"][0]["endpoint"])
    state = await world.reconcile(at, "drift")
    assert (state["result"], state["code"]) == ("Blocked", "ConnectionNotListed")
    assert state["paths"][0]["endpoint"] in state["remedy"]


def forget(world: World, at: str) -> None:
    """As if the target had been made again: it lists no connection, and the endpoint says Approved."""
    endpoint = world.azure.world.find(at)
    assert endpoint
    world.azure.world.remove(ArmId.parse(endpoint.private.pop("connection")))


async def test_an_orphaned_endpoint_is_replaced_once_a_person_has_deleted_it() -> None:
    world = World()
    at = await world.create_account()
    endpoint = (await world.reconcile(at))["paths"][0]["endpoint"]
    forget(world, endpoint)
    await world.reconcile(at, "drift")
    await world.send("DELETE", endpoint)
    await world.sleep(120)
    assert (await world.reconcile(at, "manual"))["result"] == "Connected"


async def test_names_of_clients_with_their_own_dns_servers_are_said_not_to_be_provable() -> None:
    world = World()
    body = await world.send("GET", SPOKE)
    body["properties"]["dhcpOptions"] = {"dnsServers": ["10.1.1.53"]}
    await world.send("PUT", SPOKE, body)
    await world.sleep(60)
    state = await world.reconcile(await world.create_account())
    assert unproven(state) == ["network resolves the zone"]
    assert "not provable" in state["reason"]
    assert "10.1.1.53" in state["reason"]


async def test_a_list_of_records_that_may_not_be_read_leaves_the_names_not_provable() -> None:
    world = World()
    at = await world.create_account()
    await world.reconcile(at)
    world.deny("Microsoft.Network/privateDnsZones/A/read")
    world.azure.faults.add(
        {
            "match": {"method": "GET", "path": "/A$", "principal": "app"},
            "answer": {"status": 403, "code": "AuthorizationFailed", "message": "no right"},
        }
    )
    state = await world.reconcile(at, "manual")
    assert "records match addresses" in unproven(state)
    assert state["result"] == "Connected"
