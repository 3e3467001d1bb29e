"""One table, in memory and on Azurite: conditional writes, and limits that Azurite does not enforce."""

import pytest

from shared.adapters.tables import (
    MAX_ENTITY,
    MAX_PROPERTIES,
    MAX_PROPERTY,
    Changed,
    Exists,
    check,
    joined,
    split,
)
from shared.core.base.errors import InputError


@pytest.fixture
def table(tables):
    return tables.table("any")


async def test_a_row_is_read_as_it_was_written(table):
    values = {"text": "ä'\"%\\ 日本", "number": 7, "share": 0.5, "flag": True, "empty": ""}
    made = await table.insert("p", "k", values)
    found = await table.get("p", "k")
    assert dict(found.values) == values
    assert found.etag == made.etag


async def test_a_missing_row_is_none(table):
    assert await table.get("p", "k") is None


async def test_a_second_insert_fails(table):
    await table.insert("p", "k", {})
    with pytest.raises(Exists):
        await table.insert("p", "k", {})


async def test_the_second_of_two_writes_after_one_read_fails(table):
    row = await table.insert("p", "k", {"n": 1})
    await table.replace(row, {"n": 2})
    with pytest.raises(Changed):
        await table.replace(row, {"n": 3})
    assert (await table.get("p", "k")).values["n"] == 2


async def test_a_write_with_the_etag_of_the_last_write_succeeds(table):
    row = await table.insert("p", "k", {"n": 1})
    row = await table.replace(row, {"n": 2})
    await table.replace(row, {"n": 3})
    assert (await table.get("p", "k")).values["n"] == 3


async def test_replacing_removes_properties_that_are_not_named(table):
    row = await table.insert("p", "k", {"old": 1})
    await table.replace(row, {"new": 1})
    assert dict((await table.get("p", "k")).values) == {"new": 1}


async def test_a_deleted_row_cannot_be_replaced(table):
    row = await table.insert("p", "k", {})
    await table.delete(row)
    with pytest.raises(Changed):
        await table.replace(row, {})


async def test_a_row_that_changed_is_not_deleted(table):
    row = await table.insert("p", "k", {})
    await table.replace(row, {"n": 1})
    with pytest.raises(Changed):
        await table.delete(row)


async def test_deleting_twice_is_fine(table):
    row = await table.insert("p", "k", {})
    await table.delete(row)
    await table.delete(row)


async def test_a_query_gives_equal_rows_in_key_order(table):
    for partition, key, kind in (("p", "b", "x"), ("p", "a", "x"), ("p", "c", "o'y"), ("q", "d", "x")):
        await table.insert(partition, key, {"kind": kind})
    assert [row.key async for row in table.query({"PartitionKey": "p", "kind": "x"})] == ["a", "b"]
    assert [row.key async for row in table.query({"kind": "o'y"})] == ["c"]
    assert [row.key async for row in table.query({"RowKey": "d"})] == ["d"]
    assert len([row async for row in table.query({})]) == 4


async def pages(table, where, size):
    """The keys on each page of a query."""
    found, continuation = [], None
    while not found or continuation:
        page = await table.page(where, size, continuation)
        found.append([f"{row.partition}{row.key}" for row in page.rows])
        continuation = page.continuation
    return found


async def test_pages_go_on_where_the_one_before_ended(table):
    for partition in "pq":
        for key in "abc":
            await table.insert(partition, key, {"kind": "x" if key != "b" else "y"})
    assert await pages(table, {}, 4) == [["pa", "pb", "pc", "qa"], ["qb", "qc"]]
    assert await pages(table, {"kind": "x"}, 3) == [["pa", "pc", "qa"], ["qc"]]
    assert await pages(table, {"PartitionKey": "p"}, 3) == [["pa", "pb", "pc"]]
    assert await pages(table, {"kind": "none"}, 3) == [[]]


@pytest.mark.parametrize("word", ["x", "bnVsbA==", "W10=", "WzEsMl0=", "é", "{}"])
async def test_a_continuation_that_no_page_named_is_an_input_error(table, word):
    with pytest.raises(InputError, match="continuation"):
        await table.page({}, 3, word)


async def test_a_row_from_a_query_can_be_written(table):
    await table.insert("p", "k", {"n": 1})
    async for row in table.query({"PartitionKey": "p"}):
        await table.replace(row, {"n": 2})
    assert (await table.get("p", "k")).values["n"] == 2


async def test_the_largest_rows_that_we_allow_are_stored(table):
    full = {f"c{n}": "x" * MAX_PROPERTY for n in range(MAX_ENTITY // MAX_PROPERTY)}
    await table.insert("p", "k", full)
    assert dict((await table.get("p", "k")).values) == full


@pytest.mark.parametrize("key", ["a/b", "a\\b", "a#b", "a?b", "a\nb", "a\x7fb", "x" * 513])
@pytest.mark.parametrize("place", ["partition", "row"])
async def test_keys_that_the_service_refuses_are_refused_here(table, key, place):
    with pytest.raises(ValueError, match="not a legal table key"):
        await table.insert(*((key, "k") if place == "partition" else ("p", key)), {})


@pytest.mark.parametrize(
    "values",
    [
        {"text": "x" * (MAX_PROPERTY + 1)},
        {"text": "😀" * (MAX_PROPERTY // 2 + 1)},
        {f"c{n}": n for n in range(MAX_PROPERTIES + 1)},
        {f"c{n}": "x" * MAX_PROPERTY for n in range(15)},
    ],
    ids=["a long property", "one in UTF-16", "many properties", "a large entity"],
)
async def test_values_beyond_the_services_limits_are_refused_here(table, values):
    row = await table.insert("p", "k", {})
    with pytest.raises(ValueError, match=r"at most|larger"):
        await table.insert("p", "k2", values)
    with pytest.raises(ValueError, match=r"at most|larger"):
        await table.replace(row, values)


@pytest.mark.parametrize("text", ["", "x", "x" * MAX_PROPERTY * 3, "😀" * MAX_PROPERTY, "ab" * 16_384 + "c"])
def test_a_long_text_is_joined_again_from_its_parts(text):
    parts = split("record", text)
    check("p", "k", parts)
    assert joined("record", parts) == text
