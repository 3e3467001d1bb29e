"""The HTTP doors: parse the request, ask the flow, answer in JSON. Authentication is the platform's."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import azure.functions as func

from shared.core.base.errors import FaultsError, InputError

if TYPE_CHECKING:
    from shared.wiring import Flow


async def door(
    build: Callable[[], Awaitable[Flow]],
    serve: Callable[[Flow, func.HttpRequest], Awaitable[func.HttpResponse]],
    req: func.HttpRequest,
) -> func.HttpResponse:
    """Serve a request, or say what keeps the app from running: whoever holds a key may read that."""
    try:
        flow = await build()
    except FaultsError as error:
        faults = [
            {"path": f.path, "value": f.value, "problem": f.problem, "remedy": f.remedy} for f in error.faults
        ]
        return answer(503, {"error": {"message": "the app cannot run as it is set up", "faults": faults}})
    return await serve(flow, req)


async def reconcile(flow: Flow, req: func.HttpRequest) -> func.HttpResponse:
    """`{"resource_id": ..., "dry_run": false}`: the plan (200), or accepted (202) with where to look.

    The rerun is done when the connection shows the answer's `correlation`.
    """
    try:
        resource_id, dry_run = _wish(req)
        if dry_run:
            return answer(200, await flow.desk.plan(resource_id))
        accepted = await flow.desk.request(resource_id)
    except InputError as fault:
        return refusal(400, fault)
    key = accepted["key"]
    where = f"/api/connections/{key}"
    headers = {"Location": f"{req.url.split('/api/')[0]}{where}", "Retry-After": "5"}
    return answer(202, {**accepted, "status": where}, headers)


async def connections(flow: Flow, req: func.HttpRequest) -> func.HttpResponse:
    """Every target's present state; `?result=Failed` and `?subscription=` narrow the list."""
    try:
        if unknown := sorted(set(req.params) - {"result", "subscription", "code"}):
            raise InputError("query", unknown[0], "narrow the list by result or subscription")
        rows = await flow.desk.connections(req.params.get("result"), req.params.get("subscription"))
    except InputError as fault:
        return refusal(400, fault)
    return answer(200, {"connections": rows})


async def connection(flow: Flow, req: func.HttpRequest) -> func.HttpResponse:
    """One target's present state with its history, newest first."""
    key = req.route_params.get("key") or ""
    found = await flow.desk.connection(key)
    if found is None:
        fault = InputError("key", key, "take the key from /api/connections, or reconcile the resource")
        return refusal(404, fault)
    return answer(200, found)


def answer(status: int, body: Any, headers: dict[str, str] | None = None) -> func.HttpResponse:
    text = json.dumps(body, indent=2, ensure_ascii=False)
    return func.HttpResponse(text, status_code=status, headers=headers, mimetype="application/json")


def refusal(status: int, fault: InputError) -> func.HttpResponse:
    """What was wrong, with which value, and what to do about it."""
    body = {"error": {"field": fault.field, "value": fault.value, "remedy": fault.remedy}}
    return answer(status, body)


def _wish(req: func.HttpRequest) -> tuple[str, bool]:
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
