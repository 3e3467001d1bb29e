"""Every code of an outcome has a runbook, the page is made from them, and a code can be asked for."""

import re
from pathlib import Path

import pytest

from causeway.runbooks import PARTS, markdown, runbook_for, runbooks
from shared.adapters import arm_codes
from tests.builders.codes import raised
from tests.causeway.command import run

ROOT = Path(__file__).parents[2]
CODES = sorted(code for one in runbooks() for code in one.codes)
APP = "\n".join(path.read_text("utf-8") for path in (ROOT / "shared").rglob("*.py"))


def test_the_page_is_the_one_that_the_runbooks_make() -> None:
    assert (ROOT / "docs/runbooks.md").read_text("utf-8") == markdown()


def test_every_code_that_waits_for_a_person_has_a_runbook() -> None:
    assert {code for code in raised() if runbook_for(code) is None} == set()


@pytest.mark.parametrize("name", ["code=", "code: str = "])
def test_every_code_that_the_app_gives_an_error_has_a_runbook(name: str) -> None:
    given = set(re.findall(rf'\b{re.escape(name)}"([A-Z]\w+)"', APP))
    assert {code for code in given if runbook_for(code) is None} == set()


def test_no_code_has_two_runbooks_and_none_is_unknown_to_the_app() -> None:
    assert len(CODES) == len({code.lower() for code in CODES})
    known = set(re.findall(r"\w+", APP.lower())) | {code.lower() for code in raised()}
    assert [code for code in CODES if code.lower() not in known] == []


@pytest.mark.parametrize("code", CODES)
def test_a_runbook_says_all_four_things_in_sentences(code: str) -> None:
    found = runbook_for(code)
    assert found
    for part in PARTS:
        text = getattr(found, part)
        assert text.endswith((".", "`")), (code, part, text)


def test_a_code_can_be_asked_for_in_any_case_and_an_unknown_one_names_the_nearest() -> None:
    assert "Mitigation: Add a subnet" in run("runbook", "subnetfull").out
    unknown = run("runbook", "SubnetFul")
    assert (unknown.code, "did you mean SubnetFull?" in unknown.err) == (2, True)
    assert run("runbook").code == 2


def test_the_runbooks_know_the_codes_of_azure_that_the_adapter_knows() -> None:
    assert {code for code in arm_codes.BLOCKED if runbook_for(code) is None} == set()
