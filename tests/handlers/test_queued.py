"""Queue messages that arrive while the settings or the policy have faults."""

from datetime import timedelta
from typing import Any

import azure.functions as func
import pytest

from handlers import poison, queued, work
from shared.core.base.errors import Fault, PolicyError, TransientError
from shared.core.events.work_item import WorkItem
from tests.builders.world import World


class Queues:
    """Where messages are put back: queue, text, delay."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str, timedelta]] = []

    async def put_back(self, queue: str, text: str, delay: timedelta) -> None:
        self.sent.append((queue, text, delay))


async def faulty() -> Any:
    raise PolicyError([Fault("profiles", "", "it is missing", "add one")])


@pytest.mark.parametrize(
    ("queue", "act"),
    [
        ("work", work.handle),
        ("work-poison", poison.record),
    ],
)
async def test_a_message_waits_in_its_queue_until_the_faults_are_corrected(queue: str, act: Any) -> None:
    queues = Queues()
    await queued.handle(faulty, queues.put_back, queue, act, func.QueueMessage(body="{}"))
    assert queues.sent == [(queue, "{}", timedelta(minutes=5))]


async def test_a_message_is_handled_where_the_app_can_be_built() -> None:
    world, queues = World(), Queues()
    at = await world.create_account()

    async def build() -> Any:
        return world.flow

    body = WorkItem(at, "event", "e").text()
    await queued.handle(build, queues.put_back, "work", work.handle, func.QueueMessage(body=body))
    assert (await world.state(at))["result"] == "Connected"
    assert queues.sent == []


async def test_another_error_leaves_the_message_to_the_platform() -> None:
    async def unreachable() -> Any:
        raise TransientError("table connections cannot be reached")

    queues = Queues()
    with pytest.raises(TransientError):
        await queued.handle(unreachable, queues.put_back, "work", work.handle, func.QueueMessage(body="{}"))
    assert queues.sent == []
