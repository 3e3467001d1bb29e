"""What all workers together may create in an hour: one row for each name, counted by the service's clock."""

import asyncio
import contextlib
import hashlib
from collections import defaultdict

from shared.adapters import marks as text_of
from shared.adapters.tables import Changed, Exists, Row, Table, Values, joined, split
from shared.core.base.errors import TransientError
from shared.core.base.rate import Marks, Window

HOUR = 3600.0
RACES = 50  # re-reads after a lost ETag race; each one means that another worker took something
_PARTITION = "budget"


class TableBudgets:
    """Implements `ports.Budgets` on one table. One per process."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._local: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def take(self, name: str, amount: int, limit: int) -> float:
        async with self._local[name]:  # the passes of one process do not race each other for the row
            for _ in range(RACES):
                with contextlib.suppress(Exists, Changed):
                    return await self._once(name, amount, Window(limit, HOUR))
        raise TransientError(f"too many workers write the budget of {name}", code="LedgerContended")

    async def _once(self, name: str, amount: int, limit: Window) -> float:
        """Raises Exists or Changed where another worker was first."""
        key = hashlib.sha256(name.encode()).hexdigest()
        row = await self._table.get(_PARTITION, key)
        now = self._table.time()
        marks, readable = text_of.read(joined("marks", row.values), limit, now) if row else ((), True)
        wait = limit.wait(marks, amount, now)
        if wait == 0:
            await self._write(row, key, _values(name, limit.taken(marks, amount, now)))
        elif not readable:
            await self._write(row, key, _values(name, marks))
        return wait

    async def _write(self, row: Row | None, key: str, values: Values) -> None:
        if row is None:
            await self._table.insert(_PARTITION, key, values)
        else:
            await self._table.replace(row, values)


def _values(name: str, marks: Marks) -> Values:
    return {"name": name, **split("marks", text_of.written(marks))}
