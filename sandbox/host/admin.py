"""`/admin`: list functions, run a function by hand, and wait for invocations.

Source: Microsoft Learn, "Manually run a non HTTP-triggered function"; `/admin/invocations` is our own.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine, Mapping
from typing import Any

from aiohttp import web

from sandbox.host.event_grid import EventGridWebhook
from sandbox.host.functions import Function
from sandbox.host.keys import Keys, allowed
from sandbox.host.listener import QueueListener
from sandbox.host.record import Record
from sandbox.host.timers import Timer

LONGEST_WAIT = 60.0


class Admin:
    """The admin API of one host."""

    def __init__(
        self,
        functions: Mapping[str, Function],
        version: str,
        listeners: Mapping[str, QueueListener],
        timers: Mapping[str, Timer],
        webhook: EventGridWebhook,
        record: Record,
        keys: Keys | None,
    ) -> None:
        self._functions = functions
        self._version = version
        self._listeners = listeners
        self._timers = timers
        self._webhook = webhook
        self._record = record
        self._keys = keys
        self._running: set[asyncio.Task[object]] = set()

    async def answer(self, request: web.Request) -> web.Response:
        """401 without the master key, 404 for an unknown route or function."""
        if not allowed(self._keys, request, "admin"):
            return web.Response(status=401)
        match request.method, request.match_info["path"].strip("/").split("/"):
            case "GET", ["host", "status"]:
                return web.json_response({"state": "Running", "version": self._version})
            case "GET", ["functions"]:
                return web.json_response([_shown(one) for one in self._functions.values()])
            case "POST", ["functions", name]:
                return await self._run(request, name)
            case "GET", ["invocations"]:
                return await self._invocations(request)
            case _:
                return web.Response(status=404)

    async def _run(self, request: web.Request, name: str) -> web.Response:
        """Start a function with the `input` of the JSON body, and answer at once."""
        function = self._functions.get(name)
        if function is None:
            return web.Response(status=404, text=f"cannot find function: '{name}'")
        try:
            body = await request.json() if request.can_read_body else {}
            run = self._by_hand(function, str(body.get("input") or ""))
        except (ValueError, AttributeError) as error:
            return web.Response(status=400, text=f'a JSON object with "input" is needed: {error}')
        task = asyncio.create_task(run)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return web.Response(status=202)

    def _by_hand(self, function: Function, text: str) -> Coroutine[Any, Any, object]:
        match function.kind:
            case "timertrigger":
                return self._timers[function.name].fire("admin")
            case "queuetrigger":
                return self._listeners[function.name].run_by_hand(text)
            case "eventgridtrigger":
                return self._webhook.run(function, json.loads(text), "admin")
            case _:
                raise ValueError("an HTTP function is called at its route")

    async def _invocations(self, request: web.Request) -> web.Response:
        """`?since=N&wait=S`: invocations that ended after number N; waits up to S seconds for one.

        `running` counts those that have not ended. A call of this route does not count.
        """
        try:
            since, wait = int(request.query.get("since", "0")), float(request.query.get("wait", "0"))
        except ValueError as error:
            return web.Response(status=400, text=str(error))
        found = await self._record.since(since, min(wait, LONGEST_WAIT))
        now = {"last": self._record.last, "running": self._record.running}
        return web.json_response({**now, "invocations": found})


def _shown(function: Function) -> dict[str, Any]:
    return {"name": function.name, "config": {"bindings": [dict(one) for one in function.bindings]}}
