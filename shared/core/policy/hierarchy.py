"""Where subscriptions are among management groups, as readings at different times show it.

Azure caches the hierarchy for up to 30 minutes (docs/azure/management-groups.md, MG-10), so one reading may
lack a subscription that is still below a group, or show the place that it had before. What is new counts at
once; what left or moved counts when a second reading, well apart, shows the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from shared.core.base.bodies import Json, mapping, sequence
from shared.core.base.errors import TransientError, clean

APART = 35 * 60.0  # seconds between two readings that confirm each other: longer than Azure's cache
MANAGEMENT_GROUPS = "/providers/microsoft.management/managementgroups/"
MOST_LEVELS = 20  # of groups above each other; Azure has seven (MG-02)

type Names = tuple[str, ...]  # names of management groups in lower case, the nearest first


@dataclass(frozen=True, slots=True)
class Place:
    """The groups above something, as they are believed. None: not known, or it is not there.

    `other` is what newer readings show in its place since then (seconds since 1970; 0: they show the same).
    """

    groups: Names | None
    other: Names | None = None
    since: float = 0.0

    def after(self, found: Names | None, now: float) -> Place:
        """The place after a reading at `now`."""
        if found == self.groups or self.groups is None:
            return Place(found)
        if not self.since or found != self.other:
            return Place(self.groups, found, now)
        return Place(found) if now - self.since >= APART else self


@dataclass(frozen=True, slots=True)
class Branch:
    """What is below a management group, or, for a listed subscription, only what is above it.

    `read`: when it was read last, in seconds since 1970; 0: never. `above`: the groups above the group or
    subscription itself. `places`: by subscription in lower case, the groups from it up to this one.
    """

    name: str
    read: float = 0.0
    above: Place = Place(None)
    places: Mapping[str, Place] = field(default_factory=dict)

    def after(self, found: Mapping[str, Names], above: Names | None, now: float) -> Branch:
        """The branch after a complete reading. `above`: None where it was not read."""
        every = dict.fromkeys((*self.places, *found))
        places = {one: self.places.get(one, Place(None)).after(found.get(one), now) for one in every}
        held = {one: place for one, place in places.items() if place.groups is not None}
        return Branch(self.name, now, self.above if above is None else self.above.after(above, now), held)

    def groups_above(self, subscription: str) -> Names | None:
        """All groups above a subscription of this branch; None: not known."""
        if subscription == self.name:
            return self.above.groups
        place = self.places.get(subscription)
        if place is None or place.groups is None or self.above.groups is None:
            return None
        return (*place.groups, *self.above.groups)

    def is_leaving(self, subscription: str) -> bool:
        """Newer readings show the subscription elsewhere."""
        place = self.places.get(subscription)
        return place is not None and place.since > 0

    def text(self) -> str:
        """As JSON, with each list of groups once."""
        lists: dict[Names | None, int] = {}

        def written(place: Place) -> list[Any]:
            at = [lists.setdefault(one, len(lists)) for one in (place.groups, place.other)]
            return [*at, place.since] if place.since else at[:1]

        body = {
            "name": self.name,
            "read": self.read,
            "above": written(self.above),
            "places": {name: written(place) for name, place in self.places.items()},
        }
        return json.dumps(body | {"lists": list(lists)})

    @classmethod
    def parse(cls, text: str) -> Branch | None:
        """What `text` wrote; None for any other text."""
        try:
            found = json.loads(text)
            lists = [None if one is None else tuple(map(str, one)) for one in found["lists"]]
            places = {str(name): _place(one, lists) for name, one in found["places"].items()}
            return cls(str(found["name"]), float(found["read"]), _place(found["above"], lists), places)
        except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
            return None


def _place(written: list[Any], lists: list[Names | None]) -> Place:
    groups = lists[written[0]]
    return Place(groups, lists[written[1]], float(written[2])) if len(written) > 1 else Place(groups)


def places(name: str, descendants: Iterable[Json]) -> Mapping[str, Names]:
    """The subscriptions below a group, each with the groups from it up to this one.

    `descendants`: as the API lists them, at all levels (MG-07). Raises TransientError for a list that is not
    one tree: it was read while the hierarchy changed.
    """
    parents: dict[str, str] = {}
    subscriptions: dict[str, str] = {}
    for one in descendants:
        own, parent = str(one.get("name") or "").lower(), _parent(one)
        is_group = str(one.get("id") or "").lower().startswith(MANAGEMENT_GROUPS)
        (parents if is_group else subscriptions)[own] = parent
    return {one: _line(parent, name.lower(), parents) for one, parent in subscriptions.items()}


def _parent(one: Json) -> str:
    at = str(mapping(mapping(one.get("properties")).get("parent")).get("id") or "")
    return at.rsplit("/", 1)[-1].lower()


def _line(parent: str, top: str, parents: Mapping[str, str]) -> Names:
    found = [parent]
    while found[-1] != top:
        if found[-1] not in parents or len(found) > MOST_LEVELS:
            text = (
                f"management group {clean(top)} lists members of {clean(found[-1])}, which it does not list"
            )
            raise TransientError(text, code="Unconfirmed")
        found.append(parents[found[-1]])
    return tuple(found)


def above(name: str, entities: Iterable[Json]) -> Names | None:
    """The groups above a group or subscription, as `getEntities` shows it (MG-07); None: it does not."""
    for one in entities:
        if str(one.get("name") or "").lower() == name.lower():
            chain = sequence(mapping(one.get("properties")).get("parentNameChain"))
            return tuple(str(group).lower() for group in reversed(chain))
    return None
