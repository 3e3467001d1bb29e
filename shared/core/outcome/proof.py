"""The proof: checks on what Azure reports after the work, path by path.

"Succeeded" is no proof: a zone group whose zone has the wrong name succeeds without a record, a link may lag
behind its own provisioning state, and a pending endpoint is provisioned without being usable. What each check
rests on, and what it says without that, is in docs/architecture.md ("What the proof rests on").
"""

from collections.abc import Iterator
from dataclasses import dataclass

from shared.core.outcome.check import Check
from shared.core.outcome.endpoint_checks import endpoint_checks
from shared.core.outcome.name_checks import external_links, name_checks
from shared.core.outcome.network_checks import network_checks
from shared.core.outcome.path_state import PathState, state_of_path
from shared.core.outcome.route_report import route_report, through_hub
from shared.core.outcome.rule_checks import rule_checks
from shared.core.plan.desired import Desired
from shared.core.readings.observed import Observed
from shared.core.rules.next_hops import NextHop


@dataclass(frozen=True, slots=True)
class Proof:
    """All checks and the paths they were made on. `findings`: what fails no check and should be known.

    `routes`: the next hops of clients, where the policy asks for them.
    """

    checks: tuple[Check, ...]
    paths: tuple[PathState, ...]
    findings: tuple[str, ...] = ()
    routes: tuple[NextHop, ...] = ()

    @property
    def holds(self) -> bool:
        """No check fails, and some check holds."""
        return not self.failures and any(check.holds for check in self.checks)

    @property
    def complete(self) -> bool:
        """Every check holds: nothing is left that cannot be proven."""
        return self.holds and not self.unproven

    @property
    def failures(self) -> tuple[Check, ...]:
        return tuple(check for check in self.checks if check.holds is False)

    @property
    def unproven(self) -> tuple[Check, ...]:
        return tuple(check for check in self.checks if check.holds is None)


def prove(desired: Desired, observed: Observed) -> Proof:
    """Check every path against what was read last, for each placement with its own clients."""
    if not desired.placements:
        return _prove_one(desired, observed)
    parts = [_prove_one(part, observed) for part in desired.each]
    checks = (check for part in parts for check in part.checks)
    findings = (text for part in parts for text in part.findings)
    return Proof(
        tuple(dict.fromkeys((*checks, *_without_place(desired)))),
        tuple(path for part in parts for path in part.paths),
        tuple(dict.fromkeys(findings)),
        tuple(dict.fromkeys(hop for part in parts for hop in part.routes)),
    )


def _prove_one(desired: Desired, observed: Observed) -> Proof:
    states = tuple(state_of_path(path, observed) for path in desired.paths)
    by_rules, findings = rule_checks(desired, observed)
    routes = route_report(desired, observed)
    by_path = (
        (*endpoint_checks(path, state, desired, observed), *name_checks(path, state, desired, observed))
        for path, state in zip(desired.paths, states, strict=True)
    )
    checks = (
        *(check for path in by_path for check in path),
        *external_links(desired, observed),
        *network_checks(desired, observed),
        *through_hub(desired, routes, observed),
        *by_rules,
    )
    return Proof(checks, states, findings, routes)


def _without_place(desired: Desired) -> Iterator[Check]:
    """The placements that have no endpoint, and why."""
    for name, why in desired.unplaced.items():
        seen = f"placement {name}: {why.reason}"
        yield Check("placement has an endpoint", name, False, seen, why.code, why.remedy)
