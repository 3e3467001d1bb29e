"""Why something is not done: what is in the way, and what a person can do about it."""

from dataclasses import dataclass

from shared.core.base.ids import ResourceId


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
    """The policy names a virtual network that does not exist."""
    return Refusal(missing, NO_NETWORK, f"the network {missing.text} does not exist", MAKE_NETWORK, stops_all)
