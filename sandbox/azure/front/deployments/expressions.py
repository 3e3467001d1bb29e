"""Expressions of templates: a text in square brackets calls functions.

Source: docs/azure/deployments.md, DEP-02. `parse` makes a tree, `evaluate` calls the functions of a scope.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from typing import Any

type Function = Callable[..., Any]
type Functions = Mapping[str, Function]

TOKEN = re.compile(r"\s*('(?:[^']|'')*'|-?\d+|[A-Za-z_][\w]*|[()\[\],.])")


class TemplateError(Exception):
    """A template or an expression is wrong: the text that Azure puts into InvalidTemplate."""


@dataclass(frozen=True, slots=True)
class Literal:
    """A text or a number."""

    value: Any


@dataclass(frozen=True, slots=True)
class Call:
    """A function with its arguments. Names have no case."""

    name: str
    arguments: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Member:
    """A member of an object, or an entry of an array."""

    whole: Tree
    part: Tree


type Tree = Literal | Call | Member


def resolve(value: Any, functions: Functions) -> Any:
    """A JSON value with all expressions in it, and in its member names, evaluated. Raises TemplateError."""
    if isinstance(value, str):
        return text(value, functions)
    if isinstance(value, list):
        return [resolve(one, functions) for one in value]
    if isinstance(value, dict):
        return _resolved_object(value, functions)
    return value


def text(value: str, functions: Functions) -> Any:
    """The value of a text: what its expression yields, or the text itself. `[[` begins a plain text."""
    if not (value.startswith("[") and value.endswith("]")):
        return value
    if value.startswith("[["):
        return value[1:]
    return evaluate(parse(value[1:-1]), functions)


def check(value: Any, known: Container[str]) -> None:
    """Raise TemplateError for an expression that cannot be read, or a function that is not known here."""
    if isinstance(value, str) and value.startswith("[") and value.endswith("]") and value[:2] != "[[":
        _check_tree(parse(value[1:-1]), known)
    elif isinstance(value, dict):
        for name, one in value.items():
            check(name, known)
            check(one, known)
    elif isinstance(value, list):
        for one in value:
            check(one, known)


def _check_tree(tree: Tree, known: Container[str]) -> None:
    match tree:
        case Member(whole, part):
            _check_tree(whole, known)
            _check_tree(part, known)
        case Call(name, arguments):
            if name not in known:
                raise TemplateError(f"The template function '{name}' is not expected at this location.")
            for one in arguments:
                _check_tree(one, known)


def _resolved_object(value: dict[str, Any], functions: Functions) -> dict[str, Any]:
    """An object; a `copy` in it makes arrays out of its entries (property iteration)."""
    loops = value.get("copy")
    if not isinstance(loops, list):
        return {str(resolve(name, functions)): resolve(one, functions) for name, one in value.items()}
    rest = {name: one for name, one in value.items() if name != "copy"}
    made = {one["name"]: iterate(one, one["input"], functions) for one in loops}
    return _resolved_object(rest, functions) | made


def iterate(loop: dict[str, Any], each: Any, functions: Functions) -> list[Any]:
    """The input of a copy loop, once for each index."""
    count = resolve(loop["count"], functions)
    if not isinstance(count, int) or count < 0:
        raise TemplateError(f"The copy count of '{loop.get('name', '')}' must be a non-negative integer.")
    return [resolve(each, with_index(functions, index, str(loop.get("name", "")))) for index in range(count)]


def with_index(functions: Functions, index: int, loop: str) -> Functions:
    """The functions inside a copy loop: `copyIndex()`, with an offset or the loop's name, or both."""
    outer = functions.get("copyindex")

    def copy_index(*arguments: Any) -> int:
        named = [one for one in arguments if isinstance(one, str)]
        offset = sum(one for one in arguments if isinstance(one, int))
        if named and named[0].lower() != loop.lower():
            if outer is None:
                raise TemplateError(f"The copy loop '{named[0]}' is not defined.")
            return int(outer(*arguments))
        return index + offset

    return {**functions, "copyindex": copy_index}


def parse(source: str) -> Tree:
    """The tree of an expression without its brackets. Raises TemplateError."""
    reader = _Reader(source)
    tree = reader.expression()
    reader.end()
    return tree


def evaluate(tree: Tree, functions: Functions) -> Any:
    """The value of a tree. `if` evaluates only the branch that it takes. Raises TemplateError."""
    match tree:
        case Literal(value):
            return value
        case Member(whole, part):
            return member(evaluate(whole, functions), evaluate(part, functions))
        case Call("if", (condition, yes, no)):
            return evaluate(yes if evaluate(condition, functions) else no, functions)
        case Call(name, arguments):
            function = functions.get(name)
            if function is None:
                raise TemplateError(f"The template function '{name}' is not valid.")
            return _called(name, function, [evaluate(one, functions) for one in arguments])


def _called(name: str, function: Function, arguments: list[Any]) -> Any:
    try:
        return function(*arguments)
    except (TypeError, ValueError, IndexError, AttributeError, KeyError, ZeroDivisionError) as error:
        raise TemplateError(
            f"Unable to process template language expressions: the function '{name}' failed on its "
            f"parameters: {error}."
        ) from error


def member(whole: Any, part: Any) -> Any:
    """A member in any case, or an entry by its index. Raises TemplateError when there is none."""
    if isinstance(whole, dict):
        for name, value in whole.items():
            if name.lower() == str(part).lower():
                return value
        known = ", ".join(whole)
        raise TemplateError(
            f"The language expression property '{part}' doesn't exist, available properties are '{known}'."
        )
    if isinstance(whole, list) and isinstance(part, int) and 0 <= part < len(whole):
        return whole[part]
    raise TemplateError(f"The language expression property '{part}' can't be evaluated.")


class _Reader:
    """Reads an expression from left to right."""

    def __init__(self, source: str) -> None:
        self._source, self._at = source, 0

    def expression(self) -> Tree:
        tree = self._term()
        while True:
            if self._take("."):
                tree = Member(tree, Literal(self._next()))
            elif self._take("["):
                tree = Member(tree, self.expression())
                self._need("]")
            else:
                return tree

    def end(self) -> None:
        if self._source[self._at :].strip():
            raise self._wrong()

    def _term(self) -> Tree:
        token = self._next()
        if token.startswith("'"):
            return Literal(token[1:-1].replace("''", "'"))
        if token.lstrip("-").isdigit():
            return Literal(int(token))
        if not token[0].isalpha():
            raise self._wrong()
        while self._take("."):  # a function in a namespace
            token = self._next()
        self._need("(")
        return Call(token.lower(), self._arguments())

    def _arguments(self) -> tuple[Tree, ...]:
        found: list[Tree] = []
        if self._take(")"):
            return ()
        while True:
            found.append(self.expression())
            if self._take(")"):
                return tuple(found)
            self._need(",")

    def _next(self) -> str:
        found = TOKEN.match(self._source, self._at)
        if found is None:
            raise self._wrong()
        self._at = found.end()
        return found[1]

    def _take(self, token: str) -> bool:
        found = TOKEN.match(self._source, self._at)
        if found is None or found[1] != token:
            return False
        self._at = found.end()
        return True

    def _need(self, token: str) -> None:
        if not self._take(token):
            raise self._wrong()

    def _wrong(self) -> TemplateError:
        return TemplateError(f"Unable to parse language expression '{self._source}'.")
