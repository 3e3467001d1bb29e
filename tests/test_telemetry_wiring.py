"""The telemetry that the settings ask for: none, or Application Insights, which is a server here."""

import asyncio
import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest
from aiohttp import web

from shared.settings import Settings
from shared.telemetry import NO_TELEMETRY
from shared.telemetry_wiring import described, open_telemetry
from tests.builders.environment import given

ROOT = Path(__file__).parents[1]
# A process of its own: the exporters run in threads that end with it.
EXPORT = """
import os
from shared.core.base.ids import ResourceId
from shared.core.events.work_item import WorkItem
from shared.settings import Settings
from shared.telemetry_wiring import open_telemetry
at = ResourceId.parse("/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/a")
telemetry = open_telemetry(Settings.read(os.environ), os.environ)
with telemetry.reconciling(at, WorkItem(at.text, "event", "c-1")) as current:
    with telemetry.calling("GET", "Microsoft.Network/privateEndpoints"):
        pass
telemetry.event("queued")
"""


def test_without_the_setting_nothing_is_measured_and_no_sdk_is_loaded() -> None:
    code = (
        "import sys, os; from shared.settings import Settings;"
        "from shared.telemetry_wiring import open_telemetry;"
        "open_telemetry(Settings.read(os.environ), os.environ);"
        "print([name for name in sys.modules if name.startswith(('opentelemetry', 'azure'))])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=given(), capture_output=True, text=True, check=True
    )
    assert ran.stdout.strip() == "[]"
    assert open_telemetry(Settings.read(given()), {}) is NO_TELEMETRY


def test_the_process_is_described_by_the_platforms_settings() -> None:
    found = described({"WEBSITE_SITE_NAME": "func-hub", "WEBSITE_INSTANCE_ID": "i-1"})
    assert (found["service.name"], found["service.instance.id"]) == ("func-hub", "i-1")


@pytest.fixture
async def insights():
    """An ingestion endpoint: its address, and the items that were sent to it."""
    items = []

    async def track(request: web.Request) -> web.Response:
        body = await request.read()
        text = gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body
        got = json.loads(text)
        items.extend(got)
        return web.json_response({"itemsReceived": len(got), "itemsAccepted": len(got), "errors": []})

    app = web.Application()
    app.router.add_post("/{path:.*}", track)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/", items
    await runner.cleanup()


async def test_spans_and_metrics_reach_application_insights(insights) -> None:
    address, items = insights
    key = "00000000-0000-0000-0000-000000000000"
    environment = given(
        CAUSEWAY_TELEMETRY="azure",
        APPLICATIONINSIGHTS_CONNECTION_STRING=f"InstrumentationKey={key};IngestionEndpoint={address}",
        WEBSITE_SITE_NAME="func-hub",
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", EXPORT, cwd=ROOT, env=environment, stderr=asyncio.subprocess.PIPE
    )
    _, errors = await process.communicate()
    assert (process.returncode, errors) == (0, b"")
    named = {item["data"]["baseData"].get("name") for item in items}
    metrics = {one["name"] for item in items for one in item["data"]["baseData"].get("metrics", [])}
    assert {"reconcile", "GET microsoft.network/privateendpoints"} <= named
    assert {"causeway.events", "causeway.arm.duration"} <= metrics
    assert {item["tags"]["ai.cloud.role"] for item in items} == {"func-hub"}
