"""One write of a shared object for all passes of a process that want it at the same time."""

import asyncio
from typing import Any

import pytest

from benchmarks.requests import filtered
from shared.core.base.errors import TransientError
from shared.core.events.work_item import WorkItem
from shared.flow.shared_writes import SharedWrites
from tests.builders.bodies import ACCOUNT, SUBNET, ZONE
from tests.builders.policies import a_policy
from tests.builders.world import LoopClock, World

LATE = 1e9
RULE = "/securityRules/"


async def ten(world: World, names: str = "ten") -> list[str]:
    """Ten accounts, ready."""
    return list(await asyncio.gather(*(world.create_account(f"{names}{n}") for n in range(10))))


async def at_once(world: World, targets: list[str]) -> list[Any]:
    """One event for each, all at once; how they end."""
    await asyncio.gather(*(world.work(WorkItem(at, "event", "e")) for at in targets))
    await world.drain()
    return [(await world.state(at))["result"] for at in targets]


async def ruled() -> World:
    world = World(a_policy(peering="ensure", nsg={"mode": "ensure"}), seed=7)
    await filtered(world)
    return world


async def test_ten_passes_at_once_write_one_rule_once_or_twice() -> None:
    world = await ruled()
    targets = await ten(world)
    world.sent()
    assert await at_once(world, targets) == ["Connected"] * 10
    sent = world.sent()
    assert sum(method == "PUT" and RULE in path for method, path in sent) <= 2


async def test_ten_passes_at_once_read_a_shared_object_before_its_write_once_or_twice() -> None:
    world = await ruled()
    targets = await ten(world)
    world.sent()
    await at_once(world, targets)
    reads = [path for method, path in world.sent() if method == "GET"]
    assert sum(path.endswith("/virtualNetworks/hub-we") for path in reads) <= 12
    assert sum("/virtualNetworkLinks" in path for path in reads) <= 8


async def test_one_pass_alone_does_not_wait_before_it_writes_a_rule() -> None:
    world = await ruled()
    at = await world.create_account("first")
    await world.reconcile(at)
    alone = await world.create_account("alone")
    state = await world.reconcile(alone)
    operations = [one.record for one in world.azure.world.operations]
    rules = [one for one in operations if RULE.lower() in one["resource"].lower()]
    made = [one for one in operations if "pe-alone" in one["resource"].lower()]
    assert state["result"] == "Connected"
    assert rules[-1]["started"] <= made[1]["started"] + 1  # as early as its zone group


async def test_if_the_pass_that_leads_fails_the_others_go_on_without_it() -> None:
    world = await ruled()
    targets = await ten(world)
    refused = {"status": 400, "code": "NewAzureCode", "message": "x"}
    world.azure.faults.add({"match": {"method": "PUT", "path": RULE}, "times": 1, "answer": refused})
    results = await at_once(world, targets)
    assert sorted(results) == ["Connected"] * 9 + ["Failed"]  # a refusal is sent again after a rerun alone
    last = targets[results.index("Failed")]
    assert (await world.reconcile(last, "manual"))["result"] == "Connected"


async def test_if_the_pass_that_leads_is_cancelled_the_others_go_on() -> None:
    writes = SharedWrites(LoopClock())

    async def lead() -> None:
        with writes.leading(ZONE):
            await asyncio.sleep(60)

    leader = asyncio.ensure_future(lead())
    await asyncio.sleep(0)
    other = asyncio.ensure_future(writes.joined(ZONE, LATE))
    await asyncio.sleep(1)
    leader.cancel()
    assert await other is None
    assert await writes.joined(ZONE, LATE) is None


async def test_a_pass_that_comes_after_the_reading_does_not_rely_on_it() -> None:
    writes = SharedWrites(LoopClock())
    with writes.leading(ZONE) as lead:
        writes.close(ZONE, lead)
        assert await writes.joined(ZONE, LATE) is None


@pytest.mark.parametrize(("elapsed", "waited"), [(100.0, 20.0), (0.0, 0.0)])
async def test_a_leader_waits_a_part_of_its_own_time_for_those_that_still_create(
    elapsed: float, waited: float
) -> None:
    writes = SharedWrites(LoopClock())
    writes.creating(SUBNET)
    loop = asyncio.get_running_loop()
    began = loop.time()
    await writes.gathered(elapsed, LATE)
    assert loop.time() - began == pytest.approx(waited)


async def test_a_leader_waits_no_longer_than_the_others_need_nor_than_its_deadline() -> None:
    writes, loop = SharedWrites(LoopClock()), asyncio.get_running_loop()
    writes.creating(SUBNET)
    loop.call_later(3, writes.arrived, SUBNET)
    began = loop.time()
    await writes.gathered(100.0, LATE)
    assert loop.time() - began == pytest.approx(3)
    writes.creating(ACCOUNT)
    await writes.gathered(100.0, loop.time() + 5)
    assert loop.time() - began == pytest.approx(8)


async def test_who_joined_waits_no_longer_than_its_own_deadline() -> None:
    writes, loop = SharedWrites(LoopClock()), asyncio.get_running_loop()
    with writes.leading(ZONE):
        began = loop.time()
        with pytest.raises(TransientError):
            await writes.joined(ZONE, began + 5)
        assert loop.time() - began == pytest.approx(5)


async def test_passes_that_end_together_wait_for_those_that_still_write() -> None:
    writes, loop = SharedWrites(LoopClock()), asyncio.get_running_loop()
    for at in (ACCOUNT, SUBNET):
        writes.creating(at)
    await asyncio.sleep(100)
    began = loop.time()
    first = asyncio.ensure_future(writes.met(ACCOUNT, LATE))
    await asyncio.sleep(2)
    with writes.leading(ZONE):
        writes.arrived(SUBNET)
        await asyncio.sleep(3)
        assert not first.done()
    await first
    assert loop.time() - began == pytest.approx(5)


async def test_a_meeting_lasts_no_longer_than_a_part_of_the_first_pass_s_time() -> None:
    writes, loop = SharedWrites(LoopClock()), asyncio.get_running_loop()
    for at in (ACCOUNT, SUBNET):
        writes.creating(at)
    await asyncio.sleep(100)
    began = loop.time()
    await writes.met(ACCOUNT, LATE)
    assert loop.time() - began == pytest.approx(20)


async def test_a_pass_that_created_nothing_meets_no_other_pass() -> None:
    writes, loop = SharedWrites(LoopClock()), asyncio.get_running_loop()
    writes.creating(SUBNET)
    began = loop.time()
    await writes.met(ACCOUNT, LATE)
    assert loop.time() == began
