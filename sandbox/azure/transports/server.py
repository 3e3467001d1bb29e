"""The simulator on sockets: HTTPS for SDKs and plain HTTP for people and control, both on 127.0.0.1."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from sandbox.azure.front import identity
from sandbox.azure.simulator import Simulator
from sandbox.azure.transports.certificate import issue
from sandbox.azure.transports.in_process import to_bytes, to_request

LARGEST_BODY = 4 * 1024 * 1024  # ARM's own limit of a request


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where a running server is: `arm` (https), `arm_http`, `identity` with its secret header value (of the
    app, and of a user), and the CA file that clients must trust.
    """

    arm: str
    arm_http: str
    identity: str
    identity_header: str
    user_identity_header: str
    ca_file: Path

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs in its environment so that Azure SDKs trust and find this server."""
        return {
            "IDENTITY_ENDPOINT": self.identity,
            "IDENTITY_HEADER": self.identity_header,
            "SSL_CERT_FILE": str(self.ca_file),
            "REQUESTS_CA_BUNDLE": str(self.ca_file),
            "CURL_CA_BUNDLE": str(self.ca_file),
        }


@asynccontextmanager
async def serve(
    simulator: Simulator, folder: Path, *, https_port: int = 0, http_port: int = 0
) -> AsyncIterator[Endpoints]:
    """Serve until the block ends. Port 0 chooses a free one; `folder` gets the CA file.

    Raises OSError when a given port is taken.
    """
    certificate = issue()
    runner = web.AppRunner(_application(simulator), access_log=None)
    await runner.setup()
    try:
        secure = web.TCPSite(runner, "127.0.0.1", https_port, ssl_context=certificate.server)
        await secure.start()
        plain = web.TCPSite(runner, "127.0.0.1", http_port)
        await plain.start()
        # Not before: a server whose port is taken must leave the file of the one that has it.
        ca_file = certificate.write_to(folder)
        ports = [address[1] for address in runner.addresses]
        arm_http = f"http://127.0.0.1:{ports[1]}"
        yield Endpoints(
            arm=f"https://localhost:{ports[0]}",
            arm_http=arm_http,
            identity=f"{arm_http}{identity.PATH}",
            identity_header=simulator.identity_headers["app"],
            user_identity_header=simulator.identity_headers["user"],
            ca_file=ca_file,
        )
    finally:
        simulator.events.close()
        await runner.cleanup()


def _application(simulator: Simulator) -> web.Application:
    application = web.Application(client_max_size=LARGEST_BODY)

    async def answer(request: web.Request) -> web.StreamResponse:
        return await _answer(simulator, request)

    application.router.add_route("*", "/{path:.*}", answer)
    return application


async def _answer(simulator: Simulator, request: web.Request) -> web.StreamResponse:
    body = await request.read()
    asked = to_request(request.method, str(request.url), request.headers, body or None)
    response = await simulator.handle(asked)
    if response.drop:
        if request.transport is not None:
            request.transport.abort()
        return web.Response(status=502)
    content, content_type = to_bytes(response)
    headers = dict(response.headers)
    if content_type is not None:
        headers["Content-Type"] = content_type
    return web.Response(status=response.status, body=content, headers=headers)


@asynccontextmanager
async def http_post() -> AsyncIterator[Any]:
    """A `Post` for webhook subscriptions (event_grid.Post), over real sockets."""
    async with aiohttp.ClientSession() as session:

        async def post(url: str, body: Any, headers: dict[str, str]) -> tuple[int, Any]:
            async with session.post(url, json=body, headers=headers) as answer:
                text = await answer.text()
                is_json = answer.content_type == "application/json" and text
                return answer.status, (await answer.json() if is_json else text)

        yield post
