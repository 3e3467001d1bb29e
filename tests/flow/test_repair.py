"""A repair begins from what there was: flags, tags and settings that others gave to objects of Causeway."""

from typing import Any

from sandbox.azure.reachability import reach
from tests.builders.policies import a_policy
from tests.builders.user_actions import peering
from tests.builders.world import HUB, SPOKE, ZONES, World

FLAGS = ("allowForwardedTraffic", "allowGatewayTransit")
ZONE = f"{ZONES}/privatelink.blob.core.windows.net"
NAME = "orders.blob.core.windows.net"
DISCONNECTED = "Disconnected"


async def half(world: World, network: str) -> dict[str, Any]:
    """The only half of a network."""
    (found,) = (await world.send("GET", network))["properties"]["virtualNetworkPeerings"]
    return dict(found)


async def a_peered_account(world: World) -> str:
    at = await world.create_account()
    assert (await world.reconcile(at))["result"] == "Connected"
    return at


async def set_on(world: World, at: str, **properties: Any) -> None:
    """A person changes properties of an object."""
    body = await world.send("GET", at)
    body["properties"] |= properties
    await world.send("PUT", at, body)
    await world.sleep(120)


async def delete(world: World, at: str) -> None:
    await world.send("DELETE", at)
    await world.sleep(120)


async def test_a_half_is_replaced_with_the_flags_that_a_person_set_on_it() -> None:
    world = World(a_policy(peering="ensure"))
    at = await a_peered_account(world)
    await set_on(world, (await half(world, HUB))["id"], **dict.fromkeys(FLAGS, True))
    await delete(world, (await half(world, SPOKE))["id"])
    assert (await half(world, HUB))["properties"]["peeringState"] == DISCONNECTED
    assert (await world.reconcile(at, "drift"))["result"] == "Connected"
    assert [(await half(world, HUB))["properties"][flag] for flag in FLAGS] == [True, True]


async def test_a_half_that_was_deleted_has_the_flags_again_that_it_had_when_it_was_seen_last() -> None:
    world = World(a_policy(peering="ensure"))
    at = await a_peered_account(world)
    await set_on(world, (await half(world, SPOKE))["id"], allowForwardedTraffic=True)
    assert (await world.reconcile(at, "drift"))["result"] == "Connected"
    await delete(world, (await half(world, SPOKE))["id"])
    assert (await world.reconcile(at, "drift"))["result"] == "Connected"
    assert (await half(world, SPOKE))["properties"]["allowForwardedTraffic"] is True
    assert (await half(world, HUB))["properties"]["allowForwardedTraffic"] is False


async def test_a_new_half_lets_the_other_one_go_on_using_the_gateway() -> None:
    world = World(a_policy(peering="ensure"))
    at = await a_peered_account(world)
    await set_on(world, (await half(world, SPOKE))["id"], useRemoteGateways=True)
    await delete(world, (await half(world, HUB))["id"])
    assert (await world.reconcile(at, "drift"))["result"] == "Connected"
    assert (await half(world, SPOKE))["properties"]["useRemoteGateways"] is True
    assert (await half(world, HUB))["properties"]["allowGatewayTransit"] is True


async def test_a_peering_that_a_person_deleted_on_both_sides_begins_with_no_flags() -> None:
    world = World(a_policy(peering="ensure"))
    at = await a_peered_account(world)
    await set_on(world, (await half(world, SPOKE))["id"], allowForwardedTraffic=True)
    await world.reconcile(at, "drift")
    for network in (HUB, SPOKE):
        await delete(world, (await half(world, network))["id"])
    assert (await world.reconcile(at, "drift"))["result"] == "Connected"
    assert (await half(world, SPOKE))["properties"]["allowForwardedTraffic"] is False


async def test_what_others_set_is_forgotten_with_the_removal_of_the_path() -> None:
    world = World(a_policy(peering="ensure", on_opt_out="remove"))
    at = await a_peered_account(world)
    await set_on(world, (await half(world, SPOKE))["id"], allowForwardedTraffic=True)
    await world.reconcile(at, "drift")
    await world.send("PATCH", at, {"tags": {"private-connectivity": "disabled"}})
    await world.sleep(120)
    assert (await world.reconcile(at))["result"] == "Removed"
    (row,) = [row async for row in world.tables["connections"].query({})]
    assert [name for name in row.values if name.startswith("custom")] == []


async def test_a_peering_without_flags_of_its_own_is_not_recorded() -> None:
    world = World(a_policy(peering="ensure"))
    await a_peered_account(world)
    (row,) = [row async for row in world.tables["connections"].query({})]
    assert [name for name in row.values if name.startswith("custom")] == []


async def test_an_endpoint_is_made_again_with_what_others_gave_to_the_last_one() -> None:
    world = World()
    at = await a_peered_account(world)
    endpoint = (await world.reconcile(at))["paths"][0]["endpoint"]
    body = await world.send("GET", endpoint)
    found = world.azure.world.find(endpoint)
    assert found
    found.body["tags"] = {**body["tags"], "cost": "42"}
    found.properties["customNetworkInterfaceName"] = "nic-orders"
    assert (await world.reconcile(at, "drift"))["result"] == "Connected"
    await delete(world, endpoint)
    assert (await world.reconcile(at, "drift"))["result"] == "Connected"
    again = await world.send("GET", endpoint)
    assert again["tags"]["cost"] == "42"
    assert again["properties"]["customNetworkInterfaceName"] == "nic-orders"


async def test_a_replaced_endpoint_keeps_its_tags_and_the_zones_that_others_added() -> None:
    world = World(a_policy(peering="ensure"))
    at = await a_peered_account(world)
    endpoint = (await world.reconcile(at))["paths"][0]["endpoint"]
    other = f"{ZONES}/privatelink.internal.example"
    await world.send("PUT", other, {"location": "global"})
    await world.sleep(120)
    group = await world.send("GET", f"{endpoint}/privateDnsZoneGroups/causeway")
    config = {"name": "theirs", "properties": {"privateDnsZoneId": other}}
    group["properties"]["privateDnsZoneConfigs"].append(config)
    await world.send("PUT", group["id"], group)
    await world.sleep(120)
    found = world.azure.world.find(endpoint)
    assert found
    found.body["tags"]["cost"] = "42"
    (connection,) = found.properties["privateLinkServiceConnections"]
    connection["properties"]["privateLinkServiceConnectionState"]["status"] = DISCONNECTED
    assert (await world.reconcile(at, "drift"))["result"] == "Connected"
    assert (await world.send("GET", endpoint))["tags"]["cost"] == "42"
    group = await world.send("GET", f"{endpoint}/privateDnsZoneGroups/causeway")
    assert "theirs" in {one["name"] for one in group["properties"]["privateDnsZoneConfigs"]}
    assert reach.reach(world.azure.world, f"{SPOKE}/subnets/clients", NAME, 443).reachable


async def test_a_link_is_made_again_with_the_fallback_that_a_person_set_on_it() -> None:
    world = World()
    at = await a_peered_account(world)
    (link,) = (await world.send("GET", f"{ZONE}/virtualNetworkLinks"))["value"]
    await set_on(world, link["id"], resolutionPolicy="NxDomainRedirect")
    assert (await world.reconcile(at, "drift"))["result"] == "Connected"
    await delete(world, link["id"])
    assert (await world.reconcile(at, "drift"))["result"] == "Connected"
    (link,) = (await world.send("GET", f"{ZONE}/virtualNetworkLinks"))["value"]
    assert link["properties"]["resolutionPolicy"] == "NxDomainRedirect"


async def test_a_foreign_half_is_never_made_again_in_another_s_name() -> None:
    world = World(a_policy(peering="ensure"))
    for local, remote in ((HUB, SPOKE), (SPOKE, HUB)):
        properties = {"remoteVirtualNetwork": {"id": remote}, "allowVirtualNetworkAccess": True}
        await world.send("PUT", peering(local, "by-hand"), {"properties": properties})
        await world.sleep(60)
    at = await a_peered_account(world)
    await delete(world, peering(SPOKE, "by-hand"))
    state = await world.reconcile(at, "drift")
    assert (state["result"], state["code"]) == ("Blocked", "NotOurs")
    assert (await half(world, HUB))["name"] == "by-hand"
