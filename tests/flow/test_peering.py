"""Peering between clients and the endpoint's network, with managed and with foreign halves."""

import asyncio

from shared.core.events.work_item import WorkItem
from tests.builders.policies import a_policy
from tests.builders.user_actions import make_gateway, peer, peering
from tests.builders.world import HUB, NETWORKS, SPOKE, World

FLAGS = ("allowForwardedTraffic", "allowGatewayTransit", "useRemoteGateways")


async def halves(world: World, network: str) -> list[dict]:
    return (await world.send("GET", network))["properties"]["virtualNetworkPeerings"]


async def test_both_halves_are_created_with_minimal_flags_and_proven_in_sync() -> None:
    world = World(a_policy(peering="ensure"))
    state = await world.reconcile(await world.create_account())
    assert state["result"] == "Connected"
    for network in (HUB, SPOKE):
        (half,) = await halves(world, network)
        assert half["properties"]["peeringState"] == "Connected"
        assert half["properties"]["peeringSyncLevel"] == "FullyInSync"
        assert not any(half["properties"][flag] for flag in FLAGS)
    assert sum(check["check"] == "networks peered" for check in state["checks"]) == 2


async def test_a_second_pass_writes_nothing() -> None:
    world = World(a_policy(peering="ensure"))
    at = await world.create_account()
    await world.reconcile(at)
    world.sent()
    assert (await world.reconcile(at))["result"] == "Connected"
    assert world.writes() == []


async def test_peerings_of_any_name_and_owner_are_adopted_with_their_settings() -> None:
    world = World(a_policy(peering="ensure"))
    await peer(world, HUB, SPOKE, allowForwardedTraffic=True)
    await peer(world, SPOKE, HUB, allowForwardedTraffic=True)
    before = await halves(world, HUB), await halves(world, SPOKE)
    state = await world.reconcile(await world.create_account())
    assert state["result"] == "Connected"
    assert (await halves(world, HUB), await halves(world, SPOKE)) == before


async def test_a_missing_half_is_added_beside_the_existing_one() -> None:
    world = World(a_policy(peering="ensure"))
    await peer(world, HUB, SPOKE)
    state = await world.reconcile(await world.create_account())
    assert state["result"] == "Connected"
    assert [half["name"] for half in await halves(world, HUB)] == ["by-hand"]


async def test_a_managed_disconnected_half_is_replaced_after_the_other_was_deleted() -> None:
    world = World(a_policy(peering="ensure"))
    at = await world.create_account()
    await world.reconcile(at)
    (foreign,) = await halves(world, SPOKE)
    await world.send("DELETE", foreign["id"])
    await world.sleep(90)
    (managed,) = await halves(world, HUB)
    assert managed["properties"]["peeringState"] == "Disconnected"
    state = await world.reconcile(at, "drift")
    assert state["result"] == "Connected"


async def test_two_targets_replace_a_disconnected_half_once_even_if_the_second_one_is_late() -> None:
    world = World(a_policy(peering="ensure"))
    targets = [await world.create_account("orders"), await world.create_account("invoices")]
    for at in targets:
        await world.reconcile(at)
    (foreign,) = await halves(world, SPOKE)
    await world.send("DELETE", foreign["id"])
    await world.sleep(90)
    world.sent()
    late = {"match": {"method": "DELETE", "path": "virtualNetworkPeerings/", "nth": 2}, "delay": 60}
    world.azure.faults.add(late)
    began = world.flow.worker.clock.now().timestamp()
    items = [WorkItem(at, "drift", "sweep", fresh_from=began) for at in targets]
    await asyncio.gather(*(world.flow.worker.work(item) for item in items))
    assert [(await world.state(at))["result"] for at in targets] == ["Connected", "Connected"]
    states = [half["properties"]["peeringState"] for net in (HUB, SPOKE) for half in await halves(world, net)]
    assert states == ["Connected", "Connected"]
    assert len(world.written("DELETE")) == 1


async def test_a_foreign_disconnected_half_blocks_with_the_remedy() -> None:
    world = World(a_policy(peering="ensure"))
    await peer(world, HUB, SPOKE)
    await peer(world, SPOKE, HUB)
    await world.send("DELETE", peering(SPOKE, "by-hand"))
    await world.sleep(60)
    state = await world.reconcile(await world.create_account())
    assert state["result"] == "Blocked"
    assert "Disconnected" in state["reason"]
    assert "by-hand" in state["reason"]


async def test_overlapping_address_space_is_found_before_anything_is_written() -> None:
    world = World(a_policy(peering="ensure"))
    space = {"addressSpace": {"addressPrefixes": ["10.1.0.0/16", "10.0.128.0/17"]}}
    subnets = [{"name": "clients", "properties": {"addressPrefix": "10.1.1.0/24"}}]
    body = {"location": "westeurope", "properties": {**space, "subnets": subnets}}
    await world.send("PUT", SPOKE, body)
    await world.sleep(60)
    at = await world.create_account()
    world.sent()
    state = await world.reconcile(at)
    assert (state["result"], state["code"]) == ("Blocked", "AddressSpacesOverlap")
    assert world.writes() == []


async def test_a_changed_address_space_is_synced() -> None:
    world = World(a_policy(peering="ensure"))
    at = await world.create_account()
    await world.reconcile(at)
    spoke = await world.send("GET", SPOKE)
    spoke["properties"]["addressSpace"]["addressPrefixes"].append("10.77.0.0/16")
    await world.send("PUT", SPOKE, spoke)
    await world.sleep(90)
    state = await world.reconcile(at, "drift")
    assert state["result"] == "Connected"
    (half,) = await halves(world, HUB)
    assert "10.77.0.0/16" in half["properties"]["remoteAddressSpace"]["addressPrefixes"]


async def test_a_pass_right_after_the_peering_reads_both_halves_as_connected() -> None:
    world = World(a_policy(peering="ensure"))
    await peer(world, SPOKE, HUB)
    at = await world.create_account()
    assert (await world.reconcile(at))["result"] == "Connected"
    assert (await world.reconcile(at))["result"] == "Connected"


async def test_require_reports_a_missing_peering_and_never_writes_one() -> None:
    world = World(a_policy(peering="require"))
    state = await world.reconcile(await world.create_account())
    assert (state["result"], state["code"]) == ("Blocked", "NotEnsured")
    assert await halves(world, HUB) == []


async def test_a_busy_network_is_waited_for() -> None:
    world = World(a_policy(peering="ensure"))
    busy = {
        "status": 400,
        "code": "ReferencedResourceNotProvisioned",
        "message": "It is in Updating state.",
    }
    world.azure.faults.add(
        {"match": {"method": "PUT", "path": "virtualNetworkPeerings/"}, "times": 2, "answer": busy}
    )
    assert (await world.reconcile(await world.create_account()))["result"] == "Connected"


async def test_two_clients_that_overlap_each_other_are_both_not_peered() -> None:
    other = f"{NETWORKS}/virtualNetworks/spoke-x"
    world = World(a_policy(peering="ensure", clients=[SPOKE, other]))
    body = {
        "location": "westeurope",
        "properties": {"addressSpace": {"addressPrefixes": ["10.1.4.0/24"]}},
    }
    await world.send("PUT", other, body)
    await world.sleep(60)
    at = await world.create_account()
    world.sent()
    state = await world.reconcile(at)
    assert (state["result"], state["code"]) == ("Blocked", "AddressSpacesOverlap")
    assert "10.1.4.0/24" in state["reason"]
    assert world.writes() == []


async def test_a_foreign_peering_in_progress_is_awaited_and_then_adopted() -> None:
    world = World(a_policy(peering="ensure"))
    at = await world.create_account()
    body = {"remoteVirtualNetwork": {"id": SPOKE}, "allowVirtualNetworkAccess": True}
    await world.send("PUT", peering(HUB, "by-hand"), {"properties": body})
    state = await world.reconcile(at)
    assert state["result"] == "Connected"
    assert [half["name"] for half in await halves(world, HUB)] == ["by-hand"]


def with_flags() -> World:
    flags = {"hub": ["gateway_transit"], "spoke": ["remote_gateways", "forwarded_traffic"]}
    return World(a_policy(peering={"mode": "ensure", **flags}))


async def flags_of(world: World, network: str) -> dict[str, bool]:
    (half,) = await halves(world, network)
    return {flag: half["properties"][flag] for flag in FLAGS}


async def test_new_halves_have_the_flags_of_their_side() -> None:
    world = with_flags()
    await make_gateway(world)
    state = await world.reconcile(await world.create_account())
    assert state["result"] == "Connected", state["reason"]
    assert await flags_of(world, HUB) == dict(zip(FLAGS, (False, True, False), strict=True))
    assert await flags_of(world, SPOKE) == dict(zip(FLAGS, (True, False, True), strict=True))


async def test_flags_of_existing_halves_are_reported_and_never_changed() -> None:
    world = with_flags()
    await make_gateway(world)
    await peer(world, HUB, SPOKE)
    await peer(world, SPOKE, HUB)
    state = await world.reconcile(await world.create_account())
    assert state["result"] == "Connected"
    assert any("without gateway_transit" in text for text in state["findings"])
    assert any("without remote_gateways, forwarded_traffic" in text for text in state["findings"])
    assert await flags_of(world, HUB) == dict.fromkeys(FLAGS, False)


async def test_a_gateway_that_the_hub_does_not_have_stops_the_spoke_s_half() -> None:
    world = with_flags()
    state = await world.reconcile(await world.create_account())
    assert (state["result"], state["code"]) == ("Blocked", "NoRemoteGateway")
    assert "hub-we has no virtual network gateway" in state["reason"]
