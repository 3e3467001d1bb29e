"""The ledger: present state and history of each target, what Causeway made for it, and its claim.

The table `connections` has one row for each target (partition: subscription, row: target key). `outcomes` has
the history (partition: target key, row: inverted time, so that the newest entry comes first). Only ownership
is decided from the ledger; everything else is read from Azure.
"""

import contextlib
import logging
import uuid
from collections.abc import Callable, Collection, Sequence

from shared.adapters.claims import RACES, TableClaim, contended, take
from shared.adapters.clock import Clock
from shared.adapters.lease_time import lasts
from shared.adapters.ledger_row import (
    QUEUED,
    Entry,
    adopting,
    announcing,
    is_over,
    lease_end,
    marking,
    owned_ids,
    past,
    present,
    published,
    record_of,
    state_of,
    target_of,
    unpublished_of,
    uses,
)
from shared.adapters.tables import Changed, Exists, Row, Table, Value, Values
from shared.core.base.bodies import Json, resource_id
from shared.core.base.errors import BlockedError
from shared.core.base.ids import GroupId, ResourceId, target_key
from shared.core.base.log_lines import line
from shared.core.base.page import Page
from shared.core.events.asked import Asked
from shared.core.outcome.connection import ConnectionState
from shared.core.outcome.connection_query import ConnectionQuery
from shared.core.outcome.outcome import Outcome, Result
from shared.ports import Bodies, Body

log = logging.getLogger("causeway.ledger")

NOTHING = Asked()
FOREVER = 10**16  # microseconds, in the year 2286: inverted, later times sort first


def _readable[T](row: Row, read: Callable[[Row], T | None]) -> T | None:
    """What a row of many says; None, and a line in the log, for one that cannot be read."""
    try:
        return read(row)
    except BlockedError as error:
        log.error(line("row left out", key=row.key, why=str(error)))
        return None


def _target(row: Row) -> ResourceId:
    return target_of(row.values)


def _unless_over(row: Row) -> ResourceId | None:
    return None if is_over(row.values) else target_of(row.values)


class TableLedger:
    """Implements `ports.Ledger` on two tables. One per process."""

    def __init__(self, connections: Table, outcomes: Table, clock: Clock, announces: bool = False) -> None:
        self._announces = announces
        self._connections = connections
        self._outcomes = outcomes
        self._clock = clock

    async def claim(self, target: ResourceId, asked: Asked = NOTHING) -> TableClaim | None:
        taken = await take(self._connections, target, asked)
        return taken and TableClaim(self._connections, self, self._clock, *taken)

    async def record(self, outcome: Outcome) -> None:
        await self.append(outcome)
        target = outcome.target
        partition, key = target.subscription.lower(), target_key(target)
        for _ in range(RACES):
            row = await self._connections.get(partition, key)
            old: Values = row.values if row else {"resource_id": target.text, "dirty": 0}
            with contextlib.suppress(Exists, Changed):
                if row is None:
                    await self._connections.insert(partition, key, self.shown(old, outcome))
                else:
                    await self._connections.replace(row, self.shown(old, outcome))
                return
        raise contended(target.name)

    def shown(self, old: Values, outcome: Outcome) -> dict[str, Value]:
        """The row after an outcome, with what is to be published."""
        row = present(old, outcome)
        return announcing(old, row, outcome) if self._announces else row

    async def unpublished(self) -> list[tuple[ResourceId, Sequence[Json]]]:
        def waiting(row: Row) -> tuple[ResourceId, Sequence[Json]]:
            return target_of(row.values), unpublished_of(row.values)

        rows = self._connections.query({"unpublished": 1})
        found = [_readable(row, waiting) async for row in rows]
        return [one for one in found if one]

    async def published(self, target: ResourceId, events: Collection[str]) -> None:
        for _ in range(RACES):
            row = await self._connections.get(target.subscription.lower(), target_key(target))
            if row is None:
                return
            with contextlib.suppress(Changed):
                await self._connections.replace(row, published(row.values, events))
                return
        raise contended(target.name)

    async def expect(self, target: ResourceId, reason: str, asked: Asked = NOTHING) -> None:
        outcome = Outcome(target, Result.PENDING, self._clock.now(), code=QUEUED, reason=reason)
        partition, key = target.subscription.lower(), target_key(target)
        for _ in range(RACES):
            row = await self._connections.get(partition, key)
            old: Values = row.values if row else {"resource_id": target.text}
            if old.get("result"):
                return
            with contextlib.suppress(Exists, Changed):
                queued = marking(present(old, outcome), asked)
                if row is None:
                    await self._connections.insert(partition, key, queued)
                else:  # its first pass is under way
                    await self._connections.replace(row, queued)
                return
        raise contended(target.name)

    async def get(self, key: str) -> ConnectionState | None:
        row = await self._row(key)
        return state_of(row) if row else None

    async def history(self, key: str, limit: int = 50) -> Bodies:
        found: list[Body] = []
        async for row in self._outcomes.query({"PartitionKey": key}):
            found.append(record_of(row.values))
            if len(found) == limit:
                break
        return found

    async def connections(self, query: ConnectionQuery) -> Page[ConnectionState]:
        where: dict[str, Value] = {"PartitionKey": query.subscription} if query.subscription else {}
        where |= {"result": query.result.value} if query.result else {}
        where |= {"code": query.outcome_code} if query.outcome_code else {}
        found = await self._connections.page(where, query.top, query.continuation)
        states = (_readable(row, state_of) for row in found.rows)
        return Page(tuple(state for state in states if state), found.continuation)

    async def targets(self, group: GroupId | None = None) -> list[ResourceId]:
        where: dict[str, Value] = {"PartitionKey": group.subscription.lower()} if group else {}
        rows = self._connections.query(where)
        found = [_readable(row, _unless_over) async for row in rows]
        return [at for at in found if at and (group is None or at.group == group)]

    async def with_code(self, code: str) -> list[ResourceId]:
        rows = self._connections.query({"code": code})
        return [at async for row in rows if (at := _readable(row, _target))]

    async def sharing(self, endpoints: Collection[ResourceId], names: Collection[str]) -> list[ResourceId]:
        keys = {at.key for at in endpoints}
        if not keys and not names:
            return []
        rows = self._connections.query({})
        wanted = frozenset(names)

        def sharer(row: Row) -> ResourceId | None:
            return target_of(row.values) if uses(row.values, keys, wanted) else None

        return [at async for row in rows if (at := _readable(row, sharer))]

    async def owned(self) -> frozenset[ResourceId]:
        rows = self._connections.query({})
        return frozenset([at async for row in rows for at in owned_ids(row.values)])

    async def adopt(self, target: ResourceId, found: Collection[ResourceId]) -> bool:
        for _ in range(RACES):
            row = await self._connections.get(target.subscription.lower(), target_key(target))
            if row is None or lasts(lease_end(row.values), self._connections.time()):
                return False
            with contextlib.suppress(Changed):
                await self._connections.replace(row, adopting(row.values, found))
                return True
        raise contended(target.name)

    async def append(self, entry: Entry) -> None:
        """Add to a target's history. Two entries of the same moment get two rows."""
        moment = FOREVER - int(entry.at.timestamp() * 1_000_000)
        key = f"{moment:016d}-{uuid.uuid4().hex[:8]}"
        with contextlib.suppress(Exists):  # our own row, whose response was lost: the key has a random part
            await self._outcomes.insert(target_key(entry.target), key, past(entry))

    async def _row(self, key: str) -> Row | None:
        """A target's row by its key alone. Its history names the subscription; without one, search all."""
        for record in await self.history(key, limit=1):
            at = resource_id(record.get("resource_id"))
            if at is not None:
                return await self._connections.get(at.subscription.lower(), key)
        async for row in self._connections.query({"RowKey": key}):
            return row
        return None
