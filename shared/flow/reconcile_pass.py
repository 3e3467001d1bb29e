"""What one reconcile pass carries through all of its steps."""

from dataclasses import dataclass, field

from shared.core.base.ids import ResourceId
from shared.core.events.reason import Reason
from shared.core.outcome.outcome import Done
from shared.core.plan.obsolete import Recorded
from shared.ports import Memory


@dataclass(slots=True)
class Journal:
    """What a pass has done up to now: it is recorded also where a later read of the pass fails.

    `endpoints` were deleted, and the records of these `names` (full names) with them. `rule` and
    `policy_key`, `mode`: what the policy says of the target, as in `Ending`. `left`: what the
    pass leaves as it is, because `drift.repair` says so, in words.
    """

    rule: str = ""
    policy_key: str = ""
    mode: str = ""
    left: tuple[str, ...] = ()
    done: list[Done] = field(default_factory=list)
    endpoints: set[ResourceId] = field(default_factory=set)
    names: set[str] = field(default_factory=set)

    @property
    def changes(self) -> tuple[Done, ...]:
        """The actions that changed something in Azure, or failed to."""
        return tuple(step for step in self.done if step.verb not in ("Keep", "Adopt"))


@dataclass(frozen=True, slots=True)
class Pass:
    """The target, what the ledger knows of it, and limits in time.

    `deadline`: a moment of `Clock.monotonic`, after which nothing is awaited any more. The next two are in
    seconds since 1970. `began`: no reading from before it says anything about the path. `fresh_from`: what
    was asked for is newer, so older tags of a resource group do not say who asks for what. `sweep`: the id
    of the sweep, where nothing but a sweep asked. `state`: of target and profile, as a digest; requests that
    were refused in it are not sent again. `unrepaired`: classes of objects that the pass may only report.
    """

    target: ResourceId
    memory: Memory
    deadline: float
    began: float = 0.0
    fresh_from: float = 0.0
    reason: Reason = "event"
    sweep: str = ""
    state: str = ""
    unrepaired: frozenset[str] = frozenset()
    journal: Journal = field(default_factory=Journal)

    @property
    def recorded(self) -> Recorded:
        """What was made for the target up to now, in this pass too."""
        return Recorded(self.memory.owned, self.memory.addresses, self.memory.guids)
