"""Present state and history, in memory and on Azurite."""

import asyncio

import pytest

from shared.core.base.errors import LostClaim
from shared.core.base.ids import GroupId, target_key
from shared.core.events.asked import Asked
from shared.core.outcome.connection_query import ConnectionQuery
from shared.core.outcome.outcome import Result
from shared.core.plan.deletion_record import Deletion
from tests.adapters.storage import GROUP, endpoint, many_actions, outcome, target

OTHER = GroupId("abcdef00-0000-0000-0000-000000000002", "rg")


async def test_an_outcome_is_found_by_its_key_as_it_was_recorded(process):
    await process.ledger.record(outcome(reason="every check holds"))
    found = await process.state()
    assert {
        **outcome(reason="every check holds").record(),
        "key": target_key(target()),
    }.items() <= found.items()


async def test_an_unknown_key_is_none(process):
    assert await process.ledger.get("0" * 32) is None


async def test_a_target_in_its_first_pass_has_no_state_yet(process):
    claim = await process.ledger.claim(target())
    assert await process.state() is None
    assert await process.listed() == []
    await claim.finish(outcome())


async def test_history_is_newest_first_and_ends_at_the_limit(process):
    for after in (1, 3, 2):
        await process.ledger.record(outcome(after=after, reason=f"second {after}"))
    newest = await process.ledger.history(target_key(target()), limit=2)
    assert [entry["reason"] for entry in newest] == ["second 3", "second 2"]


async def test_two_outcomes_of_the_same_moment_are_two_entries(process):
    await process.ledger.record(outcome())
    await process.ledger.record(outcome())
    assert len(await process.ledger.history(target_key(target()))) == 2


async def test_the_state_is_the_last_outcome_and_nothing_of_the_one_before(process):
    await process.ledger.record(outcome(done=many_actions(40)))
    await process.ledger.record(outcome(result=Result.BLOCKED, code="SubnetIsFull", after=1))
    found = await process.state()
    assert (found["result"], found["code"], found["actions"]) == ("Blocked", "SubnetIsFull", [])


async def test_states_are_narrowed_by_result_and_by_subscription(process):
    await process.ledger.record(outcome(target("one")))
    await process.ledger.record(outcome(target("two"), Result.FAILED))
    await process.ledger.record(outcome(target("three", OTHER), Result.FAILED))
    failed = await process.listed(result="Failed")
    here = await process.listed(subscription=GROUP.subscription)
    both = await process.listed(result="Failed", subscription=OTHER.subscription.upper())
    assert {entry["resource_id"] for entry in failed} == {target("two").text, target("three", OTHER).text}
    assert len(here) == 2
    assert [entry["resource_id"] for entry in both] == [target("three", OTHER).text]


async def test_pages_hold_every_state_once_and_end(process):
    names = {f"account{number}" for number in range(7)}
    for name in names:
        await process.ledger.record(outcome(target(name)))
    found, continuation, pages = [], None, 0
    while pages == 0 or continuation:
        page = await process.ledger.connections(ConnectionQuery(top=3, continuation=continuation))
        assert len(page.items) <= 3
        found += [state.target.name for state in page.items]
        continuation, pages = page.continuation, pages + 1
    assert sorted(found) == sorted(names)
    assert pages == 3


async def test_a_state_is_a_value_with_what_was_made_and_who_works_on_it(process):
    claim = await process.ledger.claim(target())
    await claim.own(endpoint())
    await claim.finish(outcome())
    [state] = (await process.ledger.connections(ConnectionQuery())).items
    assert (state.target, state.result, state.profile) == (target(), Result.CONNECTED, "default")
    assert (state.owned, state.closed, state.working) == ((endpoint(),), None, False)


async def test_targets_of_a_group_are_found_in_any_case(process):
    await process.ledger.record(outcome(target("one")))
    await process.ledger.record(outcome(target("two", GroupId(GROUP.subscription, "other"))))
    await process.ledger.record(outcome(target("three", OTHER)))
    assert await process.ledger.targets(GroupId(GROUP.subscription, "RG")) == [target("one")]
    assert await process.ledger.targets(GroupId(OTHER.subscription.upper(), "RG")) == [target("three", OTHER)]
    assert len(await process.ledger.targets()) == 3


async def test_a_removed_target_that_owns_nothing_is_no_longer_a_target(process):
    await process.ledger.record(outcome(target("gone"), Result.REMOVED))
    claim = await process.ledger.claim(target("left-over"))
    await claim.own(endpoint())
    await claim.finish(outcome(target("left-over"), Result.REMOVED))
    assert await process.ledger.targets() == [target("left-over")]
    assert len(await process.listed(result="Removed")) == 2


async def test_an_expected_target_is_pending_until_its_first_outcome(process):
    await process.ledger.expect(target(), "asked for by hand")
    found = await process.state()
    assert (found["result"], found["code"], found["reason"]) == ("Pending", "Queued", "asked for by hand")


async def test_expecting_a_known_target_changes_nothing(process):
    await process.ledger.record(outcome())
    await process.ledger.expect(target(), "asked for by hand")
    assert (await process.state())["result"] == "Connected"


async def test_an_outcome_without_a_claim_leaves_the_claim_to_its_worker(process):
    claim = await process.ledger.claim(target())
    await claim.own(endpoint())
    await process.other().record(outcome(result=Result.FAILED))
    assert await process.other().claim(target()) is None
    assert await claim.finish(outcome()) is True
    found = await process.state()
    assert (found["result"], found["owned"], found["working"]) == ("Connected", [endpoint().text], False)


async def test_a_claimed_target_is_shown_as_working(process):
    await process.ledger.record(outcome())
    claim = await process.ledger.claim(target())
    assert (await process.state())["working"] is True
    await claim.finish(outcome())


async def test_many_processes_record_at_once_and_no_history_is_lost(process):
    await asyncio.gather(*(process.other().record(outcome(after=n)) for n in range(10)))
    assert len(await process.ledger.history(target_key(target()))) == 10


@pytest.mark.parametrize("number", [40, 90])
async def test_a_long_record_is_kept_whole(process, number):
    await process.ledger.record(outcome(done=many_actions(number)))
    assert len((await process.state())["actions"]) == number
    assert len((await process.ledger.history(target_key(target())))[0]["actions"]) == number


async def test_a_record_too_long_for_a_row_is_kept_with_a_note_of_what_was_left_out(process):
    await process.ledger.record(outcome(done=many_actions(400), reason="r" * 500_000))
    found = await process.state()
    assert found["result"] == "Connected"
    assert found["actions"] == []
    assert found["left_out"]["actions"] == 400
    assert len(found["reason"]) < 10_000


async def test_text_of_any_script_survives(process):
    reason = "Zone „größe“ 日本語 😀 \u202e"
    await process.ledger.record(outcome(reason=reason))
    assert (await process.state())["reason"] == reason


async def test_a_deletion_record_is_in_the_history_before_the_outcome(process):
    claim = await process.ledger.claim(target())
    await claim.remember(parts(2))
    await claim.abandon()
    [entry] = await process.ledger.history(target_key(target()))
    assert (entry["result"], entry["resource_id"]) == ("Removing", target().text)
    assert [one["body"] for one in entry["deletions"]] == [{"n": 0, "x": "xxx"}, {"n": 1, "x": "xxx"}]
    assert "left_out" not in entry


async def test_bodies_too_long_for_a_row_are_named_and_the_others_kept(process):
    claim = await process.ledger.claim(target())
    await claim.remember((*parts(1, 300_000), *parts(2, 200_000, begin=1), *parts(1, begin=3)))
    await claim.abandon()
    [entry] = await process.ledger.history(target_key(target()))
    assert [one["body"] and one["body"]["n"] for one in entry["deletions"]] == [None, 1, None, 3]
    assert entry["left_out"] == {"bodies": [endpoint("pe-2").text, endpoint("pe-0").text]}


async def test_a_worker_that_lost_its_claim_cannot_record_a_deletion(process):
    slow = await process.ledger.claim(target())
    process.elapse(120)
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


@pytest.mark.parametrize("result", [Result.DECLINED, Result.REMOVED])
async def test_a_target_that_was_never_connected_is_no_target_of_a_sweep(process, result):
    await process.ledger.record(outcome(result=result, profile=""))
    assert await process.ledger.targets() == []
    assert (await process.state())["result"] == result


async def test_a_target_that_was_connected_once_is_swept_also_when_it_is_declined(process):
    await process.ledger.record(outcome(profile="default"))
    await process.ledger.record(outcome(result=Result.DECLINED, profile="", after=1))
    assert await process.ledger.targets() == [target()]


async def test_a_target_in_its_first_pass_has_a_state_once_a_rerun_is_expected(process):
    claim = await process.ledger.claim(target())
    await process.other().expect(target(), "asked for by hand", Asked("manual", 9.0, ("manual-1",)))
    assert (await process.state())["result"] == "Pending"
    assert await claim.finish(None) is True
    again = await process.ledger.claim(target())
    assert again.asked == Asked("manual", 9.0, ("manual-1",))
    await again.finish(outcome())
    assert (await process.state())["result"] == "Connected"
