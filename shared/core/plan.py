"""The difference between `Desired` and `Observed`, as one action for every object.

Place in the data's way: all that Causeway believes about ownership is in `decide`. Nothing here reads,
writes or waits, so a plan can be shown (dry run), tested and compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from shared.core.actions import (
    Action,
    Block,
    Create,
    Delete,
    Keep,
    Replace,
    Update,
    Wait,
    Withdraw,
    Write,
)
from shared.core.desired import Desired, Leg
from shared.core.filtering import denied
from shared.core.ids import ResourceId
from shared.core.kinds import link, peering, rule, zone_group
from shared.core.kinds.endpoint import Endpoint, connection_of
from shared.core.kinds.kind import Seen, Wanted, marked
from shared.core.kinds.link import Link
from shared.core.kinds.peering import MAX_PEERINGS, Peering, full, overlap, overlap_with_peers
from shared.core.kinds.rule import Rule, is_our_rule
from shared.core.kinds.zone import Zone
from shared.core.kinds.zone_group import ZoneGroup, zone_ids
from shared.core.observed import Observed


@dataclass(frozen=True, slots=True)
class Plan:
    """Actions in an order that respects needs."""

    actions: tuple[Action, ...]

    @property
    def writes(self) -> tuple[Write, ...]:
        return tuple(a for a in self.actions if isinstance(a, Create | Update | Replace | Delete | Withdraw))

    @property
    def blocks(self) -> tuple[Block, ...]:
        return tuple(a for a in self.actions if isinstance(a, Block))

    @property
    def ahead_of_names(self) -> Plan:
        """The plan without zone groups: they go together with the rules, once addresses are known."""
        return Plan(tuple(a for a in self.actions if not _names(a)))

    @property
    def settled(self) -> bool:
        """Nothing to write and nothing to wait for."""
        return not self.writes and not any(isinstance(a, Wait) for a in self.actions)


def _names(action: Action) -> bool:
    return isinstance(action, Create | Update) and isinstance(action.want, ZoneGroup)


def plan(desired: Desired, observed: Observed) -> Plan:
    """One action per desired object.

    A leg that cannot be finished is not begun: an endpoint without a name costs money and helps nobody.
    """
    actions = {want.id: decide(want, observed) for want in desired.objects()}
    for leg in desired.legs:
        endpoint = actions[leg.endpoint.id]
        held = record_held(leg, observed)
        block = held or _blocked_name(leg, actions)
        if block and isinstance(endpoint, Create):
            actions[leg.endpoint.id] = replace(block, id=leg.endpoint.id)
        if held and leg.zone_group and isinstance(actions[leg.zone_group.id], Create):
            actions[leg.zone_group.id] = replace(held, id=leg.zone_group.id)
    for half in desired.peerings:
        _beside_its_other_half(half, desired, actions)
    return Plan(tuple(actions.values()))


def _beside_its_other_half(half: Peering, desired: Desired, actions: dict[ResourceId, Action]) -> None:
    """Azure refuses a new half beside a Disconnected one: it waits for its remake, or is blocked with it."""
    pair = (half.remote, half.local)
    other = next((one for one in desired.peerings if (one.local, one.remote) == pair), None)
    if other is None or not isinstance(actions[half.id], Create):
        return
    match actions[other.id]:
        case Replace():
            actions[half.id] = Create(half, after=(other.id,))
        case Block() as block:
            actions[half.id] = replace(block, id=half.id)
        case _:
            return


def restoration(desired: Desired, observed: Observed) -> Plan:
    """Send each zone group of ours again: that writes its records anew."""
    wanted = [leg.zone_group for leg in desired.legs if leg.zone_group]
    standing = [(want, _standing(want, observed)) for want in wanted]
    return Plan(
        tuple(
            Update(want, have, ("another endpoint of the target took its record with it",))
            for want, have in standing
            if have is not None and want.is_ours(have)
        )
    )


def removal(owned: Iterable[Seen], target: ResourceId, addresses: tuple[str, ...], reason: str) -> Plan:
    """The plan for a target that is gone or no longer wanted: what is ours goes, nothing else.

    `owned` are objects that the ledger says we made; each must also bear our mark today. What goes with
    its parent needs no delete of its own. From rules, which serve others too, the target's addresses go.
    """
    ours = [have for have in owned if marked(have, target) or _is_our_zone_group(have)]
    ids = {have.id for have in ours}
    deletes = [Delete(have, reason) for have in ours if have.id.parent not in ids]
    shared = [have.id for have in owned if have.id.is_type(rule.TYPE) and is_our_rule(have)]
    rules = [Withdraw(at, at.parent, addresses, reason) for at in shared if at.parent and addresses]
    return Plan((*rules, *deletes))


def _is_our_zone_group(have: Seen) -> bool:
    return have.id.is_type(zone_group.TYPE) and have.id.name == zone_group.NAME


def _blocked_name(leg: Leg, actions: Mapping[ResourceId, Action]) -> Block | None:
    names = [*(zone.id for zone in leg.zones), *([leg.zone_group.id] if leg.zone_group else [])]
    return next((block for at in names if isinstance(block := actions[at], Block)), None)


def decide(want: Wanted, observed: Observed) -> Action:
    """Decide for one object.

    | stands there      | ours                                   | someone else's             |
    |-------------------|----------------------------------------|----------------------------|
    | nothing           | Create (or Block: the policy forbids)  | -                          |
    | a long operation  | Wait                                   | Wait                       |
    | meets the need    | Keep                                   | Keep, adopted              |
    | differs           | Update, or Replace if it must be remade| Block                      |
    """
    have = _standing(want, observed)
    if have is None:
        return _forbidden(want, observed) or _unwritable(want, "it is missing") or Create(want)
    ours = want.is_ours(have)
    if have.busy:
        return Wait(want, have)
    broken, drift = want.beyond_repair(have), want.drift(have)
    if ours and broken:
        return _unwritable(want, broken) or Replace(want, have, broken)
    if ours and drift:
        return _unwritable(want, drift[0]) or Update(want, have, drift)
    if broken or drift:
        return _in_the_way(want, have, broken or "; ".join(drift))
    if isinstance(want, Rule) and (block := denied(want, observed)):
        return block
    return _unapproved(want, have) or Keep(want.id, have.id, "meets the need", adopted=not ours)


def _standing(want: Wanted, observed: Observed) -> Seen | None:
    """What answers, or occupies, the place: for links and zone groups one of any name."""
    if isinstance(want, Link):
        links = observed.listed(want.zone, link.COLLECTION)
        return want.at(links) or next((found for found in links if found.id == want.id), None)
    if isinstance(want, ZoneGroup):
        return next(iter(observed.listed(want.endpoint, zone_group.COLLECTION)), None)
    if isinstance(want, Rule):
        siblings = observed.listed(want.nsg, rule.COLLECTION)
        return next((found for found in siblings if found.id == want.id), None)
    if isinstance(want, Peering):
        halves = observed.listed(want.local, peering.COLLECTION)
        return want.at(halves) or next((found for found in halves if found.id == want.id), None)
    return observed.see(want.id)


def _unwritable(want: Wanted, reason: str) -> Block | None:
    """The policy lets Causeway look and not write: what is missing becomes a block that says so."""
    if want.write:
        return None
    if isinstance(want, Zone):
        return Block(
            want.id,
            want.id,
            "ZoneNotFound",
            f"the zone {want.id.name} does not exist and the policy does not let Causeway make it",
            f"create {want.id.text}, or set dns.create_zones: true",
        )
    return Block(
        want.id,
        want.id,
        "NotEnsured",
        f"{want.id.name}: {reason}, and the policy lets Causeway only report it",
        "make it by hand, or let the policy ensure it",
    )


def _forbidden(want: Wanted, observed: Observed) -> Block | None:
    """What Azure would refuse, or break, if it were created: found before anything is written."""
    if isinstance(want, Peering):
        return _unpeerable(want, observed)
    if isinstance(want, Rule):
        return denied(want, observed)
    if isinstance(want, Endpoint) and want.adopted:
        return Block(
            want.id,
            want.id,
            "EndpointGone",
            "the endpoint that answered the need is gone",
            "rerun the resource",
        )
    return None


def _unpeerable(want: Peering, observed: Observed) -> Block | None:
    local, remote = observed.objects.get(want.local), observed.objects.get(want.remote)
    if local is None or remote is None:
        missing = want.local if local is None else want.remote
        remedy = "correct the policy, or create the network"
        return Block(
            want.id, missing, "NetworkNotFound", f"the network {missing.text} does not exist", remedy
        )
    shared = overlap(local, remote) or overlap_with_peers(local, remote)
    if shared:
        remedy = "change an address space, or take the network out of the profile's clients"
        return Block(want.id, want.remote, "AddressSpacesOverlap", shared, remedy)
    crowded = next((network for network in (local, remote) if full(network)), None)
    if crowded:
        reason = f"{crowded.id.name} has {MAX_PEERINGS} peerings already, the most that Azure allows"
        return Block(want.id, crowded.id, "TooManyPeerings", reason, "delete a peering that nobody needs")
    return None


def _in_the_way(want: Wanted, have: Seen, problem: str) -> Block:
    if isinstance(want, ZoneGroup):
        others = ", ".join(sorted(zone.name for zone in zone_ids(have))) or "no zone"
        return Block(
            want.id,
            have.id,
            "ZoneGroupOfSomeoneElse",
            f"the endpoint's zone group {have.id.name}, made by someone else, writes to {others}: {problem}",
            f"add the zone to {have.id.name}, or delete it and rerun the resource",
        )
    return Block(
        want.id,
        have.id,
        "NotOurs",
        f"{have.id.name} was made by someone else and does not meet the need: {problem}",
        "rename or remove it, or make it meet the need, then rerun the resource",
    )


def _unapproved(want: Wanted, have: Seen) -> Block | None:
    """A rejected connection is a person's decision; asking again would not change it."""
    connection = connection_of(have) if isinstance(want, Endpoint) else None
    if connection and connection.status.lower() == "rejected":
        return Block(
            want.id,
            have.id,
            "ConnectionRejected",
            "the owner of the resource rejected the private endpoint connection",
            "approve the connection on the resource, or opt it out",
        )
    return None


def record_held(leg: Leg, observed: Observed) -> Block | None:
    """Another endpoint to the same group keeps the same name in the same zone: ours would overwrite it.

    One name has one record in a zone, and the last writer wins, so the second endpoint is not made.
    """
    if leg.zone_group is None or _keeps_names(leg, observed):
        return None
    for rival in observed.around.rivals:
        connection = connection_of(rival)
        groups = observed.around.rival_zone_groups.get(rival.id, ())
        same = connection is not None and connection.group.lower() == leg.group.group_id.lower()
        if not same or rival.id == leg.endpoint.id:
            continue
        shared = _shared_zone(groups, leg.zone_group)
        if shared:
            return Block(
                leg.endpoint.id,
                rival.id,
                "RecordHeldByAnother",
                f"the endpoint {rival.id.text} already keeps this resource's name in {shared.name}",
                "add its subnet to the profile so that it is adopted, or delete it and rerun the resource",
            )
    return None


def _keeps_names(leg: Leg, observed: Observed) -> bool:
    """The leg's endpoint stands and has a zone group: whatever it keeps, it keeps already."""
    standing = observed.see(leg.endpoint.id) is not None
    return standing and bool(observed.listed(leg.endpoint.id, zone_group.COLLECTION))


def _shared_zone(groups: Iterable[Seen], ours: ZoneGroup) -> ResourceId | None:
    return next((zone for group in groups for zone in zone_ids(group) if zone in set(ours.zones)), None)
