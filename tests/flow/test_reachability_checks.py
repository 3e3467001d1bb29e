"""The checks that `World` makes after every pass find a broken path, and a network that must not get in."""

from collections.abc import Callable
from typing import Any

import pytest

from sandbox.azure.reachability.reach import Reach, reach
from tests.builders.reachability import violations
from tests.builders.security_rules import ENSURE, GROUP, a_filtered_world, deny
from tests.builders.user_actions import peer
from tests.builders.world import HUB, SPOKE, SUB, ZONES, World

OTHER = f"{SUB[:-1]}2/resourceGroups/rg-spoke/providers/Microsoft.Network/virtualNetworks/spoke-b"
NAME = "orders.blob.core.windows.net"
ZONE = f"{ZONES}/privatelink.blob.core.windows.net"
DENYING = {**ENSURE, "default_deny": True}
ALLOW = deny(150, access="Allow", sourceAddressPrefix="10.2.0.0/16")


async def a_world_with_another_network(
    nsg: dict[str, Any], rules: dict[str, Any] | None = None, result: str = "Connected"
) -> tuple[World, str]:
    """An account; a user peered a network that is no client with the hub and linked the zone."""
    world = await a_filtered_world(nsg, rules=rules)
    await peer(world, HUB, OTHER)
    await peer(world, OTHER, HUB)
    at = await world.create_account()
    assert (await world.reconcile(at))["result"] == result
    link = {"registrationEnabled": False, "virtualNetwork": {"id": OTHER}}
    await world.send("PUT", f"{ZONE}/virtualNetworkLinks/by-hand", {"location": "global", "properties": link})
    await world.sleep(200)
    assert (await world.reconcile(at, "drift"))["result"] == result
    return world, at


def reach_from(world: World, name: str = NAME, network: str = OTHER) -> Reach:
    return reach(world.azure.world, f"{network}/subnets/clients", name, 443)


@pytest.mark.parametrize("name", [NAME, "10.0.1.4"])
@pytest.mark.parametrize(
    ("nsg", "rules", "hop"),
    [
        (ENSURE, None, ""),
        (DENYING, None, "inbound"),
        (DENYING, {"allow": ALLOW}, ""),
        (DENYING, {"allow": {**ALLOW, "priority": 4000}}, "inbound"),
    ],
    ids=["nothing denies", "denied", "allowed by a user", "allowed too late"],
)
async def test_a_peered_network_that_is_no_client_is_denied_where_the_default_is_to_deny(
    name: str, nsg: dict[str, Any], rules: dict[str, Any] | None, hop: str
) -> None:
    world, _ = await a_world_with_another_network(nsg, rules)
    assert reach_from(world, name).hop == hop
    assert reach_from(world, name, SPOKE).reachable


@pytest.mark.parametrize("name", [NAME, "10.0.1.4"])
async def test_a_denial_that_is_not_in_force_lets_others_in_and_is_not_connected(name: str) -> None:
    nsg = {**DENYING, "enforce_on_endpoints": False}
    world, at = await a_world_with_another_network(nsg, result="Blocked")
    assert (await world.state(at))["code"] == "DenialNotInForce"
    assert reach_from(world, name).reachable
    assert reach_from(world, name, SPOKE).reachable


type Act = Callable[[World], Any]


async def unpeer(world: World) -> None:
    await delete(world, "/virtualNetworks/spoke-a/virtualNetworkPeerings/causeway-")


async def unlink(world: World) -> None:
    await delete(world, "/virtualNetworkLinks/causeway-")


async def drop_record(world: World) -> None:
    await world.send("DELETE", f"{ZONE}/A/orders")


async def redirect(world: World) -> None:
    await world.send("PUT", f"{ZONE}/A/orders", {"properties": {"aRecords": [{"ipv4Address": "10.0.1.99"}]}})


async def deny_all(world: World) -> None:
    await world.send("PUT", f"{GROUP}/securityRules/deny-all", {"properties": deny(200)})
    await world.sleep(30)


async def delete(world: World, part: str) -> None:
    (path,) = [one.id.text for one in world.azure.world.store if part in one.id.text]
    await world.send("DELETE", path)
    await world.sleep(120)


@pytest.mark.parametrize(
    ("act", "reported"),
    [
        (unpeer, "ends at peering"),
        (unlink, "ends at resolve"),
        (drop_record, "ends at resolve"),
        (redirect, "leads to 10.0.1.99"),
        (deny_all, "ends at inbound"),
    ],
)
async def test_a_path_that_a_user_breaks_after_the_pass_is_found(act: Act, reported: str) -> None:
    world, at = await a_world_with_another_network(DENYING)
    assert violations(world.azure.world, world.policy, await world.state(at)) == []
    await act(world)
    found = violations(world.azure.world, world.policy, await world.state(at))
    assert found
    assert all(one.startswith("spoke-a/subnets/clients -> ") and reported in one for one in found)


async def test_a_network_that_no_user_s_rule_lets_in_is_found() -> None:
    world, at = await a_world_with_another_network(DENYING)
    await delete(world, "/securityRules/causeway-deny-")
    found = violations(world.azure.world, world.policy, await world.state(at))
    inside = {"hub-we/subnets/endpoints", "spoke-b/subnets/clients"}
    assert {one.split(" -> ")[0] for one in found} == inside


async def test_a_name_that_the_endpoint_does_not_have_is_found() -> None:
    world, at = await a_world_with_another_network(DENYING)
    state = await world.state(at)
    state["paths"][0]["addresses"][0]["fqdns"] = []
    assert any("answers to" in one for one in violations(world.azure.world, world.policy, state))
