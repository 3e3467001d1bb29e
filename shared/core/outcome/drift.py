"""What a sweep says of a connected resource where the policy lets it only report (`drift.repair: false`)."""

from collections.abc import Collection, Iterable
from dataclasses import replace

from shared.core.outcome.outcome import Result
from shared.core.outcome.result import Ending
from shared.core.plan.actions import Write, verb

CODE = "Drifted"


def drifted(reached: Ending, differs: Iterable[str], left: Collection[str] = ()) -> Ending:
    """The ending with what a pass would write, if it would write anything.

    `left`: the keys below `drift.repair` that are false; without any, all are.
    """
    listed = "; ".join(differs)
    if not listed:
        return reached
    keys = " and ".join(f"drift.repair.{name}" for name in sorted(left)) or "drift.repair"
    reason = f"{keys} {'is' if len(left) < 2 else 'are'} false, so this is left as it is: {listed}"
    remedy = f"rerun the resource, which repairs it, or set {keys}: true"
    return replace(
        reached, result=Result.BLOCKED, code=CODE, reason=reason, remedy=remedy, again=False, passing=False
    )


def differences(writes: Iterable[Write]) -> tuple[str, ...]:
    """Writes in words."""
    return tuple(f"{verb(step)} {step.id.text} ({step.reason})" for step in writes)
