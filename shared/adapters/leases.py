"""Named locks across all workers, as table rows that expire.

They protect writes to objects that many targets share. Whether a lock has expired is judged by the clock of
the storage service. A holder stops in time by the clock of its own process: what runs under a lock that it
could not renew is cancelled before another worker can take the lock.

In this process an asyncio lock comes before each row, so that twenty passes do not compete for one row over
the network: one of them asks for all.
"""

import asyncio
import contextlib
import hashlib
import itertools
import logging
import math
import random
import uuid
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from shared.adapters.clock import Clock
from shared.adapters.lease_time import LEASE_SECONDS, MARGIN_SECONDS, RENEW_SECONDS, lasts, loop_time
from shared.adapters.tables import Changed, Exists, Row, Table, Value
from shared.core.base.backoff import Backoff
from shared.core.base.errors import CausewayError, LostClaim, TransientError
from shared.core.base.fence import fenced
from shared.core.base.log_lines import line

log = logging.getLogger("causeway.leases")

PATIENCE = 300.0  # seconds for all the locks of one call; a link takes one minute, two at most (LRO-12)
BACKOFF = Backoff(first=0.05, growth=1.3, longest=1.0)  # between two reads of another worker's row
_PARTITION = "lease"


class TableLeases:
    """Implements `ports.Leases` on one table. One per process."""

    def __init__(self, table: Table, clock: Clock, patience: float = PATIENCE) -> None:
        self._table = table
        self._clock = clock
        self._patience = patience
        self._local: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    @asynccontextmanager
    async def hold(self, *names: str, deadline: float = math.inf) -> AsyncIterator[None]:
        """Hold all of these locks. They are taken in one fixed order.

        `deadline`: a moment of the clock's `monotonic`, at which the wait for them ends in any case. Raises
        TransientError if that takes too long, or when a lock is lost: what runs inside is then cancelled,
        because another worker may write the same object.
        """
        left = max(0.0, deadline - self._clock.monotonic())
        async with AsyncExitStack() as held:
            try:
                async with asyncio.timeout(min(self._patience, left)):
                    for name in sorted(set(names)):
                        await held.enter_async_context(self._in_process(name))
                        await held.enter_async_context(self._across_processes(name))
            except TimeoutError:
                raise TransientError(
                    f"other workers hold the lock on {' or '.join(names)}", code="LockHeld"
                ) from None
            yield

    @asynccontextmanager
    async def _in_process(self, name: str) -> AsyncIterator[None]:
        async with self._local[name]:
            yield

    @asynccontextmanager
    async def _across_processes(self, name: str) -> AsyncIterator[None]:
        held = await self._take(name)
        try:
            async with asyncio.timeout_at(held.until) as alarm:
                renewal = asyncio.create_task(self._renew(held, alarm))
                try:
                    with fenced(held.check):
                        yield
                finally:
                    renewal.cancel()
                    await asyncio.wait([renewal])
        except TimeoutError:
            if not alarm.expired():
                raise
            how = "lost to another worker" if held.taken else "not renewed in time"
            raise TransientError(f"the lock on {name} was {how}", code="LockLost") from None
        finally:
            await self._release(held)

    async def _take(self, name: str) -> "_Held":
        key, owner = hashlib.sha256(name.encode()).hexdigest(), uuid.uuid4().hex
        for attempt in itertools.count():
            row, since = await self._table.get(_PARTITION, key), loop_time()
            values: dict[str, Value] = {"name": name, "owner": owner, "until": self._expiry()}
            with contextlib.suppress(Exists, Changed):
                if row is None:
                    return _Held(await self._table.insert(_PARTITION, key, values), since)
                if self._is_free(row, owner):
                    return _Held(await self._table.replace(row, values), since)
            jitter = random.uniform(0.75, 1.25)  # noqa: S311 - no secret
            await self._clock.sleep(BACKOFF.delay(attempt) * jitter)
        raise AssertionError("the attempts never end")

    def _is_free(self, row: Row, owner: str) -> bool:
        """The lease has expired, or it is our own: the response of the write that took it was lost."""
        return row.values.get("owner") == owner or not lasts(
            float(row.values.get("until", 0.0)), self._table.time()
        )

    async def _renew(self, held: "_Held", alarm: asyncio.Timeout) -> None:
        while True:
            await self._clock.sleep(RENEW_SECONDS)
            since = loop_time()
            try:
                await self._extend(held)
            except Changed:
                held.taken, held.since = True, -math.inf
                alarm.reschedule(loop_time())
                return
            except CausewayError as error:  # the lease lasts for another attempt
                log.warning(line("lock not renewed", lock=held.name, why=str(error)))
            else:
                held.since = since
                alarm.reschedule(held.until)

    async def _extend(self, held: "_Held") -> None:
        """Renew the lease. Raises Changed if the row is another worker's; a lost response is no reason."""
        try:
            held.row = await self._table.replace(held.row, {**held.row.values, "until": self._expiry()})
        except Changed:
            row = await self._table.get(held.row.partition, held.row.key)
            if row is None or row.values.get("owner") != held.row.values["owner"]:
                raise
            held.row = await self._table.replace(row, {**row.values, "until": self._expiry()})

    async def _release(self, held: "_Held") -> None:
        """Delete the row, unless it is another worker's by now. A row that remains expires."""
        try:
            await self._table.delete(held.row)
        except Changed:
            log.warning(line("lock lost", lock=held.name))
        except CausewayError as error:
            log.warning(line("lock not released", lock=held.name, why=str(error)))

    def _expiry(self) -> float:
        return self._table.time() + LEASE_SECONDS


class _Held:
    """A lock that is held: its row, which a renewal replaces, and when the last write of it began."""

    def __init__(self, row: Row, since: float) -> None:
        self.row = row
        self.since = since
        self.taken = False

    @property
    def name(self) -> str:
        return str(self.row.values.get("name", ""))

    def check(self) -> None:
        """Raise LostClaim once the lock has ended by the holder's own clock."""
        if loop_time() >= self.until:
            raise LostClaim(f"the lock on {self.name} has ended", code="LockLost")

    @property
    def until(self) -> float:
        """When the holder has to stop, by the time of the event loop."""
        return self.since + LEASE_SECONDS - MARGIN_SECONDS
