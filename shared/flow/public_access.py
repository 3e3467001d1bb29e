"""Closing a target's public door, after the private path is proven, and telling when nobody gets in any more.

Place in the data's way: after `Proof`, before the outcome. Causeway closes the door where the profile says
so, notes what it was, and never opens it again; a person does that, with what was noted.
"""

from dataclasses import dataclass, replace

from shared.core.base.errors import CausewayError
from shared.core.base.ids import ResourceId
from shared.core.base.target import Target
from shared.core.catalogue.catalogue import Catalogue
from shared.core.kinds.public_access import before, closing, is_open, opening
from shared.core.outcome.outcome import Done, Result
from shared.core.outcome.proof import Check
from shared.core.outcome.result import NOTHING, Ending, ending
from shared.core.policy.intent import Connect
from shared.core.policy.policy import Policy
from shared.ports import Arm, Memory

CHECK = "public access closed"


@dataclass(frozen=True, slots=True)
class PublicDoor:
    """Shuts the door of targets whose profile asks for it."""

    policy: Policy
    catalogue: Catalogue
    arm: Arm

    def closes(self, target: Target, connect: Connect, reached: Ending) -> bool:
        """`shut` would close the door now."""
        switch = self.catalogue.public_switch(target.id.type)
        asked = connect.profile.public_access == "disable" and reached.result is Result.CONNECTED
        return asked and switch is not None and is_open(target, switch)

    async def shut(
        self, target: Target, connect: Connect, reached: Ending, memory: Memory, deadline: float
    ) -> Ending:
        """Close the door if the path holds."""
        if connect.profile.public_access != "disable":
            return reached
        switch = self.catalogue.public_switch(target.id.type)
        if switch is None:
            finding = "public access stays as it is: this type has no switch of its own for it"
            return replace(reached, findings=(*reached.findings, finding))
        if reached.result is not Result.CONNECTED:
            return reached
        if not is_open(target, switch):
            return _closed(reached)
        was = before(target, switch)
        step = Done("Close", target.id, str(was))
        try:
            await memory.closing(was)
            version = self.catalogue.api_version(target.id.type)
            body = await self.arm.patch(target.id, closing(switch), api_version=version, deadline=deadline)
        except CausewayError as error:
            failed = replace(step, ended="failed", error=str(error))
            proof = reached.proof or NOTHING
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

    async def warned(self, at: ResourceId, reached: Ending, memory: Memory) -> Ending:
        """The ending, said loudly if the door is closed and the path does not hold, however the walk ended.

        That costs one more reading of the target, and is a guess only where that is refused.
        """
        profile = self.policy.profiles.get(reached.profile or memory.profile)
        disables = profile is not None and profile.public_access == "disable"
        if not (disables or memory.closed) or _holds(reached):
            return reached
        switch = self.catalogue.public_switch(at.type) if self.catalogue.knows(at.type) else None
        if switch is None:
            return reached
        try:
            body = await self.arm.get(at, api_version=self.catalogue.api_version(at.type))
            closed = body is not None and not is_open(Target.parse(body), switch)
        except CausewayError:
            closed = memory.closed is not None  # nothing newer is known
        return _cut_off(reached, opening(switch, memory.closed)) if closed else reached


def _closed(reached: Ending) -> Ending:
    proof = reached.proof or NOTHING
    check = Check(CHECK, "public access", holds=True, seen="closed")
    return replace(reached, proof=replace(proof, checks=(*proof.checks, check)))


def _holds(reached: Ending) -> bool:
    """Clients get in, or what let them in was left as it is."""
    return reached.result is Result.DECLINED or (reached.proof is not None and reached.proof.holds)


def _cut_off(reached: Ending, undo: str) -> Ending:
    """Nobody reaches the target at all now: that must not hide behind the fault that caused it."""
    if reached.result is Result.REMOVED:
        path = "UNREACHABLE: public access is closed and the private path was taken away"
    elif reached.proof is not None and reached.proof.checks:
        path = "UNREACHABLE: public access is closed and the private path does not hold"
    else:
        path = "UNREACHABLE unless the private path still stands: public access is closed, nothing was proven"
    first = f"{reached.remedy}; until then, to" if reached.remedy else "to"
    return replace(
        reached, reason=f"{path}; {reached.reason}", remedy=f"{first} open the public door, {undo}"
    )
