"""checkov on `infra/`, and the schema of the workflow: what `make check-infra` runs, with tools of its own.

checkov ends without an error if it could not parse a file, and its own pycep does not know nested loops and
lambdas. So a newer pycep is installed over it, and the numbers that it reports are checked here.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.infra.check import INFRA, REPOSITORY, check, types
from tests.infra.syntax import read_folder

TOOLS = REPOSITORY / ".checkov" / "bin"
WAIVERS = Path(__file__).parent / "waivers.yaml"
WORKFLOWS = REPOSITORY / ".github" / "workflows"


def problems(report: Mapping[str, Any], waivers: Iterable[Mapping[str, str]], resources: int) -> list[str]:
    """What is wrong with a report of checkov. `resources`: how many the files declare."""
    summary, failed = report["summary"], report["results"]["failed_checks"]
    found = {(one["check_id"], one["resource"]): one["check_name"] for one in failed}
    waived = {(one["check"], one["resource"]): one["reason"] for one in waivers}
    new = [f"{check} {at}: {found[check, at]}" for check, at in sorted(found.keys() - waived.keys())]
    old = [f"{check} {at} is waived and not found" for check, at in sorted(waived.keys() - found.keys())]
    empty = [f"{check} {at} is waived without a reason" for (check, at), why in waived.items() if not why]
    unread = []
    if summary["parsing_errors"]:
        unread.append(f"checkov could not parse {summary['parsing_errors']} files")
    if summary["resource_count"] < resources:
        unread.append(f"checkov saw {summary['resource_count']} of {resources} resources")
    return unread + new + old + empty


def scanned(folder: Path) -> dict[str, Any]:
    """checkov's report. `--skip-download`: it asks no other host."""
    options = ["--framework", "bicep", "--skip-download", "--quiet", "--compact", "-o", "json"]
    command = [TOOLS / "checkov", "-d", folder, *options]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        found = json.loads(ended.stdout)
    except ValueError:
        raise SystemExit(f"checkov gave no report:\n{ended.stdout}\n{ended.stderr}") from None
    return found[0] if isinstance(found, list) else found


def schema_problems() -> list[str]:
    """What is wrong with the workflows by the published schema, which the tool brings along."""
    files = sorted(WORKFLOWS.glob("*.yml"))
    command = [TOOLS / "check-jsonschema", "--builtin-schema", "vendor.github-workflows", *files]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    return [ended.stdout + ended.stderr] if ended.returncode else []


def compiler_problems(files: Iterable[Path]) -> list[str]:
    """What Bicep's own compiler says, warnings of its linter included, where it is installed."""
    bicep = shutil.which("bicep")
    if bicep is None:
        print("bicep is not on PATH: the files are not compiled")
        return []
    ended = [
        subprocess.run([bicep, "lint", one], capture_output=True, text=True, check=False) for one in files
    ]
    return [found for one in ended if (found := (one.stdout + one.stderr).strip())]


def main() -> int:
    resources = sum(len(source.resources) for source in read_folder(INFRA))
    report = scanned(INFRA)
    waivers = yaml.safe_load(WAIVERS.read_text("utf-8"))
    found = [*map(str, check(INFRA, types())), *problems(report, waivers, resources), *schema_problems()]
    found += compiler_problems(sorted(INFRA.glob("*.bicep")))
    print("\n".join(found) or "nothing found in infra/ and .github/workflows")
    summary = report["summary"]
    print(f"checkov {summary['checkov_version']}: {summary['passed']} passed, {len(waivers)} waived")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
