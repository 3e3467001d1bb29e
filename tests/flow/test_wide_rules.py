"""Allow rules by the endpoints' subnet and by their application security group."""

from typing import Any

import pytest

from tests.builders.policies import a_policy
from tests.builders.security_rules import ENSURE, GROUP, a_filtered_world, deny, rules_of
from tests.builders.world import NETWORKS, SPOKE, World

ASG = f"{NETWORKS}/applicationSecurityGroups/endpoints"
PREFIX = "10.0.1.0/24"
BY_GROUP: dict[str, Any] = {
    "nsg": {**ENSURE, "destination": "group"},
    "application_security_groups": {"westeurope": ASG},
}


async def add(world: World, rule: dict[str, Any]) -> None:
    """Write another owner's rule into the group."""
    await world.send("PUT", f"{GROUP}/securityRules/stop", {"properties": rule})
    await world.sleep(60)


async def by_subnet(**nsg: Any) -> World:
    world = await a_filtered_world()
    world.policy = a_policy(nsg={**ENSURE, "destination": "subnet", **nsg})
    world.flow = world.worker()
    return world


async def by_group(**nsg: Any) -> World:
    world = await a_filtered_world()
    await world.send("PUT", ASG, {"location": "westeurope"})
    world.policy = a_policy(**{**BY_GROUP, "nsg": {**BY_GROUP["nsg"], **nsg}})
    world.flow = world.worker()
    await world.sleep(60)
    return world


async def test_one_rule_names_the_subnet_and_the_next_endpoint_needs_no_write_of_rules() -> None:
    world = await by_subnet()
    assert (await world.reconcile(await world.create_account("first")))["result"] == "Connected"
    (rule,) = (await rules_of(world)).values()
    assert rule["destinationAddressPrefixes"] == [PREFIX]
    world.sent()
    assert (await world.reconcile(await world.create_account("second")))["result"] == "Connected"
    assert not [path for path in world.written("PUT") if "securityRules" in path]


async def test_the_subnet_s_rule_stays_when_an_endpoint_goes() -> None:
    world = await by_subnet()
    at = await world.create_account()
    await world.reconcile(at)
    await world.send("DELETE", at)
    await world.sleep(60)
    assert (await world.reconcile(at))["result"] == "Removed"
    (rule,) = (await rules_of(world)).values()
    assert rule["destinationAddressPrefixes"] == [PREFIX]


async def test_an_endpoint_of_another_profile_leaves_the_subnet_s_rule_as_it_is() -> None:
    world = await by_subnet()
    await world.reconcile(await world.create_account("first"))
    world.policy = a_policy(nsg={**ENSURE, "priorities": [1100, 1199]})
    world.flow = world.worker()
    assert (await world.reconcile(await world.create_account("second")))["result"] == "Connected"
    found = [rule["destinationAddressPrefixes"] for rule in (await rules_of(world)).values()]
    assert [PREFIX] in found


async def test_a_denial_beside_the_subnet_s_rule_names_the_endpoints_alone() -> None:
    world = await by_subnet(default_deny=True)
    state = await world.reconcile(await world.create_account())
    assert state["result"] == "Connected"
    rules = (await rules_of(world)).values()
    (denial,) = (rule for rule in rules if rule["access"] == "Deny")
    assert denial["destinationAddressPrefixes"] == [state["paths"][0]["addresses"][0]["ip"]]


async def test_a_foreign_denial_for_another_address_of_the_subnet_is_no_obstacle() -> None:
    world = await by_subnet()
    await add(world, deny(200, destinationAddressPrefix="10.0.1.200"))
    assert (await world.reconcile(await world.create_account()))["result"] == "Connected"


async def test_the_endpoint_joins_its_application_security_group_and_the_rule_names_that() -> None:
    world = await by_group(default_deny=True)
    state = await world.reconcile(await world.create_account())
    assert state["result"] == "Connected", state["reason"]
    endpoint = await world.send("GET", state["paths"][0]["endpoint"])
    assert [one["id"] for one in endpoint["properties"]["applicationSecurityGroups"]] == [ASG]
    allow = next(rule for rule in (await rules_of(world)).values() if rule["access"] == "Allow")
    assert [one["id"] for one in allow["destinationApplicationSecurityGroups"]] == [ASG]


async def test_a_denial_for_the_members_of_the_group_is_seen() -> None:
    world = await by_group()
    denial = deny(200, destinationApplicationSecurityGroups=[{"id": ASG}])
    del denial["destinationAddressPrefix"]
    await add(world, denial)
    state = await world.reconcile(await world.create_account())
    assert (state["result"], state["code"]) == ("Blocked", "DeniedByRule")
    assert "stop" in state["reason"]


async def test_an_endpoint_that_was_taken_out_of_its_group_is_put_back() -> None:
    world = await by_group()
    at = await world.create_account()
    state = await world.reconcile(at)
    endpoint = state["paths"][0]["endpoint"]
    body = await world.send("GET", endpoint)
    body["properties"]["applicationSecurityGroups"] = []
    await world.send("PUT", endpoint, body)
    await world.sleep(60)
    state = await world.reconcile(at, "drift")
    assert state["result"] == "Connected", state["reason"]
    after = await world.send("GET", endpoint)
    assert [one["id"] for one in after["properties"]["applicationSecurityGroups"]] == [ASG]


@pytest.mark.parametrize("destination", ["addresses", "subnet", "group"])
async def test_an_earlier_policy_s_wide_rule_that_lets_others_in_is_named(destination: str) -> None:
    world = await by_group() if destination == "group" else await by_subnet()
    network = f"{NETWORKS}/virtualNetworks/spoke-c"
    space = {"addressSpace": {"addressPrefixes": ["10.3.0.0/16"]}, "subnets": []}
    await world.send("PUT", network, {"location": "westeurope", "properties": space})
    await world.sleep(60)
    profile = {**BY_GROUP} if destination == "group" else {}
    profile["nsg"] = {**ENSURE, "destination": destination}
    world.policy = a_policy(**profile, clients=[SPOKE, network], peering="ensure")
    world.flow = world.worker()
    at = await world.create_account()
    state = await world.reconcile(at)
    assert (state["result"], state["findings"]) == ("Connected", [])
    world.policy = a_policy(**profile, clients=[SPOKE], peering="ensure")
    world.flow = world.worker()
    state = await world.reconcile(at, "drift")
    found = [one for one in state["findings"] if "lets 10.3.0.0/16 get to the endpoints too" in one]
    assert (state["result"], len(found)) == ("Connected", int(destination != "addresses"))
    for name, rule in (await rules_of(world)).items():
        if "10.3.0.0/16" in rule.get("sourceAddressPrefixes", ()):
            assert name in found[0]
            await world.send("DELETE", f"{GROUP}/securityRules/{name}")
            await world.sleep(60)
    assert (await world.reconcile(at, "drift"))["findings"] == []
