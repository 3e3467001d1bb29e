"""The results of all collected event samples: published, captured, from other projects' tests, and derived.

The samples lie beside the repository where its facts are kept; elsewhere these tests are skipped. What
they show is tested with events of its own in `test_notification.py`.
"""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from shared.core.catalogue.catalogue import load
from shared.core.events.notification import Dropped, Notification, read

SAMPLES = Path(__file__).parents[3] / "shared" / "data" / "events"
WRITTEN, TAGGED, DELETED = ("resource", "written"), ("resource", "tagged"), ("resource", "deleted")

EXPECTED: dict[str, str | tuple[str, str]] = {
    "01-doc-eg-storage-account-write-success": WRITTEN,
    "02-doc-eg-storage-account-delete-success": DELETED,
    "03-doc-eg-listkeys-action-success": "action",
    "04-doc-ce-storage-account-write-success": WRITTEN,
    "05-doc-ce-storage-account-delete-success": DELETED,
    "06-doc-ce-listkeys-action-success": "action",
    "08-doc-arn-eg-storage-account-createdorupdated": WRITTEN,
    "09-doc-arn-ce-storage-account-createdorupdated": WRITTEN,
    "10-doc-arn-eg-storage-account-deleted": DELETED,
    "11-doc-arn-ce-storage-account-deleted": DELETED,
    "12-test-arn-ce-health-availability": "other_event",
    "13-real-eg-storage-account-create": WRITTEN,
    "15-real-eg-private-endpoint-write": "echo",
    "17-test-eg-c7n-storage-container-child": "unreadable",  # it has no event type
    "18-test-eg-sdk-writefailure": "failed",
    "19-test-eg-sdk-writecancel": "failed",
    "20-test-eg-sdk-deletefailure": "failed",
    "21-test-eg-sdk-deletecancel": "failed",
    "22-test-eg-sdk-actionfailure": "failed",
    "23-test-eg-sdk-actioncancel": "failed",
    "24-doc-eg-2017-string-authorization": "other_type",
    "26-test-ce-resource-group-delete": ("resource_group", "deleted"),
    "27-test-ce-resource-group-write": ("resource_group", "written"),
    "28-test-ce-resource-group-writecancel": "failed",
    "29-test-ce-tags-write-vm": "other_type",
    "30-test-ce-tags-write-storage-account": TAGGED,
    "31-test-ce-aks-write-lowercase-provider": WRITTEN,  # no operation: the subject's type is catalogued
    "33-test-ce-webapp-write": WRITTEN,
    "35-test-eg-sql-database-delete": "child",
    "38-doc-eg-subscription-validation": "other_event",
    "39-doc-eg-dead-letter-record": "other_event",
    "40-doc-ce-dead-letter-record": "other_event",
    "41-log-sql-server-create-failed-sequence": "unreadable",  # Activity Log records are no events
    "42-log-tags-write-vm": "unreadable",
    "43-log-role-assignment-write": "unreadable",
    "44-log-storage-listaccountsas-failed": "unreadable",
    "50-derived-eg-sql-server-write-success": WRITTEN,
    "51-derived-ce-sql-server-write-success": WRITTEN,
    "52-derived-eg-sql-server-write-failure": "failed",
    "53-derived-eg-sql-server-delete-success": DELETED,
    "55-derived-eg-tags-write-storage-account": TAGGED,
    "56-derived-eg-tags-write-sql-server": TAGGED,
    "60-derived-eg-role-assignment-write": "extension",
    "61-derived-eg-lock-write": "extension",
    "62-derived-eg-diagnostic-settings-write": "extension",
    "65-derived-eg-privateendpoint-dnszonegroup-write": "echo",
    "66-derived-eg-privateendpoint-delete": "echo",
    "67-derived-eg-deployment-write": "echo",
    "68-derived-eg-resource-group-delete": ("resource_group", "deleted"),
    "70-derived-arn-eg-storage-updated-with-tags-and-connection": WRITTEN,  # without operation: no echo
    "71-derived-arn-eg-sql-server-createdorupdated": WRITTEN,
    "73-derived-queue-message-base64": WRITTEN,
}

pytestmark = pytest.mark.skipif(not SAMPLES.is_dir(), reason="the event samples are not kept with this copy")


def delivered(name: str) -> Any:
    """What a handler gets: for a queue message, its decoded text."""
    found = json.loads((SAMPLES / f"{name}.json").read_text(encoding="utf-8"))
    if isinstance(found, dict) and "messageText" in found:
        return base64.b64decode(found["messageText"])
    return found


@pytest.mark.parametrize("name", EXPECTED)
def test_a_sample_gives_the_expected_result(name: str) -> None:
    (verdict,) = read(delivered(name), load().types)
    match verdict:
        case Notification(subject=subject, change=change):
            assert (subject, change) == EXPECTED[name]
        case Dropped(reason=reason):
            assert reason == EXPECTED[name]


def test_every_sample_has_an_expectation() -> None:
    assert {path.stem for path in SAMPLES.glob("*.json")} == set(EXPECTED)


def test_all_samples_in_one_batch_lose_none() -> None:
    events = [event for name in EXPECTED for event in _elements(delivered(name))]
    verdicts = read(events, load().types)
    assert len(verdicts) == len(EXPECTED)


def _elements(found: Any) -> list[Any]:
    decoded = json.loads(found) if isinstance(found, bytes) else found
    return decoded if isinstance(decoded, list) else [decoded]
