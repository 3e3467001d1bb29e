"""Machines whose clocks are wrong by an hour: claims and locks expire by the clock of the storage service."""

import asyncio

import pytest

from shared.adapters.claims import LEASE_SECONDS
from shared.core.base.errors import TransientError
from tests.adapters.storage import Workers, outcome, target

HOUR = 3600.0


@pytest.fixture
def workers(tables):
    return Workers(tables.table("leases"), patience=0.3)


@pytest.mark.parametrize("skew", [HOUR, -HOUR])
async def test_a_worker_with_a_wrong_clock_does_not_take_a_live_claim(process, skew):
    claim = await process.ledger.claim(target())
    assert await process.other(skew).claim(target()) is None
    await claim.finish(outcome())


@pytest.mark.parametrize("skew", [HOUR, -HOUR])
async def test_the_claim_of_a_worker_with_a_wrong_clock_is_respected(process, skew):
    claim = await process.other(skew).claim(target())
    assert await process.ledger.claim(target()) is None
    await claim.finish(outcome())


@pytest.mark.parametrize("skew", [HOUR, -HOUR])
async def test_the_claim_of_a_dead_worker_with_a_wrong_clock_expires_in_time(process, skew):
    dead = await process.other(skew).claim(target())
    process.elapse(LEASE_SECONDS + 1)
    claim = await process.ledger.claim(target())
    assert claim is not None
    await claim.finish(outcome())
    await dead.abandon()


@pytest.mark.parametrize(("holder", "other"), [(HOUR, 0.0), (-HOUR, 0.0), (0.0, HOUR), (0.0, -HOUR)])
async def test_a_worker_with_a_wrong_clock_does_not_take_a_live_lock(workers, holder, other):
    async with workers.process(holder).hold("zone"):
        with pytest.raises(TransientError, match="other workers hold"):
            await workers.work(workers.process(other), "zone")


@pytest.mark.parametrize("skew", [HOUR, -HOUR])
async def test_the_lock_of_a_dead_worker_with_a_wrong_clock_expires_in_time(workers, skew):
    dead = workers.process(skew).hold("zone")
    await dead.__aenter__()
    workers.elapse(LEASE_SECONDS + 1)
    await workers.work(workers.process(), "zone")
    await dead.__aexit__(None, None, None)


async def test_the_time_of_a_table_is_that_of_its_service(tables):
    table = tables.table("any")
    await table.get("p", "k")
    before = table.time()
    await asyncio.sleep(0.5)
    assert 0.4 < table.time() - before < 2.0
