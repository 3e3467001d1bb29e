"""What one reconcile pass carries through all of its steps."""

from dataclasses import dataclass

from shared.core.base.ids import ResourceId
from shared.core.plan.obsolete import Recorded
from shared.ports import Memory


@dataclass(frozen=True, slots=True)
class Pass:
    """The target, what the ledger knows of it, and two limits in time.

    `deadline`: a moment of `Clock.monotonic`, after which nothing is awaited any more. `not_older_than`:
    seconds since 1970; a cached read from before then is not used.
    """

    target: ResourceId
    memory: Memory
    deadline: float
    not_older_than: float = 0.0

    @property
    def recorded(self) -> Recorded:
        """What was made for the target up to now, in this pass too."""
        return Recorded(self.memory.owned, self.memory.addresses, self.memory.guids)
