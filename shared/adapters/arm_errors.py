"""Azure's refusals, read from whatever they come in, as the errors of the core.

Place in the data's way: the edge of `arm`. Judged by meaning and not by number: one lock of a network is
a 409, a 429 or a 400 by chance (recorded ARM traffic), and a failed long operation is told with HTTP 200.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.adapters.arm_codes import BLOCKED, LIMIT_REMEDY, SENTENCES, TRANSIENT, WRAPPERS, is_limit
from shared.core.base.errors import BlockedError, CausewayError, PermanentError, TransientError, clean

SHOWN = 500  # characters of Azure's own text that an error repeats
READ = 4000  # characters of it that we read: two long ids stand before the one that matters
LONGEST_WAIT = 3600.0  # seconds; whoever asks for more is not believed

_ACTION = re.compile(
    r"(?:does not have authorization to perform action|does not have permission to perform action)(?:\(s\))?"
    r" '(?P<action>[^']+)' (?:over scope|on the linked scope\(s\)|on the linked scope) '(?P<scope>[^']+)'"
)
_LOCKED = re.compile(r"following scope\(s\) are locked: '(?P<scope>[^']+)'")
_NAMED = re.compile(r"^Resource (?P<id>/subscriptions/\S+) referenced by resource", re.I)
_POLICY = re.compile(r'"policyAssignment"\s*:\s*\{\s*"name"\s*:\s*"(?P<name>[^"]+)"')
_SIGNED = re.compile(r"\?\S*")  # a query may be a signature: what follows the path is not for logs


class Missing(PermanentError):  # noqa: N818
    """404, and Azure says what is missing: the resource, its parent, or its group.

    Whoever reads or deletes takes that for an answer; `to_a_writer` is what it means to who wants to write.
    """

    def __init__(self, code: str, message: str, to_a_writer: CausewayError) -> None:
        super().__init__(code, message)
        self.to_a_writer = to_a_writer


@dataclass(frozen=True, slots=True)
class Refusal:
    """What Azure said. `status` is None for a failed long operation; `code` is the most telling one."""

    status: int | None
    code: str
    message: str
    retry_after: float | None = None

    def error(self) -> CausewayError:
        """The error that says what has to happen next."""
        code = self.code.lower()
        text = clean(f"{self.code}: {self.message}" if self.message else self.code, SHOWN)
        if code in ("authorizationfailed", "linkedauthorizationfailed") or self._forbidden(code):
            return BlockedError(self.code, text, _grant(self.message))
        if self.status == 404 and code.endswith("notfound") and code != "subscriptionnotfound":
            return Missing(self.code, text, self._judged(code, text))
        return self._judged(code, text)

    def _judged(self, code: str, text: str) -> CausewayError:
        if code in BLOCKED:
            return BlockedError(self.code, text, _pointed(BLOCKED[code], self.message))
        if is_limit(code):
            return BlockedError(self.code, text, LIMIT_REMEDY)
        if code in TRANSIENT or self.status in (401, 408, 412, 429) or (self.status or 0) >= 500:
            return TransientError(text, self.retry_after, self.code)
        return PermanentError(self.code, text)

    def _forbidden(self, code: str) -> bool:
        return self.status == 403 and code not in BLOCKED


def refusal(status: int | None, headers: Mapping[str, str], body: str) -> Refusal:
    """Read an error answer: ARM's envelope, the bare one, the capitalised one, an empty body, or HTML."""
    inner = _inner(_decoded(body))
    code, message = _field(inner, "code"), _field(inner, "message")
    for entry in _details(inner):
        detail = _field(entry, "code")
        if detail and code.lower() in WRAPPERS and (detail.lower() in TRANSIENT or detail.lower() in BLOCKED):
            code, message = detail, _field(entry, "message") or message
            break
    named = next((name for pattern, name in SENTENCES if pattern.search(message)), None)
    if named and code.lower() in WRAPPERS:
        code = named
    text = clean(_SIGNED.sub("", message), READ)
    return Refusal(status, clean(code) or f"Http{status}", text, wait_hint(headers))


def failure(error: object, state: str) -> Refusal:
    """Read the `error` of a failed long operation; `state` is failed or canceled."""
    if isinstance(error, dict) and error:
        return refusal(None, {}, json.dumps({"error": error}))
    code = "Canceled" if state == "canceled" else "FailedSilently"
    return Refusal(None, code, "the operation gave no reason")


def wait_hint(headers: Mapping[str, str]) -> float | None:
    """The seconds to wait that the answer names, None if none: ARM sends whole seconds, or milliseconds."""
    sent = {name.lower(): value for name, value in headers.items()}
    for name, factor in (("x-ms-retry-after-ms", 0.001), ("retry-after-ms", 0.001), ("retry-after", 1.0)):
        text = sent.get(name, "")
        if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,6})?", text):
            return min(LONGEST_WAIT, float(text) * factor)
    return None


def _decoded(body: str) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None  # empty, or a gateway's HTML


def _inner(found: Any) -> Mapping[str, Any]:
    """The object that holds the code, whatever it is wrapped in and however its names are written."""
    outer = _lower(found)
    inner = _lower(outer.get("error"))
    return inner or outer


def _details(inner: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    details = inner.get("details")
    return [_lower(entry) for entry in details] if isinstance(details, list) else []


def _lower(value: Any) -> Mapping[str, Any]:
    return {str(name).lower(): item for name, item in value.items()} if isinstance(value, dict) else {}


def _field(inner: Mapping[str, Any], name: str) -> str:
    value = inner.get(name)
    return str(value) if isinstance(value, str | int) else ""


def _grant(message: str) -> str:
    """What to grant, taken from Azure's own sentence."""
    if found := _ACTION.search(message):
        return f"grant the app's identity the action {found['action']} on {found['scope']}"
    return "grant the app's identity the rights of the Causeway role where this happened"


def _culprit(message: str) -> str | None:
    """The id of what stands in the way, where Azure's sentence names it."""
    found = _NAMED.search(message)
    if found:
        return found["id"]
    locked = _LOCKED.search(message)
    return locked["scope"] if locked else None


def _pointed(remedy: str, message: str) -> str:
    """The remedy, with what it is about where Azure's sentence names it."""
    if found := _POLICY.search(message):
        return f"{remedy} ({found['name']})"
    culprit = _culprit(message)
    return f"{remedy}: {culprit}" if culprit else remedy
