"""Named locks over all workers, as rows with an expiry.

Place in the data's way: around writes to what many targets share. In this process an asyncio lock stands in
front of each row, so that twenty walks do not fight each other over the network: one of them asks for all.
"""

import asyncio
import contextlib
import hashlib
import itertools
import logging
import random
import uuid
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from shared.adapters.clock import Clock
from shared.adapters.tables import Changed, Exists, Row, Table, Value
from shared.core.base.backoff import Backoff
from shared.core.base.errors import CausewayError, TransientError
from shared.core.base.log_lines import line

log = logging.getLogger("causeway.leases")

LEASE_SECONDS = 60.0
RENEW_SECONDS = 20.0
PATIENCE = 300.0  # seconds for all the locks of one call; a link takes one minute, two at most (LRO-12)
BACKOFF = Backoff(first=0.05, growth=1.3, longest=1.0)  # between two reads of another worker's row
_PARTITION = "lease"


class TableLeases:
    """Implements the flow's `Leases` on one table. One per process."""

    def __init__(self, table: Table, clock: Clock, patience: float = PATIENCE) -> None:
        self._table = table
        self._clock = clock
        self._patience = patience
        self._local: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    @asynccontextmanager
    async def hold(self, *names: str) -> AsyncIterator[None]:
        """Hold all of these locks, taken in one fixed order.

        Raises TransientError if that takes too long, or when a lock was lost while it was held: what runs
        inside is cancelled then, because another worker has begun on the same.
        """
        async with AsyncExitStack() as held:
            try:
                async with asyncio.timeout(self._patience):
                    for name in sorted(set(names)):
                        await held.enter_async_context(self._in_process(name))
                        await held.enter_async_context(self._everywhere(name))
            except TimeoutError:
                raise TransientError(
                    f"others hold the lock on {' or '.join(names)}", code="LockHeld"
                ) from None
            yield

    @asynccontextmanager
    async def _in_process(self, name: str) -> AsyncIterator[None]:
        async with self._local[name]:
            yield

    @asynccontextmanager
    async def _everywhere(self, name: str) -> AsyncIterator[None]:
        held = _Held(await self._take(name))
        try:
            async with asyncio.timeout(None) as alarm:
                renewal = asyncio.create_task(self._renew(held, alarm))
                try:
                    yield
                finally:
                    renewal.cancel()
                    await asyncio.wait([renewal])
        except TimeoutError:
            if not alarm.expired():
                raise
            raise TransientError(f"the lock on {name} was lost to another worker", code="LockLost") from None
        finally:
            await self._release(held)

    async def _take(self, name: str) -> Row:
        key, owner = hashlib.sha256(name.encode()).hexdigest(), uuid.uuid4().hex
        for attempt in itertools.count():
            row = await self._table.get(_PARTITION, key)
            values: dict[str, Value] = {"name": name, "owner": owner, "until": self._expiry()}
            with contextlib.suppress(Exists, Changed):
                if row is None:
                    return await self._table.insert(_PARTITION, key, values)
                if float(row.values.get("until", 0.0)) <= self._clock.time():
                    return await self._table.replace(row, values)
            jitter = random.uniform(0.75, 1.25)  # noqa: S311 - no secret
            await self._clock.sleep(BACKOFF.delay(attempt) * jitter)
        raise AssertionError("the attempts never end")

    async def _renew(self, held: "_Held", alarm: asyncio.Timeout) -> None:
        while True:
            await self._clock.sleep(RENEW_SECONDS)
            try:
                held.row = await self._table.replace(held.row, {**held.row.values, "until": self._expiry()})
            except Changed:
                alarm.reschedule(asyncio.get_running_loop().time())
                return
            except CausewayError as error:  # the lease lasts for two more tries
                log.warning(line("lock not renewed", lock=held.name, why=str(error)))

    async def _release(self, held: "_Held") -> None:
        """Free the lock, unless it is another's by now. A row that stays behind expires."""
        try:
            await self._table.delete(held.row)
        except Changed:
            log.warning(line("lock lost", lock=held.name))
        except CausewayError as error:
            log.warning(line("lock not freed", lock=held.name, why=str(error)))

    def _expiry(self) -> float:
        return self._clock.time() + LEASE_SECONDS


class _Held:
    """The row of a lock that is held; renewing replaces it."""

    def __init__(self, row: Row) -> None:
        self.row = row

    @property
    def name(self) -> str:
        return str(self.row.values.get("name", ""))
