"""Why public network access stays as it is, though the profile asks to disable it and the path holds."""

from collections.abc import Sequence

from shared.core.base.errors import BlockedError, CausewayError
from shared.core.base.refusal import Refusal
from shared.core.base.target import Target
from shared.core.outcome.proof import Proof
from shared.core.outcome.public_users import PublicUser

IN_USE = "PublicAccessInUse"


def own_resource(target: Target, setting: str) -> Refusal:
    """The app itself would lose access, and with it what could repair that."""
    return Refusal(
        target.id,
        "OwnResource",
        f"public access stays as it is: Causeway itself runs on this resource (setting {setting})",
        "make sure that the app reaches it privately, and list its id under opt_in.own_resources; or set "
        "public_access: leave in its profile",
    )


def uncertain(target: Target, proof: Proof) -> Refusal | None:
    """Something may keep some clients from the endpoint: public access may be their only path."""
    unproven = (f"{check.name}: {check.seen}" for check in proof.unproven)
    doubts = (*proof.findings, *unproven)
    if not doubts:
        return None
    return Refusal(
        target.id,
        "PathNotCertain",
        "public access stays as it is, as it is not certain that all clients reach the endpoint: "
        f"{'; '.join(doubts)}",
        "let the rules and routes that are named leave the traffic to the endpoint alone, let the app read "
        "what is named, let clients ask Azure's DNS, or set public_access: leave in the profile",
    )


def in_use(target: Target, users: Sequence[PublicUser]) -> Refusal:
    """These would lose access, and the profile does not say that they may."""
    names = ", ".join(dict.fromkeys(user.name for user in users))
    listed = "; ".join(user.what for user in users)
    return Refusal(
        target.id,
        IN_USE,
        f"public access stays as it is, as these would lose access: {listed}",
        "connect them too (sub-resources under groups, networks under clients in the profile), or remove the "
        f"rules; or list under may_lose_access for {target.id.type} in the profile what may: {names}",
    )


def unread(target: Target, error: CausewayError) -> Refusal:
    """Who uses it is not known."""
    remedy = error.remedy if isinstance(error, BlockedError) else "rerun the resource"
    reason = f"public access stays as it is, as it could not be read who uses it: {error}"
    return Refusal(target.id, IN_USE, reason, remedy)
