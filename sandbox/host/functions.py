"""A loaded app's functions with their bindings, and the result of one invocation.

The worker makes these values; triggers use them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

type Binding = Mapping[str, Any]  # as in a function.json: type, direction, name and what the type needs
# A binding's value on its way in or out: its kind in the protocol ("string", "json", "bytes", "http", ...).
type Value = tuple[str, Any]


class AppLoadError(Exception):
    """The app cannot run here: it does not import, or a binding is wrong or not supported."""


@dataclass(frozen=True, slots=True)
class Function:
    """One function of the app. `id` is the worker's name for it."""

    name: str
    id: str
    bindings: tuple[Binding, ...]
    has_retry_policy: bool = False

    @property
    def trigger(self) -> Binding:
        """Its one trigger binding."""
        return next(one for one in self.bindings if str(one["type"]).lower().endswith("trigger"))

    @property
    def kind(self) -> str:
        """Its trigger's type in lower case, such as `queuetrigger`."""
        return str(self.trigger["type"]).lower()

    @property
    def outputs(self) -> dict[str, Binding]:
        """Output bindings by parameter name; `$return` is the return value."""
        return {one["name"]: one for one in self.bindings if str(one["direction"]).lower() == "out"}


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """The request of an HTTP trigger. Header names are in lower case, repeated values joined by commas."""

    method: str
    url: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    params: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What an HTTP function returned; `cookies` are ready Set-Cookie values."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    cookies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """One invocation's end: `error` is None when it succeeded, else one line, with its `stack`."""

    error: str | None = None
    stack: str = ""
    returned: Value | None = None
    outputs: Mapping[str, Value] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        return self.error is None
