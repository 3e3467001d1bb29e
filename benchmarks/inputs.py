"""What the longest inputs cost to read, and what the ledger and the locks cost a pass in requests.

CPU time, not wall time: the figures are comparable on a busy machine. `python -m benchmarks.inputs`
"""

import contextlib
import json
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from shared.core.base.errors import InputError, PolicyError
from shared.core.catalogue.catalogue import load
from shared.core.events.notification import read
from shared.core.events.work_item import WorkItem
from shared.core.policy.policy import Policy
from tests.builders.memory import MemoryTable
from tests.builders.world import World, play

SIZE = 64 * 1024  # what a queue message of Azure Storage, and an event of Event Grid, can have at most
# Milliseconds of CPU for what others send: passes and renewals of claims wait for so long. The policy is the
# operator's own and read once, when a process starts.
LIMIT = 100.0
ACCOUNT = (
    "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers/"
    "Microsoft.Storage/storageAccounts/orders"
)
EVENT = {
    "id": "e",
    "subject": ACCOUNT,
    "eventType": "Microsoft.Resources.ResourceWriteSuccess",
    "data": {"operationName": "Microsoft.Storage/storageAccounts/write"},
}
TABLES = ("connections", "outcomes", "leases")


def report() -> bool:
    """Print the milliseconds of the longest parse, and the table calls of a pass; the first is a claim."""
    spent = {name: max(cpu(act) for _ in range(3)) for name, act in inputs().items()}
    print(f"reading {SIZE // 1024} KB, CPU milliseconds, the worst of three:")
    for name, one in spent.items():
        print(f"  {name:40} {one:8.1f}")
    holds = max(one for name, one in spent.items() if not name.startswith("policy")) < LIMIT
    print(f"no event or work item takes {LIMIT:.0f} ms:", "yes" if holds else "NO")
    for what, counted in fencing().items():
        calls = ", ".join(f"{count} {name}" for name, count in sorted(counted.items()))
        print(f"table calls of a pass that {what}: {sum(counted.values())} ({calls})")
    return holds


def inputs() -> dict[str, Callable[[], object]]:
    """Inputs of this size, each of a shape that a careless reader is slow with."""
    types = load().types

    def event(**more: Any) -> Callable[[], object]:
        payload = json.dumps({**EVENT, **more})
        return lambda: read(payload, types)

    def item(text: str) -> Callable[[], object]:
        return lambda: WorkItem.parse(text)

    def policy(text: str) -> Callable[[], object]:
        return lambda: Policy.parse(text)

    slashes = "a/" * (SIZE // 2)
    return {
        "event, an operation of slashes": event(data={"operationName": slashes}),
        "event, a subject of slashes": event(subject=slashes),
        "event, many fields": event(**{f"f{n}": n for n in range(SIZE // 14)}),
        "event, nested lists": lambda: read("[" * SIZE, types),
        "events, as many as fit": lambda: read(json.dumps([EVENT] * (SIZE // 260)), types),
        "work item, nested lists": item("[" * SIZE),
        "work item, one number": item("9" * SIZE),
        "policy, one number": policy("version: " + "9" * SIZE),
        "policy, brackets": policy("[" * SIZE),
        "policy, merge keys": policy(merge_keys()),
    }


def merge_keys() -> str:
    """Merge keys of merge keys, each twelve times."""
    lines = [f"a{n + 1}: &a{n + 1} {{{', '.join(f'<<: *a{n}' for _ in range(12))}}}\n" for n in range(400)]
    return ("a: &a0 {k: v}\n" + "".join(lines))[:SIZE]


def cpu(act: Callable[[], object]) -> float:
    """Milliseconds of CPU."""
    began = time.process_time()
    with contextlib.suppress(InputError, PolicyError):
        act()
    return (time.process_time() - began) * 1000


def fencing() -> dict[str, Counter[str]]:
    """The table calls of a first connection and of a check, for claim, record and locks."""
    found: dict[str, Counter[str]] = {}

    async def story() -> None:
        world = World()
        at = await world.create_account()
        counted = Counter[str]()
        for name in TABLES:
            world.tables[name] = Counted(name, counted)
        world.flow = world.worker()
        for what in ("connects", "checks"):
            counted.clear()
            await world.flow.worker.work(WorkItem(at, "event", "bench"))
            found[what] = Counter(counted)

    play(story)
    return found


class Counted(MemoryTable):
    """A table that counts the requests to it."""

    def __init__(self, name: str, counted: Counter[str]) -> None:
        super().__init__()
        self._name = name
        self._counted = counted

    def __getattribute__(self, name: str) -> Any:
        if name in ("get", "insert", "replace", "delete", "query"):
            self._counted[f"{self._name}.{name}"] += 1
        return super().__getattribute__(name)


if __name__ == "__main__":
    raise SystemExit(not report())
