"""A candidate subnet: the target's endpoints that it holds, and why it cannot take the others."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from shared.core.base.bodies import Seen, mapping, sequence
from shared.core.base.ids import ResourceId
from shared.core.base.refusal import Refusal
from shared.core.base.regions import region_key
from shared.core.placement.capacity import crowded, endpoint_count, free_addresses
from shared.core.placement.static import Chosen, Range, StaticRange
from shared.core.policy.policy import Limits
from shared.core.readings.networks import endpoints_in, remotes_of
from shared.core.readings.observed import Observed

FULL = "SubnetFull"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A subnet, as the place for the groups that have no endpoint yet.

    `made`: the id of each group's endpoint in it, existing or not. `connected`: endpoints that the target
    itself lists, which reports a new one earlier than a network that was read a minute ago. `static`: the
    range from which new endpoints get their addresses, if the policy has one. `kind`: the target's type.
    """

    subnet: ResourceId
    body: Seen | None
    network: Seen | None
    made: Mapping[str, ResourceId]
    connected: Collection[ResourceId] = ()
    static: Range | None = None
    kind: str = ""

    @property
    def existing(self) -> frozenset[ResourceId]:
        """The endpoints in the subnet, foreign ones included."""
        return endpoints_in(self.body) if self.body else frozenset()

    @property
    def new(self) -> tuple[str, ...]:
        """The groups whose endpoint is not here yet: an existing one of ours needs no capacity."""
        here = self.existing
        return tuple(group for group, at in self.made.items() if at not in here and at not in self.connected)

    def addresses(self, observed: Observed) -> Chosen | Refusal:
        """Static addresses for the new endpoints, by group; none where Azure is to choose, or not yet."""
        if self.static is None or self.body is None or not self.new:
            return {}
        within = StaticRange(self.kind, self.static, self.subnet, self.body, observed.capacity)
        return within.chosen({group: self.made[group] for group in self.new})

    @property
    def location(self) -> str:
        """The network's region, as Azure spells it."""
        return str(self.network.body.get("location") or "") if self.network else ""

    @property
    def quota(self) -> tuple[str, str]:
        """The subscription and region in which Azure counts the endpoints."""
        at = next(iter(self.made.values()), self.subnet)
        return at.subscription.lower(), region_key(self.location)

    def refused(
        self, region: str, limits: Limits, clients: Collection[ResourceId], observed: Observed
    ) -> Refusal | None:
        """Why this subnet cannot take the new endpoints; None if it can. `clients`: networks to be peered."""
        if unfit := self._unfit(region):
            return unfit
        new = self.new
        if not new:
            return None
        return (
            self._elsewhere(new)
            or self._full(new, observed)
            or self._at_limit(new, limits)
            or self._crowded(new, clients, observed)
            or self._used_up(new, observed)
            or self._without_addresses(observed)
        )

    def _without_addresses(self, observed: Observed) -> Refusal | None:
        found = self.addresses(observed)
        return found if isinstance(found, Refusal) else None

    def _unfit(self, region: str) -> Refusal | None:
        at = self.subnet
        if self.body is None:
            reason = f"the subnet {at.text} does not exist"
            return Refusal(at, "SubnetNotFound", reason, "correct the policy, or create it")
        if region_key(self.location) != region:
            reason = f"the subnet {at.text} is in {self.location}, the policy lists it under {region}"
            remedy = "list the subnet under its own region, or name one in this region"
            return Refusal(at, "SubnetInOtherRegion", reason, remedy)
        if delegations := sequence(self.body.properties.get("delegations")):
            service = mapping(mapping(delegations[0]).get("properties")).get("serviceName")
            reason = f"the subnet {at.text} is delegated to {service}"
            return Refusal(at, "SubnetIsDelegated", reason, "name a subnet without delegation in the policy")
        return None

    def _elsewhere(self, new: Collection[str]) -> Refusal | None:
        """Azure makes an endpoint only in its network's subscription."""
        homes = (self.made[group].group for group in new)
        other = next(
            (at for at in homes if at.subscription.lower() != self.subnet.subscription.lower()), None
        )
        if other is None:
            return None
        return Refusal(
            self.subnet,
            "EndpointInOtherSubscription",
            f"the subnet {self.subnet.text} is in another subscription than {other.text}, where the policy "
            "wants the endpoint: Azure makes an endpoint only in its network's subscription",
            "set endpoints_resource_group to subnet, or to a group of subscription "
            f"{self.subnet.subscription}, or name a subnet of subscription {other.subscription}; then rerun "
            "the resource",
        )

    def _full(self, new: Collection[str], observed: Observed) -> Refusal | None:
        takes = {group: (observed.capacity.addresses or {}).get(group.lower(), 1) for group in new}
        free, needed = free_addresses(self.body) if self.body else 0, sum(takes.values())
        if needed <= free:
            return None
        each = ", ".join(f"{group or 'its endpoint'} {count}" for group, count in takes.items())
        return Refusal(
            self.subnet,
            FULL,
            f"the subnet {self.subnet.text} has {free} free addresses, {needed} are needed ({each})",
            "add a subnet to the policy for this region, or free addresses in this one",
        )

    def _at_limit(self, new: Collection[str], limits: Limits) -> Refusal | None:
        existing = len(self.existing)
        if existing + len(new) <= limits.max_endpoints_per_subnet:
            return None
        return Refusal(
            self.subnet,
            "SubnetAtLimit",
            f"the subnet {self.subnet.text} holds {existing} endpoints, the policy lets it hold "
            f"{limits.max_endpoints_per_subnet}",
            "raise limits.max_endpoints_per_subnet, or add a subnet to the policy for this region",
        )

    def _crowded(
        self, new: Collection[str], clients: Collection[ResourceId], observed: Observed
    ) -> Refusal | None:
        """Azure's limits on endpoints in a network, and over the networks that are peered with it."""
        if self.network is None:
            return None
        remotes = remotes_of(self.network).union(clients)
        peered = {at: endpoint_count(seen) for at in remotes if (seen := observed.present(at))}
        if text := crowded(self.network, peered, len(new)):
            remedy = "spread the endpoints over more networks, or ask for the high-scale mode"
            return Refusal(self.network.id, "NetworkCrowded", text, remedy)
        return None

    def _used_up(self, new: Collection[str], observed: Observed) -> Refusal | None:
        subscription, region = self.quota
        used = observed.capacity.used.get((subscription, region))
        if used is None or used.count + len(new) <= used.limit:
            return None
        return Refusal(
            self.subnet,
            "SubscriptionFull",
            f"the subscription {subscription} has {used.count} private endpoints in {region} and would get "
            f"{len(new)} more; Azure allows {used.limit}",
            "name a subnet of another subscription or region, or delete endpoints that are not needed",
        )
