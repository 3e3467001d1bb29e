"""Security rules: managed ones follow clients and endpoints, foreign ones are not changed."""

from tests.builders.policies import a_policy
from tests.builders.security_rules import ENSURE, GROUP, a_filtered_world, covered, deny, rules_of
from tests.builders.world import ENDPOINTS, NETWORKS, SPOKE, World


async def test_clients_are_allowed_to_the_endpoint_on_the_catalogue_s_ports() -> None:
    world = await a_filtered_world()
    state = await world.reconcile(await world.create_account())
    assert state["result"] == "Connected"
    (rule,) = (await rules_of(world)).values()
    assert rule["sourceAddressPrefixes"] == ["10.1.0.0/16"]
    assert rule["destinationAddressPrefixes"] == [state["paths"][0]["addresses"][0]["ip"]]
    assert rule["destinationPortRanges"] == ["443"]
    assert rule["access"] == "Allow"
    assert 1000 <= rule["priority"] <= 1009


async def test_rules_are_enforced_on_the_subnet_and_nothing_else_in_it_changes() -> None:
    world = await a_filtered_world()
    await world.reconcile(await world.create_account())
    subnet = (await world.send("GET", ENDPOINTS))["properties"]
    assert subnet["privateEndpointNetworkPolicies"] == "NetworkSecurityGroupEnabled"
    assert subnet["networkSecurityGroup"]["id"] == GROUP
    assert [entry["service"] for entry in subnet["serviceEndpoints"]] == ["Microsoft.Sql"]


async def test_a_subnet_that_a_user_deletes_meanwhile_is_not_created_again() -> None:
    world = await a_filtered_world()
    at = await world.create_account()
    await world.plan(at)  # it caches the network for a minute
    await world.send("DELETE", ENDPOINTS)
    await world.sleep(30)
    state = await world.reconcile(at)
    assert (state["result"], state["code"]) == ("Blocked", "SubnetNotFound")
    assert ENDPOINTS not in world.written("PUT")
    assert await world.send("GET", ENDPOINTS) is None


async def test_two_endpoints_share_one_rule_and_deleting_one_withdraws_its_address() -> None:
    world = await a_filtered_world()
    first, second = await world.create_account("first"), await world.create_account("second")
    one = (await world.reconcile(first))["paths"][0]["addresses"][0]["ip"]
    two = (await world.reconcile(second))["paths"][0]["addresses"][0]["ip"]
    (rule,) = (await rules_of(world)).values()
    assert covered(rule, one)
    assert covered(rule, two)
    await world.send("DELETE", first)
    await world.sleep(60)
    assert (await world.reconcile(first))["result"] == "Removed"
    (rule,) = (await rules_of(world)).values()
    assert not covered(rule, one)
    assert covered(rule, two)


async def test_the_rule_is_deleted_with_its_last_endpoint() -> None:
    world = await a_filtered_world()
    at = await world.create_account()
    await world.reconcile(at)
    await world.send("DELETE", at)
    await world.sleep(60)
    state = await world.reconcile(at)
    assert state["result"] == "Removed"
    assert await rules_of(world) == {}
    assert state["owned"] == []


async def test_a_second_pass_writes_nothing() -> None:
    world = await a_filtered_world()
    at = await world.create_account()
    await world.reconcile(at)
    world.sent()
    assert (await world.reconcile(at))["result"] == "Connected"
    assert world.writes() == []


async def test_a_foreign_rule_with_precedence_that_denies_blocks_with_its_name() -> None:
    world = await a_filtered_world(rules={"lockdown": deny(200)})
    before = await rules_of(world)
    state = await world.reconcile(await world.create_account())
    assert (state["result"], state["code"]) == ("Blocked", "DeniedByRule")
    assert "lockdown" in state["reason"]
    assert (await rules_of(world))["lockdown"] == before["lockdown"]


async def test_a_foreign_rule_with_a_managed_name_is_still_foreign() -> None:
    world = await a_filtered_world(rules={"causeway-mine": deny(150)})
    state = await world.reconcile(await world.create_account())
    assert (state["result"], state["code"]) == ("Blocked", "DeniedByRule")


async def test_a_foreign_deny_rule_behind_the_managed_rule_does_not_block() -> None:
    world = await a_filtered_world(rules={"tail": deny(4000)})
    assert (await world.reconcile(await world.create_account()))["result"] == "Connected"


async def test_priorities_of_foreign_rules_are_not_used() -> None:
    foreign = {"sourceAddressPrefix": "10.9.0.0/16", "access": "Allow"}
    world = await a_filtered_world(rules={"foreign": deny(1000, **foreign)})
    await world.reconcile(await world.create_account())
    rules = await rules_of(world)
    assert rules["foreign"]["priority"] == 1000
    assert sorted(rule["priority"] for rule in rules.values()) == [1000, 1001]


async def test_a_new_prefix_of_a_client_network_is_added_to_the_rule() -> None:
    world = await a_filtered_world()
    at = await world.create_account()
    await world.reconcile(at)
    spoke = await world.send("GET", SPOKE)
    spoke["properties"]["addressSpace"]["addressPrefixes"].append("10.77.0.0/16")
    await world.send("PUT", SPOKE, spoke)
    await world.sleep(90)
    assert (await world.reconcile(at, "drift"))["result"] == "Connected"
    (rule,) = (await rules_of(world)).values()
    assert sorted(rule["sourceAddressPrefixes"]) == ["10.1.0.0/16", "10.77.0.0/16"]


async def test_default_deny_comes_after_the_allow_rule() -> None:
    world = await a_filtered_world({**ENSURE, "default_deny": True})
    assert (await world.reconcile(await world.create_account()))["result"] == "Connected"
    rules = sorted((await rules_of(world)).values(), key=lambda rule: rule["priority"])
    assert [rule["access"] for rule in rules] == ["Allow", "Deny"]


async def test_require_evaluates_rules_and_writes_none() -> None:
    world = await a_filtered_world({"mode": "require"})
    state = await world.reconcile(await world.create_account())
    assert (state["result"], await rules_of(world)) == ("Connected", {})


async def test_require_reports_what_is_missing() -> None:
    late = deny(3000)
    world = await a_filtered_world({"mode": "require"}, rules={"late": late})
    at = await world.create_account()
    state = await world.reconcile(at)
    assert (state["result"], state["code"]) == ("Blocked", "NotEnsured")
    assert "its rule late does not let clients through" in state["reason"]
    assert list(await rules_of(world)) == ["late"]
    mine = deny(2999, access="Allow", sourceAddressPrefix="10.1.0.0/16")
    await world.send("PUT", f"{GROUP}/securityRules/mine", {"properties": mine})
    await world.sleep(61)
    assert (await world.reconcile(at))["result"] == "Connected"


async def test_without_enforcement_the_outcome_says_that_rules_do_not_apply() -> None:
    world = await a_filtered_world({**ENSURE, "enforce_on_endpoints": False})
    state = await world.reconcile(await world.create_account())
    assert state["result"] == "Connected"
    assert any("do not apply to endpoints" in finding for finding in state["findings"])


async def test_a_subnet_without_a_group_is_reported_as_unfiltered() -> None:
    world = World(a_policy(nsg=ENSURE))
    state = await world.reconcile(await world.create_account())
    assert state["result"] == "Connected"
    assert any("nothing filters" in finding for finding in state["findings"])


async def test_a_full_range_of_priorities_blocks_the_rule_and_nothing_else() -> None:
    foreign = {f"t{n}": deny(1000 + n, access="Allow", destinationPortRange="22") for n in range(10)}
    world = await a_filtered_world(rules=foreign)
    state = await world.reconcile(await world.create_account())
    assert (state["result"], state["code"]) == ("Blocked", "NoFreePriority")
    ended = {action["action"]: action["ended"] for action in state["actions"]}
    assert ended["Block"] == "skipped"
    assert await world.resolve(SPOKE, "orders.blob.core.windows.net")


async def give_spoke_ipv6(world: World) -> None:
    spoke = await world.send("GET", SPOKE)
    spoke["properties"]["addressSpace"]["addressPrefixes"].append("fd00:1::/48")
    await world.send("PUT", SPOKE, spoke)
    await world.sleep(60)


async def test_a_client_with_both_ip_versions_is_let_through_by_the_one_that_the_endpoint_has() -> None:
    world = await a_filtered_world({**ENSURE, "default_deny": True})
    await give_spoke_ipv6(world)
    at = await world.create_account()
    assert (await world.reconcile(at))["result"] == "Connected"
    allow, deny_all = sorted((await rules_of(world)).values(), key=lambda rule: str(rule["priority"]))
    assert allow["sourceAddressPrefixes"] == ["10.1.0.0/16"]
    assert deny_all["access"] == "Deny"


async def test_a_deny_rule_for_addresses_of_no_client_blocks_nothing() -> None:
    world = await a_filtered_world(rules={"no-six": deny(200, sourceAddressPrefix="fd00::/8")})
    await give_spoke_ipv6(world)
    assert (await world.reconcile(await world.create_account()))["result"] == "Connected"


async def group_with(side: str) -> World:
    """A group with a foreign deny rule that names an application security group in place of addresses."""
    world = await a_filtered_world()
    web = f"{NETWORKS}/applicationSecurityGroups/web"
    await world.send("PUT", web, {"location": "westeurope"})
    rule = deny(200)
    del rule[f"{side}AddressPrefix"]
    body = {"properties": {**rule, f"{side}ApplicationSecurityGroups": [{"id": web}]}}
    await world.send("PUT", f"{GROUP}/securityRules/web-tier", body)
    await world.sleep(30)
    return world


async def test_a_deny_rule_for_an_application_security_group_without_endpoints_blocks_nothing() -> None:
    world = await group_with("destination")
    state = await world.reconcile(await world.create_account())
    assert (state["result"], [f for f in state["findings"] if "web-tier" in f]) == ("Connected", [])


async def test_a_deny_rule_for_clients_in_an_application_security_group_is_reported_as_undecided() -> None:
    world = await group_with("source")
    state = await world.reconcile(await world.create_account())
    assert state["result"] == "Connected"
    (reported,) = [finding for finding in state["findings"] if "web-tier" in finding]
    assert reported.startswith("whether clients reach 10.0.1.4 port 443 cannot be decided")
    (check,) = [one for one in state["checks"] if one["check"] == "rules let clients through"]
    assert (check["holds"], check["seen"]) == (None, "not provable: it depends on web-tier")
