"""Where each endpoint goes: an endpoint that already answers the need, or the first subnet that can take one.

Place in the data's way: between `Intent` and `Desired`. It needs what stands around the target
(`Surroundings`), because only the networks themselves know their region, delegations and free addresses.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from shared.core.base.bodies import Json, Seen, mapping, sequence
from shared.core.base.ids import ResourceId
from shared.core.base.regions import region_key
from shared.core.base.target import Connection, Target
from shared.core.kinds.endpoint import connection_of, endpoint_id, subnet_of
from shared.core.placement.candidate import FULL, PLENTY, Candidate, free_addresses
from shared.core.plan.actions import Block
from shared.core.policy.intent import Connect, Declined
from shared.core.policy.policy import Limits, Profile
from shared.core.readings.observed import Surroundings


@dataclass(frozen=True, slots=True)
class Site:
    """An endpoint of this id belongs into this subnet, in the subnet's network's region.

    `adopted`: someone else's endpoint stands there already and answers the need. `new`: it is yet to be made.
    """

    endpoint: ResourceId
    subnet: ResourceId
    location: str
    adopted: bool = False
    new: bool = False


@dataclass(frozen=True, slots=True)
class Members:
    """How many addresses the target's groups take. `scarce`: a network whose subnet has few left."""

    scarce: ResourceId | None = None


@dataclass(frozen=True, slots=True)
class Used:
    """How many private endpoints the subscription has in the region."""

    subscription: str
    region: str


type Doubt = Members | Used


def candidates(target: Target, profile: Profile) -> tuple[str, tuple[ResourceId, ...]] | Declined:
    """The region whose subnets serve the target, and those subnets in the operator's order."""
    for region in (region_key(target.location), profile.fallback_region):
        if region and profile.subnets.get(region):
            return region, tuple(profile.subnets[region])
    return Declined(
        "NoSubnetForRegion",
        f"the profile has no subnet for the region '{region_key(target.location)}' and no fallback",
        f"add a subnet under subnets.{region_key(target.location)}, or set fallback_region",
    )


def sites(
    target: Target,
    connect: Connect,
    region: str,
    subnets: tuple[ResourceId, ...],
    around: Surroundings,
    limits: Limits,
) -> Mapping[str, Site] | Block:
    """One site for each group id. All new endpoints of a target go into one subnet.

    The operator's order counts among subnets that need as many new endpoints: our own endpoint in a candidate
    keeps its subnet, also when there is room again in one that comes before it, and its place whoever makes
    another one beside it.
    """
    found: dict[str, Site] = {}
    approved = {one.endpoint_id for one in target.connections if one.status.lower() == "approved"}
    for group in connect.groups:
        homes = ((connect.profile.endpoints_resource_group or subnet.group, subnet) for subnet in subnets)
        ours = {endpoint_id(home, target.id, group.group_id, subnet) for home, subnet in homes}
        if not ours & approved and (adopted := _answered(target, group.group_id, subnets, around)):
            found[group.group_id] = adopted
    missing = [group.group_id for group in connect.groups if group.group_id not in found]
    if not missing:
        return found
    options = [_candidate(target, connect, missing, subnet, around) for subnet in subnets]
    clients = connect.profile.clients if connect.profile.peering == "ensure" else ()
    faults: list[Block] = []
    for option in sorted(options, key=lambda option: len(option.new)):
        fault = option.fault(region, around.room, limits, around.networks, clients)
        if fault is None:
            return found | _sites(option, region)
        faults.append(fault)
    rest = "".join(f"; {fault.reason}" for fault in faults[1:])
    return Block(target.id, faults[0].found, faults[0].code, faults[0].reason + rest, faults[0].remedy)


def _candidate(
    target: Target, connect: Connect, groups: list[str], subnet: ResourceId, around: Surroundings
) -> Candidate:
    home = connect.profile.endpoints_resource_group or subnet.group
    network = around.networks.get(subnet.parent) if subnet.parent else None
    return Candidate(
        target.id,
        subnet,
        _subnet_body(network.body if network else {}, subnet),
        network,
        {group: endpoint_id(home, target.id, group, subnet) for group in groups},
        frozenset(c.endpoint_id for c in target.connections if c.endpoint_id and not _lost(c)),
    )


def _lost(connection: Connection) -> bool:
    """Its endpoint may be long gone."""
    return connection.status.lower() == "disconnected"


def _sites(option: Candidate, region: str) -> dict[str, Site]:
    new, location = set(option.new), option.location or region
    return {group: Site(at, option.subnet, location, new=group in new) for group, at in option.made.items()}


def doubt(chosen: Mapping[str, Site] | Block, around: Surroundings) -> Doubt | None:
    """What could still change the choice, and only Azure can tell; None where it is sure enough.

    Nothing is in doubt unless an endpoint is about to be made: a target that is connected costs nothing here.
    """
    unknown = around.room.addresses is None
    if isinstance(chosen, Block):
        return Members() if unknown and chosen.code == FULL else None
    new = [site for site in chosen.values() if site.new]
    if not new:
        return None
    subnet = subnet_in(around.networks, new[0].subnet)
    if unknown and subnet and free_addresses(subnet.body) < PLENTY * len(new):
        return Members(new[0].subnet.parent)
    used = Used(new[0].endpoint.subscription.lower(), region_key(new[0].location))
    return used if (used.subscription, used.region) not in around.room.used else None


def _answered(target: Target, group: str, subnets: Iterable[ResourceId], around: Surroundings) -> Site | None:
    """An approved endpoint of someone else to this target and group, in an accepted subnet."""
    for rival in around.rivals:
        connection, subnet = connection_of(rival), subnet_of(rival)
        if connection is None or subnet not in set(subnets) or connection.target != target.id:
            continue
        if connection.group.lower() == group.lower() and connection.status.lower() == "approved":
            return Site(rival.id, subnet, str(rival.body.get("location") or ""), adopted=True)
    return None


def _body(network: ResourceId | None, networks: Mapping[ResourceId, Seen | None]) -> Json:
    seen = networks.get(network) if network else None
    return seen.body if seen else {}


def subnet_in(networks: Mapping[ResourceId, Seen | None], subnet: ResourceId) -> Seen | None:
    """A subnet as its network's body lists it; None where either does not exist."""
    body = _subnet_body(_body(subnet.parent, networks), subnet)
    return Seen(subnet, body) if body else None


def with_subnet(networks: Mapping[ResourceId, Seen | None], subnet: Seen) -> Mapping[ResourceId, Seen | None]:
    """The networks with a newer reading of one subnet in its network's body."""
    network = networks.get(subnet.id.parent) if subnet.id.parent else None
    if network is None:
        return networks
    subnets = sequence(network.properties.get("subnets"))
    newer = [{**body, **subnet.body} if _named(body, subnet.id) else body for body in subnets]
    body = {**network.body, "properties": {**network.properties, "subnets": newer}}
    return {**networks, network.id: Seen(network.id, body)}


def _subnet_body(network: Json, subnet: ResourceId) -> Json:
    subnets = sequence(mapping(network.get("properties")).get("subnets"))
    return next((body for body in map(mapping, subnets) if _named(body, subnet)), {})


def _named(body: object, subnet: ResourceId) -> bool:
    return str(mapping(body).get("name") or "").lower() == subnet.name.lower()
