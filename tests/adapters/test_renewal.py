"""Claims and locks over time: renewal, time limits, and storage that fails for a moment."""

import asyncio

import pytest

from shared.adapters.leases import LEASE_SECONDS
from shared.adapters.tables import Changed, Exists
from shared.core.base.errors import LostClaim, TransientError
from tests.adapters.azure import ENDPOINT, LATE, Said, arm_over, said
from tests.adapters.storage import Process, TestClock, Workers, endpoint, outcome, target
from tests.builders.memory import MemoryTable


async def test_a_held_claim_is_renewed_as_long_as_its_worker_lives():
    process = Process(MemoryTable(), MemoryTable(), TestClock())
    claim = await process.ledger.claim(target())
    for _ in range(20):
        await asyncio.sleep(LEASE_SECONDS / 2)
        assert await process.other().claim(target()) is None
    await claim.finish(outcome())


async def test_a_storm_of_events_for_a_busy_target_is_one_write():
    class Counting(MemoryTable):
        writes = 0

        async def replace(self, row, values):
            self.writes += 1
            return await super().replace(row, values)

    table = Counting()
    process = Process(table, MemoryTable(), TestClock())
    claim = await process.ledger.claim(target())
    for _ in range(100):
        await process.other().claim(target())
    assert table.writes == 1
    await claim.finish(outcome())


async def test_a_renewal_that_fails_once_is_tried_again():
    class Shaky(MemoryTable):
        broken = False

        async def replace(self, row, values):
            if self.broken:
                raise TransientError("storage has a bad moment")
            return await super().replace(row, values)

    table = Shaky()
    process = Process(table, MemoryTable(), TestClock())
    claim = await process.ledger.claim(target())
    table.broken = True
    await asyncio.sleep(30)
    table.broken = False
    await asyncio.sleep(300)
    assert await process.other().claim(target()) is None
    await claim.finish(outcome())


async def test_a_worker_that_waits_too_long_gets_an_error_and_holds_nothing():
    workers = Workers(MemoryTable(), patience=20.0)
    async with workers.process().hold("b"):
        other = workers.process()
        with pytest.raises(TransientError, match="other workers hold the lock on a or b"):
            await workers.work(other, "a", "b")
        await workers.work(other, "a")


async def test_a_worker_waits_for_a_lock_until_its_deadline_at_most():
    workers = Workers(MemoryTable(), patience=300.0)
    loop = asyncio.get_running_loop()
    async with workers.process().hold("zone"):
        for other in (workers.process(), workers.process()):
            began = loop.time()
            with pytest.raises(TransientError, match="other workers hold the lock on zone"):
                async with other.hold("zone", deadline=began + 40):
                    raise AssertionError("two workers hold one lock")
            assert loop.time() - began == pytest.approx(40, abs=1)


async def test_waiting_in_the_same_process_ends_as_well():
    workers = Workers(MemoryTable(), patience=20.0)
    leases = workers.process()
    async with leases.hold("zone"):
        with pytest.raises(TransientError):
            await workers.work(leases, "zone")


async def test_passes_of_one_process_share_one_wait_for_a_lock():
    class Counting(MemoryTable):
        reads = 0

        async def get(self, partition, key):
            self.reads += 1
            return await super().get(partition, key)

    table = Counting()
    workers = Workers(table)
    other = workers.process()
    async with workers.process().hold("zone"):
        waiting = [asyncio.create_task(workers.work(other, "zone")) for _ in range(20)]
        await asyncio.sleep(10)
        assert table.reads < 30
    await asyncio.gather(*waiting)


async def test_a_held_lock_is_renewed_as_long_as_its_worker_lives():
    workers = Workers(MemoryTable(), patience=20.0)
    async with workers.process().hold("zone"):
        for _ in range(10):
            await asyncio.sleep(LEASE_SECONDS / 2)
            with pytest.raises(TransientError):
                await workers.work(workers.process(), "zone")


async def test_work_whose_lock_is_lost_is_cancelled():
    workers = Workers(MemoryTable())
    done = []

    async def overtaken() -> None:
        async with workers.process().hold("zone"):
            workers.elapse(LEASE_SECONDS + 1)
            await workers.work(workers.process(), "zone")
            await asyncio.sleep(LEASE_SECONDS)
            done.append("too much")

    with pytest.raises(TransientError, match="lost to another worker"):
        await overtaken()
    assert done == []


async def test_a_lock_that_cannot_be_released_does_not_fail_the_work():
    class Shaky(MemoryTable):
        async def delete(self, row):
            raise TransientError("storage has a bad moment")

    workers = Workers(Shaky())
    await workers.work(workers.process(), "zone")
    assert workers.most == 1


async def test_work_under_a_lock_that_cannot_be_renewed_ends_before_another_worker_takes_the_lock():
    workers = Workers(Broken())
    loop = asyncio.get_running_loop()
    ended = []

    async def holding() -> None:
        try:
            async with workers.process().hold("zone"):
                workers.table.broken = True
                await asyncio.sleep(10 * LEASE_SECONDS)
        finally:
            ended.append(loop.time())

    first = asyncio.create_task(holding())
    await asyncio.sleep(LEASE_SECONDS - 10)
    assert ended == []
    await asyncio.sleep(LEASE_SECONDS)
    with pytest.raises(TransientError, match="not renewed in time"):
        await first
    assert ended[0] < LEASE_SECONDS


class Broken(MemoryTable):
    """A table that cannot be written while it is broken."""

    broken = False

    async def replace(self, row, values):
        if self.broken:
            raise TransientError("storage fails")
        return await super().replace(row, values)


async def test_a_pass_whose_claim_cannot_be_renewed_ends_before_another_worker_takes_the_target():
    table, loop = Broken(), asyncio.get_running_loop()
    process = Process(table, MemoryTable(), TestClock())
    claim = await process.ledger.claim(target())
    began = loop.time()
    table.broken = True
    with pytest.raises(LostClaim):
        async with claim.held():
            await asyncio.sleep(10 * LEASE_SECONDS)
    assert 30 < loop.time() - began < LEASE_SECONDS
    table.broken = False
    await claim.abandon()


async def test_a_pass_whose_claim_was_lost_ends_at_the_next_renewal():
    process = Process(MemoryTable(), MemoryTable(), TestClock())
    claim = await process.ledger.claim(target())
    began = asyncio.get_running_loop().time()
    process.elapse(LEASE_SECONDS + 1)
    assert await process.other().claim(target()) is not None
    with pytest.raises(LostClaim):
        async with claim.held():
            await asyncio.sleep(10 * LEASE_SECONDS)
    assert asyncio.get_running_loop().time() - began < LEASE_SECONDS / 2
    await claim.abandon()


async def test_a_pass_that_is_renewed_lasts_as_long_as_it_likes():
    process = Process(MemoryTable(), MemoryTable(), TestClock())
    claim = await process.ledger.claim(target())
    async with claim.held():
        await asyncio.sleep(10 * LEASE_SECONDS)
    assert await claim.finish(outcome()) is False


async def stopped_before_a_write(azure, right):
    """What a worker does that holds a right, is stopped for longer than it lasts, and continues."""
    async with right:
        asyncio.get_running_loop().pass_over(LEASE_SECONDS + 5)
        with pytest.raises(LostClaim):
            await arm_over(azure).put(ENDPOINT, {}, deadline=LATE)
        await asyncio.sleep(1)


async def test_a_worker_that_was_stopped_sends_no_write_afterwards():
    process, azure = Process(MemoryTable(), MemoryTable(), TestClock()), Said(said(200, {}))
    claim = await process.ledger.claim(target())
    await claim.own(endpoint())
    with pytest.raises(LostClaim):
        await stopped_before_a_write(azure, claim.held())
    assert azure.methods == []
    await claim.abandon()


async def test_a_holder_of_a_lock_that_was_stopped_sends_no_write_afterwards():
    workers, azure = Workers(MemoryTable()), Said(said(200, {}))
    with pytest.raises(TransientError, match="not renewed in time"):
        await stopped_before_a_write(azure, workers.process().hold("zone"))
    assert azure.methods == []


async def test_an_object_that_is_recorded_already_is_not_made_by_a_worker_that_lost_its_claim():
    process = Process(MemoryTable(), MemoryTable(), TestClock())
    claim = await process.ledger.claim(target())
    await claim.own(endpoint())
    asyncio.get_running_loop().pass_over(LEASE_SECONDS + 5)
    other = await process.other().claim(target())
    with pytest.raises(LostClaim):
        await claim.own(endpoint())
    await other.abandon()
    await claim.abandon()


async def test_an_outcome_of_a_worker_that_lost_its_claim_is_not_in_the_history():
    process = Process(MemoryTable(), MemoryTable(), TestClock())
    claim = await process.ledger.claim(target())
    asyncio.get_running_loop().pass_over(LEASE_SECONDS + 5)
    other = await process.other().claim(target())
    with pytest.raises(LostClaim):
        await claim.finish(outcome())
    assert process.outcomes.rows == {}
    await other.abandon()


class Unanswered(MemoryTable):
    """A table whose next write happens, but its response is lost: the SDK's retry then fails."""

    lost = False

    async def insert(self, partition, key, values):
        row = await super().insert(partition, key, values)
        if self.lost:
            self.lost = False
            raise Exists
        return row

    async def replace(self, row, values):
        new = await super().replace(row, values)
        if self.lost:
            self.lost = False
            raise Changed
        return new


@pytest.mark.parametrize("known", [False, True])
async def test_a_claim_whose_response_was_lost_is_the_workers_own(known):
    table = Unanswered()
    process = Process(table, MemoryTable(), TestClock())
    if known:
        await process.ledger.record(outcome())
    table.lost = True
    claim = await process.ledger.claim(target())
    assert claim is not None
    assert await claim.finish(outcome()) is False


async def test_an_outcome_whose_response_was_lost_is_recorded_once_and_releases_the_claim():
    table, outcomes = Unanswered(), Unanswered()
    process = Process(table, outcomes, TestClock())
    claim = await process.ledger.claim(target())
    table.lost = outcomes.lost = True
    assert await claim.finish(outcome()) is False
    assert (await process.state())["result"] == "Connected"
    assert len(outcomes.rows) == 1
    assert await process.other().claim(target()) is not None


async def test_a_lock_whose_response_was_lost_is_the_workers_own():
    workers = Workers(Unanswered(), patience=20.0)
    workers.table.lost = True
    await workers.work(workers.process(), "zone")
    assert workers.most == 1


async def test_a_renewal_whose_response_was_lost_does_not_lose_the_lock():
    workers = Workers(Unanswered(), patience=20.0)
    async with workers.process().hold("zone"):
        for _ in range(4):
            workers.table.lost = True
            await asyncio.sleep(LEASE_SECONDS / 2)
        with pytest.raises(TransientError, match="other workers hold"):
            await workers.work(workers.process(), "zone")
