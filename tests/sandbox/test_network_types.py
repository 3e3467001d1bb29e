"""Types that network engineers use: application security groups, public addresses, effective rules."""

import pytest

from sandbox.azure.reachability.reach import reach
from tests.sandbox.cloud import GROUP, SUB, Cloud, code, network_body, subnet, subnet_body, vnet
from tests.sandbox.connectivity import ENDPOINT, endpoint_body, with_names

NETWORK = f"{GROUP}/providers/Microsoft.Network"
WEB, CLIENTS = f"{NETWORK}/applicationSecurityGroups/web", f"{NETWORK}/applicationSecurityGroups/clients"
GUARD, TABLE = f"{NETWORK}/networkSecurityGroups/guard", f"{NETWORK}/routeTables/table"
PUBLIC, NIC = f"{NETWORK}/publicIPAddresses/ip", f"{NETWORK}/networkInterfaces/nic"
HERE = {"location": "westeurope"}
NAME = "acct.blob.core.windows.net"


def rule(access: str, priority: int, **more) -> dict:
    given = {
        "protocol": "*",
        "access": access,
        "direction": "Inbound",
        "priority": priority,
        "sourceAddressPrefix": "*",
        "sourcePortRange": "*",
        "destinationAddressPrefix": "*",
        "destinationPortRange": "*",
    }
    return {"properties": {name: value for name, value in (given | more).items() if value is not None}}


def to_group(side: str, *groups: str) -> dict:
    return {f"{side}AddressPrefix": None, f"{side}ApplicationSecurityGroups": [{"id": one} for one in groups]}


def interface(**configuration) -> dict:
    properties = {"subnet": {"id": subnet()}} | configuration
    return HERE | {"properties": {"ipConfigurations": [{"name": "one", "properties": properties}]}}


# Application security groups


async def guarded(**rules: dict) -> Cloud:
    """Names resolve in `hub`, whose subnet `one` applies these rules to its endpoint, which is in `web`."""
    cloud = await with_names()
    await cloud.make(WEB, HERE)
    await cloud.make(CLIENTS, HERE)
    await cloud.make(subnet("clients"), subnet_body("10.0.5.0/24"))
    await cloud.make(ENDPOINT, endpoint_body(applicationSecurityGroups=[{"id": WEB}]))
    await cloud.make(GUARD, HERE)
    for name, body in rules.items():
        await cloud.make(f"{GUARD}/securityRules/{name}", body)
    guard = {"networkSecurityGroup": {"id": GUARD}, "privateEndpointNetworkPolicies": "Enabled"}
    await cloud.make(subnet(), subnet_body("10.0.1.0/24", **guard))
    return cloud


def found(cloud: Cloud, *groups: str):
    return reach(cloud.world, subnet("clients"), NAME, 443, groups)


async def test_a_rule_for_the_endpoints_group_applies_to_the_endpoint():
    cloud = await guarded(no=rule("Deny", 200, **to_group("destination", WEB)))
    assert found(cloud).hop == "inbound"
    await cloud.make(ENDPOINT, endpoint_body())
    assert found(cloud).reachable


async def test_a_rule_for_the_clients_group_applies_to_clients_that_are_in_it():
    cloud = await guarded(yes=rule("Allow", 200, **to_group("source", CLIENTS)), no=rule("Deny", 300))
    assert found(cloud).hop == "inbound"
    assert found(cloud, CLIENTS).reachable
    asked = f"/_sandbox/reach?subnet={subnet('clients')}&name={NAME}&groups={CLIENTS}"
    assert (await cloud.get(asked)).body["reachable"] is True


async def test_a_group_in_use_cannot_be_deleted():
    cloud = await guarded(no=rule("Deny", 200, **to_group("source", CLIENTS)))
    for group, user in ((CLIENTS, f"{GUARD}/securityRules/no"), (WEB, ENDPOINT)):
        refused = await cloud.delete(group)
        assert refused.status == 400
        assert user in refused.body["error"]["message"]
        await cloud.remove(user)
        assert (await cloud.delete(group)).status == 202


@pytest.mark.parametrize("where", [None, "northeurope"])
async def test_a_group_that_is_missing_or_elsewhere_cannot_be_joined(where):
    cloud = await with_names()
    if where:
        await cloud.make(WEB, {"location": where})
    await cloud.make(GUARD, HERE)
    named = await cloud.put(f"{GUARD}/securityRules/a", rule("Deny", 200, **to_group("source", WEB)))
    joined = await cloud.put(ENDPOINT, endpoint_body(applicationSecurityGroups=[{"id": WEB}]))
    assert [code(named), code(joined)] == ["InvalidResourceReference"] * 2


async def test_a_side_has_addresses_or_groups_and_not_both():
    cloud = await guarded()
    both = to_group("source", WEB) | {"sourceAddressPrefix": "10.0.0.0/8"}
    assert (await cloud.put(f"{GUARD}/securityRules/a", rule("Deny", 200, **both))).status == 400


# Values of rules


@pytest.mark.parametrize(
    "given",
    [
        {"sourceAddressPrefix": "10.0.1.4"},
        {"sourceAddressPrefix": "10.0.1.4/32"},
        {"sourceAddressPrefix": "Storage.WestEurope"},
        {"sourceAddressPrefix": None, "sourceAddressPrefixes": ["10.9.0.0/16", "10.1.0.4"]},
        {"destinationPortRange": None, "destinationPortRanges": ["8080", "443", "1-80"]},
    ],
)
async def test_values_are_answered_as_they_were_sent(cloud, given):
    await cloud.make(GUARD, HERE)
    shown = (await cloud.make(f"{GUARD}/securityRules/a", rule("Deny", 200, **given)))["properties"]
    assert {name: shown[name] for name, value in given.items() if value is not None} == {
        name: value for name, value in given.items() if value is not None
    }


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"sourceAddressPrefix": "10.0.1.4,10.0.1.5"}, "SecurityRuleInvalidAddressPrefix"),
        ({"destinationPortRange": "80,443"}, "SecurityRuleInvalidPortRange"),
        (
            {"sourceAddressPrefixes": ["10.0.0.0/8", "Internet"]},
            "SecurityRuleParameterContainsUnsupportedValue",
        ),
        ({"sourceAddressPrefixes": ["*"]}, "SecurityRuleParameterContainsUnsupportedValue"),
        ({"protocol": "6"}, "InvalidRequestFormat"),
    ],
)
async def test_values_that_a_rule_cannot_have_are_refused(cloud, given, expected):
    await cloud.make(GUARD, HERE)
    refused = await cloud.put(f"{GUARD}/securityRules/a", rule("Deny", 200, **given))
    assert (refused.status, code(refused)) == (400, expected)


async def test_a_single_address_in_a_rule_is_that_machine_alone():
    cloud = await guarded(no=rule("Deny", 200, sourceAddressPrefix="10.0.5.4"))
    assert found(cloud).hop == "inbound"
    await cloud.make(f"{GUARD}/securityRules/no", rule("Deny", 200, sourceAddressPrefix="10.0.5.5"))
    assert found(cloud).reachable


# Public addresses


async def test_a_static_address_has_its_number_when_it_is_done(cloud):
    body = HERE | {"sku": {"name": "Standard"}, "properties": {"publicIPAllocationMethod": "Static"}}
    response = await cloud.put(PUBLIC, body)
    assert (response.status, response.headers["Retry-After"]) == (201, "1")
    assert "ipAddress" not in response.body["properties"]
    await cloud.settle(response)
    first = (await cloud.get(PUBLIC)).body["properties"]["ipAddress"]
    assert (await cloud.make(PUBLIC, body))["properties"]["ipAddress"] == first


async def test_an_address_in_use_shows_its_configuration_and_cannot_be_deleted(cloud):
    await cloud.make(vnet(), network_body(subnets={"one": "10.0.1.0/24"}))
    await cloud.make(PUBLIC, HERE)
    await cloud.put(NIC, interface(publicIPAddress={"id": PUBLIC}))
    shown = (await cloud.get(PUBLIC)).body["properties"]
    assert shown["ipConfiguration"] == {"id": f"{NIC}/ipConfigurations/one"}
    assert code(await cloud.delete(PUBLIC)) == "PublicIPAddressCannotBeDeleted"
    await cloud.remove(NIC)
    await cloud.remove(PUBLIC)
    assert (await cloud.get(PUBLIC)).status == 404


async def test_a_label_is_free_until_an_address_of_the_region_has_it(cloud):
    asked = f"{SUB}/providers/Microsoft.Network/locations/westeurope/CheckDnsNameAvailability"
    label = {"domainNameLabel": "shop"}
    assert (await cloud.get(asked, query=label)).body == {"available": True}
    named = HERE | {"properties": {"dnsSettings": label}}
    made = await cloud.make(PUBLIC, named)
    assert made["properties"]["dnsSettings"]["fqdn"] == "shop.westeurope.cloudapp.azure.com"
    assert (await cloud.get(asked, query=label)).body == {"available": False}
    assert code(await cloud.put(f"{PUBLIC}-two", named)) == "DnsRecordInUse"


# Usages and what is effective


async def test_usages_of_a_network_count_the_addresses_of_each_subnet(cloud):
    await cloud.make(vnet(), network_body(subnets={"one": "10.0.1.0/24"}))
    await cloud.put(NIC, interface())
    (used,) = (await cloud.get(f"{vnet()}/usages")).body["value"]
    assert (used["id"], used["currentValue"], used["limit"]) == (subnet(), 1, 251)


async def result(cloud: Cloud, path: str) -> list[dict]:
    response = await cloud.post(path)
    assert response.status == 202
    await cloud.settle(response)
    return (await cloud.poll(response, "Location")).body["value"]


async def test_effective_routes_show_endpoints_peerings_and_what_a_table_overrides():
    cloud = await with_names()
    await cloud.make(vnet("spoke"), network_body("10.1.0.0/16", {"one": "10.1.1.0/24"}))
    for near, far in (("hub", "spoke"), ("spoke", "hub")):
        half = {"properties": {"remoteVirtualNetwork": {"id": vnet(far)}}}
        await cloud.make(f"{vnet(near)}/virtualNetworkPeerings/to-{far}", half)
    appliance = {
        "addressPrefix": "0.0.0.0/0",
        "nextHopType": "VirtualAppliance",
        "nextHopIpAddress": "10.0.9.4",
    }
    await cloud.make(TABLE, HERE | {"properties": {"routes": [{"name": "out", "properties": appliance}]}})
    guarded = subnet_body("10.1.1.0/24", routeTable={"id": TABLE})
    await cloud.make(subnet("one", "spoke"), guarded)
    await cloud.put(NIC, interface(subnet={"id": subnet("one", "spoke")}))
    routes = {
        (one["addressPrefix"][0], one["source"]): (one["nextHopType"], one["state"])
        for one in await result(cloud, f"{NIC}/effectiveRouteTable")
    }
    assert routes["10.1.0.0/16", "Default"] == ("VnetLocal", "Active")
    assert routes["10.0.0.0/16", "Default"] == ("VNetPeering", "Active")
    assert routes["10.0.1.4/32", "Default"] == ("InterfaceEndpoint", "Active")
    assert routes["0.0.0.0/0", "Default"] == ("Internet", "Invalid")
    assert routes["0.0.0.0/0", "User"] == ("VirtualAppliance", "Active")


async def test_effective_rules_are_those_of_the_subnet_and_of_the_interface(cloud):
    await cloud.make(GUARD, HERE)
    await cloud.make(f"{GUARD}/securityRules/no", rule("Deny", 200, destinationPortRange="443"))
    await cloud.make(vnet(), network_body())
    await cloud.make(subnet(), subnet_body(networkSecurityGroup={"id": GUARD}))
    await cloud.put(NIC, interface())
    (group,) = await result(cloud, f"{NIC}/effectiveNetworkSecurityGroups")
    assert group["association"] == {"subnet": {"id": subnet()}}
    first, *rest = group["effectiveSecurityRules"]
    assert (first["name"], first["protocol"], first["destinationPortRange"]) == (
        "securityRules/no",
        "All",
        "443-443",
    )
    assert len(rest) == 6


async def test_the_interface_of_an_endpoint_has_no_effective_routes():
    cloud = await with_names()
    nic = (await cloud.get(ENDPOINT)).body["properties"]["networkInterfaces"][0]["id"]
    assert (await cloud.post(f"{nic}/effectiveRouteTable")).status == 400


@pytest.mark.parametrize("scope", [SUB, GROUP])
async def test_types_that_take_private_endpoints_are_listed(cloud, scope):
    path = f"{scope}/providers/Microsoft.Network/locations/westeurope/availablePrivateEndpointTypes"
    listed = (await cloud.get(path)).body["value"]
    assert "Microsoft.Storage/storageAccounts" in [one["resourceName"] for one in listed]
    assert all(one["name"] == one["resourceName"].replace("/", ".") for one in listed)
