"""Event Grid delivers what the app takes, and as little else as its filters can say."""

import base64
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox import event_queue
from shared.core.catalogue.catalogue import load
from shared.core.events.notification import Notification, read
from tests.infra.check import INFRA, shared
from tests.infra.filters import MOST_VALUES, Filter, Template

TEMPLATE = Template.read()
TYPES: list[str] = json.loads((INFRA / "watched-types.json").read_text("utf-8"))
KNOWN = frozenset(load().types)
FILTERS = TEMPLATE.filters(TYPES)
WRITE = "Microsoft.Resources.ResourceWriteSuccess"
DELETE = "Microsoft.Resources.ResourceDeleteSuccess"
SUB = "/subscriptions/00000000-0000-0000-0000-000000000001"
GROUP = "Microsoft.Resources/subscriptions/resourceGroups"
TAGS = "Microsoft.Resources/tags"

# Events of its own, which need no folder of samples: operation, type of the event, subject below the group.
OWN = [
    ("Microsoft.Storage/storageAccounts/write", WRITE, "/providers/Microsoft.Storage/storageAccounts/a"),
    ("Microsoft.Sql/servers/delete", DELETE, "/providers/Microsoft.Sql/servers/a"),
    ("MICROSOFT.KEYVAULT/VAULTS/WRITE", WRITE, "/providers/Microsoft.KeyVault/vaults/a"),
    (f"{TAGS}/write", WRITE, "/providers/Microsoft.Storage/storageAccounts/a"),
    (
        f"{TAGS}/delete",
        DELETE,
        "/providers/Microsoft.Sql/servers/a/providers/Microsoft.Resources/tags/default",
    ),
    (f"{GROUP}/write", WRITE, ""),
    (f"{GROUP}/delete", DELETE, ""),
]
NOISE = [
    (
        "Microsoft.Storage/storageAccounts/listKeys/action",
        WRITE,
        "/providers/Microsoft.Storage/storageAccounts/a",
    ),
    ("Microsoft.Compute/virtualMachines/write", WRITE, "/providers/Microsoft.Compute/virtualMachines/a"),
    ("Microsoft.Network/privateEndpoints/write", WRITE, "/providers/Microsoft.Network/privateEndpoints/a"),
    ("Microsoft.Resources/deployments/write", WRITE, "/providers/Microsoft.Resources/deployments/a"),
    ("Microsoft.Sql/servers/databases/write", WRITE, "/providers/Microsoft.Sql/servers/a/databases/b"),
    (
        "Microsoft.Sql/servers/write",
        "Microsoft.Resources.ResourceWriteFailure",
        "/providers/Microsoft.Sql/servers/a",
    ),
]


def event(operation: str, kind: str, below: str, cloud: bool = False) -> dict[str, Any]:
    subject, data = f"{SUB}/resourceGroups/rg{below}", {"operationName": operation}
    if cloud:
        return {
            "id": "e",
            "specversion": "1.0",
            "source": SUB,
            "type": kind,
            "subject": subject,
            "data": data,
        }
    return {"id": "e", "topic": SUB, "eventType": kind, "subject": subject, "data": data}


def below(kind: str) -> str:
    """The id of something of this type, below its group; tags are those of a storage account."""
    if kind == GROUP:
        return ""
    provider, *parts = (TYPES[1] if kind == TAGS else kind).split("/")
    return f"/providers/{provider}" + "".join(f"/{part}/a" for part in parts)


def taken(one: Any) -> bool:
    """Whether the app makes work of an event."""
    return isinstance(read(one, KNOWN)[0], Notification)


def delivered(one: Any) -> int:
    """By how many event subscriptions."""
    return sum(each.passes(one) for each in FILTERS)


def samples() -> Iterator[tuple[str, Any]]:
    """Collected events that Event Grid might deliver, by file; log records and dead letters are none."""
    for file in sorted(shared("events").glob("*.json")):
        if any(part in file.name for part in ("-log-", "dead-letter", "validation")):
            continue
        found = json.loads(file.read_text("utf-8"))
        if "queue-message" in file.name:
            found = json.loads(base64.b64decode(found["messageText"])) if "messageText" in found else found
        yield from ((file.stem, one) for one in (found if isinstance(found, list) else [found]))


SAMPLES = list(samples())
needs_samples = pytest.mark.skipif(not SAMPLES, reason="no collected events here: set CAUSEWAY_SHARED")


def operation(one: Any) -> str:
    data = one.get("data")
    return str(data.get("operationName") or "") if isinstance(data, dict) else ""


def test_the_types_of_the_filters_are_those_of_the_catalogue() -> None:
    assert sorted(map(str.lower, TYPES)) == sorted(map(str.lower, load().types))


def test_the_filters_together_have_exactly_the_operations_of_the_catalogue() -> None:
    values = [value.lower() for one in FILTERS for value in one.values]
    of_types = [f"{kind.lower()}/{verb}" for kind in load().types for verb in ("write", "delete")]
    always = [f"{kind}/{verb}".lower() for kind in (TAGS, GROUP) for verb in ("write", "delete")]
    assert sorted(values) == sorted([*of_types, *always])


def test_no_event_subscription_has_more_values_than_event_grid_takes() -> None:
    assert TEMPLATE.chunk == MOST_VALUES
    assert max(len(one.values) for one in FILTERS) <= MOST_VALUES


def test_one_advanced_filter_compares_the_whole_operation() -> None:
    assert TEMPLATE.advanced == {"operatorType": "StringIn", "key": "data.operationName", "values": "chunk"}
    assert set(TEMPLATE.types) == {WRITE, DELETE}


@pytest.mark.parametrize("cloud", [False, True], ids=["Event Grid schema", "CloudEvents"])
@pytest.mark.parametrize("one", OWN, ids=lambda one: one[0])
def test_what_the_app_takes_is_delivered_once(one: tuple[str, str, str], cloud: bool) -> None:
    found = event(*one, cloud)
    assert taken(found)
    assert delivered(found) == 1


@pytest.mark.parametrize("one", NOISE, ids=lambda one: f"{one[0]} {one[1].rpartition('.')[2]}")
def test_noise_is_not_delivered(one: tuple[str, str, str]) -> None:
    assert not taken(event(*one))
    assert delivered(event(*one)) == 0


@pytest.mark.parametrize("kind", [*TYPES, TAGS, GROUP])
@pytest.mark.parametrize("verb", ["write", "delete"])
def test_every_operation_that_the_app_takes_is_delivered_once(kind: str, verb: str) -> None:
    found = event(f"{kind}/{verb}", WRITE if verb == "write" else DELETE, below(kind))
    assert taken(found)
    assert delivered(found) == 1


def test_the_sandbox_delivers_the_same_operations_into_the_same_queue() -> None:
    assert sorted(event_queue.operations()) == sorted(value for one in FILTERS for value in one.values)
    assert set(event_queue.EVENT_TYPES) == set(TEMPLATE.types)
    [queue] = re.findall(r"queueName: '(.*)'", TEMPLATE.source.path.read_text("utf-8"))
    assert queue == event_queue.QUEUE


def test_an_event_without_the_key_is_not_delivered() -> None:
    assert not Filter((WRITE,), "data.operationName", ("a",)).passes({"eventType": WRITE, "data": None})
    assert not Filter((WRITE,), "data.operationName", ("a",)).passes({"eventType": WRITE})


@needs_samples
def test_every_collected_event_that_the_app_takes_by_its_operation_is_delivered_once() -> None:
    ours = [(name, one) for name, one in SAMPLES if taken(one) and operation(one)]
    assert len(ours) >= 10
    assert [name for name, one in ours if delivered(one) != 1] == []


@needs_samples
def test_of_the_other_collected_events_only_a_tag_of_another_type_is_delivered() -> None:
    """Event Grid cannot compare the subject with a list of types and let resource groups through."""
    others = [(name, one) for name, one in SAMPLES if not taken(one)]
    assert len(others) >= 15
    assert {name for name, one in others if delivered(one)} == {"29-test-ce-tags-write-vm"}
