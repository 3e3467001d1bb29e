"""What one call to Azure Resource Manager was, request by request: for its span.

The ARM adapter opens a record, the HTTP pipeline writes into it, as with `shared/core/base/request_count.py`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(slots=True)
class CallRecord:
    """`status` is that of the last response; 0: there was none. `throttled`: responses with 429."""

    requests: int = 0
    status: int = 0
    throttled: int = 0


_open: ContextVar[CallRecord | None] = ContextVar("call_record", default=None)


@contextmanager
def recording() -> Iterator[CallRecord]:
    """Record what is sent inside, in this task and the ones it starts."""
    record = CallRecord()
    token = _open.set(record)
    try:
        yield record
    finally:
        _open.reset(token)


def sent() -> None:
    """One request is sent."""
    if (record := _open.get()) is not None:
        record.requests += 1


def answered(status: int) -> None:
    """One response has come."""
    if (record := _open.get()) is not None:
        record.status = status
        record.throttled += status == 429
