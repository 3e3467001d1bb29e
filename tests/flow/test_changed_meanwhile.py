"""What a user writes between a reading of the app and its write is not lost."""

from typing import Any

from shared.core.events.reason import Reason
from tests.builders.policies import a_policy
from tests.builders.security_rules import ENSURE, GROUP, a_filtered_world, rules_of
from tests.builders.user_actions import act_during
from tests.builders.world import ENDPOINTS, HUB, SPOKE, ZONES, World

ZONE = f"{ZONES}/privatelink.blob.core.windows.net"


async def meanwhile(world: World, at: str, path: str, *change: Any, reason: Reason = "event") -> Any:
    """The state after a pass during which a user makes this request, and after what that queued."""
    await act_during(world, at, path, change, reason=reason)
    await world.drain()
    return await world.state(at)


async def test_a_subnet_keeps_what_a_person_wrote_while_its_policies_are_turned_on() -> None:
    world = await a_filtered_world()
    at = await world.create_account()
    body = await world.send("GET", ENDPOINTS)
    body["properties"]["serviceEndpoints"] = [{"service": "Microsoft.KeyVault"}]
    state = await meanwhile(world, at, "subnets/endpoints", "PUT", ENDPOINTS, body)
    assert state["result"] == "Connected"
    found = (await world.send("GET", ENDPOINTS))["properties"]
    assert [one["service"] for one in found["serviceEndpoints"]] == ["Microsoft.KeyVault"]
    assert found["privateEndpointNetworkPolicies"] == "NetworkSecurityGroupEnabled"


async def test_a_half_keeps_the_flags_that_a_person_set_while_it_is_synced() -> None:
    world = World(a_policy(peering="ensure"))
    at = await world.create_account()
    await world.reconcile(at)
    spoke = await world.send("GET", SPOKE)
    spoke["properties"]["addressSpace"]["addressPrefixes"].append("10.77.0.0/16")
    await world.send("PUT", SPOKE, spoke)
    await world.sleep(90)
    (half,) = (await world.send("GET", HUB))["properties"]["virtualNetworkPeerings"]
    flagged = {"properties": {**half["properties"], "allowForwardedTraffic": True}}
    path = f"virtualNetworkPeerings/{half['name']}"
    state = await meanwhile(world, at, path, "PUT", half["id"], flagged, reason="drift")
    assert state["result"] == "Connected"
    (half,) = (await world.send("GET", HUB))["properties"]["virtualNetworkPeerings"]
    assert half["properties"]["allowForwardedTraffic"] is True
    assert "10.77.0.0/16" in half["properties"]["remoteAddressSpace"]["addressPrefixes"]


async def test_a_rule_keeps_an_address_that_another_process_added_while_it_is_written() -> None:
    world = await a_filtered_world()
    first, second = [await world.create_account(name) for name in ("first", "second")]
    await world.reconcile(first)
    (name,) = await rules_of(world)
    rule = (await rules_of(world))[name]
    more = {**rule, "destinationAddressPrefixes": [*rule["destinationAddressPrefixes"], "10.0.1.99"]}
    at = f"{GROUP}/securityRules/{name}"
    state = await meanwhile(world, second, f"securityRules/{name}", "PUT", at, {"properties": more})
    assert state["result"] == "Connected"
    assert any("10.0.1.99" in one for one in (await rules_of(world))[name]["destinationAddressPrefixes"])


async def test_a_zone_that_a_user_makes_meanwhile_keeps_its_tags() -> None:
    world = World()
    at = await world.create_account()
    theirs = {"location": "global", "tags": {"team": "network"}}
    state = await meanwhile(world, at, "privateDnsZones/[^/]+", "PUT", ZONE, theirs)
    assert state["result"] == "Connected"
    assert (await world.send("GET", ZONE))["tags"] == {"team": "network"}


async def test_an_endpoint_whose_tags_change_while_it_is_repaired_keeps_them() -> None:
    world = await a_filtered_world()
    at = await world.create_account()
    endpoint = (await world.reconcile(at))["paths"][0]["endpoint"]
    found = world.azure.world.find(endpoint)
    assert found
    found.properties["provisioningState"] = "Failed"
    body = await world.send("GET", endpoint)
    body["tags"] = {**body["tags"], "cost": "42"}
    state = await meanwhile(world, at, "privateEndpoints/[^/]+", "PUT", endpoint, body, reason="drift")
    assert state["result"] == "Connected"
    assert (await world.send("GET", endpoint))["tags"]["cost"] == "42"


async def test_a_second_refusal_is_read_again_as_well() -> None:
    world = await a_filtered_world(ENSURE)
    at = await world.create_account()
    stale = {"status": 412, "code": "PreconditionFailed", "message": "Precondition failed."}
    put = {"method": "PUT", "path": "privateDnsZoneGroups/", "principal": "app"}
    world.azure.faults.add({"match": put, "times": 2, "answer": stale})
    state = await world.reconcile(at)
    assert (state["result"], len(state["history"])) == ("Connected", 1)
