"""Work items: reconcile this id, for this reason. What travels on the `work` queue.

Place in the data's way: between `Notification` and `Desired`. An item never says what to do; two items
about one resource are worth one walk.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Literal, TypeIs, get_args

from shared.core.base.errors import InputError

type Reason = Literal["event", "drift", "manual", "retry"]
REASONS = frozenset(get_args(Reason.__value__))
MAX_ITEM = 16 * 1024  # characters; an ARM id has at most 2,048


def is_reason(value: object) -> TypeIs[Reason]:
    """It is one of the reasons that an item may give."""
    return value in REASONS


@dataclass(frozen=True, slots=True)
class WorkItem:
    """`resource_id` is a resource's id or a resource group's. `attempt` counts re-sends of the same wish.

    `fresh_from` (seconds since 1970): what was read before then says nothing to whoever asked.
    """

    resource_id: str
    reason: Reason
    correlation: str
    attempt: int = 0
    fresh_from: float = 0.0

    @classmethod
    def parse(cls, body: bytes | str) -> WorkItem:
        """Read a queue message. Raises InputError naming the field, the value and the remedy."""
        text = body.decode("utf-8", "replace") if isinstance(body, bytes) else body
        try:
            found = json.loads(text) if len(text) <= MAX_ITEM else None
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise InputError("work item", text, "send a JSON object with resource_id and reason")
        resource_id, reason = found.get("resource_id"), found.get("reason")
        if not isinstance(resource_id, str) or not resource_id:
            raise InputError("resource_id", str(resource_id), "send the ARM id as a string")
        if not is_reason(reason):
            raise InputError("reason", str(reason), f"use one of {', '.join(sorted(REASONS))}")
        attempt = found.get("attempt", 0)
        if not isinstance(attempt, int) or attempt < 0:
            raise InputError("attempt", str(attempt), "send a whole number from 0, or leave it out")
        fresh_from = found.get("fresh_from", 0.0)
        if not isinstance(fresh_from, int | float) or fresh_from < 0:
            raise InputError("fresh_from", str(fresh_from), "send seconds since 1970, or leave it out")
        return cls(resource_id, reason, str(found.get("correlation") or ""), attempt, float(fresh_from))

    def text(self) -> str:
        """The queue message."""
        fields = {"resource_id": self.resource_id, "reason": self.reason, "correlation": self.correlation}
        return json.dumps({**fields, "attempt": self.attempt, "fresh_from": self.fresh_from})

    def again(self) -> WorkItem:
        """The same wish, once more."""
        return replace(self, reason="retry", attempt=self.attempt + 1)
