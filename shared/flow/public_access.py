"""Disabling a target's public network access after the private path is proven, and reporting a cut-off.

Causeway disables it where the profile says so, records what it was, and never enables it again; a person does
that, with what was recorded.
"""

from dataclasses import dataclass, replace

from shared.core.base.errors import CausewayError, TransientError
from shared.core.base.target import Target
from shared.core.catalogue.catalogue import Catalogue
from shared.core.kinds.public_access import current_access, disabling, how_to_enable, is_open
from shared.core.outcome.check import Check
from shared.core.outcome.outcome import Done, Result
from shared.core.outcome.result import NOTHING, Ending, ending
from shared.core.policy.intent import Connect
from shared.core.policy.policy import Policy
from shared.flow.reconcile_pass import Pass
from shared.ports import Arm

CHECK = "public access disabled"


@dataclass(frozen=True, slots=True)
class PublicAccess:
    """Disables public network access of targets whose profile asks for it."""

    policy: Policy
    catalogue: Catalogue
    arm: Arm

    def will_disable(self, target: Target, connect: Connect, reached: Ending) -> bool:
        """`disable` would write now."""
        switch = self.catalogue.public_switch(target.id.type)
        asked = connect.profile.public_access == "disable" and reached.result is Result.CONNECTED
        return asked and switch is not None and is_open(target, switch)

    async def disable(self, target: Target, connect: Connect, reached: Ending, current: Pass) -> Ending:
        """Disable it if the path holds."""
        if connect.profile.public_access != "disable":
            return reached
        switch = self.catalogue.public_switch(target.id.type)
        if switch is None:
            finding = "public access stays as it is: this type has no switch of its own for it"
            return replace(reached, findings=(*reached.findings, finding))
        if reached.result is not Result.CONNECTED:
            return reached
        if not is_open(target, switch):
            return _disabled(reached)
        was, before = current_access(target, switch), current.memory.closed
        step = Done("Disable", target.id, str(was))
        try:
            await current.memory.closing(was)
            version = self.catalogue.api_version(target.id.type)
            body = await self.arm.patch(
                target.id, disabling(switch), api_version=version, deadline=current.deadline
            )
        except CausewayError as error:
            if not isinstance(error, TransientError):
                await current.memory.closing(before)  # Azure refused it: nothing was disabled
            return _failed(reached, step, error)
        written = replace(reached, done=(*reached.done, step))
        return _pending(written) if is_open(Target.parse(body), switch) else _disabled(written)

    async def warned(self, reached: Ending, current: Pass) -> Ending:
        """The ending, with a warning if public access is disabled and the path does not hold.

        That costs one more read of the target, and is a guess only where that is refused.
        """
        at, memory = current.target, current.memory
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
        return _cut_off(reached, how_to_enable(switch, memory.closed)) if closed else reached


def _failed(reached: Ending, step: Done, error: CausewayError) -> Ending:
    failed = replace(step, ended="failed", error=str(error))
    proof = reached.proof or NOTHING
    judged = ending(proof, (*reached.done, failed), (error,), reached.profile)
    return replace(judged, findings=reached.findings)


def _pending(reached: Ending) -> Ending:
    return replace(
        reached,
        result=Result.PENDING,
        code="DisablingPublicAccess",
        reason="Azure accepted the write that disables public access and still shows it enabled",
        remedy="none: it is read again",
        again=True,
    )


def _disabled(reached: Ending) -> Ending:
    proof = reached.proof or NOTHING
    check = Check(CHECK, "public access", holds=True, seen="disabled")
    return replace(reached, proof=replace(proof, checks=(*proof.checks, check)))


def _holds(reached: Ending) -> bool:
    """Clients get in, or what let them in was left as it is."""
    return reached.result is Result.DECLINED or (reached.proof is not None and reached.proof.holds)


def _cut_off(reached: Ending, undo: str) -> Ending:
    """No client reaches the target at all now: that must not be hidden by the fault that caused it."""
    if reached.result is Result.REMOVED:
        path = "UNREACHABLE: public access is disabled and the private path was removed"
    elif reached.proof is not None and reached.proof.checks:
        path = "UNREACHABLE: public access is disabled and the private path does not hold"
    else:
        path = (
            "UNREACHABLE unless the private path still exists: public access is disabled, nothing was proven"
        )
    first = f"{reached.remedy}; until then, to" if reached.remedy else "to"
    return replace(
        reached, reason=f"{path}; {reached.reason}", remedy=f"{first} enable public access, {undo}"
    )
