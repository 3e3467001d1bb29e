"""Who gets in beside the clients, and that a broken path is noticed: what `World` asks after every pass."""

from collections.abc import Callable
from typing import Any

import pytest

from sandbox.azure.reachability.reach import Reach, reach
from tests.builders.reachability import complaints
from tests.builders.security_rules import ENSURE, GROUP, a_filtered_world, deny
from tests.builders.user_actions import peer
from tests.builders.world import HUB, SPOKE, SUB, ZONES, World

STRANGER = f"{SUB[:-1]}2/resourceGroups/rg-spoke/providers/Microsoft.Network/virtualNetworks/spoke-b"
NAME = "orders.blob.core.windows.net"
ZONE = f"{ZONES}/privatelink.blob.core.windows.net"
DENYING = {**ENSURE, "default_deny": True}
WELCOME = deny(150, access="Allow", sourceAddressPrefix="10.2.0.0/16")


async def beside_a_stranger(nsg: dict[str, Any], rules: dict[str, Any] | None = None) -> tuple[World, str]:
    """A connected account; a person peered a network that is no client with the hub, and gave it the name."""
    world = await a_filtered_world(nsg, rules=rules)
    await peer(world, HUB, STRANGER)
    await peer(world, STRANGER, HUB)
    at = await world.create_account()
    assert (await world.reconcile(at))["result"] == "Connected"
    link = {"registrationEnabled": False, "virtualNetwork": {"id": STRANGER}}
    await world.send("PUT", f"{ZONE}/virtualNetworkLinks/by-hand", {"location": "global", "properties": link})
    await world.sleep(200)
    assert (await world.reconcile(at, "drift"))["result"] == "Connected"
    return world, at


def knock(world: World, name: str = NAME, network: str = STRANGER) -> Reach:
    return reach(world.azure.world, f"{network}/subnets/clients", name, 443)


@pytest.mark.parametrize("name", [NAME, "10.0.1.4"])
@pytest.mark.parametrize(
    ("nsg", "rules", "hop"),
    [
        (ENSURE, None, ""),
        (DENYING, None, "inbound"),
        (DENYING, {"welcome": WELCOME}, ""),
        (DENYING, {"welcome": {**WELCOME, "priority": 4000}}, "inbound"),
        ({**DENYING, "enforce_on_endpoints": False}, None, ""),
    ],
    ids=["nothing denies", "denied", "let in by a person", "let in too late", "rules not in force"],
)
async def test_a_peered_stranger_is_kept_out_where_the_default_is_to_deny(
    name: str, nsg: dict[str, Any], rules: dict[str, Any] | None, hop: str
) -> None:
    world, _ = await beside_a_stranger(nsg, rules)
    assert knock(world, name).hop == hop
    assert knock(world, name, SPOKE).reachable


type Act = Callable[[World], Any]


async def unpeer(world: World) -> None:
    await lose(world, "/virtualNetworks/spoke-a/virtualNetworkPeerings/causeway-")


async def unlink(world: World) -> None:
    await lose(world, "/virtualNetworkLinks/causeway-")


async def drop_record(world: World) -> None:
    await world.send("DELETE", f"{ZONE}/A/orders")


async def redirect(world: World) -> None:
    await world.send("PUT", f"{ZONE}/A/orders", {"properties": {"aRecords": [{"ipv4Address": "10.0.1.99"}]}})


async def shut(world: World) -> None:
    await world.send("PUT", f"{GROUP}/securityRules/shut", {"properties": deny(200)})
    await world.sleep(30)


async def lose(world: World, part: str) -> None:
    (path,) = [one.id.text for one in world.azure.world.store if part in one.id.text]
    await world.send("DELETE", path)
    await world.sleep(120)


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (unpeer, "ends at peering"),
        (unlink, "ends at resolve"),
        (drop_record, "ends at resolve"),
        (redirect, "leads to 10.0.1.99"),
        (shut, "ends at inbound"),
    ],
)
async def test_a_path_that_a_person_breaks_after_the_pass_is_a_complaint(act: Act, said: str) -> None:
    world, at = await beside_a_stranger(DENYING)
    assert complaints(world.azure.world, world.policy, await world.state(at)) == []
    await act(world)
    found = complaints(world.azure.world, world.policy, await world.state(at))
    assert found
    assert all(one.startswith("spoke-a/subnets/clients -> ") and said in one for one in found)


async def test_a_stranger_who_gets_in_by_no_person_s_rule_is_complained_of() -> None:
    world, at = await beside_a_stranger(DENYING)
    await lose(world, "/securityRules/causeway-deny-")
    found = complaints(world.azure.world, world.policy, await world.state(at))
    inside = {"hub-we/subnets/endpoints", "spoke-b/subnets/clients"}
    assert {one.split(" -> ")[0] for one in found} == inside


async def test_a_name_that_the_endpoint_does_not_answer_to_is_complained_of() -> None:
    world, at = await beside_a_stranger(DENYING)
    state = await world.state(at)
    state["paths"][0]["addresses"][0]["fqdns"] = []
    assert any("answers to" in one for one in complaints(world.azure.world, world.policy, state))
