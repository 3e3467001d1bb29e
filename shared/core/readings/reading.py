"""Reading as data: what to read, and the three answers that a reading can have.

Present, absent and unread are different answers. "It was not read" and "reading was refused" are both unread:
neither is ever taken for "it does not exist".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, cast

from shared.core.base.bodies import Seen
from shared.core.base.ids import ResourceId


@dataclass(frozen=True, slots=True)
class Read:
    """One thing to read: the object at `at`, or with `collection` the list of its members of that name.

    `shared`: many targets use it, so a cached reading may answer; `max_age` is in seconds where it is not the
    usual one. `tolerate` says which failure becomes an Unread entry in place of ending the pass: a refusal
    (403 and the like), or any failure. `api_version`: for types that the adapter has no version for.
    """

    at: ResourceId
    collection: str = ""
    shared: bool = False
    tolerate: Literal["nothing", "refusal", "failure"] = "nothing"
    api_version: str = ""
    max_age: float | None = None


@dataclass(frozen=True, slots=True)
class Present[T]:
    """It exists. `at`: seconds since 1970 when the reading began. `written`: our write's answer."""

    value: T
    at: float = 0.0
    written: bool = False


@dataclass(frozen=True, slots=True)
class Absent:
    """Azure said that it does not exist. `at` as above."""

    at: float = 0.0


@dataclass(frozen=True, slots=True)
class Unread:
    """Nothing is known. `refused`: it was asked for and not answered, and `why` says so."""

    why: str
    refused: bool = False


type Reading[T] = Present[T] | Absent | Unread

NOT_READ = Unread("it was not read")


@dataclass(frozen=True, slots=True)
class Members:
    """The members of a collection, in Azure's order."""

    items: tuple[Seen, ...] = ()
    _parsed: dict[object, object] = field(default_factory=dict, init=False, repr=False, compare=False)

    def parsed[T](self, parse: Callable[[tuple[Seen, ...]], T]) -> T:
        """`parse(items)`, computed once, as for a single body."""
        if parse not in self._parsed:
            self._parsed[parse] = parse(self.items)
        return cast(T, self._parsed[parse])

    def member(self, at: ResourceId) -> Seen | None:
        """The member of this id."""
        return self.parsed(_by_id).get(at)

    def with_member(self, at: ResourceId, seen: Seen | None) -> Members:
        """The same members with a newer reading of one; None takes it out."""
        replaced = {at, seen.id} if seen else {at}  # what answers a need may have another name
        kept = tuple(member for member in self.items if member.id not in replaced)
        return Members((*kept, seen) if seen else kept)


def _by_id(items: tuple[Seen, ...]) -> dict[ResourceId, Seen]:
    return {member.id: member for member in items}
