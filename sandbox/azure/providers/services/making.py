"""How a provider creates a resource of one type, as a value: a row of the table in `table.py`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sandbox.azure.kernel.manners import Style
from sandbox.azure.kernel.model import Envelope, EtagStyle, Json, Resource
from sandbox.azure.kernel.provider import Call, Handler


@dataclass(frozen=True, slots=True)
class Refusal:
    """The 409 of a name in use: code, text over {name}, and the envelope of the provider."""

    code: str
    text: str
    envelope: Envelope = "arm"


def nothing(call: Call, resource: Resource) -> Json:
    """No members."""
    return {}


@dataclass(frozen=True, slots=True)
class Making:
    """How a PUT is answered, and what the provider adds to the body.

    status: of a PUT that creates. duration: of the operation (a key of durations.py); empty: it is done at
    once. state: provisioningState while it is created. style: how the operation reports. name: the
    operation's own name, for providers that show it in place of a body. wait: Retry-After of the accepting
    answer, None: no header. bare: the accepting answer has no body.
    head: members beside location, tags and properties. defaults: properties that a request may replace.
    properties: those that the provider makes. unset: properties of a request that no answer shows.
    updating: provisioningState after an update, for a provider that takes its time for that too, with
        `meanwhile` and `done` as for a creation. Empty: an update is done at once.
    early: changes the answer of the PUT that creates. meanwhile, done: properties while it is created, and
    from its end on. stateless: the resource has no provisioningState.
    deleting: style of the deletion; None: 200 at once. dropped: name of its operation, where answers show it.
    actions: POST actions. shown_type: as answers write it, where that differs.
    taken: refusal of a name that another resource of the type has anywhere; None: names are not global, or
        how they are refused is not known.
    """

    status: int = 201
    duration: str = ""
    state: str = "Creating"
    style: Style = Style.NETWORK
    name: str = ""
    wait: float | None = None
    bare: bool = False
    head: Callable[[Call, Resource], Json] = nothing
    defaults: Json = field(default_factory=dict)
    properties: Callable[[Call, Resource], Json] = nothing
    unset: tuple[str, ...] = ()
    early: Callable[[Json], Json] = lambda shown: shown
    meanwhile: Mapping[str, str] = field(default_factory=dict)
    done: Mapping[str, str] = field(default_factory=dict)
    updating: str = ""
    dropped: str = ""
    actions: Mapping[str, Handler] = field(default_factory=dict)
    stateless: bool = False
    deleting: Style | None = None
    etag: EtagStyle = "none"
    shown_type: str = ""
    taken: Refusal | None = None


def system_data(call: Call, digits: int = 7) -> Json:
    """`systemData`: who created the resource, and who changed it last; `digits` of the seconds' fraction."""
    now = call.world.timestamp(digits)
    known = call.existing.body.get("systemData") if call.existing else None
    made: Json = known or {"createdBy": call.principal, "createdByType": "User", "createdAt": now}
    changed: Json = {"lastModifiedBy": call.principal, "lastModifiedByType": "User", "lastModifiedAt": now}
    return made | changed


def kept(call: Call, name: str, otherwise: object) -> object:
    """A property that the service made up when it created the resource, or a new one."""
    known = call.existing.properties if call.existing else {}
    return known.get(name) or otherwise
