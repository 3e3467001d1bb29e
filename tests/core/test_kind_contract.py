"""Outside `core/kinds` no code asks which kind an object is: every place that does is listed here.

The same list, in words, is in docs/decisions.md under "Where a kind is still named".
"""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from shared.core.kinds.registry import KINDS

REPOSITORY = Path(__file__).parents[2]
SHARED = REPOSITORY / "shared"
PACKAGE = "shared.core.kinds"
ASKING = {"isinstance", "issubclass", "is_type", "of_type"}

# File, what it asks for, and how often: with the reason why the kind itself cannot answer.
EXCEPTIONS = {
    ("core/placement/sites.py", "endpoint.TYPE"): (1, "foreign endpoints are known before any is desired"),
    ("core/policy/values.py", "a type's text"): (2, "the policy is below kinds: a key that names a subnet"),
    ("core/readings/embedded.py", "a type's text"): (
        3,
        "readings are below kinds: what ARM lists in a parent",
    ),
    ("adapters/arm_types.py", "a type's text"): (8, "the SDK has its operations by type"),
    ("adapters/polling.py", "a type's text"): (7, "durations were recorded by type"),
}


class Asked(ast.NodeVisitor):
    """Collects what a module asks for: classes and TYPEs of kinds, and types spelled out as text."""

    def __init__(self, source: str) -> None:
        self.found: list[str] = []
        self._names: dict[str, str] = {}  # local name: what of the package it is
        self.visit(ast.parse(source))

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        module = node.module or ""
        for alias in node.names:
            whole = f"{module}.{alias.name}"
            if whole.startswith(f"{PACKAGE}."):
                self._names[alias.asname or alias.name] = whole.removeprefix(f"{PACKAGE}.")

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            if alias.asname and alias.name.startswith(f"{PACKAGE}."):
                self._names[alias.asname] = alias.name.removeprefix(f"{PACKAGE}.")

    def visit_Call(self, node: ast.Call) -> None:
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if called in ASKING:
            self._note(*node.args)
        self.generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> None:
        self._note(node.left, *node.comparators)
        self.generic_visit(node)

    def visit_MatchClass(self, node: ast.MatchClass) -> None:
        self._note(node.cls)
        self.generic_visit(node)

    def visit_MatchValue(self, node: ast.MatchValue) -> None:
        self._note(node.value)
        self.generic_visit(node)

    def visit_Dict(self, node: ast.Dict) -> None:
        self._note(*filter(None, node.keys))
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str) and node.value.lower() in KINDS:
            self.found.append("a type's text")

    def _note(self, *nodes: ast.expr) -> None:
        self.found += [known for node in nodes for part in parts(node) if (known := self._kind(part))]

    def _kind(self, node: ast.expr) -> str:
        """`endpoint.TYPE` or `endpoint.Endpoint`; empty for anything else."""
        if isinstance(node, ast.Attribute):
            owner = self._kind_name(node.value)
            return shown(f"{owner}.{node.attr}") if owner else ""
        return shown(self._names.get(node.id, "")) if isinstance(node, ast.Name) else ""

    def _kind_name(self, node: ast.expr) -> str:
        return self._names.get(node.id, "") if isinstance(node, ast.Name) else ""


def parts(node: ast.expr) -> Iterator[ast.expr]:
    """The classes of `(A, B)` and of `A | B`, or the node itself."""
    if isinstance(node, ast.Tuple | ast.List | ast.Set):
        for one in node.elts:
            yield from parts(one)
    elif isinstance(node, ast.BinOp):
        yield from parts(node.left)
        yield from parts(node.right)
    else:
        yield node


def shown(dotted: str) -> str:
    """`module.Class`, `module.TYPE` or `module.Class.TYPE` of the package; empty for anything else."""
    module, _, rest = dotted.partition(".")
    if not rest:
        return ""
    last = rest.rpartition(".")[2]
    value = getattr(import_module(f"{PACKAGE}.{module}"), rest.partition(".")[0], None)
    return dotted if last == "TYPE" or isinstance(value, type) else ""


def asked() -> Counter[tuple[str, str]]:
    """What every module outside the kinds asks for, and how often."""
    found: Counter[tuple[str, str]] = Counter()
    for room in ("core", "flow", "adapters"):
        for file in sorted((SHARED / room).rglob("*.py")):
            at = file.relative_to(SHARED).as_posix()
            if not at.startswith("core/kinds/"):
                found.update((at, what) for what in Asked(file.read_text("utf-8")).found)
    return found


def test_only_the_listed_places_ask_which_kind_an_object_is() -> None:
    assert dict(asked()) == {place: count for place, (count, _) in EXCEPTIONS.items()}


def test_every_exception_has_its_reason_here_and_its_place_in_the_decisions() -> None:
    assert all(reason for _, reason in EXCEPTIONS.values())
    text = (REPOSITORY / "docs" / "decisions.md").read_text("utf-8")
    section = text.partition("## Where a kind is still named\n")[2].partition("\n## ")[0]
    assert set(re.findall(r"`((?:core|flow|adapters)/[\w/]+\.py)`", section)) == {at for at, _ in EXCEPTIONS}


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("from shared.core.kinds.rule import Rule\nisinstance(x, Rule)", ["rule.Rule"]),
        ("from shared.core.kinds import rule\nisinstance(x, (int, rule.Rule))", ["rule.Rule"]),
        ("from shared.core.kinds.rule import Rule as R\nisinstance(x, R | None)", ["rule.Rule"]),
        ("from shared.core.kinds.rule import Rule\ntype(x) is Rule", ["rule.Rule"]),
        ("from shared.core.kinds.rule import Rule\nmatch x:\n    case Rule(id=at): ...", ["rule.Rule"]),
        ("from shared.core.kinds import rule\nmatch x:\n    case rule.TYPE: ...", ["rule.TYPE"]),
        ("from shared.core.kinds import rule\nx.id.is_type(rule.TYPE)", ["rule.TYPE"]),
        ("from shared.core.kinds.rule import TYPE as T\nat.type == T", ["rule.TYPE"]),
        ("from shared.core.kinds.rule import Rule\nat.type in (Rule.TYPE,)", ["rule.Rule.TYPE"]),
        ("from shared.core.kinds.rule import Rule\n{Rule: 1}[type(x)]", ["rule.Rule"]),
        ("import shared.core.kinds.rule as r\nobserved.of_type(r.TYPE)", ["rule.TYPE"]),
        ("x.type == 'Microsoft.Network/privateEndpoints'", ["a type's text"]),
    ],
)
def test_a_question_for_the_kind_is_seen_in_any_form(source: str, found: list[str]) -> None:
    assert Asked(source).found == found


@pytest.mark.parametrize(
    "source",
    [
        "from shared.core.kinds.rule import Rule\nRule(at, nsg, (), (), ())",
        "from shared.core.kinds.rule import TYPE\nhome.resource(TYPE, name)",
        "from shared.core.kinds.endpoint import connection_of\nconnection_of(x) == y",
        "from shared.core.plan.actions import Keep\nisinstance(x, Keep)",
        "from shared.core.readings.networks import NETWORK\nat.is_type(NETWORK)",
    ],
)
def test_making_one_or_asking_for_something_else_does_not_count(source: str) -> None:
    assert Asked(source).found == []
