"""A child process of the sandbox: Azurite, or a functions host.

Its output goes to a log file, where it also reports that it is ready. Its standard input is the read end of a
pipe; it ends when that closes, so that no child outlives a killed parent.
"""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

TAIL_LINES = 15
POLL_SECONDS = 0.02


class ChildError(Exception):
    """A child ended, or was not ready in time: its name and the end of its log."""


class Child:
    """One running process; `stop` or `kill` ends it.

    It leads a session of its own, so that Ctrl-C in a terminal reaches the parent alone, which stops its
    children in order.
    """

    def __init__(
        self, name: str, command: Sequence[str], log: Path, environment: Mapping[str, str], folder: Path
    ) -> None:
        self.name = name
        self.log = log
        self._from = log.stat().st_size if log.exists() else 0
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=dict(environment),
                cwd=folder,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""
        return self._process.poll()

    def wait_for(self, *patterns: str, timeout: float) -> list[str]:
        """Wait until its output matches every pattern; returns the first group of each.

        Raises ChildError when it ends or `timeout` seconds pass first.
        """
        end = time.monotonic() + timeout
        while True:
            ended = self.exit_code  # before the log is read, so that it is complete
            written = self.output()
            found = [re.search(pattern, written) for pattern in patterns]
            if all(found):
                return [match[1] for match in found if match]
            if ended is not None:
                raise ChildError(f"{self.name} ended with code {ended}:\n{self.tail()}")
            if time.monotonic() > end:
                raise ChildError(f"{self.name} was not ready after {timeout:g} s:\n{self.tail()}")
            time.sleep(POLL_SECONDS)

    def output(self) -> str:
        """What this process has written so far (the log may hold the output of an earlier one too)."""
        with self.log.open("rb") as log:
            log.seek(self._from)
            return log.read().decode(errors="replace")

    def tail(self) -> str:
        """The last lines it wrote."""
        return "\n".join(self.output().splitlines()[-TAIL_LINES:])

    def stop(self, grace: float = 10.0) -> int:
        """Send SIGTERM, kill it after `grace` seconds; returns its exit code."""
        if self.exit_code is None:
            self._process.terminate()
            try:
                self._process.wait(grace)
            except subprocess.TimeoutExpired:
                self._process.kill()
        return self._reap()

    def kill(self) -> int:
        """End it at once, as a crash would; returns its exit code."""
        self._process.kill()
        return self._reap()

    def _reap(self) -> int:
        code = self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()
        return code
