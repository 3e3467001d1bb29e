"""What every kind of managed object has in common: how it is seen, and what is asked of it.

Place in the data's way: `Desired` holds `Wanted` objects, `Observed` holds `Seen` ones, and the planner
compares the two by nothing but the questions of the `Wanted` protocol. A new ARM type is one module
beside this one with one frozen class that answers them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from shared.core.errors import InvalidId
from shared.core.ids import ResourceId, target_key

type Json = Mapping[str, Any]

MARK_TAG = "managed-by"
MARK_VALUE = "causeway"
TARGET_TAG = "causeway-target"

BUSY_STATES = frozenset(
    {"updating", "creating", "accepted", "provisioning", "running", "deleting", "inprogress"}
)


@dataclass(frozen=True, slots=True)
class Seen:
    """One object as ARM returned it: its id and its raw body, unknown properties included."""

    id: ResourceId
    body: Json

    @property
    def properties(self) -> Json:
        """The `properties` object, empty where the type has none."""
        return mapping(self.body.get("properties"))

    @property
    def state(self) -> str:
        """`provisioningState` in lower case, empty where the type reports none."""
        return str(self.properties.get("provisioningState") or "").lower()

    @property
    def busy(self) -> bool:
        """A long operation on it is still running."""
        return self.state in BUSY_STATES

    @property
    def tags(self) -> Json:
        """Tags by lower-case name: Azure compares tag names without case."""
        return {name.lower(): value for name, value in mapping(self.body.get("tags")).items()}


def marks(target: ResourceId) -> dict[str, str]:
    """The tags that say an object is ours, and for which target we made it."""
    return {MARK_TAG: MARK_VALUE, TARGET_TAG: target_key(target)}


def marked(have: Seen, target: ResourceId) -> bool:
    """It bears our tags for this very target."""
    return all(have.tags.get(name) == value for name, value in marks(target).items())


class Wanted(Protocol):
    """One object that must exist, and all that the planner has to ask about it."""

    @property
    def id(self) -> ResourceId:
        """Where it stands, or will stand."""

    @property
    def needs(self) -> tuple[ResourceId, ...]:
        """Objects that must be there before this one can be written."""

    @property
    def locks(self) -> tuple[str, ...]:
        """Leases to hold while writing. An object that has any is shared: it is read anew before a write."""

    @property
    def write(self) -> bool:
        """The policy lets Causeway write it; otherwise its absence is reported."""

    @property
    def noted(self) -> bool:
        """The ledger notes it as made for this target, so that it can go with it."""

    @property
    def query(self) -> Mapping[str, str]:
        """Query parameters of the PUT."""

    def is_ours(self, have: Seen) -> bool:
        """It bears our marker (design rule: nothing foreign is changed or deleted)."""

    def drift(self, have: Seen) -> tuple[str, ...]:
        """What of ours differs, one phrase a field; empty means it meets the need."""

    def beyond_repair(self, have: Seen) -> str | None:
        """Why a write in place cannot mend it, so that it must be made anew; else None."""

    def body(self, have: Seen | None) -> dict[str, Any]:
        """The PUT body: ours over what stands there, so that a full replace loses nothing of others."""


class Ordinary:
    """The answers of a kind that bears our tag, needs nothing else, and is right as soon as it is there."""

    __slots__ = ()

    @property
    def needs(self) -> tuple[ResourceId, ...]:
        return ()

    @property
    def locks(self) -> tuple[str, ...]:
        return ()

    @property
    def write(self) -> bool:
        return True

    @property
    def noted(self) -> bool:
        return not self.locks  # what many targets share serves on when one of them goes

    @property
    def query(self) -> Mapping[str, str]:
        return {}

    def is_ours(self, have: Seen) -> bool:
        return have.tags.get(MARK_TAG) == MARK_VALUE

    def drift(self, have: Seen) -> tuple[str, ...]:
        return ()

    def beyond_repair(self, have: Seen) -> str | None:
        return None


def mapping(value: object) -> Json:
    """The value if it is a JSON object, else an empty one: ARM leaves out what is empty, or sends null."""
    return value if isinstance(value, Mapping) else {}


def sequence(value: object) -> list[Any]:
    """The value if it is a JSON array, else an empty one."""
    return value if isinstance(value, list) else []


def number(value: object) -> int:
    """The value if it is a whole number, else zero."""
    return value if isinstance(value, int) else 0


def reference(value: object) -> ResourceId | None:
    """The id in a `{"id": "..."}` reference, or None where there is none that can be read."""
    text = mapping(value).get("id")
    try:
        return ResourceId.parse(text) if isinstance(text, str) and text else None
    except InvalidId:
        return None  # something of another shape that somebody else refers to: nothing of ours
