"""DNS zones that another owner manages, and networks with custom DNS servers."""

from typing import Any

import pytest

from tests.builders.policies import a_policy
from tests.builders.user_actions import TAG, retag
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


# Zone groups that someone else writes on our endpoints


def a_world_with_zone_groups_of_others(**dns: Any) -> World:
    return World(a_policy(dns={"mode": "external", "external": "zone_groups", **dns}, on_opt_out="remove"))


async def test_a_zone_group_of_someone_else_is_awaited_then_checked_and_never_written() -> None:
    world = a_world_with_zone_groups_of_others()
    at = await world.create_account()
    state = await world.reconcile(at)
    assert (state["result"], state["code"]) == ("Pending", "AwaitingZoneGroup")
    since = state["since"]
    await world.sleep(300)
    assert (await world.reconcile(at, "drift"))["since"] == since
    await make_zone_group(world, state["paths"][0]["endpoint"])
    state = await world.reconcile(at, "drift")
    assert (state["result"], state["code"]) == ("Pending", "AwaitingDns")
    await make_link(world)
    world.sent()
    state = await world.reconcile(at, "drift")
    assert (state["result"], state["reason"]) == ("Connected", "every check holds")
    assert world.writes() == []


@pytest.mark.parametrize(
    ("zone", "dns"),
    [
        (ELSEWHERE, {"zones_resource_group": ZONES.split("/providers")[0]}),
        (ZONE.replace("blob", "file"), {}),
    ],
    ids=["another group's zone", "another name"],
)
async def test_a_zone_group_for_another_zone_is_blocked_and_left_as_it_is(
    zone: str, dns: dict[str, Any]
) -> None:
    world = a_world_with_zone_groups_of_others(**dns)
    at = await world.create_account()
    endpoint = (await world.reconcile(at))["paths"][0]["endpoint"]
    await make_zone_group(world, endpoint, zone)
    await make_link(world, zone)
    world.sent()
    state = await world.reconcile(at, "drift")
    assert (state["result"], state["code"]) == ("Blocked", "WrongZone")
    assert "deployedByPolicy" in state["reason"]
    assert zone in state["reason"]
    assert world.writes() == []


async def test_a_link_that_the_policy_names_for_a_resolver_is_awaited_too() -> None:
    hub = SPOKE.replace("spoke-a", "hub-we")
    world = a_world_with_zone_groups_of_others(link=[hub, "clients"])
    at = await world.create_account()
    await make_zone_group(world, (await world.reconcile(at))["paths"][0]["endpoint"])
    await make_link(world)
    state = await world.reconcile(at, "drift")
    assert (state["result"], state["code"]) == ("Pending", "AwaitingDns")
    assert "hub-we" in state["remedy"]


async def test_a_zone_group_of_someone_else_stays_when_the_names_become_ours() -> None:
    """A move from Azure Policy (docs/guide.md): its zone group is kept, a new endpoint gets one of ours."""
    world = a_world_with_zone_groups_of_others()
    at = await world.create_account()
    endpoint = (await world.reconcile(at))["paths"][0]["endpoint"]
    await make_zone_group(world, endpoint)
    await make_link(world)
    await world.reconcile(at, "drift")
    world.policy = a_policy(dns={"mode": "manage", "zones_resource_group": ZONES.split("/providers")[0]})
    world.flow = world.worker()
    world.sent()
    state = await world.reconcile(at, "drift")
    assert (state["result"], state["reason"]) == ("Connected", "every check holds")
    assert world.writes() == []
    later = await world.reconcile(await world.create_account("invoices"))
    assert later["result"] == "Connected", later["reason"]
    made = await world.send("GET", f"{later['paths'][0]['endpoint']}/privateDnsZoneGroups")
    assert [one["name"] for one in made["value"]] == ["causeway"]


async def test_opting_out_removes_the_endpoint_with_the_zone_group_of_someone_else() -> None:
    world = a_world_with_zone_groups_of_others()
    at = await world.create_account()
    await make_zone_group(world, (await world.reconcile(at))["paths"][0]["endpoint"])
    await make_link(world)
    await world.reconcile(at, "drift")
    await retag(world, at, {TAG: "disabled"})
    state = await world.reconcile(at)
    assert state["result"] == "Removed", state["reason"]
    assert await world.endpoints() == []
