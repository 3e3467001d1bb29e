"""How a pass ends: which fault comes first, what is retried and when, and what waits for a person."""

from dataclasses import replace

import pytest

from shared.core.base.errors import (
    BlockedError,
    CausewayError,
    InputError,
    NotAttempted,
    PermanentError,
    TransientError,
)
from shared.core.base.refusal import Refusal
from shared.core.outcome.check import Check
from shared.core.outcome.name_checks import EXTERNAL_LINKS, EXTERNAL_RECORDS
from shared.core.outcome.outcome import Done, Result
from shared.core.outcome.path_state import PathState
from shared.core.outcome.proof import Proof
from shared.core.outcome.result import (
    RERUN,
    Ending,
    broken_off,
    ending,
    given_up,
    kept_objects,
    left_alone,
    refused,
    removed,
    unasked,
)
from shared.core.policy.intent import Declined, NotAsked
from tests.builders.bodies import ACCOUNT, HUB

HOLDS = Check("every path", "orders", holds=True, seen="yes")
FAILS = Check("every path", "orders", holds=False, seen="no")
PROVEN = Proof((HOLDS,), ())
BLOCKED = BlockedError("No", "may not", "ask")
BAD = PermanentError("Bad", "is bad")
WRONG = InputError("field", "value", "give another")
BUSY = TransientError("is busy", retry_after=7.0, code="Busy")
SKIPPED = NotAttempted("NotAttempted", "it needs another")


def judged(*errors: CausewayError, proof: Proof = PROVEN) -> Ending:
    return ending(proof, (), errors, "default")


def kind(found: Ending) -> tuple[Result, str, str, str]:
    return found.result, found.code, found.reason, found.remedy


def test_a_pass_without_an_error_whose_proof_holds_is_connected_and_not_retried() -> None:
    found = judged()
    assert kind(found) == (Result.CONNECTED, "", "every check holds", "")
    assert (found.profile, found.proof, found.again, found.retry_after) == ("default", PROVEN, False, None)


def test_an_error_counts_more_than_a_proof_that_holds() -> None:
    assert judged(BUSY).result is Result.PENDING


@pytest.mark.parametrize(
    ("errors", "expected"),
    [
        ((BUSY, BAD, WRONG, BLOCKED), (Result.BLOCKED, "No", "may not", "ask")),
        ((BUSY, SKIPPED, BAD), (Result.FAILED, "Bad", "is bad", RERUN)),
        ((BUSY, WRONG), (Result.FAILED, "InvalidInput", str(WRONG), "give another")),
        ((SKIPPED, BUSY), (Result.PENDING, "Busy", "is busy", "none: it is tried again")),
        ((TransientError("x"),), (Result.PENDING, "Retrying", "x", "none: it is tried again")),
    ],
)
def test_what_a_person_must_do_comes_before_what_failed_and_that_before_what_passes(
    errors: tuple[CausewayError, ...], expected: tuple[Result, str, str, str]
) -> None:
    assert kind(judged(*errors)) == expected


@pytest.mark.parametrize(
    ("errors", "again", "retry_after"),
    [
        ((BLOCKED,), False, None),
        ((BLOCKED, BUSY), True, 7.0),
        ((BAD,), True, None),
        ((BUSY, TransientError("x", retry_after=9.0), TransientError("y")), True, 9.0),
        ((TransientError("y"),), True, 0.0),
    ],
)
def test_it_is_retried_if_anything_may_pass_and_as_late_as_azure_asks(
    errors: tuple[CausewayError, ...], again: bool, retry_after: float | None
) -> None:
    found = judged(*errors)
    assert (found.again, found.retry_after) == (again, retry_after)


# By the proof alone


def a_path(status: str) -> PathState:
    return PathState("blob", HUB, status, (), ())


def test_a_failed_check_is_named_and_retried() -> None:
    found = judged(proof=Proof((HOLDS, FAILS), (a_path("Approved"),)))
    assert kind(found) == (Result.FAILED, "ProofFailed", "every path: no (orders)", RERUN)
    assert (found.again, found.waiting) == (True, False)


@pytest.mark.parametrize("status", ["Pending", "pending"])
def test_one_path_that_waits_for_approval_makes_the_outcome_wait(status: str) -> None:
    found = judged(proof=Proof((FAILS,), (a_path("Approved"), a_path(status))))
    assert (found.result, found.code) == (Result.PENDING, "AwaitingApproval")
    assert (found.again, found.waiting) == (True, True)


def test_what_only_a_person_can_repair_comes_before_a_wait_for_approval() -> None:
    first = Check("rule", "x", holds=False, seen="it is shut", code="Shut", remedy="open it")
    second = Check("rule", "y", holds=False, seen="also shut", code="Other", remedy="open it")
    found = judged(proof=Proof((FAILS, first, second), (a_path("Pending"),)))
    assert kind(found) == (Result.BLOCKED, "Shut", "it is shut; also shut", "open it")
    assert (found.again, found.waiting) == (False, False)


RECORDS = Check(EXTERNAL_RECORDS, "pe", holds=False, seen="no record")
LINKS = Check(EXTERNAL_LINKS, "spoke-a: zone", holds=False, seen="no link")
ATTACH = "let the policy or person who keeps the zone groups attach one"
LINK = "link each of these networks to the zone named after it: spoke-a: zone (no link)"


@pytest.mark.parametrize(
    ("checks", "reason", "remedy"),
    [
        ((RECORDS,), "no record", ATTACH),
        ((LINKS,), "not resolved by spoke-a: zone (no link)", LINK),
        ((LINKS, RECORDS), "no record; not resolved by spoke-a: zone (no link)", f"{ATTACH}; {LINK}"),
    ],
)
def test_names_that_someone_else_has_not_made_yet_are_awaited(
    checks: tuple[Check, ...], reason: str, remedy: str
) -> None:
    found = judged(proof=Proof((HOLDS, *checks), (a_path("Approved"),)))
    expected = (Result.PENDING, "AwaitingDns", f"someone else keeps the names: {reason}", remedy)
    assert kind(found) == expected
    assert (found.again, found.waiting) == (True, True)


def test_a_failure_of_our_own_beside_names_of_someone_else_is_a_failure() -> None:
    assert judged(proof=Proof((RECORDS, FAILS), (a_path("Approved"),))).code == "ProofFailed"


# Other ends


def test_a_request_that_cannot_be_met_is_declined_and_an_obstacle_blocks() -> None:
    declined = refused(Declined("NoSubnetForRegion", "none", "add one"))
    assert kind(declined) == (Result.DECLINED, "NoSubnetForRegion", "none", "add one")
    blocked = refused(Refusal(HUB, "SubnetFull", "full", "add one"))
    assert kind(blocked) == (Result.BLOCKED, "SubnetFull", "full", "add one")
    assert not declined.again
    assert not blocked.again


def test_a_removal_reports_what_it_kept_and_judges_what_failed() -> None:
    done = (Done("Delete", HUB, "gone"), Done("Keep", ACCOUNT, "it is yours"))
    found = removed(done, (), "the resource is gone", "default")
    assert kind(found) == (Result.REMOVED, "", "the resource is gone", "")
    assert (found.done, found.profile) == (done, "default")
    assert found.findings == kept_objects(done) == (f"{ACCOUNT.text} is kept: it is yours",)
    failed = removed(done, (BUSY,), "the resource is gone", "default")
    assert (failed.result, failed.done, failed.again) == (Result.PENDING, done, True)


def test_a_pass_that_could_not_read_is_judged_by_the_error() -> None:
    assert kind(broken_off(BLOCKED, "default"))[:2] == (Result.BLOCKED, "No")
    assert broken_off(BUSY, "default").profile == "default"


def test_a_retry_that_is_given_up_fails_but_a_wait_for_a_person_goes_on_waiting() -> None:
    found = given_up(judged(BUSY))
    assert kind(found) == (Result.FAILED, "Busy", "is busy (given up after many tries)", RERUN)
    assert not found.again
    waiting = judged(proof=Proof((FAILS,), (a_path("Pending"),)))
    assert given_up(waiting) == replace(waiting, again=False)


def test_a_resource_that_is_not_opted_in_is_reported_only_to_a_caller_who_asks() -> None:
    assert kind(unasked(None))[:2] == (Result.DECLINED, "NotFound")
    found = unasked(NotAsked("it has no tag"))
    assert kind(found)[:3] == (Result.DECLINED, "NotAsked", "it has no tag")
    assert (unasked(None).quiet, found.quiet) == (True, True)
    kept = left_alone(NotAsked("it has no tag"), "default")
    assert (kept.code, kept.profile, kept.quiet) == ("NotAsked", "default", False)
