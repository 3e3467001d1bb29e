"""What Azure has, of just the objects that one target is about: one picture, made from readings.

It is a value: a later reading, or the answer of a write, makes a new one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from shared.core.base.bodies import Seen
from shared.core.base.ids import ResourceId
from shared.core.readings.capacity import Capacity
from shared.core.readings.dns_forwarding import Forwarding
from shared.core.readings.embedded import embedded, is_embedded, with_child
from shared.core.readings.other_zones import LinkedElsewhere
from shared.core.readings.reading import (
    NOT_READ,
    Absent,
    Members,
    Present,
    Read,
    Reading,
    Unread,
)

type Collection = tuple[ResourceId, str]


RECENT = 60.0  # seconds before the last write of a pass, in which what it created need not be read again


@dataclass(frozen=True, slots=True)
class Observed:
    """Readings of objects by id, and of collections by parent and lower-case name.

    What was never read has no entry, and every question answers Unread for it. `capacity` is what Azure
    reported about capacity for new endpoints, `elsewhere` who is linked to foreign zones, by the zones' name,
    `forwarding` private resolvers and rulesets. `many`: so many passes read now what is beside their targets,
    so that a list serves all of them.
    """

    objects: Mapping[ResourceId, Reading[Seen]] = field(default_factory=dict)
    collections: Mapping[Collection, Reading[Members]] = field(default_factory=dict)
    capacity: Capacity = field(default_factory=Capacity)
    elsewhere: Mapping[str, LinkedElsewhere] = field(default_factory=dict)
    forwarding: Forwarding = field(default_factory=Forwarding)
    many: int = 1
    _by_type: dict[str, tuple[Seen, ...]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def reading(self, at: ResourceId) -> Reading[Seen]:
        """What is known of the object: read alone, in its parent's body, or in a list of its parent's."""
        if (alone := self.objects.get(at)) is not None:
            return alone
        parent = at.parent
        listed = self.members(parent, at.collection) if parent else NOT_READ
        if not isinstance(listed, Present):
            return listed
        found = listed.value.member(at)
        return Present(found, listed.at, listed.written) if found else Absent(listed.at)

    def members(self, parent: ResourceId, collection: str) -> Reading[Members]:
        """What is known of a collection below a parent."""
        if (listed := self.collections.get((parent, collection.lower()))) is not None:
            return listed
        if not is_embedded(f"{parent.type}/{collection}"):
            return NOT_READ
        known = self.objects.get(parent, NOT_READ)
        if isinstance(known, Present):
            return Present(embedded(known.value, collection), known.at, known.written)
        return known

    def present(self, at: ResourceId) -> Seen | None:
        """The object's body if it is known to exist. None says nothing about why: absent or unread."""
        found = self.reading(at)
        return found.value if isinstance(found, Present) else None

    def listed(self, parent: ResourceId, collection: str) -> tuple[Seen, ...]:
        """The members that are known to exist. None are listed where the parent is absent or was not read."""
        found = self.members(parent, collection)
        return found.value.items if isinstance(found, Present) else ()

    def absent(self, at: ResourceId) -> bool:
        """Azure said that it does not exist."""
        return isinstance(self.reading(at), Absent)

    def known(self, at: ResourceId) -> bool:
        """It was read, whether it exists or not."""
        return not isinstance(self.reading(at), Unread)

    def refused(self, at: ResourceId, collection: str = "") -> str | None:
        """Why a reading that was asked for has no answer; None where it has one, or was not asked for."""
        found = self.members(at, collection) if collection else self.reading(at)
        return found.why if isinstance(found, Unread) and found.refused else None

    def answers(self, read: Read) -> bool:
        """The read was made already, whatever came of it."""
        if read.collection:
            found: Reading[Members] | Reading[Seen] = self.members(read.at, read.collection)
        elif is_embedded(read.at.type):
            found = self.reading(read.at)
        else:  # a member of a shared list may be older than a reading of its own
            found = self.objects.get(read.at, NOT_READ)
        return not isinstance(found, Unread) or found.refused

    def of_type(self, kind: str) -> tuple[Seen, ...]:
        """Every object of a type that was read alone and exists."""
        key = kind.lower()
        if key not in self._by_type:
            listed = (found.value for found in self.objects.values() if isinstance(found, Present))
            self._by_type[key] = tuple(seen for seen in listed if seen.id.is_type(key))
        return self._by_type[key]

    def with_object(self, at: ResourceId, found: Reading[Seen]) -> Observed:
        """The same picture with a newer reading of one object, also where its parent lists it."""
        if isinstance(found, Unread):
            return self.alone(at, found)
        return self._without_older_children(at, found)._with_known(at, found)

    def _with_known(self, at: ResourceId, found: Present[Seen] | Absent) -> Observed:
        parent, seen = at.parent, found.value if isinstance(found, Present) else None
        if parent is None:
            return self.alone(at, found)
        if is_embedded(at.type) and isinstance(holder := self.objects.get(parent), Present):
            others = {one: known for one, known in self.objects.items() if one != at}
            body = with_child(holder.value, at, seen)
            return replace(self, objects={**others, parent: replace(holder, value=body)})
        key = (parent, at.collection.lower())
        if isinstance(listed := self.collections.get(key), Present):
            newer = replace(listed, value=listed.value.with_member(at, seen))
            return replace(self, collections={**self.collections, key: newer}).alone(at, found)
        if isinstance(listed, Absent) and isinstance(found, Present):  # the parent exists by now
            newer = Present(Members((found.value,)), found.at, found.written)
            return replace(self, collections={**self.collections, key: newer}).alone(at, found)
        return self.alone(at, found)

    def _without_older_children(self, at: ResourceId, found: Present[Seen] | Absent) -> Observed:
        """Without readings of children that a newer reading of their parent replaces.

        Children that its body lists are taken from there, and nothing exists below an absent object.
        """
        absent = found if isinstance(found, Absent) else None
        older = {one for one in self.objects if one.parent == at and (absent or is_embedded(one.type))}
        lists: dict[Collection, Reading[Members]] = {}
        if absent:
            lists = {key: absent for key in self.collections if key[0] == at}
        if not older and not lists:
            return self
        left = {one: known for one, known in self.objects.items() if one not in older}
        return replace(self, objects=left, collections={**self.collections, **lists})

    def alone(self, at: ResourceId, found: Reading[Seen]) -> Observed:
        """The same picture with this reading of one object, and lists as they were."""
        return replace(self, objects={**self.objects, at: found})

    def with_members(self, parent: ResourceId, collection: str, found: Reading[Members]) -> Observed:
        """The same picture with a newer reading of one collection."""
        name = collection.lower()
        older = [at for at in self.objects if at.parent == parent and at.collection.lower() == name]
        return replace(
            self,
            objects={at: known for at, known in self.objects.items() if at not in older},
            collections={**self.collections, (parent, name): found},
        )

    def with_written(self, answers: Mapping[ResourceId, Seen | None], at: float = 0.0) -> Observed:
        """The same picture with what writes answered; None: the object was deleted.

        Parents first: an answer about a child is newer than its parent's list.
        """
        picture = self
        for where, seen in sorted(answers.items(), key=lambda answer: len(answer[0].names)):
            picture = picture.with_object(where, Present(seen, at, written=True) if seen else Absent(at))
        return picture

    def since(self, moment: float, made: frozenset[ResourceId] = frozenset()) -> Observed:
        """The same picture without readings from before this moment, and without what writes answered.

        `made`: what this pass created for its target alone, and awaited by reading it until it was finished.
        That last reading counts, unless it is old. What was refused stays unread.
        """
        objects: dict[ResourceId, Reading[Seen]] = {
            at: counted
            for at, found in self.objects.items()
            if (counted := _since(found, moment, recent=at in made)) is not None
        }
        lists: dict[Collection, Reading[Members]] = {
            key: counting
            for key, among in self.collections.items()
            if (counting := _since(among, moment, recent=key[0] in made)) is not None
        }
        forwarding = self.forwarding if self.forwarding.at >= moment else Forwarding()
        if (objects, lists, forwarding) == (self.objects, self.collections, self.forwarding):
            return self
        return replace(self, objects=objects, collections=lists, forwarding=forwarding)

    def without(self, ids: Iterable[ResourceId]) -> Observed:
        """The same picture as if these objects had not been read, nor the lists below them."""
        gone = frozenset(ids)
        return replace(
            self,
            objects={at: found for at, found in self.objects.items() if at not in gone},
            collections={key: found for key, found in self.collections.items() if key[0] not in gone},
        )


def _since[T: Reading[Seen] | Reading[Members]](found: T, moment: float, *, recent: bool) -> T | None:
    """The reading if it is from since then. `recent`: so counts one of what was awaited until it was done."""
    if recent and isinstance(found, Present) and found.written and found.at >= moment - RECENT:
        return replace(found, written=False, at=moment)
    return found if _counts(found, moment) else None


def _counts(found: Reading[Seen] | Reading[Members], moment: float) -> bool:
    """It was read since then. A write's answer was not read: only what it reports later shows an effect."""
    match found:
        case Present(at=at, written=written):
            return at >= moment and not written
        case Absent(at=at):
            return at >= moment
        case Unread():
            return True
