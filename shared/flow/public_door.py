"""Closing a target's public door, after the private path is proven.

Place in the data's way: after `Proof`, before the outcome. Causeway closes the door where the profile says
so, records what it was, and never opens it again; a person does that, with what was recorded.
"""

from dataclasses import dataclass, replace

from shared.core.catalogue import Catalogue
from shared.core.ending import Ending, ending
from shared.core.errors import CausewayError
from shared.core.intent import Connect
from shared.core.kinds.public_access import before, closing, is_open
from shared.core.outcome import Done, Result
from shared.core.proof import Check, Proof
from shared.core.target import Target
from shared.flow.ports import Arm

CHECK = "public access closed"


@dataclass(frozen=True, slots=True)
class PublicDoor:
    """Shuts the door of targets whose profile asks for it."""

    catalogue: Catalogue
    arm: Arm

    async def shut(self, target: Target, connect: Connect, reached: Ending, deadline: float) -> Ending:
        """Close the door if the path holds; if it is closed and the path does not hold, say so loudly."""
        if connect.profile.public_access != "disable":
            return reached
        switch = self.catalogue.public_switch(target.id.type)
        if switch is None:
            finding = "public access stays as it is: this type has no switch of its own for it"
            return replace(reached, findings=(*reached.findings, finding))
        was = before(target, switch)
        if not is_open(target, switch):
            return _closed(reached) if reached.result is Result.CONNECTED else _cut_off(reached, was["path"])
        if reached.result is not Result.CONNECTED:
            return reached
        step = Done("Close", target.id, f"{was['path']} was {was['value'] or 'not set, which means open'}")
        try:
            version = self.catalogue.api_version(target.id.type)
            body = await self.arm.patch(target.id, closing(switch), api_version=version, deadline=deadline)
        except CausewayError as error:
            failed = replace(step, ended="failed", error=str(error))
            proof = reached.proof or Proof((), ())
            judged = ending(proof, (*reached.done, failed), (error,), reached.profile)
            return replace(judged, findings=reached.findings)
        shut = replace(reached, done=(*reached.done, step))
        if is_open(Target.parse(body), switch):
            reason = "Azure accepted the closing of public access and still shows it open"
            remedy = "none: it is looked at again"
            return replace(
                shut,
                result=Result.PENDING,
                code="ClosingPublicAccess",
                reason=reason,
                remedy=remedy,
                again=True,
            )
        return _closed(shut)


def _closed(reached: Ending) -> Ending:
    proof = reached.proof or Proof((), ())
    check = Check(CHECK, "public access", holds=True, seen="closed")
    return replace(reached, proof=replace(proof, checks=(*proof.checks, check)))


def _cut_off(reached: Ending, path: str) -> Ending:
    """Nobody reaches the target at all now: that must not hide behind the fault that caused it."""
    reason = f"UNREACHABLE: public access is closed and the private path does not hold; {reached.reason}"
    remedy = f"{reached.remedy}; until then, to open the public door, set {path} to its open value"
    return replace(reached, reason=reason, remedy=remedy)
