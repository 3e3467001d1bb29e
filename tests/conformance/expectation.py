"""What a row expects of an answer: the status, the headers and the members of the body that matter.

An expected value is a literal, `present`, `absent`, `{matches: REGEX}` or `{length: NUMBER}`. A path is
written `properties.subnets[0].name`; `.` is the whole body.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from string import Template
from typing import Any, Self

from sandbox.azure.kernel.model import Response

_PART = re.compile(r"([^.\[\]]+)|\[(\d+)\]")
_MISSING = object()


@dataclass(frozen=True, slots=True)
class Expectation:
    """`statuses`: one, or for a race every one that occurs; none means any success.

    `by_status`: what one answer of a race has besides: `{409: {"headers": ..., "answer": ...}}`.
    """

    statuses: tuple[int, ...]
    headers: Mapping[str, Any]
    answer: Mapping[str, Any]
    by_status: Mapping[int, Mapping[str, Mapping[str, Any]]]

    @classmethod
    def parse(cls, given: Mapping[str, Any]) -> Self:
        """Read the columns of an answer; without `status` any success will do."""
        status = given.get("status", ())
        statuses = (status,) if isinstance(status, int) else tuple(status)
        return cls(
            statuses, given.get("headers") or {}, given.get("answer") or {}, given.get("by_status") or {}
        )

    def filled(self, names: Mapping[str, str]) -> Self:
        """The same with `$name` replaced."""
        return replace(self, headers=fill(self.headers, names), answer=fill(self.answer, names))

    def problems(self, response: Response) -> Iterator[str]:
        """Every difference between the answer and what is expected."""
        if not self._status_fits(response.status):
            yield f"status {response.status}, expected {list(self.statuses) or 'a success'}: {response.body}"
            return
        headers = {name.lower(): value for name, value in response.headers.items()}
        own = self.by_status.get(response.status, {})
        for name, wanted in {**self.headers, **own.get("headers", {})}.items():
            yield from _compare(f"header {name}", headers.get(name.lower(), _MISSING), wanted)
        for path, wanted in {**self.answer, **own.get("answer", {})}.items():
            yield from _compare(path, find(response.body, path), wanted)

    def _status_fits(self, status: int) -> bool:
        return status in self.statuses if self.statuses else 200 <= status < 300


def fill(value: Any, names: Mapping[str, str]) -> Any:
    """The value, however nested, with `$name` replaced; other dollars stay."""
    match value:
        case str():
            return Template(value).safe_substitute(names)
        case list():
            return [fill(one, names) for one in value]
        case dict():
            return {fill(name, names): fill(one, names) for name, one in value.items()}
    return value


def locate(path: str) -> list[str | int]:
    """The steps of a path: names, and positions in lists."""
    return [int(index) if index else name for name, index in _PART.findall(path)]


def find(body: Any, path: str) -> Any:
    """The value at a path; a value of its own kind where there is none."""
    for part in locate(path):
        try:
            body = body[part]
        except (KeyError, IndexError, TypeError):
            return _MISSING
    return _MISSING if body is None else body


def _compare(what: str, actual: Any, wanted: Any) -> Iterator[str]:
    shown = "absent" if actual is _MISSING else repr(actual)
    if not _fits(actual, wanted):
        yield f"{what}: {shown}, expected {wanted!r}"


def _fits(actual: Any, wanted: Any) -> bool:
    match wanted:
        case "absent":
            return actual is _MISSING
        case "present":
            return actual is not _MISSING
        case {"matches": pattern}:
            return isinstance(actual, str) and re.search(pattern, actual) is not None
        case {"length": number}:
            return isinstance(actual, list | dict) and len(actual) == number
    return bool(actual == wanted)
