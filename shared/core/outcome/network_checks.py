"""Checks of networks: the clients' exist, and both halves of each peering carry the path."""

from collections.abc import Iterator

from shared.core.base.refusal import network_not_found
from shared.core.kinds.peering import Peering
from shared.core.kinds.peering_coverage import REMOTE_SPACE
from shared.core.outcome.check import Check, not_provable
from shared.core.plan.desired import Desired
from shared.core.readings.networks import connected, peering_to, state_of, sync_level
from shared.core.readings.observed import Observed

NOT_KNOWN = "NotKnown"


def network_checks(desired: Desired, observed: Observed) -> Iterator[Check]:
    """Client networks, and each half of each peering."""
    yield from _clients(desired, observed)
    for half in desired.peerings:
        yield _peered(half, observed)


def peering_findings(desired: Desired, observed: Observed) -> tuple[str, ...]:
    """Flags that the policy asks for and that an existing half does not have: they are never changed."""
    found: list[str] = []
    for wanted in desired.peerings:
        network = observed.present(wanted.local)
        half = peering_to(network, wanted.remote) if network else None
        if half and (missing := wanted.other_flags(half)):
            side = f"{wanted.local.name} -> {wanted.remote.name} ({half.id.name})"
            found.append(f"the peering {side} is without {', '.join(missing)}, which the policy asks for")
    return tuple(found)


def _clients(desired: Desired, observed: Observed) -> Iterator[Check]:
    """Client networks that do not exist: only a person knows which ones were meant."""
    name = "client network exists"
    for why in desired.unread:
        yield _incomplete(why, desired.profile)
    for network in dict.fromkeys((*desired.missing, *desired.clients, *desired.resolvers)):
        if observed.absent(network):
            missing = network_not_found(network)
            yield Check(name, network.name, False, missing.reason, missing.code, missing.remedy)
        elif not observed.known(network):
            why = observed.refused(network) or "it was not read"
            yield not_provable(name, network.name, f"{network.text} could not be read: {why}")


def _incomplete(why: str, profile: str) -> Check:
    """More networks may be meant than are known: those that are known have their path."""
    remedy = "let the app read what is named, or correct the set under networks, then rerun the resource"
    return Check("client networks are known", profile, False, why, NOT_KNOWN, remedy, patient=True)


def _peered(wanted: Peering, observed: Observed) -> Check:
    """The half is connected in both directions, open, in sync, and covers both ends of the path."""
    network = observed.present(wanted.local)
    half = peering_to(network, wanted.remote) if network else None
    subject = f"{wanted.local.name} -> {wanted.remote.name}"
    if half is None:
        return Check("networks peered", subject, holds=False, seen="none")
    missing = wanted.uncovered(half, observed)
    if REMOTE_SPACE not in half.properties:
        return not_provable("networks peered", subject, "the half does not report which addresses it reaches")
    seen = "; ".join((f"{state_of(half)} {sync_level(half)}".strip(), *missing))
    return Check("networks peered", subject, connected(half) and not missing, seen)
