"""Patterns: what fits, and which patterns are covered by others."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.policy.globs import covers, fits, normal

PATTERNS = st.text("ab*?", min_size=1, max_size=6)
TEXTS = st.text("ab", max_size=7)


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("rg-*", "rg-", True),
        ("rg-*", "rg-app", True),
        ("rg-?", "rg-", False),
        ("rg-?", "rg-a", True),
        ("rg", "rg-a", False),
        ("a.c", "abc", False),
        ("*", "a\nb", True),
        ("a*a", "a", False),
        ("*b?*", "ab", False),
        ("*?b*a", "xbxba", True),
    ],
)
def test_the_whole_value_fits_or_it_does_not(pattern: str, text: str, expected: bool) -> None:
    assert fits(pattern, text) is expected


@given(PATTERNS, TEXTS)
def test_a_pattern_in_normal_form_takes_the_same(pattern: str, text: str) -> None:
    plain = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    assert fits(normal(pattern), text) == bool(re.fullmatch(plain, text))


@pytest.mark.timeout(10)
def test_many_stars_cost_no_more_than_the_lengths_allow() -> None:
    assert not fits("*a" * 40 + "*b", "a" * 256)
    assert not fits("*?a" * 20 + "*b", "a" * 256)


@given(PATTERNS, PATTERNS, TEXTS)
def test_a_pattern_that_covers_another_takes_all_that_the_other_takes(
    wide: str, narrow: str, text: str
) -> None:
    wide, narrow = normal(wide), normal(narrow)
    if covers(wide, narrow) and fits(narrow, text):
        assert fits(wide, text)


@pytest.mark.parametrize(
    ("wide", "narrow", "expected"),
    [
        ("*", "rg-?", True),
        ("rg-*", "rg-app-?", True),
        ("rg-?", "rg-*", False),
        ("rg-*", "rg", False),
        ("*-app", "rg-*-app", True),
        ("a", "a", True),
        ("a*", "b*", False),
    ],
)
def test_covering(wide: str, narrow: str, expected: bool) -> None:
    assert covers(wide, narrow) is expected


def test_covering_takes_no_time_that_grows_with_the_number_of_stars() -> None:
    """A search that goes back to each star would not end."""
    assert not covers("*a" * 30 + "*b", "a*" * 45)
    assert covers("*a" * 30 + "*", "a*" * 45)
