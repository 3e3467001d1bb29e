"""Real SDK clients inside the test process."""

import time

import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError, ServiceRequestError
from azure.mgmt.network.aio import NetworkManagementClient
from azure.mgmt.privatedns.aio import PrivateDnsManagementClient

from sandbox.azure.transports.in_process import InProcessTransport
from tests.sandbox.cloud import SUB, network_body, subnet_body

SUBSCRIPTION = SUB.rsplit("/", 1)[1]


class UserToken:
    """A credential of a user."""

    async def get_token(self, *scopes, **more):
        return AccessToken("a-user", int(time.time()) + 10**7)

    async def close(self):
        """Nothing to close."""


@pytest.fixture
async def network(cloud):
    transport = InProcessTransport(cloud.simulator)
    async with NetworkManagementClient(
        UserToken(), SUBSCRIPTION, transport=transport, polling_interval=1
    ) as client:
        yield client


async def test_the_network_sdk_creates_lists_and_deletes(cloud, network):
    poller = await network.virtual_networks.begin_create_or_update("rg", "hub", network_body())
    assert (await poller.result()).provisioning_state == "Succeeded"
    poller = await network.subnets.begin_create_or_update("rg", "hub", "one", subnet_body())
    assert (await poller.result()).address_prefix == "10.0.1.0/24"
    assert [one.name async for one in network.subnets.list("rg", "hub")] == ["one"]
    await (await network.virtual_networks.begin_delete("rg", "hub")).result()
    with pytest.raises(ResourceNotFoundError) as caught:
        await network.virtual_networks.get("rg", "hub")
    assert caught.value.error.code == "ResourceNotFound"


async def test_the_sdk_waits_as_the_answers_ask(cloud, network):
    poller = await network.virtual_networks.begin_create_or_update("rg", "hub", network_body())
    await poller.result()
    polls = [one for one in cloud.simulator.requests.entries if one.kind == "poll"]
    assert [one.time for one in polls] == [0, 10]


async def test_the_sdk_retries_what_carries_retry_after(cloud, network):
    answer = {"status": 429, "code": "RetryableError", "headers": {"Retry-After": "12"}}
    cloud.simulator.faults.add({"match": {"method": "PUT"}, "times": 1, "answer": answer})
    await network.virtual_networks.begin_create_or_update("rg", "hub", network_body())
    writes = [one for one in cloud.simulator.requests.entries if one.kind == "write"]
    assert [(one.status, one.time) for one in writes] == [(429, 0), (201, 12)]


async def test_a_failed_operation_is_raised_with_its_code(cloud, network):
    cloud.simulator.faults.add({"match": {"method": "PUT"}, "lro_failure": {"code": "RetryableError"}})
    poller = await network.virtual_networks.begin_create_or_update("rg", "hub", network_body())
    with pytest.raises(HttpResponseError) as caught:
        await poller.result()
    assert caught.value.error.code == "RetryableError"


async def test_a_dropped_connection_is_a_transport_error(cloud):
    transport = InProcessTransport(cloud.simulator)
    cloud.simulator.faults.add({"drop": "before"})
    async with NetworkManagementClient(
        UserToken(), SUBSCRIPTION, transport=transport, retry_total=0
    ) as client:
        with pytest.raises(ServiceRequestError):
            await client.virtual_networks.get("rg", "hub")


async def test_the_private_dns_sdk_speaks_to_it_too(cloud):
    async with PrivateDnsManagementClient(
        UserToken(), SUBSCRIPTION, transport=InProcessTransport(cloud.simulator)
    ) as client:
        with pytest.raises(ResourceNotFoundError):
            await client.private_zones.get("rg", "gone.example")
