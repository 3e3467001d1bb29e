"""Event Grid's filters, evaluated as it documents them (docs/azure/event-grid.md, EG-11).

Microsoft Learn, "Understand event filtering for Event Grid subscriptions": all advanced filters have to
match, any of a filter's values is enough, text is compared without case, and a key that an event does not
have does not match `StringIn`. An event subscription has at most 25 values in all its advanced filters.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.infra.check import INFRA
from tests.infra.syntax import Source, inner, nodes, properties, string, text

MOST_VALUES = 25
SUBSCRIPTIONS = INFRA / "modules" / "event-subscriptions.bicep"


@dataclass(frozen=True, slots=True)
class Filter:
    """One event subscription's: event types, and the values of `StringIn` for one key."""

    types: tuple[str, ...]
    key: str
    values: tuple[str, ...]

    def passes(self, event: Mapping[str, Any]) -> bool:
        """Whether Event Grid delivers an event in either schema."""
        kind = event.get("eventType") or event.get("type") or ""
        if kind.lower() not in map(str.lower, self.types):
            return False
        value = _value(event, self.key)
        return isinstance(value, str) and value.lower() in map(str.lower, self.values)


def _value(event: Any, key: str) -> Any:
    for name in key.split("."):
        event = event.get(name) if isinstance(event, Mapping) else None
    return event


@dataclass(frozen=True, slots=True)
class Template:
    """What `event-subscriptions.bicep` says, as far as its expressions are known here."""

    source: Source

    @classmethod
    def read(cls) -> Template:
        return cls(Source.read(SUBSCRIPTIONS, INFRA))

    @property
    def types(self) -> tuple[str, ...]:
        return self._list("properties.filter.includedEventTypes")

    @property
    def always(self) -> tuple[str, ...]:
        """Operations that are delivered whatever the types are."""
        value = self.source.of("var")["always"].value
        return tuple(string(one) or "" for one in value.named_children) if value else ()

    @property
    def chunk(self) -> int:
        value = self.source.of("var")["chunkSize"].value
        return int(text(value)) if value else 0

    @property
    def of_a_type(self) -> tuple[str, ...]:
        """What is put after the name of each type."""
        value = self.source.of("var")["ofTypes"].value
        assert value is not None
        found = [text(node) for node in nodes(value) if node.type == "string"]
        return tuple(one.strip("'").removeprefix("${kind}") for one in found)

    @property
    def advanced(self) -> dict[str, str]:
        [one] = inner(self._events("properties.filter.advancedFilters")).named_children
        return {name: string(value) or text(value) for name, value in properties(one).items()}

    def filters(self, types: Sequence[str]) -> list[Filter]:
        """The event subscriptions for these resource types."""
        every = [*self.always, *(f"{kind}{end}" for kind in types for end in self.of_a_type)]
        count = math.ceil(len(every) / self.chunk)
        parts = [every[k * self.chunk : (k + 1) * self.chunk] for k in range(count)]
        return [Filter(self.types, self.advanced["key"], tuple(part)) for part in parts]

    def _list(self, path: str) -> tuple[str, ...]:
        return tuple(string(one) or "" for one in self._events(path).named_children)

    def _events(self, path: str) -> Any:
        [events] = [one for one in self.source.resources if one.symbol == "events"]
        return events.property(path)
