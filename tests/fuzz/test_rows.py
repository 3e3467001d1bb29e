"""Rows of the ledger with columns that another program wrote: read, or refused with a remedy."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.adapters import ledger_row
from shared.adapters.ledger import TableLedger
from shared.adapters.tables import Row
from shared.core.base.errors import BlockedError
from shared.core.base.ids import ResourceId, target_key
from shared.core.events.work_item import WorkItem
from shared.core.outcome.connection_query import ConnectionQuery
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
