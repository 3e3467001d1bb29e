"""Listing the functions stays cheap: the host imports function_app in every new process before any work."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LISTED = "import sys, function_app; print(*sorted({name.partition('.')[0] for name in sys.modules}))"


@pytest.mark.parametrize("package", ["pydantic", "yaml", "aiohttp", "croniter", "opentelemetry"])
def test_listing_the_functions_does_not_load(package: str) -> None:
    ran = subprocess.run([sys.executable, "-c", LISTED], cwd=ROOT, capture_output=True, text=True, check=True)
    assert package not in ran.stdout.split()


def test_listing_the_functions_loads_no_azure_sdk_beside_the_triggers_own() -> None:
    code = "import sys, function_app; print(*(n for n in sys.modules if n.startswith('azure.')))"
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = {name.split(".")[1] for name in ran.stdout.split()}
    assert loaded == {"functions"}
