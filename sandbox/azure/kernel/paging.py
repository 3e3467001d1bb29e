"""One page of a list, with the link to the next."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from urllib.parse import quote, urlencode

from sandbox.azure.kernel.model import Json, Request, Resource, Response

type RowsAfter = Callable[[int], Iterator[tuple[int, Resource]]]

PAGE = 100


def page(request: Request, items: list[Json], size: int = PAGE) -> Response:
    """`{"value": [..], "nextLink": ..}`; the link is on the request's own host and repeats its query."""
    start, limit = _start(request), _limit(request, size)
    body: Json = {"value": items[start : start + limit]}
    if start + limit < len(items):
        body["nextLink"] = _next_link(request, start + limit)
    return Response(200, body)


def page_of_rows(
    request: Request, rows_after: RowsAfter, show: Callable[[Resource], Json], size: int = PAGE
) -> Response:
    """The same from the store's numbered rows, of which it reads one more than it shows.

    `$skiptoken` is the number of the last resource shown, so that a resource deleted between two pages moves
    no other. In Azure the token is opaque (source: public ARM REST, Resources - List).
    """
    limit = _limit(request, size)
    rows = list(islice(rows_after(_start(request)), limit + 1))
    body: Json = {"value": [show(resource) for _, resource in rows[:limit]]}
    if len(rows) > limit:
        body["nextLink"] = _next_link(request, rows[limit - 1][0])
    return Response(200, body)


def _start(request: Request) -> int:
    return _number(request.query.get("$skiptoken"), 0)


def _limit(request: Request, size: int) -> int:
    return min(_number(request.query.get("$top"), size), size) or size


def _next_link(request: Request, token: int) -> str:
    query = dict(request.query) | {"$skiptoken": str(token)}
    return f"{request.origin}{quote(request.path)}?{urlencode(query)}"


def _number(text: str | None, default: int) -> int:
    return int(text) if text and text.isdigit() else default
