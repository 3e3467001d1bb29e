"""Locks over all workers, in memory and on Azurite."""

import asyncio

import pytest

from shared.adapters.leases import LEASE_SECONDS
from tests.adapters.storage import Workers


@pytest.fixture
def workers(tables):
    return Workers(tables.table("leases"))


async def test_one_lock_admits_one_worker_at_a_time(workers):
    shared = workers.process()
    await asyncio.gather(*(workers.work(shared, "zone") for _ in range(5)))
    await asyncio.gather(*(workers.work(workers.process(), "zone") for _ in range(3)))
    assert workers.most == 1


async def test_different_locks_do_not_wait_for_each_other(workers):
    leases = workers.process()
    async with leases.hold("one"), leases.hold("two"):
        await workers.work(workers.process(), "three")


async def test_locks_named_in_any_order_do_not_end_in_a_deadlock(workers):
    one, two = workers.process(), workers.process()
    await asyncio.gather(
        *(workers.work(one, "a", "b") for _ in range(3)), *(workers.work(two, "b", "a") for _ in range(3))
    )
    assert workers.most == 1


async def test_a_lock_named_twice_is_one_lock(workers):
    await workers.work(workers.process(), "zone", "zone")
    assert workers.most == 1


async def test_a_name_may_be_any_text(workers):
    await workers.work(workers.process(), "/subscriptions/s/resourceGroups/Ä?#\\")


async def test_an_error_inside_releases_the_lock_and_propagates(workers):
    with pytest.raises(RuntimeError, match="inside"):
        async with workers.process().hold("zone"):
            raise RuntimeError("inside")
    await workers.work(workers.process(), "zone")


async def test_a_timeout_inside_is_not_taken_for_a_lost_lock(workers):
    with pytest.raises(TimeoutError):
        async with workers.process().hold("zone"), asyncio.timeout(0):
            await asyncio.sleep(1)


async def test_a_dead_workers_lock_expires(workers):
    dead = workers.process().hold("zone")
    await dead.__aenter__()
    workers.elapse(LEASE_SECONDS + 1)
    await workers.work(workers.process(), "zone")
    await dead.__aexit__(None, None, None)


async def test_no_row_remains_after_release(workers):
    await workers.work(workers.process(), "one", "two")
    assert [row async for row in workers.table.query({})] == []
