"""The drift timer, and what is recorded before a pass breaks off."""

from typing import Any

import pytest

from shared.core.events.work_item import WorkItem
from tests.builders.policies import a_policy
from tests.builders.world import World

OTHER = "00000000-0000-0000-0000-000000000002"
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


async def test_a_target_whose_pass_failed_twice_is_removed_by_its_profile_when_it_is_opted_out() -> None:
    """The profile is recorded before the first object, not with the outcome."""
    world = World(a_policy(on_opt_out="remove"))
    at = await world.create_account()
    world.deny("Microsoft.Network/privateEndpoints/privateDnsZoneGroups/write")
    second_read = {"method": "GET", "path": "storageAccounts/orders$", "principal": "app", "nth": 2}
    throttled = {**BUSY, "headers": {"Retry-After": "60"}}
    world.azure.faults.add({"match": second_read, "answer": throttled})
    await world.work(WorkItem(at, "event", "broke-off"))
    state = await world.state(at)
    assert (state["result"], state["profile"], len(state["owned"])) == ("Blocked", "default", 2)
    assert state["code"] == "AuthorizationFailed"  # what a person has to mend, whatever else failed
    world.allow_all()
    await world.send("PATCH", at, {"tags": {"private-connectivity": "disabled"}})
    await world.sleep(120)
    assert (await world.reconcile(at))["result"] == "Removed"
    assert await world.endpoints() == []
