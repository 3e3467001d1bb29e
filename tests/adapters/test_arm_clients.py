"""The token goes to no other host, and the SDK sends nothing by itself."""

import logging

import pytest

from shared.adapters.arm_clients import ENDPOINTS
from shared.core.base.errors import BlockedError, PermanentError, TransientError
from tests.adapters.azure import (
    ACCOUNT,
    ENDPOINT,
    GROUP,
    HOST,
    LATE,
    NETWORK,
    OPERATION,
    STORAGE_API,
    ZONE,
    Said,
    Token,
    arm_over,
    body_of,
    refused,
    said,
)

HOSTILE = [
    "https://evil.test/collect",
    "http://arm.test/plain",
    "https://arm.test.evil.test/x",
    "https://arm.test@evil.test/x",
    "https://arm.test:8443/x",
    "https://arm.test\\@evil.test/x",
    "https://arm.te\tst/x",
    "https://[::1]/x",
    "ftp://arm.test/x",
]


@pytest.mark.parametrize("url", HOSTILE)
async def test_a_next_link_to_another_host_is_never_followed(url):
    azure = Said(said(200, {"value": [{"id": "a"}], "nextLink": url}), said(200, {"value": []}))
    with pytest.raises(PermanentError) as caught:
        _ = [page async for page in arm_over(azure).resources(GROUP.subscription)]
    assert caught.value.code == "ForeignHost"
    assert len(azure.asked) == 1


@pytest.mark.parametrize("url", HOSTILE)
async def test_the_sdks_own_pager_does_not_follow_another_host_either(url):
    azure = Said(said(200, {"value": [], "nextLink": url}), said(200, {"value": []}))
    with pytest.raises(PermanentError):
        await arm_over(azure).list(NETWORK, "subnets")
    assert len(azure.asked) == 1


@pytest.mark.parametrize("url", HOSTILE)
async def test_an_operation_on_another_host_is_never_polled(url):
    azure = Said(said(202, {}, Azure_AsyncOperation=url, Retry_After="1"), said(200, {"status": "Succeeded"}))
    with pytest.raises(PermanentError):
        await arm_over(azure).put(ZONE, {"location": "global"}, deadline=LATE)
    assert azure.methods == ["PUT"]


@pytest.mark.parametrize("url", HOSTILE)
async def test_the_operation_of_a_failed_resource_on_another_host_is_never_read(url):
    azure = Said(
        said(201, body_of(ENDPOINT, "Updating"), Azure_AsyncOperation=url, Retry_After="1"),
        said(200, body_of(ENDPOINT, "Failed")),
    )
    with pytest.raises(PermanentError):
        await arm_over(azure).put(ENDPOINT, {}, deadline=LATE)
    assert {request.origin for request in azure.asked} == {HOST}


@pytest.mark.parametrize("url", ["//evil.test/x", "https://arm.test:443/x", "https://ARM.test/x"])
async def test_a_next_link_to_the_configured_host_is_followed_in_any_spelling(url):
    azure = Said(said(200, {"value": [], "nextLink": url}), said(200, {"value": []}))
    _ = [page async for page in arm_over(azure).resources(GROUP.subscription)]
    assert len(azure.asked) == 2
    assert {request.origin.lower().removesuffix(":443") for request in azure.asked} == {HOST}


@pytest.mark.parametrize("at", [NETWORK, ACCOUNT], ids=["by the SDK's client", "by the generic client"])
async def test_a_redirect_is_not_followed(at):
    azure = Said(said(307, None, Location="https://evil.test/x"))
    with pytest.raises(PermanentError):
        await arm_over(azure).get(at, api_version=STORAGE_API)
    assert len(azure.asked) == 1


@pytest.mark.parametrize(
    ("endpoint", "scope"),
    [
        (ENDPOINTS["AzureCloud"], "https://management.azure.com/.default"),
        (ENDPOINTS["AzureUSGovernment"], "https://management.core.usgovcloudapi.net/.default"),
        (ENDPOINTS["AzureChinaCloud"], "https://management.chinacloudapi.cn/.default"),
        ("https://localhost:8443/", "https://localhost:8443/.default"),
    ],
)
async def test_each_cloud_has_its_own_host_and_token_audience(endpoint, scope):
    token, azure = Token(), Said(said(200, body_of(NETWORK, "Succeeded")))
    await arm_over(azure, endpoint, token).get(NETWORK)
    assert azure.asked[0].origin == endpoint.rstrip("/")
    assert token.asked == [scope]


async def test_the_token_is_never_sent_without_tls():
    azure = Said(said(200, body_of(NETWORK, "Succeeded")))
    with pytest.raises(TransientError, match="non-TLS"):
        await arm_over(azure, "http://arm.test").get(NETWORK)
    assert azure.asked == []


async def test_one_token_serves_all_clients():
    token, azure = Token(), Said(said(200, {"value": []}))
    arm = arm_over(azure, token=token)
    await arm.list(NETWORK, "subnets")
    await arm.list(ZONE, "virtualNetworkLinks")
    await anext(arm.resources(GROUP.subscription))
    assert len(token.asked) == 1


async def test_an_unregistered_provider_is_reported_and_not_registered():
    azure = Said(
        refused(409, "MissingSubscriptionRegistration", "not registered to use namespace 'Microsoft.Network'")
    )
    with pytest.raises(BlockedError):
        await arm_over(azure).get(NETWORK)
    assert azure.methods == ["GET"]


@pytest.mark.parametrize("status", [409, 429])
async def test_the_sdk_retries_nothing_by_itself(status):
    azure = Said(refused(status, "AnotherOperationInProgress", "busy", Retry_After="1"))
    with pytest.raises(TransientError):
        await arm_over(azure).put(ENDPOINT, {}, deadline=LATE)
    assert azure.methods == ["PUT"]


async def test_a_missing_identity_blocks_with_a_remedy():
    from azure.identity import CredentialUnavailableError

    class NoToken(Token):
        async def get_token(self, *scopes, **_):
            raise CredentialUnavailableError(message="no managed identity endpoint found")

    azure = Said(said(200, {}))
    with pytest.raises(BlockedError, match="no token") as caught:
        await arm_over(azure, token=NoToken()).get(NETWORK)
    assert "managed identity" in caught.value.remedy
    assert azure.asked == []


async def test_the_log_holds_neither_a_signature_nor_the_token(caplog):
    caplog.set_level(logging.DEBUG)
    running = said(201, body_of(ENDPOINT, "Updating"), Azure_AsyncOperation=OPERATION, Retry_After="1")
    azure = Said(running, said(200, body_of(ENDPOINT, "Failed")), refused(404, "OperationNotFound"))
    with pytest.raises(TransientError):
        await arm_over(azure).put(ENDPOINT, {}, deadline=LATE)
    assert "s=sig" not in caplog.text
    assert "Bearer" not in caplog.text
