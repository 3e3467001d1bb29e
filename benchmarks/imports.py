"""What the platform pays to list the functions: importing function_app beside bare azure.functions."""

from __future__ import annotations

import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
RUNS = 9
PROBE = """
import sys, time
began = time.perf_counter()
import {module}
took = time.perf_counter() - began
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
memory = int(peak.split()[1]) / 1024
sdks = ("azure.mgmt", "azure.identity", "azure.data", "azure.storage", "aiohttp")
loaded = sum(name.startswith(sdks) for name in sys.modules)
print(took * 1000, memory, loaded)
"""


def measure(module: str) -> tuple[float, float, int]:
    """Milliseconds and MiB (medians over fresh processes), and how many SDK modules came along."""
    samples = [_once(module) for _ in range(RUNS)]
    return (
        statistics.median(sample[0] for sample in samples),
        statistics.median(sample[1] for sample in samples),
        int(samples[-1][2]),
    )


def _once(module: str) -> tuple[float, ...]:
    ran = subprocess.run(
        [sys.executable, "-c", PROBE.format(module=module)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return tuple(float(part) for part in ran.stdout.split())


def report() -> bool:
    """Print the figures; True if no SDK is loaded to list the functions."""
    bare, app = measure("azure.functions"), measure("function_app")
    print(f"Import in a fresh process, median of {RUNS}")
    print(f"  azure.functions: {bare[0]:.0f} ms, {bare[1]:.0f} MiB")
    print(f"  function_app:    {app[0]:.0f} ms, {app[1]:.0f} MiB ({app[0] / bare[0]:.2f} times the time)")
    print(f"  SDK modules loaded by function_app: {app[2]}")
    return app[2] == 0
