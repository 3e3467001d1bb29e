"""Bodies as ARM returns them, and how to read them without trusting their shape."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from shared.core.base.errors import InvalidId
from shared.core.base.ids import ResourceId

type Json = Mapping[str, Any]

BUSY_STATES = frozenset(
    {"updating", "creating", "accepted", "provisioning", "running", "deleting", "inprogress"}
)


@dataclass(frozen=True, slots=True)
class Seen:
    """One object as ARM returned it: its id and its raw body, unknown properties included."""

    id: ResourceId
    body: Json
    properties: Json = field(init=False, repr=False, compare=False)
    """The `properties` object, empty where the type has none."""
    state: str = field(init=False, repr=False, compare=False)
    """`provisioningState` in lower case, empty where the type reports none."""
    _parsed: dict[object, object] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        properties = mapping(self.body.get("properties"))
        object.__setattr__(self, "properties", properties)
        object.__setattr__(self, "state", str(properties.get("provisioningState") or "").lower())

    @property
    def busy(self) -> bool:
        """A long operation on it is still running."""
        return self.state in BUSY_STATES

    @property
    def tags(self) -> Json:
        """Tags by lower-case name: Azure compares tag names without case."""
        return self.parsed(_tags)

    def parsed[T](self, parse: Callable[[Seen], T]) -> T:
        """`parse(self)`, computed once: a body never changes, and many targets read the same network.

        `parse` is a module's function, not a lambda: it is the key under which the result is kept.
        """
        try:
            return cast(T, self._parsed[parse])
        except KeyError:
            found = self._parsed[parse] = parse(self)
            return found


def _tags(seen: Seen) -> Json:
    return {name.lower(): value for name, value in mapping(seen.body.get("tags")).items()}


def mapping(value: object) -> Json:
    """The value if it is a JSON object, else an empty one: ARM leaves out what is empty, or sends null."""
    if type(value) is dict:  # what JSON gives; the check of the abstract class is five times slower
        return value
    return value if isinstance(value, Mapping) else {}


def sequence(value: object) -> list[Any]:
    """The value if it is a JSON array, else an empty one."""
    return value if isinstance(value, list) else []


def number(value: object) -> int:
    """The value if it is a whole number, else zero."""
    return value if isinstance(value, int) else 0


def resource_id(value: object) -> ResourceId | None:
    """The resource that a text in a body names; None where it is no text, or no resource's id.

    Others write what they like, such as the alias of a private link service (docs/azure/targets.md, TGT-64):
    that is nothing which Causeway manages.
    """
    try:
        return ResourceId.parse(value) if isinstance(value, str) and value else None
    except InvalidId:
        return None


def child_id(parent: ResourceId, collection: str, name: object) -> ResourceId | None:
    """The child of this name; None where it is no text, or no name that a resource can have."""
    try:
        return parent.child(collection, name) if isinstance(name, str) and name else None
    except InvalidId:
        return None


def reference(value: object) -> ResourceId | None:
    """The id in a `{"id": "..."}` reference, or None where there is none that can be read."""
    return resource_id(mapping(value).get("id"))
