"""Private DNS zones: `Microsoft.Network/privateDnsZones`.

Many targets share a zone: it is created where the policy allows and it is missing, and never changed or
deleted afterwards.
"""

from dataclasses import dataclass
from typing import Any

from shared.core.base.bodies import Seen
from shared.core.base.ids import ResourceId
from shared.core.base.refusal import Refusal
from shared.core.kinds.kind import MARK_TAG, MARK_VALUE, Managed
from shared.core.policy.style import Tags
from shared.core.readings.observed import Observed

TYPE = "Microsoft.Network/privateDnsZones"


@dataclass(frozen=True, slots=True)
class Zone(Managed):
    """One private DNS zone; its id's last name is the zone's name. `write`: create it if it is missing."""

    TYPE = TYPE
    REPAIR = "names"

    id: ResourceId
    write: bool
    tags: Tags = ()

    @property
    def guarded(self) -> bool:
        return True

    @property
    def locks(self) -> tuple[str, ...]:
        return (self.id.key,)

    def not_writable(self, problem: str) -> Refusal:
        return Refusal(
            self.id,
            "ZoneNotFound",
            f"the zone {self.id.name} does not exist and the policy does not let Causeway create it",
            f"create {self.id.text}, or set dns.create_zones: true",
        )

    def body(self, have: Seen | None, observed: Observed) -> dict[str, Any]:
        return {"location": "global", "tags": {**dict(self.tags), MARK_TAG: MARK_VALUE}}
