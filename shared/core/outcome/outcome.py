"""Outcomes: the result of a reconcile pass for one resource, and what a person can do about it.

The ledger stores its `record()`; a log line and the HTTP answer are made from the same.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from shared.core.base.ids import ResourceId
from shared.core.outcome import route_report
from shared.core.outcome.path_state import PathState
from shared.core.outcome.proof import Proof


class Result(StrEnum):
    """How a reconcile pass ended."""

    CONNECTED = "Connected"
    PENDING = "Pending"
    BLOCKED = "Blocked"
    FAILED = "Failed"
    DECLINED = "Declined"
    REMOVED = "Removed"
    PLANNED = "Planned"
    OBSERVED = "Observed"


@dataclass(frozen=True, slots=True)
class Done:
    """One action as it was carried out: `ended` is done, failed or skipped."""

    verb: str
    id: ResourceId
    reason: str
    ended: str = "done"
    error: str = ""


@dataclass(frozen=True, slots=True)
class Planned:
    """One action that a pass would carry out, if it might write."""

    verb: str
    id: ResourceId
    reason: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """The state of one target after a pass. `rule` and `policy_key`: as in `Ending`. `seconds` is the pass's
    own time, `requests` its ARM requests. `mode`: what the policy lets the pass do; empty where it asks for
    nothing. `plan`: what the pass would do, if its mode is `plan`.

    `correlation` is that of the work item, or of the last caller that the pass answers; `correlations` are
    those of all such callers.
    """

    target: ResourceId
    result: Result
    at: datetime
    profile: str = ""
    rule: str = ""
    policy_key: str = ""
    mode: str = ""
    code: str = ""
    reason: str = ""
    remedy: str = ""
    proof: Proof | None = None
    done: tuple[Done, ...] = ()
    plan: tuple[Planned, ...] = ()
    findings: tuple[str, ...] = ()
    requests: int = 0
    writes: int = 0
    seconds: float = 0.0
    correlation: str = ""
    correlations: tuple[str, ...] = ()

    def record(self) -> dict[str, Any]:
        """The outcome as JSON: the same shape in the ledger, in history and over HTTP."""
        return {
            "resource_id": self.target.text,
            "result": self.result.value,
            "at": self.at.isoformat(),
            "profile": self.profile,
            "rule": self.rule,
            "policy_key": self.policy_key,
            "mode": self.mode,
            "code": self.code,
            "reason": self.reason,
            "remedy": self.remedy,
            "paths": [_path(path) for path in self.proof.paths] if self.proof else [],
            "routes": route_report.record(self.proof.routes) if self.proof else [],
            "checks": [
                {"check": c.name, "subject": c.subject, "holds": c.holds, "seen": c.seen}
                for c in (self.proof.checks if self.proof else ())
            ],
            "actions": [
                {"action": d.verb, "id": d.id.text, "reason": d.reason, "ended": d.ended, "error": d.error}
                for d in self.done
            ],
            "plan": [{"action": p.verb, "id": p.id.text, "reason": p.reason} for p in self.plan],
            "findings": list(self.findings),
            "requests": self.requests,
            "writes": self.writes,
            "seconds": round(self.seconds, 3),
            "correlation": self.correlation,
            "correlations": list(self.correlations),
        }


def _path(path: PathState) -> dict[str, Any]:
    return {
        "group": path.group,
        **({"placement": path.placement} if path.placement else {}),
        "endpoint": path.endpoint.text,
        "status": path.status,
        "addresses": [{"ip": a.ip, "member": a.member, "fqdns": list(a.fqdns)} for a in path.addresses],
        "records": [
            {"fqdn": r.fqdn, "addresses": list(r.addresses), "zone": r.zone.text} for r in path.records
        ],
    }
