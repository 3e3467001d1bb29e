"""Custom topics of Event Grid: they take events that programs publish, and keep them for tests and people.

Any topic exists, at `/topics/NAME/api/events`. Source: Microsoft Learn, "Post to custom topic" and
"CloudEvents v1.0 schema with Azure Event Grid": a list of events by POST, api-version 2018-01-01, 401 without
a token, 400 for an event that lacks a required attribute.
"""

from __future__ import annotations

import re

from sandbox.azure.kernel.model import Json, Request, Response

API_VERSION = "2018-01-01"
REQUIRED = ("id", "source", "specversion", "type")
CONTENT = "application/cloudevents-batch+json"
_PATH = re.compile(r"/topics/([\w-]+)/api/events", re.I)


class Topics:
    """What was published, in the order of arrival."""

    def __init__(self) -> None:
        self.published: list[Json] = []

    def is_topic(self, path: str) -> bool:
        """Whether a request is for a topic, and not for Azure Resource Manager."""
        return _PATH.fullmatch(path) is not None

    def receive(self, request: Request, principal: str | None) -> Response:
        """Take the events of one request, or none of them."""
        if principal is None:
            return _refusal(401, "Unauthorized", "The request has no token.")
        problem = _problem(request)
        if problem:
            return _refusal(400, "BadRequest", problem)
        found = _PATH.fullmatch(request.path)
        topic = found[1] if found else ""
        self.published += [{"topic": topic, "event": event} for event in request.body]
        return Response(200, None)


def _problem(request: Request) -> str:
    if request.method != "POST" or request.query.get("api-version") != API_VERSION:
        return f"Send POST with api-version {API_VERSION}."
    if not request.headers.get("content-type", "").lower().startswith(CONTENT):
        return f"The topic takes {CONTENT}."
    events = request.body
    if not isinstance(events, list) or not all(isinstance(event, dict) for event in events):
        return "The body is no list of events."
    lacking = {name for event in events for name in REQUIRED if not event.get(name)}
    return f"An event lacks {', '.join(sorted(lacking))}." if lacking else ""


def _refusal(status: int, code: str, message: str) -> Response:
    return Response(status, {"error": {"code": code, "message": message}})
