"""One row under a claim or a lock: when it is free again, and what is written to it."""

import asyncio

import pytest

from shared.adapters.claims import LEASE_SECONDS, RACES, LostClaim
from shared.adapters.leases import LEASE_SECONDS as LOCK_SECONDS
from shared.adapters.leases import MARGIN_SECONDS, RENEW_SECONDS
from shared.adapters.ledger_row import MAX_GUIDS
from shared.adapters.tables import Changed, Row, Values
from shared.core.base.errors import TransientError
from shared.core.kinds.kind import UNKNOWN_GUID
from tests.adapters.storage import Process, TestClock, Workers, endpoint, outcome, target
from tests.builders.memory import MemoryTable


class Counting(MemoryTable):
    """A table that counts its writes. `races`: so many of the next ones lose against another worker."""

    def __init__(self) -> None:
        super().__init__()
        self.writes = 0
        self.races = 0
        self.overtaken = False  # another worker changes each row that is about to be deleted

    async def replace(self, row: Row, values: Values) -> Row:
        if self.races:
            self.races -= 1
            raise Changed
        self.writes += 1
        return await super().replace(row, values)

    async def delete(self, row: Row) -> None:
        if self.overtaken:
            raise Changed
        await super().delete(row)


def a_process() -> Process:
    return Process(Counting(), MemoryTable(), TestClock())


@pytest.mark.parametrize(("elapsed", "free"), [(LEASE_SECONDS - 1, False), (LEASE_SECONDS, True)])
async def test_a_claim_is_free_from_the_moment_at_which_it_expires(elapsed: float, free: bool) -> None:
    process = a_process()
    dead = await process.ledger.claim(target())
    process.elapse(elapsed)
    claim = await process.other().claim(target())
    assert (claim is not None) is free
    for one in (claim, dead):
        if one is not None:
            await one.abandon()


@pytest.mark.parametrize(("elapsed", "free"), [(LOCK_SECONDS - 1, False), (LOCK_SECONDS, True)])
async def test_a_lock_is_free_from_the_moment_at_which_it_expires(elapsed: float, free: bool) -> None:
    workers = Workers(MemoryTable(), patience=0.5)
    dead = workers.process().hold("zone")
    await dead.__aenter__()
    workers.elapse(elapsed)
    if free:
        await workers.work(workers.process(), "zone")
    else:
        with pytest.raises(TransientError, match="other workers hold the lock"):
            await workers.work(workers.process(), "zone")
    await dead.__aexit__(None, None, None)


async def test_a_claim_that_ends_an_hour_from_now_is_not_believed() -> None:
    """A worker with a wrong clock wrote it and died: no claim lasts so long."""
    process = a_process()
    dead = await process.ledger.claim(target())
    assert dead is not None
    (known,) = process.connections.rows.values()
    values = {**known.values, "lease_until": float(known.values["lease_until"]) + 3600}
    await process.connections.replace(known, values)
    claim = await process.other().claim(target())
    assert claim is not None
    await claim.abandon()
    await dead.abandon()


async def test_a_lock_that_ends_an_hour_from_now_is_not_believed() -> None:
    table = MemoryTable()
    workers = Workers(table, patience=0.5)
    dead = workers.process().hold("zone")
    await dead.__aenter__()
    (known,) = table.rows.values()
    await table.replace(known, {**known.values, "until": float(known.values["until"]) + 3600})
    await workers.work(workers.process(), "zone")
    await dead.__aexit__(None, None, None)


async def test_guids_are_recorded_with_their_object_and_outlive_it() -> None:
    process = a_process()
    claim = await process.ledger.claim(target())
    assert claim is not None
    await claim.own(endpoint(), guid=UNKNOWN_GUID)
    assert claim.guids == {endpoint(): {UNKNOWN_GUID}}
    await claim.own(endpoint(), guid="first")
    await claim.own(endpoint(), guid=UNKNOWN_GUID)
    assert claim.guids == {endpoint(): {"first", UNKNOWN_GUID}}
    await claim.disown([endpoint()])
    assert (claim.owned, claim.guids) == ((), {endpoint(): {"first"}})
    writes = process.connections.writes
    await claim.own(endpoint(), guid="second")
    await claim.own(endpoint(), guid="second")
    assert claim.guids == {endpoint(): {"first", "second"}}
    assert process.connections.writes == writes + 1
    await claim.abandon()


async def test_the_guids_of_a_target_have_a_bound() -> None:
    process = a_process()
    claim = await process.ledger.claim(target())
    assert claim is not None
    for n in range(2 * MAX_GUIDS):
        await claim.own(endpoint(), guid=f"g{n}")
    assert claim.guids == {endpoint(): {f"g{n}" for n in range(MAX_GUIDS, 2 * MAX_GUIDS)}}
    await claim.abandon()


async def test_an_object_and_an_address_are_recorded_by_one_write_and_not_twice() -> None:
    process = a_process()
    claim = await process.ledger.claim(target())
    assert claim is not None
    await claim.own(endpoint(), ["10.0.1.4"])
    assert process.connections.writes == 1
    await claim.own(endpoint(), ["10.0.1.4"])
    await claim.own(endpoint())
    assert process.connections.writes == 1
    assert (claim.owned, claim.addresses) == ((endpoint(),), ("10.0.1.4",))
    await claim.abandon()


async def test_a_new_address_of_a_recorded_object_is_recorded_as_well() -> None:
    process = a_process()
    claim = await process.ledger.claim(target())
    assert claim is not None
    await claim.own(endpoint(), ["10.0.1.4"])
    await claim.own(endpoint(), ["10.0.1.4", "10.0.1.5"])
    assert (claim.owned, claim.addresses) == ((endpoint(),), ("10.0.1.4", "10.0.1.5"))
    await claim.own(endpoint("pe-two"), ["10.0.1.5"])
    assert claim.owned == (endpoint(), endpoint("pe-two"))
    await claim.abandon()


async def test_forgetting_takes_out_only_what_is_named() -> None:
    claim = await a_process().ledger.claim(target())
    assert claim is not None
    await claim.own(endpoint(), ["10.0.1.4", "10.0.1.5"])
    await claim.disown([], ["10.0.1.4"])
    assert (claim.owned, claim.addresses) == ((endpoint(),), ("10.0.1.5",))
    await claim.disown([endpoint()])
    assert (claim.owned, claim.addresses) == ((), ("10.0.1.5",))
    await claim.abandon()


async def test_a_lost_race_is_repeated_with_the_newest_row() -> None:
    process = a_process()
    claim = await process.ledger.claim(target())
    assert claim is not None
    process.connections.races = RACES - 1
    await claim.own(endpoint())
    assert claim.owned == (endpoint(),)
    assert await claim.finish(outcome()) is False


async def test_too_many_lost_races_are_an_error_that_passes_by_itself() -> None:
    process = a_process()
    claim = await process.ledger.claim(target())
    assert claim is not None
    process.connections.races = RACES
    with pytest.raises(TransientError, match="too many workers write") as raised:
        await claim.own(endpoint())
    assert raised.value.code == "LedgerContended"
    assert not isinstance(raised.value, LostClaim)
    await claim.abandon()


async def test_a_claim_that_loses_every_race_is_an_error_that_passes_by_itself() -> None:
    process = a_process()
    await process.ledger.record(outcome())
    process.connections.races = RACES
    with pytest.raises(TransientError, match="too many workers write"):
        await process.ledger.claim(target())


async def test_what_is_about_to_be_deleted_is_not_recorded_by_a_worker_that_lost_its_claim() -> None:
    process = a_process()
    slow = await process.ledger.claim(target())
    assert slow is not None
    process.elapse(LEASE_SECONDS)
    claim = await process.other().claim(target())
    assert claim is not None
    with pytest.raises(LostClaim):
        await slow.remember(())
    assert [row async for row in process.outcomes.query({})] == []
    await claim.remember(())
    assert len([row async for row in process.outcomes.query({})]) == 1
    await claim.abandon()


async def test_a_deletion_is_recorded_under_a_claim_that_lasts_from_then_on() -> None:
    process = a_process()
    claim = await process.ledger.claim(target())
    assert claim is not None
    process.elapse(LEASE_SECONDS - 1)
    await claim.remember(())
    process.elapse(LEASE_SECONDS - 1)
    assert await process.other().claim(target()) is None
    await claim.abandon()


async def test_a_lost_claim_is_not_renewed_again() -> None:
    process = a_process()
    slow = await process.ledger.claim(target())
    assert slow is not None
    process.elapse(LEASE_SECONDS)
    claim = await process.other().claim(target())
    assert claim is not None
    await claim.abandon()
    await asyncio.sleep(2 * LEASE_SECONDS)
    third = await process.other().claim(target())
    assert third is not None
    await third.abandon()


async def test_a_worker_that_lost_its_claim_does_not_release_it_for_the_one_that_has_it() -> None:
    process = a_process()
    slow = await process.ledger.claim(target())
    assert slow is not None
    process.elapse(LEASE_SECONDS)
    claim = await process.other().claim(target())
    await slow.abandon()
    assert await process.other().claim(target()) is None
    assert claim is not None
    await claim.abandon()


async def test_a_row_that_another_worker_claims_while_it_would_be_deleted_stays() -> None:
    process = a_process()
    claim = await process.ledger.claim(target())
    assert claim is not None
    process.connections.overtaken = True
    assert await claim.finish(None) is False
    assert [row.key async for row in process.connections.query({})] != []


async def test_a_holder_stops_some_seconds_before_another_worker_can_take_its_lock() -> None:
    class Broken(MemoryTable):
        async def replace(self, row: Row, values: Values) -> Row:
            raise TransientError("storage fails")

    workers, loop = Workers(Broken()), asyncio.get_running_loop()
    began = loop.time()
    with pytest.raises(TransientError, match="not renewed in time"):
        async with workers.process().hold("zone"):
            await asyncio.sleep(10 * LOCK_SECONDS)
    assert loop.time() - began == pytest.approx(LOCK_SECONDS - MARGIN_SECONDS)


async def test_a_lock_is_released_only_after_its_renewal_has_ended() -> None:
    """A renewal that is written beside the release would leave a row that no worker releases."""

    class Slow(MemoryTable):
        def __init__(self) -> None:
            super().__init__()
            self.events: list[str] = []

        async def replace(self, row: Row, values: Values) -> Row:
            self.events.append("renewal begins")
            try:
                await asyncio.sleep(5)
            finally:
                await asyncio.sleep(1)
                self.events.append("renewal ends")
            return await super().replace(row, values)

        async def delete(self, row: Row) -> None:
            self.events.append("release")
            await super().delete(row)

    table = Slow()
    async with Workers(table).process().hold("zone"):
        await asyncio.sleep(RENEW_SECONDS + 1)
    assert table.events == ["renewal begins", "renewal ends", "release"]


async def test_a_lock_that_another_worker_took_is_reported_and_left_to_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    workers = Workers(MemoryTable())
    lost = workers.process().hold("zone")
    await lost.__aenter__()
    workers.elapse(LOCK_SECONDS)
    async with workers.process().hold("zone"):
        await lost.__aexit__(None, None, None)
        assert "lock lost" in caplog.text
        assert [row async for row in workers.table.query({})] != []


async def test_a_profile_is_recorded_by_one_write_and_not_twice() -> None:
    process = a_process()
    claim = await process.ledger.claim(target())
    assert claim is not None
    for _ in range(2):
        await claim.begin("isolated")
    assert (process.connections.writes, claim.profile) == (1, "isolated")
    await claim.abandon()
