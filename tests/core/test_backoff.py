"""Waits between attempts: they grow, and they stop growing."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.base.backoff import Backoff


def test_each_wait_is_the_one_before_times_the_growth_until_the_longest() -> None:
    assert [Backoff(2.0, 2.0, 30.0).delay(n) for n in range(6)] == [2.0, 4.0, 8.0, 16.0, 30.0, 30.0]


@pytest.mark.parametrize("growth", [1.3, 2, 2.0])
def test_no_number_of_attempts_is_too_large(growth: float) -> None:
    assert Backoff(0.5, growth, 30.0).delay(10**6) == 30.0


@given(
    st.floats(min_value=0.01, max_value=60), st.floats(min_value=1, max_value=4), st.floats(60, max_value=900)
)
def test_waits_never_shrink_and_never_pass_the_longest(first: float, growth: float, longest: float) -> None:
    waits = [Backoff(first, growth, longest).delay(n) for n in range(20)]
    assert all(one <= other for one, other in itertools.pairwise(waits))
    assert waits[0] == first
    assert waits[-1] <= longest
