"""DNS zones that another owner manages, and networks with custom DNS servers."""

from typing import Any

from tests.builders.policies import a_policy
from tests.builders.world import SPOKE, SUB, ZONES, World

ZONE = f"{ZONES}/privatelink.blob.core.windows.net"
OTHER_SUB = SUB.replace("0001", "0002")
ELSEWHERE = ZONE.replace(f"{SUB}/resourceGroups/rg-dns", f"{OTHER_SUB}/resourceGroups/rg-app")
NAME = "orders.blob.core.windows.net"


def a_world_with_external_dns(**profile: Any) -> World:
    return World(a_policy(dns={"mode": "external"}, **profile))


async def make_zone_group(world: World, endpoint: str, zone: str = ZONE) -> None:
    """What Azure Policy deploys once an endpoint exists: a zone group that writes to a central zone."""
    await world.send("PUT", zone, {"location": "global"})
    await world.sleep(200)
    config = {"name": "blob", "properties": {"privateDnsZoneId": zone}}
    foreign = f"{endpoint}/privateDnsZoneGroups/deployedByPolicy"
    await world.send("PUT", foreign, {"properties": {"privateDnsZoneConfigs": [config]}})
    await world.sleep(60)


async def make_link(world: World, zone: str = ZONE, network: str = SPOKE) -> None:
    properties = {"registrationEnabled": False, "virtualNetwork": {"id": network}}
    body = {"location": "global", "properties": properties}
    await world.send("PUT", f"{zone}/virtualNetworkLinks/central", body)
    await world.sleep(200)


async def use_servers(world: World, *servers: str) -> None:
    """Give the client network these DNS servers."""
    body = await world.send("GET", SPOKE)
    body["properties"]["dhcpOptions"] = {"dnsServers": list(servers)}
    await world.send("PUT", SPOKE, body)
    await world.sleep(60)


def forwarding(state: dict[str, Any]) -> list[str]:
    return [finding for finding in state["findings"] if "168.63.129.16" in finding]


async def test_external_zone_groups_and_links_connect_and_nothing_is_written() -> None:
    world = a_world_with_external_dns()
    at = await world.create_account()
    state = await world.reconcile(at)
    assert (state["result"], state["code"]) == ("Pending", "AwaitingDns")
    assert "zone groups" in state["remedy"]
    await make_zone_group(world, state["paths"][0]["endpoint"])
    await make_link(world)
    world.sent()
    state = await world.reconcile(at, "drift")
    assert (state["result"], state["findings"]) == ("Connected", [])
    assert world.writes() == []
    assert await world.resolve(SPOKE, NAME) == [state["paths"][0]["addresses"][0]["ip"]]


async def test_a_zone_without_a_link_is_awaited_and_named_until_it_is_linked() -> None:
    world = a_world_with_external_dns()
    at = await world.create_account()
    await make_zone_group(world, (await world.reconcile(at))["paths"][0]["endpoint"], ELSEWHERE)
    world.sent()
    state = await world.reconcile(at, "drift")
    assert (state["result"], state["code"]) == ("Pending", "AwaitingDns")
    assert "spoke-a" in state["remedy"]
    assert "privatelink.blob.core.windows.net" in state["remedy"]
    assert "zone groups" not in state["remedy"]
    assert await world.resolve(SPOKE, NAME) == []
    await make_link(world, ELSEWHERE)
    state = await world.reconcile(at, "drift")
    assert state["result"] == "Connected"
    assert await world.resolve(SPOKE, NAME) == [state["paths"][0]["addresses"][0]["ip"]]
    assert world.writes() == []


async def test_a_link_of_another_network_does_not_count_for_the_clients() -> None:
    world = a_world_with_external_dns()
    at = await world.create_account()
    await make_zone_group(world, (await world.reconcile(at))["paths"][0]["endpoint"])
    await make_link(world, network=SPOKE.replace("spoke-a", "hub-ne"))
    state = await world.reconcile(at, "drift")
    assert (state["result"], state["code"]) == ("Pending", "AwaitingDns")


async def test_links_that_the_app_may_not_read_are_reported_and_block_nothing() -> None:
    world = a_world_with_external_dns()
    at = await world.create_account()
    await make_zone_group(world, (await world.reconcile(at))["paths"][0]["endpoint"])
    world.deny("Microsoft.Network/privateDnsZones/virtualNetworkLinks/read")
    state = await world.reconcile(at, "drift")
    assert state["result"] == "Connected"
    (finding,) = state["findings"]
    assert ZONE in finding
    assert "virtualNetworkLinks/read" in finding


async def test_a_client_network_that_the_app_may_not_read_is_reported_and_blocks_nothing() -> None:
    world = World()
    world.azure.access.roles["app"].remove(["Microsoft.Network/virtualNetworks/read"], SPOKE)
    state = await world.reconcile(await world.create_account())
    assert state["result"] == "Connected"
    (finding,) = state["findings"]
    assert SPOKE in finding


async def test_clients_with_custom_dns_servers_are_named_and_need_no_link_to_an_external_zone() -> None:
    world = a_world_with_external_dns()
    await use_servers(world, "10.1.1.53", "10.1.1.54")
    at = await world.create_account()
    await make_zone_group(world, (await world.reconcile(at))["paths"][0]["endpoint"])
    state = await world.reconcile(at, "drift")
    assert state["result"] == "Connected"
    (finding,) = forwarding(state)
    assert all(part in finding for part in ("spoke-a", "10.1.1.53, 10.1.1.54", ZONE.split("/")[-1]))


async def test_clients_with_custom_dns_servers_are_named_where_causeway_manages_the_zones() -> None:
    world = World()
    await use_servers(world, "10.1.1.53")
    state = await world.reconcile(await world.create_account())
    assert state["result"] == "Connected"
    (finding,) = forwarding(state)
    assert all(part in finding for part in ("spoke-a", "10.1.1.53", ZONE.split("/")[-1]))
    assert await world.send("GET", f"{ZONE}/virtualNetworkLinks")


async def test_azure_dns_by_its_address_is_no_custom_dns_server() -> None:
    world = a_world_with_external_dns()
    await use_servers(world, "168.63.129.16")
    at = await world.create_account()
    await make_zone_group(world, (await world.reconcile(at))["paths"][0]["endpoint"])
    state = await world.reconcile(at, "drift")
    assert (state["result"], state["code"]) == ("Pending", "AwaitingDns")
    assert forwarding(state) == []


async def test_without_dns_no_client_network_is_read() -> None:
    world = World(a_policy(dns={"mode": "none"}))
    await use_servers(world, "10.1.1.53")
    world.sent()
    state = await world.reconcile(await world.create_account())
    assert (state["result"], state["findings"]) == ("Connected", [])
    assert not [path for _, path in world.sent() if path.endswith("spoke-a")]
