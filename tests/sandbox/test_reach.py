"""The evaluator of reachability: every hop can stop a client, and the answer names the hop."""

import pytest

from sandbox.azure.reachability.reach import reach, resolve
from tests.sandbox.cloud import GROUP, Cloud, network_body, subnet, subnet_body, vnet
from tests.sandbox.connectivity import (
    ACCOUNT,
    BLOB_ZONE,
    ENDPOINT,
    ZONE_GROUP,
    connection_of,
    endpoint_body,
    link_body,
    with_endpoint,
    with_names,
    zone_id,
)

NAME = "acct.blob.core.windows.net"
CLIENTS = subnet("clients", "spoke")
HUB_GROUP = f"{GROUP}/providers/Microsoft.Network/networkSecurityGroups/hub-nsg"
SPOKE_GROUP = f"{GROUP}/providers/Microsoft.Network/networkSecurityGroups/spoke-nsg"


def peering(near: str, far: str) -> tuple[str, dict]:
    body = {"properties": {"remoteVirtualNetwork": {"id": vnet(far)}}}
    return f"{vnet(near)}/virtualNetworkPeerings/to-{far}", body


def rule(access: str, direction: str = "Inbound", priority: int = 200, port="*", **more) -> dict:
    given = {
        "protocol": "*",
        "access": access,
        "direction": direction,
        "priority": priority,
        "sourceAddressPrefix": "*",
        "sourcePortRange": "*",
        "destinationAddressPrefix": "*",
        "destinationPortRange": str(port),
    }
    return {"properties": given | more}


async def connected() -> Cloud:
    """Names resolve in `hub` and in `spoke`; both networks are peered."""
    cloud = await with_names()
    await cloud.make(vnet("spoke"), network_body("10.1.0.0/16", {"clients": "10.1.1.0/24"}))
    await cloud.make(f"{zone_id()}/virtualNetworkLinks/spoke", link_body(vnet("spoke")))
    for path, body in (peering("hub", "spoke"), peering("spoke", "hub")):
        await cloud.make(path, body)
    return cloud


async def filtered(*, inbound: bool = True, applied: bool = True, **rules: dict) -> Cloud:
    """`connected`, with a security group of these rules on the endpoint's subnet, or on the client's."""
    cloud = await connected()
    group = HUB_GROUP if inbound else SPOKE_GROUP
    await cloud.make(group, {"location": "westeurope"})
    for name, body in rules.items():
        await cloud.make(f"{group}/securityRules/{name}", body)
    guard = {"networkSecurityGroup": {"id": group}}
    if inbound:
        policies = "NetworkSecurityGroupEnabled" if applied else "Disabled"
        given = subnet_body("10.0.1.0/24", privateEndpointNetworkPolicies=policies, **guard)
        await cloud.make(subnet(), given)
    else:
        await cloud.make(CLIENTS, subnet_body("10.1.1.0/24", **guard))
    return cloud


def ask(cloud: Cloud, port: int = 443, client: str = CLIENTS):
    return reach(cloud.world, client, NAME, port)


async def test_a_linked_zone_gives_the_private_address():
    cloud = await with_names()
    answer = resolve(cloud.world, vnet(), NAME)
    assert (answer.kind, answer.addresses, answer.name) == ("private", ("10.0.1.4",), f"acct.{BLOB_ZONE}")


async def test_without_a_linked_zone_a_name_stays_public():
    cloud = await with_endpoint()
    assert resolve(cloud.world, vnet(), NAME).kind == "public"


async def test_a_name_without_a_connection_is_public_even_with_a_linked_zone():
    cloud = await with_names()
    assert resolve(cloud.world, vnet(), "other.blob.core.windows.net").kind == "public"


async def test_a_linked_zone_without_the_record_hides_a_connected_name():
    cloud = await with_names()
    await cloud.remove(ZONE_GROUP)
    assert resolve(cloud.world, vnet(), NAME).kind == "nxdomain"


async def test_a_redirecting_link_falls_back_to_the_internet():
    cloud = await with_names()
    await cloud.remove(ZONE_GROUP)
    await cloud.make(f"{zone_id()}/virtualNetworkLinks/hub", link_body(resolutionPolicy="NxDomainRedirect"))
    assert resolve(cloud.world, vnet(), NAME).kind == "public"


async def test_a_redirecting_link_of_another_zone_than_a_privatelink_one_does_not_fall_back():
    cloud = await with_names()
    plain = zone_id("contoso.com")
    await cloud.make(plain, {"location": "global"})
    await cloud.make(f"{plain}/virtualNetworkLinks/hub", link_body(resolutionPolicy="NxDomainRedirect"))
    assert resolve(cloud.world, vnet(), "www.contoso.com").kind == "nxdomain"


async def test_a_link_that_is_not_completed_does_not_resolve():
    cloud = await with_names()
    await cloud.make(vnet("late"), network_body("10.9.0.0/16", {"one": "10.9.1.0/24"}))
    await cloud.put(f"{zone_id()}/virtualNetworkLinks/late", link_body(vnet("late")))
    assert resolve(cloud.world, vnet("late"), NAME).kind == "public"


async def test_the_longest_matching_zone_answers():
    cloud = await with_names()
    longer = zone_id(f"acct.{BLOB_ZONE}")
    await cloud.make(longer, {"location": "global"})
    await cloud.make(f"{longer}/virtualNetworkLinks/hub", link_body())
    assert resolve(cloud.world, vnet(), NAME).kind == "nxdomain"
    await cloud.put(f"{longer}/A/@", {"properties": {"aRecords": [{"ipv4Address": "10.0.1.99"}]}})
    assert resolve(cloud.world, vnet(), NAME).addresses == ("10.0.1.99",)


async def test_aliases_and_wildcards_in_a_zone_are_followed():
    cloud = await with_names()
    await cloud.put(f"{zone_id()}/CNAME/www", {"properties": {"cnameRecord": {"cname": NAME}}})
    await cloud.put(f"{zone_id()}/A/*", {"properties": {"aRecords": [{"ipv4Address": "10.0.1.88"}]}})
    assert resolve(cloud.world, vnet(), f"www.{BLOB_ZONE}").addresses == ("10.0.1.4",)
    assert resolve(cloud.world, vnet(), f"anything.{BLOB_ZONE}").addresses == ("10.0.1.88",)


async def test_an_alias_to_itself_ends():
    cloud = await with_names()
    name = f"loop.{BLOB_ZONE}"
    await cloud.put(f"{zone_id()}/CNAME/loop", {"properties": {"cnameRecord": {"cname": name}}})
    assert resolve(cloud.world, vnet(), name).kind == "nxdomain"


async def test_an_unknown_network_is_an_error():
    cloud = await with_names()
    with pytest.raises(LookupError):
        resolve(cloud.world, vnet("none"), NAME)


async def test_clients_of_the_same_and_of_a_peered_network_get_through():
    cloud = await connected()
    assert ask(cloud).reachable
    assert ask(cloud, client=subnet()).reachable


async def test_without_a_private_answer_the_path_ends_at_the_name():
    cloud = await with_endpoint()
    found = ask(cloud, client=subnet())
    assert (found.reachable, found.hop, found.public) == (False, "resolve", True)
    await cloud.patch(ACCOUNT, {"properties": {"publicNetworkAccess": "Disabled"}})
    assert not ask(cloud, client=subnet()).public


async def test_without_a_peering_the_path_ends_there():
    cloud = await connected()
    path, _ = peering("spoke", "hub")
    await cloud.remove(path)
    found = ask(cloud)
    assert (found.reachable, found.hop) == (False, "peering")


async def test_one_half_of_a_peering_is_not_enough():
    cloud = await with_names()
    await cloud.make(vnet("spoke"), network_body("10.1.0.0/16", {"clients": "10.1.1.0/24"}))
    await cloud.make(f"{zone_id()}/virtualNetworkLinks/spoke", link_body(vnet("spoke")))
    path, body = peering("spoke", "hub")
    await cloud.make(path, body)
    assert ask(cloud).hop == "peering"


@pytest.mark.parametrize("half", [peering("hub", "spoke")[0], peering("spoke", "hub")[0]])
async def test_a_disconnected_half_does_not_carry(half):
    cloud = await connected()
    cloud.world.find(half).properties["peeringState"] = "Disconnected"
    found = ask(cloud)
    assert (found.hop, "Disconnected" in found.why) == ("peering", True)


async def test_a_peering_without_access_does_not_carry():
    cloud = await connected()
    path, body = peering("hub", "spoke")
    body["properties"]["allowVirtualNetworkAccess"] = False
    await cloud.make(path, body)
    assert ask(cloud).hop == "peering"


async def test_a_peering_is_not_transitive():
    cloud = await connected()
    await cloud.make(vnet("far"), network_body("10.2.0.0/16", {"clients": "10.2.1.0/24"}))
    await cloud.make(f"{zone_id()}/virtualNetworkLinks/far", link_body(vnet("far")))
    for near, other in (("far", "spoke"), ("spoke", "far")):
        path, body = peering(near, other)
        await cloud.make(path, body)
    assert ask(cloud, client=subnet("clients", "far")).hop == "peering"


async def test_a_peering_that_does_not_know_new_addresses_does_not_carry_them():
    cloud = await connected()
    wider = network_body("10.1.0.0/16", {"clients": "10.1.1.0/24"})
    wider["properties"]["addressSpace"]["addressPrefixes"].append("10.5.0.0/16")
    await cloud.make(vnet("spoke"), wider)
    await cloud.make(subnet("new", "spoke"), subnet_body("10.5.1.0/24"))
    assert ask(cloud, client=subnet("new", "spoke")).hop == "peering"
    path, body = peering("hub", "spoke")
    await cloud.make(f"{path}?syncRemoteAddressSpace=true", body)
    assert ask(cloud, client=subnet("new", "spoke")).reachable


async def test_a_rejected_connection_carries_nothing():
    cloud = await connected()
    state = {"privateLinkServiceConnectionState": {"status": "Rejected"}}
    await cloud.put(await connection_of(cloud), {"properties": state})
    # The name is public again at once; a client that still has the address is stopped by the approval.
    await cloud.wait(20)
    found = reach(cloud.world, CLIENTS, f"acct.{BLOB_ZONE}", 443)
    assert (found.reachable, found.hop) == (False, "approval")


async def test_a_record_to_an_unused_address_ends_at_the_endpoint():
    cloud = await connected()
    record = {"properties": {"aRecords": [{"ipv4Address": "10.0.1.200"}]}}
    await cloud.put(f"{zone_id()}/A/acct", record)
    assert ask(cloud).hop == "endpoint"


async def test_a_record_to_another_services_endpoint_ends_there():
    cloud = await connected()
    other = ENDPOINT.replace("/pe", "/other")
    await cloud.make(other, endpoint_body(groups=["file"]))
    record = {"properties": {"aRecords": [{"ipv4Address": "10.0.1.5"}]}}
    await cloud.put(f"{zone_id()}/A/acct", record)
    found = ask(cloud)
    assert (found.hop, found.address) == ("endpoint", "10.0.1.5")


async def test_a_deny_on_the_endpoints_subnet_stops_and_is_named():
    cloud = await filtered(deny=rule("Deny"))
    found = ask(cloud)
    assert (found.reachable, found.hop) == (False, "inbound")
    assert "deny" in found.why


async def test_the_same_deny_has_no_effect_while_policies_are_disabled():
    cloud = await filtered(applied=False, deny=rule("Deny"))
    assert ask(cloud).reachable


async def test_the_first_matching_rule_by_priority_decides():
    cloud = await filtered(
        allow=rule("Allow", priority=150, port="443", sourceAddressPrefix="10.1.1.0/24"),
        deny=rule("Deny", priority=200),
    )
    assert ask(cloud).reachable
    assert ask(cloud, port=1433).hop == "inbound"
    assert ask(cloud, client=subnet()).hop == "inbound"


async def test_an_outbound_deny_of_the_client_stops_it():
    cloud = await filtered(inbound=False, deny=rule("Deny", direction="Outbound", port="443"))
    assert ask(cloud).hop == "outbound"
    assert ask(cloud, port=80).reachable


async def test_peered_networks_belong_to_the_virtual_network_of_the_default_rules():
    cloud = await filtered()
    assert ask(cloud).reachable


async def test_an_internet_rule_does_not_touch_private_traffic():
    cloud = await filtered(inbound=False, deny=rule("Deny", "Outbound", destinationAddressPrefix="Internet"))
    assert ask(cloud).reachable


async def test_a_client_that_uses_the_address_needs_no_name_but_every_other_hop():
    cloud = await filtered(deny=rule("Deny", sourceAddressPrefix="10.1.0.0/16"))
    assert reach(cloud.world, subnet(), "10.0.1.4", 443).reachable
    assert reach(cloud.world, CLIENTS, "10.0.1.4", 443).hop == "inbound"
    assert reach(cloud.world, CLIENTS, "10.0.1.200", 443).hop == "endpoint"


async def test_the_rule_that_lets_a_client_in_is_named():
    cloud = await filtered(own=rule("Allow", sourceAddressPrefix="10.1.0.0/16"))
    assert ask(cloud).rule == f"{HUB_GROUP}/securityRules/own"
    assert ask(cloud, client=subnet()).rule == "AllowVnetInBound"
    assert ask(await filtered(applied=False, own=rule("Allow"))).rule == ""


async def test_a_stopped_flow_still_shows_whether_public_network_access_is_enabled():
    assert ask(await filtered(deny=rule("Deny"))).public


async def test_lists_of_prefixes_and_port_ranges_are_read():
    several = {
        "destinationAddressPrefixes": ["10.0.7.0/24", "10.0.1.4/32"],
        "destinationPortRanges": ["1-100", "400-500"],
    }
    body = rule("Deny", **several)
    del body["properties"]["destinationAddressPrefix"]
    del body["properties"]["destinationPortRange"]
    cloud = await filtered(deny=body)
    assert ask(cloud).hop == "inbound"
    assert ask(cloud, port=1433).reachable


async def test_a_rule_for_another_protocol_does_not_count():
    cloud = await filtered(deny=rule("Deny", protocol="Udp"))
    assert ask(cloud).reachable


async def test_answers_of_the_control_api_are_the_same():
    cloud = await connected()
    names = await cloud.get("/_sandbox/resolve", query={"network": vnet("spoke"), "name": NAME}, version="")
    assert (names.status, names.body["addresses"]) == (200, ["10.0.1.4"])
    ways = await cloud.get(
        "/_sandbox/reach", query={"subnet": CLIENTS, "name": NAME, "port": "443"}, version=""
    )
    assert (ways.body["reachable"], ways.body["hop"]) == (True, "")


TABLE = f"{GROUP}/providers/Microsoft.Network/routeTables/table"


async def routed(
    prefix: str, hop: str = "None", policies: str = "Disabled", home: bool = False, **more
) -> Cloud:
    """`connected`, with a table of one route on the clients' subnet, or on one beside the endpoint's."""
    cloud = await connected()
    await cloud.make(subnet(), subnet_body("10.0.1.0/24", privateEndpointNetworkPolicies=policies))
    properties = {"addressPrefix": prefix, "nextHopType": hop} | more
    routes = [{"name": "away", "properties": properties}]
    await cloud.make(TABLE, {"location": "westeurope", "properties": {"routes": routes}})
    at, own = (subnet("beside"), "10.0.5.0/24") if home else (CLIENTS, "10.1.1.0/24")
    await cloud.make(at, subnet_body(own, routeTable={"id": TABLE}))
    return cloud


async def test_a_route_for_exactly_the_endpoint_drops_its_traffic():
    found = ask(await routed("10.0.1.4/32"))
    assert (found.reachable, found.hop, found.why) == (False, "route", f"route {TABLE}/routes/away drops it")


@pytest.mark.parametrize(
    ("prefix", "policies", "taken"),
    [
        ("10.0.0.0/16", "Disabled", False),
        ("10.0.0.0/16", "NetworkSecurityGroupEnabled", False),
        ("10.0.0.0/16", "RouteTableEnabled", True),
        ("10.0.1.0/24", "Enabled", True),
        ("10.0.0.0/8", "Enabled", False),
        ("0.0.0.0/0", "Enabled", False),
        ("10.0.1.5/32", "Enabled", False),
        ("Storage", "Enabled", False),
    ],
)
async def test_a_wider_route_counts_only_by_network_policies_and_from_the_network_s_prefix_on(
    prefix, policies, taken
):
    found = ask(await routed(prefix, policies=policies))
    assert (found.reachable, found.hop) == ((False, "route") if taken else (True, ""))


async def test_a_client_that_is_sent_to_an_appliance_has_not_arrived():
    found = ask(await routed("10.0.1.4/32", "VirtualAppliance", nextHopIpAddress="10.1.9.4"))
    assert (found.hop, found.why) == ("route", f"route {TABLE}/routes/away sends it to 10.1.9.4")


async def test_the_own_network_as_next_hop_leads_to_an_endpoint_in_it_and_to_no_other():
    assert ask(await routed("10.0.1.4/32", "VnetLocal", home=True), client=subnet("beside")).reachable
    assert ask(await routed("10.0.1.4/32", "VnetLocal")).hop == "route"
