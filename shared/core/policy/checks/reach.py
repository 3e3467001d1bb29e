"""Rules that no resource reaches, because what comes before them takes all that they match.

Decided on the patterns: a rule is split into the combinations of its values, and each of these must be
taken by one earlier rule. What is found is never reached. What is not found may be: unions of patterns that
overlap are not tried, and the number of comparisons is bounded.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

from shared.core.policy.globs import covers, is_glob
from shared.core.policy.selectors import TAG

type Fields = Mapping[str, frozenset[str]]
type Cell = Mapping[str, str]

MAX_CELLS = 256  # combinations of one rule that are tried
MAX_COMPARISONS = 300_000  # of all rules of a policy, each of two combinations


@dataclass(slots=True)
class Earlier:
    """What comes before a rule, sorted so that few have to be compared.

    `exact`: rules of values alone, by one of their fields, all of these, and the values. `by_value`: rules
    that have patterns too, by one field that has values alone. `by_text`: rules of patterns alone, by the
    longest text between the wildcards of one field; `lengths`: of these texts, by field.
    """

    fields: dict[int, Fields] = field(default_factory=dict)
    exact: dict[str, dict[tuple[str, ...], dict[tuple[str, ...], int]]] = field(default_factory=dict)
    by_value: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    by_text: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    lengths: dict[str, set[int]] = field(default_factory=dict)
    everything: int | None = None
    comparisons: int = 0

    def add(self, number: int, fields: Fields) -> None:
        """Another rule, which all later ones come after."""
        self.fields[number] = fields
        literal = [name for name, values in fields.items() if not any(map(is_glob, values))]
        if not fields:
            self.everything = number
        elif len(literal) == len(fields) and _size(fields) <= MAX_CELLS:
            self._add_exact(number, fields)
        elif literal:
            name = min(literal, key=lambda one: len(fields[one]))
            for value in fields[name]:
                self.by_value.setdefault((name, value), []).append(number)
        else:
            name = max(fields, key=lambda one: min(len(_longest(pattern)) for pattern in fields[one]))
            for text in {_longest(pattern) for pattern in fields[name]}:
                self.lengths.setdefault(name, set()).add(len(text))
                self.by_text.setdefault((name, text), []).append(number)

    def _add_exact(self, number: int, fields: Fields) -> None:
        names = tuple(sorted(fields))  # those of tags before `type`: there are many of these
        rarest = next((name for name in names if name.startswith(TAG)), names[-1])
        table = self.exact.setdefault(rarest, {}).setdefault(names, {})
        for cell in product(*(sorted(fields[name]) for name in names)):
            table.setdefault(cell, number)

    def taking(self, fields: Fields) -> tuple[int, ...]:
        """The earlier rules that together take all of this one; empty: it may be reached."""
        if self.everything is not None:
            return (self.everything,)
        combinations = product(*map(sorted, fields.values()))
        cells = (dict(zip(fields, values, strict=True)) for values in combinations)
        if _size(fields) > MAX_CELLS:
            near = self._taking_cell(next(cells))
            return next(((one,) for one in near if takes_all(self.fields[one], fields)), ())
        found = set[int]()
        for cell in cells:
            one = next(self._taking_cell(cell), None)
            if one is None:
                return ()
            found.add(one)
        return tuple(sorted(found))

    def _taking_cell(self, cell: Cell) -> Iterator[int]:
        """The rules that take one combination."""
        for name in cell:
            for names, table in self.exact.get(name, {}).items():
                self.comparisons += 1
                if all(one in cell for one in names):
                    number = table.get(tuple(cell[one] for one in names))
                    if number is not None:
                        yield number
        yield from (number for number in self._near(cell) if self._takes(self.fields[number], cell))

    def _near(self, cell: Cell) -> Iterator[int]:
        """Rules with patterns that can take this combination, as far as one of their fields says."""
        for name, value in cell.items():
            yield from self.by_value.get((name, value), ())
            lengths = sorted(self.lengths.get(name, ()))
            texts = (value[at : at + length] for length in lengths for at in _places(value, length))
            for text in dict.fromkeys(texts):
                yield from self.by_text.get((name, text), ())

    def _takes(self, fields: Fields, cell: Cell) -> bool:
        self.comparisons += 1
        if not fields.keys() <= cell.keys():
            return False
        return all(any(_covers(wide, cell[name]) for wide in fields[name]) for name in fields)


def unreached(
    rules: Sequence[Fields | None], before: Iterable[Fields] = (), limit: int = MAX_COMPARISONS
) -> dict[int, tuple[int, ...]]:
    """The rules that no resource reaches, by number, each with those that take all of it.

    `before`: what takes resources before the first rule; its numbers are negative, -1 for the first. None: a
    rule that cannot be read, which takes nothing and is not judged. After `limit` comparisons the rest is not
    judged either.
    """
    earlier = Earlier()
    for number, fields in enumerate(before, 1):
        earlier.add(-number, fields)
    found: dict[int, tuple[int, ...]] = {}
    for number, one in enumerate(rules):
        if one is None or earlier.comparisons > limit:
            continue
        if taking := earlier.taking(one):
            found[number] = taking
        else:
            earlier.add(number, one)
    return found


def takes_all(wide: Fields, narrow: Fields) -> bool:
    """Every resource that the second selector fits, the first one fits too."""
    if not wide.keys() <= narrow.keys():
        return False
    return all(any(_covers(w, n) for w in wide[name]) for name in wide for n in narrow[name])


def _size(fields: Fields) -> int:
    size = 1
    for values in fields.values():
        size *= len(values)
    return size


def _covers(wide: str, narrow: str) -> bool:
    """As `covers`, for most pairs with one search: text between wildcards is in all that fits."""
    return wide == narrow or (_longest(wide) in narrow and covers(wide, narrow))


@functools.lru_cache(maxsize=8192)
def _longest(pattern: str) -> str:
    return max(re.split(r"[*?]+", pattern), key=len)


def _places(text: str, length: int) -> range:
    """Where a part of such a length can begin."""
    return range(len(text) - length + 1)
