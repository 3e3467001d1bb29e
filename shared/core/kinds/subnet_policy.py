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
from shared.core.base.rights import Right, to_write
from shared.core.kinds.kind import Managed, target_of_mark
from shared.core.readings.networks import (
    GROUP,
    POLICIES,
    endpoints_in,
    enforced,
    group_of,
    policies_of,
    prefixes_in,
    virtual_network,
)
from shared.core.readings.observed import Observed
from shared.core.readings.reading import Read
from shared.core.rules.nsg import rules_of
from shared.core.rules.verdict import Traffic, evaluate

SHOWN = 5  # endpoints in one text
FOR_GROUPS = "NetworkSecurityGroupEnabled"  # rules apply to endpoints, route tables do not


@dataclass(frozen=True, slots=True)
class SubnetPolicy(Managed):
    """One subnet in which rules must apply to endpoints.

    `nsg`: attach this group if the subnet has none; an existing one is never detached. `enforce`: turn
    network policies on, with `policies` as their value where they are off; False leaves them as they are.
    Where route tables apply already they go on to. `write` is what the policy says: False reports what is
    missing. `endpoints`: those of the target. The subnet itself must exist.
    """

    TYPE = "Microsoft.Network/virtualNetworks/subnets"
    REPAIR = "rules"

    id: ResourceId
    nsg: ResourceId | None = None
    enforce: bool = True
    policies: str = FOR_GROUPS
    write: bool = True
    endpoints: frozenset[ResourceId] = frozenset()

    @property
    def needs(self) -> tuple[ResourceId, ...]:
        return (self.nsg,) if self.nsg else ()

    @property
    def rights(self) -> tuple[Right, ...]:
        return to_write(self.id, self.nsg) if self.nsg else to_write(self.id)

    @property
    def locks(self) -> tuple[str, ...]:
        """The whole network: a write to a subnet holds up every other one in it."""
        return (self.id.parent.key,) if self.id.parent else ()

    def reads(self, observed: Observed) -> Iterable[Read]:
        if self.id.parent:
            yield Read(self.id.parent, shared=True)
        if (have := observed.present(self.id)) and (nsg := self._turns_on(have)):
            yield Read(nsg, shared=True)
            if self._denial(have, observed):
                yield from (Read(at, tolerate="failure") for at in self._others(have))

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
        """A subnet is never created here: the policy names one that does not exist.

        Rules that have no effect until now must not shut the clients of other endpoints out.
        """
        if have is not None:
            return self._cuts_off(have, observed)
        reason = f"the subnet {self.id.text} does not exist"
        return Refusal(self.id, "SubnetNotFound", reason, "correct the policy, or create it")

    def _turns_on(self, have: Seen) -> ResourceId | None:
        """The subnet's group, if its rules begin to apply to endpoints by this write."""
        return group_of(have) if self.enforce and not enforced(have) else None

    def _others(self, have: Seen) -> tuple[ResourceId, ...]:
        return tuple(sorted(endpoints_in(have) - self.endpoints, key=lambda at: at.key))

    def _denial(self, have: Seen, observed: Observed) -> str:
        """What of the group may deny traffic from the virtual network to the subnet; empty for nothing."""
        nsg = self._turns_on(have)
        group = observed.present(nsg) if nsg else None
        network = observed.present(self.id.parent) if self.id.parent else None
        if group is None or network is None:
            return ""
        inside = virtual_network(network)
        asked = (Traffic("Inbound", inside, one, "*", inside) for one in prefixes_in(have.properties))
        verdicts = (evaluate(rules_of(group), traffic) for traffic in asked)
        return next((one.by for one in verdicts if one.allowed is not True and one.foreign), "")

    def _cuts_off(self, have: Seen, observed: Observed) -> Refusal | None:
        """Managed endpoints have rules of their own that let their clients in."""
        denial = self._denial(have, observed)
        seen = ((at, observed.present(at)) for at in self._others(have) if not observed.absent(at))
        others = [at.text for at, one in seen if one is None or not target_of_mark(one)] if denial else []
        if not others:
            return None
        return Refusal(
            self.id,
            "RulesWouldReachOthers",
            f"network policies of the subnet {self.id.text} are off; once they are on, {denial} would apply "
            f"to endpoints that Causeway does not manage, too: {', '.join(others[:SHOWN])}",
            "allow in the group what their clients need and turn on the subnet's network policies for "
            "security groups, or set nsg.enforce_on_endpoints: false in the profile; then rerun the resource",
            stops_all=True,
        )

    def body(self, have: Seen | None, observed: Observed) -> dict[str, Any]:
        """The subnet as it was read, with what is missing. Azure ignores its read-only properties."""
        existing = have or Seen(self.id, {})
        changed: dict[str, Any] = {}
        if self.enforce and not enforced(existing):
            routed = policies_of(existing) == "routetableenabled"
            changed[POLICIES] = "Enabled" if routed else self.policies
        if self.nsg and group_of(existing) is None:
            changed[GROUP] = {"id": self.nsg.text}
        return {**existing.body, "properties": {**mapping(existing.properties), **changed}}
