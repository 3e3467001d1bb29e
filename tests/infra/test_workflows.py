"""The workflow for users, and the scripts that it runs."""

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.infra.check import REPOSITORY

FILE = REPOSITORY / ".github" / "workflows" / "deploy.yml"
TEXT = FILE.read_text("utf-8")
WORKFLOW = yaml.safe_load(TEXT)
JOBS: dict[str, Any] = WORKFLOW["jobs"]
TOOLS = REPOSITORY / "tools"


def steps() -> list[dict[str, Any]]:
    return [step for job in JOBS.values() for step in job["steps"]]


def test_every_action_is_pinned_by_a_commit_and_says_its_version() -> None:
    used = re.findall(r"uses: (.*)", TEXT)
    pinned = [one for one in used if re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", one)]
    assert used == pinned
    assert len(used) == len([step for step in steps() if "uses" in step]) > 0


def test_one_action_has_one_commit_everywhere() -> None:
    used = set(re.findall(r"uses: (\S+)", TEXT))
    assert len(used) == len({one.partition("@")[0] for one in used})


def test_no_job_has_more_rights_than_it_needs() -> None:
    assert WORKFLOW["permissions"] == {}
    assert {name: job["permissions"] for name, job in JOBS.items()} == {
        "test": {"contents": "read"},
        "deploy": {"contents": "read", "id-token": "write"},
        "release": {"contents": "write"},
    }


def test_no_secret_is_used_and_no_expression_is_part_of_a_script() -> None:
    assert "secrets." not in TEXT
    assert [step["run"] for step in steps() if "${{" in step.get("run", "")] == []


def test_it_deploys_what_was_tested_and_releases_what_was_deployed() -> None:
    assert {name: job.get("needs") for name, job in JOBS.items()} == {
        "test": None,
        "deploy": "test",
        "release": "deploy",
    }
    assert [bool(job.get("timeout-minutes")) for job in JOBS.values()] == [True] * 3


def test_the_functions_are_listed_after_the_deployment() -> None:
    runs = [step.get("run", "") for step in JOBS["deploy"]["steps"]]
    deployed = next(k for k, run in enumerate(runs) if "config-zip" in run)
    assert any("tools/wait-for-functions" in run for run in runs[deployed + 1 :])


@pytest.mark.parametrize("target", ["check", "test", "check-infra", "package"])
def test_what_it_makes_is_a_target_of_the_makefile(target: str) -> None:
    assert f"\n{target}:" in (REPOSITORY / "Makefile").read_text("utf-8")


def listed(folder: Path, *names: str) -> subprocess.CompletedProcess[str]:
    """`wait-for-functions` where `az` lists these functions."""
    az = folder / "az"
    az.write_text("#!/bin/sh\n" + "".join(f"echo app/{name}\n" for name in names))
    az.chmod(0o755)
    path = f"{folder}{os.pathsep}{os.environ['PATH']}"
    environment = {"PATH": path, "TRIES": "2", "PAUSE": "0"}
    script = [TOOLS / "wait-for-functions", "group", "app"]
    return subprocess.run(script, env=environment, capture_output=True, text=True, check=False)


def test_an_app_with_its_functions_is_accepted(tmp_path: Path) -> None:
    found = listed(tmp_path, "on_event", "reconcile", "sweep", "work_poison")
    assert (found.returncode, found.stdout.split()[1]) == (0, "app/reconcile")


@pytest.mark.parametrize("names", [(), ("reconcile", "sweep"), ("my_reconcile", "sweep", "work_poison_2")])
def test_an_app_without_its_functions_is_a_failure(names: tuple[str, ...], tmp_path: Path) -> None:
    found = listed(tmp_path, *names)
    assert found.returncode == 1
    assert "has no function" in found.stderr


def test_the_functions_that_are_waited_for_are_those_of_the_app() -> None:
    waited = re.search(r"for name in (.*); do", (TOOLS / "wait-for-functions").read_text())
    app = (REPOSITORY / "function_app.py").read_text("utf-8")
    assert waited is not None
    assert set(waited[1].split()) <= set(re.findall(r"async def (\w+)", app))


def notes(folder: Path, version: str) -> subprocess.CompletedProcess[str]:
    text = "## Unreleased\n\n- c\n\n## 1.1.0 - 2027-01-01\n\n### Added\n- b\n\n## [1.0.0]\n- a\n\n## 0.9.0\n"
    (folder / "CHANGELOG.md").write_text(text)
    environment = {"PATH": os.environ["PATH"], "CHANGELOG": str(folder / "CHANGELOG.md")}
    script = [TOOLS / "release-notes", version]
    return subprocess.run(script, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(("version", "text"), [("v1.1.0", "### Added\n- b"), ("1.0.0", "- a")])
def test_the_notes_of_a_release_are_its_section(version: str, text: str, tmp_path: Path) -> None:
    assert notes(tmp_path, version).stdout.strip() == text


@pytest.mark.parametrize("version", ["v2.0.0", "v1.1", "v0.9.0", "v1.1.0.0"])
def test_a_version_without_a_section_is_a_failure(version: str, tmp_path: Path) -> None:
    found = notes(tmp_path, version)
    assert (found.returncode, found.stdout) == (1, "")
    assert "has no section" in found.stderr
