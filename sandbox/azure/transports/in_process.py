"""Real SDK clients against the simulator inside one process: an azure-core transport without sockets.

Pass `transport=InProcessTransport(simulator)` to an async client (azure.mgmt.*.aio). Everything above the
transport is the SDK's own: serialisation, retries, polling.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from azure.core.exceptions import ServiceRequestError
from azure.core.pipeline.transport import AsyncHttpTransport
from azure.core.rest import HttpRequest
from azure.core.rest._http_response_impl_async import AsyncHttpResponseImpl
from requests.structures import CaseInsensitiveDict

from sandbox.azure.kernel.model import Request, Response
from sandbox.azure.simulator import Simulator


def to_request(method: str, url: str, headers: Any, body: bytes | str | None) -> Request:
    """An HTTP request as the simulator reads it.

    Malformed JSON becomes a str body, which no handler accepts.
    """
    parts = urlsplit(url)
    query = {name.lower(): value for name, value in parse_qsl(parts.query, keep_blank_values=True)}
    parsed: Any = None
    if body:
        try:
            parsed = json.loads(body)
        except ValueError:
            parsed = body if isinstance(body, str) else body.decode("utf-8", "replace")
    return Request(
        method.upper(),
        unquote(parts.path),
        query,
        {str(name).lower(): str(value) for name, value in dict(headers).items()},
        parsed,
        f"{parts.scheme}://{parts.netloc}",
    )


def to_bytes(response: Response) -> tuple[bytes, str | None]:
    """A response's body as bytes, and its content type (None for an empty body)."""
    if response.body is None:
        return b"", None
    if isinstance(response.body, str):
        return response.body.encode(), "text/html"
    return json.dumps(response.body).encode(), "application/json; charset=utf-8"


class _Exchange:
    """What the SDK's response class keeps of the transport's own response: nothing but that it can be
    closed.
    """

    def close(self) -> None:
        """Nothing to close."""


class _InProcessResponse(AsyncHttpResponseImpl):
    """A complete answer; also for the SDK's streamed requests (it reads long operations' bodies that way)."""

    def __init__(self, request: HttpRequest, response: Response) -> None:
        content, content_type = to_bytes(response)
        headers = CaseInsensitiveDict(response.headers)
        headers["Content-Length"] = str(len(content))
        if content_type is not None:
            headers["Content-Type"] = content_type
        super().__init__(
            request=request,
            internal_response=_Exchange(),
            block_size=65536,
            status_code=response.status,
            reason=str(response.status),
            content_type=content_type,
            headers=headers,
            stream_download_generator=self._chunks,
        )
        self._whole = content
        self._content = content

    async def read(self) -> bytes:
        """The body, at once."""
        self._is_stream_consumed = True
        return self._whole

    async def close(self) -> None:
        """Nothing to close."""
        self._is_closed = True

    def body(self) -> bytes:
        """The body, for pipelines that know the older response class."""
        return self._whole

    async def load_body(self) -> None:
        """The body is always there."""

    async def _chunks(self, **_: Any) -> AsyncIterator[bytes]:
        yield self._whole


class InProcessTransport(AsyncHttpTransport):
    """An azure-core transport whose other end is a simulator in this process.

    Waits of the SDK (retries, polls) sleep on the running loop, so under a `VirtualLoop` they take no real
    time.
    """

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator

    async def send(self, request: Any, **kwargs: Any) -> Any:
        """Hand the request over. Raises ServiceRequestError for a dropped connection, as the SDK's own
        aiohttp transport does.
        """
        asked = to_request(request.method, request.url, request.headers, _content(request))
        response = await self._simulator.handle(asked)
        if response.drop:
            raise ServiceRequestError("Server disconnected")
        return _InProcessResponse(request, response)

    async def open(self) -> None:
        """Nothing to open."""

    async def close(self) -> None:
        """Nothing to close."""

    async def sleep(self, duration: float) -> None:
        """The SDK's own waits."""
        await asyncio.sleep(duration)

    async def __aexit__(self, *details: object) -> None:
        """Nothing to close."""


def _content(request: Any) -> bytes | str | None:
    body = getattr(request, "content", None)
    for older in ("_data", "body"):  # azure.core.pipeline.transport.HttpRequest, of the Event Grid client
        body = body if body is not None else getattr(request, older, None)
    return body if isinstance(body, bytes | str) else None
