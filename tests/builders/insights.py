"""An ingestion endpoint of Application Insights, on 127.0.0.1."""

import gzip
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

KEY = "00000000-0000-0000-0000-000000000000"
GZIP = b"\x1f\x8b"


@asynccontextmanager
async def ingestion() -> AsyncIterator[tuple[str, list[dict[str, Any]]]]:
    """A connection string, and the items that were sent to it."""
    items: list[dict[str, Any]] = []

    async def track(request: web.Request) -> web.Response:
        body = await request.read()
        got = json.loads(gzip.decompress(body) if body.startswith(GZIP) else body)
        items.extend(got)
        return web.json_response({"itemsReceived": len(got), "itemsAccepted": len(got), "errors": []})

    application = web.Application()
    application.router.add_post("/{path:.*}", track)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"InstrumentationKey={KEY};IngestionEndpoint=http://127.0.0.1:{runner.addresses[0][1]}/", items
    finally:
        await runner.cleanup()


def name_of(item: dict[str, Any]) -> str:
    """The name of a span; empty for a metric."""
    return str(item["data"]["baseData"].get("name", ""))
