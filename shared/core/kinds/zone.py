"""Private DNS zones: `Microsoft.Network/privateDnsZones`.

A zone belongs to everybody: it is made where the policy allows and is missing, and never changed or
deleted afterwards.
"""

from dataclasses import dataclass
from typing import Any

from shared.core.base.bodies import Seen
from shared.core.base.ids import ResourceId
from shared.core.kinds.kind import MARK_TAG, MARK_VALUE, Ordinary

TYPE = "Microsoft.Network/privateDnsZones"


@dataclass(frozen=True, slots=True)
class Zone(Ordinary):
    """One private DNS zone; its id's last name is the zone's name. `write`: a missing one may be made."""

    id: ResourceId
    write: bool

    @property
    def locks(self) -> tuple[str, ...]:
        return (self.id.key,)

    def body(self, have: Seen | None) -> dict[str, Any]:
        return {"location": "global", "tags": {MARK_TAG: MARK_VALUE}}
