"""Publishing to a topic: what is sent, and what its refusals mean."""

from typing import Any

import pytest

from sandbox.azure.kernel.clock import VirtualClock
from sandbox.azure.simulator import Simulator
from sandbox.azure.transports.in_process import InProcessTransport
from shared.adapters.topic import EventTopic, open_topic
from shared.core.base.errors import BlockedError, TransientError
from tests.builders.world import TOPIC, Token

EVENT = {
    "id": "one",
    "type": "Causeway.Connection.Connected",
    "subject": "/subscriptions/s",
    "time": "2026-01-01T00:00:00+00:00",
    "data": {"result": "Connected"},
}


def topic_of(azure: Simulator) -> EventTopic:
    client = open_topic(TOPIC, Token(), transport=InProcessTransport(azure))  # type: ignore[arg-type]
    return EventTopic(client, "causeway/test")


def answering(**answer: Any) -> Simulator:
    """An Azure whose topics answer with this."""
    azure = Simulator(clock=VirtualClock())
    azure.faults.add({"match": {"path": "/topics/"}, "answer": answer})
    return azure


async def test_events_are_sent_in_one_request_with_their_ids() -> None:
    azure = Simulator(clock=VirtualClock())
    await topic_of(azure).publish([EVENT, {**EVENT, "id": "two"}])
    assert [(one["topic"], one["event"]["id"]) for one in azure.topics.published] == [
        ("outcomes", "one"),
        ("outcomes", "two"),
    ]
    assert azure.topics.published[0]["event"]["time"].startswith("2026-01-01T00:00:00")


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413])
async def test_a_refusal_blocks_with_the_role_that_is_needed(status: int) -> None:
    azure = answering(status=status, code="Refused", message="no")
    with pytest.raises(BlockedError) as caught:
        await topic_of(azure).publish([EVENT])
    assert "EventGrid Data Sender" in caught.value.remedy


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_busy_topic_is_transient(status: int) -> None:
    azure = answering(status=status, code="Busy", message="later")
    with pytest.raises(TransientError):
        await topic_of(azure).publish([EVENT])


async def test_a_redirect_is_not_followed_with_the_token() -> None:
    azure = answering(status=307, headers={"Location": "https://elsewhere.test/api/events"}, body="")
    with pytest.raises(TransientError):
        await topic_of(azure).publish([EVENT])
    assert azure.topics.published == []
    assert azure.faults.rules[0].taken == 1
