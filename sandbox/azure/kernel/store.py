"""Every resource of the simulated Azure by its id, in the order of creation.

The indexes make a request cost the same in a small Azure and in a large one: a method reads only the
resources that it returns. Only the methods of `Store` change the indexes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from heapq import merge
from sys import intern

from sandbox.azure.kernel.ids import ArmId, replaced
from sandbox.azure.kernel.model import Resource
from sandbox.azure.kernel.references import References
from sandbox.azure.kernel.rows import Rows

type Index = tuple[str, ...]  # the name of an index, and what it is looked up by
type Swap = Callable[[], None]  # undoes a change, and does it again at its next call

EMPTY = Rows()


@dataclass(frozen=True, slots=True)
class _Entry:
    """A stored resource, with its place in the order and the location that it was created in."""

    number: int
    resource: Resource
    location: str


@dataclass(frozen=True, slots=True)
class Detached:
    """A resource that was removed from the store, with what it referred to."""

    entry: _Entry
    references: dict[str, frozenset[str]]


class Store:
    """Resources by id without case, and by type, scope, name, location and reference.

    Groups are resources of type GROUP_TYPE. tracked: whether the resource lists of ARM have a type (lower
    case); by default they have every top-level type.
    """

    def __init__(self, tracked: Callable[[str], bool] = lambda type_name: True) -> None:
        self._entries: dict[str, _Entry] = {}
        self._rows: dict[Index, Rows] = {}
        self._by_number: Rows = Rows()
        self._references = References()
        self._is_tracked = tracked
        self._last = 0
        self._note: Callable[[Swap], None] | None = None
        self._observer: Callable[[Resource], None] | None = None

    def observe(
        self, note: Callable[[Swap], None] | None, observer: Callable[[Resource], None] | None
    ) -> None:
        """Call `note` for each change of the store, and `observer` before a resource's content is read."""
        self._note, self._observer = note, observer
        for resource in self._by_number:
            resource.observer = observer

    def get(self, id: ArmId | str) -> Resource | None:
        """The resource, or None."""
        found = self._entries.get(id.key if isinstance(id, ArmId) else id.lower())
        return found.resource if found is not None else None

    def add(self, resource: Resource) -> None:
        """Add a resource, or replace the one with the same id, which keeps its place in the order."""
        key = resource.id.key
        known = self._entries.get(key)
        if known is None:
            self._last += 1
            entry = _Entry(self._last, resource, resource.location)
        else:
            entry = _Entry(known.number, resource, known.location)
        self._enter(entry)
        if known is None and self._note is not None:
            resource.observer = self._observer
            self._note(_Presence(self, resource.id))

    def _enter(self, entry: _Entry) -> None:
        self._entries[entry.resource.id.key] = entry
        self._by_number.add(entry.number, entry.resource)
        for index in self._indexes_of(entry):
            self._rows.setdefault(index, Rows()).add(entry.number, entry.resource)

    def discard(self, id: ArmId) -> Resource | None:
        """Remove one resource and its references, not its children. Returns it, or None."""
        if id.key not in self._entries:
            return None
        removed = self.detach(id)
        if self._note is not None:
            self._note(_Presence(self, id, removed))
        return removed.entry.resource

    def detach(self, id: ArmId) -> Detached:
        """Remove one resource so that `attach` can put it back in its place. Raises KeyError."""
        entry = self._entries.pop(id.key)
        references = self._references.all_of(entry.number)
        self._by_number.discard(entry.number)
        self._references.discard(entry.number)
        for index in self._indexes_of(entry):
            self._leave(index, entry.number)
        return Detached(entry, references)

    def attach(self, removed: Detached) -> None:
        """Put back what `detach` removed, with its references."""
        self._enter(removed.entry)
        for kind, values in removed.references.items():
            self._references.put(removed.entry.number, kind, values)

    def rename(self, old: ArmId, new: ArmId) -> None:
        """Give a resource and all below it new ids, with their places in the order and all references.

        Raises KeyError when there is no resource `old`, ValueError when there is one at `new`.
        """
        if self.get(new) is not None:
            raise ValueError(f"{new.text} exists")
        self.exchange(old, new)
        if self._note is not None:
            self._note(_Name(self, old, new))

    def exchange(self, old: ArmId, new: ArmId) -> None:
        """Rename without a check and without a note."""
        top = self._entries[old.key].resource
        for resource in [top, *self.below(old)]:
            names = (*new.names, *resource.id.names[len(old.names) :])
            self._take_id(resource, ArmId(new.subscription, new.group, resource.id.type, names))
        self._references.replace(lambda value: replaced(value, old, new))

    def _take_id(self, resource: Resource, id: ArmId) -> None:
        entry = self._entries.pop(resource.id.key)
        before = set(self._indexes_of(entry))
        resource.id = id
        self._entries[id.key] = entry
        after = set(self._indexes_of(entry))
        for index in before - after:
            self._leave(index, entry.number)
        for index in after - before:
            self._rows.setdefault(index, Rows()).add(entry.number, resource)

    def _leave(self, index: Index, number: int) -> None:
        rows = self._rows[index]
        rows.discard(number)
        if not rows:
            del self._rows[index]

    def refer(self, id: ArmId, kind: str, values: Iterable[str]) -> None:
        """Note what a resource refers to, in place of its earlier references of this kind.

        Does nothing for a resource that is not stored.
        """
        entry = self._entries.get(id.key)
        if entry is None:
            return
        before = self._references.get(entry.number, kind)
        self._references.put(entry.number, kind, values)
        if self._note is not None:
            self._note(_Referral(self._references, entry.number, kind, before))

    def referring(self, kind: str, value: str) -> list[Resource]:
        """All resources that refer to `value` (any case), such as the endpoints of a target."""
        return [self._by_number[number] for number in self._references.holders(kind, value)]

    def below(self, id: ArmId) -> list[Resource]:
        """All resources under an id at any depth: children of a resource, content of a group."""
        return list(self._at("below", id.key))

    def children(self, id: ArmId, kind: str) -> list[Resource]:
        """Direct children of one kind: `children(network.id, "subnets")`."""
        return self.of_type(f"{id.type}/{kind}", id)

    def of_type(self, type_name: str, scope: ArmId | None = None) -> list[Resource]:
        """All of one type, below an id when `scope` is given: a subscription, a group or a parent."""
        return list(self._typed(type_name, scope))

    def named(self, type_name: str, name: str) -> list[Resource]:
        """All top-level resources of one type with a name (any case)."""
        return list(self._at("name", type_name.lower(), name.lower()))

    def count_children(self, id: ArmId, kind: str) -> int:
        """How many direct children of one kind there are."""
        return len(self._typed(f"{id.type}/{kind}", id))

    def count(self, type_name: str, scope: ArmId, location: str) -> int:
        """How many top-level resources of one type a scope has that were created in a location."""
        return len(self._at("location", scope.key, type_name.lower(), location))

    def typed_after(self, number: int, types: Iterable[str], scope: ArmId) -> Iterator[tuple[int, Resource]]:
        """Resources of these types below an id, with their numbers, from above a number on.

        A page of a list begins where the last one ended. Resources are read one at a time.
        """
        names = dict.fromkeys(one.lower() for one in types)
        return merge(*(self._typed(one, scope).after(number) for one in names), key=lambda row: row[0])

    def tracked_after(self, number: int, scope: ArmId) -> Iterator[tuple[int, Resource]]:
        """The same for all tracked resources."""
        return self._at("tracked", scope.key).after(number)

    def __iter__(self) -> Iterator[Resource]:
        return iter(list(self._by_number))

    def __len__(self) -> int:
        return len(self._entries)

    def _indexes_of(self, entry: _Entry) -> Iterator[Index]:
        id = entry.resource.id
        kind = intern(id.type.lower())
        yield "type", kind
        top_level = len(id.names) == 1
        if top_level:
            yield "name", kind, id.name.lower()
        for scope in _above(id):
            yield "below", scope
            yield "type", scope, kind
            if top_level:
                yield "location", scope, kind, entry.location
            if top_level and self._is_tracked(kind):
                yield "tracked", scope

    def _typed(self, type_name: str, scope: ArmId | None) -> Rows:
        kind = type_name.lower()
        return self._at("type", kind) if scope is None else self._at("type", scope.key, kind)

    def _at(self, *index: str) -> Rows:
        return self._rows.get(index, EMPTY)


def _above(id: ArmId) -> Iterator[str]:
    """Keys of all that a resource is in: its parents, its group, its subscription.

    Interned, because thousands of indexes share each.
    """
    key = id.key
    for _ in id.names[1:]:
        key = key.rsplit("/", 2)[0]
        yield intern(key)
    if id.names:
        yield intern(key.rsplit("/providers/", 1)[0])
    if id.group:
        yield intern("/".join(key.split("/", 3)[:3]))


class _Presence:
    """A resource came, or was removed."""

    def __init__(self, store: Store, id: ArmId, away: Detached | None = None) -> None:
        self._store, self._id, self._away = store, id, away

    def __call__(self) -> None:
        if self._away is None:
            self._away = self._store.detach(self._id)
        else:
            self._store.attach(self._away)
            self._away = None


class _Name:
    """A resource got another id."""

    def __init__(self, store: Store, before: ArmId, now: ArmId) -> None:
        self._store, self._before, self._now = store, before, now

    def __call__(self) -> None:
        self._store.exchange(self._now, self._before)
        self._before, self._now = self._now, self._before


class _Referral:
    """A resource refers to something else."""

    def __init__(self, references: References, number: int, kind: str, values: frozenset[str]) -> None:
        self._references, self._number, self._kind, self._values = references, number, kind, values

    def __call__(self) -> None:
        now = self._references.get(self._number, self._kind)
        self._references.put(self._number, self._kind, self._values)
        self._values = now
