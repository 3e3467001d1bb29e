"""What a new endpoint does to names outside of its path: known before it is created, or undone."""

from typing import Any

import pytest

from sandbox.azure.kernel.directory import OBJECT_IDS
from sandbox.azure.reachability import reach
from tests.builders.policies import a_policy
from tests.builders.security_rules import a_filtered_world, deny
from tests.builders.user_actions import peer
from tests.builders.world import ENDPOINTS, HUB, NETWORKS, SPOKE, SUB, ZONES, World

BLOB = "privatelink.blob.core.windows.net"
TEAM = f"{SUB}/resourceGroups/rg-app/providers/Microsoft.Network/privateDnsZones"
OTHER_SUB = "/subscriptions/00000000-0000-0000-0000-000000000002"
GONE = f"{NETWORKS}/virtualNetworks/gone"
NORTH = f"{NETWORKS}/virtualNetworks/hub-ne"
NAME = "orders.blob.core.windows.net"
JOIN = "Microsoft.Network/privateDnsZones/join/action"
MONITOR = "Microsoft.Insights/privateLinkScopes"
ARC = "Microsoft.HybridCompute/privateLinkScopes"
MANAGEMENT = "Microsoft.Authorization/resourceManagementPrivateLinks"
FACTORY = "Microsoft.DataFactory/factories"


async def link(world: World, zone: str, network: str, **more: Any) -> str:
    """A team's own zone with a link to this network; the link's id."""
    await world.send("PUT", zone, {"location": "global"})
    await world.sleep(200)
    properties = {"registrationEnabled": False, "virtualNetwork": {"id": network}, **more}
    at = f"{zone}/virtualNetworkLinks/team"
    await world.send("PUT", at, {"location": "global", "properties": properties})
    await world.sleep(200)
    return at


def kind(world: World, network: str = SPOKE, name: str = NAME) -> str:
    return reach.resolve(world.azure.world, network=network, name=name).kind


def hide(world: World, path: str) -> None:
    """The app may not read this."""
    answer = {"status": 403, "code": "AuthorizationFailed", "message": "The app may not."}
    world.azure.faults.add({"match": {"method": "GET", "path": path, "principal": "app"}, "answer": answer})


# Client networks that ask another zone of the name


@pytest.mark.parametrize("zone", [f"{TEAM}/{BLOB}", f"{TEAM}/{BLOB.upper()}"], ids=["as it is", "capitals"])
async def test_a_client_network_that_asks_another_zone_keeps_its_name_and_nothing_is_begun(zone: str) -> None:
    world = World()
    at = await link(world, zone, SPOKE)
    orders = await world.create_account()
    world.sent()
    state = await world.reconcile(orders)
    assert (state["result"], state["code"]) == ("Blocked", "VirtualNetworkLinkedElsewhere")
    assert at.lower() in state["remedy"].lower()
    assert world.writes() == []
    assert (await world.endpoints(), kind(world)) == ([], "public")


async def test_a_dry_run_names_the_other_zone() -> None:
    world = World()
    await link(world, f"{TEAM}/{BLOB}", SPOKE)
    plan = await world.plan(await world.create_account())
    codes = {step["code"] for step in plan["actions"] if "code" in step}
    assert codes == {"VirtualNetworkLinkedElsewhere"}


async def test_following_the_remedy_of_another_zone_connects() -> None:
    world = World()
    at = await link(world, f"{TEAM}/{BLOB}", SPOKE)
    orders = await world.create_account()
    await world.reconcile(orders)
    await world.send("DELETE", at)
    await world.sleep(200)
    assert (await world.reconcile(orders, "manual"))["result"] == "Connected"


async def test_another_zone_in_a_subscription_that_is_not_watched_is_found_by_the_refused_link() -> None:
    world = World()
    group = f"{OTHER_SUB}/resourceGroups/rg-team"
    await world.send("PUT", group, {"location": "westeurope"})
    await link(world, f"{group}/providers/Microsoft.Network/privateDnsZones/{BLOB}", SPOKE)
    state = await world.reconcile(await world.create_account())
    assert (state["result"], state["code"]) == ("Blocked", "VirtualNetworkLinkedElsewhere")
    assert (await world.endpoints(), kind(world)) == ([], "public")


async def test_another_zone_that_cannot_be_read_is_found_by_the_refused_link_and_reported() -> None:
    world = World()
    await link(world, f"{TEAM}/{BLOB}", SPOKE)
    hide(world, f"^{SUB}/providers/Microsoft.Network/privateDnsZones$")
    state = await world.reconcile(await world.create_account())
    assert (state["result"], state["code"]) == ("Blocked", "VirtualNetworkLinkedElsewhere")
    assert (await world.endpoints(), kind(world)) == ([], "public")
    assert any("is not known for the private DNS zones of" in text for text in state["findings"])


async def test_the_names_of_another_service_are_guarded_as_well() -> None:
    world = World(a_policy(always=["Microsoft.KeyVault/vaults"]))
    await link(world, f"{TEAM}/privatelink.vaultcore.azure.net", SPOKE)
    at = f"{SUB}/resourceGroups/rg-app/providers/Microsoft.KeyVault/vaults/secrets1"
    properties = {
        "tenantId": "11111111-1111-1111-1111-111111111111",
        "sku": {"family": "A", "name": "standard"},
    }
    await world.send(
        "PUT", at, {"location": "westeurope", "properties": {**properties, "accessPolicies": []}}
    )
    await world.sleep(120)
    state = await world.reconcile(at)
    assert (state["code"], await world.endpoints()) == ("VirtualNetworkLinkedElsewhere", [])
    assert kind(world, name="secrets1.vault.azure.net") == "public"


async def test_an_existing_endpoint_stays_when_a_new_client_network_asks_another_zone() -> None:
    world = World()
    orders = await world.create_account()
    assert (await world.reconcile(orders))["result"] == "Connected"
    before = await world.endpoints()
    await link(world, f"{TEAM}/{BLOB}", NORTH)
    world.policy = a_policy(clients=[SPOKE, NORTH])
    world.flow = world.worker()
    state = await world.reconcile(orders, "drift")
    assert (state["result"], state["code"]) == ("Blocked", "VirtualNetworkLinkedElsewhere")
    assert (await world.endpoints(), kind(world)) == (before, "private")


# Networks that the profile does not list


async def test_networks_outside_the_profile_that_get_the_private_address_are_named_in_a_dry_run() -> None:
    world = World()
    await link(world, f"{ZONES}/{BLOB}", NORTH)
    plan = await world.plan(await world.create_account())
    (finding,) = [text for text in plan["findings"] if "outside the profile" in text]
    assert NORTH in finding
    assert "private address" in finding


async def test_networks_outside_the_profile_that_lose_the_name_are_named_in_a_dry_run() -> None:
    world = World()
    await link(world, f"{TEAM}/{BLOB}", NORTH)
    orders = await world.create_account()
    (finding,) = [text for text in (await world.plan(orders))["findings"] if "outside the profile" in text]
    assert NORTH in finding
    assert "no longer resolve orders" in finding
    state = await world.reconcile(orders)
    assert finding in state["findings"]
    assert kind(world, NORTH) == "nxdomain"


async def test_a_network_whose_link_falls_back_to_public_dns_loses_nothing() -> None:
    world = World()
    await link(world, f"{TEAM}/{BLOB}", NORTH, resolutionPolicy="NxDomainRedirect")
    plan = await world.plan(await world.create_account())
    assert [text for text in plan["findings"] if "outside the profile" in text] == []


@pytest.mark.parametrize("mode", ["none", "external"])
async def test_networks_that_lose_the_name_are_named_where_someone_else_keeps_the_names(mode: str) -> None:
    world = World(a_policy(dns={"mode": mode}))
    await link(world, f"{TEAM}/{BLOB}", SPOKE)
    orders = await world.create_account()
    (finding,) = [text for text in (await world.plan(orders))["findings"] if "no longer resolve" in text]
    assert SPOKE in finding
    await world.reconcile(orders)
    assert kind(world) == "nxdomain"


# Rights for the later steps


async def test_without_the_right_to_write_names_no_endpoint_is_created() -> None:
    world = World()
    world.deny(JOIN)
    orders = await world.create_account()
    world.sent()
    state = await world.reconcile(orders)
    assert (state["result"], state["code"]) == ("Blocked", "AuthorizationFailed")
    assert JOIN in state["reason"]
    assert "Private DNS Zone Contributor" in state["remedy"]
    assert f"--assignee-object-id {OBJECT_IDS['app']} " in state["remedy"]
    assert (world.writes(), kind(world)) == ([], "public")


@pytest.mark.parametrize(
    "action",
    [
        "Microsoft.Network/privateEndpoints/privateDnsZoneGroups/write",
        "Microsoft.Network/privateDnsZones/write",
        "Microsoft.Network/virtualNetworks/subnets/join/action",
        "*/privateEndpointConnectionsApproval/action",
    ],
)
async def test_every_right_that_the_path_takes_is_asked_for_before_the_first_write(action: str) -> None:
    world = World()
    world.deny(action)
    orders = await world.create_account()
    world.sent()
    state = await world.reconcile(orders)
    assert (state["result"], state["code"]) == ("Blocked", "AuthorizationFailed")
    assert action.removeprefix("*/").lower() in state["reason"].lower()
    assert "az role definition create" in state["remedy"] or "Private DNS" in state["remedy"]
    assert world.writes() == []


async def test_all_rights_that_lack_are_named_at_once() -> None:
    world = World(a_policy(peering="ensure"))
    lacking = [
        JOIN,
        "Microsoft.Network/virtualNetworks/peer/action",
        "Microsoft.Network/privateDnsZones/write",
    ]
    for action in lacking:
        world.deny(action)
    state = await world.reconcile(await world.create_account())
    assert [action for action in lacking if action not in state["reason"]] == []


async def test_where_rights_cannot_be_asked_the_endpoint_without_a_name_is_deleted_again() -> None:
    world = World()
    world.deny(JOIN)
    hide(world, "Microsoft.Authorization/permissions$")
    orders = await world.create_account()
    state = await world.reconcile(orders)
    assert (state["result"], state["code"]) == ("Blocked", "LinkedAuthorizationFailed")
    assert (await world.endpoints(), state["owned"], kind(world)) == ([], [], "public")
    assert any("deleted again" in text for text in state["findings"])
    world.sent()
    assert (await world.reconcile(orders, "drift"))["code"] == "LinkedAuthorizationFailed"
    assert [path for _, path in world.writes() if "/privateEndpoints/" in path] == []
    world.allow_all()
    assert (await world.reconcile(orders, "manual"))["result"] == "Connected"


async def test_an_endpoint_without_a_name_that_cannot_be_deleted_again_is_named() -> None:
    world = World()
    world.deny(JOIN)
    hide(world, "/permissions$")
    lock = f"{NETWORKS.partition('/providers/')[0]}/providers/Microsoft.Authorization/locks/keep"
    await world.send("PUT", lock, {"properties": {"level": "CanNotDelete"}}, version="2020-05-01")
    state = await world.reconcile(await world.create_account())
    assert state["result"] == "Blocked"
    (endpoint,) = await world.endpoints()
    (finding,) = [text for text in state["findings"] if text.startswith(endpoint)]
    assert "could not be deleted again" in finding
    assert "ScopeLocked" in finding


async def test_an_endpoint_that_worked_is_not_deleted_because_a_right_lacks_by_now() -> None:
    world = World()
    orders = await world.create_account()
    state = await world.reconcile(orders)
    group = f"{state['paths'][0]['endpoint']}/privateDnsZoneGroups/causeway"
    await world.send("DELETE", group)
    await world.sleep(60)
    world.deny(JOIN)
    state = await world.reconcile(orders, "drift")
    assert state["result"] == "Blocked"
    assert len(await world.endpoints()) == 1


# One client network is missing


@pytest.mark.parametrize("profile", [{}, {"peering": "ensure"}], ids=["links", "peering"])
async def test_the_other_client_networks_get_their_path_where_one_is_missing(profile: dict[str, Any]) -> None:
    world = World(a_policy(clients=[SPOKE, GONE], **profile))
    state = await world.reconcile(await world.create_account())
    assert (state["result"], state["code"]) == ("Blocked", "NetworkNotFound")
    assert GONE in state["reason"]
    assert [check["check"] for check in state["checks"] if not check["holds"]] == ["client network exists"]
    assert kind(world) == "private"


async def test_a_client_network_that_a_cached_read_still_has_leaves_no_endpoint_without_a_name() -> None:
    world = World(a_policy(clients=[SPOKE, NORTH]))
    assert (await world.reconcile(await world.create_account("first")))["result"] == "Connected"
    orders = await world.create_account()
    late = world.worker()
    await late.queries.plan(orders)
    for link_id in [
        one["id"] for one in (await world.send("GET", f"{ZONES}/{BLOB}/virtualNetworkLinks"))["value"]
    ]:
        if "hub-ne" in link_id:
            await world.send("DELETE", link_id)
    await world.send("DELETE", NORTH)
    await world.sleep(30)
    state = await world.reconcile(orders, flow=late)
    assert kind(world) == "private", state["reason"]


async def test_nothing_is_begun_where_no_client_network_exists() -> None:
    world = World(a_policy(clients=[GONE]))
    state = await world.reconcile(await world.create_account())
    assert (state["code"], await world.endpoints()) == ("NetworkNotFound", [])


async def test_a_right_that_lacks_on_one_client_network_does_not_keep_the_others_from_their_path() -> None:
    world = World(a_policy(clients=[SPOKE, HUB]))
    world.azure.access.roles["app"].remove(["Microsoft.Network/virtualNetworks/join/action"], HUB)
    state = await world.reconcile(await world.create_account())
    assert state["result"] == "Blocked"
    assert "virtualNetworks/join/action" in state["remedy"]
    assert kind(world) == "private"


# Zones that answer for all resources of a service


@pytest.mark.parametrize("type_name", [MONITOR, ARC, MANAGEMENT, FACTORY])
async def test_a_zone_that_answers_for_all_is_linked_only_where_the_policy_says_so(type_name: str) -> None:
    dns = {"mode": "manage", "zones_resource_group": ZONES.split("/providers")[0]}
    world = World(a_policy(always=[type_name], fallback_region="westeurope", dns=dns))
    at = f"{SUB}/resourceGroups/rg-app/providers/{type_name}/scope1"
    location = "global" if type_name == MONITOR else "westeurope"
    tags = {"private-connectivity-groups": "portal"} if type_name == FACTORY else {}
    await world.send("PUT", at, {"location": location, "tags": tags, "properties": {}})
    await world.sleep(120)
    world.sent()
    assert {step.get("code") for step in (await world.plan(at))["actions"]} == {"SharedNames"}
    state = await world.reconcile(at)
    assert (state["result"], state["code"]) == ("Blocked", "SharedNames")
    assert (world.writes(), await world.endpoints()) == ([], [])
    allowed = {**dns, "shared_names": [type_name]}
    world.policy = a_policy(always=[type_name], fallback_region="westeurope", dns=allowed)
    world.flow = world.worker()
    plan = await world.plan(at)
    assert any("alone for all resources of this service" in text for text in plan["findings"])
    assert (await world.reconcile(at, "manual"))["result"] == "Connected"


# Rules that have no effect on the endpoints of a subnet until Causeway turns its network policies on

DENY_ALL = {"deny-all": deny(4000)}


async def an_endpoint_of_a_team(world: World) -> str:
    """A team's endpoint in the subnet of the policy; the address that clients reach it by."""
    invoices = await world.create_account("invoices", {"private-connectivity": "disabled"})
    at = f"{NETWORKS}/privateEndpoints/pe-team"
    connection = {"name": "c", "properties": {"privateLinkServiceId": invoices, "groupIds": ["blob"]}}
    properties = {"subnet": {"id": ENDPOINTS}, "privateLinkServiceConnections": [connection]}
    await world.send("PUT", at, {"location": "westeurope", "properties": properties})
    await world.sleep(300)
    found = (await world.send("GET", at))["properties"]["customDnsConfigs"]
    return str(found[0]["ipAddresses"][0])


async def test_a_denial_that_would_begin_to_apply_to_a_team_s_endpoint_stays_without_effect() -> None:
    world = await a_filtered_world(rules=DENY_ALL)
    for near, far in ((HUB, SPOKE), (SPOKE, HUB)):
        await peer(world, near, far)
    address = await an_endpoint_of_a_team(world)
    at = await world.create_account()
    world.sent()
    state = await world.reconcile(at)
    assert (state["result"], state["code"]) == ("Blocked", "RulesWouldReachOthers")
    assert "pe-team" in state["reason"]
    assert world.writes() == []
    assert reach.reach(world.azure.world, f"{SPOKE}/subnets/clients", address, 443).reachable


async def test_once_a_person_turned_the_policies_on_the_path_is_made_beside_a_team_s_endpoint() -> None:
    world = await a_filtered_world(rules=DENY_ALL)
    await an_endpoint_of_a_team(world)
    at = await world.create_account()
    assert (await world.reconcile(at))["code"] == "RulesWouldReachOthers"
    subnet = await world.send("GET", ENDPOINTS)
    subnet["properties"]["privateEndpointNetworkPolicies"] = "NetworkSecurityGroupEnabled"
    await world.send("PUT", ENDPOINTS, subnet)
    await world.sleep(60)
    assert (await world.reconcile(at, "manual"))["result"] == "Connected"


async def test_a_denial_of_addresses_outside_the_subnet_hinders_nothing() -> None:
    world = await a_filtered_world(rules={"elsewhere": deny(4000, destinationAddressPrefix="10.0.9.0/24")})
    await an_endpoint_of_a_team(world)
    assert (await world.reconcile(await world.create_account()))["result"] == "Connected"


async def test_policies_that_were_turned_off_are_turned_on_beside_managed_endpoints() -> None:
    world = await a_filtered_world(rules=DENY_ALL)
    first, second = await world.create_account(), await world.create_account("second")
    for at in (first, second):
        assert (await world.reconcile(at))["result"] == "Connected"
    subnet = await world.send("GET", ENDPOINTS)
    subnet["properties"]["privateEndpointNetworkPolicies"] = "Disabled"
    await world.send("PUT", ENDPOINTS, subnet)
    await world.sleep(60)
    assert (await world.reconcile(first, "drift"))["result"] == "Connected"
    subnet = await world.send("GET", ENDPOINTS)
    assert subnet["properties"]["privateEndpointNetworkPolicies"] == "NetworkSecurityGroupEnabled"
