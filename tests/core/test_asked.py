"""What several work items ask for together."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.events.asked import MAX_CORRELATIONS, Asked
from shared.core.events.work_item import WorkItem

REASONS = ("drift", "retry", "event", "manual")
ASKED = st.builds(
    Asked,
    st.sampled_from(REASONS),
    st.floats(0, 10**10),
    st.lists(st.text(max_size=9), max_size=5, unique=True).map(tuple),
)


@given(ASKED)
def test_what_is_asked_is_read_as_it_was_written(asked: Asked) -> None:
    assert Asked.parse(asked.text()) == asked


def test_of_an_empty_text_nothing_in_particular_is_asked() -> None:
    assert Asked.parse("") == Asked("drift", 0.0, ())


@given(ASKED, ASKED)
def test_the_newest_reads_the_strongest_reason_and_every_correlation_are_kept(a: Asked, b: Asked) -> None:
    both = a.joined(b)
    assert both.fresh_from == max(a.fresh_from, b.fresh_from)
    assert REASONS.index(both.reason) == max(REASONS.index(a.reason), REASONS.index(b.reason))
    assert set(both.correlations) == {*a.correlations, *b.correlations}


@given(ASKED)
def test_asking_the_same_again_changes_nothing(asked: Asked) -> None:
    assert asked.joined(asked) == asked


def test_the_number_of_correlations_is_bounded() -> None:
    many = Asked()
    for number in range(10 * MAX_CORRELATIONS):
        many = many.joined(Asked("manual", 0.0, (f"manual-{number}",)))
    assert len(many.correlations) == MAX_CORRELATIONS


@pytest.mark.parametrize(
    ("reason", "waits"), [("manual", True), ("retry", True), ("event", False), ("drift", False)]
)
def test_only_callers_wait_for_a_correlation(reason: Any, waits: bool) -> None:
    assert bool(Asked.by(WorkItem("/x", reason, "c")).correlations) is waits
