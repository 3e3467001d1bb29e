"""Load balancers, gateways and bastions of the simulator: what their parts show and hold."""

from tests.sandbox.cloud import GROUP, code, network_body, subnet, vnet

NETWORK = f"{GROUP}/providers/Microsoft.Network"
BALANCER = f"{NETWORK}/loadBalancers/front"
GATEWAY = f"{NETWORK}/virtualNetworkGateways/vpn"


def config(name: str, place: str = "one") -> dict:
    return {"name": name, "properties": {"subnet": {"id": subnet(place)}}}


def balancer(**properties) -> dict:
    inner = {"frontendIPConfigurations": [config("front")]} | properties
    return {"location": "westeurope", "sku": {"name": "Standard"}, "properties": inner}


def gateway(place: str = "GatewaySubnet") -> dict:
    inner = {"gatewayType": "Vpn", "vpnType": "RouteBased", "ipConfigurations": [config("c", place)]}
    return {"location": "westeurope", "properties": inner | {"sku": {"name": "VpnGw1", "tier": "VpnGw1"}}}


async def test_a_frontend_holds_an_address_until_its_balancer_is_deleted(cloud):
    await cloud.make(vnet(), network_body(subnets={"one": "10.0.1.0/24"}))
    await cloud.make(BALANCER, balancer())
    [front] = (await cloud.get(BALANCER)).body["properties"]["frontendIPConfigurations"]
    assert (front["properties"]["privateIPAddress"], front["id"]) == (
        "10.0.1.4",
        f"{BALANCER}/frontendIPConfigurations/front",
    )
    held = (await cloud.get(subnet())).body["properties"]["ipConfigurations"]
    assert [one["id"] for one in held] == [front["id"]]
    await cloud.remove(BALANCER)
    assert "ipConfigurations" not in (await cloud.get(subnet())).body["properties"]


async def test_a_frontend_shows_the_rules_that_name_it(cloud):
    await cloud.make(vnet(), network_body(subnets={"one": "10.0.1.0/24"}))
    named = {"frontendIPConfiguration": {"id": f"{BALANCER}/frontendIPConfigurations/front"}}
    rule = {"name": "web", "properties": named | {"protocol": "Tcp", "frontendPort": 80, "backendPort": 80}}
    await cloud.make(BALANCER, balancer(loadBalancingRules=[rule]))
    shown = (await cloud.get(BALANCER)).body["properties"]
    [front] = shown["frontendIPConfigurations"]
    assert front["properties"]["loadBalancingRules"] == [{"id": f"{BALANCER}/loadBalancingRules/web"}]
    assert shown["loadBalancingRules"][0]["properties"]["idleTimeoutInMinutes"] == 4


async def test_a_basic_balancer_is_written_at_once(cloud):
    basic = {"location": "westeurope", "properties": {"backendAddressPools": [{"name": "pool"}]}}
    response = await cloud.put(BALANCER, basic)
    assert (response.status, response.body["properties"]["provisioningState"]) == (201, "Succeeded")
    assert "outboundRules" not in response.body["properties"]


async def test_a_gateway_peers_from_the_last_address_of_its_subnet(cloud):
    await cloud.make(vnet(), network_body(subnets={"GatewaySubnet": "10.0.1.0/27"}))
    accepted = await cloud.put(GATEWAY, gateway())
    assert accepted.body["properties"]["bgpSettings"]["asn"] == 0
    await cloud.settle(accepted)
    response = await cloud.get(GATEWAY)
    assert response.body["properties"]["bgpSettings"]["bgpPeeringAddress"] == "10.0.1.30"
    assert "ETag" not in response.headers


async def test_a_gateway_in_a_subnet_that_does_not_exist_is_refused(cloud):
    await cloud.make(vnet(), network_body(subnets={"one": "10.0.1.0/24"}))
    assert code(await cloud.put(GATEWAY, gateway("gone"))) == "InvalidResourceReference"


async def test_a_bastion_has_its_host_name_from_the_end_of_its_creation_on(cloud):
    await cloud.make(vnet(), network_body(subnets={"AzureBastionSubnet": "10.0.1.0/26"}))
    bastion = f"{NETWORK}/bastionHosts/jump"
    inner = {"ipConfigurations": [config("ip", "AzureBastionSubnet")]}
    accepted = await cloud.put(bastion, {"location": "westeurope", "properties": inner})
    assert "dnsName" not in accepted.body["properties"]
    await cloud.settle(accepted)
    assert (await cloud.get(bastion)).body["properties"]["dnsName"].endswith(".bastion.azure.com")


async def test_a_pool_with_a_path_of_its_own_is_in_its_balancer(cloud):
    await cloud.make(vnet(), network_body(subnets={"one": "10.0.1.0/24"}))
    await cloud.make(BALANCER, balancer())
    pool = f"{BALANCER}/backendAddressPools/pool"
    accepted = await cloud.put(pool, {"properties": {}})
    assert (accepted.status, accepted.body["id"]) == (201, pool)
    await cloud.settle(accepted)
    shown = (await cloud.get(BALANCER)).body["properties"]["backendAddressPools"]
    assert [one["name"] for one in shown] == ["pool"]
    await cloud.remove(pool)
    assert (await cloud.get(pool)).status == 404
    assert (await cloud.get(BALANCER)).body["properties"]["backendAddressPools"] == []


async def test_a_nat_gateway_shows_the_subnets_that_use_it(cloud):
    nat = f"{NETWORK}/natGateways/out"
    await cloud.make(nat, {"location": "westeurope", "sku": {"name": "Standard"}, "properties": {}})
    body = network_body(subnets={"one": "10.0.1.0/24"})
    body["properties"]["subnets"][0]["properties"]["natGateway"] = {"id": nat}
    await cloud.make(vnet(), body)
    assert (await cloud.get(nat)).body["properties"]["subnets"] == [{"id": subnet()}]


async def test_an_address_shows_the_nat_gateway_that_uses_it_and_stays_until_it_is_gone(cloud):
    address, nat = f"{NETWORK}/publicIPAddresses/out", f"{NETWORK}/natGateways/nat"
    await cloud.make(address, {"location": "westeurope", "sku": {"name": "Standard"}})
    properties = {"publicIpAddresses": [{"id": address}]}
    await cloud.make(nat, {"location": "westeurope", "sku": {"name": "Standard"}, "properties": properties})
    assert (await cloud.get(address)).body["properties"]["natGateway"] == {"id": nat}
    assert code(await cloud.delete(address)) == "PublicIPAddressCannotBeDeleted"
    await cloud.remove(nat)
    assert "natGateway" not in (await cloud.get(address)).body["properties"]


async def test_a_group_of_rules_is_named_by_its_firewall_policy(cloud):
    policy = f"{NETWORK}/firewallPolicies/policy"
    group = f"{policy}/ruleCollectionGroups/first"
    await cloud.make(policy, {"location": "westeurope"})
    await cloud.make(group, {"properties": {"priority": 200, "ruleCollections": [{"name": "none"}]}})
    assert (await cloud.get(policy)).body["properties"]["ruleCollectionGroups"] == [{"id": group}]
    shown = await cloud.get(group)
    assert shown.body["location"] == "westeurope"
    assert shown.body["properties"]["ruleCollections"] == [{"rules": [], "name": "none"}]
    assert shown.headers["ETag"] == f'"{shown.body["etag"]}"'


async def test_a_policy_of_a_web_firewall_shows_what_its_rules_leave_out(cloud):
    policy = f"{NETWORK}/ApplicationGatewayWebApplicationFirewallPolicies/web"
    rule = {"name": "r", "priority": 1, "matchConditions": [{"operator": "IPMatch"}]}
    await cloud.make(policy, {"location": "westeurope", "properties": {"customRules": [rule]}})
    shown = (await cloud.get(policy)).body["properties"]
    assert shown["customRules"][0]["state"] == "Enabled"
    assert shown["customRules"][0]["matchConditions"] == [{"transforms": [], "operator": "IPMatch"}]
    assert shown["managedRules"] == {"exclusions": [], "managedRuleSets": []}
