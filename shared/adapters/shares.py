"""Request limits that all processes share: one row for each limit, from which a process reserves in blocks.

A process asks once a second while it has to wait, so the table sees few requests. If the table cannot be
used, a process goes on with a part of the limit that leaves enough for others.
"""

import asyncio
import contextlib
import hashlib
import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from shared.adapters import marks as text_of
from shared.adapters.tables import Changed, Exists, Row, Table
from shared.core.base.errors import CausewayError, TransientError
from shared.core.base.log_lines import line
from shared.core.base.rate import Bucket, Limit, Marks, Window

log = logging.getLogger("causeway.limits")

RACES = 20  # re-reads after a lost ETag race
PATIENCE = 5.0  # seconds for the table; requests to Azure wait meanwhile
ALONE = 0.1  # part of a limit that a process uses without the table: ten of them stay within it
_PARTITION = "requests"


@dataclass(frozen=True, slots=True)
class Granted:
    """So much may be sent now; `wait`: seconds until there is more. `left`: in the whole limit."""

    amount: int
    wait: float
    left: float


class Shares(Protocol):
    """Grants parts of limits."""

    async def reserve(self, name: str, limit: Limit, amount: int) -> Granted:
        """Reserve up to this amount. Never raises an error of the core."""

    async def left(self, limits: Mapping[str, Limit]) -> dict[str, float]:
        """What is left of these limits now."""


class LocalShares:
    """Shares of a process that is alone."""

    def __init__(self) -> None:
        self._marks: dict[str, Marks] = {}

    async def reserve(self, name: str, limit: Limit, amount: int) -> Granted:
        granted, marks = _granted(limit, self._marks.get(name, ()), amount, _now())
        self._marks[name] = marks
        return granted

    async def left(self, limits: Mapping[str, Limit]) -> dict[str, float]:
        return {name: limit.left(self._marks.get(name, ()), _now()) for name, limit in limits.items()}


class TableShares:
    """Implements `Shares` on one table. One per process."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._alone = LocalShares()

    async def reserve(self, name: str, limit: Limit, amount: int) -> Granted:
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._shared(name, limit, amount)
        except (CausewayError, TimeoutError) as error:
            log.warning(line("request limit not shared", limit=name, why=str(error) or "no answer in time"))
            return await self._alone.reserve(name, _part(limit), amount)

    async def _shared(self, name: str, limit: Limit, amount: int) -> Granted:
        for _ in range(RACES):
            row = await self._table.get(_PARTITION, _key(name))
            now = self._table.time()
            before, readable = _marks(row, limit, now)
            granted, marks = _granted(limit, before, amount, now)
            if readable and not granted.amount:
                return granted
            values = {"name": name, "marks": text_of.written(marks)}
            with contextlib.suppress(Exists, Changed):
                if row is None:
                    await self._table.insert(_PARTITION, _key(name), values)
                else:
                    await self._table.replace(row, values)
                return granted
        raise TransientError("too many processes reserve from one limit", code="LedgerContended")

    async def left(self, limits: Mapping[str, Limit]) -> dict[str, float]:
        found = {row.values.get("name"): row async for row in self._table.query({"PartitionKey": _PARTITION})}
        now = self._table.time() if found else 0.0
        return {
            name: limit.left(_marks(found.get(name), limit, now)[0], now) for name, limit in limits.items()
        }


def _granted(limit: Limit, marks: Marks, amount: int, now: float) -> tuple[Granted, Marks]:
    given = max(0, min(amount, math.floor(limit.left(marks, now) + 1e-9)))
    after = limit.taken(marks, float(given), now) if given else marks
    return Granted(given, limit.wait(after, 1.0, now), limit.left(after, now)), after


def _part(limit: Limit) -> Limit:
    match limit:
        case Bucket():
            return Bucket(max(1.0, limit.size * ALONE), limit.refill * ALONE)
        case Window():
            return replace(limit, most=max(1.0, limit.most * ALONE))
        case _:
            return limit


def _key(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def _marks(row: Row | None, limit: Limit, now: float) -> tuple[Marks, bool]:
    return text_of.read(row.values.get("marks"), limit, now) if row else ((), True)


def _now() -> float:
    return asyncio.get_running_loop().time()
