"""What an operator is shown of the app itself."""

import asyncio
import json
import logging
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import azure.functions as func
import pytest

from handlers import timer
from shared.adapters.sweeps import TableSweeps
from shared.core.base.errors import TransientError
from shared.core.outcome.sweep_report import SweepReport
from tests.builders.policies import a_policy
from tests.builders.world import World

OTHER = "00000000-0000-0000-0000-000000000002"
REFUSED = {"status": 403, "code": "AuthorizationFailed", "message": "No."}


async def health(world: World) -> dict[str, Any]:
    return (await world.flow.health.report()).record()


async def test_before_the_first_sweep_the_app_says_so() -> None:
    found = await health(World())
    assert (found["status"], found["sweep"]) == ("degraded", None)
    assert found["problems"] == ["no sweep has run yet"]


async def test_a_sweep_is_shown_with_what_it_listed_queued_and_left_and_with_its_age() -> None:
    world = World()
    for name in ("one", "two"):
        await world.create_account(name)
    world.queue.sent.clear()
    await world.flow.sweeper.sweep()
    await world.drain()
    found = await health(world)
    [subscription] = world.policy.subscriptions
    assert (found["status"], found["problems"]) == ("ok", [])
    sweep = found["sweep"]
    assert sweep["listed"] == {subscription: 2}
    assert (sweep["queued"], sweep["waiting"], sweep["held"], sweep["unread"]) == (2, 0, 0, {})
    assert sweep["began"] <= sweep["ended"]
    assert sweep["age_seconds"] >= sweep["seconds"] >= 0


async def test_a_subscription_that_cannot_be_listed_is_named_with_its_error() -> None:
    policy = a_policy()
    world = World(policy.model_copy(update={"subscriptions": (OTHER, *policy.subscriptions)}))
    world.azure.faults.add({"match": {"path": f"{OTHER}/resource", "principal": "app"}, "answer": REFUSED})
    await world.flow.sweeper.sweep()
    found = await health(world)
    assert found["status"] == "degraded"
    assert list(found["sweep"]["unread"]) == [OTHER]
    assert "AuthorizationFailed" in found["problems"][0]
    assert list(found["sweep"]["listed"]) == list(policy.subscriptions)


async def test_deletes_that_wait_for_a_person_are_counted() -> None:
    world = World(a_policy(on_opt_out="remove", limits={"max_deletes_per_sweep": 0}))
    at = await world.create_account()
    await world.reconcile(at)
    await world.send("PATCH", at, {"tags": {"private-connectivity": "disabled"}})
    await world.sleep(3600)
    for _ in range(2):
        await world.flow.sweeper.sweep()
        await world.drain()
        found = await health(world)
        assert found["sweep"]["held"] == 1
        assert "1 resources wait for a person" in found["problems"][0]
    await world.flow.sweeper.sweep()  # its work is still queued
    assert (await health(world))["sweep"]["held"] == 1
    await world.flow.queries.confirm_deletes(1)
    await world.drain()
    found = await health(world)
    assert (found["problems"], found["sweep"]["held"]) == ([], 0)


async def test_a_sweep_that_broke_off_is_a_problem_and_one_that_runs_is_none() -> None:
    world = World()
    now = world.ports().clock.now().timestamp()
    for began, problems in ((now, 0), (now - 3600, 1)):
        world.tables["sweeps"].rows.clear()
        await world.ports().sweeps.record(SweepReport("sweep-1", began))
        found = await health(world)
        assert len(found["problems"]) == problems
        assert (found["sweep"]["ended"], found["sweep"]["seconds"]) == (None, None)


async def test_the_newest_sweep_is_shown() -> None:
    world = World()
    now = world.ports().clock.now().timestamp()
    for n in (2, 3, 1):
        await world.ports().sweeps.record(SweepReport(f"sweep-{n}", now + n))
    assert (await health(world))["sweep"]["id"] == "sweep-3"


async def test_what_is_left_of_azure_s_limits_is_shown_by_subscription_and_kind() -> None:
    world = World()
    at = await world.create_account()
    await world.reconcile(at)
    limits = (await health(world))["limits"]
    shown = {(one["scope"], one["kind"], one["region"]) for one in limits}
    assert {("Resource Manager", "reads", ""), ("microsoft.network", "writes", "westeurope")} <= shown
    writes = next(one for one in limits if (one["scope"], one["kind"]) == ("microsoft.network", "writes"))
    assert 900 < writes["left"] < writes["of"] == 1000


async def test_how_long_the_oldest_message_waits_is_shown() -> None:
    world = World()
    assert (await health(world))["oldest_message_seconds"] is None
    world.queue.first = world.ports().clock.now() - timedelta(minutes=7)
    assert (await health(world))["oldest_message_seconds"] == 420.0


async def test_the_drift_timer_logs_the_health_as_one_line(caplog: pytest.LogCaptureFixture) -> None:
    world = World()
    with caplog.at_level(logging.INFO, "causeway"):
        await timer.sweep(world.flow, cast(func.TimerRequest, None))
    [text] = [one.getMessage() for one in caplog.records if one.name == "causeway.timer"]
    name, _, facts = text.partition(" ")
    assert (name, json.loads(facts)["status"]) == ("health", "ok")


class SilentSweeps(TableSweeps):
    """A table service that takes the request and does not answer."""

    async def latest(self) -> SweepReport | None:
        await asyncio.sleep(3600)
        return None


async def test_tables_that_do_not_answer_are_reported_within_half_a_minute() -> None:
    world = World()
    silent = replace(world.flow.health, sweeps=SilentSweeps(world.tables["sweeps"]))
    began = asyncio.get_running_loop().time()
    with pytest.raises(TransientError, match="did not answer within 20 s"):
        await silent.report()
    assert asyncio.get_running_loop().time() - began <= 30
