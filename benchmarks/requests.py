"""How many ARM requests a connection costs: the real SDKs over the simulated Azure, on virtual time."""

from __future__ import annotations

import asyncio
import statistics
from dataclasses import dataclass
from typing import Any

from benchmarks.critical import critical
from shared.core.events.work_item import WorkItem
from shared.core.policy.policy import Policy
from tests.builders.policies import a_policy
from tests.builders.world import ENDPOINTS, NETWORKS, SPOKE, World, play

RESOURCES, TENTHS = 50, 60
FIRST, AGAIN = 12, 4.2  # claimed: median of a first endpoint, mean of a check, fifty at once
ALONE = 36  # claimed: median of one more resource alone, which reads what it shares before and after its work
LIMIT = 1.15  # of a pass's time over the time that Azure's operations take in it
OTHER_SPOKE = (
    "/subscriptions/00000000-0000-0000-0000-000000000002/resourceGroups/rg-spoke/providers"
    "/Microsoft.Network/virtualNetworks/spoke-b"
)


def measure() -> dict[str, Any]:
    """Fifty first endpoints where zone and links exist, then one more pass for each."""
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
    """One pass for each, all at once: what they share is read once for all of them."""
    await asyncio.gather(*(world.flow.worker.work(WorkItem(at, "event", "bench")) for at in targets))
    return [await world.state(at) for at in targets]


@dataclass(frozen=True, slots=True)
class OnePass:
    """What one more resource cost; `ratio` is its time over that of Azure's own operations in it."""

    requests: int
    writes: int
    ratio: float


def tenth() -> list[OnePass]:
    """One more resource where two clients are peered, ruled and linked already, many times over."""
    found: list[OnePass] = []

    async def story() -> None:
        world = World(two_clients(), seed=5)
        await filtered(world)
        first = await world.create_account("first")
        await world.reconcile(first)
        for number in range(1, 10 + TENTHS):
            at = await world.create_account(f"account{number:02d}")
            await world.reconcile(first)
            state = await world.reconcile(at)
            if number >= 9 and state["result"] == "Connected":
                found.append(_one_pass(world, state))

    play(story)
    return found


def _one_pass(world: World, state: dict[str, Any]) -> OnePass:
    operations = [one.record for one in world.azure.world.operations]
    least = critical(operations, state["paths"][0]["endpoint"])
    return OnePass(state["requests"], state["writes"], state["seconds"] / least)


def two_clients() -> Policy:
    """Peering and rules ensured for two client networks in two subscriptions."""
    nsg = {"mode": "ensure", "priorities": [1000, 1999]}
    return a_policy(clients=[SPOKE, OTHER_SPOKE], peering="ensure", nsg=nsg)


async def filtered(world: World) -> None:
    """Give the endpoints' subnet a network security group."""
    group = f"{NETWORKS}/networkSecurityGroups/nsg-endpoints"
    await world.send("PUT", group, {"location": "westeurope", "properties": {}})
    await world.sleep(60)
    subnet = {"addressPrefix": "10.0.1.0/24", "networkSecurityGroup": {"id": group}}
    await world.send("PUT", ENDPOINTS, {"properties": subnet})
    await world.sleep(60)


def report() -> bool:
    """Print the figures; True if they keep what is promised."""
    found = measure()
    first, again = sorted(found["first"]), sorted(found["again"])
    print(f"ARM requests, {RESOURCES} storage accounts, polls included (virtual time, real SDKs)")
    middle, most = statistics.median(first), first[-1]
    late = first[int(len(first) * 0.9)]
    print(f"  first endpoint, zone and links exist: median {middle:g}, 90th percentile {late}, most {most}")
    writes = found["again_writes"]
    mean = statistics.mean(again)
    print(f"  already connected: median {statistics.median(again):g}, mean {mean:.2f}, writes {writes}")
    print(f"  connected in the end: {found['connected']} of {RESOURCES}")
    passes = tenth()
    spent, ratios = [one.requests for one in passes], sorted(one.ratio for one in passes)
    usual, ratio = statistics.median(spent), statistics.median(ratios)
    print(f"  one more resource where two clients are peered, ruled and linked ({len(passes)} measured):")
    print(f"    requests median {usual:g}, most {max(spent)}, writes {max(one.writes for one in passes)}")
    ninth = ratios[int(len(ratios) * 0.9)]
    print(f"    time over its long operations: median {ratio:.2f}, 90th percentile {ninth:.2f}")
    kept = mean <= AGAIN and writes == 0 and found["connected"] == RESOURCES
    return kept and middle <= FIRST and usual <= ALONE and ratio <= LIMIT
