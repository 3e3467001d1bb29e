"""Connections: the present state of each target, as the ledger keeps it and callers see it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from shared.core.base.bodies import Json
from shared.core.base.ids import ResourceId
from shared.core.kinds.public_access import PreviousAccess
from shared.core.outcome.outcome import Result


@dataclass(frozen=True, slots=True)
class ConnectionState:
    """One target's state. `outcome` is the record of its last outcome, `since` when that result began (ISO).

    `profile`: of the last outcome that had one. `owned`: what Causeway made for the target, `guids` by which
    it knows that and what was there before (`core/plan/obsolete.py`). `closed`: what
    public network access was before Causeway disabled it. `working`: a worker has claimed the target.
    """

    key: str
    target: ResourceId
    result: Result
    outcome: Json
    since: str
    profile: str
    owned: tuple[ResourceId, ...]
    closed: PreviousAccess | None
    working: bool
    guids: Mapping[ResourceId, frozenset[str]] = field(default_factory=dict)

    def record(self) -> dict[str, Any]:
        """The state as JSON: the outcome's own members with those of the connection."""
        return {
            "key": self.key,
            **self.outcome,
            "since": self.since,
            "profile": self.profile,
            "owned": [one.text for one in self.owned],
            "closed": str(self.closed) if self.closed else "",
            "working": self.working,
        }


@dataclass(frozen=True, slots=True)
class ConnectionHistory:
    """One target's state with the records of past outcomes and deletions, newest first."""

    state: ConnectionState
    entries: tuple[Json, ...]

    def record(self) -> dict[str, Any]:
        """The state as JSON, with the entries under `history`."""
        return {**self.state.record(), "history": list(self.entries)}
