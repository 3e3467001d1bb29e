"""Errors over HTTP in one shape: problem details (RFC 9457), sent as `application/problem+json`.

`type`, `title`, `status` and `detail` are always there. A problem may have members of its own: `field`,
`value` and `remedy` for a wrong value; `faults` for settings and policy, each with `path`, `value`, `problem`
and `remedy`; `code` for an error of Azure; `correlation` for what only the log explains.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import azure.functions as func

from shared.core.base.errors import BlockedError, FaultsError, InputError, TransientError

MEDIA_TYPE = "application/problem+json"
RETRY_SECONDS = 5.0  # where a transient error names no time


@dataclass(frozen=True, slots=True)
class Problem:
    """One error. `kind` is the last part of its type; `members` come beside the standard ones."""

    status: int
    kind: str
    title: str
    detail: str
    members: Mapping[str, object] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    def response(self) -> func.HttpResponse:
        """The HTTP response."""
        standard = {
            "type": f"urn:problem-type:causeway:{self.kind}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
        }
        text = json.dumps({**standard, **self.members}, indent=2, ensure_ascii=False)
        return func.HttpResponse(
            text, status_code=self.status, headers=dict(self.headers), mimetype=MEDIA_TYPE
        )


def expected(error: Exception) -> Problem | None:
    """The problem for an error that a caller can act on; None for any other error."""
    match error:
        case InputError():
            return invalid_input(error)
        case FaultsError():
            return misconfigured(error)
        case TransientError():
            return unavailable(error)
        case BlockedError():
            return blocked(error)
        case _:
            return None


def invalid_input(error: InputError) -> Problem:
    """400: a value in the request is wrong."""
    return Problem(400, "invalid-input", "A value in the request is wrong", str(error), _named(error))


def not_found(error: InputError) -> Problem:
    """404: the value is well formed and names nothing."""
    return Problem(404, "not-found", "Nothing is known under this name", str(error), _named(error))


def misconfigured(error: FaultsError) -> Problem:
    """503 until the operator corrects the settings or the policy. A caller with a key may read the faults."""
    faults = [
        {
            "path": one.path,
            "value": one.value,
            "problem": one.problem,
            "remedy": one.remedy,
            **({"line": one.line, "column": one.column} if one.line else {}),
        }
        for one in error.faults
    ]
    detail = str(error).partition("\n")[0]
    return Problem(
        503, "misconfigured", "The settings or the policy of the app are wrong", detail, {"faults": faults}
    )


def unavailable(error: TransientError) -> Problem:
    """503 with Retry-After: the same request succeeds later."""
    seconds = RETRY_SECONDS if error.retry_after is None else error.retry_after
    return Problem(
        503,
        "unavailable",
        "A service that the app needs does not answer now",
        str(error),
        {"code": error.code, "remedy": "send the request again later"},
        {"Retry-After": str(max(1, math.ceil(seconds)))},
    )


def blocked(error: BlockedError) -> Problem:
    """503 until a person acts as the remedy says, such as granting the app a role."""
    members = {"code": error.code, "remedy": error.remedy}
    return Problem(503, "blocked", "The app cannot answer until a person acts", str(error), members)


def unexpected(correlation: str) -> Problem:
    """500: a fault of the app. The log has it under `correlation` (a UUID); the caller sees nothing of it."""
    members = {
        "instance": f"urn:uuid:{correlation}",
        "correlation": correlation,
        "remedy": "look for the correlation in the log of the app",
    }
    return Problem(500, "unexpected", "The app failed", "the request ended in an unexpected error", members)


def _named(error: InputError) -> dict[str, object]:
    return {"field": error.field, "value": error.value, "remedy": error.remedy}
