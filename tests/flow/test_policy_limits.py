"""The policy's bounds on what one mistake can do: new endpoints in an hour, deletes of a sweep, repairs."""

from typing import Any

import pytest

from shared.core.events.work_item import WorkItem
from tests.builders.policies import a_policy
from tests.builders.world import ENDPOINTS, World

HOUR = 3600.0


async def connected(world: World, *names: str) -> list[str]:
    """Accounts of these names with their endpoints."""
    targets = [await world.create_account(name) for name in names]
    for at in targets:
        assert (await world.reconcile(at))["result"] == "Connected"
    world.sent()
    return targets


async def swept(world: World) -> None:
    """One run of the drift timer, and all that it queues."""
    await world.flow.sweeper.sweep()
    await world.drain()


async def results(world: World, targets: list[str]) -> list[str]:
    return [(await world.state(at))["result"] for at in targets]


async def test_what_is_above_the_budget_of_an_hour_waits_visibly_and_is_connected_later() -> None:
    world = World(a_policy(limits={"creations_per_hour": 1}))
    first, second = await world.create_account("one"), await world.create_account("two")
    assert (await world.reconcile(first))["result"] == "Connected"
    await world.work(WorkItem(second, "event", "e"), world.worker())  # another process counts with us
    state = await world.state(second)
    assert (state["result"], state["code"], state["profile"]) == ("Pending", "CreationBudget", "default")
    assert "raise limits.creations_per_hour" in state["remedy"]
    assert len(await world.endpoints()) == 1
    [(_, delay)] = world.queue.sent
    assert delay.total_seconds() <= HOUR
    await world.drain()
    assert await results(world, [first, second]) == ["Connected"] * 2


async def test_nothing_at_all_is_written_for_a_resource_that_waits_for_the_budget() -> None:
    world = World(a_policy(limits={"creations_per_hour": 0}))
    at = await world.create_account()
    world.sent()
    await world.work(WorkItem(at, "event", "e"))
    assert world.writes() == []
    assert (await world.state(at))["code"] == "CreationBudget"


async def test_a_budget_of_none_is_never_given_up_and_is_no_failure() -> None:
    world = World(a_policy(limits={"creations_per_hour": 0}))
    at = await world.create_account()
    assert (await world.reconcile(at))["result"] == "Pending"  # after all tries


async def test_repairing_an_endpoint_that_was_counted_before_takes_nothing_from_the_budget() -> None:
    world = World(a_policy(limits={"creations_per_hour": 1}))
    [at] = await connected(world, "one")
    [endpoint] = await world.endpoints()
    await world.send("DELETE", endpoint)
    await world.sleep(120)
    assert (await world.reconcile(at, "drift"))["result"] == "Connected"


async def test_each_profile_has_a_budget_of_its_own() -> None:
    policy = a_policy(limits={"creations_per_hour": 1})
    profiles = {**policy.profiles, "other": policy.profiles["default"]}
    world = World(policy.model_copy(update={"profiles": profiles}))
    first = await world.create_account("one")
    second = await world.create_account("two", {"private-connectivity": "other"})
    await world.reconcile(first)
    await world.reconcile(second)
    assert await results(world, [first, second]) == ["Connected"] * 2


async def opted_out(world: World, targets: list[str]) -> None:
    for at in targets:
        await world.send("PATCH", at, {"tags": {"private-connectivity": "disabled"}})
    await world.sleep(HOUR)


async def test_more_deletes_than_a_sweep_may_make_wait_for_a_person() -> None:
    world = World(a_policy(on_opt_out="remove", limits={"max_deletes_per_sweep": 1}))
    targets = await connected(world, "one", "two", "three")
    await opted_out(world, targets)
    await swept(world)
    assert len(await world.endpoints()) == 2
    states = [await world.state(at) for at in targets]
    assert sorted(state["result"] for state in states) == ["Pending", "Pending", "Removed"]
    held = next(state for state in states if state["result"] == "Pending")
    assert held["code"] == "DeletesHeld"
    assert "privateEndpoints/pe-" in held["reason"]
    assert "POST /api/reconcile" in held["remedy"]


async def test_held_deletes_are_not_made_by_a_later_sweep_nor_reported_by_it_again() -> None:
    world = World(a_policy(on_opt_out="remove", limits={"max_deletes_per_sweep": 0}))
    [at] = await connected(world, "one")
    await opted_out(world, [at])
    await swept(world)
    history = (await world.state(at))["history"]
    raised = world.policy.limits.model_copy(update={"max_deletes_per_sweep": 20})
    world.flow = World.worker(_with(world, raised))
    await swept(world)
    assert len(await world.endpoints()) == 1
    assert (await world.state(at))["history"] == history


def _with(world: World, limits: Any) -> World:
    world.policy = world.policy.model_copy(update={"limits": limits})
    return world


async def test_an_event_does_not_confirm_held_deletes_and_a_person_s_rerun_does() -> None:
    world = World(a_policy(on_opt_out="remove", limits={"max_deletes_per_sweep": 0}))
    [at] = await connected(world, "one")
    await opted_out(world, [at])
    await swept(world)
    assert (await world.reconcile(at))["code"] == "DeletesHeld"
    await world.flow.queries.request(at)
    await world.drain()
    assert (await world.state(at))["result"] == "Removed"
    assert await world.endpoints() == []


async def test_all_held_deletes_are_confirmed_by_their_number() -> None:
    world = World(a_policy(on_opt_out="remove", limits={"max_deletes_per_sweep": 0}))
    targets = await connected(world, "one", "two")
    await opted_out(world, targets)
    await swept(world)
    await world.flow.queries.confirm_deletes(2)
    await world.drain()
    assert await results(world, targets) == ["Removed"] * 2


async def test_an_event_of_one_resource_is_not_bounded_by_the_limit_of_a_sweep() -> None:
    world = World(a_policy(on_opt_out="remove", limits={"max_deletes_per_sweep": 0}))
    [at] = await connected(world, "one")
    await opted_out(world, [at])
    assert (await world.reconcile(at))["result"] == "Removed"


async def test_without_repair_a_sweep_reports_what_drifted_and_writes_nothing() -> None:
    world = World(a_policy(drift={"repair": False}))
    [at] = await connected(world, "one")
    [endpoint] = await world.endpoints()
    await world.send("DELETE", endpoint)
    await world.sleep(HOUR)
    world.sent()
    await swept(world)
    assert world.writes() == []
    state = await world.state(at)
    assert (state["result"], state["code"]) == ("Blocked", "Drifted")
    assert endpoint in state["reason"]
    await swept(world)  # the next sweep does not take it for unfinished work
    assert world.writes() == []
    await world.flow.queries.request(at)
    await world.drain()
    assert (await world.state(at))["result"] == "Connected"


async def test_without_repair_a_sweep_connects_what_its_event_missed_all_the_same() -> None:
    world = World(a_policy(drift={"repair": False}))
    at = await world.create_account("one")
    world.queue.sent.clear()
    await swept(world)
    assert (await world.state(at))["result"] == "Connected"


async def test_without_repair_a_sweep_says_of_a_resource_in_order_that_it_is_connected() -> None:
    world = World(a_policy(drift={"repair": False}))
    [at] = await connected(world, "one")
    await swept(world)
    assert (await world.state(at))["result"] == "Connected"


@pytest.mark.parametrize("gone", ["deleted", "opted out"])
async def test_without_repair_a_sweep_keeps_what_was_made_for_a_resource_that_is_gone(gone: str) -> None:
    world = World(a_policy(on_opt_out="remove", drift={"repair": False}))
    [at] = await connected(world, "one")
    if gone == "deleted":
        await world.send("DELETE", at)
        await world.sleep(HOUR)
    else:
        await opted_out(world, [at])
    world.sent()
    await swept(world)
    assert world.writes() == []
    assert (await world.state(at))["code"] == "Drifted"


async def test_without_repair_another_denial_than_ours_is_reported_by_its_own_code() -> None:
    world = World(a_policy(drift={"repair": False}, nsg={"mode": "require"}))
    [at] = await connected(world, "one")
    group = f"{ENDPOINTS.partition('/virtualNetworks/')[0]}/networkSecurityGroups/nsg"
    deny = {
        "name": "deny",
        "properties": {
            "priority": 500,
            "direction": "Inbound",
            "access": "Deny",
            "protocol": "*",
            "sourceAddressPrefix": "*",
            "sourcePortRange": "*",
            "destinationAddressPrefix": "*",
            "destinationPortRange": "*",
        },
    }
    await world.send("PUT", group, {"location": "westeurope", "properties": {"securityRules": [deny]}})
    await world.sleep(60)
    subnet = {
        "addressPrefix": "10.0.1.0/24",
        "networkSecurityGroup": {"id": group},
        "privateEndpointNetworkPolicies": "Enabled",
    }
    await world.send("PUT", ENDPOINTS, {"properties": subnet})
    await world.sleep(HOUR)
    await swept(world)
    state = await world.state(at)
    assert (state["result"], state["code"]) == ("Blocked", "DeniedByRule")
