"""How a walk ended: the result, its reason and its remedy, from the proof and from what went wrong.

Place in the data's way: between `Proof` and `Outcome`. The order of the cases is the order in which a
person wants to hear them: what somebody must do, what failed, what passes by itself, what is missing.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from shared.core.actions import Block
from shared.core.errors import BlockedError, CausewayError, PermanentError, TransientError
from shared.core.ids import ResourceId
from shared.core.intent import Declined, NotAsked
from shared.core.outcome import Done, Result
from shared.core.proof import Proof

RERUN = "rerun the resource; if it fails again, look at its history"


@dataclass(frozen=True, slots=True)
class Ending:
    """A walk's result. `again`: it passes by itself and is worth another try; after so many seconds."""

    result: Result
    code: str = ""
    reason: str = ""
    remedy: str = ""
    profile: str = ""
    proof: Proof | None = None
    done: tuple[Done, ...] = ()
    again: bool = False
    retry_after: float | None = None


def ending(
    proof: Proof, done: tuple[Done, ...], errors: Mapping[ResourceId, CausewayError], profile: str
) -> Ending:
    """Judge a walk that tried to connect. Something transient beside a block is tried again as well."""
    passing = [error for error in errors.values() if isinstance(error, TransientError)]
    wait = max((error.retry_after or 0.0 for error in passing), default=0.0) or None
    again = bool(passing)

    def judged(result: Result, code: str = "", reason: str = "", remedy: str = "") -> Ending:
        return Ending(result, code, reason, remedy, profile, proof, done, again, wait)

    for error in errors.values():
        if isinstance(error, BlockedError):
            return judged(Result.BLOCKED, error.code, str(error), error.remedy)
    for error in errors.values():
        if isinstance(error, PermanentError) and error.code != "NotAttempted":
            return judged(Result.FAILED, error.code, str(error), RERUN)
    if passing:
        return judged(Result.PENDING, passing[0].code or "Retrying", str(passing[0]), "none: it is tried again")
    if proof.holds:
        return judged(Result.CONNECTED, reason="every check holds")
    waiting = [path for path in proof.paths if path.status.lower() == "pending"]
    if waiting:
        remedy = "approve the private endpoint connection on the resource"
        return judged(Result.PENDING, "AwaitingApproval", "the connection waits for approval", remedy)
    missing = "; ".join(f"{check.name}: {check.seen} ({check.subject})" for check in proof.failures)
    return judged(Result.FAILED, "ProofFailed", missing or "nothing to prove", RERUN)


def refused(why: Declined | Block) -> Ending:
    """It was asked for and cannot be done as asked, found before anything was written."""
    result = Result.DECLINED if isinstance(why, Declined) else Result.BLOCKED
    return Ending(result, why.code, why.reason, why.remedy)


def removed(
    done: tuple[Done, ...], errors: Mapping[ResourceId, CausewayError], reason: str, profile: str
) -> Ending:
    """Judge a walk that took away what was ours."""
    if not errors:
        return Ending(Result.REMOVED, reason=reason, profile=profile, done=done)
    failed = ending(Proof((), ()), done, errors, profile)
    return failed


def left_alone(why: NotAsked, profile: str) -> Ending:
    """It was connected once, nobody asks any more, and the profile says to keep what was made."""
    return Ending(
        Result.DECLINED,
        "NotAsked",
        f"{why.reason}; what Causeway made for it stays (on_opt_out: keep)",
        "set on_opt_out: remove in the profile, or delete the endpoints by hand",
        profile,
    )
