"""Simulated time: seconds since the simulator began, at a speed, on the running event loop.

All waiting uses the loop's own time. Under a `VirtualLoop` the same code jumps to the next timer as soon as
every task waits.
"""

from __future__ import annotations

import asyncio
import selectors
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Protocol


class Clock(Protocol):
    """What the simulator needs of a clock.

    epoch: the calendar time of second 0. speed: simulated seconds per second of the event loop.
    """

    epoch: datetime
    speed: float

    def now(self) -> float: ...

    async def sleep(self, seconds: float) -> None: ...

    def call_later(self, seconds: float, action: Callable[[], None]) -> None: ...

    def advance(self, seconds: float) -> None: ...


class RealClock:
    """Time that passes `speed` times as fast as the machine's."""

    def __init__(self, speed: float = 1.0, epoch: datetime | None = None) -> None:
        if speed <= 0:
            raise ValueError("speed must be above 0")
        self.speed = speed
        self.epoch = epoch or datetime.now(UTC)
        self._offset = 0.0
        self._start: float | None = None

    def now(self) -> float:
        """Simulated seconds since the first call of this method."""
        moment = self._loop_time()
        if self._start is None:
            self._start = moment
        return (moment - self._start) * self.speed + self._offset

    async def sleep(self, seconds: float) -> None:
        """Wait that many simulated seconds."""
        await asyncio.sleep(max(0.0, seconds) / self.speed)

    def call_later(self, seconds: float, action: Callable[[], None]) -> None:
        """Run `action` after that many simulated seconds.

        Does nothing when no event loop runs; the next request runs what is due then.
        """
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return
        loop.call_later(max(0.0, seconds) / self.speed, action)

    def advance(self, seconds: float) -> None:
        """Jump ahead. Actions that become due run at the next `Timers.settle`."""
        self._offset += seconds

    def _loop_time(self) -> float:
        try:
            return asyncio.get_running_loop().time()
        except RuntimeError:
            return time.monotonic()


class VirtualClock(RealClock):
    """The clock of a test: speed 1, a fixed calendar.

    Use it inside a `VirtualLoop`, where waiting takes no time.
    """

    def __init__(self, epoch: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        super().__init__(1.0, epoch)


class _JumpingSelector(selectors.DefaultSelector):
    """Never waits for a timer: adds the wait to the loop's time instead.

    Waits for real when only I/O can help.
    """

    jumped = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        if timeout is None:
            return super().select(None)
        self.jumped += timeout
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose time only moves when every task waits, and then jumps to the next timer.

    Use: `with asyncio.Runner(loop_factory=VirtualLoop) as runner: runner.run(main())`. For code without
    sockets and threads: timers would fire before an answer from a socket.
    """

    def __init__(self) -> None:
        self._jumps = _JumpingSelector()
        super().__init__(self._jumps)

    def time(self) -> float:
        return self._jumps.jumped

    def pass_over(self, seconds: float) -> None:
        """Let time pass without running anything, as it does for a process that is stopped."""
        self._jumps.jumped += seconds
