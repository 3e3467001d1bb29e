"""What sweeps repair by class of object (`drift.repair`), and limits of single profiles."""

from typing import Any

import pytest

from shared.core.kinds.registry import KINDS
from shared.core.policy.parts import Repair
from tests.builders.policies import a_policy
from tests.builders.world import HUB, ZONES, World

HOUR = 3600.0
ALL = dict.fromkeys(Repair.model_fields, True)


async def connected(repair: dict[str, bool], **profile: Any) -> tuple[World, str]:
    world = World(a_policy(drift={"repair": ALL | repair}, **profile))
    at = await world.create_account()
    assert (await world.reconcile(at))["result"] == "Connected"
    world.sent()
    return world, at


async def swept(world: World, at: str) -> dict[str, Any]:
    await world.sleep(HOUR)
    world.sent()
    await world.flow.sweeper.sweep()
    await world.drain()
    return await world.state(at)


async def peering_of(world: World) -> str:
    found = await world.send("GET", f"{HUB}/virtualNetworkPeerings")
    return str(found["value"][0]["id"])


def test_every_kind_is_of_a_class_that_the_policy_names() -> None:
    assert {kind.REPAIR for kind in KINDS.values()} == set(Repair.model_fields)


async def test_a_class_that_is_not_repaired_is_reported_and_left() -> None:
    world, at = await connected({"peering": False}, peering="ensure")
    peering = await peering_of(world)
    await world.send("DELETE", peering)
    state = await swept(world, at)
    assert world.writes() == []
    assert (state["result"], state["code"]) == ("Blocked", "Drifted")
    assert peering.split("/")[-1] in state["reason"]
    assert "drift.repair.peering is false" in state["reason"]
    assert (await swept(world, at))["code"] == "Drifted"  # the next sweep does not take it for new work
    assert (await world.reconcile(at, "manual"))["result"] == "Connected"


async def test_other_classes_are_repaired_by_the_same_sweep() -> None:
    world, at = await connected({"peering": False}, peering="ensure")
    peering, [endpoint] = await peering_of(world), await world.endpoints()
    await world.send("DELETE", peering)
    await world.send("DELETE", endpoint)
    state = await swept(world, at)
    assert len(await world.endpoints()) == 1
    assert (state["result"], state["code"]) == ("Blocked", "Drifted")
    assert "privateEndpoints" not in state["reason"].partition("left as it is")[2]


@pytest.mark.parametrize("left", ["endpoints", "names"])
async def test_an_endpoint_and_its_names_are_not_repaired_one_without_the_other(left: str) -> None:
    world, at = await connected({left: False})
    [endpoint] = await world.endpoints()
    await world.send("DELETE", endpoint)
    state = await swept(world, at)
    assert world.writes() == []
    assert (state["code"], await world.endpoints()) == ("Drifted", [])
    assert f"drift.repair.{left} is false" in state["reason"]


async def test_a_link_is_repaired_where_only_endpoints_are_not() -> None:
    world, at = await connected({"endpoints": False})
    zone = f"{ZONES}/privatelink.blob.core.windows.net"
    links = (await world.send("GET", f"{zone}/virtualNetworkLinks"))["value"]
    await world.send("DELETE", links[0]["id"])
    assert (await swept(world, at))["result"] == "Connected"
    assert len((await world.send("GET", f"{zone}/virtualNetworkLinks"))["value"]) == len(links)


async def test_what_is_not_desired_any_more_stays_where_its_class_is_not_repaired() -> None:
    blob_and_file = {"Microsoft.Storage/storageAccounts": ["blob", "file"]}
    world, at = await connected({"endpoints": False}, groups=blob_and_file)
    profile = world.policy.profiles["default"]
    blob = profile.model_copy(update={"groups": {"Microsoft.Storage/storageAccounts": ("blob",)}})
    world.policy = world.policy.model_copy(update={"profiles": {"default": blob}})
    world.flow = world.worker()
    state = await swept(world, at)
    assert (state["code"], world.writes()) == ("Drifted", [])
    assert "Delete" in state["reason"]
    assert (await world.reconcile(at))["result"] == "Connected"
    assert len(await world.endpoints()) == 1


@pytest.mark.parametrize(("left", "result"), [("endpoints", "Blocked"), ("peering", "Removed")])
async def test_a_removal_waits_where_a_class_that_it_needs_is_not_repaired(left: str, result: str) -> None:
    world, at = await connected({left: False}, on_opt_out="remove")
    await world.send("PATCH", at, {"tags": {"private-connectivity": "disabled"}})
    assert (await swept(world, at))["result"] == result


# Limits of single profiles


async def test_a_profile_has_a_lower_budget_of_its_own() -> None:
    other = {"limits": {"creations_per_hour": 0}}
    world = World(a_policy(beside={"other": other}, limits={"creations_per_hour": 5}))
    first = await world.create_account("one")
    second = await world.create_account("two", {"private-connectivity": "other"})
    assert (await world.reconcile(first))["result"] == "Connected"
    await world.work(world.item(second))
    state = await world.state(second)
    assert state["code"] == "CreationBudget"
    assert "profiles.other.limits.creations_per_hour" in state["remedy"]


async def test_a_profile_s_budget_is_never_above_the_file_s() -> None:
    own = {"limits": {"creations_per_hour": 9}}
    world = World(a_policy(beside={"other": own}, limits={"creations_per_hour": 0}))
    at = await world.create_account("two", {"private-connectivity": "other"})
    await world.work(world.item(at))
    assert "raise limits.creations_per_hour" in (await world.state(at))["remedy"]


async def test_a_profile_s_deletes_in_a_sweep_are_bounded_beside_those_of_all() -> None:
    careful = {"limits": {"max_deletes_per_sweep": 0}}
    world = World(a_policy(on_opt_out="remove", beside={"careful": careful}))
    free = await world.create_account("one")
    held = await world.create_account("two", {"private-connectivity": "careful"})
    for at in (free, held):
        await world.reconcile(at)
        await world.send("PATCH", at, {"tags": {"private-connectivity": "disabled"}})
    assert (await swept(world, free))["result"] == "Removed"
    state = await world.state(held)
    assert (state["code"], "profiles.careful.limits.max_deletes_per_sweep" in state["reason"]) == (
        "DeletesHeld",
        True,
    )
