"""Every row of the table of facts against the simulator; and the table itself against small untruths.

Needs nothing but this repository.
"""

import re
from pathlib import Path

import pytest

from tests.conformance.table import Row, Scenes, TableError, load, read_row
from tests.conformance.trial import SetUpError, judge

DOCS = Path(__file__).parents[2] / "docs" / "azure"
SCENES = Scenes.load()
ROWS = load(SCENES)
RECORDED = re.compile(r"([A-Z]\w+)(?:, \d[\d\- ]*(?:(?:,| and) \d[\d\- ]*)*)?$")


def marked(row: Row):
    """A row that the simulator fails is expected to, strictly: the mark has to go once it agrees."""
    marks = [pytest.mark.xfail(reason=row.fails, raises=AssertionError, strict=True)] if row.fails else []
    return pytest.param(row, id=row.id, marks=marks)


def a_row(**columns) -> Row:
    plain = {"id": "r", "fact": "ARM-09", "when": "w", "source": "s", "request": "GET $rg", "status": 200}
    return read_row(SCENES, plain | columns)


@pytest.mark.parametrize("row", [marked(row) for row in ROWS])
async def test_the_simulator_answers_as_azure_does(row):
    assert await judge(row) == []


# The table


def headings() -> set[str]:
    pages = [page.read_text() for page in DOCS.glob("*.md")]
    return {found for page in pages for found in re.findall(r"^### ([A-Z]+-\d\d)$", page, re.MULTILINE)}


def recordings() -> set[str]:
    return set(re.findall(r"^\| (\w+) \|", (DOCS / "recordings.md").read_text(), re.MULTILINE))


def test_every_row_states_a_fact_that_the_documents_have():
    assert {row.fact for row in ROWS} - headings() == set()


def test_every_recording_that_a_row_names_is_listed_with_its_path():
    named = {found[1] for row in ROWS for part in row.source.split("; ") if (found := RECORDED.match(part))}
    assert named - recordings() == set()
    assert len(named) > 20


def test_every_kind_of_page_has_rows():
    kinds = {row.fact.split("-")[0] for row in ROWS}
    assert kinds >= {
        "ARM",
        "CLI",
        "DEP",
        "LRO",
        "ERR",
        "PE",
        "DNS",
        "PEER",
        "VNET",
        "NSG",
        "RT",
        "TGT",
        "EG",
        "LIM",
        "TEN",
        "RES",
        "MG",
    }


# What the table would notice


async def test_another_status_is_a_difference():
    (problem,) = await judge(a_row(status=404))
    assert "status 200, expected [404]" in problem


async def test_a_missing_header_and_one_too_many_are_differences():
    assert await judge(a_row(headers={"Location": "present"}))
    assert await judge(a_row(headers={"Date": "absent"}))


@pytest.mark.parametrize(
    "expected",
    [
        {"location": "northeurope"},
        {"location": "absent"},
        {"nothing": "present"},
        {"location": {"matches": "^north"}},
        {"properties": {"length": 7}},
        {"properties.provisioningState.deeper": "present"},
    ],
)
async def test_another_value_in_the_body_is_a_difference(expected):
    assert len(await judge(a_row(answer=expected))) == 1


async def test_a_later_step_is_judged_too():
    row = a_row(then=[{"request": "GET $hub", "status": 200}])
    (problem,) = await judge(row)
    assert problem.startswith("step 1: status 404")


async def test_an_answer_of_a_race_that_never_comes_is_a_difference():
    assert await judge(a_row(status=[200, 409])) == ["status 409 never occurred in 60 runs"]


async def test_an_event_that_does_not_come_and_one_that_nobody_expects_are_differences():
    written = {"request": "PUT $rg", "body": {"location": "westeurope"}}
    problems = await judge(a_row(**written, events=[{"subject": "/subscriptions/other"}]))
    assert [problem.split(" ")[0] for problem in problems] == ["no", "unexpected"]


async def test_a_value_that_was_kept_is_known_to_later_steps():
    steps = {
        "keep": {"place": "location"},
        "then": [{"request": "GET $rg", "answer": {"location": "$place"}}],
    }
    assert await judge(a_row(**steps)) == []


async def test_a_state_that_cannot_be_made_is_an_error_and_no_difference():
    with pytest.raises(SetUpError, match="r: no long operation was begun"):
        await judge(a_row(then=[{"request": "poll"}]))


def test_a_row_with_an_unknown_column_is_refused():
    with pytest.raises(TableError, match="r: unknown columns stauts"):
        a_row(stauts=200)


def test_a_row_without_a_source_is_refused():
    with pytest.raises(TableError, match="r: 'source' is missing"):
        read_row(SCENES, {"id": "r", "fact": "ARM-09", "when": "w", "request": "GET $rg"})


def test_two_rows_of_one_name_are_refused(tmp_path):
    row = "- {id: r, fact: ARM-09, when: w, source: s, request: GET $rg, status: 200}\n"
    (tmp_path / "a.yaml").write_text(row * 2)
    with pytest.raises(TableError, match="ids used twice: r"):
        load(SCENES, tmp_path)


async def test_an_answer_of_a_race_is_judged_by_its_own_status():
    row = a_row(status=[200, 404], by_status={200: {"answer": {"location": "northeurope"}}})
    assert "step 0: location: 'westeurope', expected 'northeurope'" in await judge(row)
