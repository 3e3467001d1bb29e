"""What can go wrong, told by what has to happen next.

Place in the data's way: beside it. The core and the adapters raise these, the flow turns them into
outcomes; an SDK's exceptions end in the adapters, chained below one of these.

    CausewayError
    ├── TransientError      it passes by itself: wait, then send it again
    ├── BlockedError        a person has to act first; `remedy` says how
    ├── PermanentError      nobody knows that it passes: a failed outcome
    ├── InputError          a value that somebody gave is wrong
    │   └── InvalidId       ... it is not the ARM id that was asked for
    └── FaultsError         what the operator set up has faults, all of them named together
        └── PolicyError     ... in the policy; SettingsError is its sibling for the settings
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

SHORT = 120  # characters of a foreign value that a message repeats

# Control, format (bidirectional overrides, zero-width marks) and lone surrogates: with the line separators,
# which `split` takes out, all that can move a cursor, forge a log line, or show other text than is there.
_UNPRINTABLE = frozenset({"Cc", "Cf", "Cs"})


def clean(text: str, limit: int = SHORT) -> str:
    """Make foreign text fit to print and to store: unprintable characters become spaces, the rest is cut.

    At most `limit` characters come out, an ellipsis at the end saying that there were more.
    """
    seen = text[: 4 * limit]  # enough to fill the limit, and no more work for a hostile length
    printable = "".join(" " if unicodedata.category(char) in _UNPRINTABLE else char for char in seen)
    folded = " ".join(printable.split())
    if len(folded) <= limit and len(seen) == len(text):
        return folded
    return folded[: limit - 1].rstrip() + "…"


class CausewayError(Exception):
    """The root. Catch it at a walk's edge; raise one of its children."""


class TransientError(CausewayError):
    """It passes by itself. `retry_after`: seconds that Azure asked to wait, if it said so."""

    def __init__(self, message: str, retry_after: float | None = None, code: str = "") -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.code = code


class StillRunning(TransientError):  # noqa: N818 - a state of things, named as one
    """The walk's time is over while a long operation runs on. Azure goes on; a later walk waits for it."""


class BlockedError(CausewayError):
    """It stays as it is until a person acts. `remedy` says how, and names what it is about."""

    def __init__(self, code: str, message: str, remedy: str) -> None:
        super().__init__(message)
        self.code = code
        self.remedy = remedy


class PermanentError(CausewayError):
    """It failed for a reason that sending it again is not known to cure."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class NotAttempted(PermanentError):  # noqa: N818
    """Something that this action needs could not be made, so it was not tried."""


class InputError(CausewayError):
    """Somebody's value is wrong: which field, the value (cleaned and shortened), and what to give instead."""

    def __init__(self, field: str, value: str, remedy: str) -> None:
        self.field = field
        self.value = clean(value)
        self.remedy = remedy
        super().__init__(f"{field} '{self.value}': {remedy}")


class InvalidId(InputError):  # noqa: N818 - it names the value, as HTTP's and the policy's faults do
    """The text is not the ARM id that it should be. `why` names the first rule that it breaks."""

    def __init__(self, value: str, why: str, remedy: str = "copy the id from Azure") -> None:
        super().__init__("id", value, f"{why}; {remedy}")
        self.why = why


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: where (`profiles.default.clients[0]`), the value, what is wrong with it, the remedy."""

    path: str
    value: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        shown = f" '{self.value}'" if self.value else ""
        return f"{self.path}{shown}: {self.problem}; {self.remedy}"


class FaultsError(CausewayError):
    """What the operator wrote cannot be used. It carries every fault, so that one round mends them all."""

    what = "the set-up has"

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        count = "1 fault" if len(self.faults) == 1 else f"{len(self.faults)} faults"
        super().__init__("\n".join([f"{self.what} {count}", *(f"- {fault}" for fault in self.faults)]))


class PolicyError(FaultsError):
    """The policy cannot be used."""

    what = "the policy has"
