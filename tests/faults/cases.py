"""One case: a scenario with one fault, and what is wrong afterwards."""

import asyncio
import functools
import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from sandbox.azure.kernel.clock import VirtualLoop
from tests.builders.world import World, ports
from tests.faults.delivery import Process, Queues, drain
from tests.faults.ending import (
    End,
    History,
    bystanders,
    differences,
    end_of,
    own_objects,
    states,
    unannounced,
    unfinished,
    unowned,
)
from tests.faults.gate import CRASH, CUT, LOST, PAUSES, Fault, Gate, GatedAzure, GatedQueue, GatedTable
from tests.faults.scenarios import AT, NEIGHBOUR, REMOVED, SCENARIOS, Act, Scenario, start

SETTLE = 1200.0  # seconds in which Azure ends what was begun


@dataclass(frozen=True, slots=True)
class Case:
    """A scenario, and the call that a fault hits. Without a fault: how the scenario ends by itself."""

    scenario: str
    fault: Fault | None = None

    @property
    def command(self) -> str:
        """What runs this case alone."""
        assert self.fault is not None
        chosen = f"--scenario {self.scenario} --fault {self.fault.kind} --at {self.fault.at}"
        return f"python -m tests.faults {chosen}"


@dataclass(frozen=True, slots=True)
class Ran:
    """The calls of the process that the fault hit, how it ended, and what broke a promise on the way."""

    calls: tuple[str, ...]
    end: End
    wrong: tuple[str, ...]


def run(case: Case) -> Ran:
    """Run a case on a loop of its own."""
    random.seed(0)  # the jitter of waits
    return start(SCENARIOS[case.scenario].connected).play(lambda world: _Run(case, world).ran())


def wrong(case: Case) -> list[str]:
    """What is wrong after the fault; empty if nothing is."""
    try:
        found = run(case)
    except Exception as error:  # noqa: BLE001 - what a case raises is its result
        return [f"{type(error).__name__}: {error}"]
    paused = case.fault is not None and case.fault.kind in PAUSES
    if paused:  # users were faster than the app, or slower: what is shared may exist or not
        differing = differences(own_objects(expected_end(case.scenario, paused)), own_objects(found.end))
    else:
        differing = differences(expected_end(case.scenario, paused), found.end)
    return [*found.wrong, *differing]


@functools.cache
def calls(scenario: str) -> tuple[str, ...]:
    """The outgoing calls of the scenario without a fault, in their order."""
    return run(Case(scenario)).calls


def cases(scenario: str, kind: str, *, every: bool = True) -> list[Case]:
    """One case for each call that a fault of this kind can hit. For ARM a cut is a lost answer.

    Without `every`, those of them that can find something (`_telling`).
    """
    numbered = [n for n, call in enumerate(calls(scenario)) if kind != CUT or not call.startswith("arm")]
    chosen = numbered if every else _telling(numbered, scenario, kind)
    return [Case(scenario, Fault(kind, n)) for n in chosen]


def _telling(numbered: list[int], scenario: str, kind: str) -> list[int]:
    """The calls that a fault can hit with a result of its own.

    Of those that only count requests for the limits of Azure one in ten: what a fault leaves behind there is
    a count, and what else is as behind the call before. A crash behind a read leaves what one behind the next
    read leaves: of reads in a row the last counts. A table's read whose answer is lost is only sent again.
    """
    made = calls(scenario)
    counting = [n for n in numbered if made[n].startswith("table limits")]
    left_out = set(counting) - set(counting[::10])
    if kind == CRASH:
        left_out |= {n for n in numbered[:-1] if _reads(made[n]) and _reads(made[n + 1])}
    if kind == LOST:
        left_out |= {n for n in numbered if made[n].startswith("table") and _reads(made[n])}
    return [n for n in numbered if n not in left_out]


def _reads(call: str) -> bool:
    return call.startswith("arm GET") or call.endswith((" get", " page", " query"))


@functools.cache
def expected_end(scenario: str, paused: bool) -> End:
    """How the scenario ends without a fault; `paused`: where users go on while the process does nothing."""
    found = run(Case(scenario, Fault("afterwards", -1)) if paused else Case(scenario))
    assert not found.wrong, found.wrong
    return found.end


class _Run:
    """A world at the scenario's start, and the processes of the app in it."""

    def __init__(self, case: Case, world: World) -> None:
        self._case = case
        self._scenario: Scenario = SCENARIOS[case.scenario]
        self._world = world
        self._known = states(world)
        self._history = History(world)
        self._history.rows.update(world.tables["outcomes"].rows)
        world.tables["outcomes"] = self._history
        self._queues = Queues(frozenset({NEIGHBOUR.lower()}))

    async def ran(self) -> Ran:
        world, before = self._world, bystanders(self._world)
        gate = Gate(self._case.fault, self._meanwhile)
        process = self._process(gate)
        await self._scenario.act(world, self._queues)
        process = await drain(self._queues, process, self._process)
        calls_made = tuple(gate.calls)
        if self._case.fault is not None and self._case.fault.at < 0:
            await self._act_and_drain(self._scenario.afterwards)
        process = self._process() if gate.died.is_set() else process
        self._queues.put("tick", "")
        await drain(self._queues, process, self._process)
        await world.sleep(SETTLE)
        world.azure.world.settle()
        found = [*unowned(world), *unfinished(world), *self._history.lies]
        found += unannounced(world, self._known)
        found += [f"poisoned: {one.text}" for one in self._queues.poisoned]
        found += [f"not touched by Causeway: {one}" for one in differences(before, bystanders(world))]
        found += self._result()
        return Ran(calls_made, end_of(world), tuple(found))

    def _process(self, gate: Gate | None = None) -> Process:
        """Another process of the app over the same Azure, tables and queues."""
        passed = gate or Gate()
        tables = {name: GatedTable(name, table, passed) for name, table in self._world.tables.items()}
        azure, queue = GatedAzure(self._world.azure, passed), GatedQueue(self._queues, passed)
        gated = ports(azure, tables, queue, announces=True)
        return Process(self._world.worker(gated), passed)

    def _meanwhile(self, now: float) -> float:
        """Users and another process go on from this moment, on a loop of their own; when they are done.

        The message that the paused process handles is invisible meanwhile.
        """

        def others() -> float:
            with asyncio.Runner(loop_factory=VirtualLoop) as runner:
                loop = runner.get_loop()
                loop.pass_over(now)  # type: ignore[attr-defined]
                runner.run(self._act_and_drain(self._scenario.afterwards, hidden=True))
                return loop.time()

        with ThreadPoolExecutor(1) as pool:
            return pool.submit(others).result()

    async def _act_and_drain(self, act: Act, *, hidden: bool = False) -> None:
        await asyncio.sleep(65.0 if hidden else 0.0)  # the paused process's claim has ended
        queues = Queues(self._queues.left_out) if hidden else self._queues
        await act(self._world, queues)
        await drain(queues, self._process(), self._process)

    def _result(self) -> list[str]:
        paused = self._case.fault is not None and self._case.fault.kind in (*PAUSES, "afterwards")
        expected = self._scenario.then if paused else self._scenario.result
        rows = self._world.tables["connections"].rows.values()
        found = [
            row.values.get("result") for row in rows if str(row.values["resource_id"]).lower() == AT.lower()
        ]
        nothing = paused and expected == REMOVED and found == []  # it was opted out before anything was made
        return [] if nothing or found == [expected] else [f"it ended {found}, not {expected}"]
