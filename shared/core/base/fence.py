"""The last check before a write: does the worker still have the right to it, at this very moment?

A worker can be stopped at any point, by its platform or by a machine that is out of memory, and continue a
minute later. By then another worker may have its target. So code with a right that ends with time opens a
fence around what runs by it, and the adapter that writes checks all of them as the last thing it does.

A context variable carries the fences into the tasks that are started inside.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

type Check = Callable[[], None]  # raises an error of `core/base/errors.py` if the right has ended

_fences: ContextVar[tuple[Check, ...]] = ContextVar("fences", default=())


@contextmanager
def fenced(check: Check) -> Iterator[None]:
    """Writes inside are sent only while the check passes, and those of all fences around it."""
    token = _fences.set((*_fences.get(), check))
    try:
        yield
    finally:
        _fences.reset(token)


def check_fences() -> None:
    """A write is about to be sent. Raises what the first failing check raises."""
    for check in _fences.get():
        check()
