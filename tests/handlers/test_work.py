"""The work queue and its poison queue hold work items and events; each message is recognized by its shape."""

import json
from typing import Any

import azure.functions as func
import pytest

from handlers import poison, work
from shared.core.base.errors import InputError
from shared.core.events.work_item import WorkItem
from tests.builders.world import STORAGE, World

AT = f"{STORAGE}/orders"
DATA = {"operationName": "Microsoft.Storage/storageAccounts/write"}
WRITE = "Microsoft.Resources.ResourceWriteSuccess"
GRID = {"id": "e-1", "subject": AT, "eventType": WRITE, "eventTime": "2026-01-01T00:00:00Z", "data": DATA}
CLOUD = {
    "id": "c-1",
    "source": "/subscriptions/s",
    "specversion": "1.0",
    "type": WRITE,
    "subject": AT,
    "data": DATA,
}
EVENTS = {
    "Event Grid schema": GRID,
    "CloudEvents": CLOUD,
    "lower case": {k.lower(): v for k, v in GRID.items()},
}


def message(body: Any) -> func.QueueMessage:
    return func.QueueMessage(body=body if isinstance(body, str) else json.dumps(body))


def queued(world: World) -> list[tuple[str, str]]:
    return [
        (item.resource_id, item.reason) for item in (WorkItem.parse(text) for text, _ in world.queue.sent)
    ]


@pytest.mark.parametrize("schema", EVENTS)
async def test_an_event_becomes_a_work_item(schema: str) -> None:
    world = World()
    await work.handle(world.flow, message(EVENTS[schema]))
    assert queued(world) == [(AT, "event")]


async def test_a_work_item_is_worked_on() -> None:
    world = World()
    at = await world.create_account()
    await work.handle(world.flow, message(WorkItem(at, "manual", "m").text()))
    assert (await world.state(at))["result"] == "Connected"


@pytest.mark.parametrize("schema", EVENTS)
async def test_an_event_that_also_has_a_resource_id_is_a_work_item(schema: str) -> None:
    world = World()
    at = await world.create_account("lake")
    await work.handle(world.flow, message(EVENTS[schema] | {"resource_id": at, "reason": "manual"}))
    assert (await world.state(at))["result"] == "Connected"
    assert queued(world) == []


@pytest.mark.parametrize(
    "body",
    [
        "no json",
        "",
        "[]",
        [GRID],
        {},
        {"eventType": WRITE},
        {k: v for k, v in CLOUD.items() if k != "source"},
        "7",
    ],
)
async def test_what_has_neither_shape_is_refused_and_goes_to_the_poison_queue(body: Any) -> None:
    world = World()
    with pytest.raises(InputError):
        await work.handle(world.flow, message(body))
    assert queued(world) == []


async def test_an_event_that_needs_no_work_ends_there() -> None:
    world = World()
    await work.handle(world.flow, message(GRID | {"eventType": "Microsoft.Resources.ResourceActionSuccess"}))
    assert queued(world) == []
    assert world.flow.intake.dropped == {"action": 1}


@pytest.mark.parametrize("schema", EVENTS)
async def test_an_event_that_failed_on_every_attempt_is_read_again(schema: str) -> None:
    world = World()
    await poison.record(world.flow, message(EVENTS[schema]))
    assert queued(world) == [(AT, "event")]


async def test_work_that_failed_on_every_attempt_ends_as_an_outcome() -> None:
    world = World()
    at = await world.create_account()
    await poison.record(world.flow, message(WorkItem(at, "event", "e").text()))
    assert (await world.state(at))["code"] == "Poisoned"
