"""One write of a shared object for all passes of a process that want it at the same time.

Peerings, zones, links and rules serve many targets. The first pass that wants one leads: it waits for the
lease, re-reads and writes. Passes that come before it reads join, and take its result if that meets their
need; what failed for the leader, each of them tries itself.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from shared.core.base.errors import TransientError
from shared.core.base.ids import ResourceId
from shared.core.readings.observed import Observed
from shared.ports import Clock

LINGER = 0.2  # of the time that a pass took so far: so long it waits for others that will add to an object


class Lead:
    """The write that one pass makes for all who joined. They get what it read and wrote, or None."""

    def __init__(self) -> None:
        self.result: asyncio.Future[Observed | None] = asyncio.get_running_loop().create_future()

    def done(self, observed: Observed) -> None:
        """It is written, or needed no write."""
        if not self.result.done():
            self.result.set_result(observed)


class SharedWrites:
    """The writes of shared objects that are about to begin in this process. One per process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._open: dict[ResourceId, Lead] = {}
        self._creating: dict[ResourceId, float] = {}  # since when
        self._nobody = asyncio.Event()
        self._nobody.set()

    async def joined(self, at: ResourceId, deadline: float) -> Observed | None:
        """Wait for the pass that leads the write of this object. None: no pass leads, or it failed.

        Raises TransientError at the deadline, a moment of `Clock.monotonic`.
        """
        lead = self._open.get(at)
        if lead is None:
            return None
        try:
            async with asyncio.timeout(max(0.0, deadline - self._clock.monotonic())):
                return await asyncio.shield(lead.result)
        except TimeoutError:
            raise TransientError(f"another pass still writes {at.name}", code="LockHeld") from None

    @contextmanager
    def leading(self, at: ResourceId) -> Iterator[Lead]:
        """Lead the write of this object; what breaks it off lets those who joined try themselves."""
        lead = self._open[at] = Lead()
        try:
            yield lead
        finally:
            self.close(at, lead)
            if not lead.result.done():
                lead.result.set_result(None)

    def close(self, at: ResourceId, lead: Lead) -> None:
        """It is read from now on: who comes later cannot rely on that reading."""
        if self._open.get(at) is lead:
            del self._open[at]

    def creating(self, target: ResourceId) -> None:
        """The target's pass creates something that will add to shared objects."""
        self._creating.setdefault(target, self._clock.monotonic())
        self._nobody.clear()

    def arrived(self, target: ResourceId) -> float:
        """It adds now, or does not come to that. Returns the seconds since it began to create."""
        now = self._clock.monotonic()
        elapsed = now - self._creating.pop(target, now)
        if not self._creating:
            self._nobody.set()
        return elapsed

    async def gathered(self, elapsed: float, deadline: float) -> None:
        """Wait for passes that are still creating, for a part of the time that this one took (seconds).

        One rule for ten endpoints is then written once or twice, and not ten times in a row.
        """
        left = deadline - self._clock.monotonic()
        try:
            async with asyncio.timeout(max(0.0, min(LINGER * elapsed, left))):
                await self._nobody.wait()
        except TimeoutError:
            return
