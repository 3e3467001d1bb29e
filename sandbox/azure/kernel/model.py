"""Requests, responses, errors and stored resources."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, Literal

from sandbox.azure.kernel.ids import ArmId

type Json = dict[str, Any]
type EtagStyle = Literal["weak", "bare", "quoted", "stamp", "weak_stamp", "none"]
type Envelope = Literal["arm", "bare", "capitalised", "empty", "html"]


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request, without its transport.

    `path` is decoded, without query; `query` has lower-case keys; `headers` has lower-case keys; `body` is
    the parsed JSON (None when there is none); `origin` is scheme and host as the client named them
    ("https://localhost:8443"): URLs in answers begin with it.
    """

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    origin: str = "https://management.azure.com"


@dataclass(slots=True)
class Response:
    """One HTTP answer. `body` None is an empty body; a str is sent as it is (HTML).

    `delay`: simulated seconds that the service holds the request before it answers; the simulator waits
    after the handler has run, so the change is stored at once and only the answer is late.
    `retry_after`: simulated seconds; the simulator chooses the header by the clock's speed (Retry-After, or
    x-ms-retry-after-ms).
    `drop`: the connection is reset instead of answering (only faults set it).
    """

    status: int
    body: Json | list[Any] | str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    retry_after: float | None = None
    drop: bool = False


class ArmError(Exception):
    """An error answer. A handler raises it to refuse a request; a failed long operation keeps it.

    envelope (source: docs/azure/errors-and-locks.md, ERR-01):
      arm          {"error": {"code", "message", "details": [..]}}   ARM, network, storage
      bare         {"code", "message"}                               private DNS record sets
      capitalised  {"Code", "Message", "Target", "Details", ...}     Microsoft.Web
      empty, html  503 answers of gateways
    details: further {"code", "message"} entries; `details=None` leaves the member out, as ARM itself does.
    cause: "service" (from a resource provider) or "gateway" (from ARM itself), in `x-ms-failure-cause`.
    retry_after: simulated seconds for the Retry-After header, None for no header.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        details: list[Json] | None = None,
        cause: Literal["service", "gateway"] = "service",
        envelope: Envelope = "arm",
        retry_after: float | None = None,
        headers: Mapping[str, str] | None = None,
        extra: Json | None = None,
    ) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status, self.code, self.message = status, code, message
        self.details, self.cause, self.envelope = details, cause, envelope
        self.retry_after, self.headers, self.extra = retry_after, dict(headers or {}), dict(extra or {})

    @property
    def error(self) -> Json:
        """The object under "error", in answers and in failed polls."""
        inner: Json = {"code": self.code, "message": self.message}
        if self.details is not None:
            inner["details"] = deepcopy(self.details)
        return inner | self.extra

    @property
    def body(self) -> Json | str | None:
        """The whole answer's body in this error's envelope."""
        match self.envelope:
            case "arm":
                return {"error": self.error}
            case "bare":
                return {"code": self.code, "message": self.message}
            case "capitalised":
                return {
                    "Code": self.code,
                    "Message": self.message,
                    "Target": None,
                    "Details": [{"Message": self.message}, {"Code": self.code}],
                    "Innererror": None,
                }
            case "empty":
                return None
            case "html":
                return f"<html><head><title>{self.status}</title></head><body>{self.message}</body></html>"


class Resource:
    """One stored resource.

    `id` keeps the case of the creating request; `body` holds what a GET shows except id, name, type and etag:
    location, tags, sku, kind, identity, properties ... (`properties` always exists). `etag` is shown as it
    is; `world.touch` changes it. `private` is state that only the provider uses; no answer shows it.
    `created`, `changed`: simulated seconds; a list shows them when it is asked to. `observer` is called
    before the content is read or changed (history.py).
    """

    __slots__ = ("_body", "_etag", "_private", "changed", "created", "id", "observer")

    def __init__(self, id: ArmId, body: Json, etag: str | None = None, private: Json | None = None) -> None:
        self.id = id
        self.created = self.changed = 0.0
        self.observer: Callable[[Resource], None] | None = None
        self._body, self._etag = body, etag
        self._private: Json = private if private is not None else {}

    @property
    def content(self) -> tuple[Json, Json, str | None]:
        """Body, private state and etag, without a call of the observer."""
        return self._body, self._private, self._etag

    @content.setter
    def content(self, value: tuple[Json, Json, str | None]) -> None:
        self._body, self._private, self._etag = value

    @property
    def body(self) -> Json:
        if self.observer is not None:
            self.observer(self)
        return self._body

    @body.setter
    def body(self, value: Json) -> None:
        if self.observer is not None:
            self.observer(self)
        self._body = value

    @property
    def private(self) -> Json:
        if self.observer is not None:
            self.observer(self)
        return self._private

    @private.setter
    def private(self, value: Json) -> None:
        if self.observer is not None:
            self.observer(self)
        self._private = value

    @property
    def etag(self) -> str | None:
        return self._etag

    @etag.setter
    def etag(self, value: str | None) -> None:
        if self.observer is not None:
            self.observer(self)
        self._etag = value

    @property
    def name(self) -> str:
        return self.id.name

    @property
    def type(self) -> str:
        return self.id.type

    @property
    def properties(self) -> Json:
        """The stored `properties` object itself: a change to it changes the resource."""
        properties: Json = self.body.setdefault("properties", {})
        return properties

    @property
    def location(self) -> str:
        return str(self.body.get("location") or "")

    @property
    def tags(self) -> dict[str, str]:
        return self.body.get("tags") or {}

    @property
    def state(self) -> str | None:
        return self.properties.get("provisioningState")

    @state.setter
    def state(self, value: str) -> None:
        self.properties["provisioningState"] = value

    def shown(self) -> Json:
        """A copy as the default GET shows it: name, id, etag, type first, as ARM writes them."""
        head: Json = {"name": self.name, "id": self.id.text}
        if self.etag is not None:
            head["etag"] = self.etag
        return head | {"type": self.type} | copied(self.body)


def copied[T](value: T) -> T:
    """A copy of a JSON value, in a fraction of the time that `deepcopy` takes."""
    if isinstance(value, dict):
        return {name: copied(one) for name, one in value.items()}  # type: ignore[return-value]
    if isinstance(value, list):
        return [copied(one) for one in value]  # type: ignore[return-value]
    return value
