"""What is wrong with a policy, one finding at a time."""

from __future__ import annotations

from dataclasses import dataclass

from shared.core.base.errors import PolicyError
from shared.core.policy.policy import Policy

FAULT, WARNING = "fault", "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault or warning. `line` and `column` count from 1; 0: it is not known where."""

    level: str
    path: str
    value: str
    problem: str
    remedy: str
    line: int = 0
    column: int = 0


def findings(text: str) -> list[Finding]:
    """All that is wrong with a policy's text."""
    try:
        Policy.parse(text)
    except PolicyError as wrong:
        return [Finding(FAULT, one.path, one.value, one.problem, one.remedy) for one in wrong.faults]
    return []
