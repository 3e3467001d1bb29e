"""Whether a resource costs more requests the more networks are clients: a hub with 1, 50 and 200 spokes.

The spokes are those that the hub is peered with; they ask the hub's private resolver, and rules let them in.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.builders.dns_servers import ADDRESS, make_resolver
from tests.builders.security_rules import filter_endpoints
from tests.builders.spokes import a_hub_with
from tests.builders.world import ZONES, World, play

SPOKES = (1, 50, 200)
PAGE = 100  # members of one page of a list, in the sandbox
DNS = {"mode": "manage", "zones_resource_group": ZONES.split("/providers")[0], "link": "hubs"}


@dataclass(frozen=True, slots=True)
class Cost:
    """Requests of one resource where so many spokes are clients. `pages`: what one list of them takes."""

    spokes: int
    first: int
    again: int
    connected: bool

    @property
    def pages(self) -> int:
        return self.spokes // PAGE + 1


def measure(spokes: int) -> Cost:
    """One more resource, and one more pass for it, after a first one that made what resources share."""
    found: list[Cost] = []

    async def story() -> None:
        world = await _estate(spokes)
        await world.reconcile(await world.create_account("first"))
        at = await world.create_account("second")
        first = await world.reconcile(at)
        await world.sleep(300)
        again = await world.reconcile(at, "drift")
        results = {first["result"], again["result"]}
        found.append(Cost(spokes, first["requests"], again["requests"], results == {"Connected"}))

    play(story)
    return found[0]


async def _estate(spokes: int) -> World:
    nsg = {"mode": "ensure", "priorities": [1000, 1009]}
    world = await a_hub_with(spokes, servers=(ADDRESS,), dns=DNS, nsg=nsg)
    await filter_endpoints(world)
    await make_resolver(world)
    return world


def report() -> bool:
    """Print the figures; True if only the pages of shared lists grow with the spokes."""
    costs = [measure(count) for count in SPOKES]
    print("ARM requests of one more resource by the number of spokes that are its clients")
    for one in costs:
        state = "connected" if one.connected else "not connected"
        print(f"  {one.spokes} spokes: first {one.first}, checked again {one.again}, {state}")
    return all(_grows_by_pages(costs[0], one) for one in costs) and all(one.connected for one in costs)


def _grows_by_pages(least: Cost, one: Cost) -> bool:
    """A pass reads a list three times at most: before and after its writes, and where they took effect."""
    more = one.pages * 3
    return one.first <= least.first + more and one.again <= least.again + more
