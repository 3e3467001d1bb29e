"""How much of a limit is left, and how long to wait for more: arithmetic without a clock.

Azure states its limits in two ways: a bucket that is refilled at a steady rate (Resource Manager), and a
number in a span of time (Microsoft.Network, private DNS). Both are answered here from a few numbers, which
several processes can share as one row of a table. Times are seconds from any fixed moment.
"""

import math
from dataclasses import dataclass
from typing import Protocol

SLOTS = 30  # parts of a window that are counted apart: more is exact, fewer is a smaller row

type Marks = tuple[tuple[float, float], ...]  # moments and amounts; what they mean, each kind of limit knows


class Limit(Protocol):
    """A limit, asked about the marks that it made before. No marks: nothing was taken yet."""

    def left(self, marks: Marks, now: float) -> float:
        """How much can be taken now."""

    def taken(self, marks: Marks, amount: float, now: float) -> Marks:
        """The marks after this amount was taken."""

    def wait(self, marks: Marks, amount: float, now: float) -> float:
        """Seconds until this amount can be taken; infinite if it never can."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """`size` tokens at most, refilled by `refill` a second. The one mark is its level at a moment."""

    size: float
    refill: float

    def left(self, marks: Marks, now: float) -> float:
        if not marks:
            return self.size
        since, level = marks[0]
        return min(self.size, level + max(0.0, now - since) * self.refill)

    def taken(self, marks: Marks, amount: float, now: float) -> Marks:
        return ((now, self.left(marks, now) - amount),)

    def wait(self, marks: Marks, amount: float, now: float) -> float:
        missing = amount - self.left(marks, now)
        if missing <= 0:
            return 0.0
        return missing / self.refill if amount <= self.size and self.refill else math.inf


@dataclass(frozen=True, slots=True)
class Window:
    """At most `most` in any span of `seconds`. A mark is the start of a slot, and what was taken in it.

    A slot counts until its last moment has left the span, so that never too much is taken.
    """

    most: float
    seconds: float

    def left(self, marks: Marks, now: float) -> float:
        return self.most - sum(amount for _, amount in self._counted(marks, now))

    def taken(self, marks: Marks, amount: float, now: float) -> Marks:
        slot = math.floor(now / self._slot) * self._slot
        counted = dict(self._counted(marks, now))
        counted[slot] = counted.get(slot, 0.0) + amount
        return tuple(sorted(counted.items()))

    def wait(self, marks: Marks, amount: float, now: float) -> float:
        missing = amount - self.left(marks, now)
        if missing <= 0:
            return 0.0
        for slot, freed in self._counted(marks, now):
            missing -= freed
            if missing <= 0 and amount <= self.most:
                return slot + self._slot + self.seconds - now
        return math.inf

    @property
    def _slot(self) -> float:
        return self.seconds / SLOTS

    def _counted(self, marks: Marks, now: float) -> Marks:
        return tuple(mark for mark in marks if mark[0] + self._slot + self.seconds > now)
