"""What the command line costs: the CPU time until it answers, and an explanation among 2,000 rules.

`python -m benchmarks.cli`
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

from causeway.explanation import explained
from causeway.given import Given
from shared.core.base.ids import ResourceId
from shared.core.catalogue.catalogue import load
from shared.core.policy.policy import Policy, Rule
from shared.core.policy.selectors import Selector

ROOT = Path(__file__).parents[1]
RUNS = 9
RULES = 2_000
MOST_HELP, MOST_EXPLAIN = 150.0, 20.0  # milliseconds of CPU
ORDERS = (
    "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-app-1999"
    "/providers/Microsoft.Storage/storageAccounts/orders"
)


def report() -> bool:
    """Print milliseconds of CPU, medians; True if help and an explanation are within their bounds."""
    shown, checked = started("--help"), started("policy", "check", "connectivity.yaml")
    first, spent = explaining()
    print(f"Command line, CPU milliseconds, median of {RUNS}")
    print(f"  causeway --help, in a fresh process      {shown:6.0f}  (at most {MOST_HELP:.0f})")
    print(f"  causeway policy check, the same          {checked:6.0f}")
    print(f"  the first explanation among {RULES:,} rules {first:6.1f}")
    print(f"  each further one                         {spent:6.1f}  (at most {MOST_EXPLAIN:.0f})")
    return shown < MOST_HELP and spent < MOST_EXPLAIN


def started(*words: str) -> float:
    """CPU of a fresh process, children of it included."""
    samples = []
    for _ in range(RUNS):
        before = _children()
        subprocess.run([sys.executable, "-m", "causeway", *words], cwd=ROOT, capture_output=True, check=True)
        samples.append(_children() - before)
    return statistics.median(samples) * 1000


def explaining() -> tuple[float, float]:
    """CPU of the first explanation by a policy that was just read, which prepares its patterns, and of the
    second.
    """
    given = Given.of(
        ResourceId.parse(ORDERS), region="westeurope", sku="", tags={"team": "t-7"}, managed_by=""
    )
    first, second = [], []
    for _ in range(RUNS):
        policy = crowded()
        first.append(_explained(given, policy))
        second.append(_explained(given, policy))
    return statistics.median(first), statistics.median(second)


def _explained(given: Given, policy: Policy) -> float:
    began = time.process_time()
    found = explained(given, policy)
    spent = time.process_time() - began
    assert found.rule == f"rule {RULES - 1}", found.verdict
    return spent * 1000


def crowded() -> Policy:
    """2,000 rules of four kinds; the last one is the only one that matches."""
    base = Policy.parse((ROOT / "connectivity.yaml").read_text())
    quiet = base.opt_in.model_copy(update={"inherit": "none"})
    return base.model_copy(update={"rules": tuple(_rule(n) for n in range(RULES)), "opt_in": quiet})


def _rule(n: int) -> Rule:
    kinds: tuple[dict[str, object], ...] = (
        {"resource_group": f"rg-other-{n}"},
        {"resource_group": [f"rg-team-{n}-*", f"*-legacy-{n}"], "region": "westeurope"},
        {"tags": {"team": [f"team-{n}", f"old-{n}*"]}, "name": f"st{n}*"},
        {"resource_group": f"rg-app-{n}", "type": "Microsoft.Storage/*"},
    )
    match = Selector.model_validate(kinds[n % 4], context=load())
    return Rule(name=f"rule {n}", match=match, profile="default")


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    sys.exit(0 if report() else 1)
