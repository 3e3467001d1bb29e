"""Modes `observe` and `plan`: nothing is written to Azure, and what is, and would be, is reported."""

from typing import Any

import pytest

from shared.core.outcome.modes import MOST_STEPS, Restraint, restrained
from shared.core.outcome.outcome import Result
from shared.core.outcome.result import Ending
from shared.core.plan.actions import Delete
from shared.core.policy.choice import lowered
from shared.core.policy.policy import Policy
from shared.core.policy.values import Mode
from tests.builders import bodies
from tests.builders.policies import a_policy
from tests.builders.world import World

TAG = "private-connectivity"
MODES = ["observe", "plan", "apply"]


def a_world(*, ceiling: Mode = "apply", top: dict[str, Any] | None = None, **profile: Any) -> World:
    world = World(a_policy(top=top, **profile))
    world.ceiling = ceiling
    world.flow = world.worker()
    return world


async def with_policy(world: World, policy: Policy, ceiling: Mode = "apply") -> None:
    """The app is started again with this policy, a while later."""
    world.policy, world.ceiling = policy, ceiling
    world.flow = world.worker()
    await world.sleep(3600)
    world.sent()


PLAN: dict[str, Any] = {"mode": "plan"}


async def test_a_plan_is_recorded_and_nothing_is_written() -> None:
    world = a_world(top=PLAN, peering="ensure", nsg={"mode": "ensure"}, public_access="disable")
    at = await world.create_account()
    world.sent()
    state = await world.reconcile(at)
    assert world.writes() == []
    assert (state["result"], state["code"], state["mode"]) == ("Planned", "ModePlan", "plan")
    made = {step["id"].split("/")[-2] for step in state["plan"] if step["action"] == "Create"}
    assert {"privateEndpoints", "virtualNetworkPeerings", "virtualNetworkLinks"} <= made
    assert "the policy" in state["remedy"]
    assert state["owned"] == []
    dry = await world.plan(at)
    assert (dry["result"], dry["mode"]) == ("Plan", "plan")


async def test_observing_reports_what_is_and_makes_no_plan() -> None:
    world = a_world(top={"mode": "observe"})
    at = await world.create_account()
    world.sent()
    state = await world.reconcile(at)
    assert world.writes() == []
    assert (state["result"], state["code"], state["plan"]) == ("Observed", "ModeObserve", [])
    assert "endpoint" in state["reason"]


@pytest.mark.parametrize("reason", ["manual", "drift", "event"])
async def test_no_reason_makes_a_pass_write_above_its_mode(reason: str) -> None:
    world = a_world(top=PLAN)
    at = await world.create_account()
    world.sent()
    state = await world.reconcile(at, reason)
    assert (state["result"], world.writes()) == ("Planned", [])
    assert "nothing is written" in state["reason"]


async def test_from_plan_to_apply_the_next_sweep_acts() -> None:
    world = a_world(top=PLAN)
    at = await world.create_account()
    await world.reconcile(at)
    await with_policy(world, a_policy())
    await world.flow.sweeper.sweep()
    await world.drain()
    state = await world.state(at)
    assert (state["result"], state["mode"], state["plan"]) == ("Connected", "apply", [])


async def connected(**profile: Any) -> tuple[World, str]:
    world = a_world(**profile)
    at = await world.create_account()
    assert (await world.reconcile(at))["result"] == "Connected"
    return world, at


@pytest.mark.parametrize("mode", ["plan", "observe"])
async def test_a_path_that_holds_is_connected_in_every_mode(mode: str) -> None:
    world, at = await connected()
    await with_policy(world, a_policy(top={"mode": mode}))
    state = await world.reconcile(at)
    assert (state["result"], state["plan"]) == ("Connected", [])
    assert world.writes() == []


async def test_what_a_pass_would_change_of_a_path_that_holds_is_planned_beside_it() -> None:
    world, at = await connected(groups={bodies.ACCOUNT.type: ["blob", "file"]})
    await with_policy(world, a_policy(top=PLAN, groups={bodies.ACCOUNT.type: ["blob"]}))
    state = await world.reconcile(at)
    assert (state["result"], world.writes()) == ("Connected", [])
    assert [step["id"] for step in state["plan"]] == [one for one in await world.endpoints() if "file" in one]
    assert any("mode plan (the policy): a pass would delete 1" in one for one in state["findings"])


async def test_a_path_that_broke_is_planned_and_says_what_does_not_hold() -> None:
    world, at = await connected()
    [endpoint] = await world.endpoints()
    await world.send("DELETE", endpoint)
    await with_policy(world, a_policy(top=PLAN))
    state = await world.reconcile(at, "drift")
    assert (state["result"], await world.endpoints()) == ("Planned", [])
    assert endpoint.lower() in {step["id"].lower() for step in state["plan"]}


@pytest.mark.parametrize("how", ["deleted", "opted out"])
async def test_a_removal_is_planned_and_made_once_the_mode_lets_it(how: str) -> None:
    world, at = await connected(on_opt_out="remove")
    await with_policy(world, a_policy(top=PLAN, on_opt_out="remove"))
    if how == "deleted":
        await world.send("DELETE", at)
    else:
        await world.send("PATCH", at, {"tags": {TAG: "disabled"}})
    await world.sleep(600)
    world.sent()
    state = await world.reconcile(at)
    assert (state["result"], world.writes()) == ("Planned", [])
    assert "Delete" in [step["action"] for step in state["plan"]]
    assert len(await world.endpoints()) == 1
    await with_policy(world, a_policy(on_opt_out="remove"))
    assert (await world.reconcile(at))["result"] == "Removed"
    assert await world.endpoints() == []


async def test_the_rule_s_mode_counts_before_the_profile_s_and_the_file_s_also_for_a_removal() -> None:
    rules = [{"name": "pilot", "match": {"name": "orders"}, "profile": "default", "mode": "apply"}]
    pilot = {"mode": "observe", "rules": [*rules, {"name": "rest", "profile": "default"}]}
    world = a_world(top=pilot, tag_may_choose=[], mode="plan")
    orders, other = await world.create_account(), await world.create_account("other")
    assert (await world.reconcile(orders))["result"] == "Connected"
    waits = await world.reconcile(other)
    assert (waits["result"], waits["rule"]) == ("Planned", "rest")
    assert "profile 'default'" in waits["reason"]
    await world.send("DELETE", orders)
    await world.sleep(600)
    assert (await world.reconcile(orders))["result"] == "Removed"


async def test_the_setting_is_a_ceiling_over_every_mode_of_the_policy() -> None:
    rules = [{"name": "pilot", "profile": "default", "mode": "apply"}]
    world = a_world(ceiling="plan", top={"rules": rules}, tag_may_choose=[], mode="apply")
    at = await world.create_account()
    world.sent()
    state = await world.reconcile(at)
    assert (state["result"], state["mode"], world.writes()) == ("Planned", "plan", [])
    assert "the setting CAUSEWAY_MODE" in state["remedy"]


@pytest.mark.parametrize("ceiling", ["observe", "plan", "apply"])
def test_no_mode_of_a_lowered_policy_does_more_than_the_ceiling(ceiling: Mode) -> None:
    rules = [{"name": mode, "match": {"name": mode}, "profile": "default", "mode": mode} for mode in MODES]
    policy = a_policy(top={"rules": rules, "mode": "plan"}, tag_may_choose=[], mode="observe")
    found = lowered(policy, ceiling)
    modes = [found.mode, found.profiles["default"].mode, *(rule.mode for rule in found.rules)]
    assert modes == [min(one, ceiling, key=MODES.index) for one in ("plan", "observe", *MODES)]


async def test_what_blocks_a_plan_is_reported_with_it() -> None:
    world = a_world(top=PLAN)
    world.deny("Microsoft.Network/privateEndpoints/write")
    at = await world.create_account()
    state = await world.reconcile(at)
    assert state["result"] == "Planned"
    assert any("privateEndpoints/write" in one for one in state["findings"])
    assert "Create" in [step["action"] for step in state["plan"]]


async def test_health_counts_what_waits_for_another_mode() -> None:
    world = a_world(top=PLAN)
    for name in ("one", "two"):
        await world.reconcile(await world.create_account(name))
    await world.flow.sweeper.sweep()
    health = (await world.flow.health.report()).record()
    assert (health["modes"], health["status"]) == ({"planned": 2, "observed": 0}, "ok")


def test_a_long_plan_is_cut_and_says_so() -> None:
    steps = [Delete(bodies.zone(), "x" * 5000)] * (MOST_STEPS + 5)
    found = restrained(Ending(Result.FAILED, reason="r"), Restraint("plan", "the policy"), steps)
    assert len(found.plan) == MOST_STEPS
    assert max(len(step.reason) for step in found.plan) <= 300
    assert f"{MOST_STEPS + 5} steps" in found.findings[-1]


async def test_a_plan_that_others_are_in_the_way_of_is_blocked_as_the_pass_would_be() -> None:
    world = a_world(top=PLAN, create_zones=False)
    at = await world.create_account()
    world.sent()
    state = await world.reconcile(at)
    assert (state["result"], state["code"], world.writes()) == ("Blocked", "ZoneNotFound", [])
    assert (state["mode"], "zone" in state["remedy"]) == ("plan", True)
    observed = a_world(top={"mode": "observe"}, create_zones=False)
    assert (await observed.reconcile(await observed.create_account()))["result"] == "Observed"
