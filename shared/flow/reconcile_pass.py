"""What one reconcile pass carries through all of its steps."""

from dataclasses import dataclass, field

from shared.core.base.ids import ResourceId
from shared.core.outcome.outcome import Done
from shared.core.plan.obsolete import Recorded
from shared.ports import Memory


@dataclass(slots=True)
class Journal:
    """What a pass has done up to now: it is recorded also where a later read of the pass fails.

    `endpoints` were deleted, and the records of these `names` (full names) with them.
    """

    done: list[Done] = field(default_factory=list)
    endpoints: set[ResourceId] = field(default_factory=set)
    names: set[str] = field(default_factory=set)

    @property
    def changes(self) -> tuple[Done, ...]:
        """The actions that changed something in Azure, or failed to."""
        return tuple(step for step in self.done if step.verb not in ("Keep", "Adopt"))


@dataclass(frozen=True, slots=True)
class Pass:
    """The target, what the ledger knows of it, and its limits in time.

    `deadline`: a moment of `Clock.monotonic`, after which nothing is awaited any more. `not_older_than`:
    seconds since 1970; a cached read from before then is not used. `began`: the same for the whole pass.
    """

    target: ResourceId
    memory: Memory
    deadline: float
    not_older_than: float = 0.0
    began: float = 0.0
    journal: Journal = field(default_factory=Journal)

    @property
    def recorded(self) -> Recorded:
        """What was made for the target up to now, in this pass too."""
        return Recorded(self.memory.owned, self.memory.addresses, self.memory.guids)
