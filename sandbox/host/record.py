"""The latest invocations and their results, so that tests and people can wait for one.

Azure has no such route; it has the rest of `/admin`.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

KEPT = 10_000


@dataclass(frozen=True, slots=True)
class Invocation:
    """One ended invocation. `number` counts from 1; `cause` says what triggered it; `started` is UTC."""

    number: int
    function: str
    invocation: str
    cause: str
    ok: bool
    error: str | None
    milliseconds: float
    started: str


class Record:
    """The newest invocations, in the order of their ends. `running` is how many have not ended yet."""

    def __init__(self) -> None:
        self._kept: deque[Invocation] = deque(maxlen=KEPT)
        self._more = asyncio.Condition()
        self.last = 0
        self.running = 0

    @contextmanager
    def one_running(self) -> Iterator[None]:
        """Count an invocation as running inside the block, which adds it to the record before it ends."""
        self.running += 1
        try:
            yield
        finally:
            self.running -= 1

    async def add(self, **ended: Any) -> None:
        """Add an invocation and wake waiting callers."""
        async with self._more:
            self.last += 1
            self._kept.append(Invocation(number=self.last, **ended))
            self._more.notify_all()

    async def since(self, number: int, wait: float) -> list[dict[str, Any]]:
        """Invocations after `number`; when there are none, waits up to `wait` seconds for one."""
        try:
            async with asyncio.timeout(wait), self._more:
                await self._more.wait_for(lambda: self.last > number)
        except TimeoutError:
            return []
        return [asdict(one) for one in self._kept if one.number > number]
