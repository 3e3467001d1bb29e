"""Alerts and the workbook ask for lines that the app logs, and each alert is documented."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from shared import settings
from shared.core.outcome.sweep_report import SweepReport
from tests.infra.check import INFRA, REPOSITORY
from tests.infra.syntax import read_folder, text

SOURCES = {source.name: source for source in read_folder(INFRA)}
SAMPLE = json.loads((REPOSITORY / "local.settings.sample.json").read_text("utf-8"))["Values"]
DEPLOY = (REPOSITORY / "docs" / "deploy.md").read_text("utf-8")
FILES = [file for part in ("shared", "handlers") for file in (REPOSITORY / part).rglob("*.py")]
CODE = "\n".join(file.read_text("utf-8") for file in FILES)
ALERTS = json.loads((INFRA / "alerts.json").read_text("utf-8"))
WORKBOOK = json.loads((INFRA / "workbook.json").read_text("utf-8"))
QUERIES = {
    **{one["name"]: one["query"] for one in ALERTS},
    **{one["name"]: one["content"]["query"] for one in WORKBOOK["items"] if "query" in one["content"]},
}
LINE = re.compile(r"Message startswith '([^'{]+?) ?\{?'|Message has '([^']+)'")


def parsed(queries: dict[str, str]) -> dict[str, list[str]]:
    """The errors of each query, by Microsoft's own parser."""
    run = subprocess.run(
        ["node", Path(__file__).parent / "kql.js"],
        input=json.dumps(queries),
        env={**os.environ, "NODE_PATH": str(REPOSITORY / "node_modules")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, f"run make setup: {run.stderr}"
    found: dict[str, list[str]] = json.loads(run.stdout)
    return found


def test_every_query_is_right_for_the_tables_of_the_workspace() -> None:
    assert {name: errors for name, errors in parsed(QUERIES).items() if errors} == {}


def test_a_query_with_a_mistake_is_found() -> None:
    mistakes = {
        "an unknown column": "AppTraces | where Mesage has 'x'",
        "an unknown table": "AppTrace | count",
        "a keyword as a name": "AppTraces | mv-expand limit = Properties",
        "an open text": "AppTraces | where Message startswith 'x",
    }
    assert [name for name, errors in parsed(mistakes).items() if not errors] == []


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_asks_for_lines_that_the_app_logs(name: str) -> None:
    for words in LINE.findall(QUERIES[name]):
        start = "".join(words)
        assert re.search(rf'line\(\s*"[^"]*{re.escape(start)}', CODE), (
            f"no line of the app begins with {start!r}"
        )


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_cuts_off_exactly_the_words_before_the_facts(name: str) -> None:
    starts = re.findall(r"startswith '(\w[\w ]*) \{'", QUERIES[name])
    cuts = {int(cut) for cut in re.findall(r"substring\(Message, (\d+)\)", QUERIES[name])}
    assert cuts <= {len(start) + 1 for start in starts}


def test_the_members_of_a_sweep_that_the_workbook_shows_are_logged() -> None:
    shown = {found for query in QUERIES.values() for found in re.findall(r"sweep\.(\w+)", query)}
    assert shown
    assert shown <= set(SweepReport("sweep-1", 0.0).record())


def test_every_alert_is_documented_with_what_to_do() -> None:
    metric = re.findall(r"code: '([\w-]+)'", text(SOURCES["modules/system-topic.bicep"].root))
    assert [
        name for name in [*(one["name"] for one in ALERTS), *metric] if f"| `{name}` |" not in DEPLOY
    ] == []
    assert len({one["name"] for one in ALERTS}) == len(ALERTS) >= 8


def test_a_sweep_is_overdue_after_three_of_its_periods() -> None:
    [overdue] = [one for one in ALERTS if one["name"] == "sweep-overdue"]
    [period] = re.findall(r"^0 \*/(\d+) ", SAMPLE[settings.SWEEP])
    assert overdue["window"] == f"PT{3 * int(period)}M"
