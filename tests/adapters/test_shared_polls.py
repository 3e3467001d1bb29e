"""One list in place of many polls: when it is made, and that it is never taken for the result."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from shared.adapters.clock import SystemClock
from shared.adapters.shared_polls import FEWEST, LARGEST, SharedPolls
from shared.core.base.errors import TransientError
from shared.core.base.ids import GroupId, ResourceId
from tests.adapters.azure import ZONE_GROUP

GROUP = GroupId("00000000-0000-0000-0000-000000000001", "rg")
ENDPOINTS = [GROUP.resource("Microsoft.Network/privateEndpoints", f"pe{n}") for n in range(10)]


class Listed:
    """Lists endpoints in these states. `lists`: how often it was asked."""

    def __init__(self, states: Mapping[ResourceId, str], more: int = 0, fails: bool = False) -> None:
        self.lists = 0
        self._bodies = [_body(at, state) for at, state in states.items()]
        self._bodies += [
            _body(GROUP.resource("Microsoft.Network/privateEndpoints", f"x{n}"), "") for n in range(more)
        ]
        self._fails = fails

    async def beside(self, at: ResourceId) -> list[dict[str, Any]]:
        self.lists += 1
        if self._fails:
            raise TransientError("no list")
        return self._bodies


def _body(at: ResourceId, state: str) -> dict[str, Any]:
    return {"id": at.text, "properties": {"provisioningState": state}}


async def polled(polls: SharedPolls, *endpoints: ResourceId) -> list[dict[str, Any] | None]:
    """A poll of each at once, while each is awaited."""

    async def one(at: ResourceId) -> dict[str, Any] | None:
        with polls.awaiting(at):
            await asyncio.sleep(1)
            return await polls.still_busy(at, 20.0)

    return list(await asyncio.gather(*(one(at) for at in endpoints)))


async def test_ten_polls_at_once_are_one_list_and_those_that_are_done_are_read_alone() -> None:
    states = dict.fromkeys(ENDPOINTS, "Updating") | {ENDPOINTS[0]: "Succeeded"}
    del states[ENDPOINTS[1]]
    listed = Listed(states)
    found = await polled(SharedPolls(listed.beside, SystemClock()), *ENDPOINTS)
    assert listed.lists == 1
    assert found[:2] == [None, None]
    assert all(body is not None for body in found[2:])


async def test_few_polls_are_not_worth_a_list_and_do_not_wait() -> None:
    listed, loop = Listed({}), asyncio.get_running_loop()
    began = loop.time()
    found = await polled(SharedPolls(listed.beside, SystemClock()), *ENDPOINTS[: FEWEST - 1])
    assert (found, listed.lists) == ([None] * (FEWEST - 1), 0)
    assert loop.time() - began == 1


async def test_a_group_with_a_long_list_is_listed_once_and_then_polled_one_by_one() -> None:
    listed = Listed(dict.fromkeys(ENDPOINTS, "Updating"), more=LARGEST * len(ENDPOINTS))
    polls = SharedPolls(listed.beside, SystemClock())
    await polled(polls, *ENDPOINTS)
    assert await polled(polls, *ENDPOINTS) == [None] * 10
    assert listed.lists == 1


async def test_a_list_that_fails_leaves_each_poll_to_itself() -> None:
    listed = Listed({}, fails=True)
    polls = SharedPolls(listed.beside, SystemClock())
    assert await polled(polls, *ENDPOINTS) == [None] * 10


async def test_a_nested_resource_is_polled_alone() -> None:
    listed = Listed({})
    polls = SharedPolls(listed.beside, SystemClock())
    assert await polled(polls, *[ZONE_GROUP] * 5) == [None] * 5
    assert listed.lists == 0


@pytest.mark.parametrize("elapsed", [14.0, 60.0])
async def test_a_poll_waits_for_others_a_hundredth_of_the_time_since_its_write(elapsed: float) -> None:
    listed, loop = Listed(dict.fromkeys(ENDPOINTS, "Updating")), asyncio.get_running_loop()
    polls = SharedPolls(listed.beside, SystemClock())
    with polls.awaiting(ENDPOINTS[0]), polls.awaiting(ENDPOINTS[1]), polls.awaiting(ENDPOINTS[2]):
        began = loop.time()
        await asyncio.gather(*(polls.still_busy(at, elapsed) for at in ENDPOINTS[:3]))
    assert loop.time() - began == pytest.approx(elapsed / 100)
