"""The table of facts: what Azure answers to which request in which state, as rows of YAML files.

`scenes.yaml` names ids, bodies and resources; each `facts/*.yaml` is a list of rows about one subject.
`docs/azure/README.md` describes the columns.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from pathlib import Path
from string import Template
from typing import Any, Self

import yaml

from tests.conformance.expectation import Expectation, fill, locate

HERE = Path(__file__).parent
ROW_ONLY = frozenset(
    ("id", "fact", "when", "source", "exists", "busy", "as", "lacks", "then", "events", "fails")
)
SENT = frozenset(("request", "body", "with", "headers_sent", "wait", "repeat"))
ANSWERED = frozenset(("status", "headers", "answer", "by_status", "keep"))


class TableError(ValueError):
    """A row that cannot be run: says which row and what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Step:
    """One request and what Azure answers. `request`: `METHOD path`, `poll`, `poll Location` or `settle`.

    wait: seconds before it is sent. repeat: how often it is sent; the last answer counts. keep: names for
    values of the answer, by path; later steps use them as `$name`.
    """

    request: str
    body: Any
    headers_sent: Mapping[str, str]
    expected: Expectation
    wait: float = 0.0
    repeat: int = 1
    keep: Mapping[str, str] = field(default_factory=dict)

    def filled(self, names: Mapping[str, str]) -> Step:
        """The step with `$name` replaced by what an earlier answer said."""
        return replace(
            self,
            request=fill(self.request, names),
            body=fill(self.body, names),
            headers_sent=fill(self.headers_sent, names),
            expected=self.expected.filled(names),
        )


@dataclass(frozen=True, slots=True)
class Row:
    """One fact that can be checked.

    exists: resources made beforehand and settled. busy: requests accepted beforehand whose operations still
    run. principal: who sends. lacks: actions missing from the app's role. events: those that Event Grid
    delivers afterwards. fails: why the simulator does not agree yet, empty where it does.
    """

    id: str
    fact: str
    when: str
    source: str
    exists: tuple[Step, ...]
    busy: tuple[Step, ...]
    steps: tuple[Step, ...]
    principal: str = "user"
    lacks: tuple[str, ...] = ()
    events: tuple[Mapping[str, Any], ...] = ()
    fails: str = ""

    @property
    def is_race(self) -> bool:
        """Azure gave different answers to the same request: `status` lists all of them."""
        return any(len(step.expected.statuses) > 1 for step in self.steps)


@dataclass(frozen=True, slots=True)
class Scenes:
    """Names that rows use: ids (`$account`), bodies, and resources that can exist beforehand."""

    names: Mapping[str, str]
    bodies: Mapping[str, Any]
    resources: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path = HERE / "scenes.yaml") -> Self:
        """Read `scenes.yaml`; a name may use the names above it."""
        content = yaml.safe_load(path.read_text())
        names: dict[str, str] = {}
        for name, text in content["names"].items():
            names[name] = Template(text).substitute(names)
        return cls(names, content["bodies"], content["resources"])

    def filled(self, value: Any) -> Any:
        """The value with every name of the scenes replaced."""
        return fill(value, self.names)

    def body(self, given: Any, changes: Mapping[str, Any]) -> Any:
        """A body given in full or by name, with `changes` written over it: path to value, null removes."""
        body = deepcopy(self.bodies[given] if isinstance(given, str) else given)
        for path, value in changes.items():
            _write(body, path, deepcopy(value))
        return self.filled(body)

    def made(self, names: Iterable[str]) -> Iterator[Step]:
        """The requests that make resources, each after those that it needs, none twice."""
        done: dict[str, Step] = {}
        for name in names:
            self._make(name, done)
        return iter(done.values())

    def _make(self, name: str, done: dict[str, Step]) -> None:
        if name in done:
            return
        scene = self.resources[name]
        for needed in scene.get("needs", ()):
            self._make(needed, done)
        done[name] = step(self, scene)


def step(scenes: Scenes, given: Mapping[str, Any]) -> Step:
    """Read one request with its expected answer."""
    return Step(
        request=scenes.filled(given["request"]),
        body=scenes.body(given.get("body"), given.get("with") or {}),
        headers_sent=given.get("headers_sent") or {},
        expected=Expectation.parse(scenes.filled(dict(given))),
        wait=given.get("wait", 0.0),
        repeat=given.get("repeat", 1),
        keep=given.get("keep") or {},
    )


def load(scenes: Scenes, folder: Path = HERE / "facts") -> list[Row]:
    """Every row of every file, by file name. Raises TableError for a row that is not well formed."""
    rows = [
        read_row(scenes, given)
        for file in sorted(folder.glob("*.yaml"))
        for given in yaml.safe_load(file.read_text())
    ]
    ids = [row.id for row in rows]
    twice = sorted({one for one in ids if ids.count(one) > 1})
    if twice:
        raise TableError(f"ids used twice: {', '.join(twice)}")
    return rows


def read_row(scenes: Scenes, given: Mapping[str, Any]) -> Row:
    """Read one row. Raises TableError for a column that is unknown or missing."""
    name = given.get("id", "a row without id")
    follow = given.get("then") or []
    _refuse_unknown(name, given, follow)
    try:
        return Row(
            id=given["id"],
            fact=given["fact"],
            when=given["when"],
            source=given["source"],
            exists=tuple(scenes.made(given.get("exists") or ())),
            busy=tuple(step(scenes, scenes.resources[one]) for one in given.get("busy") or ()),
            steps=tuple(step(scenes, one) for one in (given, *follow)),
            principal=given.get("as", "user"),
            lacks=tuple(given.get("lacks") or ()),
            events=tuple(scenes.filled(given.get("events") or [])),
            fails=given.get("fails", ""),
        )
    except KeyError as error:
        raise TableError(f"{name}: {error} is missing") from error


def _refuse_unknown(name: str, given: Mapping[str, Any], follow: Iterable[Mapping[str, Any]]) -> None:
    unknown = set(given) - ROW_ONLY - SENT - ANSWERED
    for one in follow:
        unknown |= set(one) - SENT - ANSWERED
    if unknown:
        raise TableError(f"{name}: unknown columns {', '.join(sorted(unknown))}")


def _write(body: Any, path: str, value: Any) -> None:
    *outer, last = locate(path)
    inner = body
    for part in outer:
        inner = inner[part]
    if value is None:
        del inner[last]
    else:
        inner[last] = value
