"""`policy check`: exit codes, what each form of output holds, and that strangers' text is harmless."""

import json

import pytest

from shared.core.policy.text import MAX_POLICY
from tests.causeway.command import ROOT, run, run_apart

SAMPLE = (ROOT / "connectivity.yaml").read_text()


@pytest.fixture
def bad(tmp_path):
    """A policy with one fault: an unknown key."""
    file = tmp_path / "bad.yaml"
    file.write_text(SAMPLE + "\n    on_opt_oust: keep\n")
    return file


def test_a_good_policy_has_exit_code_0():
    found = run("policy", "check", str(ROOT / "connectivity.yaml"))
    assert (found.code, found.err) == (0, "")
    assert "no faults" in found.out


def test_a_policy_with_a_fault_has_exit_code_2_and_names_path_value_problem_and_remedy(bad):
    found = run("policy", "check", str(bad))
    assert found.code == 2
    line = bad.read_text().splitlines().index("    on_opt_oust: keep") + 1
    for said in (
        f"{bad}:{line}:5  fault",
        "profiles.data.on_opt_oust",
        "keep",
        "unknown key",
        "did you mean on_opt_out?",
    ):
        assert said in found.out


def test_warnings_alone_have_exit_code_0_and_are_named_in_every_form_of_output():
    text = SAMPLE + "exclude: [{name: 'tmp-*'}, {name: 'tmp-1'}]\n"
    for output in ("text", "json", "sarif"):
        found = run("policy", "check", "-", "-o", output, text=text)
        assert found.code == 0
        assert "exclude[0] leaves out all of it" in found.out
        assert "warning" in found.out


def test_a_policy_is_read_from_standard_input():
    assert run("policy", "check", "-", text=SAMPLE).code == 0
    assert run("policy", "check", "-", text="version: 2").code == 2


def test_all_faults_are_reported_in_one_run(bad):
    bad.write_text(bad.read_text().replace("peering: ensure", "peering: sometimes"))
    found = json.loads(run("policy", "check", str(bad), "-o", "json").out)
    assert {one["path"] for one in found["faults"]} == {
        "profiles.default.peering",
        "profiles.data.peering",
        "profiles.data.on_opt_oust",
    }


def test_a_file_that_cannot_be_read_has_exit_code_1_and_prints_nothing_on_standard_output(tmp_path):
    latin = tmp_path / "latin.yaml"
    latin.write_bytes(b"version: 1 # \xe9")
    for file in (tmp_path / "missing.yaml", tmp_path, latin):
        found = run("policy", "check", str(file), "-o", "json")
        assert (found.code, found.out) == (1, "")
        assert str(file) in found.err


def test_a_file_above_the_limit_is_not_read_whole(tmp_path):
    huge = tmp_path / "huge.yaml"
    huge.write_bytes(b"#" * (4 * MAX_POLICY + 1))
    assert run("policy", "check", str(huge)).code == 1


def test_wrong_usage_has_exit_code_2():
    assert run("policy", "check").code == 2
    assert run("policy", "check", "x", "-o", "xml").code == 2


def test_the_schema_is_the_one_in_the_repository():
    assert json.loads(run("policy", "schema").out) == json.loads(
        (ROOT / "connectivity.schema.json").read_text()
    )


def test_control_characters_of_a_policy_are_not_printed(tmp_path):
    file = tmp_path / "hostile.yaml"
    file.write_text(SAMPLE + '\n    "on\\e[2Jopt": "\\e]0;owned\\a\\u202e"\n')
    for output in ("text", "json", "sarif"):
        found = run("policy", "check", str(file), "-o", output)
        assert found.code == 2
        assert not any(char in found.out for char in "\x1b\x07\u202e"), output


def test_there_is_no_colour_off_a_terminal_and_none_with_no_color(bad):
    assert "\x1b" not in run("policy", "check", str(bad)).out
    assert "\x1b" in run("policy", "check", str(bad), FORCE_COLOR="1").out
    assert "\x1b" not in run("policy", "check", str(bad), FORCE_COLOR="1", NO_COLOR="1").out


def test_help_imports_neither_the_app_nor_an_sdk_nor_rich():
    code = """
import sys
from click.testing import CliRunner
from causeway.commands import cli
assert CliRunner().invoke(cli, ["policy", "--help"]).exit_code == 0
heavy = ("azure", "pydantic", "yaml", "rich", "aiohttp", "shared")
print([name for name in sys.modules if name.split(".")[0] in heavy])
"""
    assert run_apart(code=code).out.strip() == "[]"


def test_checking_a_policy_loads_no_sdk():
    code = """
import sys
from click.testing import CliRunner
from causeway.commands import cli
assert CliRunner().invoke(cli, ["policy", "check", "connectivity.yaml"]).exit_code == 0
print([name for name in sys.modules if name.split(".")[0] in ("azure", "rich", "aiohttp")])
"""
    assert run_apart(code=code).out.strip() == "[]"
