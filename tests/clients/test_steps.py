"""The judgement of a client's step, which `make test` checks without any client."""

import pytest
import yaml

from tests.clients.__main__ import HERE
from tests.clients.steps import Outcome, Result, Step, judge, shows


def problem(step: Step, code: int = 0, output: str = "", errors: str = "") -> str:
    return judge(step, code, output, errors).problem


def test_an_answer_that_lacks_a_member_is_a_problem():
    step = Step("az group show", shows={"name": "day"})
    assert problem(step, output='{"name": "day", "id": "x"}') == ""
    assert "day" in problem(step, output='{"name": "night"}')
    assert problem(step, output="Traceback")
    assert "exit code 3: gone" in problem(step, 3, errors="gone")


def test_a_refusal_has_to_happen_and_to_say_what_azure_says():
    step = Step("az group delete", refused="ScopeLocked")
    assert problem(step, 1, errors="(ScopeLocked) The scope ...") == ""
    assert "not refused" in problem(step, 0, output="{}")
    assert "otherwise" in problem(step, 1, errors="(AuthorizationFailed) ...")


@pytest.mark.parametrize(
    ("answer", "wanted", "is_shown"),
    [
        ([{"a": 1}, {"b": 2}], [{"b": 2}], True),
        ([{"a": 1}], [{"a": 1}, {"b": 2}], False),
        ([], [], True),
        ([1], [], False),
        (None, [], False),
        (True, True, True),
        (1, True, False),
        ({"a": None}, {"a": None}, True),
        ({}, {"a": None}, False),
    ],
)
def test_what_is_wanted_is_all_in_the_answer(answer, wanted, is_shown):
    assert shows(answer, wanted) is is_shown


def test_a_row_counts_answers_refusals_and_what_failed():
    found = [
        Outcome("a"),
        Outcome("b", refusal=True),
        Outcome("c", "wrong"),
        Outcome("d", "no", refusal=True),
    ]
    assert Result("az 1.0", found).row == "| az 1.0 | 4 | 1 | 1 | 2 |"


def test_a_password_is_not_printed():
    assert "Secret" not in judge(Step("az sql server create -p Secret-1234"), 0, "", "").operation


def test_every_step_of_az_says_what_it_expects_or_removes_something():
    steps = [Step(**one) for one in yaml.safe_load((HERE / "az.yaml").read_text())]
    assert len(steps) > 100
    silent = [one.run for one in steps if one.shows is None and not one.refused]
    assert [one for one in silent if "delete" not in one] == []
