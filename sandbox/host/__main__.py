"""`python -m sandbox.host --app DIR --port P`: one functions host in the foreground.

Prints one JSON object a line, among them its address when it is ready. SIGTERM or Ctrl-C ends it.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

from sandbox.host import app_settings, logs
from sandbox.host.functions import AppLoadError
from sandbox.host.keys import Keys
from sandbox.host.options import HostOptions, OptionsError
from sandbox.host.server import Host, Setup
from sandbox.host.worker import Worker
from sandbox.options import HelpWithDefaults

log = logging.getLogger("host")


def arguments(argv: list[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m sandbox.host", description=__doc__, formatter_class=HelpWithDefaults
    )
    parser.add_argument("--app", type=Path, required=True, help="folder with function_app.py and host.json")
    parser.add_argument("--port", type=int, default=7071, help="0: a free one")
    parser.add_argument("--no-timers", action="store_true", help="another worker runs them")
    parser.add_argument("--keys", type=Path, help="JSON file of access keys; without it none are asked for")
    parser.add_argument("--speed", type=float, default=1.0, help="divides the waits of the queues")
    parser.add_argument(
        "--visibility", type=float, help="seconds a taken message stays hidden unless renewed"
    )
    parser.add_argument("--log-level", default="INFO", help="least level of the lines that are logged")
    parser.add_argument("--lifeline", action="store_true", help="end when the standard input closes")
    return parser.parse_args(argv)


def main(argv: list[str]) -> None:
    """Run until a signal. An app that cannot run ends the process with code 1 and its error."""
    asked = arguments(argv)
    app: Path = asked.app.resolve()
    logs.configure(asked.log_level)
    try:
        app_settings.add_local(app, os.environ)
        options = _options(HostOptions.load(app), asked)
        keys = Keys.load(asked.keys) if asked.keys else None
        worker = Worker(app)
        worker.start()
        host = Host(worker, Setup(app, asked.port, not asked.no_timers, keys), options, os.environ)
    except (AppLoadError, OptionsError) as error:
        log.critical("the app cannot run: %s", error)
        sys.exit(1)
    asyncio.run(_serve(host, worker, asked.lifeline))
    worker.stop()
    _end()


def _end() -> None:
    """End the process as the platform does: clients that the app has open are its own, and no error.

    An ordinary end would report each of them as one, at level ERROR.
    """
    logging.shutdown()
    sys.stdout.flush()
    os._exit(0)


def _options(options: HostOptions, asked: argparse.Namespace) -> HostOptions:
    queues = options.queues.at(asked.speed)
    if asked.visibility is not None:
        queues = replace(queues, hold=asked.visibility)
    return replace(options, queues=queues)


async def _serve(host: Host, worker: Worker, lifeline: bool) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    if lifeline:
        loop.add_reader(sys.stdin.fileno(), _end_with_parent)
    async with host as address:
        details = {"address": address, "functions": sorted(worker.functions)}
        log.info("listening on %s", address, extra={"details": details})
        broken = asyncio.create_task(host.watch())
        stopped = asyncio.create_task(stop.wait())
        await asyncio.wait([broken, stopped], return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if broken.done():
            broken.result()
        broken.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await broken


def _end_with_parent() -> None:
    """End at once when the parent process has ended: its storage has ended too."""
    if not os.read(sys.stdin.fileno(), 1024):
        log.critical("ending: the standard input has closed")
        os._exit(1)


if __name__ == "__main__":
    main(sys.argv[1:])
