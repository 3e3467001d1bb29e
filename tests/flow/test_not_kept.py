"""Writes that Azure answers with other values than were sent, as an Azure Policy with `modify` makes it."""

from typing import Any

import pytest

from sandbox.azure.front import policies
from tests.builders.policies import a_policy
from tests.builders.security_rules import DENY, ENSURE, a_filtered_world
from tests.builders.world import ENDPOINTS, HUB, World

NETWORK = "Microsoft.Network"
SUBNETS = f"{NETWORK}/virtualNetworks/subnets"
RULES = f"{NETWORK}/networkSecurityGroups/securityRules"
PEERINGS = f"{NETWORK}/virtualNetworks/virtualNetworkPeerings"
LINKS = f"{NETWORK}/privateDnsZones/virtualNetworkLinks"


def modify(world: World, kind: str, **values: Any) -> None:
    """Let an Azure Policy set these values in every write of the type; none: no policy any more."""
    changes = [
        {"operation": "addOrReplace", "field": name.replace("__", "."), "value": value}
        for name, value in values.items()
    ]
    rule = {"name": "resetting", "type": kind, "operations": changes}
    policies.configure(world.azure.world, {"modify": [rule] if values else []})


def writes_of(world: World, part: str) -> int:
    return sum(part in path for path in world.written("PUT"))


@pytest.mark.parametrize("nsg", [ENSURE, DENY])
async def test_network_policies_that_are_reset_are_written_once_and_named_until_a_rerun(
    nsg: dict[str, Any],
) -> None:
    world = await a_filtered_world(nsg)
    modify(world, SUBNETS, properties__privateEndpointNetworkPolicies="Disabled")
    at = await world.create_account()
    world.sent()
    state = await world.reconcile(at)
    assert (state["result"], state["code"]) == ("Blocked", "ValueNotKept")
    assert "properties.privateEndpointNetworkPolicies is Disabled" in state["reason"]
    assert writes_of(world, "subnets/") == 1
    for reason in ("drift", "event", "drift"):
        state = await world.reconcile(at, reason)
        assert (state["result"], state["code"]) == ("Blocked", "ValueNotKept")
    assert writes_of(world, "subnets/") == 0
    modify(world, SUBNETS)
    assert (await world.reconcile(at, "manual"))["result"] == "Connected"
    assert writes_of(world, "subnets/") == 1


async def test_network_policies_that_are_reset_later_end_a_connection_whose_denial_they_carry() -> None:
    world = await a_filtered_world(DENY)
    at = await world.create_account()
    assert (await world.reconcile(at))["result"] == "Connected"
    modify(world, SUBNETS, properties__privateEndpointNetworkPolicies="Disabled")
    await world.send("PUT", ENDPOINTS, await world.send("GET", ENDPOINTS))
    await world.sleep(60)
    world.sent()
    for _ in range(3):
        state = await world.reconcile(at, "drift")
        assert (state["result"], state["code"]) == ("Blocked", "ValueNotKept")
    assert writes_of(world, "subnets/") == 1


async def test_a_priority_that_is_reset_out_of_its_range_is_written_once() -> None:
    world = await a_filtered_world()
    modify(world, RULES, properties__priority=3000)
    at = await world.create_account()
    world.sent()
    state = await world.reconcile(at)
    assert (state["result"], state["code"]) == ("Blocked", "ValueNotKept")
    assert "properties.priority is 3000" in state["reason"]
    await world.reconcile(at, "drift")
    assert writes_of(world, "securityRules/") == 1


async def test_access_of_a_peering_that_is_reset_is_written_once() -> None:
    world = World(a_policy(peering="ensure"))
    modify(world, PEERINGS, properties__allowVirtualNetworkAccess=False)
    at = await world.create_account()
    world.sent()
    state = await world.reconcile(at)
    assert (state["result"], state["code"]) == ("Blocked", "ValueNotKept")
    assert "properties.allowVirtualNetworkAccess is False, sent True" in state["reason"]
    await world.reconcile(at, "drift")
    halves = (await world.send("GET", HUB))["properties"]["virtualNetworkPeerings"]
    assert writes_of(world, "virtualNetworkPeerings/") == 2
    assert len(halves) == 1


async def test_a_fallback_that_is_reset_is_written_once_and_the_names_are_not_made() -> None:
    dns = a_policy().profiles["default"].dns
    zones = str(dns.zones_resource_group.text) if dns.zones_resource_group else ""
    more = {"mode": "manage", "zones_resource_group": zones, "create_zones": True}
    world = World(a_policy(dns={**more, "link": "clients", "fallback_to_internet": True}))
    modify(world, LINKS, properties__resolutionPolicy="Default")
    at = await world.create_account()
    world.sent()
    state = await world.reconcile(at)
    assert (state["result"], state["code"]) == ("Blocked", "ValueNotKept")
    assert "properties.resolutionPolicy is Default" in state["reason"]
    await world.reconcile(at, "drift")
    assert writes_of(world, "virtualNetworkLinks/") == 1


async def test_tags_that_are_reset_are_named_and_the_path_is_connected() -> None:
    world = World()
    modify(world, f"{NETWORK}/privateDnsZones", **{"tags['managed-by']": "platform"})
    state = await world.reconcile(await world.create_account())
    assert state["result"] == "Connected"
    (finding,) = [one for one in state["findings"] if "other values" in one]
    assert "tags.managed-by is platform, sent causeway" in finding


async def test_an_endpoint_s_tag_that_is_reset_is_written_once_and_its_path_is_made() -> None:
    world = World(a_policy(top={"tags": {"env": "{tag:env|none}"}}))
    endpoints = f"{NETWORK}/privateEndpoints"
    modify(world, endpoints, **{"tags['env']": "platform"})
    at = await world.create_account(tags={"env": "prod"})
    world.sent()
    state = await world.reconcile(at)
    assert (state["result"], writes_of(world, "privateEndpoints/pe-")) == (
        "Connected",
        2,
    )  # with its zone group
    for reason in ("drift", "event", "drift"):
        state = await world.reconcile(at, reason)
        (finding,) = [one for one in state["findings"] if "tags.env is platform, sent prod" in one]
        assert (state["result"], "effect modify" in finding, world.writes()) == ("Connected", True, [])
    modify(world, endpoints)
    state = await world.reconcile(at, "manual")
    assert (state["result"], state["findings"]) == ("Connected", [])
    assert (await world.send("GET", state["paths"][0]["endpoint"]))["tags"]["env"] == "prod"


async def test_a_tag_that_is_reset_later_ends_no_connection() -> None:
    world = World()
    at = await world.create_account(tags={"env": "prod"})
    await world.reconcile(at)
    modify(world, f"{NETWORK}/privateEndpoints", **{"tags['env']": "platform"})
    world.policy = a_policy(top={"tags": {"env": "{tag:env|none}"}})
    world.flow = world.worker()
    world.sent()
    for expected in (1, 0):
        assert (await world.reconcile(at, "drift"))["result"] == "Connected"
        assert writes_of(world, "privateEndpoints/pe-") == expected


async def test_a_flag_that_hinders_nothing_is_named_and_the_path_is_connected() -> None:
    world = World(a_policy(peering="ensure"))
    modify(world, PEERINGS, properties__allowForwardedTraffic=True)
    state = await world.reconcile(await world.create_account())
    assert state["result"] == "Connected"
    assert any("properties.allowForwardedTraffic is True, sent False" in one for one in state["findings"])


async def test_a_description_that_is_reset_and_marks_a_rule_is_named() -> None:
    world = await a_filtered_world()
    modify(world, RULES, properties__description="by the platform team")
    state = await world.reconcile(await world.create_account())
    assert any("properties.description is by the platform team" in one for one in state["findings"])


# A denial that is asked for


async def test_a_denial_without_network_policies_is_not_in_force() -> None:
    world = await a_filtered_world({**DENY, "enforce_on_endpoints": False})
    state = await world.reconcile(await world.create_account())
    assert (state["result"], state["code"]) == ("Blocked", "DenialNotInForce")
    assert "network policies are off" in state["reason"]


async def test_a_denial_in_a_subnet_without_a_group_is_not_in_force() -> None:
    world = World(a_policy(nsg=DENY, peering="ensure"))
    state = await world.reconcile(await world.create_account())
    assert (state["result"], state["code"]) == ("Blocked", "DenialNotInForce")
    assert "has no network security group" in state["reason"]
