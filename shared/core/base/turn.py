"""Whose turn it is: how urgent the requests of a pass are, and until when they are worth waiting for.

The worker says it once for a pass, and the adapter that sends requests asks. A context variable carries it
into the tasks that a pass starts.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

FIRST, EVENT, LAST = 0, 1, 2  # a person who waits; an event; a sweep, and all that no person waits for


@dataclass(frozen=True, slots=True)
class Turn:
    """`place`: lower goes first. `deadline`: a moment of `Clock.monotonic`."""

    place: int = LAST
    deadline: float = math.inf


_turn: ContextVar[Turn] = ContextVar("turn", default=Turn())  # noqa: B039 - frozen


@contextmanager
def taking_turn(place: int, deadline: float = math.inf) -> Iterator[None]:
    """Requests inside, and in tasks started inside, have this place."""
    token = _turn.set(Turn(place, deadline))
    try:
        yield
    finally:
        _turn.reset(token)


def current_turn() -> Turn:
    """The turn of the running task."""
    return _turn.get()
