"""The clock and the chance of a replay: both follow the recording."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from tests.conformance.recordings import Exchange

RARE, USUAL = 0.0, 0.999


class ReplayClock:
    """A clock at the time of the replayed exchange. Waits take no time: the next exchange moves it."""

    epoch = datetime(2026, 1, 1, tzinfo=UTC)
    speed = 1.0

    def __init__(self) -> None:
        self.moment = 0.0

    def now(self) -> float:
        return self.moment

    async def sleep(self, seconds: float) -> None:
        return None

    def call_later(self, seconds: float, action: Callable[[], None]) -> None:
        return None

    def advance(self, seconds: float) -> None:
        self.moment += seconds


class RecordedChance(random.Random):
    """Chance that falls as recorded: the outcome of a race and its wait, nothing rare otherwise."""

    wanted = "pass"
    level = USUAL
    wait = 0

    def choice[T](self, seq: Sequence[T]) -> T:
        return self.wanted if self.wanted in seq else super().choice(seq)  # type: ignore[return-value]

    def randint(self, a: int, b: int) -> int:
        return self.wait if a <= self.wait <= b else super().randint(a, b)

    def random(self) -> float:
        return self.level

    def uniform(self, a: float, b: float) -> float:
        return (a + b) / 2

    def follow(self, exchange: Exchange, group_gone: bool) -> None:
        """Take the outcomes of one exchange."""
        self.wait = int(exchange.headers.get("retry-after", 0))
        error = exchange.body.get("error", {}) if isinstance(exchange.body, dict) else {}
        code = error.get("code") if isinstance(error, dict) else None
        self.wanted = {409: "conflict", 429: "retry"}.get(exchange.status, "pass")
        if exchange.status == 404:
            self.wanted = _way_of_missing(error)
        rare = code in ("ParentResourceNotFound", "ReferencedResourceNotProvisioned")
        rare = rare or (group_gone and code == "ResourceNotFound")
        no_etag = exchange.method == "GET" and "etag" not in exchange.headers
        rare = rare or (
            exchange.status == 202 and exchange.method == "GET" and "location" not in exchange.headers
        )
        self.level = RARE if rare or (no_etag and exchange.status == 200) else USUAL


def _way_of_missing(error: Any) -> str:
    """Which of the texts for a missing parent this is, as the simulator names them."""
    text = str(error.get("message")) if isinstance(error, dict) else ""
    if text.startswith("Can not perform requested operation on nested resource"):
        return "nested"
    return "parent" if text.startswith("Failed to perform") else "resource"
