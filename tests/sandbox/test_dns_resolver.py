"""Private resolvers, forwarding rulesets, and resolving through the DNS servers of a network."""

import pytest

from sandbox.azure.reachability.names import resolve
from sandbox.azure.reachability.reach import reach
from tests.sandbox.cloud import GROUP, Cloud, code, network_body, subnet, subnet_body, vnet
from tests.sandbox.connectivity import BLOB_ZONE, endpoint_body, endpoint_id, link_body, with_names, zone_id

NAME = "acct.blob.core.windows.net"
AZURE = "168.63.129.16"
RESOLVER = f"{GROUP}/providers/Microsoft.Network/dnsResolvers/resolver"
INBOUND, OUTBOUND = f"{RESOLVER}/inboundEndpoints/in", f"{RESOLVER}/outboundEndpoints/out"
RULESET = f"{GROUP}/providers/Microsoft.Network/dnsForwardingRulesets/rules"
LINK = f"{RULESET}/virtualNetworkLinks/spoke"
INBOUND_ADDRESS = "10.0.20.4"


def located(**properties) -> dict:
    return {"location": "westeurope", "properties": properties}


def inbound_body(at: str, **more) -> dict:
    return located(ipConfigurations=[{"subnet": {"id": at}} | more])


def rule_body(domain: str, *servers: str, state: str = "Enabled") -> dict:
    targets = [{"ipAddress": one} for one in servers]
    return {"properties": {"domainName": domain, "targetDnsServers": targets, "forwardingRuleState": state}}


async def a_spoke(cloud: Cloud, *servers: str, peered: bool = True, name: str = "spoke") -> None:
    """A network with a subnet `clients`, these DNS servers, and both halves of a peering with `hub`."""
    body = network_body("10.1.0.0/16", {"clients": "10.1.1.0/24"})
    body["properties"]["dhcpOptions"] = {"dnsServers": list(servers)}
    await cloud.make(vnet(name), body)
    if peered:
        for near, far in (("hub", name), (name, "hub")):
            remote = {"properties": {"remoteVirtualNetwork": {"id": vnet(far)}}}
            await cloud.make(f"{vnet(near)}/virtualNetworkPeerings/to-{far}", remote)


async def with_resolver(*, outbound: bool = False) -> Cloud:
    """Names resolve in `hub`, which has a resolver with an inbound endpoint."""
    cloud = await with_names()
    await cloud.make(subnet("inbound"), subnet_body("10.0.20.0/28"))
    await cloud.make(RESOLVER, located(virtualNetwork={"id": vnet()}))
    await cloud.make(INBOUND, inbound_body(subnet("inbound")))
    if outbound:
        await cloud.make(subnet("outbound"), subnet_body("10.0.21.0/28"))
        await cloud.make(OUTBOUND, located(subnet={"id": subnet("outbound")}))
        await cloud.make(RULESET, located(dnsResolverOutboundEndpoints=[{"id": OUTBOUND}]))
    return cloud


async def with_ruleset(*rules: tuple[str, str]) -> Cloud:
    """`with_resolver`, and a spoke that asks Azure's DNS and is linked to a ruleset of these rules."""
    cloud = await with_resolver(outbound=True)
    await a_spoke(cloud)
    for number, (domain, server) in enumerate(rules):
        await cloud.put(f"{RULESET}/forwardingRules/rule{number}", rule_body(domain, server))
    await cloud.make(LINK, {"properties": {"virtualNetwork": {"id": vnet("spoke")}}})
    return cloud


async def declare(cloud: Cloud, *servers: dict) -> None:
    response = await cloud.post("/_sandbox/dns", {"servers": list(servers)})
    assert response.status == 200, response.body


def asked(cloud: Cloud, network: str = "spoke", name: str = NAME):
    return resolve(cloud.world, vnet(network), name)


# Servers of a network's own


async def test_a_network_with_its_own_servers_does_not_see_the_zones_linked_to_it():
    cloud = await with_names()
    await a_spoke(cloud, "10.9.9.9")
    await cloud.make(f"{zone_id()}/virtualNetworkLinks/spoke", link_body(vnet("spoke")))
    found = asked(cloud)
    assert (found.kind, found.servers) == ("unknown", ("10.9.9.9",))
    assert "no DNS server is known at 10.9.9.9" in found.why
    stopped = reach(cloud.world, subnet("clients", "spoke"), NAME, 443)
    assert (stopped.reachable, stopped.hop) == (False, "resolve")
    assert "10.9.9.9" in stopped.why


async def test_azures_own_address_among_the_servers_is_azures_dns():
    cloud = await with_names()
    await a_spoke(cloud, AZURE)
    await cloud.make(f"{zone_id()}/virtualNetworkLinks/spoke", link_body(vnet("spoke")))
    assert asked(cloud).addresses == ("10.0.1.4",)


async def test_an_inbound_endpoint_answers_from_the_zones_of_its_own_network():
    cloud = await with_resolver()
    await a_spoke(cloud, INBOUND_ADDRESS)
    assert asked(cloud).addresses == ("10.0.1.4",)
    assert reach(cloud.world, subnet("clients", "spoke"), NAME, 443).reachable
    await cloud.remove(f"{zone_id()}/virtualNetworkLinks/hub")
    await cloud.make(f"{zone_id()}/virtualNetworkLinks/spoke", link_body(vnet("spoke")))
    assert asked(cloud).kind == "public"


async def test_an_inbound_endpoint_without_a_peering_does_not_answer():
    cloud = await with_resolver()
    await a_spoke(cloud, INBOUND_ADDRESS, peered=False)
    found = asked(cloud)
    assert found.kind == "unanswered"
    assert "has no peering to" in found.why


async def test_the_next_server_is_asked_only_when_the_first_does_not_answer():
    cloud = await with_resolver()
    await a_spoke(cloud, "10.0.30.4", INBOUND_ADDRESS)
    await declare(cloud, {"address": "10.0.30.4", "forward": "internet", "down": True})
    assert asked(cloud).addresses == ("10.0.1.4",)
    await declare(cloud, {"address": "10.0.30.4", "forward": "internet"})
    assert asked(cloud).kind == "public"


async def test_an_unknown_first_server_leaves_the_answer_unknown():
    cloud = await with_resolver()
    await a_spoke(cloud, "10.9.9.9", INBOUND_ADDRESS)
    assert asked(cloud).kind == "unknown"


# Declared servers


async def test_a_declared_server_in_the_hub_forwards_to_azure_and_sees_the_hubs_zones():
    cloud = await with_names()
    await a_spoke(cloud, "10.0.30.4")
    await declare(cloud, {"address": "10.0.30.4", "network": vnet(), "forward": AZURE})
    found = asked(cloud)
    assert (found.addresses, found.servers) == (("10.0.1.4",), ("10.0.30.4", AZURE))


async def test_the_network_of_a_declared_server_follows_from_its_address():
    cloud = await with_names()
    await a_spoke(cloud, "10.0.30.4")
    await declare(cloud, {"address": "10.0.30.4", "forward": AZURE})
    assert asked(cloud).addresses == ("10.0.1.4",)


async def test_a_server_on_premises_does_not_reach_azures_address_and_does_reach_an_inbound_endpoint():
    cloud = await with_resolver()
    await a_spoke(cloud, "192.168.0.53")
    await declare(cloud, {"address": "192.168.0.53", "forward": AZURE})
    assert asked(cloud).kind == "unanswered"
    await declare(cloud, {"address": "192.168.0.53", "forward": INBOUND_ADDRESS})
    assert asked(cloud).addresses == ("10.0.1.4",)


async def test_a_declared_server_forwards_by_the_longest_domain():
    cloud = await with_resolver()
    await a_spoke(cloud, "192.168.0.53")
    domains = {"windows.net": "internet", "blob.core.windows.net": INBOUND_ADDRESS}
    await declare(cloud, {"address": "192.168.0.53", "forward": "internet", "domains": domains})
    assert asked(cloud).kind == "private"
    only_private = {BLOB_ZONE: INBOUND_ADDRESS}
    await declare(cloud, {"address": "192.168.0.53", "forward": "internet", "domains": only_private})
    assert asked(cloud).kind == "public"


async def test_a_declared_server_answers_with_its_own_records():
    cloud = await with_names()
    await a_spoke(cloud, "192.168.0.53")
    records = {NAME: ["10.0.1.4"], "gone.blob.core.windows.net": [], "www.example.com": ["8.8.8.8"]}
    await declare(cloud, {"address": "192.168.0.53", "records": records})
    assert asked(cloud).addresses == ("10.0.1.4",)
    assert reach(cloud.world, subnet("clients", "spoke"), NAME, 443).reachable
    kinds = [asked(cloud, name=one).kind for one in ("gone.blob.core.windows.net", "www.example.com", "x.y")]
    assert kinds == ["nxdomain", "public", "nxdomain"]


async def test_servers_that_forward_to_each_other_do_not_answer():
    cloud = await with_names()
    await a_spoke(cloud, "192.168.0.53")
    pair = [("192.168.0.53", "192.168.0.54"), ("192.168.0.54", "192.168.0.53")]
    await declare(cloud, *({"address": own, "forward": to} for own, to in pair))
    found = asked(cloud)
    assert found.kind == "unanswered"
    assert "goes round" in found.why


@pytest.mark.parametrize(
    "server",
    [{"address": "nowhere"}, {"address": "10.0.0.4", "forward": "x"}, {"address": "10.0.0.4", "a": 1}],
)
async def test_a_server_that_cannot_be_is_refused(cloud, server):
    assert (await cloud.post("/_sandbox/dns", {"servers": [server]})).status == 400


# Rulesets


async def test_a_linked_rule_sends_names_to_the_inbound_endpoint():
    cloud = await with_ruleset((f"{BLOB_ZONE}.", INBOUND_ADDRESS))
    assert asked(cloud).addresses == ("10.0.1.4",)
    await cloud.remove(LINK)
    assert asked(cloud).kind == "public"


async def test_a_linked_zone_comes_before_a_rule():
    cloud = await with_ruleset((".", INBOUND_ADDRESS))
    other = zone_id(group=f"{GROUP}-other")
    await cloud.put(f"{GROUP}-other", {"location": "westeurope"})
    await cloud.make(other, {"location": "global"})
    await cloud.make(f"{other}/virtualNetworkLinks/spoke", link_body(vnet("spoke")))
    assert asked(cloud, name=f"acct.{BLOB_ZONE}").kind == "nxdomain"


async def test_the_longest_enabled_rule_counts():
    cloud = await with_ruleset(("windows.net.", "192.168.0.53"), ("blob.core.windows.net.", INBOUND_ADDRESS))
    assert asked(cloud).kind == "private"
    disabled = rule_body("blob.core.windows.net.", INBOUND_ADDRESS, state="Disabled")
    await cloud.put(f"{RULESET}/forwardingRules/rule1", disabled)
    assert asked(cloud).kind == "unknown"


@pytest.mark.parametrize(("domain", "kind"), [(".", "public"), ("windows.net.", "private")])
async def test_a_rule_for_every_name_does_not_count_for_names_of_azures_services(domain, kind):
    cloud = await with_ruleset((domain, INBOUND_ADDRESS))
    assert asked(cloud).kind == kind
    assert asked(cloud, name="www.contoso.com").servers[1:] == ((INBOUND_ADDRESS,) if domain == "." else ())


async def test_a_ruleset_does_nothing_for_a_network_with_its_own_servers():
    cloud = await with_ruleset((".", INBOUND_ADDRESS))
    body = (await cloud.get(vnet("spoke"))).body
    body["properties"]["dhcpOptions"] = {"dnsServers": ["10.9.9.9"]}
    await cloud.make(vnet("spoke"), body)
    assert asked(cloud).kind == "unknown"


async def test_a_rule_of_the_resolvers_own_network_that_leads_back_is_a_loop():
    cloud = await with_ruleset(("contoso.com.", INBOUND_ADDRESS))
    await cloud.make(f"{RULESET}/virtualNetworkLinks/hub", {"properties": {"virtualNetwork": {"id": vnet()}}})
    found = asked(cloud, name="www.contoso.com")
    assert found.kind == "unanswered"
    assert "goes round" in found.why


async def test_a_query_of_a_rule_leaves_from_the_outbound_endpoints_network():
    cloud = await with_ruleset(("contoso.com.", "10.1.1.53"))
    await declare(
        cloud, {"address": "10.1.1.53", "network": vnet("spoke"), "records": {"contoso.com": ["10.1.1.9"]}}
    )
    assert asked(cloud, name="contoso.com").kind == "private"
    await cloud.remove(f"{vnet()}/virtualNetworkPeerings/to-spoke")
    assert asked(cloud, name="contoso.com").kind == "unanswered"


# The resources


async def test_an_endpoint_holds_its_address_and_its_subnet_until_it_is_deleted():
    cloud = await with_resolver()
    shown = (await cloud.get(subnet("inbound"))).body["properties"]
    assert shown["ipConfigurations"] == [{"id": f"{INBOUND}/ipConfigurations/0"}]
    assert shown["delegations"][0]["properties"]["serviceName"] == "Microsoft.Network/dnsResolvers"
    (link,) = shown["serviceAssociationLinks"]
    assert link["properties"]["linkedResourceType"] == "Microsoft.Network/dnsResolvers"
    assert code(await cloud.delete(subnet("inbound"))) == "InUseSubnetCannotBeDeleted"
    await cloud.remove(INBOUND)
    assert (await cloud.delete(subnet("inbound"))).status == 202


async def test_a_static_address_is_taken_and_a_second_endpoint_in_the_subnet_fails():
    cloud = await with_resolver()
    await cloud.remove(INBOUND)
    static = {"privateIpAllocationMethod": "Static", "privateIpAddress": "10.0.20.9"}
    made = await cloud.make(INBOUND, inbound_body(subnet("inbound"), **static))
    (held,) = made["properties"]["ipConfigurations"]
    assert (held["privateIpAddress"], held["privateIpAllocationMethod"]) == ("10.0.20.9", "Static")
    second = await cloud.put(f"{RESOLVER}/inboundEndpoints/two", inbound_body(subnet("inbound")))
    assert (await cloud.settle(second)).body["error"]["code"] == "BadRequest"
    assert (await cloud.get(f"{RESOLVER}/inboundEndpoints/two")).body["properties"][
        "provisioningState"
    ] == "Failed"


@pytest.mark.parametrize(
    ("prefix", "more"),
    [
        ("10.0.22.0/29", {}),
        ("10.0.24.0/23", {}),
        (
            "10.0.22.0/28",
            {"delegations": [{"name": "w", "properties": {"serviceName": "Microsoft.Web/serverFarms"}}]},
        ),
    ],
)
async def test_a_subnet_that_does_not_fit_fails_the_endpoint(prefix, more):
    cloud = await with_resolver()
    await cloud.make(subnet("odd"), subnet_body(prefix, **more))
    response = await cloud.put(f"{RESOLVER}/inboundEndpoints/two", inbound_body(subnet("odd")))
    assert response.status == 202
    assert (await cloud.settle(response)).body["status"] == "Failed"


async def test_a_subnet_of_another_network_and_one_in_use_fail_the_endpoint():
    cloud = await with_resolver()
    await a_spoke(cloud)
    for at in (subnet("clients", "spoke"), subnet("one")):
        response = await cloud.put(f"{RESOLVER}/inboundEndpoints/two", inbound_body(at))
        assert (await cloud.settle(response)).body["status"] == "Failed"


async def test_no_private_endpoint_goes_into_a_resolvers_subnet():
    cloud = await with_resolver()
    refused = await cloud.put(endpoint_id("new"), endpoint_body(at=subnet("inbound")))
    assert code(refused) == "PrivateEndpointCreationNotAllowedAsSubnetIsDelegated"


async def test_a_network_has_one_resolver():
    cloud = await with_resolver()
    second = f"{RESOLVER}-two"
    response = await cloud.put(second, located(virtualNetwork={"id": vnet()}))
    assert (await cloud.settle(response)).body["error"]["code"] == "BadRequest"


async def test_a_resolver_says_that_its_network_is_gone():
    cloud = await with_names()
    await a_spoke(cloud, peered=False)
    await cloud.make(RESOLVER, located(virtualNetwork={"id": vnet("spoke")}))
    await cloud.remove(vnet("spoke"))
    assert (await cloud.get(RESOLVER)).body["properties"]["dnsResolverState"] == "Disconnected"


async def test_endpoints_are_listed_below_their_resolver_and_resolvers_in_the_subscription():
    cloud = await with_resolver(outbound=True)
    inbound = (await cloud.get(f"{RESOLVER}/inboundEndpoints")).body["value"]
    assert [one["id"] for one in inbound] == [INBOUND]
    listed = (
        await cloud.get(f"{GROUP.split('/resourceGroups')[0]}/providers/Microsoft.Network/dnsResolvers")
    ).body
    assert [one["id"] for one in listed["value"]] == [RESOLVER]


async def test_a_write_with_an_old_etag_is_refused_by_the_resolvers_service():
    cloud = await with_resolver()
    body = located(virtualNetwork={"id": vnet()})
    assert (await cloud.put(RESOLVER, body, headers={"if-match": '"old"'})).status == 412
    assert (await cloud.put(RESOLVER, body, headers={"if-none-match": "*"})).status == 412


async def test_a_group_with_a_resolver_in_use_can_be_deleted():
    cloud = await with_ruleset((".", INBOUND_ADDRESS))
    last = await cloud.settle(await cloud.delete(GROUP))
    assert last.status == 200
    assert (await cloud.get(GROUP)).status == 404


@pytest.mark.parametrize(
    "body",
    [
        rule_body("contoso.com", "10.0.0.4"),
        rule_body("contoso.com.", "fd00::1"),
        rule_body("contoso.com.", AZURE),
        rule_body("contoso.com."),
        rule_body("a..com.", "10.0.0.4"),
        rule_body("contoso.com.", *(f"10.0.0.{one}" for one in range(4, 12))),
    ],
)
async def test_a_rule_that_cannot_be_is_refused(body):
    cloud = await with_resolver(outbound=True)
    assert (await cloud.put(f"{RULESET}/forwardingRules/one", body)).status == 400


async def test_events_are_made_for_the_resolvers_types(cloud):
    operations = []
    cloud.world.emit = lambda change: operations.append(change.operation)
    await cloud.make(vnet(), network_body())
    await cloud.make(RESOLVER, located(virtualNetwork={"id": vnet()}))
    await cloud.remove(RESOLVER)
    assert "Microsoft.Network/dnsResolvers/write" in operations
    assert "Microsoft.Network/dnsResolvers/delete" in operations


async def test_a_linked_network_elsewhere_is_refused(cloud):
    made = await with_resolver(outbound=True)
    await made.make(vnet("north"), network_body("10.5.0.0/16") | {"location": "northeurope"})
    response = await made.put(LINK, {"properties": {"virtualNetwork": {"id": vnet("north")}}})
    assert (await made.settle(response)).body["error"]["code"] == "BadRequest"


async def test_a_network_lists_its_resolver_and_the_ruleset_that_is_linked_to_it():
    cloud = await with_ruleset()
    resolvers = await cloud.post(f"{vnet()}/listDnsResolvers")
    rulesets = await cloud.post(f"{vnet('spoke')}/listDnsForwardingRulesets")
    assert resolvers.body == {"value": [{"id": RESOLVER}]}
    assert rulesets.body == {"value": [{"id": RULESET, "properties": {"virtualNetworkLink": {"id": LINK}}}]}
    assert (await cloud.post(f"{vnet()}/listDnsForwardingRulesets")).body == {"value": []}


async def test_a_scenario_may_have_a_resolver_with_a_linked_ruleset(cloud):
    spoke = network_body("10.1.0.0/16", {"clients": "10.1.1.0/24"})
    hub = network_body(subnets={"inbound": "10.0.20.0/28", "outbound": "10.0.21.0/28"})
    rule = rule_body("contoso.com.", INBOUND_ADDRESS)
    listed = {
        GROUP: {"location": "westeurope"},
        vnet(): hub,
        vnet("spoke"): spoke,
        RESOLVER: located(virtualNetwork={"id": vnet()}),
        INBOUND: inbound_body(subnet("inbound")),
        OUTBOUND: located(subnet={"id": subnet("outbound")}),
        RULESET: located(dnsResolverOutboundEndpoints=[{"id": OUTBOUND}]),
        f"{RULESET}/forwardingRules/one": rule,
        LINK: {"properties": {"virtualNetwork": {"id": vnet("spoke")}}},
    }
    cloud.simulator.apply({"resources": [{"id": id} | body for id, body in listed.items()]})
    assert (await cloud.get(INBOUND)).body["properties"]["provisioningState"] == "Succeeded"
    assert asked(cloud, name="www.contoso.com").servers == (AZURE, INBOUND_ADDRESS)
