"""Test modules do not import each other: what several of them use is in a module without tests."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
# Modules that still import from test modules. Remove an entry with its import; add none.
EXCEPTIONS = {
    "sandbox/host/test_up.py",
}


def imported(source: str) -> Iterator[str]:
    """Dotted names that a module imports; for `from a import b` both `a` and `a.b`."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


def imports_a_test_module(source: str) -> bool:
    """Whether a module imports a test module, or something from one."""
    return any(name.rpartition(".")[2].startswith("test_") for name in imported(source))


@cache
def offenders() -> set[str]:
    """The modules under tests/ that import a test module."""
    found = {file for file in TESTS.rglob("*.py") if imports_a_test_module(file.read_text("utf-8"))}
    return {str(file.relative_to(TESTS)) for file in found}


def test_no_module_imports_a_test_module() -> None:
    assert offenders() - EXCEPTIONS == set(), "move what they share to tests/builders"


def test_every_exception_is_still_needed() -> None:
    assert EXCEPTIONS - offenders() == set(), "remove these from EXCEPTIONS"


@pytest.mark.parametrize(
    "source",
    [
        "from tests.core.test_plan import wish",
        "from tests.core import bodies, test_plan",
        "import tests.core.test_plan as plan",
        "from . import test_plan",
        "from .test_plan import wish",
        "def later():\n    from tests.core.test_plan import wish",
    ],
)
def test_an_import_of_a_test_module_is_seen_in_any_form(source: str) -> None:
    assert imports_a_test_module(source)


def test_an_import_of_a_builder_is_no_import_of_a_test_module() -> None:
    assert not imports_a_test_module("from tests.builders.world import World\nimport pytest")
