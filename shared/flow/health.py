"""How the app itself is: its last sweep, what that could not read, what waits for a person."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from shared.core.base.errors import TransientError
from shared.core.outcome.modes import CODES
from shared.core.outcome.outcome import Result
from shared.core.outcome.sweep_report import SweepReport
from shared.core.policy.in_force import InForce
from shared.flow.limits import HELD
from shared.ports import Bodies, Body, Clock, Ledger, RequestLimits, Sweeps, WorkQueue

OK, DEGRADED = "ok", "degraded"
PATIENCE = 20.0  # seconds for the tables: what asks for health does not wait for their retries
LONGEST_SWEEP = 600.0  # seconds: the platform ends a function after ten minutes (host.json, functionTimeout)


@dataclass(frozen=True, slots=True)
class HealthReport:
    """`problems` are sentences for an operator; without any the app is well."""

    problems: tuple[str, ...]
    sweep: Body | None
    limits: Bodies
    oldest_message: float | None  # seconds since it was sent
    modes: Mapping[str, int]  # resources that wait for another mode, by their result
    policy: Body | None = None

    def record(self) -> Body:
        """The report as JSON."""
        status = DEGRADED if self.problems else OK
        return {
            "status": status,
            "problems": list(self.problems),
            "sweep": self.sweep,
            "limits": self.limits,
            "oldest_message_seconds": self.oldest_message,
            "modes": dict(self.modes),
            "policy": self.policy,
        }


@dataclass(frozen=True, slots=True)
class Health:
    """Reads the app's own tables and its queue. Azure Resource Manager is not asked."""

    ledger: Ledger
    sweeps: Sweeps
    limits: RequestLimits
    queue: WorkQueue
    clock: Clock
    in_force: Callable[[], InForce | None] = lambda: None

    async def report(self) -> HealthReport:
        """The present state. Raises what the tables raise, and TransientError if they are silent."""
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._report()
        except TimeoutError:
            text = f"the app's storage account did not answer within {PATIENCE:.0f} s"
            raise TransientError(text, code="StorageUnreachable") from None

    async def _report(self) -> HealthReport:
        last, limits, oldest = await self.sweeps.latest(), await self.limits.left(), await self.queue.oldest()
        waits = None if oldest is None else round((self.clock.now() - oldest).total_seconds(), 3)
        policy = self.in_force()
        shown_policy = policy.record() if policy else None
        kept_out = (policy.problem,) if policy and policy.problem else ()
        modes = {
            Result.PLANNED.lower(): len(await self.ledger.with_code(CODES["plan"])),
            Result.OBSERVED.lower(): len(await self.ledger.with_code(CODES["observe"])),
        }
        if last is None:
            return HealthReport((*kept_out, "no sweep has run yet"), None, limits, waits, modes, shown_policy)
        held, now = len(await self.ledger.with_code(HELD)), self.clock.now().timestamp()
        problems = (*kept_out, *_problems(last, held, now))
        return HealthReport(problems, shown(last, held, now), limits, waits, modes, shown_policy)


def _problems(last: SweepReport, held: int, now: float) -> list[str]:
    found = [f"subscription {one} could not be listed: {why}" for one, why in last.unread.items()]
    found += last.unread_groups.values()
    if last.ended is None and now - last.began > LONGEST_SWEEP:
        found.append("the last sweep broke off before it had queued everything")
    if held:
        found.append(
            f"the deletes of {held} resources wait for a person: /api/connections?outcome_code=DeletesHeld"
        )
    return found


def shown(last: SweepReport, held: int, now: float) -> dict[str, Any]:
    """The report of a sweep as callers see it: moments in ISO 8601, spans in seconds."""
    ended = last.ended
    return last.record() | {
        "began": _moment(last.began),
        "ended": None if ended is None else _moment(ended),
        "seconds": None if ended is None else round(ended - last.began, 3),
        "age_seconds": round(now - last.began, 3),
        "held": held,
    }


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()
