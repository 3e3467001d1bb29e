"""What an endpoint's subnet must have: network policies, and a security group if it has none.

A subnet belongs to someone else. It is changed only where the operator's policy says so, and only in these
two properties: a PUT replaces a subnet as a whole, so what is sent is what was read.
Sources: Microsoft Learn, "Manage network policies for private endpoints" (the four values; without them
rules of a network security group do not apply to endpoints), REST reference "Subnets - Create Or Update";
docs/azure/virtual-networks.md, VNET-02 to VNET-04 (a subnet without the property counts as Disabled).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from shared.core.base.bodies import Seen, mapping
from shared.core.base.ids import ResourceId
from shared.core.base.refusal import Refusal
from shared.core.kinds.kind import Managed
from shared.core.readings.networks import GROUP, POLICIES, enforced, group_of, policies_of
from shared.core.readings.observed import Observed
from shared.core.readings.reading import Read

# What lets groups apply, from what the subnet has: route tables stay as they are.
_ENABLED = {"disabled": "NetworkSecurityGroupEnabled", "routetableenabled": "Enabled"}


@dataclass(frozen=True, slots=True)
class SubnetPolicy(Managed):
    """One subnet in which rules must apply to endpoints.

    `nsg`: attach this group if the subnet has none; an existing one is never detached. `enforce`: turn
    network policies on; False leaves them as they are. `write` is what the policy says: False reports what is
    missing. The subnet itself must exist.
    """

    TYPE = "Microsoft.Network/virtualNetworks/subnets"

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

    def reads(self, observed: Observed) -> Iterable[Read]:
        return (Read(self.id.parent, shared=True),) if self.id.parent else ()

    def is_managed(self, have: Seen) -> bool:
        """A subnet never is; the operator's policy says whether these properties may be written."""
        return self.write

    def drift(self, have: Seen, observed: Observed) -> tuple[str, ...]:
        found = (
            (self.enforce and not enforced(have), "security rules do not apply to endpoints in it"),
            (self.nsg is not None and group_of(have) is None, "it has no network security group"),
        )
        return tuple(text for differs, text in found if differs)

    def refused(self, have: Seen | None, observed: Observed) -> Refusal | None:
        """A subnet is never created here: the policy names one that does not exist."""
        if have is not None:
            return None
        reason = f"the subnet {self.id.text} does not exist"
        return Refusal(self.id, "SubnetNotFound", reason, "correct the policy, or create it")

    def body(self, have: Seen | None, observed: Observed) -> dict[str, Any]:
        """The subnet as it was read, with what is missing. Azure ignores its read-only properties."""
        existing = have or Seen(self.id, {})
        changed: dict[str, Any] = {}
        if self.enforce and not enforced(existing):
            changed[POLICIES] = _ENABLED.get(policies_of(existing), "NetworkSecurityGroupEnabled")
        if self.nsg and group_of(existing) is None:
            changed[GROUP] = {"id": self.nsg.text}
        return {**existing.body, "properties": {**mapping(existing.properties), **changed}}
