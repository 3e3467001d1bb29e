"""Sweeps in one table: their reports, the deletes of their work items, and which items still wait.

Partitions: `report` (newest first), `deletes` (one row for each sweep, counted by all workers), `waiting`
(one row for each target with an item in the queue).
"""

import contextlib
from datetime import datetime

from shared.adapters.tables import Changed, Exists, Row, Table, Values, joined, split
from shared.core.base.errors import TransientError
from shared.core.base.ids import ResourceId, target_key
from shared.core.outcome.sweep_report import SweepReport

FOREVER = 10**16  # microseconds, in the year 2286: inverted, later times sort first
RACES = 50  # re-reads after a lost ETag race
LAST_REPORTS = 10  # read for the newest one that is readable
BELIEVED = 86_400.0  # seconds after which an item that was not taken counts as lost
_REPORT, _DELETES, _WAITING = "report", "deletes", "waiting"


class TableSweeps:
    """Implements `ports.Sweeps`. One per process."""

    def __init__(self, table: Table) -> None:
        self._table = table

    async def record(self, report: SweepReport) -> None:
        key = f"{FOREVER - int(report.began * 1_000_000):016d}-{report.id}"
        await self._put(_REPORT, key, split("report", report.text()))

    async def latest(self) -> SweepReport | None:
        page = await self._table.page({"PartitionKey": _REPORT}, LAST_REPORTS)
        found = (SweepReport.parse(joined("report", row.values)) for row in page.rows)
        return next(filter(None, found), None)

    async def delete(self, sweep: str, amount: int, limit: int) -> bool:
        for _ in range(RACES):
            row = await self._table.get(_DELETES, sweep)
            before = row.values.get("deletes") if row else 0
            if (
                not isinstance(before, int) or before + amount > limit
            ):  # unknown is not none: a person decides
                return False
            with contextlib.suppress(Exists, Changed):
                await self._write(row, _DELETES, sweep, {"deletes": before + amount})
                return True
        raise TransientError("too many workers count the deletes of one sweep", code="LedgerContended")

    async def waits(self, target: ResourceId, until: datetime) -> None:
        values: Values = {"resource_id": target.text, "until": until.timestamp()}
        await self._put(_WAITING, target_key(target), values)

    async def arrived(self, target: ResourceId) -> None:
        row = await self._table.get(_WAITING, target_key(target))
        if row is not None:
            with contextlib.suppress(Changed):  # another item of the target was sent meanwhile
                await self._table.delete(row)

    async def waiting(self) -> frozenset[str]:
        rows = [row async for row in self._table.query({"PartitionKey": _WAITING})]
        lost = self._table.time() - BELIEVED if rows else 0.0
        return frozenset(row.key for row in rows if _until(row) > lost)

    async def _put(self, partition: str, key: str, values: Values) -> None:
        """Write the row whatever it was: the last writer is right."""
        for _ in range(RACES):
            row = await self._table.get(partition, key)
            with contextlib.suppress(Exists, Changed):
                await self._write(row, partition, key, values)
                return
        raise TransientError("too many workers write one row of the sweeps", code="LedgerContended")

    async def _write(self, row: Row | None, partition: str, key: str, values: Values) -> None:
        if row is None:
            await self._table.insert(partition, key, values)
        else:
            await self._table.replace(row, values)


def _until(row: Row) -> float:
    """0, long ago, where another program wrote something else: the item is then sent again."""
    found = row.values.get("until")
    return found if isinstance(found, int | float) else 0.0
