"""The HTTP routes: parse the request, call the flow, answer in JSON. Authentication is the platform's."""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import azure.functions as func

from handlers import problems
from shared.core.base.errors import InputError
from shared.core.base.log_lines import line

if TYPE_CHECKING:
    from shared.wiring import Flow

log = logging.getLogger("causeway.http")

# Links are paths, which a client resolves against the URL that it used (RFC 3986, section 5). The host in
# `req.url` is a header of the request, so a link made from it could lead to a host that a stranger chose.
CONNECTIONS = "/api/connections"


async def serve(
    build: Callable[[], Awaitable[Flow]],
    route: Callable[[Flow, func.HttpRequest], Awaitable[func.HttpResponse]],
    req: func.HttpRequest,
) -> func.HttpResponse:
    """Answer a request by its route; an error becomes a problem (RFC 9457).

    Settings and policy are read here, so their faults are answers too. An error that the caller cannot act
    on is logged with its traceback and answered with a correlation alone.
    """
    try:
        return await route(await build(), req)
    except Exception as error:
        if problem := problems.expected(error):
            return problem.response()
        correlation = str(uuid.uuid4())
        log.exception(line("request failed", correlation=correlation, method=req.method))
        return problems.unexpected(correlation).response()


async def reconcile(flow: Flow, req: func.HttpRequest) -> func.HttpResponse:
    """`{"resource_id": ..., "dry_run": false}`: 202 with the location of the state, or 200 with the plan.

    The rerun is done when the connection's `correlations` have the answer's `correlation`.
    """
    from shared.core.base.inputs import read_json
    from shared.core.events.requests import ReconcileRequest

    _refuse_query(req, "send it in the JSON body")
    asked = read_json(ReconcileRequest, req.get_body(), "body")
    if asked.dry_run:
        return answer(200, (await flow.queries.plan(asked.resource_id)).record())
    accepted = await flow.queries.request(asked.resource_id)
    where = f"{CONNECTIONS}/{accepted.key}"
    headers = {"Location": where, "Retry-After": "5"}
    return answer(202, {**accepted.record(), "status": where}, headers)


async def health(flow: Flow, req: func.HttpRequest) -> func.HttpResponse:
    """The last sweep, what is wrong, and what is left of Azure's request limits."""
    _refuse_query(req)
    return answer(200, (await flow.health.report()).record())


async def confirm_deletes(flow: Flow, req: func.HttpRequest) -> func.HttpResponse:
    """`{"count": 3}`: 202 if so many resources have deletes that wait for a person; they are made then."""
    from shared.core.base.inputs import read_json
    from shared.core.events.requests import ConfirmDeletes

    _refuse_query(req, "send it in the JSON body")
    asked = read_json(ConfirmDeletes, req.get_body(), "body")
    confirmed = await flow.queries.confirm_deletes(asked.count)
    return answer(202, {"value": [one.record() for one in confirmed]})


async def connections(flow: Flow, req: func.HttpRequest) -> func.HttpResponse:
    """Present states in pages of `?top=`; `?result=Failed` and `?subscription=` narrow the list.

    `nextLink` is the path of the next page, and absent on the last one. It does not repeat a key that was
    sent as `?code=`.
    """
    from shared.core.base.inputs import read
    from shared.core.outcome.connection_query import ConnectionQuery

    query = read(ConnectionQuery, _query(req), "query")
    page = await flow.queries.connections(query)
    following = {"nextLink": _next_link(req, page.continuation)} if page.continuation else {}
    return answer(200, page.record() | following)


async def connection(flow: Flow, req: func.HttpRequest) -> func.HttpResponse:
    """One target's present state with its history, newest first."""
    _refuse_query(req)
    key = req.route_params.get("key") or ""
    found = await flow.queries.connection(key)
    if found is None:
        remedy = "take the key from /api/connections, or reconcile the resource"
        return problems.not_found(InputError("key", key, remedy)).response()
    return answer(200, found.record())


def _query(req: func.HttpRequest) -> dict[str, str]:
    """What the query string asks for. `code` is the function key, which the platform reads."""
    return {name: value for name, value in req.params.items() if value and name != "code"}


def _refuse_query(req: func.HttpRequest, remedy: str = "this route takes none: leave it out") -> None:
    """Refuse a parameter that has no effect: `?dry_run=true` would be a rerun that writes."""
    for name in _query(req):
        raise InputError("query", name, remedy)


def _next_link(req: func.HttpRequest, continuation: str) -> str:
    query = urlencode({**_query(req), "continuation": continuation})
    return f"{CONNECTIONS}?{query}"


def answer(status: int, body: Any, headers: dict[str, str] | None = None) -> func.HttpResponse:
    text = json.dumps(body, indent=2, ensure_ascii=False)
    return func.HttpResponse(text, status_code=status, headers=headers, mimetype="application/json")
