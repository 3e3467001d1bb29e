"""Events that other programs get of a target's state: when its result or code changes and stays so.

`docs/events.md` describes them. They are kept in the target's row until they are published.
"""

from __future__ import annotations

from typing import Any

from shared.core.base.ids import target_key
from shared.core.outcome.outcome import Outcome, Result

PREFIX = "Causeway.Connection."
MAX_TEXT = 2_000  # characters of a reason or a remedy: an event has at most 1 MB, and is billed by 64 kB


def is_final(result: str) -> bool:
    """Whether a result stays until something changes. What is pending goes on by itself."""
    return bool(result) and result != Result.PENDING


def announcement(name: str, outcome: Outcome, before: tuple[str, str]) -> dict[str, Any]:
    """The event of an outcome: the attributes of a CloudEvent but its source. `name` is its id.

    `before`: the result and code of the last final outcome, empty where there was none.
    """
    record = outcome.record()
    same = ("resource_id", "result", "code", "profile", "at", "correlation", "correlations")
    return {
        "id": name,
        "type": f"{PREFIX}{outcome.result.value}",
        "subject": outcome.target.text,
        "time": outcome.at.isoformat(),
        "data": {
            **{member: record[member] for member in same},
            "key": target_key(outcome.target),
            "previous_result": before[0],
            "previous_code": before[1],
            "reason": outcome.reason[:MAX_TEXT],
            "remedy": outcome.remedy[:MAX_TEXT],
            "endpoints": [path["endpoint"] for path in record["paths"]],
        },
    }
