"""Events, ids and queue messages of any shape: a verdict or the documented error, in linear time."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.base.errors import InputError, InvalidId
from shared.core.base.ids import MAX_LENGTH, GroupId, ResourceId
from shared.core.base.inputs import MAX_INPUT
from shared.core.catalogue.catalogue import load
from shared.core.events.asked import MAX_CORRELATIONS, Asked
from shared.core.events.notification import MAX_FIELD, MAX_PAYLOAD, Dropped, Notification, is_event, read
from shared.core.events.work_item import WorkItem
from shared.flow.intake import Intake
from tests.builders.memory import MemoryQueue
from tests.builders.world import LoopClock
from tests.fuzz.values import JSON, changes, damaged, steps

TYPES = frozenset(load().types)
ACCOUNT = (
    "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers/"
    "Microsoft.Storage/storageAccounts/orders"
)
GROUP = "/subscriptions/s/resourceGroups/"
EVENT = {
    "id": "e",
    "topic": "/subscriptions/00000000-0000-0000-0000-000000000001",
    "subject": ACCOUNT,
    "eventType": "Microsoft.Resources.ResourceWriteSuccess",
    "eventTime": "2026-01-01T00:00:00Z",
    "data": {
        "operationName": "Microsoft.Storage/storageAccounts/write",
        "resourceUri": ACCOUNT,
        "resourceInfo": {"id": ACCOUNT},
        "status": "Succeeded",
    },
}
ITEM = {"resource_id": ACCOUNT, "reason": "event", "correlation": "c", "attempt": 0, "fresh_from": 0.0}
PIECES = st.sampled_from(
    [*ACCOUNT.split("/"), "", "..", ".", "%2F", "\x00", "\u202e", "Providers", "é", "x" * 300]
)


@given(changes(EVENT))
def test_a_damaged_event_is_a_notification_of_an_id_or_dropped(found: Any) -> None:
    (verdict,) = read(damaged(EVENT, found), TYPES)
    assert isinstance(verdict, Notification | Dropped)
    if isinstance(verdict, Notification):
        at = ResourceId if verdict.subject == "resource" else GroupId
        assert at.parse(verdict.resource_id).text == verdict.resource_id


@given(st.binary(max_size=200) | st.text(max_size=200) | JSON.map(json.dumps))
def test_any_message_of_the_event_queue_is_judged(message: bytes | str) -> None:
    assert all(isinstance(verdict, Notification | Dropped) for verdict in read(message, TYPES))


@given(st.lists(PIECES, max_size=14), st.sampled_from(["/", "//", "\\"]))
def test_any_path_is_an_id_or_an_invalid_one(pieces: list[str], between: str) -> None:
    text = between.join(pieces)
    for kind in (ResourceId, GroupId):
        with contextlib.suppress(InvalidId):
            assert kind.parse(text).text.lower() == text.lower()


@given(changes(ITEM))
def test_a_damaged_work_item_is_an_item_or_a_wrong_input(found: Any) -> None:
    with contextlib.suppress(InputError):
        item = WorkItem.parse(json.dumps(damaged(ITEM, found)))
        assert WorkItem.parse(item.text()) == item


@given(st.binary(max_size=200) | st.text(max_size=200))
def test_any_text_of_the_work_queue_is_an_event_an_item_or_a_wrong_input(message: bytes | str) -> None:
    if not is_event(message):
        with contextlib.suppress(InputError):
            WorkItem.parse(message)


@given(changes(ITEM), changes(EVENT))
def test_no_work_item_is_taken_for_an_event(found: Any, more: Any) -> None:
    event = damaged(EVENT, more)
    both = (event if isinstance(event, dict) else {}) | {"resource_id": ACCOUNT, "reason": "event"}
    assert not is_event(json.dumps(both))
    with contextlib.suppress(InputError):
        WorkItem.parse(text := json.dumps(damaged(ITEM, found)))
        assert not is_event(text)


@given(st.text(max_size=60) | JSON.map(json.dumps) | changes({"reason": "event", "fresh_from": 1.0}).map(str))
def test_any_text_in_the_column_of_what_is_asked_is_read(text: str) -> None:
    found = Asked.parse(text)
    assert Asked.parse(found.text()) == found
    assert len(found.joined(Asked(correlations=("c",) * 9)).correlations) <= MAX_CORRELATIONS + 1


HOSTILE = {
    "an operation name of slashes": lambda n: {**EVENT, "data": {"operationName": "a/" * n}},
    "a subject of slashes": lambda n: {**EVENT, "subject": ACCOUNT + "/a" * n},
    "a subject of providers": lambda n: {**EVENT, "subject": "/providers/a" * n},
    "an event type of dots": lambda n: {**EVENT, "eventType": "." * n},
    "an id of separators": lambda n: {**EVENT, "id": "\u2028" * n},
    "as many events": lambda n: [EVENT] * n,
    "many fields": lambda n: {**EVENT, **{f"f{k}": k for k in range(n)}},
    "nested lists": lambda n: json.dumps(EVENT)[:-1] + ',"x":' + "[" * n + "]" * n + "}",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_an_event_that_is_twice_as_long_takes_at_most_twice_the_steps(name: str) -> None:
    payload = HOSTILE[name]
    read(payload(10), TYPES)
    short, long = (steps(lambda n=n: read(payload(n), TYPES)) for n in (500, 1000))
    assert long <= 2 * short + 50


@pytest.mark.parametrize("text", ["a/" * MAX_PAYLOAD, "/" * MAX_PAYLOAD, ACCOUNT + "/a/b" * MAX_PAYLOAD])
def test_a_field_that_no_real_event_has_is_not_searched(text: str) -> None:
    """The regular expressions, whose work no step counts, see only what is below this length."""
    for where in ({"subject": text}, {"eventType": text}, {"data": {"operationName": text}}):
        (verdict,) = read({**EVENT, **where}, TYPES)
        assert isinstance(verdict, Dropped)
        assert f"more than {MAX_FIELD}" in verdict.detail


@pytest.mark.parametrize(
    "text", ["/" * 10**6, "/subscriptions/s/resourceGroups/" + "g" * 10**6, ACCOUNT * 10**4]
)
def test_an_id_longer_than_any_is_refused_in_constant_steps(text: str) -> None:
    def parse() -> None:
        with pytest.raises(InvalidId):
            ResourceId.parse(text)

    parse()
    assert len(text) > MAX_LENGTH
    assert steps(parse) < 3000


@pytest.mark.parametrize(
    "message", ["[" * 10**6, '{"resource_id":' * 10**5, '{"attempt":' + "9" * 10**6 + "}", "9" * 10**6]
)
def test_a_work_item_longer_than_any_is_refused_before_it_is_read(message: str) -> None:
    def parse() -> None:
        with pytest.raises(InputError):
            WorkItem.parse(message)

    parse()
    assert len(message) > MAX_INPUT
    assert steps(parse) < 3000


async def test_no_event_of_a_batch_keeps_another_from_being_queued() -> None:
    queue = MemoryQueue()
    batch = [EVENT, *(make(2000) for make in HOSTILE.values()), None, {**EVENT, "subject": ACCOUNT + "2"}]
    await Intake(queue, LoopClock(), TYPES).accept(batch)
    sent = {json.loads(text)["resource_id"] for text, _ in queue.sent}
    assert {ACCOUNT, ACCOUNT + "2"} <= sent
