"""Run cases by hand: one, all of a kind, or everything.

    python -m tests.faults --scenario connect --fault lost-answer --at 17
    python -m tests.faults --scenario connect --fault delay
    python -m tests.faults --all

Kinds: `crash` (the process dies), `lost-answer` (the effect happens, the connection is reset, the storage
SDKs send it again), `cut` (the same for storage, and the repetition fails), `delay` (the answer comes after
90 seconds), `pause-before` and `pause-after` (the process does nothing for 75 seconds and longer, while users
and another process go on), `403`, `429` and `500` (a refusal).
"""

import argparse
import logging
import sys
import time
from concurrent.futures import ProcessPoolExecutor

from tests.faults.cases import Case, calls, cases, wrong
from tests.faults.gate import KINDS, Fault
from tests.faults.scenarios import SCENARIOS


def main(arguments: list[str]) -> int:
    """Run the cases that were asked for; 1 if anything is wrong after one of them."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults")
    parser.add_argument("--scenario", choices=[*SCENARIOS], action="append")
    parser.add_argument("--fault", choices=KINDS, action="append")
    parser.add_argument("--at", type=int, help="the number of the call, from 0")
    parser.add_argument("--all", action="store_true", help="every kind of fault at every call")
    parser.add_argument("--calls", action="store_true", help="list the calls of a scenario")
    asked = parser.parse_args(arguments)
    scenarios = asked.scenario or [*SCENARIOS]
    if asked.calls:
        for scenario in scenarios:
            print("\n".join(f"{scenario} {n:4} {call}" for n, call in enumerate(calls(scenario))))
        return 0
    if not (asked.fault or asked.all):
        parser.error("name a fault, or --all")
    chosen = [
        case
        for scenario in scenarios
        for kind in asked.fault or KINDS
        for case in (
            [Case(scenario, Fault(kind, asked.at))] if asked.at is not None else cases(scenario, kind)
        )
    ]
    began = time.perf_counter()
    failed = 0
    with ProcessPoolExecutor(initializer=logging.disable) as processes:  # not what they log of every fault
        for case, found in zip(chosen, processes.map(wrong, chosen, chunksize=10), strict=True):
            failed += _shown(case, found)
    print(f"{len(chosen)} cases in {time.perf_counter() - began:.0f} s, {failed} failed")
    return 1 if failed else 0


def _shown(case: Case, found: list[str]) -> bool:
    if found:
        assert case.fault is not None
        made = calls(case.scenario)
        name = made[case.fault.at] if case.fault.at < len(made) else "no call"
        print(f"{case.command}   # {name}", *(f"    {one}" for one in found), sep="\n")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
