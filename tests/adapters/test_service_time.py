"""The clock of the storage service, read from the Date of its responses."""

from types import SimpleNamespace

import pytest

from shared.adapters.service_time import ServiceTime
from shared.core.base.errors import TransientError

DATE = "Thu, 01 Jan 2026 00:00:10 GMT"
SECONDS = 1_767_225_610.0


class Clock:
    """A monotonic clock that a test sets."""

    def __init__(self) -> None:
        self.seconds = 500.0

    def monotonic(self) -> float:
        return self.seconds


def response(**headers: str) -> SimpleNamespace:
    return SimpleNamespace(http_response=SimpleNamespace(headers=headers))


def test_before_the_first_response_the_time_is_unknown() -> None:
    with pytest.raises(TransientError):
        ServiceTime(Clock()).now()


def test_between_responses_the_monotonic_clock_counts_on() -> None:
    clock = Clock()
    time = ServiceTime(clock)
    time.note(response(Date=DATE))
    assert time.now() == SECONDS
    clock.seconds += 42.5
    assert time.now() == SECONDS + 42.5


def test_the_last_response_counts() -> None:
    clock = Clock()
    time = ServiceTime(clock)
    time.note(response(Date="Thu, 01 Jan 2026 09:00:00 GMT"))
    clock.seconds += 5
    time.note(response(Date=DATE))
    assert time.now() == SECONDS


@pytest.mark.parametrize("headers", [{}, {"Date": "yesterday"}, {"Date": ""}])
def test_a_response_without_a_readable_date_changes_nothing(headers: dict[str, str]) -> None:
    time = ServiceTime(Clock())
    time.note(response(Date=DATE))
    time.note(response(**headers))
    assert time.now() == SECONDS
