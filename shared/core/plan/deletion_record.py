"""What history keeps of objects that are about to be deleted, so that a person can create them again.

An entry says of each object its id, why it is deleted, and a body that can be PUT there again: what existed,
without what Azure only reports.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.core.base.ids import ResourceId
from shared.core.base.written import recreation
from shared.core.plan.actions import Action, Delete, Replace, Withdraw, verb

RESULT = "Removing"
REMEDY = "to have an object again, PUT its body at its id, in this order; what it refers to must exist"


@dataclass(frozen=True, slots=True)
class Deletion:
    """An object about to be deleted, or a rule that loses `addresses`. `body` is what a PUT takes."""

    action: str
    id: ResourceId
    reason: str
    body: Mapping[str, Any]
    addresses: tuple[str, ...] = ()

    def record(self) -> dict[str, Any]:
        """As JSON, beside an outcome's actions."""
        record = {"action": self.action, "id": self.id.text, "reason": self.reason}
        return record | ({"addresses": list(self.addresses)} if self.addresses else {}) | {"body": self.body}


@dataclass(frozen=True, slots=True)
class DeletionRecord:
    """A target's history: these objects are about to be deleted. `profile`: the last outcome's."""

    target: ResourceId
    at: datetime
    profile: str
    deletions: tuple[Deletion, ...]

    def record(self) -> dict[str, Any]:
        """As JSON, in the shape of an outcome's record as far as the two are alike."""
        return {
            "resource_id": self.target.text,
            "result": RESULT,
            "at": self.at.isoformat(),
            "profile": self.profile,
            "code": "",
            "reason": "; ".join(dict.fromkeys(one.reason for one in self.deletions)),
            "remedy": REMEDY,
            "deletions": [one.record() for one in self.deletions],
        }


def deletions(actions: Iterable[Action]) -> tuple[Deletion, ...]:
    """All that these actions delete, parents before what is below them."""
    return tuple(one for action in actions for one in _of(action))


def _of(action: Action) -> Iterable[Deletion]:
    match action:
        case Delete(have=have, along=along) | Replace(have=have, along=along):
            for seen in (have, *along):
                yield Deletion(verb(action), seen.id, action.reason, recreation(seen))
        case Withdraw(have=have):
            yield Deletion(verb(action), have.id, action.reason, recreation(have), action.adds)
