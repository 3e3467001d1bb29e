"""Rules under `nsg.mode: require`: what counts is what the group does, not how its rules are called."""

from dataclasses import dataclass

from shared.core.base.bodies import Seen
from shared.core.base.ids import ResourceId
from shared.core.base.refusal import Refusal
from shared.core.kinds.rule import DENIED, Rule
from shared.core.kinds.rule_effect import in_force, without_denial
from shared.core.readings.observed import Observed
from shared.core.readings.reading import Absent, Present, Reading


@dataclass(frozen=True, slots=True)
class RequiredRule(Rule):
    """A rule that is never written: the need is met by the group itself."""

    @property
    def write(self) -> bool:
        return False

    @property
    def recorded(self) -> bool:
        return False

    def found(self, observed: Observed) -> Reading[Seen]:
        group = observed.reading(self.nsg)
        if not isinstance(group, Present):
            return group
        return Absent(group.at) if self._unmet(observed) else Present(Seen(self.nsg, {}), group.at)

    def is_managed(self, have: Seen) -> bool:
        return False

    def drift(self, have: Seen, observed: Observed) -> tuple[str, ...]:
        return ()

    def refused(self, have: Seen | None, observed: Observed) -> Refusal | None:
        """A denial in the way of any rule, else what the group does not do."""
        denial = self._ineffective(observed)
        if denial is not None and denial.code == DENIED:
            return denial
        reason = f"{self.nsg.name}: {self._unmet(observed)}, and the policy lets Causeway only report it"
        remedy = "add such a rule to the group, or let the policy ensure it"
        return Refusal(self.nsg, "NotEnsured", reason, remedy)

    def shortfall(self, have: Seen, observed: Observed) -> Refusal | None:
        return None

    def blocking(self, observed: Observed) -> ResourceId | None:
        return None  # nothing of it is ours to remove

    def _unmet(self, observed: Observed) -> str:
        """Why the group's rules do not do what ours would; empty where they do."""
        if self.access == "Allow":
            verdict = in_force(self.traffic, observed)
            return f"its rule {verdict.by} does not let clients through" if verdict else ""
        address = without_denial(self.traffic, observed)
        if address is None:
            return ""
        return f"no rule of it denies {address} to everybody whom no earlier rule lets through"
