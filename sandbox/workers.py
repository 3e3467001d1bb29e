"""The host processes of a sandbox: several workers of one app, sharing its queues and tables.

Worker 0 gets the Event Grid events and the HTTP calls and runs the timers; all listen to the queues. One that
ends is started again at its address, as the platform would.
"""

from __future__ import annotations

import asyncio
import sys
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.app_folder import PACKAGES
from sandbox.azurite import ROOT
from sandbox.child import Child
from sandbox.host import packaged

START_TIMEOUT = 60.0
ADDRESS = r'"address": "http://127\.0\.0\.1:(\d+)"'


@dataclass(frozen=True, slots=True)
class WorkerSetup:
    """How to start workers. ports: one for each, 0 for a free one. keys, visibility: see sandbox.host."""

    app: Path
    environment: Mapping[str, str]
    logs: Path
    speed: float
    ports: tuple[int, ...]
    keys: Path | None = None
    visibility: float | None = None


@dataclass(slots=True)
class Workers:
    """The running workers: `start`, then `revive` from time to time, and `stop` at the end."""

    setup: WorkerSetup
    _children: list[Child] = field(default_factory=list)
    _ports: list[int] = field(default_factory=list)
    _back: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def start(self) -> None:
        """Start all and wait until each listens. Raises ChildError with the end of a failed one's log."""
        self._children = [self._launch(number, port) for number, port in enumerate(self.setup.ports)]
        self._ports = list(await asyncio.gather(*map(_listening, self._children)))

    @property
    def addresses(self) -> tuple[str, ...]:
        return tuple(f"http://127.0.0.1:{port}" for port in self._ports)

    def pid(self, number: int) -> int:
        return self._children[number].pid

    async def revive(self) -> None:
        """Start ended workers again. Raises ChildError when one does not start."""
        for number, child in enumerate(self._children):
            if child.exit_code is None:
                continue
            child.stop()
            self._children[number] = self._launch(number, self._ports[number])
            await _listening(self._children[number])
            async with self._back:
                self._back.notify_all()

    async def crash(self, number: int) -> None:
        """Kill a worker, as a power cut would, and wait until `revive` has started it again.

        Messages that it had taken become visible again when their hold ends.
        """
        dead = self._children[number]
        async with self._back:
            dead.kill()
            await self._back.wait_for(lambda: self._children[number] is not dead)

    async def stop(self) -> None:
        """Ask all to end at once, and wait for them."""
        await asyncio.gather(*(asyncio.to_thread(child.stop) for child in self._children))

    def _launch(self, number: int, port: int) -> Child:
        setup = self.setup
        command = [*_host(setup.app), "--lifeline", "--port", str(port), "--speed", str(setup.speed)]
        if number > 0:
            command.append("--no-timers")
        if setup.keys is not None:
            command += ["--keys", str(setup.keys.resolve())]
        if setup.visibility is not None:
            command += ["--visibility", str(setup.visibility)]
        name = f"host-{number}"
        return Child(name, command, setup.logs / f"{name}.log", setup.environment, ROOT)


def _host(app: Path) -> list[str]:
    """The command of a host. A built package has its own distributions, and gets no others (packaged.py)."""
    if not (app / PACKAGES).is_dir():
        return [sys.executable, "-m", "sandbox.host", "--app", str(app)]
    return [sys.executable, "-I", "-S", packaged.__file__, str(app), sysconfig.get_path("purelib")]


async def _listening(child: Child) -> int:
    """The port of a worker once it listens."""
    (port,) = await asyncio.to_thread(child.wait_for, ADDRESS, timeout=START_TIMEOUT)
    return int(port)
