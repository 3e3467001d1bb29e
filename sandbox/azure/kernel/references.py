"""Which resources refer to something: endpoints to their target, subnets to their security group."""

from __future__ import annotations

from collections.abc import Callable, Iterable


class References:
    """Values that resources refer to, by kind of reference; read from either side.

    Resources are known by their number in the store. Values are compared without case.
    """

    def __init__(self) -> None:
        self._held: dict[int, dict[str, frozenset[str]]] = {}
        self._holders: dict[tuple[str, str], set[int]] = {}

    def put(self, number: int, kind: str, values: Iterable[str]) -> None:
        """Note what a resource refers to, in place of its earlier references of this kind."""
        wanted = frozenset(value.lower() for value in values)
        known = self.get(number, kind)
        for value in known - wanted:
            self._leave(kind, value, number)
        for value in wanted - known:
            self._holders.setdefault((kind, value), set()).add(number)
        self._held.setdefault(number, {})[kind] = wanted

    def get(self, number: int, kind: str) -> frozenset[str]:
        """What a resource refers to, in lower case."""
        return self._held.get(number, {}).get(kind, frozenset())

    def all_of(self, number: int) -> dict[str, frozenset[str]]:
        """All references of a resource, by kind."""
        return dict(self._held.get(number, {}))

    def replace(self, change: Callable[[str], str]) -> None:
        """Replace every value by what `change` makes of it."""
        for number, kinds in self._held.items():
            for kind, values in list(kinds.items()):
                self.put(number, kind, map(change, values))

    def discard(self, number: int) -> None:
        """Forget all references of a resource."""
        for kind, values in self._held.pop(number, {}).items():
            for value in values:
                self._leave(kind, value, number)

    def holders(self, kind: str, value: str) -> list[int]:
        """The numbers of all resources that refer to `value`, lowest first."""
        return sorted(self._holders.get((kind, value.lower()), ()))

    def _leave(self, kind: str, value: str, number: int) -> None:
        holders = self._holders[kind, value]
        holders.remove(number)
        if not holders:
            del self._holders[kind, value]
