"""Work items: what is sent is read again, and what is wrong with a message is named."""

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.base.errors import InputError
from shared.core.base.inputs import MAX_INPUT, read_json
from shared.core.events.reason import Reason
from shared.core.events.requests import ReconcileRequest
from shared.core.events.work_item import WorkItem

AT = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/orders"
ITEM = {"resource_id": AT, "reason": "event", "correlation": "e-1", "attempt": 2, "fresh_from": 1.5}


def fault(message: Any) -> InputError:
    with pytest.raises(InputError) as caught:
        WorkItem.parse(message if isinstance(message, str | bytes) else json.dumps(message))
    return caught.value


@given(
    st.text(min_size=1, max_size=300),
    st.sampled_from(["event", "drift", "manual", "retry"]),
    st.text(max_size=80),
    st.integers(0, 10**6),
    st.floats(0, 10**10),
)
def test_an_item_is_read_as_it_was_sent(at: str, reason: Any, correlation: str, attempt: int, at_s: float):
    item = WorkItem(at, reason, correlation, attempt, at_s)
    assert WorkItem.parse(item.text()) == item
    assert WorkItem.parse(item.text().encode()) == item


def test_only_id_and_reason_are_needed() -> None:
    assert WorkItem.parse(json.dumps({"resource_id": AT, "reason": "drift"})) == WorkItem(AT, "drift", "")


def test_a_reason_is_read_in_any_case() -> None:
    assert WorkItem.parse(json.dumps(ITEM | {"reason": "Manual"})).reason == "manual"


def test_a_message_of_a_newer_version_is_read_without_what_is_new_in_it() -> None:
    assert WorkItem.parse(json.dumps(ITEM | {"priority": 3})) == WorkItem(AT, "event", "e-1", 2, 1.5)


@pytest.mark.parametrize(
    ("field", "value", "remedy"),
    [
        ("resource_id", 7, "send the ARM id"),
        ("resource_id", "", "send the ARM id"),
        ("reason", "because", "send one of event, drift, manual, retry"),
        ("reason", None, "send one of event, drift, manual, retry"),
        ("correlation", 7, "send a string"),
        ("attempt", -1, "send a whole number from 0"),
        ("attempt", 1.5, "send a whole number from 0"),
        ("attempt", True, "send a whole number from 0"),
        ("attempt", 10**9, "send a whole number from 0"),
        ("attempt", ["1"], "send a whole number from 0"),
        ("reason", ["event"], "send one of event, drift, manual, retry"),
        ("reason", {"event": 1}, "send one of event, drift, manual, retry"),
        ("fresh_from", 1e300, "send seconds since 1970"),
        ("fresh_from", -1, "send seconds since 1970"),
        ("fresh_from", "now", "send seconds since 1970"),
    ],
)
def test_a_wrong_field_is_named_with_its_value_and_what_to_send(field: str, value: Any, remedy: str) -> None:
    found = fault(ITEM | {field: value})
    assert found.field == field
    assert found.value == (value if isinstance(value, str) else json.dumps(value))
    assert found.remedy.startswith(remedy)


@pytest.mark.parametrize("field", ["resource_id", "reason"])
def test_a_missing_field_is_named(field: str) -> None:
    assert fault({name: value for name, value in ITEM.items() if name != field}).field == field


@pytest.mark.parametrize(
    "message",
    [
        "",
        "no json",
        "[]",
        "null",
        b"\xff\xfe",
        "[" * 10_000,
        '{"fresh_from": NaN}',
        json.dumps(ITEM | {"correlation": "x" * MAX_INPUT}),
    ],
    ids=["empty", "text", "list", "null", "not UTF-8", "nested deeply", "NaN", "too long"],
)
def test_a_message_that_is_no_work_item_is_an_input_error(message: str | bytes) -> None:
    assert fault(message).remedy.startswith("send ")


@pytest.mark.parametrize("field", ["attempt", "fresh_from", "resource_id"])
@pytest.mark.parametrize("value", ["9" * 400, "9" * 5000, "[" * 7000 + "]" * 7000, "[" * 15_000, "1e999"])
def test_a_value_of_any_size_or_depth_is_an_input_error(field: str, value: str) -> None:
    message = json.dumps(ITEM | {field: "HERE"}).replace('"HERE"', value)
    assert fault(message).remedy.startswith("send ")


def test_a_long_unknown_field_is_refused_in_little_time() -> None:
    began = time.process_time()
    with pytest.raises(InputError):
        read_json(ReconcileRequest, json.dumps({"resource_id": "x", "dry_run" * 2000: True}), "body")
    assert time.process_time() - began < 0.1


def test_the_next_attempt_is_a_retry_of_the_same_item() -> None:
    item = WorkItem(AT, "event", "e-1", fresh_from=9.0)
    assert item.again() == WorkItem(AT, "retry", "e-1", 1, 9.0)


@pytest.mark.parametrize("reason", ["drift", "manual"])
def test_a_retry_of_a_sweep_or_of_a_person_s_rerun_keeps_its_reason(reason: Reason) -> None:
    assert WorkItem(AT, reason, "e-1", 3).again() == WorkItem(AT, reason, "e-1", 4)
