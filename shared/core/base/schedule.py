"""Schedules of the timer trigger: NCRONTAB with six fields, seconds first.

croniter checks numbers and ranges, and whether any date matches. It also reads what other crons know and
the trigger does not (`?`, `L`, `#`, `@daily`, random fields, 7 for Sunday), so each field is first held
against the trigger's own grammar. The trigger takes names of days and months in full, croniter does not.
Source: Microsoft Learn, "Timer trigger for Azure Functions", NCRONTAB expressions.
"""

import re
from datetime import datetime

from croniter import CroniterError, croniter

from shared.core.base.errors import clean

REMEDY = "give six fields, seconds first, such as 0 */15 * * * *"

_FIELDS = ("second", "minute", "hour", "day", "month", "day of week")
_VALUE = r"(?:\d{1,2}|[a-z]{3,9})"
_ITEM = rf"(?:\*|{_VALUE}(?:-{_VALUE})?)(?:/\d{{1,2}})?"
_FIELD = re.compile(rf"{_ITEM}(?:,{_ITEM})*", re.IGNORECASE)
_SEVEN = re.compile(r"(?<![\d/])7")
_FULL_NAMES = re.compile(
    r"\b(sun|mon|tues|wednes|thurs|fri|satur)day\b"
    r"|\b(january|february|march|april|june|july|august|september|october|november|december)\b",
    re.IGNORECASE,
)
_START = datetime(2000, 1, 1)


def problem_with(schedule: str) -> str | None:
    """What is wrong with a schedule, naming the field; None if the trigger can read it."""
    fields = [_FULL_NAMES.sub(lambda name: name[0][:3], field) for field in schedule.split()]
    if len(fields) != len(_FIELDS):
        return f"a schedule has six fields, seconds first, and this has {len(fields)}"
    for position, name in enumerate(_FIELDS):
        if not _is_valid(fields[position], position):
            return clean(f"the {name} field cannot be {schedule.split()[position]}")
    return None if _fires(" ".join(fields)) else "no date matches it"


def _is_valid(field: str, position: int) -> bool:
    """The field alone, at its place among fields that match everything."""
    if not _FIELD.fullmatch(field) or (position == 5 and _SEVEN.search(field)):
        return False
    alone = ["*"] * len(_FIELDS)
    alone[position] = field
    return bool(croniter.is_valid(" ".join(alone), second_at_beginning=True))


def _fires(schedule: str) -> bool:
    """Day and day of week must both match (`day_or`)."""
    try:
        croniter(schedule, _START, second_at_beginning=True, day_or=False).get_next(datetime)
    except CroniterError:
        return False
    return True
