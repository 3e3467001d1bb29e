"""Bicep files as trees of tree-sitter, and what is declared in them.

The parser misreads two forms without an error. A call right after `[` becomes two elements, so it is refused
here: give it a name first, or use `array(...)`. The body of a lambda ends at the first `.` or operator, so
names of lambdas count in all arguments of the call that they are in.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path

import tree_sitter
import tree_sitter_bicep
from tree_sitter import Node

PARSER = tree_sitter.Parser(tree_sitter.Language(tree_sitter_bicep.language()))
DECLARATIONS = {
    "parameter_declaration": "param",
    "variable_declaration": "var",
    "resource_declaration": "resource",
    "module_declaration": "module",
    "output_declaration": "output",
}
WRAPPERS = ("for_statement", "if_statement", "parenthesized_expression")


@dataclass(frozen=True, slots=True)
class Finding:
    """One mistake: where, and what."""

    file: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.text}"


@dataclass(frozen=True, slots=True)
class Declared:
    """A param, var, resource, module or output. `value` is None for a parameter without a default."""

    kind: str
    name: str
    node: Node
    value: Node | None
    decorators: tuple[str, ...] = ()

    @property
    def type(self) -> str:
        """The type of a parameter or an output: string, int, bool, array, object."""
        found = [text(child) for child in self.node.named_children if child.type == "type"]
        return found[0] if found else ""

    @property
    def literal(self) -> str:
        """The type of a resource, or the path of a module."""
        found = [child for child in self.node.named_children if child.type == "string"]
        return string(found[0]) or "" if found else ""


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource, nested ones included. `type` is the full one; `at` is the object with its properties."""

    symbol: str
    type: str
    version: str
    existing: bool
    node: Node
    at: Node
    depth: int

    def property(self, path: str) -> Node | None:
        """The value at a path such as `properties.siteConfig.minTlsVersion`."""
        return at(self.at, path)


@dataclass(frozen=True)
class Source:
    """One file. `name` is its path from the folder that is checked."""

    name: str
    path: Path
    root: Node

    @classmethod
    def read(cls, path: Path, folder: Path) -> Source:
        return cls(path.relative_to(folder).as_posix(), path, PARSER.parse(path.read_bytes()).root_node)

    @cached_property
    def scope(self) -> str:
        """subscription, managementGroup, tenant, or resourceGroup, which is the default."""
        found = [child for child in self.root.named_children if child.type == "target_scope_assignment"]
        return (string(found[0].named_children[-1]) or "") if found else "resourceGroup"

    @cached_property
    def declared(self) -> tuple[Declared, ...]:
        found, decorators = list[Declared](), tuple[str, ...]()
        for node in self.root.named_children:
            if node.type == "decorators":
                decorators = tuple(
                    text(one.named_children[0].named_children[0]) for one in node.named_children
                )
            elif node.type in DECLARATIONS:
                found.append(_declared(node, decorators))
                decorators = ()
        return tuple(found)

    def of(self, kind: str) -> dict[str, Declared]:
        return {one.name: one for one in self.declared if one.kind == kind}

    @cached_property
    def resources(self) -> tuple[Resource, ...]:
        return tuple(_resources(self.root, None))

    def found(self, node: Node, what: str) -> Finding:
        return Finding(self.name, node.start_point[0] + 1, what)


def read_folder(folder: Path) -> list[Source]:
    """All Bicep files of a folder."""
    return [Source.read(path, folder) for path in sorted(folder.rglob("*.bicep"))]


def text(node: Node) -> str:
    return (node.text or b"").decode()


def nodes(node: Node) -> Iterator[Node]:
    """The node and all named ones below it."""
    yield node
    for child in node.named_children:
        yield from nodes(child)


def string(node: Node) -> str | None:
    """The text of a string without interpolation; None for anything else."""
    if node.type != "string" or any(child.type == "interpolation" for child in node.named_children):
        return None
    return "".join(text(child).replace("\\'", "'") for child in node.named_children)


def inner(node: Node) -> Node:
    """What a loop or a condition makes."""
    while node.type in WRAPPERS and node.named_children:
        node = node.named_children[-1]
    return node


def properties(node: Node) -> dict[str, Node]:
    """The values of an object by key; keys with interpolation are left out."""
    found = (child for child in node.named_children if child.type == "object_property")
    return {name: child.named_children[-1] for child in found if (name := key(child)) is not None}


def key(pair: Node) -> str | None:
    """The key of a property; None if it is interpolated, or the property is a nested resource."""
    first = pair.named_children[0]
    return string(first) if first.type == "string" else text(first) if first.type == "identifier" else None


def at(node: Node, path: str) -> Node | None:
    """The value at a path of keys; None where there is none."""
    for name in path.split("."):
        found = properties(inner(node)).get(name)
        if found is None:
            return None
        node = found
    return node


def misread(source: Source) -> list[Finding]:
    """Syntax errors, and the form that the parser misreads."""
    found = [
        source.found(node, "syntax error")
        for node in _all(source.root)
        if node.type == "ERROR" or node.is_missing
    ]
    arrays = (one.named_children for one in nodes(source.root) if one.type == "array")
    touching = [
        second for one in arrays for first, second in pairwise(one) if first.end_byte == second.start_byte
    ]
    return found + [source.found(node, "a call right after [: give it a name first") for node in touching]


def _all(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        yield from _all(child)


def _declared(node: Node, decorators: tuple[str, ...]) -> Declared:
    values = [
        child for child, before in zip(node.children[1:], node.children, strict=False) if before.type == "="
    ]
    return Declared(
        DECLARATIONS[node.type], text(node.named_children[0]), node, values[0] if values else None, decorators
    )


def _resources(node: Node, outer: Resource | None) -> Iterator[Resource]:
    for child in node.named_children:
        below = child.named_children[0] if child.type == "object_property" and child.named_children else child
        if below.type == "resource_declaration":
            found = _resource(below, outer)
            yield found
            yield from _resources(found.at, found)


def _resource(node: Node, outer: Resource | None) -> Resource:
    declared = _declared(node, ())
    kind, _, version = declared.literal.partition("@")
    existing = any(child.type == "existing" or text(child) == "existing" for child in node.children)
    body = inner(node.named_children[-1])
    if outer is None:
        return Resource(declared.name, kind, version, existing, node, body, 0)
    return Resource(
        declared.name, f"{outer.type}/{kind}", version or outer.version, existing, node, body, outer.depth + 1
    )
