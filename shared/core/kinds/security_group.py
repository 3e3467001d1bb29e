"""Network security groups: `Microsoft.Network/networkSecurityGroups`, created where a subnet has none.

All endpoints of the subnet share the group: it is created where it is missing, and never changed or deleted
afterwards. A PUT of a group replaces it with all of its rules, so what Causeway adds to a group are rules,
which are resources of their own (`rule.py`).
Sources: Microsoft Learn, REST reference "Network Security Groups - Create Or Update", "Network security
groups" (a subnet's group is in its region and subscription), "Naming rules" (80 letters, digits and - _ .).
"""

from dataclasses import dataclass
from typing import Any

from shared.core.base.bodies import Seen
from shared.core.base.ids import ResourceId, digest
from shared.core.kinds.kind import MARK_TAG, MARK_VALUE, Managed
from shared.core.policy.style import Tags
from shared.core.readings.observed import Observed

TYPE = "Microsoft.Network/networkSecurityGroups"


def group_id(subnet: ResourceId) -> ResourceId:
    """The id of our group for this subnet: beside its network, under a name that people recognise.

    The hash makes it the same for the same subnet, so that two workers cannot create two groups.
    """
    network, name = subnet.names[0].lower(), subnet.name.lower()
    return subnet.group.resource(TYPE, f"nsg-{network[:30]}-{name[:30]}-{digest(subnet.key)}")


@dataclass(frozen=True, slots=True)
class SecurityGroup(Managed):
    """The network security group of a subnet that has none, in the region of the subnet's network.

    Whatever an existing one holds is right: a write would delete everybody's rules.
    """

    TYPE = TYPE
    REPAIR = "rules"

    id: ResourceId
    location: str
    tags: Tags = ()

    @property
    def locks(self) -> tuple[str, ...]:
        return (self.id.key,)

    def body(self, have: Seen | None, observed: Observed) -> dict[str, Any]:
        return {
            "location": self.location,
            "tags": {**dict(self.tags), MARK_TAG: MARK_VALUE},
            "properties": {},
        }
