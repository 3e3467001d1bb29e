"""Waiting, against an Azure that returns exactly what the test is about."""

import asyncio

import pytest

from shared.core.base.errors import BlockedError, PermanentError, StillRunning, TransientError
from tests.adapters.azure import (
    ACCOUNT,
    ENDPOINT,
    LATE,
    LINK,
    OPERATION,
    STORAGE_API,
    ZONE,
    Said,
    arm_over,
    body_of,
    refused,
    said,
)

STARTED = said(201, body_of(ENDPOINT, "Updating"), Azure_AsyncOperation=OPERATION, Retry_After="10")
BUSY = said(200, body_of(ENDPOINT, "Updating"))
READY = said(200, body_of(ENDPOINT, "Succeeded"))
FAILED = said(200, body_of(ENDPOINT, "Failed"))
DELETING = said(202, None, Azure_AsyncOperation=OPERATION, Location=OPERATION, Retry_After="10")
GONE = refused(404, "ResourceNotFound")


def operation(status: str, **more):
    return said(200, {"status": status, **more})


def now() -> float:
    return asyncio.get_running_loop().time()


async def test_polls_are_counted_from_the_request_and_not_from_its_response():
    held = said(201, body_of(ENDPOINT, "Updating"), Retry_After="10")
    held.delay = 15.0
    azure = Said(held, READY)
    began = now()
    await arm_over(azure).put(ENDPOINT, {}, deadline=LATE)
    assert azure.times[1] - began == 20.0  # the mark at 14 s was over when the answer came


async def test_an_update_has_its_own_pace():
    changed = said(200, body_of(ENDPOINT, "Updating"), Azure_AsyncOperation=OPERATION, Retry_After="10")
    azure = Said(changed, READY)
    began = now()
    await arm_over(azure).put(ENDPOINT, {}, deadline=LATE)
    assert azure.times[1] - began == 21.0


async def test_a_server_that_sends_milliseconds_is_polled_in_its_own_unit():
    fast = said(201, body_of(ENDPOINT, "Updating"), x_ms_retry_after_ms="100")
    azure = Said(fast, READY)
    began = now()
    await arm_over(azure).put(ENDPOINT, {}, deadline=LATE)
    assert azure.times[1] - began == pytest.approx(0.14)


async def test_a_failed_write_raises_the_error_of_its_operation():
    error = {"code": "SubnetIsFull", "message": "no capacity"}
    azure = Said(STARTED, BUSY, FAILED, operation("Failed", error=error))
    with pytest.raises(BlockedError, match="no capacity"):
        await arm_over(azure).put(ENDPOINT, {}, deadline=LATE)


@pytest.mark.parametrize(
    "end", [refused(404, "OperationNotFound"), refused(503, "ServiceUnavailable"), operation("Succeeded")]
)
async def test_a_failed_write_whose_operation_names_no_error_is_transient(end):
    with pytest.raises(TransientError) as caught:
        await arm_over(Said(STARTED, FAILED, end)).put(ENDPOINT, {}, deadline=LATE)
    assert caught.value.code == "FailedSilently"


async def test_a_write_that_fails_in_its_first_response_raises_the_same_error():
    error = {"code": "RetryableError", "message": "busy"}
    at_once = said(200, body_of(ENDPOINT, "Failed"), Azure_AsyncOperation=OPERATION)
    with pytest.raises(TransientError, match="busy"):
        await arm_over(Said(at_once, operation("Failed", error=error))).put(ENDPOINT, {}, deadline=LATE)


async def test_one_404_right_after_the_201_does_not_end_the_wait():
    azure = Said(STARTED, GONE, BUSY, GONE, BUSY, GONE, READY)
    assert await arm_over(azure).put(ENDPOINT, {}, deadline=LATE)


async def test_a_resource_that_stays_missing_was_deleted():
    with pytest.raises(TransientError) as caught:
        await arm_over(Said(STARTED, GONE)).put(ENDPOINT, {}, deadline=LATE)
    assert caught.value.code == "Vanished"


async def test_a_throttled_poll_waits_as_long_as_azure_asks():
    azure = Said(STARTED, refused(429, "SubscriptionRequestsThrottled", Retry_After="100"), READY)
    await arm_over(azure).put(ENDPOINT, {}, deadline=LATE)
    assert azure.times[2] - azure.times[1] >= 100


async def test_a_right_that_is_lost_while_waiting_ends_the_wait():
    with pytest.raises(BlockedError):
        await arm_over(Said(STARTED, refused(403, "AuthorizationFailed"))).put(ENDPOINT, {}, deadline=LATE)


async def test_the_deadline_ends_the_wait_before_the_next_poll():
    azure = Said(STARTED, BUSY)
    with pytest.raises(StillRunning):
        await arm_over(azure).put(ENDPOINT, {}, deadline=now() + 30)
    assert azure.times[-1] < 30


async def test_the_deadline_keeps_the_error_of_the_last_poll():
    azure = Said(STARTED, refused(503, "ServiceUnavailable"))
    with pytest.raises(StillRunning) as caught:
        await arm_over(azure).put(ENDPOINT, {}, deadline=now() + 60)
    assert isinstance(caught.value.__cause__, TransientError)


async def test_the_deadline_keeps_the_wait_that_azure_asked_for():
    azure = Said(STARTED, refused(429, "TooManyRequests", Retry_After="86400"))
    began = now()
    with pytest.raises(StillRunning) as caught:
        await arm_over(azure).put(ENDPOINT, {}, deadline=now() + 480)
    assert caught.value.retry_after == 86_400.0
    assert now() - began < 30
    assert azure.methods == ["PUT", "GET"]


async def test_a_failed_private_dns_operation_raises_its_error():
    started = said(202, {}, Azure_AsyncOperation=OPERATION, Retry_After="30")
    error = {"code": "PreconditionFailed", "message": "exists already"}
    azure = Said(started, said(202, {"status": "InProgress"}), operation("Failed", error=error))
    with pytest.raises(TransientError, match="exists already"):
        await arm_over(azure).put(LINK, {}, deadline=LATE)


@pytest.mark.parametrize("status", [200, 201])
async def test_a_private_dns_write_without_an_operation_returns_its_response(status):
    done = said(status, body_of(LINK, "Succeeded", virtualNetworkLinkState="Completed"))
    azure = Said(done)
    assert await arm_over(azure).put(LINK, {}, deadline=LATE)
    assert azure.methods == ["PUT"]


async def test_an_operation_that_is_not_found_yet_is_polled_again():
    started = said(202, {}, Azure_AsyncOperation=OPERATION, Retry_After="30")
    linked = said(200, body_of(LINK, "Succeeded", virtualNetworkLinkState="Completed"))
    azure = Said(started, refused(404, "NotFound"), operation("Succeeded"), linked)
    assert await arm_over(azure).put(LINK, {}, deadline=LATE)


async def test_a_failed_delete_raises_the_error_of_its_operation():
    error = {"code": "ScopeLocked", "message": "locked"}
    azure = Said(DELETING, READY, operation("Failed", error=error))
    with pytest.raises(BlockedError, match="locked"):
        await arm_over(azure).delete(ENDPOINT, deadline=LATE)


async def test_a_deleted_resource_that_is_still_shown_is_awaited():
    azure = Said(DELETING, READY, operation("Succeeded"), READY, operation("Succeeded"), GONE)
    await arm_over(azure).delete(ENDPOINT, deadline=LATE)
    assert len(azure.asked) == 6


async def test_settling_returns_a_failed_resource_and_does_not_raise():
    body = await arm_over(Said(BUSY, BUSY, FAILED)).settle(ENDPOINT, deadline=LATE)
    assert body["properties"]["provisioningState"] == "Failed"


async def test_settling_a_link_waits_for_its_own_state_too():
    lagging = said(200, body_of(LINK, "Succeeded", virtualNetworkLinkState="InProgress"))
    done = said(200, body_of(LINK, "Succeeded", virtualNetworkLinkState="Completed"))
    azure = Said(lagging, done)
    await arm_over(azure).settle(LINK, deadline=LATE)
    assert len(azure.asked) == 2


async def test_a_patch_with_a_location_is_awaited_until_it_no_longer_returns_202():
    accepted = said(202, None, Location=OPERATION, Retry_After="1")
    azure = Said(accepted, said(202, None), said(200, {}), said(200, body_of(ACCOUNT, "Succeeded")))
    body = await arm_over(azure).patch(ACCOUNT, {}, api_version=STORAGE_API, deadline=LATE)
    assert body["name"] == ACCOUNT.name


async def test_a_patch_whose_operation_fails_raises_its_error():
    accepted = said(202, {}, Azure_AsyncOperation=OPERATION, Retry_After="1")
    error = {"code": "ConflictingServerOperation", "message": "Server is busy"}
    azure = Said(accepted, operation("Failed", error=error))
    with pytest.raises(TransientError, match="busy"):
        await arm_over(azure).patch(ACCOUNT, {}, api_version=STORAGE_API, deadline=LATE)


async def test_json_that_is_not_an_object_is_transient():
    azure = Said(said(200, [1, 2]))
    with pytest.raises(TransientError) as caught:
        await arm_over(azure).get(ACCOUNT, api_version=STORAGE_API)
    assert caught.value.code == "Unreadable"


async def test_a_page_of_html_with_status_200_is_transient():
    azure = Said(said(200, "<html>sign in</html>"))
    with pytest.raises(TransientError) as caught:
        await arm_over(azure).get(ENDPOINT)
    assert caught.value.code == "Unreadable"


@pytest.mark.parametrize("value", [[None], [{"name": "a"}, None], ["a"], [[]], {"a": 1}, "text", 7])
async def test_a_list_of_something_else_than_objects_is_transient(value):
    arm = arm_over(Said(said(200, {"value": value})))
    for read in (lambda: arm.list(ZONE, "virtualNetworkLinks"), lambda: anext(arm.resources("s"))):
        with pytest.raises(TransientError) as caught:
            await read()
        assert caught.value.code == "Unreadable"


@pytest.mark.parametrize("body", [{}, {"error": "none"}])
async def test_a_list_without_members_is_transient(body):
    arm = arm_over(Said(said(200, body)))
    for read in (lambda: arm.list(ZONE, "virtualNetworkLinks"), lambda: anext(arm.resources("s"))):
        with pytest.raises(TransientError) as caught:
            await read()
        assert caught.value.code == "Unreadable"


@pytest.mark.parametrize("body", [{}, {"value": []}, {"id": None, "properties": None}])
async def test_a_resource_without_an_id_is_transient(body):
    arm = arm_over(Said(said(200, body)))
    reads = (lambda: arm.get(ENDPOINT), lambda: arm.get(ACCOUNT, api_version=STORAGE_API))
    for read in (*reads, lambda: arm.group(ACCOUNT.group)):
        with pytest.raises(TransientError) as caught:
            await read()
        assert caught.value.code == "Unreadable"


async def test_a_write_refused_for_good_is_permanent():
    with pytest.raises(PermanentError, match="InvalidRequestFormat"):
        await arm_over(Said(refused(400, "InvalidRequestFormat"))).put(ENDPOINT, {}, deadline=LATE)


async def test_a_query_goes_out_beside_the_api_version():
    azure = Said(said(200, body_of(ENDPOINT, "Succeeded")))
    await arm_over(azure).put(ENDPOINT, {}, deadline=LATE, query={"syncRemoteAddressSpace": "true"})
    assert azure.asked[0].query["syncremoteaddressspace"] == "true"
    assert azure.asked[0].query["api-version"]


async def test_a_body_goes_out_exactly_as_it_is():
    azure = Said(said(200, body_of(ENDPOINT, "Succeeded")))
    body = {
        "location": "x",
        "properties": {"of_the_future": None, "provisioningState": "Succeeded"},
        "etag": "e",
    }
    await arm_over(azure).put(ENDPOINT, body, deadline=LATE)
    assert azure.asked[0].body == body
