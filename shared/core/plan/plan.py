"""The difference between `Desired` and `Observed`, as one action for every object.

Place in the data's way: asks `decide` about each object, and adds what concerns several at once. Nothing here
reads, writes or waits, so a plan can be shown (dry run), tested and compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import combinations

from shared.core.base.bodies import Seen
from shared.core.base.ids import ResourceId
from shared.core.kinds import rule, zone_group
from shared.core.kinds.endpoint import connection_of
from shared.core.kinds.kind import marked
from shared.core.kinds.peering import Peering, overlap
from shared.core.kinds.rule import is_our_rule
from shared.core.kinds.zone_group import ZoneGroup, zone_ids
from shared.core.plan.actions import (
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
from shared.core.plan.decide import UNPEERABLE, decide, overlapping, standing
from shared.core.plan.desired import Desired, Leg
from shared.core.readings.observed import Observed
from shared.core.rules import nsg


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

    def without(self, waiting: frozenset[ResourceId]) -> Plan:
        """The plan without writes of these objects: their time has not come."""
        held = {a.id for a in self.actions if isinstance(a, Create | Update)} & waiting
        return Plan(tuple(a for a in self.actions if a.id not in held))

    @property
    def settled(self) -> bool:
        """Nothing to write and nothing to wait for."""
        return not self.writes and not any(isinstance(a, Wait) for a in self.actions)


def plan(desired: Desired, observed: Observed) -> Plan:
    """One action per desired object.

    A leg that cannot be finished is not begun: an endpoint without a name costs money and helps nobody.
    """
    actions = {want.id: decide(want, observed) for want in desired.objects()}
    for leg in desired.legs:
        _endpoint_with_its_name(leg, observed, actions)
    for half in desired.peerings:
        _beside_its_other_half(half, desired, actions)
    if refused := _unpeerable(desired, actions, observed):
        actions = {at: _not_begun(action, refused) for at, action in actions.items()}
    return Plan(tuple(actions.values()))


def _endpoint_with_its_name(leg: Leg, observed: Observed, actions: dict[ResourceId, Action]) -> None:
    endpoint, group = actions[leg.endpoint.id], leg.zone_group
    held = record_held(leg, observed)
    block = held or _blocked_name(leg, actions)
    if block and isinstance(endpoint, Create):
        actions[leg.endpoint.id] = replace(block, id=leg.endpoint.id)
    if held and group and not isinstance(actions[group.id], Wait):
        actions[group.id] = replace(held, id=group.id)
    if group and isinstance(endpoint, Replace) and not block:
        actions[group.id] = Create(group)  # the one that stands goes with its endpoint


def _unpeerable(desired: Desired, actions: Mapping[ResourceId, Action], observed: Observed) -> Block | None:
    """A peering that Azure would refuse: found before anything is written, it keeps all from being begun."""
    halves = [actions[half.id] for half in desired.peerings]
    if refused := next((a for a in halves if isinstance(a, Block) and a.code in UNPEERABLE), None):
        return refused
    new = [half for half in desired.peerings if isinstance(actions[half.id], Create)]
    for one, other in combinations(new, 2):
        ends = observed.objects.get(one.remote), observed.objects.get(other.remote)
        if one.local == other.local and ends[0] and ends[1] and (shared := overlap(ends[0], ends[1])):
            return overlapping(other, shared)
    return None


def _not_begun(action: Action, refused: Block) -> Action:
    return replace(refused, id=action.id) if isinstance(action, Create) else action


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
    found = [(want, standing(want, observed)) for want in wanted]
    return Plan(
        tuple(
            Update(want, have, ("another endpoint of the target took its record with it",))
            for want, have in found
            if have is not None and want.is_ours(have)
        )
    )


def removal(
    owned: Iterable[Seen],
    target: ResourceId,
    reason: str,
    below: Iterable[Seen] = (),
    leaving: tuple[Withdraw, ...] = (),
) -> Plan:
    """The plan for a target that is gone or no longer wanted: what is ours goes, nothing else.

    `owned` are objects that the ledger says we made; each must also bear our mark today. What goes with
    its parent needs no delete of its own; `below` is whatever stands below them, whoever made it. Rules serve
    others too and are only left (`withdrawal`), before the endpoints go: whatever is gone cannot tell which
    addresses it had, and Azure gives them to the next one. What a person made his own stays, and is told.
    """
    first = tuple(step.id for step in leaving)
    every = tuple(owned)
    ours = [have for have in every if marked(have, target) or _is_our_zone_group(have)]
    ids = {have.id for have in ours}
    theirs = (
        Keep(have.id, have.id, "it does not bear Causeway's mark for this resource any more")
        for have in every
        if not (have.id in ids or is_our_rule(have))
    )
    children = {have.id: have for have in (*ours, *below) if have.id.parent in ids}.values()
    deletes = (
        Delete(have, reason, tuple(child for child in children if child.id.parent == have.id), first)
        for have in ours
        if have.id.parent not in ids
    )
    return Plan((*leaving, *deletes, *theirs))


def withdrawal(rules: Iterable[tuple[Seen, Iterable[str]]], reason: str) -> tuple[Withdraw, ...]:
    """What takes out of rules the addresses that leave each: of those that are ours and hold any.

    A denial is left before what it stands behind: the other way round clients would be shut out meanwhile,
    and for good where the second write fails.
    """
    leaving = [(have, tuple(sorted(set(addresses)))) for have, addresses in rules if is_our_rule(have)]
    held = [(have, addresses) for have, addresses in leaving if rule.holds(have, addresses)]
    denials = tuple(have.id for have, _ in held if not nsg.Rule.parse(have.body).allows)
    return tuple(
        Withdraw(have, have.id.parent, addresses, reason, () if have.id in denials else denials)
        for have, addresses in held
        if have.id.parent
    )


def _is_our_zone_group(have: Seen) -> bool:
    return have.id.is_type(zone_group.TYPE) and have.id.name == zone_group.NAME


def _blocked_name(leg: Leg, actions: Mapping[ResourceId, Action]) -> Block | None:
    names = [*(zone.id for zone in leg.zones), *([leg.zone_group.id] if leg.zone_group else [])]
    return next((block for at in names if isinstance(block := actions[at], Block)), None)


def record_held(leg: Leg, observed: Observed) -> Block | None:
    """Another endpoint to the same group keeps the same name in the same zone: one overwrites the other.

    One name has one record in a zone, and the last writer wins, so the second endpoint is not made. Where
    both stand already, nobody can say to which of them the name leads.
    """
    if leg.zone_group is None:
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
                _remedy_for(leg, observed),
            )
    return None


def _remedy_for(leg: Leg, observed: Observed) -> str:
    if observed.see(leg.endpoint.id) is not None:
        return f"delete it, or its zone group, and rerun the resource: {leg.endpoint.id.name} stands already"
    return "add its subnet to the profile so that it is adopted, or delete it and rerun the resource"


def _shared_zone(groups: Iterable[Seen], ours: ZoneGroup) -> ResourceId | None:
    return next((zone for group in groups for zone in zone_ids(group) if zone in set(ours.zones)), None)
