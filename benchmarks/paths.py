"""How long a connection takes, and what a burst does: the running app in the sandbox, nothing in-process."""

from __future__ import annotations

import asyncio
import statistics
import time
from datetime import datetime
from typing import Any

from benchmarks.critical import RULES, critical
from sandbox.up import Sandbox
from sandbox.user import User

GROUPS = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups"
ACCOUNTS = f"{GROUPS}/rg-app/providers/Microsoft.Storage/storageAccounts"
NETWORKS = f"{GROUPS}/rg-network/providers/Microsoft.Network"
GROUP = f"{NETWORKS}/networkSecurityGroups/nsg-endpoints"
SUBNET = f"{NETWORKS}/virtualNetworks/hub-we/subnets/endpoints"
RESOURCES, BURST, WORKERS = 50, 100, 2
SPEED, BURST_SPEED = 1.0, 20.0  # at 1, our own work weighs exactly as it does on Azure
STAGGER = 0.4  # real seconds between two creations, so that the machine's two cores are not the measure
PATIENCE = 720.0  # one endpoint in ten takes minutes, as recorded
LIMIT = 1.35  # passes that end together wait for each other, to share the readings of their proofs


def account(name: str) -> str:
    return f"{ACCOUNTS}/{name}"


async def create(user: User, name: str) -> None:
    body = {"location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
    await user.put(account(name), body)


async def connected(user: User, names: list[str]) -> dict[str, Any]:
    """Wait until all are Connected, and return their states; what is missing after a while is left out."""
    end = time.monotonic() + PATIENCE
    found: dict[str, Any] = {}
    while len(found) < len(names) and time.monotonic() < end:
        rows = {row["resource_id"].lower(): row for row in await user.connections()}
        for name in names:
            row = rows.get(account(name).lower())
            if row and row["result"] == "Connected":
                found.setdefault(name, row)
        await asyncio.sleep(0.5)
    return found


async def ratios() -> list[float]:
    """Delivery of the event to Connected, over the long operations that had to be awaited in between."""
    async with Sandbox(speed=SPEED, seed=11) as box, User(box.endpoints) as user:
        await create(user, "first")
        await connected(user, ["first"])
        names = [f"account{n:02d}" for n in range(RESOURCES)]
        for name in names:
            await create(user, name)
            await asyncio.sleep(STAGGER)
        states = await connected(user, names)
        offset = time.time() - await user.now() / SPEED
        operations = (await user.control("operations"))["operations"]
        deliveries = (await user.control("events"))["deliveries"]
        first = {name: await _first_connected(user, name) for name in states}
        return [
            (_simulated(first[name], offset) - _delivered(deliveries, name))
            / critical(operations, state["paths"][0]["endpoint"])
            for name, state in states.items()
        ]


async def _first_connected(user: User, name: str) -> str:
    """When it was first Connected: some events come twice, and every pass has an outcome."""
    history = (await user.connection(account(name)))["history"]
    return str(min(entry["at"] for entry in history if entry["result"] == "Connected"))


def _simulated(moment: str, offset: float) -> float:
    return (datetime.fromisoformat(moment).timestamp() - offset) * SPEED


def _delivered(deliveries: list[Any], name: str) -> float:
    wanted = account(name).lower()
    return min(d["ended"] for d in deliveries if d["subject"].lower() == wanted and d["ended"] is not None)


async def burst() -> dict[str, int]:
    """A hundred accounts in one moment, two workers on the same queue, one rule for all the addresses."""
    async with Sandbox(speed=BURST_SPEED, workers=WORKERS, seed=7) as box, User(box.endpoints) as user:
        await _filter(user)
        names = [f"burst{n:03d}" for n in range(BURST)]
        await asyncio.gather(*(create(user, name) for name in names))
        states = await connected(user, names)
        resources = (await user.control("state"))["resources"]
        endpoints = [r for r in resources if r["type"].lower() == "microsoft.network/privateendpoints"]
        targets = {_target(endpoint) for endpoint in endpoints}
        operations = (await user.control("operations"))["operations"]
        return {
            "connected": len(states),
            "endpoints": len(endpoints),
            "targets": len(targets),
            "rule writes": sum(RULES in one["resource"].lower() for one in operations),
        }


async def _filter(user: User) -> None:
    """Give the endpoints' subnet a network security group."""
    await user.put(GROUP, {"location": "westeurope", "properties": {}})
    await user.settled(GROUP)
    subnet = {"addressPrefix": "10.0.1.0/24", "networkSecurityGroup": {"id": GROUP}}
    await user.put(SUBNET, {"properties": subnet})
    await user.settled(SUBNET)


def _target(endpoint: Any) -> str:
    connection = endpoint["properties"]["privateLinkServiceConnections"][0]
    return str(connection["properties"]["privateLinkServiceId"]).lower()


def report() -> bool:
    """Print the figures; True if they keep what is promised."""
    found = sorted(asyncio.run(ratios()))
    middle, ninth = statistics.median(found), found[int(len(found) * 0.9)]
    print(f"Simulated time from event to Connected over its long operations ({SPEED:g} simulated s per s)")
    print(f"  {len(found)} of {RESOURCES} connected: median {middle:.2f}, 90th percentile {ninth:.2f}")
    crowd = asyncio.run(burst())
    print(f"{BURST} storage accounts created at once, {WORKERS} workers, peering and rules ensured")
    print(f"  {', '.join(f'{name} {count}' for name, count in crowd.items())}")
    whole = all(crowd[name] == BURST for name in ("connected", "endpoints", "targets"))
    return len(found) == RESOURCES and middle <= LIMIT and whole
