"""Rows of the ledger with columns that another program wrote: read, or refused with a remedy."""

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.adapters import ledger_row
from shared.adapters.budgets import TableBudgets
from shared.adapters.ledger import TableLedger
from shared.adapters.shares import TableShares
from shared.adapters.sweeps import TableSweeps
from shared.adapters.tables import Row
from shared.core.base.errors import BlockedError
from shared.core.base.ids import ResourceId, target_key
from shared.core.base.rate import Bucket
from shared.core.events.work_item import WorkItem
from shared.core.outcome.connection_query import ConnectionQuery
from shared.core.outcome.sweep_report import SweepReport
from shared.flow.health import shown
from tests.builders.memory import MemoryTable
from tests.builders.world import STORAGE, LoopClock, World, play
from tests.fuzz.values import JSON

AT = ResourceId.parse(f"{STORAGE}/orders")
PLAIN = [
    "resource_id",
    "result",
    "code",
    "profile",
    "dirty",
    "asked",
    "serving",
    "lease_owner",
    "lease_until",
]
COLUMNS = [*PLAIN, *(f"{name}_0" for name in ("record", "owned", "addresses", "guids", "closed"))]
TEXTS = st.text(max_size=30) | JSON.map(json.dumps) | st.just("[" * 30_000)
VALUES = TEXTS | st.integers(-(2**31), 2**31) | st.booleans() | st.floats(allow_nan=True)
ROWS = st.fixed_dictionaries({}, optional=dict.fromkeys(COLUMNS, VALUES))


def a_row(values: dict[str, Any]) -> Row:
    known = {"resource_id": AT.text, "result": "Connected", "dirty": 0}
    return Row(AT.subscription, target_key(AT), {**known, **values}, "1")


@given(ROWS)
def test_a_row_is_a_state_or_refused_with_a_remedy(values: dict[str, Any]) -> None:
    for read in (
        ledger_row.state_of,
        lambda row: ledger_row.owned_ids(row.values),
        lambda row: ledger_row.guids_by_id(row.values),
        lambda row: ledger_row.addresses_of(row.values),
        lambda row: ledger_row.closed_of(row.values),
        lambda row: ledger_row.uses(row.values, {"a"}, {"b"}),
        lambda row: ledger_row.is_over(row.values),
        lambda row: ledger_row.lease_end(row.values),
        lambda row: ledger_row.asked_of(row.values),
    ):
        try:
            read(a_row(values))
        except BlockedError as refused:
            assert refused.code == "RowUnreadable"  # noqa: PT017
            assert refused.remedy  # noqa: PT017


@given(ROWS)
def test_a_row_that_cannot_be_read_hides_no_other(values: dict[str, Any]) -> None:
    async def story() -> None:
        connections, clock = MemoryTable(), LoopClock()
        good = ResourceId.parse(f"{STORAGE}/good")
        for at, columns in ((AT, values), (good, {})):
            row = {"resource_id": at.text, "result": "Connected", "dirty": 0, **columns}
            connections._put(at.subscription, target_key(at), row)
        ledger = TableLedger(connections, MemoryTable(), clock)
        assert good in await ledger.targets()
        page = await ledger.connections(ConnectionQuery())
        assert good in [state.target for state in page.items]

    play(story)


@given(st.sampled_from(["owned_0", "guids_0", "addresses_0"]), TEXTS)
@settings(max_examples=25)
def test_nothing_is_written_to_azure_for_a_row_that_cannot_be_read(column: str, text: str) -> None:
    """What it made is not known: the outcome names the row, or the row was readable after all."""

    async def story() -> None:
        world = World()
        at = await world.create_account()
        key = (ResourceId.parse(at).subscription, target_key(ResourceId.parse(at)))
        row = Row(*key, {"resource_id": at, "result": "Connected", "dirty": 0, column: text}, "1")
        world.tables["connections"].rows[key] = row
        world.sent()
        await world.flow.worker.work(WorkItem(at, "event", "e"))
        found = world.tables["connections"].rows[key].values
        assert found["result"] in ("Connected", "Blocked")
        if found["result"] == "Blocked":
            assert found["code"] == "RowUnreadable"
            assert world.writes() == []

    play(story)


def damaged(table: MemoryTable, values: dict[str, Any]) -> None:
    """Another program writes these columns into every row of the table."""
    for row in list(table.rows.values()):
        table._put(row.partition, row.key, {**row.values, **values})


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(["report_0", "deletes", "until"], VALUES)))
@settings(max_examples=20)
def test_a_damaged_row_of_a_sweep_stops_neither_health_nor_the_next_sweep(values: dict[str, Any]) -> None:
    async def story() -> None:
        world = World()
        await world.create_account()
        await world.flow.sweeper.sweep()
        await world.ports().sweeps.delete("sweep-1", 1, 20)
        damaged(world.tables["sweeps"], values)
        assert (await world.flow.health.report()).record()["status"]
        await world.flow.sweeper.sweep()
        assert list((await world.flow.health.report()).record()["sweep"]["listed"].values()) == [1]

    play(story)


async def test_a_count_of_deletes_that_cannot_be_read_allows_no_more() -> None:
    table = MemoryTable()
    assert await TableSweeps(table).delete("sweep-1", 1, 20)
    damaged(table, {"deletes": "many"})
    assert not await TableSweeps(table).delete("sweep-1", 1, 20)


REPORT = SweepReport(
    "sweep-1", 5.0, 6.0, {"a": 1}, unread={"b": "refused"}, known=3, unwatched=1, queued=2, waiting=1
)


def test_the_report_of_a_newer_version_is_read_without_what_it_added() -> None:
    assert SweepReport.parse(json.dumps({**REPORT.record(), "added": [1]})) == REPORT


@given(
    st.sampled_from(list(REPORT.record())), JSON | st.sampled_from([float("nan"), float("inf"), -1, 1e300])
)
def test_a_report_is_read_as_health_can_show_it_or_not_at_all(name: str, value: Any) -> None:
    found = SweepReport.parse(json.dumps({**REPORT.record(), name: value}))
    assert found is None or shown(found, 0, 7.0)["id"] == found.id


DAMAGED = ["", "no json", "{}", "[1]", "[[1]]", "[[NaN, 1]]", "[[1, Infinity]]", "[" * 30_000]


@pytest.mark.parametrize("text", DAMAGED, ids=range(len(DAMAGED)))
def test_a_limit_that_cannot_be_read_counts_as_used_up_and_is_free_again_in_time(text: str) -> None:
    play(lambda: used_up_for_a_time(text))


async def used_up_for_a_time(text: str) -> None:
    limits, budgets = MemoryTable(), MemoryTable()
    reads, shares, creations = Bucket(10, 1), TableShares(limits), TableBudgets(budgets)
    assert (await shares.reserve("reads", reads, 1)).amount == 1
    assert await creations.take("creations", 1, 5) == 0
    damaged(limits, {"marks": text})
    damaged(budgets, {"marks_0": text})
    assert (await shares.left({"reads": reads}))["reads"] == 0
    assert (await shares.reserve("reads", reads, 1)).amount == 0
    assert await creations.take("creations", 1, 5) > 0
    await asyncio.sleep(2 * 3600)  # virtual
    assert (await shares.reserve("reads", reads, 1)).amount == 1
    assert await creations.take("creations", 1, 5) == 0
