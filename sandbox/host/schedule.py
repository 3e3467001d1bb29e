"""When a timer fires: NCRONTAB expressions `{second} {minute} {hour} {day} {month} {day of week}`, in UTC, or
a constant interval `hh:mm:ss`.

croniter finds the next time. This module adds what differs in Azure: seconds come first, five fields mean
second 0, day and day of week must both match, and no extras of other crons (`?`, `L`, `#`, `@daily`).
Source: Microsoft Learn, "Timer trigger for Azure Functions", NCRONTAB expressions.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from croniter import CroniterError, croniter

INTERVAL = re.compile(r"\d{1,2}:\d{2}:\d{2}")
ITEM = r"(?:\*|(?:\d{1,2}|[A-Za-z]{3,9})(?:-(?:\d{1,2}|[A-Za-z]{3,9}))?)(?:/\d{1,2})?"
FIELD = re.compile(rf"{ITEM}(?:,{ITEM})*")
SUNDAY_AS_7 = re.compile(r"(?<![\d/])7")


class ScheduleError(Exception):
    """A timer's schedule is not an NCRONTAB expression, or never fires."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """Either an expression of six fields or an interval."""

    expression: str = ""
    interval: timedelta | None = None

    @classmethod
    def parse(cls, text: str) -> Schedule:
        """Read a schedule. Raises ScheduleError."""
        stripped = text.strip()
        if INTERVAL.fullmatch(stripped):
            hours, minutes, seconds = map(int, stripped.split(":"))
            return cls(interval=timedelta(hours=hours, minutes=minutes, seconds=seconds))
        fields = stripped.split()
        if len(fields) == 5:
            fields.insert(0, "0")
        if len(fields) != 6:
            raise ScheduleError(f"{text!r}: six fields are needed: second minute hour day month day-of-week")
        strange = [one for one in fields if not FIELD.fullmatch(one)]
        if SUNDAY_AS_7.search(fields[5]):
            strange.append(fields[5])
        if strange:
            raise ScheduleError(f"{text!r}: {strange[0]!r} is not NCRONTAB")
        schedule = cls(" ".join(fields))
        schedule.after(datetime.now(UTC))
        return schedule

    def after(self, moment: datetime) -> datetime:
        """The first time it fires after a moment. Raises ScheduleError when it never does."""
        if self.interval is not None:
            return moment + self.interval
        try:
            times = croniter(self.expression, moment, second_at_beginning=True, day_or=False)
            found: datetime = times.get_next(datetime)
        except CroniterError as error:
            raise ScheduleError(f"{self.expression!r}: {error}") from error
        return found
