"""Outcomes as events: what is published, once the ledger has it, and that nothing is lost on the way."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from shared.core.base.ids import ResourceId
from tests.builders.policies import a_policy
from tests.builders.world import World

ROOT = Path(__file__).parents[2]
TOPIC = {"path": "/topics/"}


def published(world: World) -> list[dict[str, Any]]:
    return [one["event"] for one in world.azure.topics.published]


def changes(world: World) -> list[tuple[str, str, str]]:
    """What each event says: the result before, the result, its code."""
    data = [event["data"] for event in published(world)]
    return [(one["previous_result"], one["result"], one["code"]) for one in data]


async def left(world: World) -> int:
    """How many targets have events that were not published."""
    return sum(row.values.get("unpublished") == 1 for row in world.tables["connections"].rows.values())


async def test_a_first_outcome_is_published_as_a_cloud_event() -> None:
    world = World(announces=True)
    at = await world.create_account()
    state = await world.reconcile(at)
    [event] = published(world)
    assert (event["specversion"], event["type"]) == ("1.0", "Causeway.Connection.Connected")
    assert (event["source"], event["subject"]) == ("causeway/test", at)
    assert event["time"].startswith(state["at"][:19])
    assert event["data"]["key"] == state["key"]
    assert event["data"]["endpoints"] == [path["endpoint"] for path in state["paths"]]
    assert await left(world) == 0


async def test_an_outcome_that_changes_nothing_is_not_published() -> None:
    world = World(announces=True)
    at = await world.create_account()
    for _ in range(3):
        await world.reconcile(at, "manual")
    assert changes(world) == [("", "Connected", "")]


async def test_each_change_is_published_with_what_was_before() -> None:
    world = World(announces=True)
    at = await world.create_account()
    await world.reconcile(at)
    world.deny("Microsoft.Network/privateEndpoints/write")
    [endpoint] = await world.endpoints()
    await world.send("DELETE", endpoint)
    await world.sleep(120)
    blocked = await world.reconcile(at)
    world.allow_all()
    await world.reconcile(at, "manual")
    assert changes(world) == [
        ("", "Connected", ""),
        ("Connected", "Blocked", blocked["code"]),
        ("Blocked", "Connected", ""),
    ]
    assert published(world)[1]["data"]["remedy"] == blocked["remedy"]


async def test_what_is_pending_in_between_is_no_change() -> None:
    world = World(a_policy(approval="request"), announces=True)
    at = await world.create_account()
    assert (await world.reconcile(at))["result"] == "Pending"
    assert published(world) == []


async def test_nothing_is_kept_or_published_where_there_is_no_topic() -> None:
    world = World()
    await world.reconcile(await world.create_account())
    assert published(world) == []
    assert await left(world) == 0
    assert not any("events_0" in row.values for row in world.tables["connections"].rows.values())


async def test_a_lost_answer_is_sent_again_with_the_same_id() -> None:
    world = World(announces=True)
    world.azure.faults.add({"match": TOPIC, "times": 1, "drop": "after"})
    await world.reconcile(await world.create_account())
    assert (len(published(world)), await left(world)) == (1, 1)
    await world.flow.sweeper.sweep()
    first, second = published(world)
    assert first == second
    assert await left(world) == 0


async def test_a_topic_that_never_answers_delays_no_outcome_and_a_sweep_publishes_what_is_left() -> None:
    world = World(announces=True)
    world.azure.faults.add({"match": TOPIC, "drop": "before"})
    at = await world.create_account()
    assert (await world.reconcile(at))["result"] == "Connected"
    assert (published(world), await left(world)) == ([], 1)
    world.azure.faults.clear()
    await world.flow.sweeper.sweep()
    assert changes(world) == [("", "Connected", "")]
    assert await left(world) == 0


async def test_an_event_that_the_topic_refuses_keeps_no_other_from_being_published() -> None:
    world = World(announces=True)
    world.azure.faults.add({"match": TOPIC, "drop": "before"})
    for name in ("one", "two", "three"):
        await world.reconcile(await world.create_account(name))
    world.azure.faults.clear()
    refusal = {"match": TOPIC, "times": 1, "answer": {"status": 413, "code": "TooLarge"}}
    world.azure.faults.add(refusal)
    await world.flow.sweeper.sweep()
    assert (len(published(world)), await left(world)) == (2, 1)


async def test_a_topic_that_is_silent_is_left_alone_after_a_few_tries() -> None:
    world = World(announces=True)
    world.azure.faults.add({"match": TOPIC, "answer": {"status": 403, "code": "Forbidden"}})
    for number in range(5):
        await world.reconcile(await world.create_account(f"account{number}"))
    before = world.azure.faults.rules[0].taken
    await world.flow.sweeper.sweep()
    assert world.azure.faults.rules[0].taken - before == 3


async def test_changes_that_could_not_be_published_are_published_in_their_order() -> None:
    world = World(announces=True)
    world.azure.faults.add({"match": TOPIC, "answer": {"status": 403, "code": "Forbidden"}})
    at = await world.create_account()
    await world.reconcile(at)
    await world.send("PATCH", at, {"tags": {"private-connectivity": "unknown"}})
    declined = await world.reconcile(at)
    world.azure.faults.clear()
    await world.flow.sweeper.sweep()
    assert changes(world) == [("", "Connected", ""), ("Connected", "Declined", declined["code"])]


async def test_a_worker_that_dies_before_it_publishes_loses_no_event() -> None:
    world = World(announces=True)
    at = await world.create_account()

    class Died(BaseException):
        """The process is gone."""

    class Dying:
        async def publish(self, events: object) -> None:
            raise Died

    flow = world.worker(replace(world.ports(), publisher=Dying()))
    with pytest.raises(Died):
        await world.reconcile(at, flow=flow)
    assert (await world.state(at))["result"] == "Connected"
    await world.flow.sweeper.sweep()
    assert changes(world) == [("", "Connected", "")]


async def test_a_row_from_before_events_were_published_announces_only_what_changes() -> None:
    world = World()
    at = await world.create_account()
    await world.reconcile(at)
    later = World(announces=True)
    later.azure, later.tables, later.queue = world.azure, world.tables, world.queue
    later.flow = later.worker()
    await later.reconcile(at, "manual")
    assert published(later) == []
    await later.send("DELETE", at)
    await later.sleep(300)
    await later.reconcile(at)
    assert changes(later) == [("Connected", "Removed", "")]


async def test_a_poisoned_message_is_published_by_the_next_sweep() -> None:
    world = World(announces=True)
    at = ResourceId.parse(await world.create_account())
    await world.flow.worker.give_up(f'{{"resource_id": "{at.text}", "reason": "event"}}'.encode())
    await world.flow.sweeper.sweep()
    assert changes(world) == [("", "Failed", "Poisoned")]


def documented() -> dict[str, Any]:
    """The example of docs/events.md."""
    text = (ROOT / "docs" / "events.md").read_text("utf-8")
    example: dict[str, Any] = json.loads(
        text.partition("<!-- event:")[2].split("```")[1].removeprefix("json")
    )
    return example


async def test_the_documented_event_has_the_members_of_a_published_one() -> None:
    world = World(announces=True)
    await world.reconcile(await world.create_account())
    [event], example = published(world), documented()
    assert set(event) == set(example)
    assert set(event["data"]) == set(example["data"])
    assert {name: type(value) for name, value in event["data"].items()} == {
        name: type(value) for name, value in example["data"].items()
    }
