"""How a reconcile pass ended: the result, its reason and its remedy, from the proof and from what went wrong.

The order of the cases is what a person needs first: what has to be done by hand, what failed, what passes by
itself, what is missing.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from shared.core.base.errors import (
    BlockedError,
    BudgetSpent,
    CausewayError,
    ConfirmationNeeded,
    InputError,
    NotAttempted,
    PermanentError,
    RefusedError,
    Throttled,
    TransientError,
)
from shared.core.base.refusal import NO_NETWORK, Refusal
from shared.core.outcome.name_checks import EXTERNAL_GROUPS, EXTERNAL_LINKS, EXTERNAL_RECORDS
from shared.core.outcome.outcome import Done, Planned, Result
from shared.core.outcome.proof import Proof
from shared.core.policy.intent import Declined, NotAsked

NOTHING = Proof((), ())
# Azure's code: another target took the last addresses after the subnet was chosen. The next pass chooses
# again.
SUBNET_FULL = "SubnetIsFull"
# Azure's codes: something else has an address that was chosen as free. The next pass chooses another one.
ADDRESS_TAKEN = frozenset({"PrivateIPAddressInUse", "PrivateIPAddressIsAllocated"})
CHOOSES_AGAIN = ADDRESS_TAKEN | {SUBNET_FULL}
UNPROVEN = "ProofFailed"
NOT_EFFECTIVE = "RightNotEffective"
RERUN = "rerun the resource; if it fails again, read its history"


@dataclass(frozen=True, slots=True)
class Ending:
    """The result of a pass. `findings`: what is no failure and should be known all the same. `rule`: the
    policy's rule that matched; `policy_key`: what leaves the resource out, such as `exclude[0]`. `mode` and
    `plan`: as in `Outcome`.

    `again`: it may pass by itself, so it is retried, after `retry_after` seconds if Azure named any.
    `waiting`: for a person or another program, which may take days, so the retries never end. `quiet`: the
    resource is not opted in and has no history, so it is reported only to a caller who asked for this
    resource. `passing`: it is only known that a service did not answer as it should; `throttled`: because of
    a request limit, so the retries never end. `steady`: a sweep that finds the same again adds nothing to the
    history.
    """

    result: Result
    code: str = ""
    reason: str = ""
    remedy: str = ""
    profile: str = ""
    rule: str = ""
    policy_key: str = ""
    mode: str = ""
    plan: tuple[Planned, ...] = ()
    proof: Proof | None = None
    done: tuple[Done, ...] = ()
    findings: tuple[str, ...] = ()
    again: bool = False
    waiting: bool = False
    quiet: bool = False
    passing: bool = False
    throttled: bool = False
    steady: bool = False
    retry_after: float | None = None


def ending(proof: Proof, done: tuple[Done, ...], errors: Collection[CausewayError], profile: str) -> Ending:
    """Judge a pass that tried to connect. Something transient beside a block is retried as well.

    Unclassified errors are retried too: most are transient, and attempts are capped.
    """
    passing = [error for error in errors if isinstance(error, TransientError)]
    outrun = any(isinstance(error, BlockedError) and error.code in CHOOSES_AGAIN for error in errors)
    refused = any(isinstance(error, RefusedError) for error in errors)
    judged = _with_missing_networks(_worst(errors) or _proven(proof), proof)
    return replace(
        judged,
        profile=profile,
        proof=proof,
        done=done,
        again=bool(passing) or outrun or judged.waiting or (judged.result is Result.FAILED and not refused),
        throttled=judged.passing and any(isinstance(error, Throttled) for error in errors),
        retry_after=max((error.retry_after or 0.0 for error in passing), default=None),
    )


def _with_missing_networks(judged: Ending, proof: Proof) -> Ending:
    """The ending, with the client networks that do not exist: the path was made for the others."""
    missing = [check for check in proof.failures if check.code == NO_NETWORK]
    if not missing or judged.code == NO_NETWORK:
        return judged
    reason = "; ".join((*(check.seen for check in missing), judged.reason))
    return replace(judged, result=Result.BLOCKED, code=NO_NETWORK, reason=reason, remedy=missing[0].remedy)


def _worst(errors: Collection[CausewayError]) -> Ending | None:
    for error in errors:
        if isinstance(error, BlockedError):
            run = f", then rerun the resource: {error.commands}" if error.commands else ""
            return Ending(Result.BLOCKED, error.code, str(error), f"{error.remedy}{run}")
    for error in errors:
        if isinstance(error, RefusedError):
            return Ending(Result.FAILED, error.code, str(error), error.remedy)
        if isinstance(error, PermanentError) and not isinstance(error, NotAttempted):
            return Ending(Result.FAILED, error.code, str(error), RERUN)
        if isinstance(error, InputError):
            return Ending(Result.FAILED, "InvalidInput", str(error), error.remedy)
    for error in errors:
        if isinstance(error, ConfirmationNeeded):
            return Ending(Result.PENDING, error.code, str(error), error.remedy, steady=True)
        if isinstance(error, BudgetSpent):
            return Ending(Result.PENDING, error.code, str(error), error.remedy, waiting=True)
    for error in errors:
        if isinstance(error, TransientError):
            remedy = "none: it is tried again"
            return Ending(Result.PENDING, error.code or "Retrying", str(error), remedy, passing=True)
    return None


def _proven(proof: Proof) -> Ending:
    if proof.holds:
        return Ending(Result.CONNECTED, reason=_held(proof))
    if stops := [check for check in proof.failures if check.remedy]:
        reason = "; ".join(check.seen for check in stops)
        remedy = "; ".join(dict.fromkeys(check.remedy for check in stops))
        patient = any(check.patient for check in stops)
        return Ending(Result.BLOCKED, stops[0].code, reason, remedy, waiting=patient)
    if any(path.status.lower() == "pending" for path in proof.paths):
        remedy = "approve the private endpoint connection on the resource"
        reason = "the connection waits for approval"
        return Ending(Result.PENDING, "AwaitingApproval", reason, remedy, waiting=True)
    failed = {check.name for check in proof.failures}
    if failed and failed <= {EXTERNAL_GROUPS, EXTERNAL_RECORDS, EXTERNAL_LINKS}:
        return _awaiting_dns(proof)
    missing = "; ".join(f"{check.name}: {check.seen} ({check.subject})" for check in proof.failures)
    return Ending(Result.FAILED, UNPROVEN, missing or "nothing to prove", RERUN)


def _held(proof: Proof) -> str:
    """What was proven, and what nothing can show."""
    if proof.complete:
        return "every check holds"
    unproven = "; ".join(f"{one.name}: {one.seen} ({one.subject})" for one in proof.unproven)
    return f"every check that can be made holds; {unproven}"


def _awaiting_dns(proof: Proof) -> Ending:
    """Someone else keeps the names, and has not done so yet."""
    records = [check for check in proof.failures if check.name == EXTERNAL_RECORDS]
    links = [f"{check.subject} ({check.seen})" for check in proof.failures if check.name == EXTERNAL_LINKS]
    remedies = (
        "let the policy or person who keeps the zone groups attach one" if records else "",
        f"link each of these networks to the zone named after it: {', '.join(links)}" if links else "",
    )
    awaited = any(check.name == EXTERNAL_GROUPS for check in proof.failures)
    seen = "; ".join([*(check.seen for check in records), *(f"not resolved by {one}" for one in links)])
    remedy = "; ".join(filter(None, remedies))
    code = "AwaitingZoneGroup" if awaited else "AwaitingDns"
    return Ending(Result.PENDING, code, f"someone else keeps the names: {seen}", remedy, waiting=True)


def refused(why: Declined | Refusal, profile: str = "") -> Ending:
    """It was asked for and cannot be done as asked, found before anything was written.

    `profile`: the one that would have served it, if one was chosen.
    """
    result = Result.DECLINED if isinstance(why, Declined) else Result.BLOCKED
    return Ending(result, why.code, why.reason, why.remedy, profile)


def removed(done: tuple[Done, ...], errors: Collection[CausewayError], reason: str, profile: str) -> Ending:
    """Judge a pass that removed what was ours."""
    if errors:
        return ending(NOTHING, done, errors, profile)
    return Ending(Result.REMOVED, reason=reason, profile=profile, done=done, findings=kept_objects(done))


def kept_objects(done: Iterable[Done]) -> tuple[str, ...]:
    """What a removal did not delete."""
    return tuple(f"{step.id.text} is kept: {step.reason}" for step in done if step.verb == "Keep")


def broken_off(error: CausewayError, profile: str) -> Ending:
    """Judge a pass that could not read what it needed."""
    return ending(NOTHING, (), (error,), profile)


def not_effective_yet(last: Ending) -> Ending:
    """A missing right just after a person's rerun: it is tried again for some minutes.

    A role assignment can take up to 10 minutes (Microsoft Learn, "Troubleshoot Azure RBAC").
    """
    reason = (
        f"{last.reason}; if the right was granted just now, it takes some minutes until it is in effect: "
        "this is tried again"
    )
    return replace(last, result=Result.PENDING, code=NOT_EFFECTIVE, reason=reason, again=True)


def given_up(last: Ending) -> Ending:
    """It was retried often enough: say so, and leave it to the drift timer. A wait for a person stays one."""
    if last.waiting:
        return replace(last, again=False)
    reason = f"{last.reason} (given up after many tries)"
    return replace(last, result=Result.FAILED, reason=reason, remedy=RERUN, again=False, passing=False)


def unasked(why: NotAsked | None) -> Ending:
    """It is not opted in, or does not exist, and has no history: nothing is recorded."""
    if why is None:
        remedy = "check the id; a resource that is created later is reported by its event"
        return Ending(Result.DECLINED, "NotFound", "the resource does not exist", remedy, quiet=True)
    remedy = f"change {why.key}" if why.key else "tag the resource, or list its type under opt_in.always"
    return Ending(Result.DECLINED, why.code, why.reason, remedy, quiet=True)


def left_alone(why: NotAsked, profile: str) -> Ending:
    """It was connected once, is not opted in any more, and what was made for it is kept."""
    kept, remedy = "what Causeway made for it is kept", "delete the endpoints by hand if nothing needs them"
    if not why.keep:
        kept += " (on_opt_out: keep)"
        remedy = f"let the policy have a profile {profile} with on_opt_out: remove, or delete them by hand"
    return Ending(Result.DECLINED, why.code, f"{why.reason}; {kept}", remedy, profile, steady=True)
