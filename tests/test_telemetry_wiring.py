"""The telemetry that the settings ask for: none, or Application Insights, which is a server here."""

import asyncio
import subprocess
import sys
from pathlib import Path

from shared.settings import Settings
from shared.telemetry import NO_TELEMETRY
from shared.telemetry_wiring import described, open_telemetry
from tests.builders.environment import given
from tests.builders.insights import ingestion, name_of

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


async def test_spans_and_metrics_reach_application_insights() -> None:
    async with ingestion() as (connection, items):
        environment = given(
            CAUSEWAY_TELEMETRY="azure",
            APPLICATIONINSIGHTS_CONNECTION_STRING=connection,
            WEBSITE_SITE_NAME="func-hub",
        )
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", EXPORT, cwd=ROOT, env=environment, stderr=asyncio.subprocess.PIPE
        )
        _, errors = await process.communicate()
    assert (process.returncode, errors) == (0, b"")
    metrics = {one["name"] for item in items for one in item["data"]["baseData"].get("metrics", [])}
    assert {"reconcile", "GET microsoft.network/privateendpoints"} <= {name_of(item) for item in items}
    assert {"causeway.events", "causeway.arm.duration"} <= metrics
    assert {item["tags"]["ai.cloud.role"] for item in items} == {"func-hub"}
