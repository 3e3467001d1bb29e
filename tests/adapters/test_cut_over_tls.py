"""Responses that end too early, on real sockets: whatever has no readable response is tried again."""

import asyncio
import ssl

import pytest
import trustme
from azure.core.pipeline.transport import AioHttpTransport
from azure.data.tables.aio import TableServiceClient

from shared.adapters.arm import SdkArm
from shared.adapters.arm_calls import ArmCalls
from shared.adapters.arm_clients import ArmClients
from shared.adapters.clock import SystemClock
from shared.adapters.service_time import ServiceTime
from shared.adapters.tables import AzureTable
from shared.core.base.errors import TransientError
from tests.adapters.azure import ACCOUNT, ENDPOINT, STORAGE_API, Token, endpoint_body

HEAD = b"Content-Type: application/json\r\n"
CUT = {
    "nothing": b"",
    "in the headers": b"HTTP/1.1 200 OK\r\nContent-Ty",
    "in the body": b"HTTP/1.1 200 OK\r\n" + HEAD + b'Content-Length: 500\r\n\r\n{"id": "/subscr',
    "in a chunk": b"HTTP/1.1 200 OK\r\n" + HEAD + b'Transfer-Encoding: chunked\r\n\r\n10\r\n{"id": "/su',
    "in an error": b"HTTP/1.1 500 Error\r\n" + HEAD + b'Content-Length: 500\r\n\r\n{"er',
    "not gzip": b"HTTP/1.1 200 OK\r\n"
    + HEAD
    + b"Content-Encoding: gzip\r\nContent-Length: 10\r\n\r\nnotgzip123",
}


class Cutting:
    """A server that sends the same bytes to every request, then closes the connection."""

    def __init__(self, sent: bytes) -> None:
        self._sent = sent
        self.requests = 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        self.requests += 1
        writer.write(self._sent)
        await writer.drain()
        writer.close()


@pytest.fixture(params=CUT.values(), ids=CUT)
def server(request):
    return Cutting(request.param)


@pytest.fixture
async def clients(server, tmp_path):
    """The app's own clients and transport, against the server over TLS."""
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    async with await asyncio.start_server(server, "localhost", 0, ssl=context) as listening:
        port = listening.sockets[0].getsockname()[1]
        async with AioHttpTransport(connection_verify=str(tmp_path / "ca.pem")) as pool:
            yield ArmClients(Token(), f"https://localhost:{port}", pool)


@pytest.mark.parametrize("at", [ACCOUNT, ENDPOINT], ids=["generic", "sdk"])
async def test_a_read_without_a_whole_response_is_transient(clients, at):
    with pytest.raises(TransientError) as caught:
        await ArmCalls(clients).get(at, STORAGE_API if at == ACCOUNT else None)
    assert caught.value.code in ("NoAnswer", "Unreadable")


async def test_a_read_without_a_whole_response_is_sent_again(clients, server):
    with pytest.raises(TransientError):
        await SdkArm(clients, SystemClock()).get(ENDPOINT)
    assert server.requests >= 3


async def test_a_write_without_a_whole_response_is_transient(clients):
    with pytest.raises(TransientError):
        await SdkArm(clients, SystemClock()).put(ENDPOINT, endpoint_body(), deadline=float("inf"))


@pytest.fixture
async def table(server):
    """A table behind the same server."""
    async with await asyncio.start_server(server, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        text = f"AccountName=a;AccountKey=QUFBQQ==;TableEndpoint=http://127.0.0.1:{port}/"
        connection = f"DefaultEndpointsProtocol=http;{text}"
        async with TableServiceClient.from_connection_string(connection, retry_total=0) as service:
            yield AzureTable(service, "connections", ServiceTime(SystemClock()))


async def test_a_row_without_a_whole_response_is_transient(table):
    with pytest.raises(TransientError):
        await table.get("p", "k")
