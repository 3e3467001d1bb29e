"""Resources in the order of their creation, read from any place in it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator

from sandbox.azure.kernel.model import Resource

SLACK = 64  # removed numbers that are kept before the list is written again


class Rows:
    """Resources by the number that the store gave each at its creation.

    Adding, removing and finding a place cost the same at any size (a removal now and then tidies the list).
    Only a resource that was moved here comes between others.
    """

    __slots__ = ("_numbers", "_resources")

    def __init__(self) -> None:
        self._numbers: list[int] = []
        self._resources: dict[int, Resource] = {}

    def add(self, number: int, resource: Resource) -> None:
        """Add a resource in the place of its number, or replace the one with this number."""
        if number not in self._resources:
            self._place(number)
        self._resources[number] = resource

    def _place(self, number: int) -> None:
        """Note a number. One that was removed may still be in the list."""
        place = bisect_left(self._numbers, number)
        if self._numbers[place : place + 1] != [number]:
            self._numbers.insert(place, number)

    def discard(self, number: int) -> None:
        """Remove the resource with this number."""
        del self._resources[number]
        if len(self._numbers) > 2 * len(self._resources) + SLACK:
            self._numbers = [one for one in self._numbers if one in self._resources]

    def after(self, number: int) -> Iterator[tuple[int, Resource]]:
        """Numbers and resources above this number, lowest first, one at a time."""
        numbers = self._numbers
        for place in range(bisect_right(numbers, number), len(numbers)):
            found = self._resources.get(numbers[place])
            if found is not None:
                yield numbers[place], found

    def __getitem__(self, number: int) -> Resource:
        return self._resources[number]

    def __iter__(self) -> Iterator[Resource]:
        return (resource for _, resource in self.after(0))

    def __len__(self) -> int:
        return len(self._resources)
