"""Whether a resource costs more requests under a company's policy than under a small one, on the same estate.

The estate is the sandbox's scenario `enterprise`, without its Azure Policy. The small policy says the same of
the pilot's resources by ids: no management groups, rules, sets of networks, names or tags.
"""

from __future__ import annotations

import asyncio
import json
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import yaml

from sandbox.azure import scenario
from shared.core.events.work_item import WorkItem
from shared.core.policy.policy import Policy
from tests.builders import estate
from tests.builders.world import World, play

RESOURCES = 30
HOME = (
    "/subscriptions/00000000-0000-0000-0000-000000000101/resourceGroups/rg-orders-prod"
    "/providers/Microsoft.Storage/storageAccounts"
)
SAME = ("subnets", "fallback_region", "peering", "public_access", "may_lose_access", "routes")
WORSE = 1.02  # claimed: no more requests for a resource than so many times the small policy's


@dataclass(frozen=True, slots=True)
class Cost:
    """Requests of one resource: `first`, median of the first pass; `again`, mean of a check. `swept`: those
    of a whole sweep beside its checks: lists of subscriptions and groups.
    """

    first: float
    again: float
    swept: int
    connected: int


def small() -> Policy:
    """The pilot's profile by ids alone."""
    document = yaml.safe_load(estate.POLICY.read_text())
    prod, hubs = document["profiles"]["prod"], document["networks"]["hubs"]
    spokes = [body["id"] for body in _scenario()["resources"] if _is_client(body["id"])]
    dns = {name: prod["dns"][name] for name in ("mode", "zones_resource_group", "create_zones", "servers")}
    dns = {**dns, "link": hubs, "servers": dict.fromkeys(dns["servers"], hubs[0])}
    kept = {name: prod[name] for name in SAME}
    nsg = {"mode": "ensure", "priorities": prod["nsg"]["priorities"]}
    subscriptions = [one["id"] for one in _scenario()["subscriptions"]]
    always = {"always": ["Microsoft.Storage/storageAccounts"]}
    default = {**kept, "clients": [*spokes, "10.200.0.0/16"], "dns": dns, "nsg": nsg}
    small = {"version": 1, "subscriptions": subscriptions, "opt_in": always}
    return Policy.parse(json.dumps({**small, "profiles": {"default": default}}))


def _is_client(at: str) -> bool:
    names = ("vnet-shop-we", "vnet-data-ne", "vnet-erp-we")
    return at.rpartition("/virtualNetworks/")[2] in names


def _scenario() -> dict[str, Any]:
    found: dict[str, Any] = scenario.load(estate.SCENARIO)
    return {name: part for name, part in found.items() if name != "policies"}


def measure(policy: Policy) -> Cost:
    """Thirty of the pilot's accounts at once, one more pass for each, and a sweep."""
    found: list[Cost] = []

    async def story() -> None:
        world = World(policy, begins=_scenario())
        targets = [await _account(world, f"bench{number:02d}") for number in range(RESOURCES + 1)]
        await world.reconcile(targets.pop())
        first = await _spent(world, targets)
        again = await _spent(world, targets)
        world.sent()
        await world.flow.sweeper.sweep()
        swept = len(world.sent())
        states = [await world.state(at) for at in targets]
        connected = sum(state["result"] == "Connected" for state in states)
        found.append(Cost(statistics.median(first), statistics.mean(again), swept, connected))

    play(story)
    return found[0]


async def _account(world: World, name: str) -> str:
    body = {"location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}, "tags": {}}
    await world.send("PUT", f"{HOME}/{name}", body)
    await asyncio.sleep(120)
    return f"{HOME}/{name}"


async def _spent(world: World, targets: list[str]) -> list[int]:
    await asyncio.gather(*(world.flow.worker.work(WorkItem(at, "event", "bench")) for at in targets))
    return [(await world.state(at))["requests"] for at in targets]


def report() -> bool:
    """Print the figures; True if the company's policy costs no more."""
    policies: dict[str, Callable[[], Policy]] = {"small": small, "company's": lambda: estate.policy("apply")}
    costs = {name: measure(policy()) for name, policy in policies.items()}
    print(f"ARM requests of a resource on one estate under two policies ({RESOURCES} at once)")
    for name, one in costs.items():
        figures = f"first {one.first:g}, checked again {one.again:.2f}, a sweep's lists {one.swept}"
        print(f"  {name}: {figures}; connected {one.connected} of {RESOURCES}")
    few, many = costs["small"], costs["company's"]
    every = ((many.first, few.first), (many.again, few.again))
    return all(more <= WORSE * less for more, less in every) and few.connected == many.connected == RESOURCES


if __name__ == "__main__":
    report()
