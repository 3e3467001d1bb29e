"""Allow rules for all endpoints of a subnet, or of an application security group (`nsg.destination`).

They need no write for each endpoint, and they are kept when a target leaves: others use them. What is judged
is what they do for the target's own endpoints.
Source: Microsoft Learn, REST reference "Security Rules" (a side has prefixes or application security groups).
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Self

from shared.core.base.bodies import Seen, reference, sequence
from shared.core.base.ids import ResourceId
from shared.core.base.rights import Right, to_write
from shared.core.kinds.rule import WIDE, Rule
from shared.core.kinds.rule_effect import ClientTraffic
from shared.core.readings.observed import Observed
from shared.core.rules.addresses import AddressSet, normalized
from shared.core.rules.nsg import SecurityRule, parsed_rule

GROUPS = "destinationApplicationSecurityGroups"


@dataclass(frozen=True, slots=True)
class WideRule(Rule):
    """One allow rule whose destinations are a subnet's prefixes, or the members of `group`.

    `reached`: the addresses of the target's endpoints, as far as they are known.
    """

    group: ResourceId | None = None
    reached: tuple[str, ...] = ()

    @property
    def rights(self) -> tuple[Right, ...]:
        return to_write(self.id, self.group) if self.group else to_write(self.id)

    @property
    def recorded(self) -> bool:
        return False

    @property
    def adds(self) -> tuple[str, ...]:
        return ()

    @property
    def traffic(self) -> ClientTraffic:
        return ClientTraffic(self.nsg, self.sources, self.reached, self.ports)

    @property
    def _purpose(self) -> str:
        return WIDE

    def together(self, other: Self) -> Self:
        return replace(self, reached=tuple(dict.fromkeys((*other.reached, *self.reached))))

    def joined(self, adds: Iterable[str]) -> Self:
        return self

    def _as_written(self, existing: Seen | None, observed: Observed) -> SecurityRule:
        """With the endpoints as members of the group: the pass puts them there."""
        written = super(WideRule, self)._as_written(existing, observed)
        return replace(written, destinations=AddressSet(self.reached)) if self.group else written

    def _other_ends(self, have: Seen) -> tuple[str, ...]:
        listed = tuple(reference(one) for one in sequence(have.properties.get(GROUPS)))
        prefixes = normalized(parsed_rule(have).destinations.texts) == normalized(self.destinations)
        right = listed == (self.group,) if self.group else prefixes
        return () if right else ("its destinations are not what the policy names",)

    def _ends(self, have: Seen | None) -> dict[str, Any]:
        if self.group:
            return {GROUPS: [{"id": self.group.text}]}
        return {"destinationAddressPrefixes": list(self.destinations)}
