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

# Parts of the time that a pass took so far, for which it waits for passes that are still creating.
LINGER = 0.2  # before it writes an object to which they will add
MEETING = 0.2  # before it reads shared objects for the proof


type Made = tuple[Observed, float]


class Lead:
    """The write that one pass makes for all who joined. They get what it read and wrote, or None."""

    def __init__(self) -> None:
        self.result: asyncio.Future[Made | None] = asyncio.get_running_loop().create_future()

    def done(self, observed: Observed, at: float) -> None:
        """It is written, or needed no write, since this moment (seconds since 1970)."""
        if not self.result.done():
            self.result.set_result((observed, at))


class SharedWrites:
    """The writes of shared objects that are about to begin in this process. One per process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._open: dict[ResourceId, Lead] = {}
        self._since: dict[ResourceId, float] = {}  # when a target's pass began to create
        self._creating: set[ResourceId] = set()
        self._meeting: asyncio.Future[None] | None = None
        self._leads = 0
        self.passes = 0  # that are under way
        self._nobody = asyncio.Event()  # creates anything
        self._quiet = asyncio.Event()  # and no shared object is being written
        self._update()

    async def joined(self, at: ResourceId, deadline: float) -> Made | None:
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
        self._leads += 1
        try:
            yield lead
        finally:
            self._leads -= 1
            self._update()
            self.close(at, lead)
            if not lead.result.done():
                lead.result.set_result(None)

    def close(self, at: ResourceId, lead: Lead) -> None:
        """It is read from now on: who comes later cannot rely on that reading."""
        if self._open.get(at) is lead:
            del self._open[at]

    def begins(self) -> None:
        """A pass begins."""
        self.passes += 1

    def creating(self, target: ResourceId) -> None:
        """The target's pass creates something that will add to shared objects."""
        self._since.setdefault(target, self._clock.monotonic())
        self._creating.add(target)
        self._update()

    def arrived(self, target: ResourceId) -> float:
        """It adds now, or does not come to that. Returns the seconds since it began to create."""
        self._creating.discard(target)
        self._update()
        now = self._clock.monotonic()
        return now - self._since.get(target, now)

    def ended(self, target: ResourceId) -> None:
        """Its pass has ended."""
        self.passes -= 1
        self.arrived(target)
        self._since.pop(target, None)

    async def gathered(self, elapsed: float, deadline: float) -> None:
        """Wait for passes that are still creating, for a part of the time that this one took (seconds).

        One rule for ten endpoints is then written once or twice, and not ten times in a row.
        """
        await self._within(self._nobody, LINGER * elapsed, deadline)

    async def met(self, target: ResourceId, deadline: float) -> None:
        """Wait a little for passes that still create or write: those that end together prove together.

        The first one that waits says for how long; who comes later goes on with it.
        """
        elapsed = self.arrived(target)
        if self._meeting is None and elapsed:
            self._meeting = asyncio.ensure_future(self._within(self._quiet, MEETING * elapsed, deadline))
            self._meeting.add_done_callback(self._dissolve)
        if self._meeting is not None:
            await asyncio.shield(self._meeting)

    def _dissolve(self, _: asyncio.Future[None]) -> None:
        self._meeting = None

    def _update(self) -> None:
        _set(self._nobody, when=not self._creating)
        _set(self._quiet, when=not self._creating and not self._leads)

    async def _within(self, event: asyncio.Event, seconds: float, deadline: float) -> None:
        """Return when the event is set, after so many seconds, or at the deadline."""
        left = deadline - self._clock.monotonic()
        try:
            async with asyncio.timeout(max(0.0, min(seconds, left))):
                await event.wait()
        except TimeoutError:
            return


def _set(event: asyncio.Event, *, when: bool) -> None:
    if when:
        event.set()
    else:
        event.clear()
