"""What size costs the simulator: seconds and memory to load a scenario, and CPU time of a page at two sizes.

`python -m benchmarks.size` measures a scenario of 100,000 resources; `--resources N` another size.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from sandbox.azure import scenario
from sandbox.azure.front.throttling import Throttling
from sandbox.azure.kernel.model import Request, Response
from sandbox.azure.simulator import Simulator

SMALL, LARGE = 1_000, 100_000
SECONDS, GIB, RATIO = 60.0, 6.0, 1.25  # what is claimed
PAGE, TIMES = 20, 500
SUBSCRIPTION = "/subscriptions/00000000-0000-0000-0000-000000000001"
STORAGE = "Microsoft.Storage/storageAccounts"
LISTS = {
    "all resources": (f"{SUBSCRIPTION}/resources", {}),
    "of a type": (f"{SUBSCRIPTION}/providers/{STORAGE}", {}),
    "filtered by type": (f"{SUBSCRIPTION}/resources", {"$filter": f"resourceType eq '{STORAGE}'"}),
    "of a group": (f"{SUBSCRIPTION}/resourceGroups/rg-team-0/resources", {}),
    "endpoints": (f"{SUBSCRIPTION}/providers/Microsoft.Network/privateEndpoints", {}),
}


@dataclass(frozen=True, slots=True)
class Cost:
    """What it cost to load a scenario (seconds, bytes), and a page's CPU seconds at both sizes, by list."""

    stored: int
    wall: float
    cpu: float
    peak: int
    pages: dict[str, tuple[float, float]]


def measure(resources: int) -> Cost:
    """Load both scenarios into this process, the large one measured, and read pages of them in turn.

    In turn, so that what else the machine does weighs on both alike.
    """
    with tempfile.TemporaryDirectory(prefix="size-") as folder:
        large = _written(resources, Path(folder))
        began, spent = time.perf_counter(), time.process_time()
        simulators = [_loaded(large)]
        wall, cpu = time.perf_counter() - began, time.process_time() - spent
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        simulators.insert(0, _loaded(_written(SMALL, Path(folder))))
    gc.collect()
    gc.freeze()  # else a collection in the middle of a page would scan all resources
    pages = {name: asyncio.run(_pages(simulators, *asked)) for name, asked in LISTS.items()}
    return Cost(len(simulators[1].world.store), wall, cpu, peak, pages)


def _written(resources: int, folder: Path) -> Path:
    """Written by a process of its own, so that its memory is not counted."""
    file = folder / f"{resources}.json"
    line = [sys.executable, "-m", "sandbox", "scenario", "--resources", str(resources), "--out", str(file)]
    subprocess.run(line, check=True, capture_output=True)
    return file


def _loaded(file: Path) -> Simulator:
    simulator = Simulator()
    simulator.apply(scenario.load(file))
    return simulator


async def _pages(simulators: list[Simulator], path: str, query: dict[str, str]) -> tuple[float, float]:
    """Median CPU seconds of a page of PAGE resources in each simulator, sockets and JSON left out."""
    query = query | {"api-version": "2024-01-01", "$top": str(PAGE)}
    request = Request("GET", path, query, {"authorization": "Bearer me"})
    times: list[list[float]] = [[], []]
    for _ in range(TIMES):
        for spent, simulator in zip(times, simulators, strict=True):
            simulator.throttling = Throttling(simulator.clock)  # the rate limit is not the question
            began = time.process_time()
            response = await simulator.handle(request)
            spent.append(time.process_time() - began)
            _require_full(response)
    return statistics.median(times[0]), statistics.median(times[1])


def _require_full(response: Response) -> None:
    """Raise ValueError for anything but a full page."""
    if not isinstance(response.body, dict) or len(response.body.get("value", ())) != PAGE:
        raise ValueError(f"{response.status} is no full page: {response.body}")


def report(resources: int = LARGE) -> bool:
    """Print the figures; True if they keep what is promised."""
    cost = measure(resources)
    print(f"The simulator with {resources:,} resources in the scenario, {cost.stored:,} stored")
    peak = cost.peak / 2**30
    print(f"  load: {cost.cpu:.1f} s of CPU, {cost.wall:.1f} s; peak memory {peak:.2f} GiB")
    print(f"  CPU of a page of {PAGE}, with {SMALL:,} resources and with {resources:,}:")
    for name, (small, large) in cost.pages.items():
        print(f"    {name + ':':18}{small * 1e3:.3f} ms, {large * 1e3:.3f} ms, ratio {large / small:.2f}")
    worst = max(large / small for small, large in cost.pages.values())
    print(f"  claimed: below {SECONDS:g} s of CPU and {GIB:g} GiB, every ratio below {RATIO:g}")
    return cost.cpu < SECONDS and peak < GIB and worst < RATIO


def main(argv: list[str]) -> int:
    """Report on a scenario of the asked size."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.size", description=__doc__)
    parser.add_argument("--resources", type=int, default=LARGE, help=f"default: {LARGE}")
    return 0 if report(parser.parse_args(argv).resources) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
