"""Route templates of HTTP functions: the function of a path, and its parameters.

Templates are those of ASP.NET that Azure Functions documents: `{name}`, `{name?}`, `{name=default}`,
`{name:constraint}`, `{*rest}`; without case; literal segments before constrained ones before free ones.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import unquote

from sandbox.host.functions import AppLoadError

CONSTRAINTS = {
    "int": r"-?\d+",
    "long": r"-?\d+",
    "decimal": r"-?\d+(?:\.\d+)?",
    "double": r"-?\d+(?:\.\d+)?",
    "float": r"-?\d+(?:\.\d+)?",
    "bool": r"true|false",
    "guid": r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    "alpha": r"[a-z]+",
}
PARAMETER = re.compile(r"\{(\*?)(\w+)(?::(\w+))?(?:=([^{}?]*))?(\??)\}")
LITERAL, CONSTRAINED, FREE, REST = range(4)


@dataclass(frozen=True, slots=True)
class Route:
    """One template. `rank` orders templates: the lower is tried first."""

    template: str
    pattern: re.Pattern[str]
    rank: tuple[int, ...]
    defaults: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, template: str) -> Self:
        """Read a template. Raises AppLoadError for an unsupported one."""
        pattern, rank, defaults = "", [], {}
        for segment in filter(None, template.split("/")):
            if "{" not in segment:
                pattern += f"/{re.escape(segment)}"
                rank.append(LITERAL)
                continue
            match = PARAMETER.fullmatch(segment)
            if match is None or (match[3] and match[3] not in CONSTRAINTS):
                raise AppLoadError(f"route {template!r}: {segment!r} is not supported by this host")
            rest, name, constraint, default, optional = match.groups()
            value = ".*" if rest else CONSTRAINTS.get(constraint or "", "[^/]+")
            may_lack = bool(rest or optional or default is not None)
            pattern += f"(?:/(?P<{name}>{value}))?" if may_lack else f"/(?P<{name}>{value})"
            rank.append(REST if rest else CONSTRAINED if constraint else FREE)
            if default is not None:
                defaults[name] = default
        return cls(template, re.compile(f"{pattern}/?", re.IGNORECASE), tuple(rank), defaults)

    def match(self, raw_path: str) -> dict[str, str] | None:
        """The parameters when the path (still percent-encoded) fits, else None."""
        match = self.pattern.fullmatch(raw_path)
        if match is None:
            return None
        given = {name: unquote(value) for name, value in match.groupdict().items() if value is not None}
        return dict(self.defaults) | given
