"""Every example of docs/sandbox.md, run in order against a sandbox with the app in it."""

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from sandbox.azure.kernel.model import Request
from sandbox.azure.simulator import Simulator
from sandbox.azurite import ROOT
from sandbox.up import Sandbox

DOCUMENT = ROOT / "docs" / "sandbox.md"
BLOCK = re.compile(r"^```(sh|json)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MARK = "--- next example ---"
PATIENCE = 240


@dataclass(frozen=True)
class Example:
    """Shell commands, and the answer that the document shows for them, if any."""

    commands: str
    answer: object = None


def examples() -> list[Example]:
    found = []
    for language, text in BLOCK.findall(DOCUMENT.read_text()):
        if language == "sh":
            found.append(Example(text))
        else:
            assert found[-1].answer is None, "an answer without commands"
            found[-1] = Example(found[-1].commands, json.loads(text))
    return found


def runnable(commands: str) -> str:
    """The commands without the one that starts the sandbox, and without az where it is not installed."""
    omitted = ("make sandbox",) if shutil.which("az") else ("make sandbox", "az ")
    return "".join(line for line in commands.splitlines(True) if not line.startswith(omitted))


def shows(answer: object, wanted: object) -> bool:
    """Whether an answer has all that the document shows: members of objects, entries of lists."""
    if isinstance(wanted, dict):
        known = isinstance(answer, dict)
        return known and all(name in answer and shows(answer[name], one) for name, one in wanted.items())
    if isinstance(wanted, list) and wanted:
        return isinstance(answer, list) and all(any(shows(it, one) for it in answer) for one in wanted)
    return answer == wanted


async def test_every_example_answers_as_the_document_shows(tmp_path: Path):
    (tmp_path / ".venv").symlink_to(sys.prefix)
    every = examples()
    script = f"echo '{MARK}'\n".join(runnable(one.commands) + "echo\n" for one in every)
    async with Sandbox(folder=tmp_path / ".sandbox"):
        ran = await asyncio.to_thread(
            subprocess.run,
            ["bash", "-eo", "pipefail", "-c", script],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
    assert ran.returncode == 0, ran.stderr
    outputs = ran.stdout.split(MARK)
    assert len(outputs) == len(every)
    assert "hub-we" in outputs[0].strip().splitlines()[-1], "the SDK lists other networks"
    for example, output in zip(every, outputs, strict=True):
        if example.answer is not None:
            # The first lines may show the progress of a resource; the last JSON value is the answer.
            answer = last_value(output)
            assert shows(answer, example.answer), f"{example.commands}\n{answer}"


def last_value(output: str) -> object:
    """The last JSON value of an output that may hold several."""
    decoder, rest, value = json.JSONDecoder(), output.strip(), None
    while rest:
        value, end = decoder.raw_decode(rest)
        rest = rest[end:].lstrip()
    return value


async def test_every_path_of_the_control_api_is_in_the_document():
    listed = (await Simulator().handle(Request("GET", "/_sandbox"))).body["paths"]
    names = {path.rsplit("/", 1)[1] for path in listed}
    used = set(re.findall(r'^control "?(\w+)', DOCUMENT.read_text(), re.MULTILINE))
    assert used == names


@pytest.mark.parametrize(
    ("answer", "wanted", "expected"),
    [
        ({"a": 1, "b": 2}, {"a": 1}, True),
        ({"a": 1}, {"a": 2}, False),
        ({"a": 1}, {"b": 1}, False),
        ([{"a": 1}, {"a": 2}], [{"a": 2}], True),
        ([1], [], False),
        ([], [], True),
    ],
)
def test_an_answer_shows_what_the_document_shows_or_not(answer, wanted, expected):
    assert shows(answer, wanted) is expected
