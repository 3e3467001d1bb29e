"""What a reconcile pass is asked for, by one work item or by several that came together.

An item that arrives while another worker has the target is consumed. What it asked for is kept in the
target's row, and the next pass does it.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass

from shared.core.events.reason import Reason
from shared.core.events.work_item import WorkItem

MAX_CORRELATIONS = 50  # of callers that wait; one row holds no more
_WEAKEST_FIRST: tuple[Reason, ...] = ("drift", "retry", "event", "manual")


@dataclass(frozen=True, slots=True)
class Asked:
    """`fresh_from` (seconds since 1970): cached reads that are older are not used.

    `correlations` are those of callers that wait for an outcome with it.
    """

    reason: Reason = "drift"
    fresh_from: float = 0.0
    correlations: tuple[str, ...] = ()

    @classmethod
    def by(cls, item: WorkItem) -> Asked:
        """What one item asks for. No caller waits for the correlation of an event or of a sweep."""
        waits = item.correlation and item.reason in ("manual", "retry")
        return cls(item.reason, item.fresh_from, (item.correlation,) if waits else ())

    @classmethod
    def parse(cls, text: str) -> Asked:
        """What `text` wrote; of an empty text, or one that cannot be read, nothing in particular."""
        try:
            found = json.loads(text or "{}")
            reason, fresh, waiting = found.get("reason"), found.get("fresh_from"), found.get("correlations")
        except (ValueError, RecursionError, AttributeError):
            return cls()
        return cls(
            reason if reason in _WEAKEST_FIRST else "drift",
            float(fresh) if isinstance(fresh, int | float) and 0 <= fresh < math.inf else 0.0,
            tuple(one for one in waiting if isinstance(one, str)) if isinstance(waiting, list) else (),
        )

    def text(self) -> str:
        """As JSON."""
        return json.dumps(asdict(self))

    def joined(self, other: Asked) -> Asked:
        """What answers both: the newest reads, the strongest reason, and every correlation, up to a limit."""
        both = tuple(dict.fromkeys((*self.correlations, *other.correlations)))
        reason = max(self.reason, other.reason, key=_WEAKEST_FIRST.index)
        return Asked(reason, max(self.fresh_from, other.fresh_from), both[:MAX_CORRELATIONS])
