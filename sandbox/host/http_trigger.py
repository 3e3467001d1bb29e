"""HTTP triggers: a request under the route prefix invokes a function; its return value is the answer."""

from __future__ import annotations

from collections.abc import Iterable

from aiohttp import web

from sandbox.host.functions import Function, HttpAnswer, HttpRequest, Value
from sandbox.host.invoker import Invoker
from sandbox.host.keys import Keys, allowed
from sandbox.host.routes import Route


class HttpTriggers:
    """All HTTP functions of an app behind their routes. Raises AppLoadError for an unsupported route."""

    def __init__(
        self, functions: Iterable[Function], prefix: str, invoker: Invoker, keys: Keys | None
    ) -> None:
        routes = [(Route.parse(f"{prefix}/{one.trigger.get('route') or one.name}"), one) for one in functions]
        self._routes = sorted(routes, key=lambda pair: pair[0].rank)
        self._invoker = invoker
        self._keys = keys

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """404 without a function for path and method, 401 without a key, 500 when the function fails."""
        found = self._find(request)
        if found is None:
            return web.Response(status=404)
        function, params = found
        level = str(function.trigger.get("authLevel") or "function").lower()
        if not allowed(self._keys, request, level, function.name):
            return web.Response(status=401)
        headers = _joined((name.lower(), value) for name, value in request.headers.items())
        asked = HttpRequest(
            request.method,
            str(request.url),
            headers,
            _joined((name, value) for name, value in request.query.items() if value),
            params,
            await request.read(),
        )
        result = await self._invoker.run(
            function,
            {function.trigger["name"]: ("http", asked)},
            f"{request.method} {request.path}",
            trace_parent=headers.get("traceparent", ""),
        )
        return _response(result.returned) if result.ok else web.Response(status=500)

    def _find(self, request: web.Request) -> tuple[Function, dict[str, str]] | None:
        for route, function in self._routes:
            methods = [str(one).upper() for one in function.trigger.get("methods") or ()]
            if methods and request.method not in methods:
                continue
            params = route.match(request.rel_url.raw_path)
            if params is not None:
                return function, params
        return None


def _joined(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """One value for each name; values of a name that occurs twice are joined, as Microsoft's host does."""
    joined: dict[str, str] = {}
    for name, value in pairs:
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined


def _response(returned: Value | None) -> web.Response:
    if returned is None:
        return web.Response(status=204)
    _, content = returned
    if not isinstance(content, HttpAnswer):  # a function may return plain text
        body = content if isinstance(content, bytes) else str(content).encode()
        return web.Response(body=body, content_type="text/plain", charset="utf-8")
    response = web.Response(status=content.status, body=content.body, headers=dict(content.headers))
    for cookie in content.cookies:
        response.headers.add("Set-Cookie", cookie)
    return response
