"""`python -m tests.conformance [-v]`: prints the table; with -v every difference.

Exit code 1 below what is required.
"""

from __future__ import annotations

import asyncio
import sys

from tests.conformance import recordings
from tests.conformance.report import REQUIRED, run


def main() -> int:
    """Print and judge."""
    where = recordings.folder()
    if where is None:
        print("no recordings here: set CAUSEWAY_SHARED to the folder that holds data/arm")
        return 0
    report = asyncio.run(run(where))
    shown = report.disagreeing if "-v" in sys.argv[1:] else report.unexplained
    for one in shown:
        exchange = one.exchange
        print(f"{exchange.key}  {exchange.method} {exchange.path.split('/providers/')[-1]}")
        for problem in one.problems[:8]:
            print(f"    {problem[:300]}")
    print(report.table())
    for key in report.stale:
        print(f"stale exception: {key}")
    return 1 if report.unexplained or report.stale or report.share < REQUIRED else 0


if __name__ == "__main__":
    sys.exit(main())
