"""Limits as arithmetic: what is left, what a wait is good for, and that never too much is taken."""

import math

from hypothesis import given
from hypothesis import strategies as st

from shared.core.base.rate import SLOTS, Bucket, Limit, Marks, Window

READS = Bucket(250.0, 25.0)
DNS = Window(500.0, 300.0)


def test_an_unused_bucket_is_full_and_is_never_fuller_than_its_size() -> None:
    assert READS.left((), 1_000.0) == 250.0
    assert READS.left(READS.taken((), 10.0, 0.0), 1_000.0) == 250.0


def test_a_bucket_is_refilled_at_its_rate() -> None:
    marks = READS.taken((), 250.0, 0.0)
    assert READS.left(marks, 0.0) == 0.0
    assert READS.left(marks, 2.0) == 50.0
    assert READS.wait(marks, 1.0, 0.0) == 1 / 25


def test_a_clock_that_goes_back_gives_no_tokens() -> None:
    assert READS.left(READS.taken((), 250.0, 100.0), 40.0) == 0.0


def test_more_than_a_limit_holds_is_never_available() -> None:
    assert READS.wait((), 251.0, 0.0) == math.inf
    assert DNS.wait((), 501.0, 0.0) == math.inf
    assert Window(0.0, 3600.0).wait((), 1.0, 0.0) == math.inf


def test_a_window_gives_all_at_once_and_then_nothing_until_it_is_over() -> None:
    marks = DNS.taken((), 500.0, 5.0)
    assert DNS.left(marks, 304.0) == 0.0
    assert DNS.wait(marks, 1.0, 5.0) == 305.0
    assert DNS.left(marks, 310.0) == 500.0


def test_a_window_keeps_no_more_marks_than_it_has_slots() -> None:
    marks: Marks = ()
    for second in range(2_000):
        marks = DNS.taken(marks, 1.0, float(second))
    assert len(marks) <= SLOTS + 2


@given(st.lists(st.tuples(st.floats(0.0, 40.0), st.integers(1, 60)), max_size=40))
def test_no_span_of_a_window_ever_has_more_than_the_limit(steps: list[tuple[float, int]]) -> None:
    limit, taken = Window(100.0, 60.0), _acted(Window(100.0, 60.0), steps)
    for start, _ in taken:
        assert sum(amount for at, amount in taken if start <= at < start + limit.seconds) <= limit.most


@given(st.lists(st.tuples(st.floats(0.0, 40.0), st.integers(1, 60)), max_size=40))
def test_a_bucket_never_gives_more_than_it_held_and_was_refilled(steps: list[tuple[float, int]]) -> None:
    taken = _acted(Bucket(60.0, 2.0), steps)
    for start, _ in taken:
        for end, _ in taken:
            span = sum(amount for at, amount in taken if start <= at <= end)
            assert end < start or span <= 60.0 + 2.0 * (end - start) + 1e-6


def _acted(limit: Limit, steps: list[tuple[float, int]]) -> list[tuple[float, float]]:
    """Take each amount after its pause and, where it does not fit, after the wait that the limit names."""
    marks: Marks = ()
    now, taken = 0.0, []
    for pause, amount in steps:
        now += pause
        now += limit.wait(marks, amount, now)
        while limit.left(marks, now) < amount:  # the last bit of a sum of floats
            now += 1e-6
        marks = limit.taken(marks, amount, now)
        taken.append((now, float(amount)))
    return taken
