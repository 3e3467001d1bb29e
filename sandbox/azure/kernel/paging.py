"""One page of a list, with the link to the next."""

from __future__ import annotations

from urllib.parse import quote, urlencode

from sandbox.azure.kernel.model import Json, Request, Response

PAGE = 100


def page(request: Request, items: list[Json], size: int = PAGE) -> Response:
    """`{"value": [..], "nextLink": ..}`; the link is on the request's own host and repeats its query."""
    start = _number(request.query.get("$skiptoken"), 0)
    limit = min(_number(request.query.get("$top"), size), size) or size
    body: Json = {"value": items[start : start + limit]}
    if start + limit < len(items):
        query = dict(request.query) | {"$skiptoken": str(start + limit)}
        body["nextLink"] = f"{request.origin}{quote(request.path)}?{urlencode(query)}"
    return Response(200, body)


def _number(text: str | None, default: int) -> int:
    return int(text) if text and text.isdigit() else default
