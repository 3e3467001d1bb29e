"""The drift timer, and what is recorded before a pass breaks off."""

from datetime import UTC, datetime
from typing import Any

import pytest

from shared.core.base.ids import ResourceId
from shared.core.events.work_item import WorkItem
from shared.core.outcome.outcome import Outcome, Result
from tests.builders.policies import a_policy
from tests.builders.world import STORAGE, World

OTHER = "00000000-0000-0000-0000-000000000002"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
REFUSED = {"status": 403, "code": "AuthorizationFailed", "message": "No."}
GONE = {"status": 404, "code": "SubscriptionNotFound", "message": "x"}
BUSY = {"status": 429, "code": "TooManyRequests", "message": "x", "headers": {"Retry-After": "45"}}


@pytest.mark.parametrize("answer", [REFUSED, GONE, BUSY], ids=["refused", "gone", "throttled"])
async def test_a_subscription_that_cannot_be_listed_does_not_end_the_sweep_of_the_others(
    answer: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    policy = a_policy()
    world = World(policy.model_copy(update={"subscriptions": (OTHER, *policy.subscriptions)}))
    at = await world.create_account()
    world.queue.sent.clear()
    world.azure.faults.add({"match": {"path": f"{OTHER}/resource", "principal": "app"}, "answer": answer})
    assert await world.flow.sweeper.sweep() == 1
    assert at in world.queue.sent[0][0]
    assert "subscription not listed" in caplog.text


UNNAMED = {"method": "PUT", "path": "privateDnsZoneGroups/", "principal": "app"}
UNAVAILABLE = {"status": 503, "code": "ServiceUnavailable", "message": "x"}


@pytest.mark.parametrize(
    ("answer", "ended"),
    [
        (UNAVAILABLE, ("Pending", "ServiceUnavailable", 2)),
        (REFUSED, ("Blocked", "AuthorizationFailed", 0)),  # what a person has to mend, whatever else failed
    ],
    ids=["unavailable", "refused"],
)
async def test_a_target_whose_pass_failed_twice_is_removed_by_its_profile_when_it_is_opted_out(
    answer: dict[str, Any], ended: tuple[str, str, int]
) -> None:
    """The profile is recorded before the first object, not with the outcome."""
    world = World(a_policy(on_opt_out="remove", peering="ensure"))
    at = await world.create_account()
    second_read = {"method": "GET", "path": "storageAccounts/orders$", "principal": "app", "nth": 2}
    world.azure.faults.add({"match": UNNAMED, "answer": answer})
    world.azure.faults.add({"match": second_read, "answer": {**BUSY, "headers": {"Retry-After": "60"}}})
    await world.work(WorkItem(at, "event", "broke-off"))
    state = await world.state(at)
    assert (state["result"], state["code"], len(state["owned"])) == ended
    assert state["profile"] == "default"
    world.queue.sent.clear()
    world.azure.faults.clear()
    await world.send("PATCH", at, {"tags": {"private-connectivity": "disabled"}})
    await world.sleep(120)
    assert (await world.reconcile(at))["result"] == "Removed"
    assert await world.endpoints() == []


async def test_a_sweep_queues_nothing_for_what_still_waits_from_the_one_before() -> None:
    world = World()
    targets = [await world.create_account(f"account{n}") for n in range(3)]
    world.queue.sent.clear()
    assert await world.flow.sweeper.sweep() == 3
    done, _ = world.queue.sent.pop(0)
    await world.work(WorkItem.parse(done))
    assert await world.flow.sweeper.sweep() == 1
    assert len(world.queue.sent) == 3
    report = await world.ports().sweeps.latest()
    assert report is not None
    assert (report.queued, report.waiting) == (1, 2)
    await world.drain()
    assert [(await world.state(at))["result"] for at in targets] == ["Connected"] * 3
    assert await world.ports().sweeps.waiting() == frozenset()


async def test_a_sweep_queues_nothing_for_a_retry_that_still_waits() -> None:
    world = World()
    at = await world.create_account()
    world.azure.faults.add({"match": {"method": "PUT", "path": "privateEndpoints/"}, "answer": BUSY})
    await world.work(WorkItem(at, "event", "e"))
    assert len(world.queue.sent) == 1
    assert await world.flow.sweeper.sweep() == 0


async def test_a_sweep_lets_an_event_go_before_most_of_its_own_items() -> None:
    world = World()
    ledger = world.ports().ledger
    for n in range(300):
        await ledger.record(Outcome(ResourceId.parse(f"{STORAGE}/old{n}"), Result.CONNECTED, NOW))
    assert await world.flow.sweeper.sweep() == 300
    delays = sorted(delay.total_seconds() for _, delay in world.queue.sent)
    assert delays[50] == 0.0
    assert 0.0 < delays[51] < delays[-1]
    assert delays[-1] <= 300 * 4 / 25  # no later than Azure's own limit would have them


async def test_a_check_that_azure_throttles_leaves_the_state_and_comes_back_as_a_check() -> None:
    world = World()
    at = await world.create_account()
    before = await world.reconcile(at)
    world.azure.faults.add({"match": {"path": "privateEndpoints/", "principal": "app"}, "answer": BUSY})
    await world.work(WorkItem(at, "drift", "sweep-1"))
    assert await world.state(at) == before
    [(text, delay)] = world.queue.sent
    assert (WorkItem.parse(text).reason, delay.total_seconds()) == ("drift", 45.0)


async def test_a_check_that_repaired_something_before_it_broke_off_is_recorded() -> None:
    world = World()
    at = await world.create_account()
    await world.reconcile(at)
    [endpoint] = await world.endpoints()
    await world.send("DELETE", endpoint)
    await world.sleep(3600)
    world.azure.faults.add({"match": {"path": "ZoneGroups/", "principal": "app"}, "answer": BUSY, "times": 9})
    await world.work(WorkItem(at, "drift", "sweep-1"))
    assert (await world.state(at))["result"] == "Pending"


async def _unwatched(opt_out: str) -> tuple[World, str]:
    """A connected account whose subscription the policy does not list any more."""
    world = World(a_policy(on_opt_out=opt_out))
    at = await world.create_account()
    await world.reconcile(at)
    world.policy = world.policy.model_copy(update={"subscriptions": (OTHER,)})
    world.flow = world.worker()
    await world.sleep(3600)
    await world.flow.sweeper.sweep()
    await world.drain()
    return world, at


async def test_a_subscription_that_is_watched_no_longer_keeps_what_was_made_and_the_state_says_so() -> None:
    world, at = await _unwatched("keep")
    state = await world.state(at)
    assert (state["result"], state["code"]) == ("Declined", "NotWatched")
    assert "does not list its subscription any more" in state["reason"]
    assert len(await world.endpoints()) == 1
    await world.flow.sweeper.sweep()
    await world.drain()
    assert (await world.state(at))["history"] == state["history"]  # said once, not by every sweep
    report = await world.ports().sweeps.latest()
    assert report is not None
    assert report.unwatched == 1


async def test_what_was_made_in_a_subscription_that_is_watched_no_longer_follows_on_opt_out() -> None:
    world, at = await _unwatched("remove")
    assert (await world.state(at))["result"] == "Removed"
    assert await world.endpoints() == []


async def test_a_person_can_ask_for_a_resource_whose_subscription_is_watched_no_longer() -> None:
    world, at = await _unwatched("keep")
    accepted = await world.flow.queries.request(at)
    await world.drain()
    state = await world.state(at)
    assert (state["code"], state["correlations"]) == ("NotWatched", [accepted.correlation])
    assert (await world.plan(at))["result"] == "NotAsked"


async def test_the_group_of_a_resource_that_is_watched_no_longer_queues_what_the_ledger_knows() -> None:
    world, at = await _unwatched("keep")
    await world.flow.worker.work(WorkItem(at.partition("/providers/")[0], "event", "e"))
    assert [WorkItem.parse(item).resource_id for item, _ in world.queue.sent] == [at]
