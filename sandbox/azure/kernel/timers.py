"""Actions that run at their time, in order, whether or not a request comes."""

from __future__ import annotations

import heapq
from collections.abc import Callable

from sandbox.azure.kernel.clock import Clock


class Timers:
    """A queue of actions by simulated time.

    The clock's own timers only wake the queue. The order and the time of each action come from the queue, so
    a busy event loop changes neither.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._queue: list[tuple[float, int, Callable[[], None]]] = []
        self._added = 0
        self._due: float | None = None

    @property
    def now(self) -> float:
        """Simulated seconds now; inside an action, the time it was due."""
        return self._due if self._due is not None else self._clock.now()

    def add(self, delay: float, action: Callable[[], None]) -> None:
        """Run `action` after `delay` simulated seconds."""
        self._added += 1
        heapq.heappush(self._queue, (self.now + delay, self._added, action))
        self._clock.call_later(delay, self.settle)

    def settle(self) -> None:
        """Run all that is due. Does nothing when called from inside an action."""
        if self._due is not None:
            return
        now = self._clock.now()
        while self._queue and self._queue[0][0] <= now:
            self._due, _, action = heapq.heappop(self._queue)
            try:
                action()
            finally:
                self._due = None
