"""What history holds of objects that are about to go, so that a person can make them again.

Place in the data's way: between `Plan` and the ledger, before the first delete. An entry says of each object
its id, why it goes, and a body that can be PUT there again: what stood, without what Azure only reports.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.core.base.bodies import Seen
from shared.core.base.ids import ResourceId
from shared.core.plan.actions import Action, Delete, Replace, Withdraw, verb

RESULT = "Removing"
REMEDY = "to have an object again, PUT its body at its id, in this order; what it refers to must exist"

# Members that Azure reports and nobody writes, of every kind that we delete (REST references of
# Microsoft.Network and private DNS; recorded ARM traffic). Names that are not here survive.
_REPORTED = frozenset(
    {
        "etag",
        "systemData",
        "provisioningState",
        "resourceGuid",
        "networkInterfaces",
        "customDnsConfigs",
        "privateLinkServiceConnectionState",
        "recordSets",
        "peeringState",
        "peeringSyncLevel",
        "remoteAddressSpace",
        "remoteVirtualNetworkAddressSpace",
        "virtualNetworkLinkState",
    }
)


@dataclass(frozen=True, slots=True)
class Going:
    """One object that is about to go, or a rule that loses `addresses`. `body` is what a PUT takes."""

    action: str
    id: ResourceId
    reason: str
    body: Mapping[str, Any]
    addresses: tuple[str, ...] = ()

    def record(self) -> dict[str, Any]:
        """As JSON, beside an outcome's actions."""
        told = {"action": self.action, "id": self.id.text, "reason": self.reason}
        return told | ({"addresses": list(self.addresses)} if self.addresses else {}) | {"body": self.body}


@dataclass(frozen=True, slots=True)
class Departure:
    """An entry of a target's history: these objects are about to go. `profile`: the last outcome's."""

    target: ResourceId
    at: datetime
    profile: str
    going: tuple[Going, ...]

    def record(self) -> dict[str, Any]:
        """As JSON, in the shape of an outcome's record as far as the two are alike."""
        return {
            "resource_id": self.target.text,
            "result": RESULT,
            "at": self.at.isoformat(),
            "profile": self.profile,
            "code": "",
            "reason": "; ".join(dict.fromkeys(one.reason for one in self.going)),
            "remedy": REMEDY,
            "going": [one.record() for one in self.going],
        }


def going(actions: Iterable[Action]) -> tuple[Going, ...]:
    """All that these actions take away, parents before what stands below them."""
    return tuple(one for action in actions for one in _going(action))


def _going(action: Action) -> Iterable[Going]:
    match action:
        case Delete(have=have, along=along) | Replace(have=have, along=along):
            for seen in (have, *along):
                yield Going(verb(action), seen.id, action.reason, remaking(seen))
        case Withdraw(have=have):
            yield Going(verb(action), have.id, action.reason, remaking(have), action.addresses)


def remaking(have: Seen) -> dict[str, Any]:
    """The body that makes the object again; it is named by the id beside it."""
    body: dict[str, Any] = _written(have.body)
    body.pop("name", None)
    return body | ({"tags": have.body["tags"]} if "tags" in have.body else {})  # whatever a tag is called


def _written(value: Any) -> Any:
    """The value as a PUT takes it. A part with properties is named by its name; only references keep ids."""
    match value:
        case Mapping():
            left_out = _REPORTED | ({"id", "type"} if "properties" in value else set())
            return {name: _written(part) for name, part in value.items() if name not in left_out}
        case list():
            return [_written(part) for part in value]
        case _:
            return value
