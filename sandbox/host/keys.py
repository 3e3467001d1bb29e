"""Access keys for HTTP functions, the webhook and /admin.

Without a key file no key is needed, as with Azure Functions Core Tools. Source: Microsoft Learn,
"Work with access keys in Azure Functions".
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from aiohttp import web

from sandbox.host.functions import AppLoadError

EVENT_GRID = "eventgrid_extension"


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of one app. `functions`: per function, key by name; `host`: for every function."""

    master: str
    host: Mapping[str, str] = field(default_factory=dict)
    system: Mapping[str, str] = field(default_factory=dict)
    functions: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @classmethod
    def load(cls, file: Path) -> Self:
        """Read `{"masterKey": "..", "functionKeys": {name: ..}, "systemKeys": {}, "functions": {name: {}}}`.

        Only the first is needed. Raises AppLoadError.
        """
        try:
            body = json.loads(file.read_text())
            return cls(
                str(body["masterKey"]),
                dict(body.get("functionKeys", {})),
                dict(body.get("systemKeys", {})),
                {name: dict(keys) for name, keys in body.get("functions", {}).items()},
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise AppLoadError(f"{file} is no key file: {error!r}") from error

    def accepted(self, level: str, function: str = "") -> list[str]:
        """The keys that are accepted at this level: function, system (the Event Grid webhook), or admin."""
        match level:
            case "function":
                own = self.functions.get(function, {})
                return [self.master, *self.host.values(), *own.values()]
            case "system":
                return [self.master, *(key for name, key in self.system.items() if name == EVENT_GRID)]
            case _:
                return [self.master]


def allowed(keys: Keys | None, request: web.Request, level: str, function: str = "") -> bool:
    """Whether the request carries a key, as `?code=` or `x-functions-key`, that its level needs."""
    if keys is None or level == "anonymous":
        return True
    given = request.query.get("code") or request.headers.get("x-functions-key") or ""
    return _any_equal(given, keys.accepted(level, function))


def _any_equal(given: str, keys: Iterable[str]) -> bool:
    return any(hmac.compare_digest(given.encode(), one.encode()) for one in keys)
