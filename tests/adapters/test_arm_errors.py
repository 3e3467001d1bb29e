"""Error responses in every recorded envelope, and what each of them means."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from shared.adapters.arm_errors import Missing, failure, refusal, wait_hint
from shared.core.base.errors import (
    BlockedError,
    CausewayError,
    PermanentError,
    RefusedError,
    Throttled,
    TransientError,
)

SUBNET = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/hub/subnets/one"


def error(status: int, body: Any, **headers: str) -> CausewayError:
    """What an answer with this body means; header names are written with underscores."""
    text = body if isinstance(body, str) else json.dumps(body)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return refusal(status, named, text).error()


def enveloped(code: str, message: str = "no", **more: Any) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, **more}}


@pytest.mark.parametrize(
    "body",
    [
        enveloped("ScopeLocked", "locked"),
        {"code": "ScopeLocked", "message": "locked"},
        {"Code": "ScopeLocked", "Message": "locked", "Target": None, "Details": [{"Message": "x"}]},
        {"error": {"Code": "ScopeLocked", "message": "locked", "details": None}},
        {"error": {"code": "ScopeLocked", "message": "locked", "innerError": {"stack": "at NRP.Do()"}}},
    ],
)
def test_an_error_means_the_same_in_every_envelope(body):
    found = error(409, body)
    assert isinstance(found, BlockedError)
    assert (found.code, str(found)) == ("ScopeLocked", "ScopeLocked: locked")


@pytest.mark.parametrize(
    "body", ["", "<html><body>Service Unavailable</body></html>", "[]", "null", '"text"']
)
@pytest.mark.parametrize(
    ("status", "kind"),
    [(503, TransientError), (502, TransientError), (429, Throttled), (400, RefusedError)],
)
def test_without_a_code_the_status_decides(body, status, kind):
    found = error(status, body)
    assert type(found) is kind
    assert found.code == f"Http{status}"


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (409, "AnotherOperationInProgress"),
        (400, "ReferencedResourceNotProvisioned"),
        (409, "StorageAccountOperationInProgress"),
        (409, "CannotDeleteResource"),
        (412, "PreconditionFailed"),
        (500, "InternalServerError"),
        (504, "GatewayTimeout"),
        (401, "ExpiredAuthenticationToken"),
        (429, "SomethingNew"),
        (500, "SomethingNew"),
    ],
)
def test_an_error_that_passes_by_itself_is_transient_with_any_status(status, code):
    found = error(status, enveloped(code))
    assert isinstance(found, TransientError)
    assert found.code == code


@pytest.mark.parametrize(
    ("status", "code", "hint"),
    [
        (409, "ScopeLocked", "lock"),
        (403, "RequestDisallowedByPolicy", "Policy assignment"),
        (400, "SubnetIsFull", "free"),
        (400, "InvalidResourceReference", "must exist"),
        (400, "VnetAddressSpacesOverlap", "address space"),
        (400, "RemotePeeringIsDisconnected", "delete the other"),
        (400, "PrivateEndpointCreationNotAllowedAsSubnetIsDelegated", "delegation"),
        (409, "MissingSubscriptionRegistration", "az provider register"),
        (400, "PrivateEndpointLimitReached", "raise the limit"),
        (404, "SubscriptionNotFound", "access"),
    ],
)
def test_a_blocking_error_has_a_remedy(status, code, hint):
    found = error(status, enveloped(code))
    assert isinstance(found, BlockedError)
    assert hint in found.remedy


def test_an_unknown_code_is_permanent_and_keeps_azures_message():
    found = error(400, enveloped("SomethingNew", "it broke"))
    assert type(found) is RefusedError
    assert str(found) == "SomethingNew: it broke"


@pytest.mark.parametrize("code", ["ResourceNotFound", "ResourceGroupNotFound", "NotFound", "VaultNotFound"])
def test_a_404_that_names_what_is_missing_means_that_it_does_not_exist(code):
    assert isinstance(error(404, enveloped(code)), Missing)


@pytest.mark.parametrize("code", ["InvalidResourceType", "NoRegisteredProviderFound", "SubscriptionNotFound"])
def test_a_404_about_the_request_never_means_that_the_resource_is_deleted(code):
    assert not isinstance(error(404, enveloped(code)), Missing)


def test_a_404_page_of_a_gateway_never_means_that_the_resource_is_deleted():
    assert not isinstance(error(404, "<html>not found</html>"), Missing)


def test_a_network_lock_is_distinguished_from_throttling_by_the_detail():
    detail = {"code": "RetryableErrorDueToAnotherOperation", "message": "PutSubnetOperation is updating it"}
    lock = error(429, enveloped("RetryableError", "retry", details=[detail]), Retry_After="12")
    load = error(429, enveloped("SubscriptionRequestsThrottled"), Retry_After="6")
    assert isinstance(lock, TransientError)
    assert isinstance(load, TransientError)
    assert (lock.code, lock.retry_after) == ("RetryableErrorDueToAnotherOperation", 12.0)
    assert (load.code, load.retry_after) == ("SubscriptionRequestsThrottled", 6.0)


def test_a_blocking_detail_inside_a_wrapper_blocks():
    found = error(
        400, enveloped("InvalidRequestFormat", "bad", details=[{"code": "SubnetIsFull", "message": "f"}])
    )
    assert isinstance(found, BlockedError)
    assert found.code == "SubnetIsFull"


def test_a_missing_right_names_action_and_scope():
    message = (
        "The client 'c' with object id 'o' does not have authorization to perform action "
        f"'Microsoft.Network/virtualNetworks/subnets/read' over scope '{SUBNET}' or the scope is invalid."
    )
    found = error(403, enveloped("AuthorizationFailed", message))
    assert isinstance(found, BlockedError)
    assert (
        found.remedy
        == f"grant the app's identity the action Microsoft.Network/virtualNetworks/subnets/read on {SUBNET}"
    )


@pytest.mark.parametrize("plural", ["", "(s)"])
def test_a_missing_right_on_a_linked_resource_names_that_resource(plural):
    own = f"{SUBNET}/{'x' * 700}"
    message = (
        "The client 'c' with object id 'o' has permission to perform action "
        f"'Microsoft.Network/privateEndpoints/write' on scope '{own}'; however, it does not have permission "
        f"to perform action{plural} 'Microsoft.Network/virtualNetworks/subnets/join/action' on the linked "
        f"scope(s) '{SUBNET}' or the linked scope(s) are invalid."
    )
    found = error(403, enveloped("LinkedAuthorizationFailed", message))
    assert isinstance(found, BlockedError)
    assert found.remedy.endswith(f"subnets/join/action on {SUBNET}")
    assert len(str(found)) <= 500


def test_a_subscription_of_another_tenant_is_not_a_missing_right():
    message = (
        "The client 'c' has permission to perform action 'Microsoft.Network/virtualNetworks/join/action' on "
        "scope '/subscriptions/s/resourceGroups/rg', however the current tenant '1111' is not authorized to "
        "access linked subscription '2222'."
    )
    found = error(403, enveloped("LinkedAuthorizationFailed", message))
    assert isinstance(found, BlockedError)
    assert (found.code, found.commands) == ("ForeignTenant", "")
    assert "2222" in found.remedy
    assert "grant" not in found.remedy


def test_a_token_of_another_tenant_has_the_same_remedy():
    message = "The access token is from the wrong issuer 'https://sts.windows.net/1111/'."
    found = error(401, enveloped("InvalidAuthenticationTokenTenant", message))
    assert isinstance(found, BlockedError)
    assert "other tenant" in found.remedy


@pytest.mark.parametrize("code", ["DenyAssignmentAuthorizationFailed", "AuthorizationFailed"])
def test_a_deny_assignment_is_named_with_its_scope_and_no_right_is_asked_for(code):
    message = (
        "The client 'c' has permission to perform action 'Microsoft.Network/privateEndpoints/write' on scope "
        "'/subscriptions/s/resourceGroups/rg'; however, the access is denied because of the deny assignment "
        "with name 'System deny assignment' and Id 'abc' at scope '/subscriptions/s/resourceGroups/rg'."
    )
    found = error(403, enveloped(code, message))
    assert isinstance(found, BlockedError)
    assert found.code == "DenyAssignmentAuthorizationFailed"
    assert "System deny assignment at scope /subscriptions/s/resourceGroups/rg" in found.remedy
    assert "grant" not in f"{found.remedy} {found.commands}"


def test_a_missing_right_comes_with_the_command_that_grants_it():
    zone = "/subscriptions/s/resourceGroups/dns/providers/Microsoft.Network/privateDnsZones/z"
    message = (
        "The client 'c' with object id '12345678-1234-1234-1234-123456789012' does not have authorization to "
        f"perform action 'Microsoft.Network/privateDnsZones/write' over scope '{zone}' or the scope is "
        "invalid."
    )
    found = error(403, enveloped("AuthorizationFailed", message))
    assert isinstance(found, BlockedError)
    assert found.commands == (
        "az role assignment create --assignee-object-id 12345678-1234-1234-1234-123456789012 "
        f"--assignee-principal-type ServicePrincipal --role 'Private DNS Zone Contributor' --scope '{zone}'"
    )


def test_a_403_without_a_message_blocks_with_a_remedy():
    found = error(403, "")
    assert isinstance(found, BlockedError)
    assert "grant" in found.remedy


def test_a_resource_lock_is_named_in_the_remedy():
    message = (
        f"The scope 'x' cannot perform write operation because following scope(s) are locked: '{SUBNET}'."
    )
    found = error(409, enveloped("ScopeLocked", message))
    assert isinstance(found, BlockedError)
    assert found.remedy.endswith(SUBNET)


def test_a_policy_denial_names_the_assignment():
    identifiers = '[{"policyAssignment":{"name":"deny-pe"}}]'
    message = f"Resource 'pe' was disallowed by policy. Policy identifiers: '{identifiers}'."
    found = error(403, enveloped("RequestDisallowedByPolicy", message))
    assert isinstance(found, BlockedError)
    assert "deny-pe" in found.remedy


def test_a_policy_denial_without_identifiers_names_the_assignment_of_its_additional_information():
    assignment = "/subscriptions/1/providers/Microsoft.Authorization/policyAssignments/deny-pe"
    violation = {"type": "PolicyViolation", "info": {"policyAssignmentId": assignment}}
    body = {"code": "RequestDisallowedByPolicy", "message": "Ask us.", "additionalInfo": [violation]}
    found = error(403, json.dumps({"error": body}))
    assert isinstance(found, BlockedError)
    assert assignment in found.remedy


@pytest.mark.parametrize("odd", [None, "x", [None], [{"info": "x"}], [{"info": {"policyAssignmentId": []}}]])
def test_odd_additional_information_of_a_denial_is_passed_over(odd: object):
    body = {"code": "RequestDisallowedByPolicy", "message": "Ask us.", "additionalInfo": odd}
    assert isinstance(error(403, json.dumps({"error": body})), BlockedError)


def test_a_deny_assignment_is_named_and_no_role_is_asked_for():
    message = (
        "The client 'x' with object id 'y' has permission to perform action 'a/write' on scope '/z'; "
        "however, the access is denied because of the deny assignment with name 'managed by app' and Id '1' "
        "at scope '/z'."
    )
    found = error(403, enveloped("DenyAssignmentAuthorizationFailed", message))
    assert isinstance(found, BlockedError)
    assert "managed by app" in found.remedy
    assert "grant" not in found.remedy


def test_an_overlapping_link_is_recognised_by_its_message():
    found = failure(
        {"code": "BadRequest", "message": "... multiple zones with overlapping namespaces ..."}, "failed"
    )
    assert found.code == "VirtualNetworkLinkedElsewhere"
    assert isinstance(found.error(), BlockedError)


def test_a_superseded_operation_is_transient():
    details = [{"code": "CanceledAndSupersededDueToAnotherOperation", "message": "another one came"}]
    found = failure(
        {"code": "Canceled", "message": "Operation was canceled.", "details": details}, "canceled"
    )
    assert isinstance(found.error(), TransientError)


@pytest.mark.parametrize("state", ["failed", "canceled"])
@pytest.mark.parametrize("said", [None, {}, "broken", []])
def test_a_failure_without_a_reason_is_transient(said, state):
    assert isinstance(failure(said, state).error(), TransientError)


def test_signatures_and_control_characters_do_not_get_into_messages():
    message = "see https://management.azure.com/operations/1?api-version=1&s=SECRET\x1b[31m\nnow"
    text = str(error(409, enveloped("AnotherOperationInProgress", message)))
    assert "SECRET" not in text
    assert text.isprintable()


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "17"}, 17.0),
        ({"x-ms-retry-after-ms": "150"}, 0.15),
        ({"Retry-After": "17", "x-ms-retry-after-ms": "150"}, 0.15),
        ({"Retry-After": "86400"}, 86_400.0),
        ({"Retry-After": "-5"}, None),
        ({"Retry-After": "NaN"}, None),
        ({"Retry-After": "999999999"}, 604_800.0),
        ({"Retry-After": "9" * 4000}, 604_800.0),
        ({"Retry-After": "1.123456789"}, 1.123456789),
        ({"Retry-After": "Wed, 21 Oct 2026 07:28:99 GMT"}, None),
        ({"Retry-After": "Wed, 21 Oct 99999999999 07:28:00 GMT"}, None),
        ({}, None),
    ],
)
def test_the_wait_is_read_in_seconds_and_cut_to_a_week(headers, seconds):
    assert wait_hint(headers) == seconds


@pytest.mark.parametrize(
    ("until", "seconds"),
    [
        ("Wed, 21 Oct 2026 07:28:17 GMT", 17.0),
        ("Thu, 22 Oct 2026 07:28:00 GMT", 86_400.0),
        ("Wed, 21 Oct 2026 07:27:00 GMT", 0.0),
        ("Wed, 21 Oct 2099 07:28:00 GMT", 604_800.0),
    ],
)
def test_a_date_to_wait_for_counts_from_the_date_of_the_response(until, seconds):
    assert wait_hint({"Retry-After": until, "Date": "Wed, 21 Oct 2026 07:28:00 GMT"}) == seconds


def test_a_date_to_wait_for_counts_from_now_where_the_response_has_no_date():
    until = format_datetime(datetime.now(UTC) + timedelta(seconds=600), usegmt=True)
    assert 590 < wait_hint({"Retry-After": until}) <= 600


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("ResourceGroupNotFound", BlockedError),
        ("ParentResourceNotFound", TransientError),
        ("ResourceNotFound", PermanentError),
    ],
)
def test_a_404_has_its_own_meaning_for_a_write(code, kind):
    found = error(404, enveloped(code))
    assert isinstance(found, Missing)
    assert type(found.on_write) is kind
