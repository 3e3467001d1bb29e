"""Errors, divided by what has to happen next.

The core and the adapters raise these, the flow turns them into outcomes. Exceptions of an SDK end in the
adapters, chained to one of these.

    CausewayError
    ├── TransientError      passes by itself: wait, then send the request again
    ├── ConfirmationNeeded  not done until a person confirms it
    ├── BlockedError        a person has to act first; `remedy` says how
    ├── PermanentError      not known to pass: a failed outcome
    │   └── RefusedError    ... Azure refused the request with an unknown code: it is not sent again as it is
    ├── InputError          a value from outside is wrong
    │   └── InvalidId       ... it is not a valid ARM id
    └── FaultsError         the configuration has faults; all of them are named together
        └── PolicyError     ... in the policy; SettingsError is the same for the settings
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from shared.core.base.secrets import hide

SHORT = 120  # characters of an untrusted value that a message repeats

# Control characters, format characters (bidirectional overrides, zero-width marks) and lone surrogates. With
# the line separators, which `split` removes, these can move a cursor, forge a log line, or hide text.
_UNPRINTABLE = frozenset({"Cc", "Cf", "Cs"})


def clean(text: str, limit: int = SHORT) -> str:
    """Make untrusted text safe to print and to store: unprintable characters become spaces, secrets `***`.

    Returns at most `limit` characters; an ellipsis at the end marks a longer text.
    """
    seen = text[: 4 * limit]  # enough to fill the limit, and bounded work for a hostile length
    printable = "".join(" " if unicodedata.category(char) in _UNPRINTABLE else char for char in seen)
    folded = hide(" ".join(printable.split()))
    if len(folded) <= limit and len(seen) == len(text):
        return folded
    return folded[: limit - 1].rstrip() + "…"


class CausewayError(Exception):
    """The root of all errors. Catch it where a reconcile pass begins; raise one of its subclasses."""


class TransientError(CausewayError):
    """It passes by itself. `retry_after`: seconds that Azure asks to wait; None if it names no time."""

    def __init__(self, message: str, retry_after: float | None = None, code: str = "") -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.code = code


class StillRunning(TransientError):  # noqa: N818 - a state of things, named as one
    """The time of the reconcile pass is over while a long operation still runs; a later pass waits for it."""


class Throttled(TransientError):  # noqa: N818
    """A request limit of Azure is reached. It is no fault of the resource, so it is never given up."""


class Outdated(TransientError):  # noqa: N818
    """Another client wrote the object since the reading on which a write rested: read and plan again."""


class LostClaim(TransientError):  # noqa: N818
    """The right to work on a target, or on a shared object, has ended before the work was done."""


class BudgetSpent(TransientError):  # noqa: N818
    """A limit of the policy on what is created in an hour is reached: it is created later. `remedy` says how
    to have it sooner.
    """

    def __init__(self, message: str, retry_after: float, remedy: str) -> None:
        super().__init__(message, retry_after, "CreationBudget")
        self.remedy = remedy


class ConfirmationNeeded(CausewayError):  # noqa: N818
    """It is not done until a person confirms it: a limit of the policy says so. `remedy` says how."""

    def __init__(self, code: str, message: str, remedy: str) -> None:
        super().__init__(message)
        self.code = code
        self.remedy = remedy


class BlockedError(CausewayError):
    """It does not pass until a person acts. `remedy` says how, and names the object where it is known.

    `commands`: what to run for that, where a command does it.
    """

    def __init__(self, code: str, message: str, remedy: str, commands: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.remedy = remedy
        self.commands = commands


class NotKept(BlockedError):  # noqa: N818
    """Azure answered a write with success and other values than were sent: sent again, it would again."""


class TagsNotKept(NotKept):
    """Nothing but tags differs: the object serves as it is."""


class PermanentError(CausewayError):
    """It failed, and a retry is not known to help."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class RefusedError(PermanentError):
    """Azure refused the request (4xx) with a code that is not known: the same request is refused again."""

    def __init__(self, code: str, message: str, remedy: str = "") -> None:
        super().__init__(code, message)
        self.remedy = remedy or (
            "correct what the message names, then rerun the resource: the same request is sent again after a "
            "rerun, or once the resource or its profile changed"
        )


class NotAttempted(PermanentError):  # noqa: N818
    """An object that this action needs could not be made, so the action was not tried."""


class InputError(CausewayError):
    """A value from outside is wrong: the field, the value (cleaned and cut), and what to give instead."""

    def __init__(self, field: str, value: str, remedy: str) -> None:
        self.field = field
        self.value = clean(value)
        self.remedy = remedy
        super().__init__(f"{field} '{self.value}': {remedy}")


class InvalidId(InputError):  # noqa: N818 - it names the wrong value, not an exception
    """The text is not a valid ARM id. `why` names the first rule that it breaks."""

    def __init__(self, value: str, why: str, remedy: str = "copy the id from Azure") -> None:
        super().__init__("id", value, f"{why}; {remedy}")
        self.why = why


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: its path (`profiles.default.clients[0]`), the value, what is wrong, and the remedy.

    `line` and `column`: where it is in the text, from 1; 0 where there is no text. They do not decide whether
    two faults are equal. A warning does not keep the configuration from being used.
    """

    path: str
    value: str
    problem: str
    remedy: str
    line: int = field(default=0, compare=False)
    column: int = field(default=0, compare=False)
    level: Literal["fault", "warning"] = "fault"

    @property
    def position(self) -> str:
        """`line 3, column 5`; empty where there is no text."""
        return f"line {self.line}, column {self.column}" if self.line else ""

    def __str__(self) -> str:
        at = f"{self.position}: " if self.position not in ("", self.path) else ""
        shown = f" '{self.value}'" if self.value else ""
        return f"{at}{self.path}{shown}: {self.problem}; {self.remedy}"


class FaultsError(CausewayError):
    """The configuration cannot be used. Carries every fault, so that they can be corrected in one round."""

    what = "the configuration has"

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        count = "1 fault" if len(self.faults) == 1 else f"{len(self.faults)} faults"
        super().__init__("\n".join([f"{self.what} {count}", *(f"- {fault}" for fault in self.faults)]))


class PolicyError(FaultsError):
    """The policy cannot be used."""

    what = "the policy has"
