"""A dry run shows all that a pass would do, deletions included, and writes nothing."""

from typing import Any

import pytest

from tests.builders.client_networks import NEW, a_world_with_two_networks, change
from tests.builders.security_rules import ENSURE
from tests.builders.user_actions import TAG, retag
from tests.builders.world import HUB, SPOKE, World

OTHER = f"{HUB}/subnets/other"


async def connected(**profile: Any) -> tuple[World, str]:
    """An account that was connected under a policy with these settings."""
    world = await a_world_with_two_networks()
    await world.send("PUT", OTHER, {"properties": {"addressPrefix": "10.0.7.0/24"}})
    await world.sleep(61)
    change(world, SPOKE, ENSURE, **profile)
    at = await world.create_account()
    assert (await world.reconcile(at))["result"] == "Connected"
    return world, at


async def steps(world: World, at: str) -> list[str]:
    """The steps of the dry run, without those that keep objects: `Delete pe-orders-blob-ac42226d`."""
    world.sent()
    plan = await world.plan(at)
    assert world.writes() == []
    return [
        f"{step['action']} {step['id'].rsplit('/', 1)[1]}"
        for step in plan["actions"]
        if step["action"] not in ("Keep", "Adopt")
    ]


async def endpoint(world: World) -> str:
    (at,) = await world.endpoints()
    return at.rsplit("/", 1)[1]


async def rule(world: World, at: str) -> str:
    (own,) = [one for one in (await world.state(at))["owned"] if "/securityRules/" in one]
    return str(own.rsplit("/", 1)[1])


async def test_a_connected_resource_has_nothing_to_do() -> None:
    world, at = await connected()
    assert await steps(world, at) == []


async def test_a_client_that_the_policy_dropped_shows_what_is_created_and_withdrawn() -> None:
    world, at = await connected()
    old = await rule(world, at)
    change(world, NEW, ENSURE)
    shown = await steps(world, at)
    assert shown[-1] == f"Withdraw {old}"
    assert [step.split()[0] for step in shown[:-1]] == ["Create"] * 4  # link, both halves, rule


async def test_another_subnet_shows_the_deletion_of_the_old_endpoint() -> None:
    world, at = await connected()
    old = await endpoint(world)
    change(world, SPOKE, ENSURE, subnets={"westeurope": [OTHER]})
    shown = await steps(world, at)
    assert f"Delete {old}" in shown
    assert [step for step in shown if step.startswith("Create pe-orders")]


@pytest.mark.parametrize(("on_opt_out", "removes"), [("remove", True), ("keep", False)])
async def test_an_opted_out_resource_shows_its_removal_only_if_the_profile_says_so(
    on_opt_out: str, removes: bool
) -> None:
    world, at = await connected(on_opt_out=on_opt_out)
    shown = [f"Withdraw {await rule(world, at)}", f"Delete {await endpoint(world)}"]
    await retag(world, at, {TAG: "disabled"})
    assert await steps(world, at) == (shown if removes else [])


async def test_a_deleted_resource_shows_what_is_removed_with_it() -> None:
    world, at = await connected()
    shown = [f"Withdraw {await rule(world, at)}", f"Delete {await endpoint(world)}"]
    await world.send("DELETE", at)
    await world.sleep(60)
    assert await steps(world, at) == shown
    assert (await world.reconcile(at))["result"] == "Removed"
