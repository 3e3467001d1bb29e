"""The request log, one entry per request. Tests and benchmarks count from it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

from sandbox.azure.kernel.model import Json

type RequestKind = Literal["read", "write", "poll", "token", "other"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One request. `time` and `seconds` (from arrival to answer) are simulated; `resource` of a poll is what
    the operation works on; `status` 0 is a dropped connection; `client` is the user agent.
    """

    number: int
    time: float
    seconds: float
    method: str
    path: str
    kind: RequestKind
    status: int
    code: str | None
    principal: str
    client: str
    resource: str | None


class RequestLog:
    """All entries, in the order of their answers."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def add(self, **values: object) -> None:
        """Append an entry; it gets the next number."""
        self.entries.append(Entry(number=len(self.entries) + 1, **values))  # type: ignore[arg-type]

    def records(self, *, principal: str = "", kind: str = "", since: int = 0) -> list[Json]:
        """Entries as JSON, filtered by principal and kind, with numbers above `since`."""
        return [
            asdict(entry)
            for entry in self.entries[since:]
            if principal in ("", entry.principal) and kind in ("", entry.kind)
        ]
