"""Timer triggers.

In Azure one instance of several runs a timer, by a lease. Here only the first worker runs timers, so no lease
is needed (and no timer fires while it is down).
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from datetime import UTC, datetime

from sandbox.host.app_settings import resolve
from sandbox.host.functions import AppLoadError, Function
from sandbox.host.invoker import Invoker
from sandbox.host.schedule import Schedule, ScheduleError

log = logging.getLogger("host.timers")


class Timer:
    """The timer of one function. `listen` runs until cancelled. Raises AppLoadError for a bad schedule."""

    def __init__(self, function: Function, invoker: Invoker, environment: Mapping[str, str]) -> None:
        self._function = function
        self._invoker = invoker
        self._last: datetime | None = None
        self._next: datetime | None = None
        try:
            self._schedule = Schedule.parse(resolve(function.trigger["schedule"], environment))
        except ScheduleError as error:
            raise AppLoadError(f"{function.name}: {error}") from error

    async def listen(self) -> None:
        """Fire until cancelled. A run that outlasts its interval delays the next: runs never overlap."""
        if self._function.trigger.get("runOnStartup"):
            await self.fire("startup")
        while True:
            self._next = self._schedule.after(datetime.now(UTC))
            log.debug("%s fires next at %s", self._function.name, self._next.isoformat())
            await _until(self._next)
            await self.fire("timer")

    async def fire(self, cause: str) -> None:
        """Run the function now."""
        status = {"Last": _time(self._last), "Next": _time(self._next), "LastUpdated": _time(self._last)}
        tick = {"Schedule": {"AdjustForDST": True}, "ScheduleStatus": status, "IsPastDue": False}
        self._last = datetime.now(UTC)
        argument = str(self._function.trigger["name"])
        await self._invoker.run(self._function, {argument: ("json", json.dumps(tick))}, cause)


async def _until(moment: datetime) -> None:
    """Wait for a time of the wall clock, never less: a timer that fires early would fire twice."""
    left = (moment - datetime.now(UTC)).total_seconds()
    if left > 0:
        await asyncio.sleep(left)
        await _until(moment)


def _time(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
