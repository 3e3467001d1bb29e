"""News of one finished change, on its way from a handler or an operation to Event Grid."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sandbox.azure.kernel.model import Request

type ChangeKind = Literal["write", "delete", "action"]
type Outcome = Literal["Success", "Failure", "Cancel"]


@dataclass(frozen=True, slots=True)
class Change:
    """What happened to `subject` (an id): `operation` is the RBAC-like name Azure gives it.

    `scope`: what authorization was asked for, when that is not the subject (the Tags API); `at` is the moment
    in the simulated calendar.
    """

    subject: str
    operation: str
    kind: ChangeKind
    outcome: Outcome
    principal: str
    request: Request
    at: datetime
    scope: str | None = None
