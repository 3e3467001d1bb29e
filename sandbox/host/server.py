"""One host process: loads the app, serves HTTP, runs its queue and timer triggers, and ends in order."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from sandbox.host import event_grid
from sandbox.host.admin import Admin
from sandbox.host.event_grid import EventGridWebhook
from sandbox.host.functions import AppLoadError, Function
from sandbox.host.http_trigger import HttpTriggers
from sandbox.host.invoker import Invoker
from sandbox.host.keys import Keys
from sandbox.host.listener import QueueListener
from sandbox.host.options import HostOptions
from sandbox.host.record import Record
from sandbox.host.storage_queue import Queues
from sandbox.host.timers import Timer
from sandbox.host.worker import Worker

log = logging.getLogger("host")

LARGEST_BODY = 100 * 1024 * 1024  # Azure's own limit of a request to a function
TRIGGERS = {"httptrigger", "eventgridtrigger", "queuetrigger", "timertrigger"}
OUTPUTS = {"http", "queue"}


@dataclass(frozen=True, slots=True)
class Setup:
    """How to run a host. timers: whether this worker runs the timers (see timers.py)."""

    app: Path
    port: int = 0
    timers: bool = True
    keys: Keys | None = None
    grace: float = 5.0


class Host:
    """A loaded app with its triggers. Use `async with`: entering starts its triggers, leaving ends them.

    Raises AppLoadError for an app that does not load or needs an unsupported binding.
    """

    def __init__(
        self, worker: Worker, setup: Setup, options: HostOptions, environment: Mapping[str, str]
    ) -> None:
        self._setup = setup
        functions = worker.functions
        for one in functions.values():
            _check(one)
        self._queues = Queues(environment, options.queues.base64)
        self._record = Record()
        invoker = Invoker(worker, self._queues, self._record, options.function_timeout, environment)
        self._listeners = {
            one.name: QueueListener(one, self._queues, options.queues, invoker, environment)
            for one in _of(functions, "queuetrigger")
        }
        self._timers = {one.name: Timer(one, invoker, environment) for one in _of(functions, "timertrigger")}
        self._webhook = EventGridWebhook(_of(functions, "eventgridtrigger"), invoker, setup.keys)
        self._http = HttpTriggers(_of(functions, "httptrigger"), options.route_prefix, invoker, setup.keys)
        self._admin = Admin(
            functions, worker.version, self._listeners, self._timers, self._webhook, self._record, setup.keys
        )
        self._queue_loops: list[asyncio.Task[None]] = []
        self._timer_loops: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> str:
        """Start; returns the address."""
        # A function gets the body as it was sent: the host of Azure does not decompress it.
        self._runner = web.AppRunner(
            self._application(), access_log=None, shutdown_timeout=self._setup.grace, auto_decompress=False
        )
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._setup.port).start()
        self._queue_loops = [asyncio.create_task(one.listen()) for one in self._listeners.values()]
        if self._setup.timers:
            self._timer_loops = [asyncio.create_task(one.listen()) for one in self._timers.values()]
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def __aexit__(self, *_: object) -> None:
        """Accept nothing new, wait for running invocations within the grace time, close."""
        for one in self._listeners.values():
            one.stop()
        for task in self._timer_loops:
            task.cancel()
        await self._end_loops()
        await asyncio.gather(*(one.drain(self._setup.grace) for one in self._listeners.values()))
        await self._runner.cleanup()
        await self._queues.close()

    async def watch(self) -> None:
        """Wait for a listener or timer to fail; raises its exception."""
        loops = self._queue_loops + self._timer_loops
        if not loops:
            await asyncio.Event().wait()
        ended, _ = await asyncio.wait(loops, return_when=asyncio.FIRST_COMPLETED)
        for task in ended:
            task.result()

    async def _end_loops(self) -> None:
        loops = self._queue_loops + self._timer_loops
        if loops:
            _, late = await asyncio.wait(loops, timeout=self._setup.grace)
            for task in late:
                log.warning("%s did not end within %g s", task.get_coro(), self._setup.grace)
                task.cancel()
        await asyncio.gather(*loops, return_exceptions=True)

    def _application(self) -> web.Application:
        application = web.Application(client_max_size=LARGEST_BODY)
        for path in (event_grid.PATH, event_grid.PATH.replace("eventgrid", "EventGrid")):
            application.router.add_route("*", path, self._webhook.answer)
        application.router.add_route("*", "/admin/{path:.*}", self._admin.answer)
        application.router.add_route("*", "/{path:.*}", self._http.answer)
        return application


def _of(functions: Mapping[str, Function], kind: str) -> list[Function]:
    return [one for one in functions.values() if one.kind == kind]


def _check(function: Function) -> None:
    """Refuse a function that would not work here as in Azure, before any runs."""
    if function.kind not in TRIGGERS:
        raise AppLoadError(f"{function.name}: this host has no {function.trigger['type']}")
    for name, binding in function.outputs.items():
        if str(binding["type"]).lower() not in OUTPUTS:
            raise AppLoadError(f"{function.name}: this host has no output binding {binding['type']} ({name})")
    for binding in function.bindings:
        if binding is not function.trigger and binding["name"] not in function.outputs:
            raise AppLoadError(f"{function.name}: this host has no input binding {binding['type']}")
    if function.has_retry_policy:
        log.warning("%s: its retry policy is not applied by this host", function.name)
