"""The policy while the app runs: a good change counts, a faulty one does not, and neither stops a pass."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from shared.core.base.errors import BlockedError, PolicyError
from shared.core.policy.in_force import PolicyText
from shared.core.policy.policy import Policy
from shared.flow.policies import PATIENCE, Policies
from tests.builders.policy_source import ChangingPolicy
from tests.builders.world import LoopClock

SUB = "00000000-0000-0000-0000-000000000001"
GROUP = f"/subscriptions/{SUB}/resourceGroups"


def text(**more: Any) -> str:
    subnet = f"{GROUP}/rg/providers/Microsoft.Network/virtualNetworks/hub/subnets/endpoints"
    dns = {"zones_resource_group": f"{GROUP}/rg-dns"}
    default = {"subnets": {"westeurope": [subnet]}, "dns": dns}
    return json.dumps({"version": 1, "subscriptions": [SUB], "profiles": {"default": default}, **more})


OLD, NEW, FAULTY = text(), text(limits={"creations_per_hour": 7}), text(limits={"creations_per_hour": -1})


def accept(policy: Policy) -> None:
    """Nothing is wrong with it."""


def policies(source: ChangingPolicy, check: Callable[[Policy], None] = accept) -> Policies:
    async def parse(read: PolicyText) -> Policy:
        policy = Policy.parse(read.text())
        check(policy)
        return policy

    return Policies(source, parse, LoopClock())


async def begun(source: ChangingPolicy) -> Policies:
    """Policies that started, with the interval behind them."""
    found = policies(source)
    await found.first()
    await asyncio.sleep(source.interval)
    return found


async def test_a_good_change_counts_and_the_state_says_which_policy_it_is() -> None:
    source = ChangingPolicy(OLD)
    found = await begun(source)
    source.put(NEW)
    changed = await found.changed()
    assert changed is not None
    assert changed.limits.creations_per_hour == 7
    assert found.state is not None
    assert (found.state.version, found.state.problem) == ('"2"', "")


async def test_it_is_read_again_after_the_interval_and_not_before() -> None:
    source = ChangingPolicy(OLD)
    found = policies(source)
    await found.first()
    source.put(NEW)
    await asyncio.sleep(source.interval - 1)
    assert await found.changed() is None
    assert source.reads == 1
    await asyncio.sleep(1)
    assert await found.changed() is not None
    assert source.interval <= 60, "a change has to count within a minute"


async def test_an_unchanged_policy_is_neither_sent_nor_parsed_again() -> None:
    source, parsed = ChangingPolicy(OLD), list[Policy]()
    found = policies(source, parsed.append)
    await found.first()
    for _ in range(3):
        await asyncio.sleep(source.interval)
        assert await found.changed() is None
    assert (source.reads, source.sent, len(parsed)) == (4, 1, 1)


async def test_a_policy_that_was_written_again_without_a_change_does_not_count_as_new() -> None:
    source, parsed = ChangingPolicy(OLD), list[Policy]()
    found = policies(source, parsed.append)
    await found.first()
    read = found.state.read if found.state else None
    await asyncio.sleep(source.interval)
    source.put(OLD)
    assert await found.changed() is None
    assert found.state is not None
    assert (len(parsed), found.state.version, found.state.read) == (1, '"2"', read)


async def test_a_faulty_policy_is_refused_once_with_its_faults_and_the_one_before_stays() -> None:
    source = ChangingPolicy(OLD)
    found = await begun(source)
    before = found.state
    source.put(FAULTY)
    for _ in range(3):
        assert await found.changed() is None
        await asyncio.sleep(source.interval)
    state = found.state
    assert state is not None
    assert before is not None
    assert (state.hash, state.version, source.sent) == (before.hash, before.version, 2)
    assert state.refused is not None
    assert [one.path for one in state.refused.faults] == ["limits.creations_per_hour"]
    assert "limits.creations_per_hour" in state.problem


async def test_a_refused_policy_that_is_written_again_is_not_parsed_again() -> None:
    parsed = list[Policy]()

    def only_old(policy: Policy) -> None:
        parsed.append(policy)
        if policy.limits.creations_per_hour == 7:
            raise PolicyError([])

    source = ChangingPolicy(OLD)
    found = policies(source, only_old)
    await found.first()
    for number in (2, 3):
        await asyncio.sleep(source.interval)
        source.put(NEW)
        assert await found.changed() is None
        assert found.state is not None
        assert found.state.refused is not None
        assert found.state.refused.version == f'"{number}"'
    assert (source.sent, len(parsed)) == (3, 2)


async def test_a_policy_on_which_the_parser_fails_is_refused_and_no_invocation_fails() -> None:
    def fails(policy: Policy) -> None:
        if policy.limits.creations_per_hour == 7:
            raise ValueError("a bug")

    source = ChangingPolicy(OLD)
    found = policies(source, fails)
    await found.first()
    await asyncio.sleep(source.interval)
    source.put(NEW)
    assert await found.changed() is None
    assert found.state is not None
    assert "a bug" in found.state.problem


async def test_a_corrected_policy_counts_and_nothing_is_refused_any_more() -> None:
    source = ChangingPolicy(OLD)
    found = await begun(source)
    source.put(FAULTY)
    await found.changed()
    await asyncio.sleep(source.interval)
    source.put(NEW)
    assert await found.changed() is not None
    assert found.state is not None
    assert found.state.problem == ""


async def test_putting_the_old_policy_back_ends_the_refusal_and_changes_nothing() -> None:
    source = ChangingPolicy(OLD)
    found = await begun(source)
    source.put(FAULTY)
    await found.changed()
    await asyncio.sleep(source.interval)
    source.put(OLD)
    assert await found.changed() is None
    assert found.state is not None
    assert found.state.problem == ""


async def test_a_policy_that_the_app_cannot_follow_is_refused_like_a_faulty_one() -> None:
    def only_old(policy: Policy) -> None:
        if policy.limits.creations_per_hour == 7:
            raise PolicyError([])

    source = ChangingPolicy(OLD)
    found = policies(source, only_old)
    await found.first()
    await asyncio.sleep(source.interval)
    source.put(NEW)
    assert await found.changed() is None
    assert found.state is not None
    assert found.state.refused is not None


@pytest.mark.parametrize("error", [BlockedError("BlobNotFound", "404", "upload it"), ValueError("a bug")])
async def test_a_policy_that_cannot_be_read_leaves_the_one_before_and_is_said(error: Exception) -> None:
    source = ChangingPolicy(OLD)
    found = await begun(source)
    source.fail(error)
    assert await found.changed() is None
    first = found.state
    await asyncio.sleep(source.interval)
    assert await found.changed() is None
    assert first is not None
    assert first.unread is not None
    assert found.state is not None
    assert found.state.unread is not None
    assert found.state.unread.since == first.unread.since
    assert first.unread.remedy in first.problem
    source.error = None
    await asyncio.sleep(source.interval)
    assert await found.changed() is None
    assert found.state.problem == ""


async def test_a_silent_storage_service_holds_one_caller_for_a_bounded_time_and_no_other() -> None:
    source = ChangingPolicy(OLD)
    found = await begun(source)
    source.seconds = 10 * PATIENCE
    loop = asyncio.get_running_loop()
    began = loop.time()
    waiting = asyncio.ensure_future(found.changed())
    await asyncio.sleep(0.1)
    assert await found.changed() is None
    assert loop.time() - began < 1
    assert await waiting is None
    assert loop.time() - began <= PATIENCE + 1
    assert found.state is not None
    assert found.state.unread is not None
    assert found.state.unread.code == "PolicyTimeout"


async def test_callers_at_once_read_a_change_once_and_one_of_them_gets_it() -> None:
    source = ChangingPolicy(OLD)
    found = await begun(source)
    source.put(NEW)
    source.seconds = 1.0
    given = await asyncio.gather(*(found.changed() for _ in range(20)))
    assert (source.reads, sum(one is not None for one in given)) == (2, 1)


async def test_a_caller_that_is_cancelled_leaves_the_reading_to_the_next_one() -> None:
    source = ChangingPolicy(OLD)
    found = await begun(source)
    source.put(NEW)
    source.seconds = 5.0
    caller = asyncio.ensure_future(found.changed())
    await asyncio.sleep(1)
    caller.cancel()
    await asyncio.gather(caller, return_exceptions=True)
    source.seconds = 0.0
    await asyncio.sleep(source.interval)
    assert await found.changed() is not None


async def test_the_first_policy_must_be_good_and_readable() -> None:
    source = ChangingPolicy(FAULTY)
    found = policies(source)
    with pytest.raises(PolicyError, match="creations_per_hour"):
        await found.first()
    source.put(OLD)
    await asyncio.sleep(10)
    source.fail(BlockedError("BlobNotFound", "the storage service answered 404 BlobNotFound", "upload it"))
    with pytest.raises(PolicyError, match=r"CAUSEWAY_POLICY .*404 BlobNotFound; upload it"):
        await found.first()
    source.error = None
    await asyncio.sleep(10)
    await found.first()
    assert found.state is not None


async def test_messages_that_come_together_at_a_failed_start_read_the_policy_once() -> None:
    source = ChangingPolicy(FAULTY)
    found = policies(source)
    for _ in range(5):
        with pytest.raises(PolicyError):
            await found.first()
    assert source.reads == 1


@pytest.mark.parametrize(
    ("content", "problem"), [(b"version: 1 # \xff", "not UTF-8"), (b"#" * 4_000_001, "more than 4,000,000")]
)
async def test_content_that_is_no_text_is_refused(content: bytes, problem: str) -> None:
    source = ChangingPolicy("")
    source.put(content)
    with pytest.raises(PolicyError, match=problem):
        await policies(source).first()
