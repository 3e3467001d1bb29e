"""SARIF logs: the members that SARIF 2.1.0 requires, and those that GitHub's code scanning needs."""

import json
from pathlib import Path

from causeway.sarif import report, uri_of
from shared.core.base.errors import Fault
from tests.causeway.command import run

FAULT = Fault("profiles.default.peerin", "ensure", "unknown key", "did you mean peering?", 12, 5)
WARNING = Fault("rules[3]", "", "it is never reached", "move it up", level="warning")


def test_a_log_has_what_the_format_requires():
    log = report("connectivity.yaml", [FAULT, WARNING])
    assert (log["version"], len(log["runs"])) == ("2.1.0", 1)
    run_of = log["runs"][0]
    driver = run_of["tool"]["driver"]
    assert driver["name"]
    known = {rule["id"] for rule in driver["rules"]}
    for result, level in zip(run_of["results"], ("error", "warning"), strict=True):
        assert (result["level"], result["ruleId"] in known) == (level, True)
        assert result["message"]["text"]
        place = result["locations"][0]["physicalLocation"]
        assert place["artifactLocation"]["uri"] == "connectivity.yaml"
        assert place["region"]["startLine"] >= 1
        assert place["region"]["startColumn"] >= 1


def test_a_result_names_line_column_path_value_and_remedy():
    result = report("connectivity.yaml", [FAULT])["runs"][0]["results"][0]
    assert result["locations"][0]["physicalLocation"]["region"] == {"startLine": 12, "startColumn": 5}
    assert result["message"]["text"] == (
        "profiles.default.peerin 'ensure': unknown key; did you mean peering?"
    )


def test_a_good_policy_is_a_log_without_results_and_not_an_empty_output():
    log = json.loads(run("policy", "check", "connectivity.yaml", "-o", "sarif").out)
    assert log["runs"][0]["results"] == []


def test_the_uri_is_relative_to_the_folder_and_encoded():
    assert uri_of("policies/my policy.yaml") == "policies/my%20policy.yaml"
    assert uri_of(str(Path.cwd() / "a#b.yaml")) == "a%23b.yaml"
    assert uri_of("/elsewhere/p.yaml") == "file:///elsewhere/p.yaml"
