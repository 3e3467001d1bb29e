"""A table and a queue in memory that behave as the real ones: ETags, conditional writes, key order."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

from shared.adapters.tables import Changed, Exists, Row, Rows, Values, check, position, written


class MemoryTable:
    """Implements `shared.adapters.tables.Table`."""

    def __init__(self) -> None:
        self.ahead = 0.0  # seconds that a test adds to the service's clock
        self.rows: dict[tuple[str, str], Row] = {}
        self._etags = itertools.count(1)

    def copied(self) -> MemoryTable:
        """Another table with the same rows."""
        other = MemoryTable()
        other.rows.update(self.rows)
        other._etags = itertools.count(len(self.rows) + 10**6)
        return other

    def time(self) -> float:
        return asyncio.get_running_loop().time() + self.ahead

    async def get(self, partition: str, key: str) -> Row | None:
        return self.rows.get((partition, key))

    async def insert(self, partition: str, key: str, values: Values) -> Row:
        check(partition, key, values)
        if (partition, key) in self.rows:
            raise Exists
        return self._put(partition, key, values)

    async def replace(self, row: Row, values: Values) -> Row:
        check(row.partition, row.key, values)
        self._unchanged(row)
        return self._put(row.partition, row.key, values)

    async def delete(self, row: Row) -> None:
        if (row.partition, row.key) in self.rows:
            self._unchanged(row)
            del self.rows[row.partition, row.key]

    async def query(self, where: Values) -> AsyncIterator[Row]:
        for key in sorted(self.rows):
            row = self.rows.get(key)
            if row is None:
                continue
            seen = {**row.values, "PartitionKey": row.partition, "RowKey": row.key}
            if all(seen.get(name) == value for name, value in where.items()):
                yield row

    async def page(self, where: Values, size: int, continuation: str | None = None) -> Rows:
        start = position(continuation) if continuation else ("", "")
        found = [row async for row in self.query(where) if (row.partition, row.key) >= start]
        after = found[size] if len(found) > size else None
        return Rows(tuple(found[:size]), written((after.partition, after.key)) if after else None)

    def _unchanged(self, row: Row) -> None:
        known = self.rows.get((row.partition, row.key))
        if known is None or known.etag != row.etag:
            raise Changed

    def _put(self, partition: str, key: str, values: Values) -> Row:
        row = Row(partition, key, dict(values), str(next(self._etags)))
        self.rows[partition, key] = row
        return row


class MemoryQueue:
    """Implements the flow's `WorkQueue`: what was sent, in order, with its delay."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, timedelta]] = []
        self.first: datetime | None = None  # when the oldest message was sent, as a test says

    async def oldest(self) -> datetime | None:
        return self.first

    async def send(self, item: str, *, delay: timedelta = timedelta()) -> None:
        self.sent.append((item, delay))
