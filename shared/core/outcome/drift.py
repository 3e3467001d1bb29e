"""What a sweep says of a connected resource where the policy lets it only report (`drift.repair: false`)."""

from collections.abc import Iterable
from dataclasses import replace

from shared.core.outcome.outcome import Result
from shared.core.outcome.result import Ending
from shared.core.plan.actions import Write, verb

CODE = "Drifted"
REMEDY = "rerun the resource, which repairs it, or set drift.repair: true"


def drifted(reached: Ending, writes: Iterable[Write], further: Iterable[str] = ()) -> Ending:
    """The ending with what a pass would write, if it would write anything."""
    differs = [*(f"{verb(step)} {step.id.text} ({step.reason})" for step in writes), *further]
    if not differs:
        return reached
    reason = f"drift.repair is false, so this is left as it is: {'; '.join(differs)}"
    return replace(
        reached, result=Result.BLOCKED, code=CODE, reason=reason, remedy=REMEDY, again=False, passing=False
    )
