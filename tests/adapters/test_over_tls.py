"""The adapter as it is deployed: managed identity, aiohttp and TLS, against the simulator on real sockets."""

import asyncio

import pytest
from azure.core.pipeline.transport import AioHttpTransport

from sandbox.azure import scenario
from sandbox.azure.simulator import Simulator
from sandbox.azure.transports.server import serve
from shared.adapters.arm import SdkArm
from shared.adapters.arm_clients import ArmClients
from shared.adapters.clock import SystemClock
from shared.adapters.identity import credential, transport
from shared.core.base.errors import BlockedError, TransientError
from shared.core.base.ids import GroupId

GROUP = GroupId("00000000-0000-0000-0000-000000000001", "rg-network")
HUB = GROUP.resource("Microsoft.Network/virtualNetworks", "hub-we")
SPOKE = GROUP.resource("Microsoft.Network/virtualNetworks", "spoke-a")


@pytest.fixture
async def served(tmp_path, monkeypatch):
    simulator = Simulator(speed=2000)
    simulator.apply(scenario.load(scenario.DEFAULT))
    async with serve(simulator, tmp_path) as endpoints:
        for name, value in endpoints.environment.items():
            monkeypatch.setenv(name, value)
        yield simulator, endpoints


@pytest.fixture
async def arm(served):
    """Trust the sandbox's certificate: a host process does so by SSL_CERT_FILE, which aiohttp reads once."""
    _, endpoints = served
    pool = AioHttpTransport(connection_verify=str(endpoints.ca_file))
    async with pool, credential("", hosted=True) as identity:
        yield SdkArm(ArmClients(identity, endpoints.arm, pool), SystemClock())


def later() -> float:
    return asyncio.get_running_loop().time() + 60


async def test_a_peering_is_created_found_and_deleted(arm):
    at = HUB.child("virtualNetworkPeerings", "more")
    body = {"properties": {"remoteVirtualNetwork": {"id": SPOKE.text}}}
    made = await arm.put(at, body, deadline=later())
    assert made["properties"]["provisioningState"] == "Succeeded"
    assert at.name in [one["name"] for one in await arm.list(HUB, "virtualNetworkPeerings")]
    await arm.delete(at, deadline=later())
    assert await arm.get(at) is None


async def test_one_token_serves_many_requests(served, arm):
    simulator, _ = served
    await asyncio.gather(*(arm.get(HUB) for _ in range(20)))
    assert [entry.kind for entry in simulator.requests.entries].count("token") == 1


async def test_a_dropped_connection_is_opened_again(served, arm):
    simulator, _ = served
    simulator.faults.add({"match": {"path": "hub-we"}, "times": 1, "drop": "before"})
    assert (await arm.get(HUB))["name"] == "hub-we"


async def test_a_server_without_a_trusted_certificate_gets_no_token(served):
    simulator, endpoints = served
    async with transport() as pool, credential("", hosted=True) as identity:
        arm = SdkArm(ArmClients(identity, endpoints.arm, pool), SystemClock())
        with pytest.raises(TransientError, match="certificate"):
            await arm.get(HUB)
    assert [entry.kind for entry in simulator.requests.entries if entry.kind != "token"] == []


async def test_an_identity_that_the_platform_refuses_blocks_with_a_remedy(served, monkeypatch):
    _, endpoints = served
    monkeypatch.setenv("IDENTITY_HEADER", "wrong")
    async with transport() as pool, credential("", hosted=True) as identity:
        arm = SdkArm(ArmClients(identity, endpoints.arm, pool), SystemClock())
        with pytest.raises(BlockedError) as caught:
            await arm.get(HUB)
    assert caught.value.code == "NoIdentity"
    assert "AZURE_CLIENT_ID" in caught.value.remedy
