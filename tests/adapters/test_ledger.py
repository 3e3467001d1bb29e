"""Present state and history, in memory and on Azurite."""

import asyncio

import pytest

from shared.adapters.claims import LostClaim
from shared.core.base.ids import GroupId, target_key
from shared.core.outcome.outcome import Result
from shared.core.plan.deletion_record import Deletion
from tests.adapters.storage import GROUP, endpoint, many_actions, outcome, target

OTHER = GroupId("abcdef00-0000-0000-0000-000000000002", "rg")


async def test_an_outcome_is_found_by_its_key_as_it_was_recorded(process):
    await process.ledger.record(outcome(reason="every check holds"))
    found = await process.ledger.get(target_key(target()))
    assert {
        **outcome(reason="every check holds").record(),
        "key": target_key(target()),
    }.items() <= found.items()


async def test_an_unknown_key_is_none(process):
    assert await process.ledger.get("0" * 32) is None


async def test_a_target_in_its_first_pass_has_no_state_yet(process):
    claim = await process.ledger.claim(target())
    assert await process.ledger.get(target_key(target())) is None
    assert await process.ledger.connections() == []
    await claim.finish(outcome())


async def test_history_is_newest_first_and_ends_at_the_limit(process):
    for after in (1, 3, 2):
        await process.ledger.record(outcome(after=after, reason=f"second {after}"))
    newest = await process.ledger.history(target_key(target()), limit=2)
    assert [entry["reason"] for entry in newest] == ["second 3", "second 2"]


async def test_two_outcomes_of_one_moment_are_two_entries(process):
    await process.ledger.record(outcome())
    await process.ledger.record(outcome())
    assert len(await process.ledger.history(target_key(target()))) == 2


async def test_the_state_is_the_last_outcome_and_nothing_of_the_one_before(process):
    await process.ledger.record(outcome(done=many_actions(40)))
    await process.ledger.record(outcome(result=Result.BLOCKED, code="SubnetIsFull", after=1))
    found = await process.ledger.get(target_key(target()))
    assert (found["result"], found["code"], found["actions"]) == ("Blocked", "SubnetIsFull", [])


async def test_states_are_narrowed_by_result_and_by_subscription(process):
    await process.ledger.record(outcome(target("one")))
    await process.ledger.record(outcome(target("two"), Result.FAILED))
    await process.ledger.record(outcome(target("three", OTHER), Result.FAILED))
    failed = await process.ledger.connections(result="Failed")
    here = await process.ledger.connections(subscription=GROUP.subscription)
    both = await process.ledger.connections(result="Failed", subscription=OTHER.subscription.upper())
    assert {entry["resource_id"] for entry in failed} == {target("two").text, target("three", OTHER).text}
    assert len(here) == 2
    assert [entry["resource_id"] for entry in both] == [target("three", OTHER).text]


async def test_targets_of_a_group_are_found_in_any_case(process):
    await process.ledger.record(outcome(target("one")))
    await process.ledger.record(outcome(target("two", GroupId(GROUP.subscription, "other"))))
    await process.ledger.record(outcome(target("three", OTHER)))
    assert await process.ledger.targets(GroupId(GROUP.subscription, "RG")) == [target("one")]
    assert await process.ledger.targets(GroupId(OTHER.subscription.upper(), "RG")) == [target("three", OTHER)]
    assert len(await process.ledger.targets()) == 3


async def test_a_removed_target_that_owns_nothing_is_no_target_any_more(process):
    await process.ledger.record(outcome(target("gone"), Result.REMOVED))
    claim = await process.ledger.claim(target("left-over"))
    await claim.own(endpoint())
    await claim.finish(outcome(target("left-over"), Result.REMOVED))
    assert await process.ledger.targets() == [target("left-over")]
    assert len(await process.ledger.connections(result="Removed")) == 2


async def test_an_expected_target_is_pending_until_it_was_reconciled(process):
    await process.ledger.expect(target(), "asked for by hand")
    found = await process.ledger.get(target_key(target()))
    assert (found["result"], found["code"], found["reason"]) == ("Pending", "Queued", "asked for by hand")


async def test_expecting_a_known_target_changes_nothing(process):
    await process.ledger.record(outcome())
    await process.ledger.expect(target(), "asked for by hand")
    assert (await process.ledger.get(target_key(target())))["result"] == "Connected"


async def test_an_outcome_without_a_claim_leaves_the_claim_to_its_worker(process):
    claim = await process.ledger.claim(target())
    await claim.own(endpoint())
    await process.other().record(outcome(result=Result.FAILED))
    assert await process.other().claim(target()) is None
    assert await claim.finish(outcome()) is True
    found = await process.ledger.get(target_key(target()))
    assert (found["result"], found["owned"], found["working"]) == ("Connected", [endpoint().text], False)


async def test_it_shows_that_a_worker_has_claimed_the_target(process):
    await process.ledger.record(outcome())
    claim = await process.ledger.claim(target())
    assert (await process.ledger.get(target_key(target())))["working"] is True
    await claim.finish(outcome())


async def test_many_processes_record_at_once_and_no_history_is_lost(process):
    await asyncio.gather(*(process.other().record(outcome(after=n)) for n in range(10)))
    assert len(await process.ledger.history(target_key(target()))) == 10


@pytest.mark.parametrize("number", [40, 90])
async def test_a_long_record_is_kept_whole(process, number):
    await process.ledger.record(outcome(done=many_actions(number)))
    assert len((await process.ledger.get(target_key(target())))["actions"]) == number
    assert len((await process.ledger.history(target_key(target())))[0]["actions"]) == number


async def test_a_record_that_no_row_can_hold_is_kept_with_a_note_of_what_it_lacks(process):
    await process.ledger.record(outcome(done=many_actions(400), reason="r" * 500_000))
    found = await process.ledger.get(target_key(target()))
    assert found["result"] == "Connected"
    assert found["actions"] == []
    assert found["left_out"]["actions"] == 400
    assert len(found["reason"]) < 10_000


async def test_text_of_any_script_survives(process):
    reason = "Zone „größe“ 日本語 😀 \u202e"
    await process.ledger.record(outcome(reason=reason))
    assert (await process.ledger.get(target_key(target())))["reason"] == reason


async def test_what_is_about_to_be_deleted_is_in_the_history_before_the_outcome(process):
    claim = await process.ledger.claim(target())
    await claim.remember(parts(2))
    await claim.abandon()
    [entry] = await process.ledger.history(target_key(target()))
    assert (entry["result"], entry["resource_id"]) == ("Removing", target().text)
    assert [one["body"] for one in entry["going"]] == [{"n": 0, "x": "xxx"}, {"n": 1, "x": "xxx"}]
    assert "left_out" not in entry


async def test_bodies_that_no_row_can_hold_are_named_and_the_others_kept(process):
    claim = await process.ledger.claim(target())
    await claim.remember((*parts(1, 300_000), *parts(2, 200_000, begin=1), *parts(1, begin=3)))
    await claim.abandon()
    [entry] = await process.ledger.history(target_key(target()))
    assert [one["body"] and one["body"]["n"] for one in entry["going"]] == [None, 1, None, 3]
    assert entry["left_out"] == {"bodies": [endpoint("pe-2").text, endpoint("pe-0").text]}


async def test_an_overtaken_worker_remembers_nothing_and_so_deletes_nothing(process):
    slow = await process.ledger.claim(target())
    process.clock.ahead += 120
    other = await process.other().claim(target())
    with pytest.raises(LostClaim):
        await slow.remember(parts(1))
    assert await process.ledger.history(target_key(target())) == []
    await other.abandon()


def parts(number, size=3, begin=0):
    """Objects that are about to be deleted, with bodies of about this size."""
    return tuple(
        Deletion("Delete", endpoint(f"pe-{n}"), "gone", {"n": n, "x": "x" * size})
        for n in range(begin, begin + number)
    )
