"""What one sweep found and queued, as the ledger keeps it and `/api/health` shows it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

PREFIX = "sweep-"
MAX_TIME = 1e10  # seconds since 1970, in the year 2286
_SHAPES: dict[str, Any] = {
    "id": str, "began": int | float, "ended": int | float | None, "listed": dict, "unread": dict,
    "unread_groups": dict, "undecided": int, "known": int, "unwatched": int, "queued": int, "waiting": int,
    "policy": str, "policy_problem": str,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class SweepReport:
    """`began` and `ended` are seconds since 1970; a sweep that runs, or broke off, has no end.

    `listed`: resources that a watched subscription's list opts in, by subscription. `undecided`: further ones
    of which the list does not show whether a rule or an exclusion matches; their passes decide. `unread`: the
    error of each subscription that could not be listed; `unread_groups`: of each management group, or
    subscription whose place among them is asked for, and what counts instead. `known`: targets in the ledger.
    `unwatched`: those of them whose subscription the policy does not list any more. `queued`: work items
    sent; `waiting`: targets that got none, because one of an earlier sweep or of a retry is still in the
    queue. `policy`: the hash of the policy that it followed; `policy_problem`: what keeps a newer one from
    counting, empty for nothing.
    """

    id: str
    began: float
    ended: float | None = None
    listed: Mapping[str, int] = field(default_factory=dict)
    undecided: int = 0
    unread: Mapping[str, str] = field(default_factory=dict)
    unread_groups: Mapping[str, str] = field(default_factory=dict)
    known: int = 0
    unwatched: int = 0
    queued: int = 0
    waiting: int = 0
    policy: str = ""
    policy_problem: str = ""

    def record(self) -> dict[str, Any]:
        """The report as JSON."""
        return {
            "id": self.id,
            "began": self.began,
            "ended": self.ended,
            "listed": dict(self.listed),
            "undecided": self.undecided,
            "unread": dict(self.unread),
            "unread_groups": dict(self.unread_groups),
            "known": self.known,
            "unwatched": self.unwatched,
            "queued": self.queued,
            "waiting": self.waiting,
            "policy": self.policy,
            "policy_problem": self.policy_problem,
        }

    def text(self) -> str:
        """As JSON text."""
        return json.dumps(self.record())

    @classmethod
    def parse(cls, text: str) -> SweepReport | None:
        """What `text` wrote; None for any other text. Members that a newer version added are left out."""
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            return None
        known = {name: found[name] for name in _SHAPES if name in found} if isinstance(found, dict) else {}
        shaped = all(isinstance(value, _SHAPES[name]) for name, value in known.items())
        if not shaped or not known.keys() >= {"id", "began"}:
            return None
        report = cls(**known)
        return report if all(0 <= at <= MAX_TIME for at in (report.began, report.ended or 0)) else None
