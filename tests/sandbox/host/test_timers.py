"""Timers: when they fire, and that one worker of many runs them."""

from datetime import UTC, datetime, timedelta

import pytest

from sandbox.host.schedule import Schedule, ScheduleError
from tests.sandbox.host.running import RunningHost, copied_app

EVERY_SECOND = "* * * * * *"
NOON = datetime(2026, 11, 23, 12, 0, 0, 500_000, tzinfo=UTC)  # a Monday


def test_a_timer_fires_again_and_again_but_only_where_timers_run(azurite, tmp_path):
    app = copied_app(tmp_path)
    with (
        RunningHost(azurite, app, "--no-timers", schedule=EVERY_SECOND) as other,
        RunningHost(azurite, app, schedule=EVERY_SECOND) as first,
    ):
        ran = first.invocations("on_tick", 2)
        assert other.call("GET", "/admin/invocations").json()["last"] == 0
        assert other.call("POST", "/admin/functions/on_tick").status_code == 202
        (by_hand,) = other.invocations("on_tick")
    assert [one["cause"] for one in ran] == ["timer", "timer"]
    moments = [datetime.fromisoformat(one["started"]) for one in ran]
    assert moments[0].replace(microsecond=0) < moments[1].replace(microsecond=0)
    assert (by_hand["cause"], by_hand["ok"]) == ("admin", True)


@pytest.mark.parametrize(
    ("schedule", "first", "second"),
    [
        ("* * * * * *", "2026-11-23 12:00:01", "2026-11-23 12:00:02"),
        ("0 */15 * * * *", "2026-11-23 12:15:00", "2026-11-23 12:30:00"),
        ("*/15 * * * *", "2026-11-23 12:15:00", "2026-11-23 12:30:00"),
        ("0 30 9 * * 1-5", "2026-11-24 09:30:00", "2026-11-25 09:30:00"),
        ("0 30 9 * Jan Mon", "2027-01-04 09:30:00", "2027-01-11 09:30:00"),
        ("0 0 0 1 * Mon", "2027-02-01 00:00:00", "2027-03-01 00:00:00"),
        ("0 5,10 20-22/2 * * *", "2026-11-23 20:05:00", "2026-11-23 20:10:00"),
        ("01:00:00", "2026-11-23 13:00:00", "2026-11-23 14:00:00"),
    ],
    ids=[
        "each second",
        "each quarter",
        "five fields",
        "workdays",
        "names",
        "day and day of week must both hold",
        "lists and steps",
        "interval",
    ],
)
def test_a_schedule_fires_at_its_times(schedule, first, second):
    parsed = Schedule.parse(schedule)
    found = parsed.after(NOON)
    assert [found, parsed.after(found)] == [
        datetime.fromisoformat(one).replace(tzinfo=UTC) + _fraction(schedule) for one in (first, second)
    ]


def _fraction(schedule):
    """An interval keeps the fraction of the second it began at."""
    return timedelta(microseconds=500_000 if schedule == "01:00:00" else 0)


@pytest.mark.parametrize(
    "schedule",
    [
        "",
        "* * * *",
        "* * * * * * *",
        "0 0 0 * * 7",
        "0 0 0 * * 5-7",
        "0 0 0 L * *",
        "0 0 0 ? * *",
        "0 0 0 * * 1#2",
        "60 * * * * *",
        "0 0 0 31 2 *",
        "@daily",
        "0 0 25 * * *",
    ],
)
def test_what_is_no_ncrontab_is_refused(schedule):
    with pytest.raises(ScheduleError):
        Schedule.parse(schedule)
