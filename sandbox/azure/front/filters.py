"""`$filter` of the lists of resources and of resource groups.

Sources: docs/azure/clients.md, CLI-08. `eq` and `ne` compare, `and`, `or`, `not` and brackets join,
`substringof` and `startswith` search. A filter is a tree of nodes; each tests one resource.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sandbox.azure.kernel.model import ArmError, Resource
from sandbox.azure.kernel.regions import normal

TOKENS = re.compile(r"\s*('(?:[^']|'')*'|[A-Za-z][\w/]*|[(),])")


@dataclass(frozen=True, slots=True)
class Node:
    """A filter or a part of one. types: the only types that it admits, in lower case; None: any.

    tag: the part names a tag's name, which a value beside it is for.
    """

    test: Callable[[Resource], bool]
    types: frozenset[str] | None = None
    tag: str | None = None


def parse(text: str) -> Node | None:
    """Read a filter, None for an empty one. Raises ArmError 400 for what Azure does not filter by."""
    if not text.strip():
        return None
    parser = _Parser(text)
    found = parser.alternatives()
    parser.end()
    return found


class _Parser:
    """Reads a filter from left to right: `or` binds less than `and`, `and` less than `not`."""

    def __init__(self, text: str) -> None:
        self._text, self._at = text, 0

    def alternatives(self) -> Node:
        parts = [self._all()]
        while self._take("or"):
            parts.append(self._all())
        known = [one.types for one in parts if one.types is not None]
        types = frozenset().union(*known) if len(known) == len(parts) else None
        return parts[0] if len(parts) == 1 else Node(_any([one.test for one in parts]), types)

    def end(self) -> None:
        if self._text[self._at :].strip():
            raise _bad(self._text)

    def _all(self) -> Node:
        parts = [self._one()]
        while self._take("and"):
            parts.append(self._one(parts[-1].tag))
        types = next((one.types for one in parts if one.types is not None), None)
        return parts[0] if len(parts) == 1 else Node(_every([one.test for one in parts]), types)

    def _one(self, tag: str | None = None) -> Node:
        if self._take("not"):
            inner = self._one()
            return Node(lambda one: not inner.test(one))
        if self._take("("):
            inner = self.alternatives()
            self._need(")")
            return inner
        word = self._next().lower()
        if word in ("substringof", "startswith"):
            return self._search(word)
        return self._comparison(word, tag)

    def _search(self, function: str) -> Node:
        """`substringof('part', name)` and `startswith(tagName, 'begin')`; the value comes in either place."""
        self._need("(")
        one = self._next()
        self._need(",")
        other = self._next()
        self._need(")")
        value, field = (one, other) if one.startswith("'") else (other, one)
        return Node(_searched(field.lower(), function, _unquoted(value, self._text).lower(), self._text))

    def _comparison(self, field: str, tag: str | None) -> Node:
        relation, value = self._next().lower(), _unquoted(self._next(), self._text)
        if relation not in ("eq", "ne"):
            raise _bad(self._text)
        equal = _compared(field, value, tag, self._text)
        if relation == "ne":
            return Node(lambda one: not equal(one))
        types = frozenset([value.lower()]) if field == "resourcetype" else None
        return Node(equal, types, value if field == "tagname" else None)

    def _next(self) -> str:
        found = TOKENS.match(self._text, self._at)
        if found is None:
            raise _bad(self._text)
        self._at = found.end()
        return found[1]

    def _take(self, word: str) -> bool:
        found = TOKENS.match(self._text, self._at)
        if found is None or found[1].lower() != word:
            return False
        self._at = found.end()
        return True

    def _need(self, word: str) -> None:
        if not self._take(word):
            raise _bad(self._text)


def _any(tests: list[Callable[[Resource], bool]]) -> Callable[[Resource], bool]:
    return lambda one: any(test(one) for test in tests)


def _every(tests: list[Callable[[Resource], bool]]) -> Callable[[Resource], bool]:
    return lambda one: all(test(one) for test in tests)


def _compared(field: str, value: str, tag: str | None, text: str) -> Callable[[Resource], bool]:
    """Whether a field equals the value. A tag's value is that of the tag named before it, if one is."""
    low = value.lower()
    tests: dict[str, Callable[[Resource], bool]] = {
        "resourcetype": lambda one: one.type.lower() == low,
        "location": lambda one: normal(one.location) == normal(value),
        "name": lambda one: one.name.lower() == low,
        "resourcegroup": lambda one: one.id.group.lower() == low,
        "tagname": lambda one: any(name.lower() == low for name in one.tags),
        "tagvalue": lambda one: value in _values(one, tag),
        "identity": lambda one: _inner(one, "identity", "type") == low,
        "plan": lambda one: _inner(one, "plan", "name") == low,
    }
    whole, _, part = field.partition("/")
    if part and whole in ("identity", "plan"):
        return lambda one: _inner(one, whole, part) == low
    if field not in tests:
        raise _bad(text)
    return tests[field]


def _searched(field: str, function: str, value: str, text: str) -> Callable[[Resource], bool]:
    found: dict[str, Callable[[str], bool]] = {
        "substringof": lambda word: value in word,
        "startswith": lambda word: word.startswith(value),
    }
    reads: dict[str, Callable[[Resource], Iterable[str]]] = {
        "name": lambda one: [one.name],
        "resourcegroup": lambda one: [one.id.group],
        "tagname": lambda one: one.tags,
    }
    if field not in reads:
        raise _bad(text)
    return lambda one: any(found[function](word.lower()) for word in reads[field](one))


def _values(resource: Resource, tag: str | None) -> list[str]:
    tags = resource.tags
    return [value for name, value in tags.items() if tag is None or name.lower() == tag.lower()]


def _inner(resource: Resource, whole: str, part: str) -> str:
    """A member of `identity` or `plan` in any case, "" without it."""
    members = resource.body.get(whole) or {}
    return next((str(value).lower() for name, value in members.items() if name.lower() == part), "")


def _unquoted(token: str, text: str) -> str:
    if not token.startswith("'"):
        raise _bad(text)
    return token[1:-1].replace("''", "'")


def _bad(text: str) -> ArmError:
    return ArmError(
        400,
        "InvalidFilterInQueryString",
        f"Invalid $filter '{text}' specified in the query string.",
        cause="gateway",
    )
