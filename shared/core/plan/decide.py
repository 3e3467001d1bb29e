"""The decision for one object: all that Causeway believes about ownership, in one table.

Place in the data's way: below `plan`, which asks it for every desired object, and below `flow/apply.py`,
which asks again under a lease before it writes what many targets share.
"""

from shared.core.base.bodies import Seen
from shared.core.base.errors import BlockedError
from shared.core.base.ids import ResourceId
from shared.core.kinds import link, peering, rule, zone_group
from shared.core.kinds.endpoint import Endpoint, connection_of
from shared.core.kinds.kind import Wanted
from shared.core.kinds.link import Link
from shared.core.kinds.peering import MAX_PEERINGS, Peering, full, overlap, overlap_with_peers
from shared.core.kinds.record import astray, overwriting
from shared.core.kinds.rule import Rule
from shared.core.kinds.subnet_policy import SubnetPolicy
from shared.core.kinds.zone import Zone
from shared.core.kinds.zone_group import ZoneGroup, zone_ids
from shared.core.plan.actions import Action, Block, Create, Keep, Replace, Update, Wait
from shared.core.readings.observed import Observed
from shared.core.rules.ingress import denied, unmet

NO_NETWORK, MAKE_NETWORK = "NetworkNotFound", "correct the policy, or create the network"
# Codes of networks that Azure would refuse to peer: no other peering and no other write makes up for one.
UNPEERABLE = frozenset({NO_NETWORK, "AddressSpacesOverlap", "TooManyPeerings"})


def decide(want: Wanted, observed: Observed) -> Action:
    """Decide for one object.

    | stands there      | ours                                   | someone else's             |
    |-------------------|----------------------------------------|----------------------------|
    | nothing           | Create (or Block: the policy forbids)  | -                          |
    | a long operation  | Wait                                   | Wait                       |
    | meets the need    | Keep                                   | Keep, adopted              |
    | differs           | Update, or Replace if it must be remade| Block                      |
    """
    if isinstance(want, Rule) and not want.write:
        return _required(want, observed)
    have = standing(want, observed)
    if have is None:
        return _forbidden(want, observed) or _unwritable(want, "it is missing") or Create(want)
    ours = want.is_ours(have)
    if have.busy:
        return Wait(want, have)
    broken, drift = want.beyond_repair(have), want.drift(have)
    if ours and broken:
        below = observed.listed(want.id, zone_group.COLLECTION)
        return _unwritable(want, broken) or Replace(want, have, broken, below)
    if ours and drift:
        return _unwritable(want, drift[0]) or _overwriting(want, have, observed) or Update(want, have, drift)
    if broken or drift:
        return _in_the_way(want, have, broken or "; ".join(drift))
    if isinstance(want, Rule) and (block := _ineffective(want, observed)):
        return block
    if isinstance(want, ZoneGroup) and (lost := astray(want, have, observed)):
        return _unrecorded(want, have, lost, observed)
    return _unapproved(want, have) or Keep(want.id, have.id, "meets the need", adopted=not ours)


def standing(want: Wanted, observed: Observed) -> Seen | None:
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
        return _ineffective(want, observed)
    if isinstance(want, Link) and observed.absent(want.network):
        return _no_network(want, want.network)
    if isinstance(want, SubnetPolicy):
        reason, remedy = f"the subnet {want.id.text} does not exist", "correct the policy, or create it"
        return Block(want.id, want.id, "SubnetNotFound", reason, remedy)
    if isinstance(want, Endpoint) and want.adopted:
        return Block(
            want.id,
            want.id,
            "EndpointGone",
            "the endpoint that answered the need is gone",
            "rerun the resource",
        )
    return _overwriting(want, None, observed)


def _overwriting(want: Wanted, have: Seen | None, observed: Observed) -> Block | None:
    return overwriting(want, have, observed) if isinstance(want, ZoneGroup) else None


def _ineffective(want: Rule, observed: Observed) -> Block | None:
    """A rule that somebody else's would outweigh, or that finds no room in its group."""
    try:
        return denied(want, observed)
    except BlockedError as full:
        return Block(want.id, want.nsg, full.code, str(full), full.remedy)


def _denied(want: Rule, observed: Observed) -> Block | None:
    """A denial in the way of any rule of ours. Whether the group has room matters only to who writes."""
    block = _ineffective(want, observed)
    return block if block and block.code == "DeniedByRule" else None


def _required(want: Rule, observed: Observed) -> Keep | Block:
    """Where the policy only looks, no rule counts by its name: what counts is what the group does."""
    missing = unmet(want, observed)
    if not missing:
        return Keep(want.id, want.nsg, "the rules that stand do the same", adopted=True)
    remedy = "add such a rule to the group, or let the policy ensure it"
    reason = f"{want.nsg.name}: {missing}, and the policy lets Causeway only report it"
    return _denied(want, observed) or Block(want.id, want.nsg, "NotEnsured", reason, remedy)


def _unrecorded(
    want: ZoneGroup, have: Seen, lost: tuple[ResourceId, ...], observed: Observed
) -> Update | Block:
    """The zone does not hold what the zone group reports: ours is sent again, which writes its records."""
    names = ", ".join(at.name for at in lost)
    problem = f"records that it reports are not in the zone: {names}"
    if not want.is_ours(have):
        return _in_the_way(want, have, problem)
    return overwriting(want, have, observed) or Update(want, have, (problem,))


def _unpeerable(want: Peering, observed: Observed) -> Block | None:
    local, remote = observed.objects.get(want.local), observed.objects.get(want.remote)
    if local is None or remote is None:
        return _no_network(want, want.local if local is None else want.remote)
    shared = overlap(local, remote) or overlap_with_peers(local, remote)
    if shared:
        return overlapping(want, shared)
    crowded = next((network for network in (local, remote) if full(network)), None)
    if crowded:
        reason = f"{crowded.id.name} has {MAX_PEERINGS} peerings already, the most that Azure allows"
        return Block(want.id, crowded.id, "TooManyPeerings", reason, "delete a peering that nobody needs")
    return None


def _no_network(want: Wanted, missing: ResourceId) -> Block:
    return Block(want.id, missing, NO_NETWORK, f"the network {missing.text} does not exist", MAKE_NETWORK)


def overlapping(want: Peering, shared: str) -> Block:
    """`shared` says which prefixes two networks have in common that would see each other."""
    remedy = "change an address space, or take the network out of the profile's clients"
    return Block(want.id, want.remote, "AddressSpacesOverlap", shared, remedy)


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
