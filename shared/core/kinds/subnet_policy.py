"""What an endpoint's subnet must let through: network policies, and a security group if none is there.

A subnet is somebody else's. It is changed only where the operator's policy says so, and then in nothing but
these two properties: a PUT replaces a subnet as a whole, so what is sent is what was read.
Sources: Microsoft Learn, "Manage network policies for private endpoints" (the four values; without them
rules of a network security group do not touch endpoints), REST reference "Subnets - Create Or Update";
recorded ARM traffic (a subnet without the property counts as Disabled).
"""

from dataclasses import dataclass
from typing import Any

from shared.core.base.bodies import Json, Seen, mapping, reference, sequence
from shared.core.base.ids import ResourceId
from shared.core.kinds.kind import Ordinary

POLICIES = "privateEndpointNetworkPolicies"
GROUP = "networkSecurityGroup"

# What lets groups apply, from what the subnet has: route tables stay as they are.
_OPENED = {"disabled": "NetworkSecurityGroupEnabled", "routetableenabled": "Enabled"}
_MET = frozenset({"enabled", "networksecuritygroupenabled"})


def enforced(subnet: Seen) -> bool:
    """Rules of a network security group apply to the subnet's endpoints."""
    return _policies(subnet) in _MET


def group_of(subnet: Seen) -> ResourceId | None:
    """The network security group that filters the subnet."""
    return reference(subnet.properties.get(GROUP))


def prefixes_in(subnet: Json) -> tuple[str, ...]:
    """The address prefixes among a subnet's properties, in whichever form it has them."""
    several, one = sequence(subnet.get("addressPrefixes")), subnet.get("addressPrefix")
    return tuple(str(prefix) for prefix in several or [one] if prefix)


def _policies(subnet: Seen) -> str:
    return str(subnet.properties.get(POLICIES) or "Disabled").lower()


@dataclass(frozen=True, slots=True)
class SubnetPolicy(Ordinary):
    """One subnet in which rules must apply to endpoints.

    `nsg`: attach this group if the subnet has none; a group that is there is never taken off. `enforce`: turn
    network policies on; False leaves them as they are. `write` is the operator's word: False reports what is
    missing. The subnet itself must exist.
    """

    id: ResourceId
    nsg: ResourceId | None = None
    enforce: bool = True
    write: bool = True

    @property
    def needs(self) -> tuple[ResourceId, ...]:
        return (self.nsg,) if self.nsg else ()

    @property
    def locks(self) -> tuple[str, ...]:
        """The whole network: a write to a subnet holds up every other one in it."""
        return (self.id.parent.key,) if self.id.parent else ()

    def is_ours(self, have: Seen) -> bool:
        """It never is; the operator's policy says whether we may write these properties all the same."""
        return self.write

    def drift(self, have: Seen) -> tuple[str, ...]:
        found = (
            (self.enforce and not enforced(have), "security rules do not apply to endpoints in it"),
            (self.nsg is not None and group_of(have) is None, "it has no network security group"),
        )
        return tuple(text for differs, text in found if differs)

    def body(self, have: Seen | None) -> dict[str, Any]:
        """The subnet as it was read, with what is missing. Azure ignores its read-only properties."""
        standing = have or Seen(self.id, {})
        changed: dict[str, Any] = {}
        if self.enforce and not enforced(standing):
            changed[POLICIES] = _OPENED.get(_policies(standing), "NetworkSecurityGroupEnabled")
        if self.nsg and group_of(standing) is None:
            changed[GROUP] = {"id": self.nsg.text}
        return {**standing.body, "properties": {**mapping(standing.properties), **changed}}
