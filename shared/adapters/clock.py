"""Time for the whole process: the running event loop's, and the machine's calendar.

Place in the data's way: under every adapter that waits. All waiting is asyncio's, so that a loop whose time
is simulated carries the app with it.
"""

import asyncio
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What the adapters need of time; the flow's port of this name asks for less."""

    def now(self) -> datetime:
        """The time of day, in UTC."""

    def time(self) -> float:
        """Seconds since 1970: what other processes can compare theirs with."""

    def monotonic(self) -> float:
        """Seconds from some fixed moment; never jumps."""

    async def sleep(self, seconds: float) -> None:
        """Return after so many seconds."""


class SystemClock:
    """The clock of a deployed app."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def time(self) -> float:
        return self.now().timestamp()

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds))
