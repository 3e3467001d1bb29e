"""All recordings, their verdicts and the exceptions: the figures that the suite stands for."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from sandbox.azure.front.routing import route
from tests.conformance import recordings
from tests.conformance.replay import Replay, Result, Verdict

EXCEPTIONS = Path(__file__).with_name("exceptions.yaml")
# Share that has to agree, exceptions not counted as agreeing, by folder.
REQUIRED = {"arm": 0.95, "arm-2": 0.95}


@dataclass(slots=True)
class Report:
    """Results of every file, and the reasons for exchanges that do not agree."""

    results: list[Result]
    exceptions: dict[str, str]
    required: float = 0.95

    @property
    def verdicts(self) -> list[Verdict]:
        """Every covered exchange."""
        return [one for result in self.results for one in result.verdicts]

    @property
    def disagreeing(self) -> list[Verdict]:
        """Those that do not agree, whether or not a reason is known."""
        return [one for one in self.verdicts if one.problems]

    @property
    def unexplained(self) -> list[Verdict]:
        """Those that do not agree and have no exception."""
        return [one for one in self.disagreeing if one.exchange.key not in self.exceptions]

    @property
    def stale(self) -> list[str]:
        """Exceptions that no exchange needs."""
        needed = {one.exchange.key for one in self.disagreeing}
        here = {result.file for result in self.results}
        return [key for key in self.exceptions if key.split("#")[0] in here and key not in needed]

    @property
    def share(self) -> float:
        """Agreeing of covered; exceptions do not count as agreeing."""
        return 1 - len(self.disagreeing) / len(self.verdicts) if self.verdicts else 0.0

    @property
    def explained(self) -> float:
        """Those that agree or have an exception with its reason, of covered."""
        return 1 - len(self.unexplained) / len(self.verdicts) if self.verdicts else 0.0

    @property
    def satisfied(self) -> bool:
        """Whether the folder is as it has to be."""
        return not self.unexplained and not self.stale and self.share >= self.required

    def causes(self) -> Counter[str]:
        """What differs without a reason, by method and type: in how many exchanges."""
        return Counter(
            cause
            for one in self.unexplained
            for cause in {f"{_about(one)}: {_cause(problem)}" for problem in one.problems}
        )

    @property
    def uncovered(self) -> Counter[str]:
        """Exchanges of types that are not simulated, by type."""
        return sum((result.uncovered for result in self.results), Counter())

    def table(self) -> str:
        """One line a file, then what is not covered, then the sum."""
        lines = []
        for result in self.results:
            good = sum(not one.problems for one in result.verdicts)
            total, skipped = len(result.verdicts), sum(result.uncovered.values())
            share = f"{good / total:7.1%}" if total else "      -"
            lines.append(f"{result.file:<56}{good:>4} of {total:>4} {share}   not covered {skipped:>3}")
        lines.append("")
        lines += [f"not covered: {count:>4}  {name}" for name, count in self.uncovered.most_common()]
        return "\n".join(lines)

    def figures(self) -> str:
        """The folder in one line."""
        good = len(self.verdicts) - len(self.disagreeing)
        return (
            f"{good} of {len(self.verdicts)} agree ({self.share:.1%}); with exceptions {self.explained:.1%}; "
            f"{len(self.disagreeing)} differ, {len(self.unexplained)} of them without a reason; "
            f"{self.uncovered.total()} not covered"
        )


def _about(verdict: Verdict) -> str:
    """Method and type of an exchange."""
    exchange = verdict.exchange
    found = route(exchange.method, exchange.path)
    return f"{exchange.method} {found.type_name or found.kind}"


def _cause(problem: str) -> str:
    """A difference without the values and positions that only this exchange has."""
    return re.sub(r"\[\d+\]", "[]", problem.split(" (")[0].split(": '")[0])[:80]


def load_exceptions(path: Path = EXCEPTIONS) -> dict[str, str]:
    """`{reason: [file#seq, ..]}` turned round. Raises ValueError for an exchange that is listed twice."""
    found: dict[str, str] = {}
    content: dict[str, list[Any]] = yaml.safe_load(path.read_text()) or {}
    for reason, keys in content.items():
        for key in keys:
            if str(key) in found:
                raise ValueError(f"{key} is listed twice")
            found[str(key)] = reason
    return found


async def run(where: Path) -> Report:
    """Replay every file."""
    results = []
    for file in recordings.files(where):
        exchanges = recordings.load(file)
        if exchanges:
            results.append(await Replay(exchanges).run())
    return Report(results, load_exceptions(), REQUIRED.get(where.name, 0.0))
