"""What every kind of managed object has in common: how it is seen, and what is asked of it.

Place in the data's way: `Desired` holds `Wanted` objects, `Observed` holds `Seen` ones, and the planner
compares the two by nothing but the questions of the `Wanted` protocol. A new ARM type is one module
beside this one with one frozen class that answers them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from shared.core.base.bodies import Seen
from shared.core.base.ids import ResourceId, target_key

MARK_TAG = "managed-by"
MARK_VALUE = "causeway"
TARGET_TAG = "causeway-target"


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
