"""One page of a longer list."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol


class Recorded(Protocol):
    """A value that callers see as JSON."""

    def record(self) -> Mapping[str, Any]:
        """The value as JSON."""


@dataclass(frozen=True, slots=True)
class Page[T: Recorded]:
    """Some members of a list. `continuation` asks for the next page; None: this is the last one.

    A page that is not the last may have fewer members than were asked for, or none.
    """

    items: tuple[T, ...]
    continuation: str | None = None

    def record(self) -> dict[str, Any]:
        """The members under `value`, as Azure's own lists have them."""
        return {"value": [item.record() for item in self.items]}
