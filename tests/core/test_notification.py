"""Notifications: which resource an event is about, and whether it needs work."""

import json
import time
from dataclasses import FrozenInstanceError
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.events.notification import Dropped, Notification, read

SUB = "/subscriptions/00000000-0000-0000-0000-000000000001"
GROUP = f"{SUB}/resourceGroups/rg-app"
ACCOUNT = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/orders"
TYPES = (
    "Microsoft.Storage/storageAccounts",
    "Microsoft.Sql/servers",
    "Microsoft.Network/privateLinkServices",
    "Microsoft.Network/applicationGateways",
)


def an_event(
    operation: str | None = "Microsoft.Storage/storageAccounts/write",
    subject: str = ACCOUNT,
    kind: str = "Microsoft.Resources.ResourceWriteSuccess",
    **more: Any,
) -> dict[str, Any]:
    """An Azure Resource Manager event in Event Grid's schema."""
    data = {} if operation is None else {"operationName": operation, "status": "Succeeded"}
    return {
        "id": "event-1",
        "topic": SUB,
        "subject": subject,
        "eventType": kind,
        "eventTime": "2026-01-02T03:04:05.1234567Z",
        "dataVersion": "2",
        "metadataVersion": "1",
        "data": data,
        **more,
    }


def a_deletion(operation: str, subject: str = ACCOUNT) -> dict[str, Any]:
    return an_event(operation, subject, kind="Microsoft.Resources.ResourceDeleteSuccess")


def a_cloud_event(event: dict[str, Any]) -> dict[str, Any]:
    """The same event in CloudEvents 1.0."""
    kept = {name: event[name] for name in ("id", "subject", "data")}
    return {
        **kept,
        "source": event["topic"],
        "type": event["eventType"],
        "time": event["eventTime"],
        "specversion": "1.0",
    }


def a_resource_notification(kind: str, at: str = ACCOUNT, **more: Any) -> dict[str, Any]:
    """An Azure Resource Notifications event."""
    return an_event(kind=f"Microsoft.ResourceNotifications.{kind}", data={"resourceInfo": {"id": at}}, **more)


def judged(event: object) -> Notification | Dropped:
    (verdict,) = read(event, TYPES)
    return verdict


def noticed(event: object) -> Notification:
    verdict = judged(event)
    assert isinstance(verdict, Notification), verdict
    return verdict


def dropped(event: object) -> Dropped:
    verdict = judged(event)
    assert isinstance(verdict, Dropped), verdict
    return verdict


def test_a_write_to_a_known_type_is_a_notification() -> None:
    assert noticed(an_event()) == Notification(
        ACCOUNT, "resource", "written", "event-1", "2026-01-02T03:04:05.1234567Z"
    )


def test_both_schemas_give_the_same_notification() -> None:
    assert noticed(a_cloud_event(an_event())) == noticed(an_event())


def test_a_dead_lettered_event_gives_the_same_notification() -> None:
    more = {"deadLetterReason": "MaxDeliveryAttemptsExceeded", "deliveryAttempts": 3}
    assert noticed(an_event(**more)) == noticed(an_event())
    lowered = {name.lower(): value for name, value in an_event().items()}
    assert noticed(lowered) == noticed(an_event())


def test_an_event_in_any_case_gives_the_same_notification() -> None:
    shouted = an_event(
        "MICROSOFT.STORAGE/STORAGEACCOUNTS/WRITE", ACCOUNT.upper(), "microsoft.resources.resourcewritesuccess"
    )
    found = noticed(shouted)
    assert found.resource_id.lower() == ACCOUNT.lower()
    assert found.resource_id.startswith("/subscriptions/")
    assert "/resourceGroups/" in found.resource_id


def test_known_types_are_compared_without_case() -> None:
    assert isinstance(read(an_event(), ["MICROSOFT.STORAGE/storageaccounts"])[0], Notification)
    assert read(an_event(), [])[0] == Dropped(
        "event-1", "other_type", "Microsoft.Storage/storageAccounts/write"
    )


def test_a_deletion_is_passed_on_as_the_events_claim() -> None:
    assert noticed(a_deletion("Microsoft.Storage/storageAccounts/delete")).change == "deleted"


@pytest.mark.parametrize("verb", ["write", "delete"])
def test_a_tag_event_is_about_the_tagged_resource_and_never_a_deletion(verb: str) -> None:
    kind = f"Microsoft.Resources.Resource{verb.title()}Success"
    found = noticed(an_event(f"Microsoft.Resources/tags/{verb}", kind=kind))
    assert (found.resource_id, found.subject, found.change) == (ACCOUNT, "resource", "tagged")


@pytest.mark.parametrize(
    "suffix", ["/providers/Microsoft.Resources/tags/default", "/PROVIDERS/microsoft.resources/TAGS"]
)
def test_a_tag_events_suffix_is_cut_off(suffix: str) -> None:
    assert noticed(an_event("Microsoft.Resources/tags/write", ACCOUNT + suffix)).resource_id == ACCOUNT
    found = noticed(an_event("Microsoft.Resources/tags/write", GROUP + suffix))
    assert (found.resource_id, found.subject, found.change) == (GROUP, "resource_group", "tagged")


@pytest.mark.parametrize("suffix", ["", "/", "/providers/Microsoft.Resources/tags/default"])
def test_tags_of_a_subscription_are_dropped(suffix: str) -> None:
    assert dropped(an_event("Microsoft.Resources/tags/write", SUB + suffix)).reason == "other_type"


@pytest.mark.parametrize("spelled", ["resourceGroups", "resourcegroups"])
def test_resource_groups_are_found_in_either_spelling(spelled: str) -> None:
    path = f"{SUB}/{spelled}/rg-app"
    written = noticed(an_event(f"Microsoft.Resources/subscriptions/{spelled}/write", path))
    assert (written.resource_id, written.subject, written.change) == (GROUP, "resource_group", "written")
    deleted = noticed(a_deletion(f"Microsoft.Resources/subscriptions/{spelled}/delete", path))
    assert (deleted.subject, deleted.change) == ("resource_group", "deleted")


def test_without_a_subject_the_resource_uri_is_used() -> None:
    event = an_event()
    event["data"]["resourceUri"] = event.pop("subject")
    assert noticed(event).resource_id == ACCOUNT


def test_the_subject_is_used_before_the_resource_uri() -> None:
    event = an_event()
    event["data"]["resourceUri"] = ACCOUNT.replace("orders", "others")
    assert noticed(event).resource_id == ACCOUNT


def test_without_an_operation_the_type_has_the_verb_and_the_subject_is_used() -> None:
    assert noticed(an_event(None)) == noticed(an_event())
    assert noticed({**an_event(), "data": None}).change == "written"


def test_a_deletion_without_an_operation_is_a_deletion() -> None:
    deletion = "Microsoft.Resources.ResourceDeleteSuccess"
    for data in (None, {}, {"operationName": None}):
        assert noticed({**an_event(kind=deletion), "data": data}).change == "deleted"


def test_deleted_tags_without_an_operation_are_no_deletion() -> None:
    deletion = "Microsoft.Resources.ResourceDeleteSuccess"
    tags = f"{ACCOUNT}/providers/Microsoft.Resources/tags/default"
    found = noticed({**an_event(kind=deletion, subject=tags), "data": None})
    assert (found.resource_id, found.change) == (ACCOUNT, "tagged")


def test_a_resource_notification_is_about_the_id_in_its_resource_info() -> None:
    elsewhere = ACCOUNT.replace("orders", "elsewhere")
    written = noticed(a_resource_notification("Resources.CreatedOrUpdated", subject=elsewhere))
    assert (written.resource_id, written.change) == (ACCOUNT, "written")
    assert noticed(a_resource_notification("Resources.Deleted")).change == "deleted"
    assert noticed(a_cloud_event(a_resource_notification("Resources.Deleted"))).change == "deleted"


def test_a_resource_notification_without_resource_info_is_about_its_subject() -> None:
    bare = {**a_resource_notification("Resources.CreatedOrUpdated"), "data": {}}
    assert noticed(bare).resource_id == ACCOUNT


def test_a_resource_notification_about_a_group_is_about_the_group() -> None:
    found = noticed(a_resource_notification("Resources.Deleted", GROUP))
    assert (found.subject, found.change) == ("resource_group", "deleted")


def below(path: str, root: str = GROUP) -> str:
    return f"{root}/providers/{path}"


ENDPOINT = below("Microsoft.Network/privateEndpoints/pe")
NETWORK = below("Microsoft.Network/virtualNetworks/v")
ZONE = below("Microsoft.Network/privateDnsZones/z")
ECHOES = [
    ("Microsoft.Network/privateEndpoints", ENDPOINT),
    ("Microsoft.Network/privateEndpoints/privateDnsZoneGroups", f"{ENDPOINT}/privateDnsZoneGroups/g"),
    ("Microsoft.Network/privateDnsZones", ZONE),
    ("Microsoft.Network/privateDnsZones/virtualNetworkLinks", f"{ZONE}/virtualNetworkLinks/l"),
    ("Microsoft.Network/privateDnsZones/A", f"{ZONE}/A/orders"),
    ("Microsoft.Network/virtualNetworks", NETWORK),
    ("Microsoft.Network/virtualNetworks/subnets", f"{NETWORK}/subnets/s"),
    ("Microsoft.Network/virtualNetworks/virtualNetworkPeerings", f"{NETWORK}/virtualNetworkPeerings/p"),
    ("Microsoft.Network/networkSecurityGroups", below("Microsoft.Network/networkSecurityGroups/n")),
    (
        "Microsoft.Network/networkSecurityGroups/securityRules",
        below("Microsoft.Network/networkSecurityGroups/n/securityRules/r"),
    ),
    (
        "Microsoft.Storage/storageAccounts/privateEndpointConnectionProxies",
        f"{ACCOUNT}/privateEndpointConnectionProxies/x",
    ),
    (
        "Microsoft.Storage/storageAccounts/privateEndpointConnections",
        f"{ACCOUNT}/privateEndpointConnections/x",
    ),
    (
        "Microsoft.Network/privateLinkServices/privateEndpointConnections",
        below("Microsoft.Network/privateLinkServices/l/privateEndpointConnections/x"),
    ),
    ("Microsoft.Resources/deployments", below("Microsoft.Resources/deployments/d")),
]


@pytest.mark.parametrize("verb", ["write", "delete"])
@pytest.mark.parametrize(("kind", "at"), ECHOES, ids=[kind for kind, _ in ECHOES])
def test_an_event_of_our_own_write_is_an_echo(kind: str, at: str, verb: str) -> None:
    event = an_event(f"{kind}/{verb}", at, f"Microsoft.Resources.Resource{verb.title()}Success")
    assert dropped(event).reason == "echo"
    assert dropped(a_resource_notification("Resources.CreatedOrUpdated", at)).reason == "echo"


@pytest.mark.parametrize("kind", ["privateLinkServices", "applicationGateways"])
def test_a_network_type_that_can_be_connected_is_not_an_echo(kind: str) -> None:
    at = below(f"Microsoft.Network/{kind}/x")
    assert noticed(an_event(f"Microsoft.Network/{kind}/write", at)).resource_id == at


ASSIGNMENT = "/providers/Microsoft.Authorization/roleAssignments/r"
NOISE = {
    "container": (
        "Microsoft.Storage/storageAccounts/blobServices/containers/write",
        f"{ACCOUNT}/blobServices/default/containers/c",
        "child",
    ),
    "database": (
        "Microsoft.Sql/servers/databases/delete",
        below("Microsoft.Sql/servers/s/databases/d"),
        "child",
    ),
    "role assignment": (
        "Microsoft.Authorization/roleAssignments/write",
        f"{ACCOUNT}{ASSIGNMENT}",
        "extension",
    ),
    "lock": (
        "Microsoft.Authorization/locks/write",
        f"{ACCOUNT}/providers/Microsoft.Authorization/locks/l",
        "extension",
    ),
    "diagnostics": (
        "microsoft.insights/diagnosticSettings/write",
        f"{ACCOUNT}/blobServices/default/providers/Microsoft.Insights/diagnosticSettings/d",
        "extension",
    ),
    "another type": (
        "Microsoft.Compute/virtualMachines/write",
        below("Microsoft.Compute/virtualMachines/vm"),
        "other_type",
    ),
    "a type whose name begins like a known one": (
        "Microsoft.Sql/serversX/write",
        below("Microsoft.Sql/serversX/s"),
        "other_type",
    ),
    "a known type as the end of another": (
        "Evil.Microsoft.Sql/servers/write",
        below("Evil.Microsoft.Sql/servers/s"),
        "other_type",
    ),
    "role assignment on a subscription": (
        "Microsoft.Authorization/roleAssignments/write",
        f"{SUB}{ASSIGNMENT}",
        "other_type",
    ),
    "role assignment on the tenant": (
        "Microsoft.Resources/tags/write",
        ASSIGNMENT,
        "other_type",
    ),
    "tags of another type": (
        "Microsoft.Resources/tags/write",
        below("Microsoft.Compute/virtualMachines/vm"),
        "other_type",
    ),
    "tags of a child": (
        "Microsoft.Resources/tags/write",
        below("Microsoft.Sql/servers/s/databases/d"),
        "child",
    ),
    "tags of a lock": ("Microsoft.Resources/tags/write", f"{ACCOUNT}/providers/A.B/c/d", "extension"),
    "tags of our endpoint": ("Microsoft.Resources/tags/write", ENDPOINT, "echo"),
}


@pytest.mark.parametrize(("operation", "at", "reason"), NOISE.values(), ids=NOISE.keys())
def test_an_event_that_needs_no_work_is_dropped_with_its_reason(operation: str, at: str, reason: str) -> None:
    verb = "Delete" if operation.endswith("delete") else "Write"
    assert dropped(an_event(operation, at, f"Microsoft.Resources.Resource{verb}Success")).reason == reason


@pytest.mark.parametrize("ending", ["Failure", "Cancel"])
@pytest.mark.parametrize("verb", ["Write", "Delete", "Action"])
def test_a_failed_or_cancelled_operation_is_dropped(verb: str, ending: str) -> None:
    event = an_event(kind=f"Microsoft.Resources.Resource{verb}{ending}")
    assert dropped(event) == Dropped("event-1", "failed", ACCOUNT_WRITE)
    without_data = {**event, "data": {}}
    assert dropped(without_data).detail == f"microsoft.resources.resource{verb}{ending}".lower()


def test_an_action_is_dropped() -> None:
    listing = an_event(
        "Microsoft.Storage/storageAccounts/listKeys/action", kind="Microsoft.Resources.ResourceActionSuccess"
    )
    assert dropped(listing) == Dropped(
        "event-1", "action", "Microsoft.Storage/storageAccounts/listKeys/action"
    )
    assert dropped({**listing, "data": {}}).reason == "action"


@pytest.mark.parametrize(
    "kind",
    [
        "Microsoft.EventGrid.SubscriptionValidationEvent",
        "Microsoft.Storage.BlobCreated",
        "Microsoft.ResourceNotifications.HealthResources.AvailabilityStatusChanged",
        "Microsoft.Resources.ResourceWriteSuccessX",
        "XMicrosoft.Resources.ResourceWriteSuccess",
    ],
)
def test_an_event_of_another_service_is_dropped(kind: str) -> None:
    assert dropped(an_event(kind=kind)) == Dropped("event-1", "other_event", kind.lower())


UNREADABLE = {
    "nothing": None,
    "a number": 7,
    "text": "hello",
    "bytes that are no text": b"\xff\xfe",
    "an empty object": {},
    "no type": {"id": "e", "subject": ACCOUNT},
    "type is no text": {"id": "e", "eventType": 5},
    "no subject at all": an_event(subject=""),
    "subject is no text": an_event(subject=5),  # type: ignore[arg-type]
    "subject is no id": an_event(subject="orders"),
    "subject climbs": an_event(subject=f"{GROUP}/providers/Microsoft.Storage/storageAccounts/.."),
    "subject of 10,000 characters": an_event(subject=ACCOUNT + "x" * 10_000),
    "operation of 48,000 characters": an_event("a/" * 24_000 + "write"),
    "subject with a newline": an_event(subject=f"{ACCOUNT}\nx"),
    "operation is no operation": an_event("write"),
    "operation of another kind": an_event("Microsoft.Storage/storageAccounts/read"),
    "an action as a write": an_event("Microsoft.Storage/storageAccounts/listKeys/action"),
    "operation and subject disagree": an_event("Microsoft.Sql/servers/write"),
    "a group's operation on an account": an_event("Microsoft.Resources/subscriptions/resourceGroups/delete"),
    "an account's operation on a group": an_event(subject=GROUP),
}


@pytest.mark.parametrize("event", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_an_unreadable_event_is_dropped_with_a_printable_detail(event: object) -> None:
    verdict = dropped(event)
    assert verdict.reason == "unreadable"
    assert verdict.detail
    assert len(verdict.detail) <= 120
    assert verdict.detail.isprintable()


@pytest.mark.parametrize("part", ["a/", "/providers/", "/privateendpointconnections/", "\n", "x"])
@pytest.mark.parametrize("size", [4_000, 48_000])
def test_an_event_of_any_length_is_judged_in_little_time(part: str, size: int) -> None:
    long = part * (size // len(part))
    began = time.process_time()
    for field in ("id", "subject", "eventType"):
        judged({**an_event(), field: long})
    judged(an_event(f"{long}write"))
    judged(an_event("Microsoft.Resources/tags/write", subject=long))
    judged({**an_event(subject=""), "data": {"resourceUri": long}})
    assert time.process_time() - began < 0.2


def test_a_malformed_event_does_not_affect_the_others() -> None:
    other = an_event(subject=ACCOUNT.replace("orders", "others"))
    verdicts = read([an_event(), "rubbish", None, other], TYPES)
    assert [type(verdict) for verdict in verdicts] == [Notification, Dropped, Dropped, Notification]
    assert verdicts[3] == noticed(other)


def test_a_list_inside_a_list_is_one_unreadable_event() -> None:
    assert [type(verdict) for verdict in read([[an_event()], an_event()], TYPES)] == [Dropped, Notification]


def test_a_result_is_a_value() -> None:
    for verdict, name in ((judged(an_event()), "change"), (judged({}), "reason")):
        with pytest.raises(FrozenInstanceError):
            setattr(verdict, name, "other")


def test_an_empty_batch_has_no_results() -> None:
    assert read([], TYPES) == []


@pytest.mark.parametrize("encode", [str, str.encode, lambda text: bytearray(text, "utf-8")])
def test_json_text_is_read_as_the_value_that_it_encodes(encode: Any) -> None:
    assert read(encode(json.dumps([an_event(), {}])), TYPES) == read([an_event(), {}], TYPES)


def test_text_that_nests_too_deep_is_one_unreadable_event() -> None:
    assert dropped("[" * 100_000) == dropped("hello")
    assert dropped("hello").detail == "an event is an object, this is a str"


def test_the_logged_part_of_an_event_is_cleaned() -> None:
    forged = an_event(kind="Other\nERROR forged", id="e\n2" + "x" * 500)
    verdict = dropped(forged)
    assert verdict.detail == "other error forged"
    assert verdict.event_id.startswith("e 2xxx")
    assert len(verdict.event_id) == 120
    found = noticed(an_event(id="e\n2", eventTime="2026\n"))
    assert (found.event_id, found.time) == ("e 2", "2026")


WRITE, RESOURCE_DELETED = an_event()["eventType"], "Microsoft.ResourceNotifications.Resources.Deleted"
ACCOUNT_WRITE = an_event()["data"]["operationName"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=20,
)
EVENTS = st.fixed_dictionaries(
    {},
    optional={
        "id": JSON,
        "subject": st.sampled_from([ACCOUNT, GROUP, ENDPOINT, SUB, "", "/providers/"]) | JSON,
        "eventType": st.sampled_from([WRITE, RESOURCE_DELETED]) | JSON,
        "type": JSON,
        "data": st.fixed_dictionaries(
            {},
            optional={
                "operationName": st.sampled_from([ACCOUNT_WRITE, "Microsoft.Resources/tags/delete"]) | JSON,
                "resourceInfo": st.fixed_dictionaries({}, optional={"id": st.just(ACCOUNT) | JSON}) | JSON,
            },
        )
        | JSON,
    },
)


@given(st.lists(EVENTS | JSON, max_size=8))
def test_n_elements_give_n_results_whatever_they_are(payload: list[Any]) -> None:
    assert len(read(payload, TYPES)) == len(payload)


@given(st.lists(EVENTS, max_size=8))
def test_the_result_of_an_event_does_not_depend_on_the_others(payload: list[Any]) -> None:
    assert read(payload, TYPES) == [judged(event) for event in payload]


@given(JSON | st.binary(max_size=50) | st.dictionaries(st.integers() | st.none(), st.text(), max_size=3))
def test_reading_never_raises(payload: object) -> None:
    assert all(isinstance(verdict, Notification | Dropped) for verdict in read(payload, TYPES))
