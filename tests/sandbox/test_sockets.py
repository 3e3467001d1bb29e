"""The simulator on real sockets: TLS, plain HTTP, managed identity."""

import aiohttp
import pytest
from aiohttp import web
from azure.core.exceptions import ClientAuthenticationError, ServiceRequestError
from azure.identity.aio import ManagedIdentityCredential
from azure.mgmt.network.aio import NetworkManagementClient

from sandbox.azure import scenario
from sandbox.azure.simulator import Simulator
from sandbox.azure.transports.server import http_post, serve
from tests.sandbox.cloud import GROUP, SUB, VERSION, subnet_body

SUBSCRIPTION = SUB.rsplit("/", 1)[1]


@pytest.fixture
async def served(tmp_path):
    simulator = Simulator(speed=2000)
    simulator.apply(scenario.load(scenario.DEFAULT))
    async with serve(simulator, tmp_path) as endpoints:
        yield simulator, endpoints


@pytest.fixture
async def client(served, monkeypatch):
    _, endpoints = served
    for name in ("IDENTITY_ENDPOINT", "IDENTITY_HEADER"):
        monkeypatch.setenv(name, endpoints.environment[name])
    async with (
        ManagedIdentityCredential() as credential,
        NetworkManagementClient(
            credential,
            SUBSCRIPTION,
            base_url=endpoints.arm,
            credential_scopes=[f"{endpoints.arm}/.default"],
            connection_verify=str(endpoints.ca_file),
            polling_interval=1,
            retry_total=0,
        ) as made,
    ):
        yield made


async def test_an_sdk_with_a_managed_identity_works_over_tls(served, client):
    simulator, _ = served
    poller = await client.subnets.begin_create_or_update(
        "rg-network", "hub-we", "more", subnet_body("10.0.9.0/24")
    )
    assert (await poller.result()).provisioning_state == "Succeeded"
    kinds = [one.kind for one in simulator.requests.entries]
    assert kinds[0] == "token"
    assert {one.principal for one in simulator.requests.entries} == {"app"}


async def test_a_dropped_connection_is_reset(served, client):
    simulator, _ = served
    simulator.faults.add({"match": {"path": "hub-we"}, "drop": "before"})
    with pytest.raises(ServiceRequestError):
        await client.virtual_networks.get("rg-network", "hub-we")


async def test_a_wrong_identity_header_gets_no_token(served, client, monkeypatch):
    monkeypatch.setenv("IDENTITY_HEADER", "wrong")
    async with ManagedIdentityCredential() as credential:
        with pytest.raises(ClientAuthenticationError):
            await credential.get_token("https://management.azure.com/.default")


async def test_a_server_on_taken_ports_leaves_the_file_of_the_first_one(served, tmp_path):
    _, endpoints = served
    before = endpoints.ca_file.read_bytes()
    taken = int(endpoints.arm.rsplit(":", 1)[1])
    with pytest.raises(OSError, match="in use"):
        async with serve(Simulator(), tmp_path, https_port=taken):
            pytest.fail("it had the port")
    assert endpoints.ca_file.read_bytes() == before


async def test_users_can_use_plain_http(served):
    _, endpoints = served
    async with aiohttp.ClientSession(headers={"Authorization": "Bearer me"}) as session:
        url = f"{endpoints.arm_http}{GROUP}?api-version={VERSION}"
        async with session.put(url, json={"location": "westeurope"}) as answer:
            assert answer.status == 201
            assert (await answer.json())["name"] == "rg"
        async with session.put(url, data=b"{not json") as answer:
            assert answer.status == 400
        async with session.get(f"{endpoints.arm_http}/_sandbox/requests") as answer:
            assert (await answer.json())["total"] == 2


async def test_a_webhook_is_validated_and_served_over_http(served):
    simulator, _ = served
    received = []

    async def hook(request):
        (event,) = await request.json()
        received.append((request.headers["aeg-event-type"], event))
        if request.headers["aeg-event-type"] == "SubscriptionValidation":
            return web.json_response({"validationResponse": event["data"]["validationCode"]})
        return web.Response(status=202)

    application = web.Application()
    application.router.add_post("/hook", hook)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        async with http_post() as post:
            url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
            await simulator.events.subscribe_webhook("app", url, post)
    finally:
        await runner.cleanup()
    assert received[0][0] == "SubscriptionValidation"
