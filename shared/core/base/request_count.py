"""Counting what one walk spends on Azure, across the tasks it starts.

Place in the data's way: the worker opens a tally, the ARM adapter counts into it, the outcome tells it.
A context variable reaches child tasks by itself; what it holds is one mutable count that they share.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(slots=True)
class Tally:
    """Requests sent to Azure Resource Manager, polls included; `writes` are PUT, PATCH, POST and DELETE."""

    requests: int = 0
    writes: int = 0


_open: ContextVar[Tally | None] = ContextVar("tally", default=None)


@contextmanager
def counting() -> Iterator[Tally]:
    """Count everything that is sent inside, in this task and the ones it starts."""
    tally = Tally()
    token = _open.set(tally)
    try:
        yield tally
    finally:
        _open.reset(token)


def count(method: str) -> None:
    """One request goes out."""
    tally = _open.get()
    if tally is not None:
        tally.requests += 1
        tally.writes += method.upper() in ("PUT", "PATCH", "POST", "DELETE")
