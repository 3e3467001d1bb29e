"""A fault at outgoing calls: afterwards all is as without it (`cases.py`, `ending.py`).

Here at each seventh call, so that the suite stays short; `.ci/run` takes every call, as does
`python -m tests.faults --fault crash --fault lost-answer --fault cut`. The other kinds of fault are run by
hand: `python -m tests.faults --all`. A failure names the command that repeats it.
"""

import logging
from collections.abc import Iterator

import pytest

from tests.faults.cases import Case, calls, cases, run, wrong
from tests.faults.gate import CRASH, CUT, LOST, Fault
from tests.faults.scenarios import SCENARIOS

EACH = 7  # one case of so many
PARTS = 2  # of a kind's cases, for as many processes as run the tests

# What every scenario needs at least, by the beginning of a call's name. Fewer: calls go round the gate.
LEAST = {
    "connect": {"queue": 1, "table connections": 12, "table outcomes": 1, "table leases": 12, "arm PUT": 6},
    "placements": {
        "queue": 1,
        "table connections": 16,
        "table outcomes": 1,
        "table leases": 16,
        "arm PUT": 12,
    },
    "connect-own": {"queue": 1, "table connections": 12, "table leases": 12, "arm PUT": 7},
    "repair": {"queue": 1, "table connections": 8, "table outcomes": 1, "table sweeps": 6, "arm PUT": 2},
    "opt-out": {"queue": 1, "table connections": 7, "table outcomes": 2, "arm DELETE": 1, "arm PUT": 1},
    "delete": {"queue": 1, "table connections": 7, "table outcomes": 2, "arm DELETE": 1, "arm PUT": 1},
    "profile-change": {"table connections": 14, "table outcomes": 2, "arm PUT": 5, "arm DELETE": 1},
}


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Each fault is logged, by the app and by asyncio for the tasks of a process that died."""
    logging.disable()
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_call_of_a_scenario_passes_the_gate(scenario: str) -> None:
    made = calls(scenario)
    counted = {name: sum(call.startswith(name) for call in made) for name in LEAST[scenario]}
    assert {name: count for name, count in counted.items() if count < LEAST[scenario][name]} == {}
    assert sum(call.startswith("arm GET") for call in made) >= 5


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_scenario_has_the_same_calls_in_every_run(scenario: str) -> None:
    def named(found: tuple[str, ...]) -> list[str]:
        return [call.partition(".nic.")[0] for call in found]  # the interface has a random name

    assert named(run(Case(scenario)).calls) == named(calls(scenario))


@pytest.mark.timeout(600)  # some forty cases in a row, each of a fifth of a second on an idle machine
@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("kind", [CRASH, LOST, CUT])
def test_after_a_fault_at_any_call_all_is_as_without_it(kind: str, part: int) -> None:
    every = [case for scenario in SCENARIOS for case in cases(scenario, kind, every=False)]
    chosen = every[::EACH][part::PARTS]
    assert len(chosen) >= 10
    failed = {case.command: found for case in chosen if (found := wrong(case))}
    assert failed == {}


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("kind", ["pause-before", "pause-after", "delay", "403", "429", "500"])
def test_the_other_faults_do_no_harm_at_the_first_write(kind: str, scenario: str) -> None:
    first = next(n for n, call in enumerate(calls(scenario)) if call.startswith(("arm PUT", "arm DELETE")))
    case = Case(scenario, Fault(kind, first))
    assert {case.command: wrong(case)} == {case.command: []}
