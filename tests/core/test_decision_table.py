"""What exists × who owns it → one action, for every kind of object: the table of `core/plan/decide.py`.

A new kind of object is two or more lines in `TABLE` and one function in `KINDS`; without them
`test_every_kind_has_its_rows` fails by its name.
"""

import inspect
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any

import pytest

from shared.core import kinds
from shared.core.base.bodies import Seen
from shared.core.base.ids import ResourceId
from shared.core.kinds import link, peering, rule, zone_group
from shared.core.kinds.endpoint import Endpoint, endpoint_id
from shared.core.kinds.kind import MARK_TAG, MARK_VALUE, Managed, Wanted
from shared.core.kinds.link import Link, link_id
from shared.core.kinds.peering import MAX_PEERINGS
from shared.core.kinds.required_rule import RequiredRule
from shared.core.kinds.security_group import SecurityGroup, group_id
from shared.core.kinds.subnet_policy import SubnetPolicy
from shared.core.kinds.wide_rule import WideRule
from shared.core.kinds.zone import Zone
from shared.core.kinds.zone_group import ZoneGroup
from shared.core.plan.actions import Action, Block, Keep, Unknown, verb
from shared.core.plan.decide import decide
from shared.core.readings.observed import Observed
from shared.core.readings.reading import NOT_READ, Unread
from tests.builders import bodies, networks
from tests.builders.bodies import ACCOUNT, HUB, SPOKE, SUBNET, ZONE
from tests.builders.pictures import picture

# A block is given by its code. `.`: a missing object has no owner. `-`: it cannot occur, NEVER says why.
TABLE = """
kind         owner   write   nothing         busy  meets   differs                 remade

Endpoint     managed yes     Create          Wait  Keep    Update                  Replace
Endpoint     foreign yes     .               Wait  Adopt   NotOurs                 NotOurs

Zone         managed yes     Create          Wait  Keep    -                       -
Zone         foreign yes     .               Wait  Adopt   -                       -
Zone         managed no      ZoneNotFound    Wait  Keep    -                       -
Zone         foreign no      .               Wait  Adopt   -                       -

Link         managed yes     Create          Wait  Keep    Update                  Replace
Link         foreign yes     .               Wait  Adopt   NotOurs                 NotOurs

ZoneGroup    managed yes     Create          Wait  Keep    Update                  -
ZoneGroup    foreign yes     .               Wait  Adopt   ZoneGroupOfSomeoneElse  -

Peering      managed yes     Create          Wait  Keep    Update                  Replace
Peering      foreign yes     .               Wait  Adopt   NotOurs                 NotOurs
Peering      managed no      NotEnsured      Wait  Keep    NotEnsured              NotEnsured
Peering      foreign no      .               Wait  Adopt   NotOurs                 NotOurs

Rule         managed yes     Create          Wait  Keep    Update                  -
Rule         foreign yes     .               Wait  Adopt   NotOurs                 -

WideRule     managed yes     Create          Wait  Keep    Update                  -
WideRule     foreign yes     .               Wait  Adopt   NotOurs                 -

RequiredRule managed no      NotEnsured      -     Adopt   -                       -
RequiredRule foreign no      .               -     Adopt   -                       -

SubnetPolicy managed yes     SubnetNotFound  Wait  Keep    Update                  -
SubnetPolicy foreign no      .               Wait  Adopt   NotOurs                 -

SecurityGroup managed yes     Create          Wait  Keep    -                       -
SecurityGroup foreign yes     .               Wait  Adopt   -                       -
"""
CELLS = ("nothing", "busy", "meets", "differs", "remade")

# By kind and cell, or by kind, owner and write for a row that is left out.
NEVER = {
    ("Endpoint", "no"): "no setting of the policy forbids endpoints",
    ("Zone", "differs"): "Causeway desires no property of a zone",
    ("Zone", "remade"): "Causeway desires no property of a zone",
    ("Link", "no"): "no setting of the policy forbids links: a link that is not needed is not desired",
    (
        "ZoneGroup",
        "no",
    ): "no setting of the policy forbids zone groups: without dns.mode manage none is desired",
    ("ZoneGroup", "remade"): "a PUT replaces its list as a whole",
    ("Rule", "no"): "it is a RequiredRule then",
    ("WideRule", "no"): "it is a RequiredRule then",
    ("WideRule", "remade"): "all but its name can change in place",
    ("RequiredRule", "yes"): "it is never written",
    ("RequiredRule", "busy"): "what counts is the group's effect, and it has that while it is written, too",
    ("RequiredRule", "differs"): "the group has the same effect, or not",
    ("RequiredRule", "remade"): "the group has the same effect, or not",
    ("Rule", "remade"): "all but its name can change in place",
    ("SecurityGroup", "no"): "without nsg.create_group none is desired",
    (
        "SecurityGroup",
        "differs",
    ): "a PUT would replace all rules, so no property of it is desired",
    ("SecurityGroup", "remade"): "a group is never deleted",
    ("SubnetPolicy", "remade"): "a subnet is never replaced for two properties",
    ("SubnetPolicy", "foreign yes"): "the policy and not the owner decides whether it is written",
    ("SubnetPolicy", "managed no"): "the policy and not the owner decides whether it is written",
}

type Existing = dict[str, tuple[Seen, ...]]


@dataclass(frozen=True)
class Kind:
    """A desired object, what exists in its place in each cell, and the view in which the planner finds it."""

    want: Wanted
    existing: Existing
    view: Callable[[tuple[Seen, ...]], Observed]


def with_state(have: Seen, state: str) -> Seen:
    return Seen(have.id, {**have.body, "properties": {**have.properties, "provisioningState": state}})


def with_values(have: Seen, **properties: Any) -> Seen:
    return Seen(have.id, {**have.body, "properties": {**have.properties, **properties}})


def an_endpoint(managed: bool, write: bool) -> Kind:
    at = endpoint_id(SUBNET.group, ACCOUNT, "blob", SUBNET)
    fine = bodies.endpoint(at, managed=managed)
    existing = {
        "meets": (fine, bodies.endpoint(at, managed=managed, status="Pending")),
        "differs": (with_state(fine, "Failed"),),
        "remade": (
            bodies.endpoint(at, managed=managed, status="Disconnected"),
            bodies.endpoint(at, managed=managed, group="file"),
            bodies.endpoint(at, managed=managed, subnet=SPOKE.child("subnets", "other")),
            with_values(fine, privateLinkServiceConnections=[]),
        ),
    }
    return Kind(Endpoint(at, "westeurope", SUBNET, ACCOUNT, "blob"), existing, alone(at))


def a_zone(managed: bool, write: bool) -> Kind:
    existing = {"meets": (marked(bodies.zone(), managed),)}
    return Kind(Zone(ZONE, write), existing, alone(ZONE))


def a_link(managed: bool, write: bool) -> Kind:
    at = link_id(ZONE, SPOKE)
    fine = bodies.zone_link(at, managed=managed)
    by_hand = bodies.zone_link(ZONE.child(link.COLLECTION, "by-hand"), managed=managed)
    existing = {
        "meets": (fine, by_hand),
        "differs": (with_state(fine, "Failed"), with_state(by_hand, "Failed")),
        "remade": (bodies.zone_link(at, network=HUB, managed=managed),),
    }
    return Kind(Link(at, ZONE, SPOKE), existing, listed(ZONE, link.COLLECTION))


def a_zone_group(managed: bool, write: bool) -> Kind:
    endpoint = endpoint_id(SUBNET.group, ACCOUNT, "blob", SUBNET)
    at = endpoint.child(zone_group.COLLECTION, zone_group.NAME)
    there = at if managed else endpoint.child(zone_group.COLLECTION, "deployedByPolicy")
    fine = bodies.zone_group(there, "10.0.1.4")
    elsewhere = ZONE.group.resource(ZONE.type, "privatelink.example.com")
    existing = {
        "meets": (fine,),
        "differs": (with_state(fine, "Failed"), bodies.zone_group(there, "10.0.1.4", zone=elsewhere)),
    }
    return Kind(ZoneGroup(at, endpoint, (ZONE,)), existing, listed(endpoint, zone_group.COLLECTION))


def a_half(managed: bool, write: bool) -> Kind:
    want = replace(networks.PEERING, write=write)
    there = want.id if managed else HUB.child(peering.COLLECTION, "to-spoke")
    fine = networks.half(there)
    existing = {
        "meets": (fine, with_values(fine, peeringState="Initiated")),
        "differs": (
            with_values(fine, allowVirtualNetworkAccess=False),
            with_values(fine, peeringSyncLevel="LocalNotInSync"),
        ),
        "remade": (with_values(fine, peeringState="Disconnected"),),
    }

    def view(there: tuple[Seen, ...]) -> Observed:
        ends = {
            HUB: networks.vnet(HUB, "10.0.0.0/16", halves=there),
            SPOKE: networks.vnet(SPOKE, "10.1.0.0/16"),
        }
        return picture(ends)

    return Kind(want, existing, view)


def a_rule(managed: bool, write: bool) -> Kind:
    """A foreign rule has the managed rule's name here: rules of other names are not read."""
    fine = networks.our_rule() if managed else networks.our_rule(description="by hand")
    existing = {
        "meets": (fine,),
        "differs": (with_values(fine, destinationPortRanges=["22"]), with_state(fine, "Failed")),
    }
    return Kind(networks.want(), existing, listed(networks.GROUP, rule.COLLECTION))


def a_wide_rule(managed: bool, write: bool) -> Kind:
    subnet = networks.want(WideRule, destinations=("10.0.1.0/24",), reached=("10.0.1.4",))
    words = f"{rule.MARK} {rule.WIDE}" if managed else "by hand"
    fine = networks.our_rule("10.0.1.0/24", description=words)
    differs = with_values(fine, destinationAddressPrefixes=["10.0.1.0/24", "10.0.2.0/24"])
    existing = {"meets": (fine,), "differs": (differs, with_state(fine, "Failed"))}
    return Kind(subnet, existing, listed(networks.GROUP, rule.COLLECTION))


def a_required_rule(managed: bool, write: bool) -> Kind:
    """Met by the effect of the group: by a managed rule, or by a foreign one that lets the clients in."""
    rules = (networks.our_rule(),) if managed else (networks.other("by-hand", 300),)
    meets = Seen(networks.GROUP, {"id": networks.GROUP.text})

    def view(there: tuple[Seen, ...]) -> Observed:
        return picture(lists={(networks.GROUP, rule.COLLECTION): rules if there else ()})

    return Kind(networks.want(RequiredRule), {"meets": (meets,)}, view)


def a_subnet_policy(managed: bool, write: bool) -> Kind:
    group = networks.GROUP
    existing = {
        "meets": (networks.subnet("Enabled", group),),
        "differs": (networks.subnet("Disabled", group), networks.subnet("Enabled")),
    }
    return Kind(SubnetPolicy(SUBNET, group, write=write), existing, alone(SUBNET))


def a_security_group(managed: bool, write: bool) -> Kind:
    at = group_id(SUBNET)
    body = {"id": at.text, "properties": {"provisioningState": "Succeeded", "securityRules": []}}
    return Kind(SecurityGroup(at, "westeurope"), {"meets": (marked(Seen(at, body), managed),)}, alone(at))


KINDS: dict[str, Callable[[bool, bool], Kind]] = {
    "Endpoint": an_endpoint,
    "Zone": a_zone,
    "Link": a_link,
    "ZoneGroup": a_zone_group,
    "Peering": a_half,
    "Rule": a_rule,
    "WideRule": a_wide_rule,
    "RequiredRule": a_required_rule,
    "SubnetPolicy": a_subnet_policy,
    "SecurityGroup": a_security_group,
}


def marked(have: Seen, managed: bool) -> Seen:
    return Seen(have.id, {**have.body, "tags": {MARK_TAG: MARK_VALUE} if managed else {}})


def alone(at: ResourceId) -> Callable[[tuple[Seen, ...]], Observed]:
    """Found by its own id."""
    return lambda there: picture({at: next(iter(there), None)})


def listed(parent: ResourceId, collection: str) -> Callable[[tuple[Seen, ...]], Observed]:
    """Found in the collection that holds it."""
    return lambda there: picture(lists={(parent, collection): there})


def rows() -> Iterator[tuple[str, str, str, dict[str, str]]]:
    for line in filter(None, TABLE.strip().splitlines()[1:]):
        kind, owner, write, *expected = line.split()
        yield kind, owner, write, dict(zip(CELLS, expected, strict=True))


def cases() -> Iterator[Any]:
    """One for each body in each cell that can occur."""
    for kind, owner, write, row in rows():
        made = KINDS[kind](owner == "managed", write == "yes")
        there = {cell: [(one,) for one in bodies] for cell, bodies in made.existing.items()}
        there["nothing"] = [()]
        there["busy"] = [(with_state(one, "Updating"),) for one in made.existing["meets"]]
        for cell, expected in row.items():
            for number, have in enumerate(there.get(cell, ()) if expected not in (".", "-") else ()):
                name = f"{kind}-{owner}-{'write' if write == 'yes' else 'read'}-{cell}-{number}"
                yield pytest.param(made, have, expected, id=name)


def decision(action: Action) -> str:
    """The action's name, or the code of the block."""
    return action.code if isinstance(action, Block) else verb(action)


@pytest.mark.parametrize(("made", "have", "expected"), list(cases()))
def test_what_exists_and_its_owner_decide(made: Kind, have: tuple[Seen, ...], expected: str) -> None:
    action = decide(made.want, made.view(have))
    assert decision(action) == expected
    assert action.id in {made.want.id, *(one.id for one in have)}
    if isinstance(action, Block):
        assert action.remedy
        assert all(action.found == one.id and one.id.name in action.reason for one in have)
    if isinstance(action, Keep):
        assert [action.found] == [one.id for one in have]


@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize("picture", [Observed(), None], ids=["never read", "read refused"])
def test_what_was_not_read_is_unknown_and_never_created_or_kept(kind: str, picture: Observed | None) -> None:
    want = KINDS[kind](True, True).want
    action = decide(want, picture or with_refused_reads(want))
    assert isinstance(action, Unknown)
    assert action.why == ("the app may not read it" if picture is None else NOT_READ.why)


def with_refused_reads(want: Wanted) -> Observed:
    """All reads that the object needs were refused."""
    view = Observed()
    while pending := [read for read in want.reads(view) if not view.answers(read)]:
        for read in pending:
            refused = Unread("the app may not read it", refused=True)
            if read.collection:
                view = view.with_members(read.at, read.collection, refused)
            else:
                view = view.with_object(read.at, refused)
    return view


@pytest.mark.parametrize("recorded", [True, False], ids=["in the ledger", "unknown to the ledger"])
def test_an_endpoint_with_our_marks_is_replaced_only_if_the_ledger_has_it(recorded: bool) -> None:
    made = an_endpoint(managed=True, write=True)
    want = replace(made.want, recorded_before=recorded)  # type: ignore[type-var]
    for have in made.existing["remade"]:
        assert decision(decide(want, made.view((have,)))) == ("Replace" if recorded else "NotOurs")
    for have in made.existing["meets"]:
        assert decision(decide(want, made.view((have,)))) == "Keep"


def a_deleted_adopted_endpoint() -> Kind:
    made = an_endpoint(managed=False, write=True)
    return replace(made, want=replace(made.want, adopted=True))  # type: ignore[type-var]


def a_rejected_endpoint(*, managed: bool) -> Kind:
    made = an_endpoint(managed, write=True)
    return replace(made, existing={"": (bodies.endpoint(made.want.id, managed=managed, status="Rejected"),)})


def a_link_without_fallback(*, managed: bool) -> Kind:
    made = a_link(managed, write=True)
    falls_back = replace(made.want, fallback=True)  # type: ignore[type-var]
    return replace(made, want=falls_back, existing={"": made.existing["meets"][:1]})


def only_a_link_of_another_network() -> Kind:
    made = a_link(managed=True, write=True)
    other = bodies.zone_link(ZONE.child(link.COLLECTION, "hub"), network=HUB)
    return replace(made, existing={"": (other,)})


def a_half_between(hub: Seen | None, spoke: Seen | None) -> Kind:
    return Kind(networks.PEERING, {}, lambda _: picture({HUB: hub, SPOKE: spoke}))


def halves_of(network: ResourceId, count: int) -> tuple[Seen, ...]:
    names = (network.child(peering.COLLECTION, f"p{n}") for n in range(count))
    return tuple(networks.to_third(at.parent, "10.9.0.0/16") for at in names if at.parent)


def a_rule_behind_a_deny(*, existing: bool) -> Kind:
    made = a_rule(managed=True, write=True)
    deny = networks.other("deny-all", 200, access="Deny", description="", sourceAddressPrefix="*")
    return replace(made, existing={"": (deny, *(made.existing["meets"] if existing else ()))})


HUB_NETWORK, SPOKE_NETWORK = networks.vnet(HUB, "10.0.0.0/16"), networks.vnet(SPOKE, "10.1.0.0/16")


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (a_deleted_adopted_endpoint(), "EndpointGone"),
        (a_rejected_endpoint(managed=True), "ConnectionRejected"),
        (a_rejected_endpoint(managed=False), "ConnectionRejected"),
        (a_link_without_fallback(managed=True), "Update"),
        (a_link_without_fallback(managed=False), "Adopt"),
        (only_a_link_of_another_network(), "Create"),
        (a_half_between(None, SPOKE_NETWORK), "NetworkNotFound"),
        (a_half_between(HUB_NETWORK, None), "NetworkNotFound"),
        (a_half_between(HUB_NETWORK, networks.vnet(SPOKE, "10.0.9.0/24")), "AddressSpacesOverlap"),
        (
            a_half_between(
                networks.vnet(HUB, "10.0.0.0/16", halves=halves_of(HUB, MAX_PEERINGS)), SPOKE_NETWORK
            ),
            "TooManyPeerings",
        ),
        (a_rule_behind_a_deny(existing=False), "DeniedByRule"),
        (a_rule_behind_a_deny(existing=True), "DeniedByRule"),
    ],
)
def test_what_azure_or_a_foreign_object_forbids_blocks_before_it_is_sent(made: Kind, expected: str) -> None:
    assert decision(decide(made.want, made.view(made.existing.get("", ())))) == expected


def known_kinds() -> set[str]:
    modules = [
        import_module(f"{kinds.__name__}.{found.name}") for found in pkgutil.iter_modules(kinds.__path__)
    ]
    classes = (one for module in modules for _, one in inspect.getmembers(module, inspect.isclass))
    return {one.__name__ for one in classes if issubclass(one, Managed) and one is not Managed}


@pytest.mark.parametrize("kind", sorted(known_kinds()))
def test_every_kind_has_its_rows_and_a_reason_for_each_cell_that_is_left_out(kind: str) -> None:
    known = {(owner, write): row for name, owner, write, row in rows() if name == kind}
    for write in ("yes", "no"):
        for owner in ("managed", "foreign"):
            reasons = {(kind, write), (kind, f"{owner} {write}")} & set(NEVER)
            assert ((owner, write) in known) != bool(reasons), f"{kind} {owner} {write}"
    for cell in CELLS:
        empty = any(row[cell] == "-" for row in known.values())
        assert empty == ((kind, cell) in NEVER), f"{kind} {cell}"


def test_each_cell_that_can_occur_has_a_body_that_occurs() -> None:
    tested = {case.id.rsplit("-", 1)[0] for case in cases()}
    filled = sum(expected not in (".", "-") for *_, row in rows() for expected in row.values())
    assert len(tested) == filled
