"""How much room new endpoints take, and what a candidate subnet lacks for them.

Place in the data's way: below `place.py`, which asks each candidate for its fault. An endpoint takes one
address for each member that its group requires, and only the target's own list names those (recorded: Cosmos
DB one for the account and one for each region, a container registry two and more). That list, and what a
subscription has used, cost a request each, so both are asked only where the answer can change the choice
(`flow/room.py`).
"""

import ipaddress
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from shared.core.base.bodies import Json, Seen, mapping, reference, sequence
from shared.core.base.ids import ResourceId
from shared.core.base.regions import region_key
from shared.core.kinds.peering import peerings_of, remote_of
from shared.core.kinds.subnet_policy import prefixes_in
from shared.core.placement.capacity import Usage, crowded, endpoints_in
from shared.core.plan.actions import Block
from shared.core.policy.policy import Limits

RESERVED = 5  # Azure keeps the first four addresses and the last of every subnet (Microsoft Learn: VNet FAQ)
# With so many free addresses for each new endpoint nobody has to ask how many it takes: the most that is
# documented for one group are the 25 of Azure Backup in some regions (Microsoft Learn: "Private endpoints for
# Azure Backup"; its second version takes 10).
PLENTY = 32
FULL = "SubnetFull"

# What an endpoint takes at least, for types whose list cannot be read; one for every other type. Sources:
# Microsoft Learn, "Design your Azure Monitor private link setup" (11), "Connect privately to an Azure
# container registry" (registry and data endpoint), "Replicate machines with private endpoints" (Site
# Recovery: five), "Configure Azure Private Link for Azure Cosmos DB" (account and region); recorded lists
# (Storage Sync: four).
_LEAST = {
    "microsoft.insights/privatelinkscopes": 11,
    "microsoft.containerregistry/registries": 2,
    "microsoft.recoveryservices/vaults": 5,
    "microsoft.documentdb/databaseaccounts": 2,
    "microsoft.storagesync/storagesyncservices": 4,
}


@dataclass(frozen=True, slots=True)
class Room:
    """What Azure told of room so far.

    `addresses`: how many an endpoint takes, by lower-case group id; None while nobody asked. `used`: private
    endpoints by subscription and region, both as keys; None where that is not known.
    """

    addresses: Mapping[str, int] | None = None
    used: Mapping[tuple[str, str], Usage | None] = field(default_factory=dict)


def addresses_needed(kind: str, groups: Iterable[str], listed: Iterable[Json] | None) -> dict[str, int]:
    """Addresses for each group id, from `privateLinkResources`; `listed` is None where it cannot be read.

    Storage's secondaries and Cosmos DB's dedicated gateway are never listed (recorded): they count as their
    primary. What is not listed either way counts one.
    """
    keys = [group.lower() for group in groups]
    if listed is None:
        return dict.fromkeys(keys, _LEAST.get(kind.lower(), 1))
    known: dict[str, int] = {}
    for properties in (mapping(mapping(entry).get("properties")) for entry in listed):
        group = str(properties.get("groupId") or "").lower()
        known[group] = max(known.get(group, 1), len(sequence(properties.get("requiredMembers"))))
    return {key: known.get(key) or known.get(_primary(key), 1) for key in keys}


def _primary(group: str) -> str:
    return "sql" if group == "sqldedicated" else group.removesuffix("_secondary")


def free_addresses(subnet: Json) -> int:
    """IPv4 addresses that Azure could still hand out in a subnet's body, as a virtual network lists it."""
    properties = mapping(subnet.get("properties"))
    sizes = [
        network.num_addresses - RESERVED
        for network in (ipaddress.ip_network(prefix, strict=False) for prefix in prefixes_in(properties))
        if network.version == 4
    ]
    return max(0, sum(sizes) - len(sequence(properties.get("ipConfigurations"))))


@dataclass(frozen=True, slots=True)
class Candidate:
    """A subnet, as the place for the groups that have no endpoint yet.

    `made`: where the endpoint of each group stands or would stand. `connected`: endpoints that the target
    itself lists, which tells of a new one before a network that was read a minute ago does.
    """

    target: ResourceId
    subnet: ResourceId
    body: Json
    network: Seen | None
    made: Mapping[str, ResourceId]
    connected: Collection[ResourceId] = ()

    @property
    def standing(self) -> frozenset[ResourceId | None]:
        """The endpoints in the subnet, whoever made them."""
        listed = sequence(mapping(self.body.get("properties")).get("privateEndpoints"))
        return frozenset(reference(entry) for entry in listed)

    @property
    def new(self) -> tuple[str, ...]:
        """The groups whose endpoint does not stand here: ours that does needs no new room."""
        here = self.standing
        return tuple(group for group, at in self.made.items() if at not in here and at not in self.connected)

    @property
    def location(self) -> str:
        """The network's region, as Azure spells it."""
        return str(self.network.body.get("location") or "") if self.network else ""

    def fault(
        self,
        region: str,
        room: Room,
        limits: Limits,
        networks: Mapping[ResourceId, Seen | None],
        clients: Collection[ResourceId],
    ) -> Block | None:
        """Why this subnet cannot take the new endpoints; None if it can. `clients`: networks to be peered."""
        if unfit := self._unfit(region):
            return unfit
        if not self.new:
            return None
        return (
            self._full(room)
            or self._at_limit(limits)
            or self._crowded(networks, clients)
            or self._used_up(room)
        )

    def _block(self, code: str, reason: str, remedy: str) -> Block:
        return Block(self.target, self.subnet, code, reason, remedy)

    def _unfit(self, region: str) -> Block | None:
        if not self.body:
            return self._block(
                "SubnetNotFound",
                f"the subnet {self.subnet.text} does not exist",
                "correct the policy, or create it",
            )
        if region_key(self.location) != region:
            return self._block(
                "SubnetInOtherRegion",
                f"the subnet {self.subnet.text} is in {self.location}, the policy lists it under {region}",
                "list the subnet under its own region, or name one in this region",
            )
        delegations = sequence(mapping(self.body.get("properties")).get("delegations"))
        if delegations:
            service = mapping(mapping(delegations[0]).get("properties")).get("serviceName")
            return self._block(
                "SubnetIsDelegated",
                f"the subnet {self.subnet.text} is delegated to {service}",
                "name a subnet without delegation in the policy",
            )
        return None

    def _full(self, room: Room) -> Block | None:
        takes = {group: (room.addresses or {}).get(group.lower(), 1) for group in self.new}
        free, needed = free_addresses(self.body), sum(takes.values())
        if needed <= free:
            return None
        each = ", ".join(f"{group or 'its endpoint'} {count}" for group, count in takes.items())
        return self._block(
            FULL,
            f"the subnet {self.subnet.text} has {free} free addresses, {needed} are needed ({each})",
            "add a subnet to the policy for this region, or make room in this one",
        )

    def _at_limit(self, limits: Limits) -> Block | None:
        if len(self.standing) + len(self.new) <= limits.max_endpoints_per_subnet:
            return None
        return self._block(
            "SubnetAtLimit",
            f"the subnet {self.subnet.text} holds {len(self.standing)} endpoints, the policy lets it hold "
            f"{limits.max_endpoints_per_subnet}",
            "raise limits.max_endpoints_per_subnet, or add a subnet to the policy for this region",
        )

    def _crowded(
        self, networks: Mapping[ResourceId, Seen | None], clients: Collection[ResourceId]
    ) -> Block | None:
        """The limits of Azure on endpoints in a network, and over the networks that are peered with it."""
        if self.network is None:
            return None
        remotes = {*clients, *(remote_of(half) for half in peerings_of(self.network))}
        peered = {at: endpoints_in(seen) for at, seen in networks.items() if seen and at in remotes}
        if text := crowded(self.network, peered, len(self.new)):
            remedy = "spread the endpoints over more networks, or ask for the high-scale mode"
            return Block(self.target, self.network.id, "NetworkCrowded", text, remedy)
        return None

    def _used_up(self, room: Room) -> Block | None:
        used = room.used.get(self.quota)
        if used is None or used.count + len(self.new) <= used.limit:
            return None
        subscription, region = self.quota
        return self._block(
            "SubscriptionFull",
            f"the subscription {subscription} has {used.count} private endpoints in {region} and would get "
            f"{len(self.new)} more; Azure allows {used.limit}",
            "name a subnet of another subscription or region, or delete endpoints that nobody needs",
        )

    @property
    def quota(self) -> tuple[str, str]:
        """The subscription and region in which Azure counts the endpoints."""
        at = next(iter(self.made.values()), self.subnet)
        return at.subscription.lower(), region_key(self.location)
