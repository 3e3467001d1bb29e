"""Events as the triggers deliver them, in either schema."""

import json
from datetime import UTC, datetime
from typing import Any

import azure.functions as func

from handlers import events
from shared.core.events.work_item import WorkItem
from tests.builders.world import STORAGE, World

TOPIC = "/subscriptions/00000000-0000-0000-0000-000000000001"
WRITE = "Microsoft.Resources.ResourceWriteSuccess"
DATA = {"operationName": "Microsoft.Storage/storageAccounts/write"}
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def targets(world: World) -> list[str]:
    return [WorkItem.parse(item).resource_id for item, _ in world.queue.sent]


def grid(subject: str = f"{STORAGE}/orders", data: Any = DATA) -> func.EventGridEvent:
    return func.EventGridEvent(
        id="e-1", data=data, topic=TOPIC, subject=subject, event_type=WRITE, event_time=NOW, data_version="2"
    )


async def test_an_event_grid_event_becomes_one_work_item() -> None:
    world = World()
    await events.on_event(world.flow, grid())
    assert targets(world) == [f"{STORAGE}/orders"]


async def test_a_cloud_event_becomes_the_same_work_item() -> None:
    world = World()
    event = func.CloudEvent(
        id="c-1",
        source=TOPIC,
        type=WRITE,
        specversion="1.0",
        data=DATA,
        time=NOW,
        subject=f"{STORAGE}/orders",
    )
    await events.on_event(world.flow, event)
    assert targets(world) == [f"{STORAGE}/orders"]


async def test_a_malformed_event_in_a_good_batch_is_dropped_and_counted() -> None:
    world = World()
    good = {"id": "g", "eventType": WRITE, "subject": f"{STORAGE}/orders", "data": DATA}
    assert await world.flow.intake.accept([good, {"id": "bad"}, 7, None]) == 1
    assert targets(world) == [f"{STORAGE}/orders"]
    assert sum(world.flow.intake.dropped.values()) == 3


async def test_echoes_of_our_own_writes_cost_no_request() -> None:
    world = World()
    at = f"{TOPIC}/resourceGroups/rg/providers/Microsoft.Network/privateEndpoints/pe"
    await events.on_event(world.flow, grid(at, {"operationName": "Microsoft.Network/privateEndpoints/write"}))
    assert world.queue.sent == []
    assert world.sent() == []


async def test_one_resource_named_twice_in_a_batch_is_one_work_item() -> None:
    world = World()
    one = {"id": "1", "eventType": WRITE, "subject": f"{STORAGE}/orders", "data": DATA}
    two = {**one, "id": "2", "subject": f"{STORAGE}/ORDERS"}
    await world.flow.intake.accept(json.dumps([one, two]))
    assert len(targets(world)) == 1
