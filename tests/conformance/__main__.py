"""`python -m tests.conformance [-v]`: prints a table for each folder of recordings; with -v every difference.

Exit code 1 below what is required.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from tests.conformance import recordings
from tests.conformance.report import Report, run


def main() -> int:
    """Print and judge every folder; the figures come last, one line a folder."""
    where = recordings.folders()
    if not where:
        print("no recordings here: set CAUSEWAY_SHARED to the folder that holds data/arm")
        return 0
    reports = [(folder, asyncio.run(run(folder))) for folder in where]
    for folder, report in reports:
        _show(folder, report)
    for folder, report in reports:
        print(f"{folder.name}: {report.figures()}")
    return 0 if all(report.satisfied for _, report in reports) else 1


def _show(folder: Path, report: Report) -> None:
    """The differences, the table, and what differs most often."""
    for one in report.disagreeing if "-v" in sys.argv[1:] else report.unexplained:
        exchange = one.exchange
        print(f"{exchange.key}  {exchange.method} {exchange.path.split('/providers/')[-1]}")
        for problem in one.problems[:8]:
            print(f"    {problem[:300]}")
    print(f"\n{folder.name}\n{report.table()}\n")
    for cause, count in report.causes().most_common(20):
        print(f"without a reason: {count:>4}  {cause}")
    for key in report.stale:
        print(f"stale exception: {key}")


if __name__ == "__main__":
    sys.exit(main())
