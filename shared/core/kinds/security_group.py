"""Network security groups: `Microsoft.Network/networkSecurityGroups`, made where a subnet has none.

A group belongs to everybody whose endpoints stand in its subnet: it is made where it is missing, and never
changed or deleted afterwards. A PUT of a group replaces it with all of its rules, so what Causeway has to say
in one it says in rules, which are resources of their own (`rule.py`).
Sources: Microsoft Learn, REST reference "Network Security Groups - Create Or Update", "Network security
groups" (a subnet's group is in its region and subscription), "Naming rules" (80 letters, digits and - _ .).
"""

import hashlib
from dataclasses import dataclass
from typing import Any

from shared.core.base.bodies import Seen
from shared.core.base.ids import ResourceId
from shared.core.kinds.kind import MARK_TAG, MARK_VALUE, Ordinary

TYPE = "Microsoft.Network/networkSecurityGroups"


def group_id(subnet: ResourceId) -> ResourceId:
    """Where our group for this subnet stands: beside its network, under a name that people recognise.

    The hash makes it the same for the same wish, so that two workers cannot make two groups.
    """
    digest = hashlib.sha256(subnet.key.encode()).hexdigest()[:8]
    network, name = subnet.names[0].lower(), subnet.name.lower()
    return subnet.group.resource(TYPE, f"nsg-{network[:30]}-{name[:30]}-{digest}")


@dataclass(frozen=True, slots=True)
class SecurityGroup(Ordinary):
    """The network security group of a subnet that has none, in the region of the subnet's network.

    Whatever one holds is right: a write would throw out the rules of everybody.
    """

    id: ResourceId
    location: str

    @property
    def locks(self) -> tuple[str, ...]:
        return (self.id.key,)

    def body(self, have: Seen | None) -> dict[str, Any]:
        return {"location": self.location, "tags": {MARK_TAG: MARK_VALUE}, "properties": {}}
