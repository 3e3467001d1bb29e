"""From events to notifications: where to look, never what to do.

Place in the data's way: the first value. `read` takes what Event Grid delivers, in either schema, of
either topic (Azure Resource Manager events; Azure Resource Notifications), and judges each event by its
type, its operation and its subject alone. Those are the fields that stay the same over the years; the
rest of an event (caller, claims, authorization) changes its shape, carries names and addresses, and is
never looked at. A forged event costs a read of the resource, no more.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from shared.core.base.errors import InvalidId, clean
from shared.core.base.ids import GroupId, ResourceId

type Subject = Literal["resource", "resource_group"]
type Change = Literal["written", "tagged", "deleted"]
type Reason = Literal[
    "echo",  # a write to something that Causeway itself writes, or a deployment's own record
    "failed",  # the operation failed or was cancelled: nothing changed
    "action",  # a POST such as listKeys
    "child",  # something inside a resource, such as a container or a database
    "extension",  # something about a resource: a role assignment, a lock, a diagnostic setting
    "other_type",  # a resource type without private endpoints
    "other_event",  # an event of another service, or the webhook's handshake
    "unreadable",  # not an event, or its id is not one
]


@dataclass(frozen=True, slots=True)
class Notification:
    """A resource, or a resource group, may have changed. `resource_id` is its id's canonical text.

    `change` is what the event claims; whether it is deleted only a fresh 404 can tell.
    """

    resource_id: str
    subject: Subject
    change: Change
    event_id: str
    time: str


@dataclass(frozen=True, slots=True)
class Dropped:
    """An event that asks for nothing, and why. All three are fit to log."""

    event_id: str
    reason: Reason
    detail: str


_ARM = re.compile(r"microsoft\.resources\.resource(write|delete|action)(success|failure|cancel)")
_ARN = re.compile(r"microsoft\.resourcenotifications\.resources\.(createdorupdated|deleted)")
_OPERATION = re.compile(r"([^/]+(?:/[^/]+)+)/(write|delete)")
_TAGS = "microsoft.resources/tags"
_TAGS_SUFFIX = re.compile(r"/providers/microsoft\.resources/tags(/[^/]+)?$", re.IGNORECASE)
_GROUP = "microsoft.resources/subscriptions/resourcegroups"
_PROVIDERS = re.compile(r"/providers/", re.IGNORECASE)
_OUTSIDE = re.compile(r"/subscriptions/[^/]+(/?$|/providers/)|/providers/", re.IGNORECASE)
# What Causeway's own writes raise. The last two lie below the target: approving a connection.
_ECHO = re.compile(
    r"microsoft\.network/(privateendpoints|privatednszones|virtualnetworks|networksecuritygroups)(/.*)?"
    r"|microsoft\.resources/deployments(/.*)?"
    r"|.*/privateendpointconnection(s|proxies)(/.*)?"
)


def read(payload: object, known_types: Iterable[str]) -> list[Notification | Dropped]:
    """Judge one event, a list of them, or the JSON text (str or bytes) of either. Never raises.

    A list of n elements gives n judgements in its order, so that one malformed event is a counted drop
    among its neighbours. `known_types` are the types that can be connected, in any case.
    """
    known = frozenset(kind.lower() for kind in known_types)
    events = _decoded(payload)
    return [_judge(event, known) for event in (events if isinstance(events, list) else [events])]


def _decoded(payload: object) -> object:
    if not isinstance(payload, str | bytes | bytearray):
        return payload
    try:
        return json.loads(payload)
    except (ValueError, RecursionError):
        return payload  # judged as what it is: not an event


@dataclass(frozen=True, slots=True)
class _Event:
    """An event's envelope, the same for both schemas."""

    id: str
    time: str
    kind: str
    subject: str
    data: Mapping[str, Any]

    def dropped(self, reason: Reason, detail: str) -> Dropped:
        return Dropped(self.id, reason, clean(detail))


def _judge(payload: object, known: frozenset[str]) -> Notification | Dropped:
    if not isinstance(payload, Mapping):
        return Dropped("", "unreadable", f"an event is an object, this is a {type(payload).__name__}")
    # Event Grid and CloudEvents differ in names only, and dead letters write them all in lower case.
    fields = {name.lower(): value for name, value in payload.items() if isinstance(name, str)}
    event = _Event(
        clean(_text(fields.get("id"))),
        clean(_text(fields.get("eventtime") or fields.get("time"))),
        _text(fields.get("eventtype") or fields.get("type")).lower(),
        _text(fields.get("subject")),
        _mapping(fields.get("data")),
    )
    if arm := _ARM.fullmatch(event.kind):
        return _arm(event, arm[1], arm[2], known)
    if arn := _ARN.fullmatch(event.kind):
        at = _text(_mapping(event.data.get("resourceInfo")).get("id")) or event.subject
        return _located(event, at, "deleted" if arn[1] == "deleted" else "written", known)
    if event.kind:
        return event.dropped("other_event", event.kind)
    return event.dropped("unreadable", "it has no event type")


def _arm(event: _Event, verb: str, ending: str, known: frozenset[str]) -> Notification | Dropped:
    """An event of Azure Resource Manager. The operation counts as a whole, never by how it begins."""
    name = _text(event.data.get("operationName"))
    at = event.subject or _text(event.data.get("resourceUri"))
    if ending != "success":
        return event.dropped("failed", name or event.kind)
    if verb == "action":
        return event.dropped("action", name or event.kind)
    if not name:  # nothing contradicts the subject, and a needless look costs one read
        return _located(event, at, "written", known)
    operation = _OPERATION.fullmatch(name.lower())
    if operation is None:
        return event.dropped("unreadable", f"operation {name}")
    kind = operation[1]
    if kind == _TAGS:  # also `tags/delete`, whose DeleteSuccess is no deletion of what was tagged
        return _located(event, _TAGS_SUFFIX.sub("", at), "tagged", known)
    if kind != _GROUP and kind not in known:
        return event.dropped(_unwanted(kind, at, known), name)
    return _located(event, at, "deleted" if operation[2] == "delete" else "written", known, kind)


def _located(
    event: _Event, text: str, change: Change, known: frozenset[str], expected: str | None = None
) -> Notification | Dropped:
    """The resource or group that an id names, if such a one can be connected.

    `expected` is the type that the operation names: an id of another type contradicts it.
    """
    subject: Subject = "resource" if _PROVIDERS.search(text) else "resource_group"
    try:
        at = ResourceId.parse(text) if subject == "resource" else GroupId.parse(text)
    except InvalidId as wrong:
        if len(_PROVIDERS.findall(text)) > 1:
            return event.dropped("extension", text)
        if _OUTSIDE.match(text):
            return event.dropped("other_type", f"it is in no resource group: {text}")
        return event.dropped("unreadable", f"{wrong.why}: {text}")
    kind = at.type.lower() if isinstance(at, ResourceId) else _GROUP
    if expected not in (None, kind):
        return event.dropped("unreadable", f"an operation on {expected} with the id of another type")
    if kind != _GROUP and kind not in known:
        return event.dropped(_unwanted(kind, text, known), kind)
    return Notification(at.text, subject, change, event.id, event.time)


def _unwanted(kind: str, at: str, known: frozenset[str]) -> Reason:
    """Why a type is not for us."""
    if _ECHO.fullmatch(kind):
        return "echo"
    if len(_PROVIDERS.findall(at)) > 1:
        return "extension"
    namespace, *parts = kind.split("/")
    outer = ("/".join((namespace, *parts[:count])) for count in range(1, len(parts)))
    return "child" if any(name in known for name in outer) else "other_type"


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
