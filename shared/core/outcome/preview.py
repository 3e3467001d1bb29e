"""What a reconcile pass would do to one target now: the answer to a dry run."""

from dataclasses import dataclass
from typing import Any

from shared.core.base.ids import ResourceId
from shared.core.plan.actions import Action, Block, verb

PLAN = "Plan"  # the result where there is a plan; otherwise the result that the pass would end with


@dataclass(frozen=True, slots=True)
class Preview:
    """`actions` in the order of the plan, removals last. `requests` are the reads that it took."""

    target: ResourceId
    result: str
    profile: str = ""
    rule: str = ""
    policy_key: str = ""
    mode: str = ""
    code: str = ""
    reason: str = ""
    remedy: str = ""
    findings: tuple[str, ...] = ()
    actions: tuple[Action, ...] = ()
    requests: int = 0
    writes: int = 0

    def record(self) -> dict[str, Any]:
        """The preview as JSON."""
        return {
            "resource_id": self.target.text,
            "result": self.result,
            "profile": self.profile,
            "rule": self.rule,
            "policy_key": self.policy_key,
            "mode": self.mode,
            "code": self.code,
            "reason": self.reason,
            "remedy": self.remedy,
            "findings": list(self.findings),
            "actions": [_step(action) for action in self.actions],
            "requests": self.requests,
            "writes": self.writes,
        }


def _step(action: Action) -> dict[str, Any]:
    why = {"code": action.code, "remedy": action.remedy} if isinstance(action, Block) else {}
    return {"action": verb(action), "id": action.id.text, "reason": action.reason, **why}
