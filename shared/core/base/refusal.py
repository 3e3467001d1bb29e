"""Why something is not done: what is in the way, and what a person can do about it."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.core.base.errors import BlockedError, CausewayError
from shared.core.base.ids import ResourceId
from shared.core.base.rights import NOBODY, Right, grants


@dataclass(frozen=True, slots=True)
class Refusal:
    """`found` is the object in the way (the missing one itself, where it is missing).

    `stops_all`: nothing else of the target is begun either, as the path could not be finished.
    """

    found: ResourceId
    code: str
    reason: str
    remedy: str
    stops_all: bool = False


NO_NETWORK = "NetworkNotFound"
MAKE_NETWORK = "correct the policy, or create the network"


def network_not_found(missing: ResourceId, *, stops_all: bool = False) -> Refusal:
    """The policy names a virtual network, or a subnet of one, that does not exist."""
    what = "subnet" if missing.parent else "network"
    return Refusal(missing, NO_NETWORK, f"the {what} {missing.text} does not exist", MAKE_NETWORK, stops_all)


FORBIDDEN = "AuthorizationFailed"
# A role assignment cures these (docs/azure/resource-manager.md, ARM-20).
FORBIDDEN_CODES = frozenset({"authorizationfailed", "linkedauthorizationfailed"})


def is_forbidden(error: CausewayError) -> bool:
    """The app lacks a right."""
    return isinstance(error, BlockedError) and error.code.lower() in FORBIDDEN_CODES


def lacking(missing: Sequence[Right], principal: str = NOBODY) -> Refusal:
    """The app may not do all that the path takes, so it is not begun: every right that lacks at once."""
    named = "; ".join(f"{right.action} on {right.scope.text}" for right in missing)
    reason = f"the app's identity lacks rights without which the path cannot be finished: {named}"
    actions = ", ".join(dict.fromkeys(right.action for right in missing))
    remedy = f"grant {actions}, then rerun the resource: {grants(missing, principal)}"
    return Refusal(missing[0].scope, FORBIDDEN, reason, remedy, stops_all=True)
