"""The parts of a demo of a running sandbox: waiting until its results are final, printing and checking them.

A chapter acts, waits until nothing is left to do, and checks the results. That does not depend on the
speed of the machine: nothing changes any more before the next act, and a result that is still missing will
never come. So a fault is reported long before LIMIT.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from sandbox.activity import Activity
from sandbox.user import Refused, User

IN_SYNC = "Connected FullyInSync"
LIMIT = 600.0  # real seconds for a whole story, many times what a loaded machine needs
PAUSE = 0.2  # real seconds between two reads
NAMES = "NAME, AS CLIENTS RESOLVE IT"
HEADER = ("RESOURCE", "PROFILE", "ENDPOINT", "GROUP", "ADDRESS", NAMES, "RESULT", "SIM S", "REQ")
COLUMNS = (9, 7, 30, 9, 10, 43, 9, 5, 3)


class Story:
    """One run. `failures` are the failed checks, in words; `waiting` is what is missing at the moment.

    clients: ids of the networks from which every Connected resource must be reachable. The app's timers must
    not run by themselves meanwhile.
    """

    def __init__(self, user: User, activity: Activity, clients: Sequence[str]) -> None:
        self.user = user
        self.activity = activity
        self.clients = clients
        self.failures: list[str] = []
        self.waiting = ""

    async def run(self, *chapters: Callable[[], Awaitable[None]], limit: float = LIMIT) -> None:
        """Run the chapters up to the first that fails, for `limit` real seconds at most."""
        try:
            async with asyncio.timeout(limit) as whole:
                await self._run(chapters)
        except Refused as refused:
            self.failures.append(f"refused: {refused}")
        except TimeoutError:
            if not whole.expired():
                raise
            self.failures.append(f"not within {limit:g} s: {self.waiting}")

    async def _run(self, chapters: Sequence[Callable[[], Awaitable[None]]]) -> None:
        for chapter in chapters:
            self.waiting = f"chapter {chapter.__name__} has not ended"
            await chapter()
            if self.failures:  # the next chapters build on this one
                return

    def check(self, holds: bool, otherwise: str) -> None:
        """Record a failure unless it holds."""
        if not holds:
            self.failures.append(otherwise)

    async def connected(self) -> list[Any]:
        """The states of all Connected resources."""
        return [state for state in await self.user.connections() if state["result"] == "Connected"]

    async def paths(self, at: str) -> list[Any]:
        """The endpoints of a Connected resource, with their addresses and names."""
        return list((await self.user.connection(at))["paths"])

    async def stamps(self, *targets: str) -> dict[str, str]:
        """When each got its last outcome."""
        return {at: (await self.user.connection(at))["at"] for at in targets}

    async def until(self, wanted: dict[str, str], newer: dict[str, str] | None = None) -> None:
        """Print each resource as it reaches its result, until nothing is left to do; then all must have it.

        newer: the last outcomes from before the act, which do not count.
        """
        started, shown = await self.user.now(), set[str]()
        while True:
            left = await self.activity.left()  # before the results are read: if it is empty, they are final
            states = {at: await self.user.connection(at) or {} for at in wanted}
            missing = {at: lacking(at, states[at], wanted[at], (newer or {}).get(at, "")) for at in wanted}
            for at in (at for at in wanted if not missing[at] and at not in shown):
                shown.add(at)
                await self.show(at, states[at], await self.user.now() - started)
            faults = [text for text in missing.values() if text]
            if not left:
                self.failures += faults
                return
            self.waiting = "; ".join([*faults, left])
            await asyncio.sleep(PAUSE)

    async def show(self, at: str, state: dict[str, Any], seconds: float) -> None:
        """Print a state, a row for each name, after so many simulated seconds; every client resolves it."""
        name, spent = last(at), f"{seconds:.0f}"
        if state["result"] != "Connected":
            row(name, state["profile"], "", "", "", state["code"], state["result"], spent, state["requests"])
        for path in state["paths"] if state["result"] == "Connected" else []:
            for address in path["addresses"]:
                for public in address["fqdns"]:
                    found = [await self.user.resolve(network, public) for network in self.clients]
                    resolved = all(answer == address["ip"] for answer in found)
                    self.check(resolved, f"{public} resolves to {found}, not to {address['ip']}")
                    endpoint, shown = last(path["endpoint"]), f"{public} -> {found[0] or '?'}"
                    cells = (name, state["profile"], endpoint, path["group"], address["ip"], shown)
                    row(*cells, state["result"], spent, state["requests"])

    async def half(self, local: str, remote: str) -> Any:
        """The peering of one network with another, as `local` lists it; None if there is none."""
        for one in (await self.user.get(local))["properties"]["virtualNetworkPeerings"]:
            if one["properties"]["remoteVirtualNetwork"]["id"].lower() == remote.lower():
                return one
        return None

    async def peered(self, network: str, hub: str) -> None:
        """Print how far both halves of a peering are; both must be Connected and in sync."""
        halves = [await self.half(network, hub), await self.half(hub, network)]
        states = [peering_state(half) for half in halves]
        say(f"   {last(network)} <-> {last(hub)}: {' and '.join(states)}")
        in_sync = states == [IN_SYNC, IN_SYNC]
        self.check(in_sync, f"{last(network)} and {last(hub)} are not peered: {states}")

    async def reach(self, network: str) -> list[str]:
        """Every name of a Connected resource, tried from a client network; what is reached."""
        reached: list[str] = []
        for state in await self.connected():
            for path in state["paths"]:
                port = {"sqlServer": 1433, "file": 445}.get(path["group"], 443)
                for name in (name for address in path["addresses"] for name in address["fqdns"]):
                    found = await self.user.reach(f"{network}/subnets/clients", name, port)
                    if found["reachable"]:
                        reached.append(f"{name.partition('.')[0]} {path['group']}:{port}")
                    else:
                        why = f"{found['hop']}, {found['why']}"
                        self.failures.append(f"{last(network)} does not reach {name}:{port}: {why}")
        return reached


def lacking(at: str, state: dict[str, Any], result: str, before: str) -> str:
    """Why a state is not yet the wanted `result`, newer than the outcome of `before`; empty if it is."""
    if state.get("result") != result:
        return f"{last(at)} is {state.get('result')} and not {result}: {state.get('reason')}"
    return "" if state["at"] > before else f"{last(at)} has no newer outcome than before the act"


def peering_state(half: Any) -> str:
    """How far one half of a peering is."""
    if half is None:
        return "no peering"
    return f"{half['properties']['peeringState']} {half['properties']['peeringSyncLevel']}"


def last(at: str) -> str:
    """The name at the end of an id."""
    return at.rsplit("/", 1)[1]


def say(text: str) -> None:
    print(text, flush=True)


def row(*cells: object) -> None:
    """Print one row of the table, one cell for each of COLUMNS."""
    say("   " + "  ".join(f"{cell!s:<{width}}" for cell, width in zip(cells, COLUMNS, strict=True)).rstrip())
