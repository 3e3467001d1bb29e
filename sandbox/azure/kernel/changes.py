"""One finished change, as a handler or an operation reports it to Event Grid."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sandbox.azure.kernel.model import Request

type ChangeKind = Literal["write", "delete", "action"]
type Outcome = Literal["Success", "Failure", "Cancel"]


@dataclass(frozen=True, slots=True)
class Change:
    """A change of `subject` (an id). `operation` is the action as Azure roles name it.

    `scope`: what authorization was checked for, if not the subject (the Tags API). `at`: the time in the
    simulated calendar.
    """

    subject: str
    operation: str
    kind: ChangeKind
    outcome: Outcome
    principal: str
    request: Request
    at: datetime
    scope: str | None = None
