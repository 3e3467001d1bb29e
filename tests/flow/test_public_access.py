"""Public network access: disabled once the path is proven, and never enabled again."""

from typing import Any

import pytest

from tests.builders.policies import a_policy
from tests.builders.security_rules import ENSURE, GROUP, a_filtered_world, deny
from tests.builders.user_actions import TAG, retag
from tests.builders.world import HUB, World

PROPERTY = "properties.publicNetworkAccess"
# The tests connect blob alone: the profile says that the account's other services may lose access.
ELSE = {"Microsoft.Storage/storageAccounts": ["dfs", "file", "queue", "table", "web"]}


def a_world_that_disables_access(**profile: Any) -> World:
    """The policy disables public access, and the app has the right to."""
    world = World(a_policy(public_access="disable", may_lose_access=ELSE, **profile))
    world.grant("Microsoft.Storage/storageAccounts/write")
    return world


def change(world: World, **profile: Any) -> None:
    """The operator's new policy, in a process that was started with it."""
    world.policy = a_policy(**profile)
    world.flow = world.worker()


async def access(world: World, at: str) -> Any:
    return (await world.send("GET", at))["properties"].get("publicNetworkAccess")


async def set_access(world: World, at: str, value: str) -> None:
    await world.send("PATCH", at, {"properties": {"publicNetworkAccess": value}})
    await world.sleep(60)


async def connected(**profile: Any) -> tuple[World, str]:
    """A connected account whose public access was disabled."""
    world = a_world_that_disables_access(**profile)
    at = await world.create_account()
    assert (await world.reconcile(at))["result"] == "Connected"
    assert await access(world, at) == "Disabled"
    return world, at


async def delete_endpoints(world: World) -> None:
    for at in await world.endpoints():
        await world.send("DELETE", at)
    await world.sleep(60)


async def test_public_access_is_disabled_only_after_the_proof_and_its_value_before_is_recorded() -> None:
    world = a_world_that_disables_access()
    at = await world.create_account()
    state = await world.reconcile(at)
    assert state["result"] == "Connected"
    assert (await world.send("GET", at))["properties"]["publicNetworkAccess"] == "Disabled"
    (step,) = [action for action in state["actions"] if action["action"] == "Disable"]
    assert "not set" in step["reason"]
    assert world.sent()[-1][0] in ("PATCH", "GET")


async def test_without_the_right_to_disable_access_the_outcome_names_the_action() -> None:
    world = World(a_policy(public_access="disable", may_lose_access=ELSE))
    state = await world.reconcile(await world.create_account())
    assert state["result"] == "Blocked"
    assert "Microsoft.Storage/storageAccounts/write" in state["remedy"]


async def test_public_access_stays_enabled_while_the_path_is_not_proven() -> None:
    world = World(a_policy(public_access="disable", may_lose_access=ELSE, approval="request"))
    at = await world.create_account()
    assert (await world.reconcile(at))["result"] == "Pending"
    assert "publicNetworkAccess" not in (await world.send("GET", at))["properties"]


async def test_a_resource_without_path_and_access_is_reported_unreachable_and_access_stays_disabled() -> None:
    world = a_world_that_disables_access()
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


async def test_the_value_before_is_kept_over_later_passes() -> None:
    world, at = await connected()
    for _ in range(2):
        state = await world.reconcile(at, "drift")
    assert state["closed"] == f"{PROPERTY} was not set, which means enabled"


async def test_access_that_a_user_enabled_is_disabled_again_and_recorded_as_enabled() -> None:
    world, at = await connected()
    await set_access(world, at, "Enabled")
    state = await world.reconcile(at, "drift")
    assert (await access(world, at), state["closed"]) == ("Disabled", f"{PROPERTY} was Enabled")


async def test_access_that_a_user_disabled_is_not_recorded_as_disabled_by_the_app() -> None:
    world = a_world_that_disables_access(approval="request")
    at = await world.create_account()
    await set_access(world, at, "Disabled")
    state = await world.reconcile(at)
    assert (state["result"], state["code"], state["closed"]) == ("Pending", "AwaitingApproval", "")
    assert state["reason"].startswith("UNREACHABLE: ")
    assert state["remedy"].endswith(f"to enable public access, set {PROPERTY} to Enabled")


async def test_a_policy_that_names_a_missing_subnet_does_not_hide_that_access_is_disabled() -> None:
    world, at = await connected()
    await delete_endpoints(world)
    change(world, public_access="disable", subnets={"westeurope": [f"{HUB}/subnets/nowhere"]})
    state = await world.reconcile(at, "drift")
    assert (state["result"], state["code"]) == ("Blocked", "SubnetNotFound")
    assert state["reason"].startswith("UNREACHABLE unless ")
    assert "not set, which means enabled" in state["remedy"]


@pytest.mark.parametrize("readable", [True, False])
async def test_a_refused_read_does_not_hide_that_access_is_disabled(readable: bool) -> None:
    world, at = await connected()
    await delete_endpoints(world)
    world.deny("Microsoft.Network/virtualNetworks/read")
    if not readable:
        world.deny("Microsoft.Storage/storageAccounts/read")
    state = await world.reconcile(at, "drift")
    assert (state["result"], state["code"]) == ("Blocked", "AuthorizationFailed")
    assert state["reason"].startswith("UNREACHABLE unless ")
    assert PROPERTY in state["remedy"]


async def test_a_policy_that_no_longer_disables_access_still_reports_that_it_is_disabled() -> None:
    world, at = await connected()
    await delete_endpoints(world)
    change(world)
    world.deny("Microsoft.Network/virtualNetworks/subnets/join/action")
    assert (await world.reconcile(at, "drift"))["reason"].startswith("UNREACHABLE: ")
    await set_access(world, at, "Enabled")
    assert "UNREACHABLE" not in (await world.reconcile(at, "drift"))["reason"]


async def test_opting_out_reports_that_no_client_reaches_the_resource() -> None:
    world, at = await connected(on_opt_out="remove")
    await retag(world, at, {TAG: "disabled"})
    state = await world.reconcile(at)
    assert (state["result"], await world.endpoints()) == ("Removed", [])
    assert state["reason"].startswith("UNREACHABLE: ")
    assert "not set, which means enabled" in state["remedy"]
    assert await access(world, at) == "Disabled"


async def test_opting_out_with_a_kept_path_is_not_reported_as_unreachable() -> None:
    world, at = await connected(on_opt_out="keep")
    await retag(world, at, {TAG: "disabled"})
    state = await world.reconcile(at)
    assert (state["result"], len(await world.endpoints())) == ("Declined", 1)
    assert "UNREACHABLE" not in state["reason"]


async def test_a_deleted_resource_is_not_reported_as_unreachable_and_its_value_is_forgotten() -> None:
    world, at = await connected()
    await world.send("DELETE", at)
    await world.sleep(60)
    state = await world.reconcile(at)
    assert (state["result"], state["reason"], state["closed"]) == (
        "Removed",
        "the resource is gone",
        "",
    )


async def test_a_refused_disable_is_not_reported_as_unreachable() -> None:
    world = World(a_policy(public_access="disable", may_lose_access=ELSE))
    state = await world.reconcile(await world.create_account())
    assert (state["result"], state["closed"]) == ("Blocked", "")
    assert "UNREACHABLE" not in state["reason"]


async def test_a_deny_rule_newer_than_the_last_read_keeps_public_access_enabled() -> None:
    nsg = {**ENSURE, "priorities": [1000, 1009]}
    world = await a_filtered_world(nsg)
    world.policy = a_policy(nsg=nsg, peering="ensure", public_access="disable", may_lose_access=ELSE)
    world.flow = world.worker()
    world.grant("Microsoft.Storage/storageAccounts/write")
    first, second = await world.create_account("first"), await world.create_account("second")
    assert (await world.reconcile(first))["result"] == "Connected"
    late = world.worker()
    await world.reconcile(first, flow=late)  # it caches the group as it is
    await world.send("PUT", f"{GROUP}/securityRules/lockdown", {"properties": deny(200)})
    await world.sleep(10)
    assert (await world.reconcile(second, flow=late))["result"] != "Connected"
    assert await access(world, second) is None


async def test_a_refused_disable_leaves_what_was_recorded_before() -> None:
    world, at = await connected()
    await set_access(world, at, "Enabled")
    world.deny("Microsoft.Storage/storageAccounts/write")
    state = await world.reconcile(at, "drift")
    assert (state["result"], await access(world, at)) == ("Blocked", "Enabled")
    assert state["closed"] == f"{PROPERTY} was not set, which means enabled"
