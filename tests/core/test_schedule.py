"""Schedules: what the timer trigger reads, and which field of the rest is wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.base.errors import clean
from shared.core.base.schedule import problem_with


@pytest.mark.parametrize(
    "schedule",
    [
        "0 */15 * * * *",
        "0  0 9-17 * * MON-FRI",
        "30 0 0 1 JAN,jul *",
        "0 0 0 * * Monday",
        "0 0 0 * september 0-6",
        "0 5/15 * * * *",
        "0 0 0 29 2 *",
        "59 59 23 31 12 6",
        "*/7 * * * * *",
    ],
)
def test_what_the_trigger_can_read_has_no_problem(schedule: str) -> None:
    assert problem_with(schedule) is None


@pytest.mark.parametrize(
    ("schedule", "problem"),
    [
        ("60 * * * * *", "the second field cannot be 60"),
        ("0 60 * * * *", "the minute field cannot be 60"),
        ("0 0 24 * * *", "the hour field cannot be 24"),
        ("0 0 0 0 * *", "the day field cannot be 0"),
        ("0 0 0 32 * *", "the day field cannot be 32"),
        ("0 0 0 1 13 *", "the month field cannot be 13"),
        ("0 0 0 * * 7", "the day of week field cannot be 7"),
        ("0 0 0 * * Mittwoch", "the day of week field cannot be Mittwoch"),
        ("0 0 0 L * *", "the day field cannot be L"),
        ("0 0 0 ? * *", "the day field cannot be ?"),
        ("0 0 0 * * 5#2", "the day of week field cannot be 5#2"),
        ("R * * * * *", "the second field cannot be R"),
        ("0 */0 * * * *", "the minute field cannot be */0"),
        ("0 1,,2 * * * *", "the minute field cannot be 1,,2"),
        ("x */15 * * * *", "the second field cannot be x"),
        ("0 0 0 31 2 *", "no date matches it"),
        ("*/15 * * * *", "a schedule has six fields, seconds first, and this has 5"),
        ("0 0 0 1 1 * 2026", "a schedule has six fields, seconds first, and this has 7"),
        ("@hourly", "a schedule has six fields, seconds first, and this has 1"),
        ("", "a schedule has six fields, seconds first, and this has 0"),
    ],
)
def test_a_wrong_schedule_says_which_field_is_wrong(schedule: str, problem: str) -> None:
    assert problem_with(schedule) == problem


FIELD = st.one_of(st.text(max_size=12), st.from_regex(r"[0-9*a-zA-Z/,#?-]{1,12}", fullmatch=True))


@given(st.lists(FIELD, min_size=5, max_size=7))
def test_no_text_is_more_than_a_problem(fields: list[str]) -> None:
    problem = problem_with(" ".join(fields))
    assert problem is None or problem == clean(problem, 400)
