"""Where each endpoint goes: an endpoint that already meets the need, or the first subnet that can take one.

Only the networks themselves know their region, delegations and free addresses, so they are read first
(`surroundings`).
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from shared.core.base.ids import GroupId, ResourceId
from shared.core.base.refusal import Refusal
from shared.core.base.regions import region_key
from shared.core.base.target import Target, TargetConnection
from shared.core.kinds import endpoint
from shared.core.kinds.endpoint import connection_of, endpoint_id, subnet_of
from shared.core.kinds.zone_configs import COLLECTION as ZONE_GROUPS
from shared.core.placement.candidate import FULL, Candidate
from shared.core.placement.capacity import PLENTY, free_addresses
from shared.core.policy.intent import Connect, Declined
from shared.core.policy.policy import Limits
from shared.core.policy.profile import Placement
from shared.core.readings.observed import Observed
from shared.core.readings.reading import Read
from shared.core.rules.path_ends import groups_in, tables_in


@dataclass(frozen=True, slots=True)
class Site:
    """An endpoint of this id belongs into this subnet, in the subnet's network's region.

    `adopted`: someone else's endpoint is there already and meets the need. `new`: it is yet to be created.
    """

    endpoint: ResourceId
    subnet: ResourceId
    location: str
    adopted: bool = False
    new: bool = False


@dataclass(frozen=True, slots=True)
class Members:
    """Still to be read: how many addresses the target's groups take. `scarce`: a network with few left."""

    scarce: ResourceId | None = None


@dataclass(frozen=True, slots=True)
class Used:
    """Still to be read: how many private endpoints the subscription has in the region."""

    subscription: str
    region: str


type Doubt = Members | Used


@dataclass(frozen=True, slots=True)
class Candidates:
    """The region whose subnets serve the target, and those subnets in the operator's order."""

    region: str
    subnets: tuple[ResourceId, ...]


def candidates(target: Target, place: Placement) -> Candidates | Declined:
    """The subnets for the target's region, or for the fallback region: those of its type first."""
    of_type = next((found for kind, found in place.types.items() if target.id.is_type(kind)), {})
    for listed in (of_type, place.subnets):
        for region in (region_key(target.location), place.fallback_region):
            if region and listed.get(region):
                return Candidates(region, tuple(listed[region]))
    return Declined(
        "NoSubnetForRegion",
        f"the profile has no subnet for the region '{region_key(target.location)}' and no fallback",
        f"add a subnet under subnets.{region_key(target.location)}, or set fallback_region",
    )


def surroundings(
    target: Target,
    connect: Connect,
    found: Candidates,
    owned: Collection[ResourceId],
    observed: Observed,
) -> Iterator[Read]:
    """What has to be read before a site is chosen.

    Networks of candidates and clients, the security groups and route tables of clients' subnets where rules
    count, and the endpoints that others connected to the target with their zone groups. `owned` are endpoints
    that were made for the target before: none of these is another owner's.
    """
    profile = connect.profile
    wanted = profile.peering.mode != "ignore" or judged(connect)
    networks = {*(subnet.parent for subnet in found.subnets), *(connect.reach.clients if wanted else ())}
    networks |= set(connect.reach.hubs if profile.peering.mode != "ignore" else ())
    for network in sorted(filter(None, networks), key=lambda at: at.key):
        yield Read(network, shared=True)
    for client in judged(connect):
        if network_body := observed.present(client):
            parts = connect.reach.parts
            for filtering in (*groups_in(network_body, parts), *tables_in(network_body, parts)):
                yield Read(filtering, shared=True, tolerate="refusal")
    own = {*owned, *_own_ids(target, connect, found.subnets)}
    for foreign in sorted(_connected(target) - own, key=lambda at: at.key):
        yield Read(foreign, tolerate="refusal")
        if observed.known(foreign):
            yield Read(foreign, ZONE_GROUPS, tolerate="refusal")


def judged(connect: Connect) -> tuple[ResourceId, ...]:
    """The client networks whose own rules and routes count: none where the operator ignores rules.

    They count in any case where public access is to be disabled, which leaves clients no other path.
    """
    profile = connect.profile
    ignored = profile.nsg.mode == "ignore" and profile.public_access == "leave"
    return () if ignored else tuple(dict.fromkeys(connect.reach.clients))


def sites(
    target: Target, connect: Connect, found: Candidates, limits: Limits, observed: Observed
) -> Mapping[str, Site] | Refusal:
    """One site for each group id. All new endpoints of a target go into one subnet.

    The operator's order counts among subnets that need as many new endpoints. Our own endpoint in a candidate
    keeps its subnet, also when one that comes before it has capacity again, and when another owner makes an
    endpoint beside it.
    """
    chosen: dict[str, Site] = {}
    approved = {one.endpoint_id for one in target.connections if one.status.lower() == "approved"}
    for group in connect.groups:
        ours = {_own_id(target, connect, group.group_id, subnet) for subnet in found.subnets}
        if not ours & approved and (site := _adopted(target, group.group_id, found.subnets, observed)):
            chosen[group.group_id] = site
    missing = [group.group_id for group in connect.groups if group.group_id not in chosen]
    if not missing:
        return chosen
    options = [_candidate(target, connect, missing, subnet, observed) for subnet in found.subnets]
    clients = connect.reach.clients if connect.profile.peering.mode == "ensure" else ()
    refusals: list[Refusal] = []
    for option in sorted(options, key=lambda option: len(option.new)):
        refused = option.refused(found.region, limits, clients, observed)
        if refused is None:
            return chosen | _sites(option, found.region)
        refusals.append(refused)
    first = refusals[0]
    rest = "".join(f"; {refused.reason}" for refused in refusals[1:])
    return Refusal(first.found, first.code, first.reason + rest, first.remedy)


def doubt(chosen: Mapping[str, Site] | Refusal, observed: Observed) -> Doubt | None:
    """What could still change the choice, and only Azure knows; None where it is certain enough.

    Nothing is in doubt unless an endpoint is about to be created: a connected target costs nothing here.
    """
    unknown = observed.capacity.addresses is None
    if isinstance(chosen, Refusal):
        return Members() if unknown and chosen.code == FULL else None
    new = [site for site in chosen.values() if site.new]
    if not new:
        return None
    subnet = observed.present(new[0].subnet)
    if unknown and subnet and free_addresses(subnet) < PLENTY * len(new):
        return Members(new[0].subnet.parent)
    used = Used(new[0].endpoint.subscription.lower(), region_key(new[0].location))
    return used if (used.subscription, used.region) not in observed.capacity.used else None


def _own_id(target: Target, connect: Connect, group: str, subnet: ResourceId) -> ResourceId:
    return endpoint_id(_home(target, connect, subnet), target.id, group, subnet)


def _home(target: Target, connect: Connect, subnet: ResourceId) -> GroupId:
    """The resource group of a new endpoint."""
    match connect.profile.endpoints_resource_group:
        case GroupId() as group:
            return group
        case "target":
            return target.id.group
        case _:
            return subnet.group


def _own_ids(target: Target, connect: Connect, subnets: Iterable[ResourceId]) -> Iterator[ResourceId]:
    for subnet in subnets:
        for group in connect.groups:
            yield _own_id(target, connect, group.group_id, subnet)


def _connected(target: Target) -> set[ResourceId]:
    return {one.endpoint_id for one in target.connections if one.endpoint_id}


def _candidate(
    target: Target, connect: Connect, groups: list[str], subnet: ResourceId, observed: Observed
) -> Candidate:
    return Candidate(
        subnet,
        observed.present(subnet),
        observed.present(subnet.parent) if subnet.parent else None,
        {group: _own_id(target, connect, group, subnet) for group in groups},
        frozenset(one.endpoint_id for one in target.connections if one.endpoint_id and not _lost(one)),
    )


def _lost(connection: TargetConnection) -> bool:
    """Its endpoint may have been deleted long ago."""
    return connection.status.lower() == "disconnected"


def _sites(option: Candidate, region: str) -> dict[str, Site]:
    new, location = set(option.new), option.location or region
    return {group: Site(at, option.subnet, location, new=group in new) for group, at in option.made.items()}


def _adopted(target: Target, group: str, subnets: Collection[ResourceId], observed: Observed) -> Site | None:
    """An approved endpoint of someone else to this target and group, in an accepted subnet."""
    for foreign in observed.of_type(endpoint.TYPE):
        connection, subnet = connection_of(foreign), subnet_of(foreign)
        if connection is None or subnet is None or subnet not in subnets or connection.target != target.id:
            continue
        if connection.group.lower() == group.lower() and connection.status.lower() == "approved":
            return Site(foreign.id, subnet, str(foreign.body.get("location") or ""), adopted=True)
    return None
