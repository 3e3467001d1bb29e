"""How many ARM requests a connection costs: the real SDKs over the simulated Azure, on virtual time."""

from __future__ import annotations

import asyncio
import statistics
from typing import Any

from shared.core.work import WorkItem
from tests.world import World, play

RESOURCES = 50


def measure() -> dict[str, Any]:
    """Fifty first endpoints where zone and links exist, then one more walk of each."""
    found: dict[str, Any] = {}

    async def story() -> None:
        world = World(seed=1)
        await world.reconcile(await world.create_account("first"))
        targets = [await world.create_account(f"account{n:02d}") for n in range(RESOURCES)]
        first = await _spent(world, targets)
        again = await _spent(world, targets)
        found["first"] = [entry["requests"] for entry in first if entry["result"] == "Connected"]
        found["again"] = [entry["requests"] for entry in again]
        found["again_writes"] = sum(entry["writes"] for entry in again)
        found["connected"] = sum(entry["result"] == "Connected" for entry in again)

    play(story)
    return found


async def _spent(world: World, targets: list[str]) -> list[dict[str, Any]]:
    """One walk of each; a resource that everybody reads is read before, as it would be once a minute."""
    await world.reconcile(targets[0])
    await asyncio.gather(*(world.flow.worker.work(WorkItem(at, "event", "bench")) for at in targets))
    return [await world.state(at) for at in targets]


def report() -> bool:
    """Print the figures; True if they keep what is promised."""
    found = measure()
    first, again = sorted(found["first"]), sorted(found["again"])
    print(f"ARM requests, {RESOURCES} storage accounts, polls included (virtual time, real SDKs)")
    middle, ninth, most = statistics.median(first), first[int(len(first) * 0.9)], first[-1]
    print(f"  first endpoint, zone and links exist: median {middle:g}, 90th percentile {ninth}, most {most}")
    writes = found["again_writes"]
    print(f"  already connected: median {statistics.median(again):g}, most {again[-1]}, writes {writes}")
    print(f"  connected in the end: {found['connected']} of {RESOURCES}")
    return middle <= 12 and again[-1] <= 4 and writes == 0 and found["connected"] == RESOURCES
