"""The HTTP routes: parse the request, call the flow, answer in JSON. Authentication is the platform's."""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import azure.functions as func

from handlers import problems
from shared.core.base.errors import InputError
from shared.core.base.log_lines import line

if TYPE_CHECKING:
    from shared.wiring import Flow

log = logging.getLogger("causeway.http")


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
    """`{"resource_id": ..., "dry_run": false}`: the plan (200), or accepted (202) with where to look.

    The rerun is done when the connection shows the answer's `correlation`.
    """
    resource_id, dry_run = _reconcile_request(req)
    if dry_run:
        return answer(200, await flow.desk.plan(resource_id))
    accepted = await flow.desk.request(resource_id)
    key = accepted["key"]
    where = f"/api/connections/{key}"
    headers = {"Location": f"{req.url.split('/api/')[0]}{where}", "Retry-After": "5"}
    return answer(202, {**accepted, "status": where}, headers)


async def connections(flow: Flow, req: func.HttpRequest) -> func.HttpResponse:
    """Every target's present state; `?result=Failed` and `?subscription=` narrow the list."""
    if unknown := sorted(set(req.params) - {"result", "subscription", "code"}):
        raise InputError("query", unknown[0], "narrow the list by result or subscription")
    rows = await flow.desk.connections(req.params.get("result"), req.params.get("subscription"))
    return answer(200, {"connections": rows})


async def connection(flow: Flow, req: func.HttpRequest) -> func.HttpResponse:
    """One target's present state with its history, newest first."""
    key = req.route_params.get("key") or ""
    found = await flow.desk.connection(key)
    if found is None:
        remedy = "take the key from /api/connections, or reconcile the resource"
        return problems.not_found(InputError("key", key, remedy)).response()
    return answer(200, found)


def answer(status: int, body: Any, headers: dict[str, str] | None = None) -> func.HttpResponse:
    text = json.dumps(body, indent=2, ensure_ascii=False)
    return func.HttpResponse(text, status_code=status, headers=headers, mimetype="application/json")


def _reconcile_request(req: func.HttpRequest) -> tuple[str, bool]:
    try:
        body = req.get_json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise InputError("body", "not a JSON object", 'send {"resource_id": "/subscriptions/..."}')
    if unknown := sorted(set(body) - {"resource_id", "dry_run"}):
        raise InputError(
            "body", unknown[0], "send resource_id, and dry_run if you like; nothing else is read"
        )
    resource_id, dry_run = body.get("resource_id"), body.get("dry_run", False)
    if not isinstance(resource_id, str):
        raise InputError("resource_id", str(resource_id), "send the ARM id as a string")
    if not isinstance(dry_run, bool):
        raise InputError("dry_run", str(dry_run), "send true or false")
    return resource_id, dry_run
