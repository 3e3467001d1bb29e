"""The right to work on one target, as columns of its row in the ledger.

The row has the owner of the claim and when it expires, by the clock of the storage service. Another worker
that gets work for a claimed target marks the row for another pass.

A claim is renewed in the background. Its worker stops in time by the clock of its own process: a pass whose
claim is lost, or was not renewed, is cancelled before another worker can take the target, and sends no write.
"""

import asyncio
import contextlib
import logging
import math
import uuid
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Protocol

from shared.adapters.clock import Clock
from shared.adapters.lease_time import LEASE_SECONDS, MARGIN_SECONDS, RENEW_SECONDS, lasts, loop_time
from shared.adapters.ledger_row import (
    Entry,
    addresses_of,
    asked_of,
    closed_of,
    closing,
    custom_of,
    customising,
    guids_by_id,
    identifying,
    is_empty,
    is_marked,
    lease_end,
    marking,
    noting,
    owned_ids,
    owned_of,
    owning,
    refusals_of,
    refusing,
    served,
    serving,
    unidentified,
    unpublished_of,
    without,
)
from shared.adapters.tables import Changed, Exists, Row, Table, Value, Values
from shared.core.base.bodies import Json
from shared.core.base.errors import CausewayError, LostClaim, TransientError
from shared.core.base.fence import fenced
from shared.core.base.ids import ResourceId, target_key
from shared.core.base.log_lines import line
from shared.core.events.asked import Asked
from shared.core.kinds.public_access import PreviousAccess
from shared.core.outcome.drift import CODE as DRIFTED
from shared.core.outcome.outcome import Outcome, Result
from shared.core.plan.deletion_record import Deletion, DeletionRecord
from shared.core.plan.refusals import Refusals

log = logging.getLogger("causeway.ledger")

RACES = 50  # re-reads after a lost ETag race; each one means that another worker made progress

type Change = Callable[[Values], dict[str, Value]]


class History(Protocol):
    """Where the history of a target is kept, and what a row says after an outcome."""

    def shown(self, old: Values, outcome: Outcome) -> dict[str, Value]:
        """The row after an outcome."""

    async def append(self, entry: Entry) -> None:
        """Add to a target's history."""


def contended(what: str) -> TransientError:
    """The error after too many lost races for one row."""
    return TransientError(f"too many workers write the ledger's row of {what}", code="LedgerContended")


async def take(table: Table, target: ResourceId, asked: Asked) -> tuple[Row, str, float] | None:
    """Claim the target: its row, the owner's name, and when that began by the time of the event loop.

    None: another worker has it, and the row is marked.

    The claim serves what is asked now, what marked the row, and what a worker served that did not finish. The
    mark has what is asked, so that the next pass does it.
    """
    partition, key, owner = target.subscription.lower(), target_key(target), uuid.uuid4().hex
    for _ in range(RACES):
        row, since = await table.get(partition, key), loop_time()
        try:
            if row is None:
                fresh = serving({"resource_id": target.text, "dirty": 0}, asked)
                return await table.insert(partition, key, {**fresh, **lease(table, owner)}), owner, since
            if row.values.get("lease_owner") == owner:  # our write, whose response was lost
                return await table.replace(row, {**row.values, **lease(table, owner)}), owner, since
            if not lasts(lease_end(row.values), table.time()):
                taken = {**serving(row.values, asked), **lease(table, owner)}
                return await table.replace(row, taken), owner, since
            marked = marking(row.values, asked)
            if marked != row.values:  # a hundred events for one busy target are one write
                await table.replace(row, marked)
        except (Exists, Changed):
            continue
        return None
    raise contended(target.name)


def lease(table: Table, owner: str) -> dict[str, Value]:
    """The columns of a claim: the owner and the end (seconds since 1970 by the service's clock)."""
    return {"lease_owner": owner, "lease_until": table.time() + LEASE_SECONDS}


class TableClaim:
    """Implements `ports.Claim` on one row."""

    def __init__(
        self, table: Table, history: History, clock: Clock, row: Row, owner: str, since: float
    ) -> None:
        self._table = table
        self._history = history
        self._clock = clock
        self._row = row
        self._owner = owner
        self.asked = asked_of(row.values)
        self._since = since
        self._alarm: asyncio.Timeout | None = None
        self._writing = asyncio.Lock()
        self._renewal = asyncio.create_task(self._renew())

    @asynccontextmanager
    async def held(self) -> AsyncIterator[None]:
        """What runs inside has the claim: it is cancelled, and its writes are refused, once the claim ends.

        Raises LostClaim then.
        """
        try:
            async with asyncio.timeout_at(self._until) as self._alarm:
                with fenced(self._check):
                    yield
        except TimeoutError:
            if self._alarm is None or not self._alarm.expired():
                raise
            raise self._ended() from None
        finally:
            self._alarm = None

    @property
    def _until(self) -> float:
        """When the worker has to stop, by the time of the event loop."""
        return self._since + LEASE_SECONDS - MARGIN_SECONDS

    def _check(self) -> None:
        """Raise LostClaim once the claim has ended by the worker's own clock."""
        if loop_time() >= self._until:
            raise self._ended()

    def _ended(self) -> LostClaim:
        return LostClaim(f"the claim of {self._target} has ended", code="LostClaim")

    def _lasts_until(self, moment: float) -> None:
        """The claim was renewed, or is lost: its end moves, and so does the moment of cancellation."""
        self._since = moment
        if self._alarm is not None and not self._alarm.expired():
            self._alarm.reschedule(self._until)

    @property
    def owned(self) -> tuple[ResourceId, ...]:
        return owned_ids(self._row.values)

    @property
    def guids(self) -> Mapping[ResourceId, frozenset[str]]:
        return guids_by_id(self._row.values)

    @property
    def connected(self) -> bool:
        return self._row.values.get("result") == Result.CONNECTED or self.reported == DRIFTED

    @property
    def profile(self) -> str:
        return str(self._row.values.get("profile", ""))

    @property
    def rule(self) -> str:
        return str(self._row.values.get("rule", ""))

    @property
    def reported(self) -> str:
        return "" if is_empty(self._row.values) else str(self._row.values.get("code", ""))

    @property
    def addresses(self) -> tuple[str, ...]:
        return tuple(addresses_of(self._row.values))

    @property
    def closed(self) -> PreviousAccess | None:
        return closed_of(self._row.values)

    @property
    def refusals(self) -> Refusals:
        return refusals_of(self._row.values)

    async def refuse(self, refusals: Refusals) -> None:
        if refusals != self.refusals:
            await self._write(lambda row: refusing(row, refusals))

    @property
    def custom(self) -> Mapping[ResourceId, Json]:
        return custom_of(self._row.values)

    async def customise(self, bodies: Mapping[ResourceId, Json]) -> None:
        if bodies != self.custom:
            await self._write(lambda row: customising(row, bodies))

    async def elsewhere(self, addresses: Iterable[str]) -> Mapping[str, frozenset[ResourceId]]:
        asked, found = frozenset(addresses), defaultdict[str, frozenset[ResourceId]](frozenset)
        async for row in self._table.query({}):
            if row.key != self._row.key and (shared := asked.intersection(addresses_of(row.values))):
                owned = frozenset(owned_ids(row.values))
                found |= {address: found[address] | owned for address in shared}
        return found

    async def begin(self, profile: str, rule: str = "") -> None:
        if (self.profile, self.rule) != (profile, rule):
            await self._write(lambda row: {**row, "profile": profile, "rule": rule})

    async def own(self, made: ResourceId, addresses: Iterable[str] = (), guid: str | None = None) -> None:
        new = [one for one in addresses if one not in self.addresses]
        if made in self.owned and not new and (guid is None or guid in self.guids.get(made, ())):
            await self.confirm()
            return

        def change(row: Values) -> dict[str, Value]:
            owned = owning(row, [*without(owned_of(row), [made]), made.text])
            noted = noting(owned, dict.fromkeys((*addresses_of(row), *new)))  # once, if it is sent again
            return noted if guid is None else identifying(noted, made, guid)

        await self._write(change)

    async def confirm(self) -> None:
        """Renew a claim whose end may have passed. Raises LostClaim if another worker has the target."""
        if loop_time() >= self._until:
            await self._extend()

    async def closing(self, was: PreviousAccess | None) -> None:
        await self._write(lambda row: closing(row, was))

    async def remember(self, deletions: tuple[Deletion, ...]) -> None:
        """Write the row first: a worker that lost its claim must not delete what another one keeps."""
        await self._extend()
        target = ResourceId.parse(self._target)
        await self._history.append(DeletionRecord(target, self._clock.now(), self.profile, deletions))

    async def disown(self, gone: Iterable[ResourceId], addresses: Iterable[str] = ()) -> None:
        ids, out = tuple(gone), frozenset(addresses)

        def change(row: Values) -> dict[str, Value]:
            left = unidentified(owning(row, without(owned_of(row), ids)), ids)
            return noting(left, [one for one in addresses_of(row) if one not in out])

        await self._write(change)

    @property
    def unpublished(self) -> Sequence[Json]:
        return unpublished_of(self._row.values)

    async def finish(self, outcome: Outcome | None) -> bool:
        await self._stop()
        await self.confirm()  # the history is for outcomes of passes that had the claim
        if outcome is not None:
            await self._history.append(outcome)  # first, so that a row never shows what history lacks

        def ended(row: Values) -> dict[str, Value]:
            return self._free(served(self._history.shown(row, outcome) if outcome else row))

        await self._write(ended)
        marked = is_marked(self._row.values)
        if outcome is None and not marked and is_empty(self._row.values) and not self.owned:
            with contextlib.suppress(Changed):  # another worker claims it: then the row stays
                await self._table.delete(self._row)
        return marked

    async def abandon(self) -> None:
        """Release without an outcome. A row that cannot be written now is free when the claim expires."""
        await self._stop()
        try:
            await self._write(self._free)
        except CausewayError as error:
            log.warning(line("claim not released", target=self._target, why=str(error)))

    def _free(self, row: Values) -> dict[str, Value]:
        """The row without a claim. It says whose the last one was, for a release whose response is lost."""
        return {**row, "lease_owner": "", "lease_until": 0.0, "released_by": self._owner}

    @property
    def _target(self) -> str:
        return str(self._row.values.get("resource_id", ""))

    async def _write(self, change: Change) -> None:
        """Change the newest row while the claim is ours: after a lost race, re-read and change again."""
        async with self._writing:
            for _ in range(RACES):
                try:
                    self._row = await self._table.replace(self._row, change(self._row.values))
                    return
                except Changed:
                    self._row = await self._reread()
                    if not self._row.values.get("lease_owner"):
                        return  # released by us, and the response was lost
        raise contended(self._target)

    async def _reread(self) -> Row:
        """The row of a claim that is ours, or was until we released it. Raises LostClaim for any other."""
        row = await self._table.get(self._row.partition, self._row.key)
        if row is not None and row.values.get("lease_owner") == self._owner:
            return row
        if row is not None and (row.values.get("lease_owner"), row.values.get("released_by")) == (
            "",
            self._owner,
        ):
            return row
        self._lasts_until(-math.inf)
        raise LostClaim("another worker has taken the target", code="LostClaim")

    async def _renew(self) -> None:
        while True:
            await self._clock.sleep(RENEW_SECONDS)
            try:
                await self._extend()
            except LostClaim:
                log.warning(line("claim lost", target=self._target))
                return
            except CausewayError as error:  # the claim lasts for two more attempts
                log.warning(line("claim not renewed", target=self._target, why=str(error)))

    async def _extend(self) -> None:
        since = loop_time()
        await self._write(lambda row: {**row, **lease(self._table, self._owner)})
        self._lasts_until(since)

    async def _stop(self) -> None:
        self._renewal.cancel()
        await asyncio.wait([self._renewal])
