"""Runs the command line as a person would, with what it printed."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from click.testing import CliRunner

from causeway.commands import cli

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Ran:
    """Exit code, standard output and standard error."""

    code: int
    out: str
    err: str


def run(*words: str, text: str = "", **environment: str) -> Ran:
    """Run it in this process; standard output is no terminal. `text`: standard input."""
    found = CliRunner(env=environment or None).invoke(cli, words, input=text)
    if found.exception is not None and not isinstance(found.exception, SystemExit):
        raise found.exception
    return Ran(found.exit_code, found.stdout, found.stderr)


def run_apart(*words: str, code: str = "", **environment: str) -> Ran:
    """Run it in a process of its own. `code`: Python to run instead of the command."""
    command = [sys.executable, "-c", code] if code else [sys.executable, "-m", "causeway", *words]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=environment or None)
    return Ran(found.returncode, found.stdout, found.stderr)
