"""The Event Grid webhook, `/runtime/webhooks/eventgrid?functionName=NAME`: events become invocations.

Follows Microsoft's Event Grid extension: docs/azure/event-grid.md, EG-15 and EG-17.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from typing import Any

from aiohttp import web

from sandbox.host.functions import Function
from sandbox.host.invoker import Invoker
from sandbox.host.keys import Keys, allowed

PATH = "/runtime/webhooks/eventgrid"


class EventGridWebhook:
    """All Event Grid functions of an app behind the one webhook."""

    def __init__(self, functions: Iterable[Function], invoker: Invoker, keys: Keys | None) -> None:
        self._functions = {one.name: one for one in functions}
        self._invoker = invoker
        self._keys = keys

    async def answer(self, request: web.Request) -> web.Response:
        """401 without the key, 404 for an unknown function (in exact case), else by the event type."""
        if not allowed(self._keys, request, "system"):
            return web.Response(status=401)
        name = request.query.get("functionName", "")
        if name not in self._functions:
            return web.Response(status=404, text=f"cannot find function: '{name}'")
        if request.method == "OPTIONS":
            return _cloud_events_handshake(request)
        match request.headers.get("aeg-event-type", "").lower():
            case "subscriptionvalidation":
                return _validation(await request.read())
            case "notification":
                return await self._notification(self._functions[name], await request.read())
            case "unsubscribe":
                return web.Response(status=202)
            case _:
                return web.Response(status=400, text="header aeg-event-type is missing or unknown")

    async def _notification(self, function: Function, body: bytes) -> web.Response:
        """Start one invocation for each event, at once. If one fails, the whole batch is sent again."""
        try:
            payload = json.loads(body)
        except ValueError as error:
            return web.Response(status=400, text=f"the body is not JSON: {error}")
        events = payload if isinstance(payload, list) else [payload]
        results = await asyncio.gather(*(self.run(function, one) for one in events))
        errors = [error for error in results if error is not None]
        return web.Response(status=500, text=errors[0]) if errors else web.Response(status=202)

    async def run(self, function: Function, event: Any, cause: str = "event grid") -> str | None:
        """Run the function for one event; the error, or None."""
        inputs = {str(function.trigger["name"]): ("json", json.dumps(event))}
        return (await self._invoker.run(function, inputs, cause)).error


def _validation(body: bytes) -> web.Response:
    """Echo the code of the validation event; 200, since 202 does not count (EG-15)."""
    try:
        code = json.loads(body)[0]["data"]["validationCode"]
    except (ValueError, LookupError, TypeError) as error:
        return web.Response(status=400, text=f"no validation event: {error!r}")
    return web.json_response({"validationResponse": code})


def _cloud_events_handshake(request: web.Request) -> web.Response:
    """CloudEvents' abuse protection: accept every sender, at any rate."""
    origin = request.headers.get("WebHook-Request-Origin")
    if origin is None:
        return web.Response(status=400, text="header WebHook-Request-Origin is missing")
    return web.Response(headers={"WebHook-Allowed-Origin": origin, "WebHook-Allowed-Rate": "*"})
