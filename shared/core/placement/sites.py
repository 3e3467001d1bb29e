"""Where each endpoint goes: an endpoint that already meets the need, or the first subnet that can take one.

Only the networks themselves know their region, delegations and free addresses, so they are read first
(`surroundings`). All of this is about one placement; `Connect.each` has the others.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from shared.core.base.bodies import Seen
from shared.core.base.ids import ResourceId
from shared.core.base.refusal import Refusal
from shared.core.base.regions import region_key
from shared.core.base.target import Target, TargetConnection
from shared.core.kinds import endpoint, zone_configs
from shared.core.kinds.endpoint import connection_of, placement_of, subnet_of
from shared.core.placement.candidate import FULL, Candidate
from shared.core.placement.candidates import own_id
from shared.core.placement.capacity import PLENTY, free_addresses
from shared.core.placement.site import Candidates, Site
from shared.core.policy.intent import Connect, Declined
from shared.core.policy.policy import Limits
from shared.core.policy.zone_homes import zone_home_of
from shared.core.readings.observed import Observed


@dataclass(frozen=True, slots=True)
class Members:
    """Still to be read: how many addresses the target's groups take. `scarce`: a network with few left."""

    scarce: ResourceId | None = None


@dataclass(frozen=True, slots=True)
class Used:
    """Still to be read: how many private endpoints the subscription has in the region."""

    subscription: str
    region: str


@dataclass(frozen=True, slots=True)
class Addresses:
    """Still to be read: the addresses that are taken in a subnet."""

    subnet: ResourceId


type Doubt = Members | Addresses | Used


def sites(
    target: Target,
    connect: Connect,
    found: Candidates | Declined | Refusal,
    limits: Limits,
    observed: Observed,
    recorded: Collection[ResourceId] = (),
) -> Mapping[str, Site] | Declined | Refusal:
    """One site for each group id. All new endpoints of a target go into one subnet.

    The operator's order counts among subnets that need as many new endpoints. Our own endpoint in a candidate
    keeps its subnet, also when one that comes before it has capacity again, and when another owner makes an
    endpoint beside it. `recorded`: endpoints that were made for the target, which keep their resource group.
    """
    subnets = found.subnets if isinstance(found, Candidates) else ()
    region = found.region if isinstance(found, Candidates) else ""
    ours = Ours(target, connect, region, frozenset(recorded), observed)
    chosen: dict[str, Site] = {}
    approved = {one.endpoint_id for one in target.connections if one.status.lower() == "approved"}
    for group in connect.groups:
        mine = {ours.at(group.group_id, subnet) for subnet in subnets}
        if not mine & approved and (site := _adopted(ours, group.group_id, subnets)):
            chosen[group.group_id] = site
    missing = [group.group_id for group in connect.groups if group.group_id not in chosen]
    if not missing:
        return chosen
    if unclear := _perhaps_accepted(ours, missing):
        return unclear
    if not isinstance(found, Candidates):
        return found
    options = [_candidate(ours, missing, subnet) for subnet in subnets]
    clients = connect.reach.clients if connect.profile.peering.mode == "ensure" else ()
    refusals: list[Refusal] = []
    for option in sorted(options, key=lambda option: len(option.new)):
        refused = option.refused(region, limits, clients, observed)
        if refused is None:
            return chosen | _sites(option, region, observed)
        refusals.append(refused)
    first = refusals[0]
    rest = "".join(f"; {refused.reason}" for refused in refusals[1:])
    return Refusal(first.found, first.code, first.reason + rest, first.remedy)


def doubt(chosen: Mapping[str, Site] | Declined | Refusal, observed: Observed) -> Doubt | None:
    """What could still change the choice, and only Azure knows; None where it is certain enough.

    Nothing is in doubt unless an endpoint is about to be created: a connected target costs nothing here.
    """
    unknown = observed.capacity.addresses is None
    if isinstance(chosen, Declined | Refusal):
        return Members() if unknown and chosen.code == FULL else None
    new = [site for site in chosen.values() if site.new]
    if not new:
        return None
    subnet = observed.present(new[0].subnet)
    if new[0].ranged and unknown:
        return Members()
    if new[0].ranged and new[0].subnet not in observed.capacity.taken:
        return Addresses(new[0].subnet)
    if unknown and subnet and free_addresses(subnet) < PLENTY * len(new):
        return Members(new[0].subnet.parent)
    used = Used(new[0].endpoint.subscription.lower(), region_key(new[0].location))
    return used if (used.subscription, used.region) not in observed.capacity.used else None


@dataclass(frozen=True, slots=True)
class Ours:
    """The endpoints of one placement of a target: the ids that they have, or would get."""

    target: Target
    connect: Connect
    region: str
    recorded: frozenset[ResourceId]
    observed: Observed

    def at(self, group: str, subnet: ResourceId) -> ResourceId:
        """The id in this subnet. One that exists keeps its name and its resource group, whatever the policy
        says by now.
        """
        new = own_id(self.target, self.connect, group, subnet, self.region)
        return next((one for one in earlier(new, self.recorded) if self._serves(one, group, subnet)), new)

    def _serves(self, at: ResourceId, group: str, subnet: ResourceId) -> bool:
        have = self.observed.present(at)
        connection = connection_of(have) if have else None
        if have is None or connection is None or connection.target != self.target.id:
            return False
        here = subnet_of(have) == subnet and connection.group.lower() == group.lower()
        return here and placement_of(have) == self.connect.placement


def earlier(new: ResourceId, recorded: Collection[ResourceId]) -> tuple[ResourceId, ...]:
    """The endpoints that the ledger has, if this one is not among them: one may have been made in its place
    under an earlier policy.
    """
    if new in recorded:
        return ()
    return tuple(at for at in recorded if at.is_type(new.type))


def _candidate(ours: Ours, groups: list[str], subnet: ResourceId) -> Candidate:
    return Candidate(
        subnet,
        ours.observed.present(subnet),
        ours.observed.present(subnet.parent) if subnet.parent else None,
        {group: ours.at(group, subnet) for group in groups},
        frozenset(one.endpoint_id for one in ours.target.connections if one.endpoint_id and not _lost(one)),
        ours.connect.profile.addresses.get(ours.region),
        ours.target.id.type,
    )


def _lost(connection: TargetConnection) -> bool:
    """Its endpoint may have been deleted long ago."""
    return connection.status.lower() == "disconnected"


def _sites(option: Candidate, region: str, observed: Observed) -> dict[str, Site]:
    new, location = set(option.new), option.location or region
    found = option.addresses(observed)
    static = {} if isinstance(found, Refusal) else found
    return {
        group: Site(
            at,
            option.subnet,
            location,
            new=group in new,
            ranged=group in new and option.static is not None,
            static=static.get(group, ()),
        )
        for group, at in option.made.items()
    }


def _approved(ours: Ours, groups: Collection[str]) -> Iterator[Seen]:
    """The approved endpoints of others to one of these groups of the target."""
    wanted = {group.lower() for group in groups}
    for foreign in ours.observed.of_type(endpoint.TYPE):
        connection = connection_of(foreign)
        if connection is None or connection.target != ours.target.id or foreign.id in ours.recorded:
            continue
        if connection.group.lower() in wanted and connection.status.lower() == "approved":
            yield foreign


def _adopted(ours: Ours, group: str, subnets: Collection[ResourceId]) -> Site | None:
    """An endpoint of someone else where the profile accepts one."""
    for foreign in _approved(ours, (group,)):
        subnet = subnet_of(foreign)
        if subnet and (subnet in subnets or _accepted(ours, foreign, subnet)):
            return Site(foreign.id, subnet, str(foreign.body.get("location") or ""), adopted=True)
    return None


def _perhaps_accepted(ours: Ours, groups: Collection[str]) -> Refusal | None:
    """An endpoint of someone else that may be in a set of which not all could be read.

    None where one of ours exists, which is not given up for it.
    """
    reach = ours.connect.reach
    named = any(isinstance(word, str) for word in ours.connect.profile.adopt_in)
    foreign = next(_approved(ours, groups), None)
    if foreign is None or not (named and reach.unread) or ours.recorded:
        return None
    return Refusal(
        foreign.id,
        "NotKnown",
        f"whether the endpoint {foreign.id.text} of someone else counts (adopt_in) is not known: "
        f"{'; '.join(reach.unread)}",
        "let the app read what is named, then rerun the resource",
    )


def _accepted(ours: Ours, foreign: Seen, subnet: ResourceId) -> bool:
    """The profile accepts endpoints in this subnet beside those of its own.

    Of several placements, such an endpoint serves the one to whose zones its own zone group writes.
    """
    accepted = ours.connect.reach.accepted
    if subnet not in accepted and subnet.parent not in accepted:
        return False
    if not ours.connect.placement:
        return True
    dns = ours.connect.profile.dns
    groups = ours.observed.listed(foreign.id, zone_configs.COLLECTION)
    written = [zone for one in groups for zone in zone_configs.zone_ids(one)]
    return any(zone.group == zone_home_of(ours.target.id, dns, zone.name) for zone in written)
