"""Resources against what is published about their types: versions, names of properties, literals.

The facts are cut from Azure/bicep-types-az, as JSON. `types` is a list of shapes that name each other by
their position. A shape's `k` is o (object), d (object that one property discriminates), l (list), u (union),
c (constant), s, i, b or x (text, number, boolean, anything). A property is [shape, flags]: 1 required,
2 read-only. `scopes` has the bits of Bicep's compiler.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tree_sitter import Node

from tests.infra.syntax import Finding, Resource, Source, inner, key, properties, string, text

REQUIRED, READ_ONLY = 1, 2
SCOPES = {"tenant": 1, "managementGroup": 2, "subscription": 4, "resourceGroup": 8}
EXTENSION = 16
OF_BICEP = {"parent", "scope", "dependsOn"}
CALLED = {
    "o": "an object", "d": "an object", "l": "a list", "s": "text", "c": "text", "i": "a number",
    "b": "true or false",
}  # fmt: skip
GIVEN = {"object": "od", "array": "l", "for_statement": "l", "string": "sc", "number": "i", "boolean": "b"}

type Shape = dict[str, Any]
type Spec = dict[str, tuple[int | None, int]]


@dataclass(frozen=True, slots=True)
class Types:
    """`resources` by type and version in lower case; `shapes` by position."""

    resources: dict[str, Shape]
    shapes: list[Shape]

    @classmethod
    def read(cls, path: Path) -> Types:
        found = json.loads(path.read_text("utf-8"))
        return cls({name.lower(): one for name, one in found["resources"].items()}, found["types"])

    def check(self, source: Source) -> Iterator[Finding]:
        """All mistakes in the resources of a file."""
        for one in source.resources:
            known = self.resources.get(f"{one.type}@{one.version}".lower())
            if known is None:
                yield source.found(one.node, self._unknown(one))
            elif not one.existing:
                yield from _misplaced(source, one, known["scopes"])
                name = one.type.rpartition("/")[2]
                yield from _Check(source, self.shapes).resource(one.at, self.shapes[known["body"]], name)

    def _unknown(self, one: Resource) -> str:
        versions = [
            name.partition("@")[2] for name in self.resources if name.startswith(f"{one.type.lower()}@")
        ]
        hint = f"known versions: {', '.join(versions)}" if versions else "the facts have no such type"
        return f"{one.type}@{one.version} does not exist; {hint}"


def kinds_used(sources: Iterable[Source]) -> set[str]:
    """All resource types and versions of these files."""
    return {f"{one.type}@{one.version}" for source in sources for one in source.resources}


def _misplaced(source: Source, one: Resource, allowed: int) -> Iterator[Finding]:
    bit = EXTENSION if "scope" in properties(one.at) else SCOPES[source.scope]
    if not allowed & bit:
        yield source.found(one.node, f"{one.type} cannot be deployed at this scope ({source.scope})")


@dataclass(frozen=True, slots=True)
class _Check:
    """Compares values with shapes; `where` is the path of a value, for people."""

    source: Source
    shapes: list[Shape]

    def resource(self, node: Node, shape: Shape, where: str) -> Iterator[Finding]:
        yield from self._object(node, shape, where, OF_BICEP)

    def _value(self, node: Node, shape: Shape, where: str) -> Iterator[Finding]:
        node = node if node.type == "for_statement" else inner(node)
        if node.type == "ternary_expression":
            for branch in node.named_children[1:]:
                yield from self._value(branch, shape, where)
        elif node.type == "object" and shape["k"] in "od":
            yield from self._object(node, shape, where, set())
        elif node.type == "array" and shape["k"] == "l":
            for child in node.named_children:
                yield from self._value(child, self.shapes[shape["of"]], f"{where}[]")
        elif node.type in GIVEN:
            yield from self._literal(node, shape, where)

    def _literal(self, node: Node, shape: Shape, where: str) -> Iterator[Finding]:
        """Where Azure takes unknown words as well (a union with text), a literal of ours is a known one."""
        options = [self.shapes[one] for one in shape["of"]] if shape["k"] == "u" else [shape]
        words, value = [one["v"] for one in options if one["k"] == "c"], string(node)
        if not any(one["k"] == "x" or one["k"] in GIVEN[node.type] for one in options):
            wanted = " or ".join(sorted({CALLED[one["k"]] for one in options}))
            yield self.source.found(node, f"{where}: {wanted} is needed, not {CALLED[GIVEN[node.type][0]]}")
        elif words and value is not None and value not in words:
            yield self.source.found(node, f"{where}: {_none_of(value, words)}")
        elif not words and _outside(node, shape):
            low, high = (shape.get(f"{end}Value", shape.get(f"{end}Length")) for end in ("min", "max"))
            yield self.source.found(node, f"{where}: {text(node)} is not between {low} and {high}")

    def _object(self, node: Node, shape: Shape, where: str, other: set[str]) -> Iterator[Finding]:
        if node.type != "object":
            return
        pairs = [child for child in node.named_children if child.type == "object_property"]
        named = {name: pair for pair in pairs if (name := key(pair)) is not None and name not in other}
        spec = self._spec(named, shape)
        if spec is None:
            on = shape["on"]
            chosen = string(named[on].named_children[-1])
            if chosen is not None:  # otherwise an expression chooses: any of the shapes
                yield self.source.found(named[on], f"{where}.{on}: {_none_of(chosen, shape['of'])}")
            return
        for name, pair in named.items():
            yield from self._pair(name, pair, spec, shape, where)
        missing = [name for name, (_, flags) in spec.items() if flags & REQUIRED and name not in named]
        yield from (self.source.found(node, f"{where}: {name} is missing") for name in missing)

    def _spec(self, named: dict[str, Node], shape: Shape) -> Spec | None:
        """The properties of a shape; None where it is not known which of several shapes is meant."""
        if shape["k"] == "o":
            return shape["p"]
        on = shape["on"]
        if on not in named:
            return {**shape["p"], on: (None, REQUIRED)}
        chosen = string(named[on].named_children[-1])
        if chosen not in shape["of"]:
            return None
        return {**shape["p"], **self.shapes[shape["of"][chosen]]["p"], on: (None, REQUIRED)}

    def _pair(self, name: str, pair: Node, spec: Spec, shape: Shape, where: str) -> Iterator[Finding]:
        position, flags = spec.get(name, (shape.get("a"), 0))
        if name not in spec and "a" not in shape:
            yield self.source.found(pair, f"{where}.{name} does not exist{_meant(name, spec)}")
        elif flags & READ_ONLY:
            yield self.source.found(pair, f"{where}.{name} is read-only")
        elif position is not None:
            yield from self._value(pair.named_children[-1], self.shapes[position], f"{where}.{name}")


def _outside(node: Node, shape: Shape) -> bool:
    """A literal number or text outside of the published bounds."""
    value = string(node)
    size = int(text(node)) if node.type == "number" else len(value) if value is not None else None
    low, high = (shape.get(f"{end}Value", shape.get(f"{end}Length")) for end in ("min", "max"))
    return size is not None and not ((low is None or low <= size) and (high is None or size <= high))


def _none_of(value: str, words: Iterable[str]) -> str:
    return f"'{value}' is none of {', '.join(sorted(words))}{_meant(value, words)}"


def _meant(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), 1)
    return f"; {close[0]} is meant?" if close else ""
