"""One resource, one worker, and no event lost: on tables in memory and on Azurite."""

import asyncio

import pytest

from shared.adapters.claims import LEASE_SECONDS
from shared.core.base.errors import LostClaim
from shared.core.events.asked import Asked
from shared.core.outcome.outcome import Result
from tests.adapters.storage import endpoint, outcome, target


async def test_a_claimed_target_cannot_be_claimed_by_another_worker(process):
    claim = await process.ledger.claim(target())
    assert await process.other().claim(target()) is None
    await claim.finish(outcome())


async def test_an_event_for_a_claimed_target_marks_it_for_another_pass(process):
    claim = await process.ledger.claim(target())
    await process.other().claim(target())
    assert await claim.finish(outcome()) is True


async def test_without_an_event_meanwhile_there_is_no_other_pass(process):
    claim = await process.ledger.claim(target())
    assert await claim.finish(outcome()) is False


async def test_the_mark_is_cleared_by_the_next_pass(process):
    claim = await process.ledger.claim(target())
    await process.other().claim(target())
    await claim.finish(outcome())
    again = await process.ledger.claim(target())
    assert await again.finish(outcome()) is False


RERUN = Asked("manual", 900.0, ("manual-1",))


async def test_the_mark_has_what_is_asked_and_the_next_pass_answers_it(process):
    claim = await process.ledger.claim(target(), Asked("event", 5.0))
    await process.other().claim(target(), RERUN)
    await process.other().claim(target(), Asked("drift", 1000.0))
    await process.other().claim(target(), Asked("manual", 0.0, ("manual-2",)))
    assert claim.asked == Asked("event", 5.0)
    assert await claim.finish(outcome()) is True
    again = await process.other().claim(target(), Asked("event", 5.0))
    assert again.asked == Asked("manual", 1000.0, ("manual-1", "manual-2"))
    assert await again.finish(outcome()) is False
    last = await process.ledger.claim(target())
    assert last.asked == Asked()
    await last.abandon()


async def test_a_mark_survives_a_pass_without_an_outcome(process):
    claim = await process.ledger.claim(target())
    await process.other().claim(target(), RERUN)
    assert await claim.finish(None) is True
    again = await process.ledger.claim(target())
    assert again.asked == RERUN
    await again.finish(None)


async def test_what_a_dead_worker_was_to_answer_is_answered_by_the_next(process):
    dead = await process.ledger.claim(target(), RERUN)
    process.elapse(LEASE_SECONDS + 1)
    claim = await process.other().claim(target())
    assert claim.asked == RERUN
    await claim.finish(outcome())
    await dead.abandon()


async def test_of_many_concurrent_claims_one_succeeds_and_is_marked(process):
    claims = await asyncio.gather(*(process.other().claim(target()) for _ in range(12)))
    got = [claim for claim in claims if claim is not None]
    assert len(got) == 1
    assert await got[0].finish(outcome()) is True


async def test_two_targets_are_worked_on_at_once(process):
    first = await process.ledger.claim(target("one"))
    second = await process.ledger.claim(target("two"))
    assert second is not None
    await first.abandon()
    await second.abandon()


async def test_a_finished_target_can_be_claimed_again(process):
    await (await process.ledger.claim(target())).finish(outcome())
    claim = await process.other().claim(target())
    await claim.finish(outcome())


async def test_an_abandoned_target_can_be_claimed_again(process):
    await (await process.ledger.claim(target())).abandon()
    claim = await process.other().claim(target())
    await claim.finish(None)


async def test_a_dead_workers_claim_expires(process):
    dead = await process.ledger.claim(target())
    process.elapse(LEASE_SECONDS + 1)
    claim = await process.other().claim(target())
    assert claim is not None
    await claim.finish(outcome())
    await dead.abandon()


async def test_a_dead_workers_mark_is_cleared_by_the_pass_that_follows(process):
    dead = await process.ledger.claim(target())
    await process.other().claim(target())
    process.elapse(LEASE_SECONDS + 1)
    claim = await process.other().claim(target())
    assert await claim.finish(outcome()) is False
    await dead.abandon()


async def test_a_worker_that_lost_its_claim_cannot_record_an_object(process):
    slow = await process.ledger.claim(target())
    process.elapse(LEASE_SECONDS + 1)
    claim = await process.other().claim(target())
    with pytest.raises(LostClaim):
        await slow.own(endpoint())
    assert await claim.finish(outcome()) is False


async def test_a_worker_that_lost_its_claim_does_not_overwrite_the_other(process):
    slow = await process.ledger.claim(target())
    process.elapse(LEASE_SECONDS + 1)
    claim = await process.other().claim(target())
    with pytest.raises(LostClaim):
        await slow.finish(outcome(result=Result.FAILED))
    await claim.finish(outcome())
    assert (await process.state())["result"] == "Connected"


async def test_a_worker_that_lost_its_claim_abandons_without_an_error(process):
    slow = await process.ledger.claim(target())
    process.elapse(LEASE_SECONDS + 1)
    claim = await process.other().claim(target())
    await slow.abandon()
    assert await process.ledger.claim(target()) is None
    await claim.finish(outcome())


async def test_an_expired_claim_that_no_worker_took_is_still_valid(process):
    slow = await process.ledger.claim(target())
    process.elapse(LEASE_SECONDS + 1)
    await slow.own(endpoint())
    assert await slow.finish(outcome()) is False


async def test_recorded_objects_are_known_to_the_next_worker(process):
    dead = await process.ledger.claim(target())
    await dead.own(endpoint())
    process.elapse(LEASE_SECONDS + 1)
    claim = await process.other().claim(target())
    assert claim.owned == (endpoint(),)
    await claim.finish(outcome())
    await dead.abandon()


async def test_an_object_is_recorded_once_in_any_spelling(process):
    claim = await process.ledger.claim(target())
    await claim.own(endpoint("pe-one"))
    await claim.own(endpoint("PE-ONE"))
    await claim.own(endpoint("pe-two"))
    assert claim.owned == (endpoint("pe-one"), endpoint("pe-two"))
    await claim.finish(outcome())


async def test_deleted_objects_are_forgotten(process):
    claim = await process.ledger.claim(target())
    await claim.own(endpoint("pe-one"))
    await claim.own(endpoint("pe-two"))
    await claim.disown([endpoint("PE-ONE"), endpoint("never")])
    assert claim.owned == (endpoint("pe-two"),)
    await claim.finish(outcome())


async def test_recorded_objects_survive_a_concurrent_mark(process):
    claim = await process.ledger.claim(target())
    await process.other().claim(target())
    await claim.own(endpoint())
    assert claim.owned == (endpoint(),)
    assert await claim.finish(outcome()) is True


async def test_hundreds_of_objects_fit(process):
    claim = await process.ledger.claim(target())
    for number in range(300):
        await claim.own(endpoint(f"pe-with-a-rather-long-name-{number:04d}"))
    await claim.finish(outcome())
    again = await process.other().claim(target())
    assert len(again.owned) == 300
    await again.abandon()


async def test_the_profile_of_the_last_outcome_that_had_one_is_remembered(process):
    await (await process.ledger.claim(target())).finish(outcome(profile="isolated"))
    await (await process.ledger.claim(target())).finish(outcome(result=Result.FAILED, profile=""))
    claim = await process.ledger.claim(target())
    assert claim.profile == "isolated"
    await claim.abandon()


async def test_a_target_without_history_leaves_no_row(process):
    await (await process.ledger.claim(target())).finish(None)
    assert await process.ledger.targets() == []


async def test_a_target_that_is_only_expected_leaves_no_row(process):
    await process.ledger.expect(target(), "asked for by hand")
    await (await process.ledger.claim(target())).finish(None)
    assert await process.state() is None


async def test_a_target_with_history_keeps_its_row(process):
    await (await process.ledger.claim(target())).finish(outcome())
    await (await process.ledger.claim(target())).finish(None)
    assert (await process.state())["result"] == "Connected"


async def test_a_target_with_objects_keeps_its_row_without_an_outcome(process):
    claim = await process.ledger.claim(target())
    await claim.own(endpoint())
    await claim.finish(None)
    assert await process.ledger.targets() == [target()]


async def test_objects_of_other_targets_are_found_by_their_addresses(process):
    first, second = await process.ledger.claim(target("first")), await process.ledger.claim(target("second"))
    for claim, addresses in ((first, ["10.0.1.4", "10.0.1.5"]), (second, ["10.0.1.5", "10.0.1.6"])):
        await claim.own(endpoint(), addresses)
    assert await first.elsewhere(["10.0.1.4", "10.0.1.5"]) == {"10.0.1.5": {endpoint()}}
    assert await first.elsewhere(["10.0.1.9"]) == {}
    await second.disown([], ["10.0.1.5"])
    assert await first.elsewhere(["10.0.1.5"]) == {}
    await first.abandon()
    await second.abandon()
