"""What size costs the simulator: seconds and memory to load a scenario, and CPU time of a page at two sizes.

`python -m benchmarks.size` measures a scenario of 100,000 resources; `--resources N` another size.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from sandbox.azure import scenario
from sandbox.azure.kernel.model import Request
from sandbox.azure.simulator import Simulator
from sandbox.sized import scenario as sized

SMALL, LARGE = 1_000, 100_000
SECONDS, GIB, RATIO = 60.0, 6.0, 1.2  # what is claimed
PAGES = 300
SUBSCRIPTION = "/subscriptions/00000000-0000-0000-0000-000000000001"
STORAGE = "Microsoft.Storage/storageAccounts"
LISTS = {
    "all resources": (f"{SUBSCRIPTION}/resources", {}),
    "of a type": (f"{SUBSCRIPTION}/providers/{STORAGE}", {}),
    "filtered by type": (f"{SUBSCRIPTION}/resources", {"$filter": f"resourceType eq '{STORAGE}'"}),
    "of a group": (f"{SUBSCRIPTION}/resourceGroups/rg-team-0/resources", {}),
    "endpoints": (f"{SUBSCRIPTION}/providers/Microsoft.Network/privateEndpoints", {}),
}


def measure(file: Path) -> dict[str, Any]:
    """Load a scenario in this process and read pages of it; times in seconds, memory in bytes."""
    began, spent = time.perf_counter(), time.process_time()
    simulator = Simulator()
    simulator.apply(scenario.load(file))
    wall, cpu = time.perf_counter() - began, time.process_time() - spent
    gc.collect()
    gc.freeze()  # else a collection in the middle of a page would look at all resources
    pages = {name: asyncio.run(_page(simulator, *asked)) for name, asked in LISTS.items()}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {
        "stored": len(simulator.world.store),
        "wall": wall,
        "cpu": cpu,
        "peak": peak,
        "pages": pages,
    }


async def _page(simulator: Simulator, path: str, query: dict[str, str]) -> float:
    """Median CPU seconds of a page of 20 resources, in the simulator alone."""
    request = Request(
        "GET", path, query | {"api-version": "2024-01-01", "$top": "20"}, {"authorization": "Bearer me"}
    )
    times = []
    for _ in range(PAGES):
        simulator.throttling = type(simulator.throttling)(simulator.clock)  # the rate is not the question
        began = time.process_time()
        response = await simulator.handle(request)
        times.append(time.process_time() - began)
        assert response.status == 200, response.body
        assert len(response.body["value"]) == 20, "the page is not full"
    return statistics.median(times)


def in_fresh_process(resources: int, folder: Path) -> dict[str, Any]:
    """The same in a process of its own, so that memory is that of one scenario."""
    file = folder / f"{resources}.json"
    file.write_text(json.dumps(sized(resources)))
    line = [sys.executable, "-m", "benchmarks.size", "--measure", str(file)]
    found: dict[str, Any] = json.loads(subprocess.run(line, check=True, capture_output=True).stdout)
    return found


def report(resources: int = LARGE) -> bool:
    """Print the figures; True if they keep what is promised."""
    with tempfile.TemporaryDirectory(prefix="size-") as folder:
        small, large = (in_fresh_process(size, Path(folder)) for size in (SMALL, resources))
    print(f"The simulator with {resources:,} resources in the scenario, {large['stored']:,} stored")
    peak = large["peak"] / 2**30
    print(f"  load: {large['cpu']:.1f} s of CPU, {large['wall']:.1f} s; peak memory {peak:.2f} GiB")
    print(f"  CPU of a page of 20, with {SMALL:,} resources and with {resources:,}:")
    ratios = []
    for name, cost in large["pages"].items():
        ratios.append(cost / small["pages"][name])
        milliseconds = f"{small['pages'][name] * 1e3:.3f} ms, {cost * 1e3:.3f} ms"
        print(f"    {name + ':':18} {milliseconds}, ratio {ratios[-1]:.2f}")
    print(f"  claimed: below {SECONDS:g} s of CPU and {GIB:g} GiB, every ratio below {RATIO:g}")
    return large["cpu"] < SECONDS and peak < GIB and max(ratios) < RATIO


def main(argv: list[str]) -> int:
    """Report, or measure one file for the report."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.size", description=__doc__)
    parser.add_argument("--resources", type=int, default=LARGE)
    parser.add_argument("--measure", type=Path, help="load this scenario and print JSON")
    asked = parser.parse_args(argv)
    if asked.measure is not None:
        print(json.dumps(measure(asked.measure)))
        return 0
    return 0 if report(asked.resources) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
