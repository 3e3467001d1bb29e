"""Errors, told apart by what somebody can do about them.

    CausewayError
    ├── TransientError      passes by itself: wait, send again
    ├── BlockedError        a person must change something first; carries the remedy
    ├── PermanentError      nothing known helps; recorded as Failed
    └── InputError          what was given to us is wrong: field, value, remedy
        ├── InvalidId       not an ARM id
        └── PolicyError     every fault of a policy at once

SDK exceptions end in the adapters, chained to one of these.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

SHORTENED = 300


def clean(text: object, limit: int = SHORTENED) -> str:
    """Text from outside, safe to print and store: no control, format or surrogate characters, shortened.

    Line breaks, ANSI escapes and bidirectional overrides in a tag must not forge a log line.
    """
    whole = str(text)
    kept = "".join(
        char if unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Zl", "Zp") else " "
        for char in whole[: limit + 1]
    )
    return kept if len(whole) <= limit else f"{kept[: limit - 1]}…"


class CausewayError(Exception):
    """Base of all errors that Causeway raises on purpose."""


class TransientError(CausewayError):
    """It passes by itself. `retry_after` in seconds, None where Azure names none."""

    def __init__(self, message: str, retry_after: float | None = None, code: str = "") -> None:
        super().__init__(clean(message, 2_000))
        self.retry_after = retry_after
        self.code = code


class BlockedError(CausewayError):
    """Something that Causeway may not change stands in the way; `remedy` is a sentence for a person."""

    def __init__(self, code: str, message: str, remedy: str, resource: str | None = None) -> None:
        super().__init__(clean(message, 2_000))
        self.code = code
        self.remedy = remedy
        self.resource = resource


class PermanentError(CausewayError):
    """Sending it again would fail in the same way."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(clean(message, 2_000))
        self.code = code


class InputError(CausewayError):
    """Something given to Causeway is wrong: which field, which value, what to do about it."""

    def __init__(self, field: str, value: object, remedy: str) -> None:
        self.field = field
        self.value = clean(value, 120)
        self.remedy = remedy
        super().__init__(f"{field}: '{self.value}' is not valid; {remedy}")


class InvalidId(InputError):  # noqa: N818 - named for what it is, like its siblings in the tree
    """Not a well-formed ARM id."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of a policy: where (`profiles.default.clients[0]`), which value, what is wrong, the remedy."""

    path: str
    value: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        shown = f" '{self.value}'" if self.value else ""
        return f"{self.path or 'policy'}:{shown} {self.problem}; {self.remedy}"


class PolicyError(InputError):
    """A policy cannot be used. `faults` has all of them."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        self.faults = faults
        super().__init__("policy", f"{len(faults)} faults", "; ".join(str(fault) for fault in faults))
