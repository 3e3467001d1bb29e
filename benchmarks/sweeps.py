"""A sweep of many connected resources under the request limits of Resource Manager, on virtual time.

Two processes of the app share one queue and one ledger, as instances of a function app do.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sandbox.azure.front.throttling import LIMITS
from shared.core.events.work_item import WorkItem
from shared.core.policy.policy import Policy
from shared.wiring import Flow
from tests.builders.policies import a_policy
from tests.builders.world import HUB, STORAGE, World, play

SIZES = (300, 1000)
PROCESSES, AT_ONCE = 2, 128  # passes of one process (host.json)
REFUSED, SLOWER = (
    0.01,
    1.1,
)  # what is claimed: part of requests that are 429s; time over what the limits allow
WIDE = {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}


class Host:
    """A queue whose messages become visible in time, and processes that take them as the platform does."""

    def __init__(self) -> None:
        self._due: list[tuple[float, int, str]] = []
        self._numbers = itertools.count()
        self._sent = asyncio.Event()
        self._running = 0

    async def send(self, item: str, *, delay: timedelta = timedelta()) -> None:
        heapq.heappush(self._due, (_now() + delay.total_seconds(), next(self._numbers), item))
        self._sent.set()

    async def drain(self, flows: Iterable[Flow], users: int = 0) -> None:
        """Work until nothing is visible, hidden or under way, and so many users have left."""
        self._running += users
        async with asyncio.TaskGroup() as group:
            for flow in flows:
                for _ in range(AT_ONCE):
                    group.create_task(self._work(flow))

    def leave(self) -> None:
        """A user has left."""
        self._running -= 1
        self._sent.set()

    async def _work(self, flow: Flow) -> None:
        while self._due or self._running:
            if not self._due or self._due[0][0] > _now():
                await self._wait()
                continue
            _, _, item = heapq.heappop(self._due)
            self._running += 1
            try:
                await flow.worker.work(WorkItem.parse(item))
            finally:
                self._running -= 1
                self._sent.set()

    async def _wait(self) -> None:
        self._sent.clear()
        try:
            async with asyncio.timeout_at(self._due[0][0] if self._due else None):
                await self._sent.wait()
        except TimeoutError:
            return


@dataclass(frozen=True, slots=True)
class Swept:
    """What one sweep cost, and what it left. Seconds are simulated."""

    resources: int
    requests: int
    refused: int
    seconds: float
    least: float
    connected: int
    unchanged: int
    rerun: float

    @property
    def holds(self) -> bool:
        """It is as claimed."""
        calm = self.refused <= REFUSED * self.requests and self.seconds <= SLOWER * max(self.least, 1.0)
        return calm and self.connected == self.unchanged == self.resources


def measure(resources: int) -> Swept:
    """Connect so many accounts without limits, then sweep them with Azure's limits on."""
    found: list[Swept] = []

    async def story() -> None:
        found.append(await _swept(resources))

    play(story)
    return found[0]


async def _swept(resources: int) -> Swept:
    world, host = World(_policy(), seed=3), Host()
    world.queue = host  # type: ignore[assignment]
    world.azure.throttling.enabled = False
    await _widen(world)
    targets = [await _account(world, n) for n in range(resources)]
    await asyncio.sleep(600)
    flows = [world.worker() for _ in range(PROCESSES)]
    for at in targets:
        await host.send(WorkItem(at, "event", "e").text())
    await host.drain(flows)
    before = [await world.state(at) for at in targets]
    await asyncio.sleep(1000)
    world.azure.throttling.enabled = True
    return await _measured(world, host, flows, targets, before)


async def _measured(
    world: World, host: Host, flows: list[Flow], targets: list[str], before: list[dict[str, Any]]
) -> Swept:
    world.azure.requests.entries.clear()
    began = _now()
    await flows[0].sweeper.sweep()
    person = asyncio.create_task(_rerun(flows[0], host, targets[-1]))
    await host.drain(flows, users=1)
    entries = world.azure.requests.entries
    sent = [entry for entry in entries if entry.principal == "app" and entry.kind != "token"]
    after = [await world.state(at) for at in targets]
    return Swept(
        len(targets),
        len(sent),
        sum(entry.status == 429 for entry in sent),
        _now() - began,
        _least(sent),
        sum(state["result"] == "Connected" for state in after),
        sum(old["result"] == new["result"] for old, new in zip(before, after, strict=True)),
        await person,
    )


async def _rerun(flow: Flow, host: Host, at: str) -> float:
    """Seconds until a rerun is answered that a person asks for in the middle of the sweep."""
    await asyncio.sleep(10)
    began = _now()
    accepted = await flow.queries.request(at)
    while True:
        found = await flow.queries.connection(accepted.key)
        if found and accepted.correlation in found.record().get("correlations", ()):
            host.leave()
            return _now() - began
        await asyncio.sleep(0.1)


def _least(sent: list[Any]) -> float:
    """The seconds that the fullest bucket of Resource Manager needs for these requests."""
    counts: Counter[tuple[str, str]] = Counter()
    for entry in sent:
        kind = {"GET": "reads", "DELETE": "deletes"}.get(entry.method, "writes")
        counts[entry.path.split("/")[2].lower(), kind] += entry.status != 429
    return max((count - LIMITS[kind][0]) / LIMITS[kind][1] for (_, kind), count in counts.items())


async def _account(world: World, number: int) -> str:
    at = f"{STORAGE}/account{number:04d}"
    body = {"location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
    await world.send("PUT", at, body)
    return at


async def _widen(world: World) -> None:
    """Give the hub a subnet that holds all endpoints."""
    subnet = {"properties": {"addressPrefix": "10.0.32.0/20"}}
    await world.send("PUT", f"{HUB}/subnets/wide", subnet)
    await world.sleep(60)


def _policy() -> Policy:
    limits = {"creations_per_hour": 10_000, "max_endpoints_per_subnet": 5_000}
    return a_policy(subnets={"westeurope": [f"{HUB}/subnets/wide"]}, limits=limits)


def _now() -> float:
    return asyncio.get_running_loop().time()


def report() -> bool:
    """Print the figures; True if they keep what is promised."""
    found = [measure(size) for size in SIZES]
    print(f"A sweep under Resource Manager's limits, {PROCESSES} processes (virtual time, real SDKs)")
    for one in found:
        print(f"  {one.resources} connected resources: {one.requests} requests, {one.refused} answered 429,")
        print(
            f"    {one.seconds:.0f} s where the limits allow {one.least:.0f} s;"
            f" Connected before and after: {one.unchanged}; a person's rerun meanwhile: {one.rerun:.1f} s"
        )
    return all(one.holds for one in found)


if __name__ == "__main__":
    raise SystemExit(0 if report() else 1)
