"""Named locks over all workers, as rows with an expiry.

Place in the data's way: around writes to what many targets share. In this process an asyncio lock stands
in front of each row, so that twenty walks do not fight each other over the network.
"""

import asyncio
import contextlib
import hashlib
import logging
import random
import uuid
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from shared.adapters.clock import SystemClock
from shared.adapters.tables import Changed, Exists, Row, Table, Value
from shared.core.errors import TransientError

log = logging.getLogger("causeway.leases")

LEASE_SECONDS = 60.0
RENEW_SECONDS = 20.0
PATIENCE = 300.0  # seconds; a zone takes half a minute, and a few may queue up before us
FIRST_WAIT, LONGEST_WAIT = 0.1, 2.0


class TableLeases:
    """Locks in one table. One per process."""

    def __init__(self, table: Table, clock: SystemClock) -> None:
        self._table = table
        self._clock = clock
        self._local: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    @asynccontextmanager
    async def hold(self, *names: str) -> AsyncIterator[None]:
        """Hold all of these locks, taken in one fixed order. Raises TransientError if that takes too long."""
        async with AsyncExitStack() as stack:
            for name in sorted(set(names)):
                await stack.enter_async_context(self._one(name))
            yield

    @asynccontextmanager
    async def _one(self, name: str) -> AsyncIterator[None]:
        async with self._local[name]:
            owner = str(uuid.uuid4())
            held = _Held(await self._take(name, owner))
            renewal = asyncio.create_task(self._renew(held, owner))
            try:
                yield
            finally:
                renewal.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await renewal
                with contextlib.suppress(Changed):  # expired and taken over: not ours to free
                    await self._table.delete(held.row)

    async def _take(self, name: str, owner: str) -> Row:
        partition, key = "lease", hashlib.sha256(name.encode()).hexdigest()
        until, attempt = self._clock.monotonic() + PATIENCE, 0
        while True:
            values: dict[str, Value] = {
                "name": name,
                "owner": owner,
                "until": self._clock.time() + LEASE_SECONDS,
            }
            row = await self._table.get(partition, key)
            with contextlib.suppress(Exists, Changed):
                if row is None:
                    return await self._table.insert(partition, key, values)
                if float(row.values.get("until", 0.0)) <= self._clock.time():
                    return await self._table.replace(row, values)
            if self._clock.monotonic() > until:
                raise TransientError(f"somebody holds the lock on {name}", code="LockHeld")
            wait = min(LONGEST_WAIT, FIRST_WAIT * 2**attempt)
            await self._clock.sleep(wait * random.uniform(0.5, 1.0))  # noqa: S311 - jitter, not a secret
            attempt += 1

    async def _renew(self, held: "_Held", owner: str) -> None:
        while True:
            await self._clock.sleep(RENEW_SECONDS)
            values: dict[str, Value] = {
                **held.row.values,
                "owner": owner,
                "until": self._clock.time() + LEASE_SECONDS,
            }
            try:
                held.row = await self._table.replace(held.row, values)
            except Changed:
                log.warning("lock lost", extra={"lock": held.row.values.get("name")})
                return


class _Held:
    """The row of a lock that is held; renewing replaces it."""

    def __init__(self, row: Row) -> None:
        self.row = row
