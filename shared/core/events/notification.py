"""From events to notifications: which resource to read, never what to do.

`read` takes what Event Grid delivers, in both schemas and from both kinds of topic (Azure Resource Manager
events, Azure Resource Notifications). It judges an event by its type, operation and subject alone: those
fields have been stable for years. The rest of an event (caller, claims, authorization) changes its shape,
contains names and addresses, and is not read. A forged event costs one read of the resource and no more.
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
    "echo",  # a write to a type that Causeway itself writes, or a deployment
    "failed",  # the operation failed or was cancelled: nothing changed
    "action",  # a POST such as listKeys
    "child",  # a resource inside another one, such as a container or a database
    "extension",  # an extension resource: a role assignment, a lock, a diagnostic setting
    "other_type",  # a resource type without private endpoints
    "other_event",  # an event of another service, or the webhook's handshake
    "unreadable",  # not an event, or its id is not valid
]


@dataclass(frozen=True, slots=True)
class Notification:
    """A resource or a resource group may have changed. `resource_id` is the canonical text of its id.

    `change` is what the event claims. Whether the resource is deleted, only a read shows (404).
    """

    resource_id: str
    subject: Subject
    change: Change
    event_id: str
    time: str


@dataclass(frozen=True, slots=True)
class Dropped:
    """An event that needs no work, and why. All fields are safe to log."""

    event_id: str
    reason: Reason
    detail: str


# Longer fields are not read, so that the cost of an event is bounded. An id has at most 2,048 characters, and
# Event Grid sends at most 1 MB (Microsoft Learn: "Azure Event Grid quotas and limits").
MAX_FIELD = 4096  # characters
MAX_PAYLOAD = 2 * 1024 * 1024  # characters or bytes of one JSON text

_ARM = re.compile(r"microsoft\.resources\.resource(write|delete|action)(success|failure|cancel)")
_ARN = re.compile(r"microsoft\.resourcenotifications\.resources\.(createdorupdated|deleted)")
_OPERATION = re.compile(r"([^/]+(?:/[^/]+)+)/(write|delete)")
# Members that an event always has (Microsoft Learn, "Azure Event Grid event schema"; CloudEvents 1.0,
# "Required attributes"), in lower case as dead-lettered events have them.
_SCHEMAS = (frozenset({"id", "subject", "eventtype"}), frozenset({"id", "source", "specversion", "type"}))
_TAGS = "microsoft.resources/tags"
_TAGS_SUFFIX = re.compile(r"/providers/microsoft\.resources/tags(/[^/]+)?$", re.IGNORECASE)
_GROUP = "microsoft.resources/subscriptions/resourcegroups"
_PROVIDERS = re.compile(r"/providers/", re.IGNORECASE)
_OUTSIDE = re.compile(r"/subscriptions/[^/]+(/?$|/providers/)|/providers/", re.IGNORECASE)
# Events that Causeway's own writes cause. The last line is below the target: the approval of a connection.
_ECHO = re.compile(
    r"microsoft\.network/(privateendpoints|privatednszones|virtualnetworks|networksecuritygroups)(/.*)?"
    r"|microsoft\.resources/deployments(/.*)?"
    r"|.*/privateendpointconnection(s|proxies)(/.*)?"
)


def read(payload: object, known_types: Iterable[str]) -> list[Notification | Dropped]:
    """Judge one event, a list of them, or the JSON text (str or bytes) of either. Never raises.

    A list of n elements gives n results in the same order, so a malformed event is dropped alone.
    `known_types` are the types that can be connected, in any case.
    """
    known = frozenset(kind.lower() for kind in known_types)
    events = _decoded(payload)
    return [_judge(event, known) for event in (events if isinstance(events, list) else [events])]


def is_event(message: bytes | str) -> bool:
    """Whether a queue message is an event: an object with every member that one of the two schemas requires.

    A message with `resource_id` is a work item, whatever else it has. Event Grid writes one
    event into a message.
    """
    found = _decoded(message)
    names = {name.lower() for name in found} if isinstance(found, Mapping) else set()
    return "resource_id" not in names and any(schema <= names for schema in _SCHEMAS)


def _decoded(payload: object) -> object:
    if not isinstance(payload, str | bytes | bytearray) or len(payload) > MAX_PAYLOAD:
        return payload
    try:
        return json.loads(payload)
    except (ValueError, RecursionError):
        return payload  # then it is judged as text: not an event


@dataclass(frozen=True, slots=True)
class _Event:
    """The fields of an event that both schemas have."""

    id: str
    time: str
    kind: str
    subject: str
    data: Mapping[str, Any]

    @property
    def operation(self) -> str:
        """The operation of an event of Azure Resource Manager; empty if it names none."""
        return _text(self.data.get("operationName"))

    @property
    def uri(self) -> str:
        """The id in an event of Azure Resource Manager; it usually has it as its subject too."""
        return _text(self.data.get("resourceUri"))

    @property
    def notified(self) -> str:
        """The id in an event of Azure Resource Notifications."""
        return _text(_mapping(self.data.get("resourceInfo")).get("id"))

    @property
    def too_long(self) -> bool:
        """A field has more characters than any real one."""
        read = (self.kind, self.subject, self.operation, self.uri, self.notified)
        return any(len(text) > MAX_FIELD for text in read)

    def dropped(self, reason: Reason, detail: str) -> Dropped:
        return Dropped(self.id, reason, clean(detail))


def _judge(payload: object, known: frozenset[str]) -> Notification | Dropped:
    if not isinstance(payload, Mapping):
        return Dropped("", "unreadable", f"an event is an object, this is a {type(payload).__name__}")
    # The two schemas differ in names only, and dead-lettered events have all names in lower case.
    fields = {name.lower(): value for name, value in payload.items() if isinstance(name, str)}
    event = _Event(
        clean(_text(fields.get("id"))),
        clean(_text(fields.get("eventtime") or fields.get("time"))),
        _text(fields.get("eventtype") or fields.get("type")).lower(),
        _text(fields.get("subject")),
        _mapping(fields.get("data")),
    )
    if event.too_long:
        return event.dropped("unreadable", f"a field has more than {MAX_FIELD} characters: {event.subject}")
    if arm := _ARM.fullmatch(event.kind):
        return _arm(event, arm[1], arm[2], known)
    if arn := _ARN.fullmatch(event.kind):
        at = event.notified or event.subject
        return _located(event, at, "deleted" if arn[1] == "deleted" else "written", known)
    if event.kind:
        return event.dropped("other_event", event.kind)
    return event.dropped("unreadable", "it has no event type")


def _arm(event: _Event, verb: str, ending: str, known: frozenset[str]) -> Notification | Dropped:
    """An event of Azure Resource Manager. The whole operation name is compared, not its beginning."""
    name, at = event.operation, event.subject or event.uri
    if ending != "success":
        return event.dropped("failed", name or event.kind)
    if verb == "action":
        return event.dropped("action", name or event.kind)
    if not name:  # the type and the subject are enough: a needless pass costs one read
        return _unnamed(event, at, verb, known)
    operation = _OPERATION.fullmatch(name.lower())
    if operation is None:
        return event.dropped("unreadable", f"operation {name}")
    kind = operation[1]
    if kind == _TAGS:  # also `tags/delete`: the tagged resource is not deleted
        return _located(event, _TAGS_SUFFIX.sub("", at), "tagged", known)
    if kind != _GROUP and kind not in known:
        return event.dropped(_unwanted(kind, at, known), name)
    return _located(event, at, "deleted" if operation[2] == "delete" else "written", known, kind)


def _unnamed(event: _Event, at: str, verb: str, known: frozenset[str]) -> Notification | Dropped:
    """An event without an operation name: its type has the verb."""
    tagged = _TAGS_SUFFIX.sub("", at)
    if tagged != at:
        return _located(event, tagged, "tagged", known)
    return _located(event, at, "deleted" if verb == "delete" else "written", known)


def _located(
    event: _Event, text: str, change: Change, known: frozenset[str], expected: str | None = None
) -> Notification | Dropped:
    """The resource or group that the id names, if its type can be connected.

    `expected` is the type in the operation name: an id of another type contradicts it.
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
    """Why events of this type are dropped."""
    if _ECHO.fullmatch(kind):
        return "echo"
    if len(_PROVIDERS.findall(at)) > 1:
        return "extension"
    return "child" if any(kind.startswith(f"{outer}/") for outer in known) else "other_type"


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
