"""What a client did, and whether it was answered or refused as it should be."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

CREDENTIALS = re.compile(r"(Secret-\w+|--password \S+)")


@dataclass(frozen=True, slots=True)
class Step:
    """One operation. shows: what its answer has, None for anything. refused: what its refusal says."""

    run: str
    shows: Any = None
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a step: `problem` is empty when it went as it should."""

    operation: str
    problem: str = ""
    refusal: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """One client: its name with version, its outcomes, and the real seconds they took."""

    client: str
    outcomes: Sequence[Outcome]
    seconds: float = 0.0
    failed: Sequence[Outcome] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "failed", [one for one in self.outcomes if one.problem])

    @property
    def row(self) -> str:
        """A row of the table: client, operations, as Azure answers, as Azure refuses, not yet."""
        refusals = sum(one.refusal and not one.problem for one in self.outcomes)
        answered = len(self.outcomes) - refusals - len(self.failed)
        return f"| {self.client} | {len(self.outcomes)} | {answered} | {refusals} | {len(self.failed)} |"


def judge(step: Step, code: int, output: str, errors: str) -> Outcome:
    """Compare what a command answered with what its step expects. output: JSON, or nothing."""
    operation = CREDENTIALS.sub("...", step.run)
    if step.refused:
        return Outcome(operation, _not_refused(step.refused, code, errors), refusal=True)
    if code != 0:
        return Outcome(operation, f"exit code {code}: {errors.strip()[-400:]}")
    try:
        answer = json.loads(output) if output.strip() else None
    except ValueError:
        return Outcome(operation, f"no JSON: {output[:200]}")
    if step.shows is not None and not shows(answer, step.shows):
        return Outcome(operation, f"{json.dumps(step.shows)} is not in {json.dumps(answer)[:400]}")
    return Outcome(operation)


def _not_refused(wanted: str, code: int, errors: str) -> str:
    if code == 0:
        return f"it was not refused with {wanted}"
    return "" if wanted in errors else f"refused otherwise than by {wanted}: {errors.strip()[-400:]}"


def shows(answer: Any, wanted: Any) -> bool:
    """Whether an answer has all that is wanted: members of objects, entries of lists; `[]`: an empty list."""
    if isinstance(wanted, dict):
        known = isinstance(answer, dict)
        return known and all(name in answer and shows(answer[name], one) for name, one in wanted.items())
    if isinstance(wanted, list):
        if not isinstance(answer, list) or (not wanted and answer):
            return False
        return all(any(shows(one, it) for one in answer) for it in wanted)
    return bool(answer == wanted) and isinstance(answer, bool) == isinstance(wanted, bool)
