"""Work items: reconcile this id, for this reason. What the messages of the `work` queue hold.

An item never says what to do: two items about one resource are worth one reconcile pass.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace

from shared.core.events.reason import Reason


@dataclass(frozen=True, slots=True)
class WorkItem:
    """`resource_id` is a resource's id or a resource group's. `attempt` counts the retries of one item.

    `fresh_from` (seconds since 1970): cached reads that are older are not used.
    """

    resource_id: str
    reason: Reason
    correlation: str
    attempt: int = 0
    fresh_from: float = 0.0

    @classmethod
    def parse(cls, body: bytes | str) -> WorkItem:
        """Read a queue message. Raises InputError naming the field, the value and the remedy."""
        from shared.core.base.inputs import read_json
        from shared.core.events.requests import WorkMessage

        return cls(**read_json(WorkMessage, body, "work item").model_dump())

    def text(self) -> str:
        """The queue message."""
        return json.dumps(asdict(self))

    def again(self) -> WorkItem:
        """The item to send for the next attempt. What a sweep or a person asked for stays that."""
        reason: Reason = "retry" if self.reason == "event" else self.reason
        return replace(self, reason=reason, attempt=self.attempt + 1)
