"""Public network access: disabled once the path is proven, and reported when no client gets in."""

from typing import Any

import pytest

from tests.builders.policies import a_policy
from tests.builders.security_rules import ENSURE, GROUP, a_filtered_world, deny
from tests.builders.user_actions import TAG, retag
from tests.builders.world import HUB, World

SETTING = "properties.publicNetworkAccess"


def a_closing_world(**profile: Any) -> World:
    """The policy disables public access, and the app's role permits it."""
    world = World(a_policy(public_access="disable", **profile))
    world.grant("Microsoft.Storage/storageAccounts/write")
    return world


def change(world: World, **profile: Any) -> None:
    """The operator's new policy, in a process that was started with it."""
    world.policy = a_policy(**profile)
    world.flow = world.worker()


async def public_access(world: World, at: str) -> Any:
    return (await world.send("GET", at))["properties"].get("publicNetworkAccess")


async def set_public_access(world: World, at: str, value: str) -> None:
    await world.send("PATCH", at, {"properties": {"publicNetworkAccess": value}})
    await world.sleep(60)


async def closed(**profile: Any) -> tuple[World, str]:
    """An account that was connected and closed."""
    world = a_closing_world(**profile)
    at = await world.create_account()
    assert (await world.reconcile(at))["result"] == "Connected"
    assert await public_access(world, at) == "Disabled"
    return world, at


async def lose_endpoints(world: World) -> None:
    for at in await world.endpoints():
        await world.send("DELETE", at)
    await world.sleep(60)


async def test_public_access_is_closed_only_after_the_proof_and_what_it_was_is_kept() -> None:
    world = a_closing_world()
    at = await world.create_account()
    state = await world.reconcile(at)
    assert state["result"] == "Connected"
    assert (await world.send("GET", at))["properties"]["publicNetworkAccess"] == "Disabled"
    (step,) = [action for action in state["actions"] if action["action"] == "Disable"]
    assert "not set" in step["reason"]
    assert world.sent()[-1][0] in ("PATCH", "GET")


async def test_without_the_right_to_close_it_the_outcome_names_the_action() -> None:
    world = World(a_policy(public_access="disable"))
    state = await world.reconcile(await world.create_account())
    assert state["result"] == "Blocked"
    assert "Microsoft.Storage/storageAccounts/write" in state["remedy"]


async def test_public_access_stays_open_while_the_path_is_not_proven() -> None:
    world = World(a_policy(public_access="disable", approval="request"))
    at = await world.create_account()
    assert (await world.reconcile(at))["result"] == "Pending"
    assert "publicNetworkAccess" not in (await world.send("GET", at))["properties"]


async def test_a_closed_resource_whose_path_fails_is_called_unreachable_and_not_opened() -> None:
    world = a_closing_world()
    at = await world.create_account()
    endpoint = (await world.reconcile(at))["paths"][0]["endpoint"]
    await world.send("DELETE", endpoint)
    await world.sleep(60)
    world.deny("Microsoft.Network/virtualNetworks/subnets/join/action")
    state = await world.reconcile(at, "drift")
    assert state["result"] == "Blocked"
    assert state["reason"].startswith("UNREACHABLE")
    assert "publicNetworkAccess" in state["remedy"]
    assert (await world.send("GET", at))["properties"]["publicNetworkAccess"] == "Disabled"


async def test_the_former_setting_stays_with_the_resource() -> None:
    world, at = await closed()
    for _ in range(2):
        state = await world.reconcile(at, "drift")
    assert state["closed"] == f"{SETTING} was not set, which means enabled"


async def test_access_that_a_person_enabled_is_disabled_again_and_that_setting_remembered() -> None:
    world, at = await closed()
    await set_public_access(world, at, "Enabled")
    state = await world.reconcile(at, "drift")
    assert (await public_access(world, at), state["closed"]) == ("Disabled", f"{SETTING} was Enabled")


async def test_access_that_a_person_disabled_is_not_reported_as_disabled_by_us() -> None:
    world = a_closing_world(approval="request")
    at = await world.create_account()
    await set_public_access(world, at, "Disabled")
    state = await world.reconcile(at)
    assert (state["result"], state["code"], state["closed"]) == ("Pending", "AwaitingApproval", "")
    assert state["reason"].startswith("UNREACHABLE: ")
    assert state["remedy"].endswith(f"to enable public access, set {SETTING} to Enabled")


async def test_a_policy_that_names_a_missing_subnet_does_not_hide_that_access_is_disabled() -> None:
    world, at = await closed()
    await lose_endpoints(world)
    change(world, public_access="disable", subnets={"westeurope": [f"{HUB}/subnets/nowhere"]})
    state = await world.reconcile(at, "drift")
    assert (state["result"], state["code"]) == ("Blocked", "SubnetNotFound")
    assert state["reason"].startswith("UNREACHABLE unless ")
    assert "not set, which means enabled" in state["remedy"]


@pytest.mark.parametrize("readable", [True, False])
async def test_what_cannot_be_read_does_not_hide_that_access_is_disabled(readable: bool) -> None:
    world, at = await closed()
    await lose_endpoints(world)
    world.deny("Microsoft.Network/virtualNetworks/read")
    if not readable:
        world.deny("Microsoft.Storage/storageAccounts/read")
    state = await world.reconcile(at, "drift")
    assert (state["result"], state["code"]) == ("Blocked", "AuthorizationFailed")
    assert state["reason"].startswith("UNREACHABLE unless ")
    assert SETTING in state["remedy"]


async def test_a_policy_that_now_ignores_public_access_still_reports_that_we_disabled_it() -> None:
    world, at = await closed()
    await lose_endpoints(world)
    change(world)
    world.deny("Microsoft.Network/virtualNetworks/subnets/join/action")
    assert (await world.reconcile(at, "drift"))["reason"].startswith("UNREACHABLE: ")
    await set_public_access(world, at, "Enabled")
    assert "UNREACHABLE" not in (await world.reconcile(at, "drift"))["reason"]


async def test_opting_out_reports_that_no_client_gets_in_any_more() -> None:
    world, at = await closed(on_opt_out="remove")
    await retag(world, at, {TAG: "disabled"})
    state = await world.reconcile(at)
    assert (state["result"], await world.endpoints()) == ("Removed", [])
    assert state["reason"].startswith("UNREACHABLE: ")
    assert "not set, which means enabled" in state["remedy"]
    assert await public_access(world, at) == "Disabled"


async def test_opting_out_where_the_path_stays_is_no_alarm() -> None:
    world, at = await closed(on_opt_out="keep")
    await retag(world, at, {TAG: "disabled"})
    state = await world.reconcile(at)
    assert (state["result"], len(await world.endpoints())) == ("Declined", 1)
    assert "UNREACHABLE" not in state["reason"]


async def test_a_deleted_resource_is_no_alarm_and_its_former_setting_is_forgotten() -> None:
    world, at = await closed()
    await world.send("DELETE", at)
    await world.sleep(60)
    state = await world.reconcile(at)
    assert (state["result"], state["reason"], state["closed"]) == (
        "Removed",
        "the resource is gone",
        "",
    )


async def test_a_closing_that_azure_refuses_is_no_alarm() -> None:
    world = World(a_policy(public_access="disable"))
    state = await world.reconcile(await world.create_account())
    assert state["result"] == "Blocked"
    assert "UNREACHABLE" not in state["reason"]


async def test_a_denial_that_came_after_the_last_read_keeps_public_access_enabled() -> None:
    nsg = {**ENSURE, "priorities": [1000, 1009]}
    world = await a_filtered_world(nsg)
    world.policy = a_policy(nsg=nsg, peering="ensure", public_access="disable")
    world.flow = world.worker()
    world.grant("Microsoft.Storage/storageAccounts/write")
    first, second = await world.create_account("first"), await world.create_account("second")
    assert (await world.reconcile(first))["result"] == "Connected"
    late = world.worker()
    await world.reconcile(first, flow=late)  # it holds the group as it is
    await world.send("PUT", f"{GROUP}/securityRules/lockdown", {"properties": deny(200)})
    await world.sleep(10)
    assert (await world.reconcile(second, flow=late))["result"] != "Connected"
    assert await public_access(world, second) is None
