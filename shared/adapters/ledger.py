"""The ledger: what is, what was, what we made, and who is at work on it.

Place in the data's way: the end of it, and the memory between two walks. `connections` has one row for
each target (partition: subscription, row: target key), `outcomes` the history (partition: target key, row:
inverted time, so that the newest comes first). Nothing is decided from what stands here but ownership.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import uuid
from collections.abc import Callable, Iterable
from typing import Any

from shared.adapters.clock import SystemClock
from shared.adapters.tables import Changed, Exists, Row, Table, Value, Values, joined, split
from shared.core.errors import TransientError
from shared.core.ids import GroupId, ResourceId, target_key
from shared.core.outcome import Outcome, Result

log = logging.getLogger("causeway.ledger")

LEASE_SECONDS = 60.0
RENEW_SECONDS = 20.0
RACES = 50  # re-reads after lost ETag races; each loss means that somebody else made progress
MAX_RECORD = 400_000  # characters of one outcome; an entity holds 1 MiB
FOREVER = 10**14  # milliseconds, past any date we write: inverted, later times sort first


class TableLedger:
    """A ledger in two tables. One per process; `owner` names this process in leases."""

    def __init__(self, connections: Table, outcomes: Table, clock: SystemClock) -> None:
        self._connections = connections
        self._outcomes = outcomes
        self._clock = clock

    async def claim(self, target: ResourceId) -> TableClaim | None:
        """Begin to work on a target. None: somebody else does, and was told to look again."""
        partition, key, owner = target.subscription.lower(), target_key(target), str(uuid.uuid4())
        for _ in range(RACES):
            row = await self._connections.get(partition, key)
            try:
                if row is None:
                    values = {"resource_id": target.text, **self.lease(owner), "dirty": 0}
                    return self._held(await self._connections.insert(partition, key, values), owner)
                if float(row.values.get("lease_until", 0.0)) > self._clock.time():
                    await self._connections.replace(row, {**row.values, "dirty": 1})
                    return None
                values = {**row.values, **self.lease(owner), "dirty": 0}
                return self._held(await self._connections.replace(row, values), owner)
            except (Exists, Changed):
                continue
        raise TransientError(f"the ledger's row of {target.name} is contended", code="LedgerContended")

    async def record(self, outcome: Outcome) -> None:
        """Record an outcome of work that never got as far as a claim."""
        await self.append(outcome)
        partition, key = outcome.target.subscription.lower(), target_key(outcome.target)
        await self._change(partition, key, outcome.target, lambda old: {**old, **present(old, outcome)})

    async def expect(self, target: ResourceId, reason: str) -> None:
        """Make a `Pending` row for a target that has none, so that a person can watch it from now on."""
        outcome = Outcome(target, Result.PENDING, self._clock.now(), code="Queued", reason=reason)
        values = {"resource_id": target.text, "dirty": 0, **present({}, outcome)}
        with contextlib.suppress(Exists):
            await self._connections.insert(target.subscription.lower(), target_key(target), values)

    async def get(self, key: str) -> dict[str, Any] | None:
        """One target's present state by its `target_key`."""
        async for row in self._connections.query({"RowKey": key}):
            return shown(row)
        return None

    async def history(self, key: str, limit: int = 50) -> list[dict[str, Any]]:
        """Past outcomes of one target, newest first."""
        found: list[dict[str, Any]] = []
        async for row in self._outcomes.query({"PartitionKey": key}):
            found.append(json.loads(joined("record", row.values)))
            if len(found) == limit:
                break
        return found

    async def connections(
        self, *, result: str | None = None, subscription: str | None = None
    ) -> list[dict[str, Any]]:
        """Present states, narrowed by result and subscription."""
        where: dict[str, Value] = {"PartitionKey": subscription.lower()} if subscription else {}
        where |= {"result": result} if result else {}
        return [shown(row) async for row in self._connections.query(where) if row.values.get("result")]

    async def targets(self, group: GroupId | None = None) -> list[ResourceId]:
        """Every target with a row, or those of one resource group."""
        where: dict[str, Value] = {"PartitionKey": group.subscription.lower()} if group else {}
        found = [
            ResourceId.parse(str(row.values["resource_id"])) async for row in self._connections.query(where)
        ]
        return [at for at in found if group is None or at.group == group]

    async def append(self, outcome: Outcome) -> None:
        """Add to the history. Two outcomes of one millisecond get two rows."""
        moment = FOREVER - int(outcome.at.timestamp() * 1000)
        record = json.dumps(_fitting(outcome.record()))
        key = f"{moment:015d}-{uuid.uuid4().hex[:8]}"
        await self._outcomes.insert(target_key(outcome.target), key, split("record", record))

    def lease(self, owner: str) -> dict[str, Value]:
        """The columns that say who works on a row, until when (seconds since 1970)."""
        return {"lease_owner": owner, "lease_until": self._clock.time() + LEASE_SECONDS}

    def _held(self, row: Row, owner: str) -> TableClaim:
        return TableClaim(self, self._connections, self._clock, row, owner)

    async def _change(
        self, partition: str, key: str, target: ResourceId, change: Callable[[Values], dict[str, Value]]
    ) -> None:
        for _ in range(RACES):
            row = await self._connections.get(partition, key)
            try:
                if row is None:
                    values = change({"resource_id": target.text, "dirty": 0})
                    await self._connections.insert(partition, key, values)
                else:
                    await self._connections.replace(row, change(row.values))
                return
            except (Exists, Changed):
                continue
        raise TransientError(f"the ledger's row of {target.name} is contended", code="LedgerContended")


class TableClaim:
    """The right to work on one target, renewed in the background until finished or abandoned."""

    def __init__(self, ledger: TableLedger, table: Table, clock: SystemClock, row: Row, owner: str) -> None:
        self._ledger = ledger
        self._table = table
        self._clock = clock
        self._row = row
        self._owner = owner
        self._writing = asyncio.Lock()
        self._renewal = asyncio.create_task(self._renew())

    @property
    def owned(self) -> tuple[ResourceId, ...]:
        return tuple(ResourceId.parse(text) for text in self._owned(self._row.values))

    @property
    def profile(self) -> str:
        return str(self._row.values.get("profile", ""))

    async def own(self, made: ResourceId) -> None:
        def noted(values: Values) -> dict[str, Value]:
            return self._owning(values, {**dict.fromkeys(self._owned(values)), made.text: None})

        if made not in self.owned:
            await self._write(noted)

    async def disown(self, gone: Iterable[ResourceId]) -> None:
        keys = {at.key for at in gone}

        def without(values: Values) -> dict[str, Value]:
            return self._owning(values, [text for text in self._owned(values) if text.lower() not in keys])

        await self._write(without)

    async def finish(self, outcome: Outcome | None) -> bool:
        await self._stop()
        if outcome is not None:
            await self._ledger.append(outcome)
        asked_again = False

        def settled(values: Values) -> dict[str, Value]:
            nonlocal asked_again
            asked_again = bool(values.get("dirty"))
            free = {**values, "lease_owner": "", "lease_until": 0.0, "dirty": 0}
            return {**free, **present(values, outcome)} if outcome else free

        await self._write(settled)
        if outcome is None and not self._row.values.get("result") and not self.owned:
            with contextlib.suppress(Changed):
                await self._table.delete(self._row)
        return asked_again

    async def abandon(self) -> None:
        await self._stop()
        with contextlib.suppress(LostClaim):
            await self._write(lambda values: {**values, "lease_owner": "", "lease_until": 0.0})

    def _owned(self, values: Values) -> list[str]:
        return list(json.loads(joined("owned", values) or "[]"))

    def _owning(self, values: Values, ids: Iterable[str]) -> dict[str, Value]:
        rest = {name: value for name, value in values.items() if not name.startswith("owned_")}
        return {**rest, **split("owned", json.dumps(list(ids)))}

    async def _write(self, change: Callable[[Values], dict[str, Value]]) -> None:
        """Write over the newest row as long as it is ours: a lost race is re-read and merged."""
        async with self._writing:
            for _ in range(RACES):
                try:
                    self._row = await self._table.replace(self._row, change(self._row.values))
                    return
                except Changed:
                    row = await self._table.get(self._row.partition, self._row.key)
                    if row is None or row.values.get("lease_owner") != self._owner:
                        raise LostClaim("another worker took the target over", code="LostClaim") from None
                    self._row = row
        raise TransientError("the ledger's row is contended", code="LedgerContended")

    async def _renew(self) -> None:
        while True:
            await self._clock.sleep(RENEW_SECONDS)
            try:
                await self._write(lambda values: {**values, **self._ledger.lease(self._owner)})
            except LostClaim:
                log.warning("claim lost", extra={"target": self._row.values.get("resource_id")})
                return

    async def _stop(self) -> None:
        self._renewal.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._renewal


class LostClaim(TransientError):  # noqa: N818
    """The claim expired while its worker could not renew it, and somebody else works on the target now."""


def present(old: Values, outcome: Outcome) -> dict[str, Value]:
    """The present state's columns. A record that shrank leaves no old parts behind."""
    record = outcome.record()
    emptied: dict[str, Value] = dict.fromkeys((name for name in old if name.startswith("record_")), "")
    return {
        **emptied,
        **split("record", json.dumps(_fitting(record))),
        "result": record["result"],
        "profile": record["profile"] or str(old.get("profile", "")),
    }


def shown(row: Row) -> dict[str, Any]:
    """A row as people see it."""
    record: dict[str, Any] = json.loads(joined("record", row.values) or "{}")
    owned = json.loads(joined("owned", row.values) or "[]")
    return {"key": row.key, **record, "owned": owned, "working": bool(row.values.get("lease_owner"))}


def _fitting(record: dict[str, Any]) -> dict[str, Any]:
    """The record, or what fits of it with a note of what was left out: an outcome is never lost for its size."""
    if len(json.dumps(record)) <= MAX_RECORD:
        return record
    left_out = {name: len(record[name]) for name in ("actions", "checks", "paths")}
    return {**record, "actions": [], "checks": [], "paths": [], "left_out": left_out}
