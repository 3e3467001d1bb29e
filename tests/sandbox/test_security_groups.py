"""Security groups and rules."""

import pytest

from tests.sandbox.cloud import GROUP, code, network_body, subnet, subnet_body, vnet

NSG = f"{GROUP}/providers/Microsoft.Network/networkSecurityGroups/filter"


def rule_path(name: str = "one") -> str:
    return f"{NSG}/securityRules/{name}"


def rule(**changes) -> dict:
    properties = {
        "protocol": "Tcp",
        "access": "Allow",
        "direction": "Inbound",
        "priority": 100,
        "sourceAddressPrefix": "10.1.0.0/16",
        "sourcePortRange": "*",
        "destinationAddressPrefix": "10.0.1.4",
        "destinationPortRange": "443",
    }
    return {
        "properties": {name: value for name, value in (properties | changes).items() if value is not None}
    }


@pytest.fixture
async def filtered(cloud):
    """A cloud with a security group that has no rules of its own."""
    await cloud.make(NSG, {"location": "westeurope"})
    return cloud


async def test_a_new_group_has_no_rules_but_six_defaults(cloud):
    response = await cloud.put(NSG, {"location": "westeurope"})
    assert (response.status, response.headers["Retry-After"]) == (201, "1")
    properties = response.body["properties"]
    assert properties["securityRules"] == []
    defaults = [(one["properties"]["priority"], one["name"]) for one in properties["defaultSecurityRules"]]
    assert defaults == [
        (65000, "AllowVnetInBound"),
        (65001, "AllowAzureLoadBalancerInBound"),
        (65500, "DenyAllInBound"),
        (65000, "AllowVnetOutBound"),
        (65001, "AllowInternetOutBound"),
        (65500, "DenyAllOutBound"),
    ]


async def test_a_rule_shows_all_plural_arrays_and_no_unused_singular(filtered):
    body = await filtered.make(
        rule_path(), rule(sourceAddressPrefix=None, sourceAddressPrefixes=["10.1.0.0/16", "10.2.0.0/16"])
    )
    properties = body["properties"]
    assert properties["sourceAddressPrefixes"] == ["10.1.0.0/16", "10.2.0.0/16"]
    assert "sourceAddressPrefix" not in properties
    assert properties["destinationPortRanges"] == []
    assert properties["destinationPortRange"] == "443"


async def test_changing_a_rule_is_a_200_that_updates_and_repeating_it_is_done_at_once(filtered):
    await filtered.make(rule_path(), rule())
    changed = await filtered.put(rule_path(), rule(priority=200))
    assert (changed.status, changed.body["properties"]["provisioningState"]) == (200, "Updating")
    await filtered.settle(changed)
    repeated = await filtered.put(rule_path(), rule(priority=200))
    assert (repeated.status, repeated.body["properties"]["provisioningState"]) == (200, "Succeeded")


async def test_two_rules_with_one_priority_and_direction_conflict(filtered):
    await filtered.make(rule_path("a"), rule())
    refused = await filtered.put(rule_path("b"), rule())
    assert (refused.status, code(refused)) == (400, "SecurityRuleConflict")
    assert "Security rule b conflicts with rule a." in refused.body["error"]["message"]
    assert (await filtered.put(rule_path("b"), rule(direction="Outbound"))).status == 201


async def test_a_rule_cannot_have_a_default_rules_name(filtered):
    assert code(await filtered.put(rule_path("denyallinbound"), rule())) == "SecurityRuleConflict"


async def test_two_rules_of_one_group_at_once_both_pass(filtered):
    first = await filtered.put(rule_path("a"), rule())
    second = await filtered.put(rule_path("b"), rule(priority=101))
    assert (first.status, second.status) == (201, 201)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"priority": 99}, "SecurityRuleInvalidPriority"),
        ({"priority": 4097}, "SecurityRuleInvalidPriority"),
        ({"destinationPortRange": "80,443"}, "SecurityRuleInvalidPortRange"),
        ({"destinationPortRange": "443-80"}, "SecurityRuleInvalidPortRange"),
        ({"destinationPortRange": "65536"}, "SecurityRuleInvalidPortRange"),
        ({"destinationPortRange": None}, "SecurityRuleInvalidPortRange"),
        ({"sourceAddressPrefix": "10.0.0.1/24"}, "SecurityRuleInvalidAddressPrefix"),
        ({"sourceAddressPrefix": None}, "SecurityRuleInvalidAddressPrefix"),
        ({"protocol": "Quic"}, "InvalidRequestFormat"),
        ({"access": "Maybe"}, "InvalidRequestFormat"),
        ({"direction": "Sideways"}, "InvalidRequestFormat"),
    ],
)
async def test_a_malformed_rule_is_refused(filtered, change, error):
    response = await filtered.put(rule_path(), rule(**change))
    assert (response.status, code(response)) == (400, error)


@pytest.mark.parametrize("prefix", ["*", "VirtualNetwork", "Storage.WestEurope", "10.1.2.3", "fd00::/64"])
async def test_addresses_may_be_prefixes_addresses_or_service_tags(filtered, prefix):
    anywhere = rule(sourceAddressPrefix=prefix, destinationAddressPrefix="*")
    assert (await filtered.put(rule_path(), anywhere)).status == 201


async def test_a_group_has_at_most_a_thousand_rules(filtered):
    rules = [{"name": f"r{number}", **rule(priority=100 + number)} for number in range(1000)]
    await filtered.make(NSG, {"location": "westeurope", "properties": {"securityRules": rules}})
    assert code(await filtered.put(rule_path("more"), rule(priority=4000))) == "SecurityRulesLimitReached"
    assert (await filtered.put(rule_path("r1"), rule(priority=4000))).status == 200


async def test_deleting_a_rule_leaves_the_others(filtered):
    await filtered.make(rule_path("a"), rule())
    await filtered.make(rule_path("b"), rule(priority=101))
    await filtered.remove(rule_path("a"))
    body = (await filtered.get(NSG)).body
    assert [one["name"] for one in body["properties"]["securityRules"]] == ["b"]


async def test_a_group_put_is_a_full_replace(filtered):
    await filtered.make(rule_path("a"), rule())
    kept = {"name": "c", **rule(priority=300)}
    body = await filtered.make(NSG, {"location": "westeurope", "properties": {"securityRules": [kept]}})
    assert [one["name"] for one in body["properties"]["securityRules"]] == ["c"]


async def test_a_group_put_with_two_conflicting_rules_changes_nothing(filtered):
    await filtered.make(rule_path("a"), rule())
    twins = [{"name": name, **rule()} for name in ("x", "y")]
    response = await filtered.put(NSG, {"location": "westeurope", "properties": {"securityRules": twins}})
    assert code(response) == "SecurityRuleConflict"
    body = (await filtered.get(NSG)).body
    assert [one["name"] for one in body["properties"]["securityRules"]] == ["a"]


async def test_a_group_in_use_shows_its_subnets_and_cannot_be_deleted(filtered):
    await filtered.make(vnet(), network_body())
    await filtered.make(subnet(), subnet_body(networkSecurityGroup={"id": NSG}))
    assert (await filtered.get(NSG)).body["properties"]["subnets"] == [{"id": subnet()}]
    refused = await filtered.delete(NSG)
    assert (refused.status, code(refused)) == (400, "InUseNetworkSecurityGroupCannotBeDeleted")
    await filtered.make(subnet(), subnet_body())
    await filtered.remove(NSG)
    assert (await filtered.get(NSG)).status == 404


async def test_default_rules_are_listed(filtered):
    listed = await filtered.get(f"{NSG}/defaultSecurityRules")
    assert len(listed.body["value"]) == 6


async def test_a_group_of_rules_and_its_network_go_with_their_resource_group(filtered):
    await filtered.make(vnet(), network_body())
    await filtered.make(subnet(), subnet_body(networkSecurityGroup={"id": NSG}))
    last = await filtered.settle(await filtered.delete(GROUP))
    assert last.status == 200


async def test_a_rule_with_addresses_of_both_ip_versions_is_refused(filtered):
    mixed = rule(sourceAddressPrefix=None, sourceAddressPrefixes=["10.1.0.0/16", "fd00:1::/48"])
    refused = await filtered.put(rule_path(), mixed)
    assert (refused.status, code(refused)) == (
        400,
        "ResourceCannotContainAddressPrefixesFromDifferentAddressFamilies",
    )
    across = rule(sourceAddressPrefix="fd00:1::/48")
    assert (await filtered.put(rule_path(), across)).status == 400
    tagged = rule(sourceAddressPrefix="VirtualNetwork")
    assert (await filtered.put(rule_path(), tagged)).status == 201
