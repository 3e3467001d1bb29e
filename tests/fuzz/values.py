"""Values of any shape, damage to well-formed ones, and how much work reading them is."""

import sys
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

from hypothesis import strategies as st

type Path = tuple[str | int, ...]

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=20,
)


def paths(value: Any, at: Path = ()) -> Iterator[Path]:
    """The way to every value inside a document."""
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, part in parts:
        yield (*at, name)
        yield from paths(part, (*at, name))


def damaged(document: Any, changes: list[tuple[Path, Any]]) -> Any:
    """The document with other values at some of its paths. Paths that are gone by then are skipped."""
    found = deepcopy(document)
    for path, value in changes:
        inner = found
        try:
            for name in path[:-1]:
                inner = inner[name]
            inner[path[-1]] = value
        except (LookupError, TypeError):
            continue
    return found


def changes(document: Any) -> st.SearchStrategy[list[tuple[Path, Any]]]:
    """One to three changes of a document."""
    return st.lists(st.tuples(st.sampled_from([*paths(document)]), JSON), min_size=1, max_size=3)


def steps(act: Callable[[], object]) -> int:
    """How many functions, of Python and of C, run while `act` does: the same number on every machine."""
    count = 0

    def note(_frame: object, event: str, _argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        act()
    finally:
        sys.setprofile(before)
    return count
