"""Azure's error responses, in any envelope, as the errors of the core.

An error is judged by its code and not by its HTTP status: the lock of a network comes as 409, 429 or 400
(docs/azure/private-endpoints.md, PE-07 and PE-09), and a failed long operation is reported with HTTP 200.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from shared.adapters.arm_codes import (
    BLOCKED,
    LIMIT_REMEDY,
    NOT_GRANTABLE,
    SENTENCES,
    TRANSIENT,
    WRAPPERS,
    is_limit,
)
from shared.core.base.azure_limits import is_throttling
from shared.core.base.errors import (
    BlockedError,
    CausewayError,
    PermanentError,
    RefusedError,
    Throttled,
    TransientError,
    clean,
)
from shared.core.base.refusal import FORBIDDEN_CODES
from shared.core.base.rights import assignment, principal_in

SHOWN = 500  # characters of Azure's own text that an error repeats
READ = 4000  # characters of it that are read: two long ids come before the one that matters
LONGEST_WAIT = 7 * 86_400.0  # seconds: a queued work item can be delayed so long (`adapters/queue.py`)
LONGEST_DATE = 40  # characters of an HTTP date; it has 29

_ACTION = re.compile(
    r"(?:does not have authorization to perform action|does not have permission to perform action)(?:\(s\))?"
    r" '(?P<action>[^']+)' (?:over scope|on the linked scope\(s\)|on the linked scope) '(?P<scope>[^']+)'"
)
_LOCKED = re.compile(r"following scope\(s\) are locked: '(?P<scope>[^']+)'")
_NAMED = re.compile(r"^Resource (?P<id>/subscriptions/\S+) referenced by resource", re.I)
_POLICY = re.compile(r'"policyAssignment"\s*:\s*\{\s*"name"\s*:\s*"(?P<name>[^"]+)"')
_DENIAL = re.compile(r"deny assignment with name '(?P<name>[^']+)'(?:.*? at scope '(?P<scope>[^']+)')?")
_FOREIGN = re.compile(r"access linked subscription '(?P<scope>[^']+)'")
_SECONDS = re.compile(r"[0-9]+(\.[0-9]*)?")
_SIGNED = re.compile(r"\?\S*")  # a query may hold a signature: do not log it


class Missing(PermanentError):  # noqa: N818
    """404 with a code that says what is missing: the resource, its parent, or its group.

    For a read or a delete that is a normal result. `on_write` is the error that it means for a write.
    """

    def __init__(self, code: str, message: str, on_write: CausewayError) -> None:
        super().__init__(code, message)
        self.on_write = on_write


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error response. `status` is None for a failed long operation; `code` is the most specific one.

    `assignment`: id or name of the Azure Policy assignment that denied the request, where the error names it.
    """

    status: int | None
    code: str
    message: str
    retry_after: float | None = None
    assignment: str = ""

    def error(self) -> CausewayError:
        """The error of the core."""
        code = self.code.lower()
        text = clean(f"{self.code}: {self.message}" if self.message else self.code, SHOWN)
        if code in FORBIDDEN_CODES or self._forbidden(code):
            return self._not_allowed(text)
        if self.status == 404 and code.endswith("notfound") and code != "subscriptionnotfound":
            return Missing(self.code, text, self._judged(code, text))
        return self._judged(code, text)

    def _judged(self, code: str, text: str) -> CausewayError:
        if code in BLOCKED:
            remedy = BLOCKED[code]
            if self.assignment:
                return BlockedError(self.code, text, f"{remedy} ({self.assignment})")
            return BlockedError(self.code, text, _with_object(remedy, self.message))
        if is_limit(code):
            return BlockedError(self.code, text, LIMIT_REMEDY)
        if code in TRANSIENT or self.status in (401, 408, 412, 429) or (self.status or 0) >= 500:
            kind = Throttled if is_throttling(self.status, self.code) else TransientError
            return kind(text, self.retry_after, self.code)
        if self.status is not None and 400 <= self.status < 500 and self.status != 404:  # a region may lag
            return RefusedError(self.code, text)
        return PermanentError(self.code, text)

    def _not_allowed(self, text: str) -> CausewayError:
        """A missing right, unless the message says that no grant would help."""
        for pattern, code in NOT_GRANTABLE:
            if pattern.search(self.message):
                return BlockedError(code, text, _with_object(BLOCKED[code.lower()], self.message))
        return BlockedError(self.code, text, _grant(self.message), _commands(self.message))

    def _forbidden(self, code: str) -> bool:
        return self.status == 403 and code not in BLOCKED


def refusal(status: int | None, headers: Mapping[str, str], body: str) -> Refusal:
    """Read an error response: in ARM's envelope, without it, capitalised, an empty body, or HTML."""
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
    return Refusal(status, clean(code) or f"Http{status}", text, wait_hint(headers), _assignment(inner))


def failure(error: object, state: str) -> Refusal:
    """Read the `error` of a failed long operation; `state` is failed or canceled."""
    if isinstance(error, dict) and error:
        return refusal(None, {}, json.dumps({"error": error}))
    code = "Canceled" if state == "canceled" else "FailedSilently"
    return Refusal(None, code, "the operation gave no reason")


def wait_hint(headers: Mapping[str, str]) -> float | None:
    """The seconds to wait that a response names, None if none: ARM sends whole seconds, or milliseconds.

    RFC 9110, section 10.2.3, also permits a date. It counts from the `Date` of the response.
    """
    sent = {name.lower(): value.strip() for name, value in headers.items()}
    for name, factor in (("x-ms-retry-after-ms", 0.001), ("retry-after-ms", 0.001), ("retry-after", 1.0)):
        text = sent.get(name, "")
        if _SECONDS.fullmatch(text):
            return min(LONGEST_WAIT, float(text) * factor)
    until = _moment(sent.get("retry-after", ""))
    since = _moment(sent.get("date", "")) or datetime.now(UTC)
    return None if until is None else min(LONGEST_WAIT, max(0.0, (until - since).total_seconds()))


def _moment(text: str) -> datetime | None:
    """An HTTP date; None for any other text."""
    try:
        found = parsedate_to_datetime(text) if len(text) <= LONGEST_DATE else None
    except (ValueError, OverflowError):
        return None
    return found and found.replace(tzinfo=found.tzinfo or UTC)


def _decoded(body: str) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None  # empty, or a gateway's HTML


def _inner(found: Any) -> Mapping[str, Any]:
    """The object that holds the code, with or without an envelope, with names in lower case."""
    outer = _lower(found)
    inner = _lower(outer.get("error"))
    return inner or outer


def _details(inner: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    details = inner.get("details")
    return [_lower(entry) for entry in details] if isinstance(details, list) else []


def _assignment(inner: Mapping[str, Any]) -> str:
    """The policy assignment in `additionalInfo`: the newer form of the message does not name it.

    Source: Microsoft Learn, "Azure Policy definitions deny effect"; Azure/azure-service-operator#5074.
    """
    listed = inner.get("additionalinfo")
    for entry in map(_lower, listed if isinstance(listed, list) else []):
        info = _lower(entry.get("info"))
        if found := _field(info, "policyassignmentid") or _field(info, "policyassignmentname"):
            return clean(found, READ)
    return ""


def _lower(value: Any) -> Mapping[str, Any]:
    return {str(name).lower(): item for name, item in value.items()} if isinstance(value, dict) else {}


def _field(inner: Mapping[str, Any], name: str) -> str:
    value = inner.get(name)
    return str(value) if isinstance(value, str | int) else ""


def _grant(message: str) -> str:
    """What to grant, as Azure's message names it."""
    if found := _ACTION.search(message):
        return f"grant the app's identity the action {found['action']} on {found['scope']}"
    return "grant the app's identity the permissions of the Causeway role on this resource"


def _commands(message: str) -> str:
    """The commands that grant it, where Azure's message names action and scope."""
    found = _ACTION.search(message)
    if found is None:
        return ""
    return assignment([found["action"]], found["scope"].split(",")[0], principal_in(message))


def _blocking_id(message: str) -> str | None:
    """The id of the blocking object, where Azure's message names it."""
    found = _NAMED.search(message)
    if found:
        return found["id"]
    locked = _LOCKED.search(message)
    return locked["scope"] if locked else None


def _with_object(remedy: str, message: str) -> str:
    """The remedy with the name or id that Azure's message has, if any."""
    if found := _DENIAL.search(message):
        where = f" at scope {found['scope']}" if found["scope"] else ""
        return f"{remedy} ({found['name']}{where})"
    if found := _POLICY.search(message):
        return f"{remedy} ({found['name']})"
    if found := _FOREIGN.search(message):
        return f"{remedy} (subscription {found['scope']})"
    found_id = _blocking_id(message)
    return f"{remedy}: {found_id}" if found_id else remedy
