"""Counting the requests to Azure of one reconcile pass, across the tasks that it starts.

The worker opens a count, the ARM adapter counts into it, and the outcome reports it. A context variable
reaches child tasks by itself; it holds one mutable count that they share.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(slots=True)
class RequestCount:
    """Requests sent to Azure Resource Manager, polls included; `writes` are PUT, PATCH, POST and DELETE."""

    requests: int = 0
    writes: int = 0


_open: ContextVar[RequestCount | None] = ContextVar("request_count", default=None)


@contextmanager
def counting() -> Iterator[RequestCount]:
    """Count everything that is sent inside, in this task and the ones it starts."""
    counted = RequestCount()
    token = _open.set(counted)
    try:
        yield counted
    finally:
        _open.reset(token)


def count(method: str) -> None:
    """One request is sent."""
    counted = _open.get()
    if counted is not None:
        counted.requests += 1
        counted.writes += method.upper() in ("PUT", "PATCH", "POST", "DELETE")
