"""What one reconcile pass carries through all of its steps."""

from dataclasses import dataclass

from shared.core.base.ids import ResourceId
from shared.core.events.reason import Reason
from shared.core.plan.obsolete import Recorded
from shared.ports import Memory


@dataclass(frozen=True, slots=True)
class Pass:
    """The target, what the ledger knows of it, and limits in time.

    `state`: of target and profile, as a digest; requests that were refused in it are not sent again.
    `deadline`: a moment of `Clock.monotonic`, after which nothing is awaited any more. `sweep`: the id of the
    sweep, where nothing else asked for the pass. The others are in seconds since 1970. `began`: no reading from
    before it says anything about the path. `fresh_from`: what was asked for is newer, so older tags of a
    resource group do not say who asks for what.
    """

    target: ResourceId
    memory: Memory
    deadline: float
    began: float = 0.0
    fresh_from: float = 0.0
    reason: Reason = "event"
    sweep: str = ""
    state: str = ""

    @property
    def recorded(self) -> Recorded:
        """What was made for the target up to now, in this pass too."""
        return Recorded(self.memory.owned, self.memory.addresses)
