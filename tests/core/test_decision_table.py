"""What stands there × whose it is → one action, for every kind of object: the table of `core/decide.py`.

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
from shared.core.kinds.zone import Zone
from shared.core.kinds.zone_group import ZoneGroup
from shared.core.plan.actions import Action, Block, Keep, Unknown, verb
from shared.core.plan.decide import decide
from shared.core.readings.observed import Observed
from shared.core.readings.reading import NOT_READ, Unread
from tests.builders import bodies, networks
from tests.builders.bodies import ACCOUNT, HUB, SPOKE, SUBNET, ZONE
from tests.builders.pictures import picture

# A block stands by its code. `.`: what is missing is nobody's. `-`: it cannot occur, and NEVER says why.
TABLE = """
kind         whose   write   nothing         busy  meets   differs                 remade

Endpoint     ours    yes     Create          Wait  Keep    Update                  Replace
Endpoint     theirs  yes     .               Wait  Adopt   NotOurs                 NotOurs

Zone         ours    yes     Create          Wait  Keep    -                       -
Zone         theirs  yes     .               Wait  Adopt   -                       -
Zone         ours    no      ZoneNotFound    Wait  Keep    -                       -
Zone         theirs  no      .               Wait  Adopt   -                       -

Link         ours    yes     Create          Wait  Keep    Update                  Replace
Link         theirs  yes     .               Wait  Adopt   NotOurs                 NotOurs

ZoneGroup    ours    yes     Create          Wait  Keep    Update                  -
ZoneGroup    theirs  yes     .               Wait  Adopt   ZoneGroupOfSomeoneElse  -

Peering      ours    yes     Create          Wait  Keep    Update                  Replace
Peering      theirs  yes     .               Wait  Adopt   NotOurs                 NotOurs
Peering      ours    no      NotEnsured      Wait  Keep    NotEnsured              NotEnsured
Peering      theirs  no      .               Wait  Adopt   NotOurs                 NotOurs

Rule         ours    yes     Create          Wait  Keep    Update                  -
Rule         theirs  yes     .               Wait  Adopt   NotOurs                 -

RequiredRule ours    no      NotEnsured      -     Adopt   -                       -
RequiredRule theirs  no      .               -     Adopt   -                       -

SubnetPolicy ours    yes     SubnetNotFound  Wait  Keep    Update                  -
SubnetPolicy theirs  no      .               Wait  Adopt   NotOurs                 -

SecurityGroup ours   yes     Create          Wait  Keep    -                       -
SecurityGroup theirs yes     .               Wait  Adopt   -                       -
"""
CELLS = ("nothing", "busy", "meets", "differs", "remade")

# By kind and cell, or by kind, whose and write for a row that is left out.
NEVER = {
    ("Endpoint", "no"): "no word of the policy forbids endpoints",
    ("Zone", "differs"): "nothing in a zone is ours to want otherwise",
    ("Zone", "remade"): "nothing in a zone is ours to want otherwise",
    ("Link", "no"): "no word of the policy forbids links: an unwanted one is not wished for",
    (
        "ZoneGroup",
        "no",
    ): "no word of the policy forbids zone groups: without dns.mode manage none is wished for",
    ("ZoneGroup", "remade"): "a PUT replaces its list as a whole",
    ("Rule", "no"): "it is a RequiredRule then",
    ("RequiredRule", "yes"): "it is never written",
    ("RequiredRule", "busy"): "what counts is what the group does, and it does that while it is written, too",
    ("RequiredRule", "differs"): "the group does the same or it does not",
    ("RequiredRule", "remade"): "the group does the same or it does not",
    ("Rule", "remade"): "all but its name can change in place",
    ("SecurityGroup", "no"): "without nsg.create_group none is wished for",
    (
        "SecurityGroup",
        "differs",
    ): "a PUT would replace everybody's rules, so nothing in it is wanted otherwise",
    ("SecurityGroup", "remade"): "a group is never deleted",
    ("SubnetPolicy", "remade"): "a subnet is never made anew for two properties",
    ("SubnetPolicy", "theirs yes"): "the policy's word to write stands for whose it is",
    ("SubnetPolicy", "ours no"): "the policy's word to write stands for whose it is",
}

type Stands = dict[str, tuple[Seen, ...]]


@dataclass(frozen=True)
class Kind:
    """The wish, what may stand in its place in each cell, and the view in which the planner finds it."""

    want: Wanted
    stands: Stands
    view: Callable[[tuple[Seen, ...]], Observed]


def with_state(have: Seen, state: str) -> Seen:
    return Seen(have.id, {**have.body, "properties": {**have.properties, "provisioningState": state}})


def with_word(have: Seen, **properties: Any) -> Seen:
    return Seen(have.id, {**have.body, "properties": {**have.properties, **properties}})


def an_endpoint(ours: bool, write: bool) -> Kind:
    at = endpoint_id(SUBNET.group, ACCOUNT, "blob", SUBNET)
    fine = bodies.endpoint(at, ours=ours)
    stands = {
        "meets": (fine, bodies.endpoint(at, ours=ours, status="Pending")),
        "differs": (with_state(fine, "Failed"),),
        "remade": (
            bodies.endpoint(at, ours=ours, status="Disconnected"),
            bodies.endpoint(at, ours=ours, group="file"),
            bodies.endpoint(at, ours=ours, subnet=SPOKE.child("subnets", "other")),
            with_word(fine, privateLinkServiceConnections=[]),
        ),
    }
    return Kind(Endpoint(at, "westeurope", SUBNET, ACCOUNT, "blob"), stands, alone(at))


def a_zone(ours: bool, write: bool) -> Kind:
    stands = {"meets": (marked(bodies.zone(), ours),)}
    return Kind(Zone(ZONE, write), stands, alone(ZONE))


def a_link(ours: bool, write: bool) -> Kind:
    at = link_id(ZONE, SPOKE)
    fine = bodies.zone_link(at, ours=ours)
    by_hand = bodies.zone_link(ZONE.child(link.COLLECTION, "by-hand"), ours=ours)
    stands = {
        "meets": (fine, by_hand),
        "differs": (with_state(fine, "Failed"), with_state(by_hand, "Failed")),
        "remade": (bodies.zone_link(at, network=HUB, ours=ours),),
    }
    return Kind(Link(at, ZONE, SPOKE), stands, listed(ZONE, link.COLLECTION))


def a_zone_group(ours: bool, write: bool) -> Kind:
    home = endpoint_id(SUBNET.group, ACCOUNT, "blob", SUBNET)
    at = home.child(zone_group.COLLECTION, zone_group.NAME)
    there = at if ours else home.child(zone_group.COLLECTION, "deployedByPolicy")
    fine = bodies.zone_group(there, "10.0.1.4")
    elsewhere = ZONE.group.resource(ZONE.type, "privatelink.example.com")
    stands = {
        "meets": (fine,),
        "differs": (with_state(fine, "Failed"), bodies.zone_group(there, "10.0.1.4", zone=elsewhere)),
    }
    return Kind(ZoneGroup(at, home, (ZONE,)), stands, listed(home, zone_group.COLLECTION))


def a_half(ours: bool, write: bool) -> Kind:
    want = replace(networks.PEERING, write=write)
    there = want.id if ours else HUB.child(peering.COLLECTION, "to-spoke")
    fine = networks.half(there)
    stands = {
        "meets": (fine, with_word(fine, peeringState="Initiated")),
        "differs": (
            with_word(fine, allowVirtualNetworkAccess=False),
            with_word(fine, peeringSyncLevel="LocalNotInSync"),
        ),
        "remade": (with_word(fine, peeringState="Disconnected"),),
    }

    def view(there: tuple[Seen, ...]) -> Observed:
        ends = {
            HUB: networks.vnet(HUB, "10.0.0.0/16", halves=there),
            SPOKE: networks.vnet(SPOKE, "10.1.0.0/16"),
        }
        return picture(ends)

    return Kind(want, stands, view)


def a_rule(ours: bool, write: bool) -> Kind:
    """A person's rule in our place has our name: rules of other names are not asked."""
    fine = networks.our_rule() if ours else networks.our_rule(description="by hand")
    stands = {
        "meets": (fine,),
        "differs": (with_word(fine, destinationPortRanges=["22"]), with_state(fine, "Failed")),
    }
    return Kind(networks.want(), stands, listed(networks.GROUP, rule.COLLECTION))


def a_required_rule(ours: bool, write: bool) -> Kind:
    """Met by what the group does: by our own rule, or by one of another name that lets the clients in."""
    rules = (networks.our_rule(),) if ours else (networks.other("by-hand", 300),)
    meets = Seen(networks.GROUP, {"id": networks.GROUP.text})

    def view(there: tuple[Seen, ...]) -> Observed:
        return picture(lists={(networks.GROUP, rule.COLLECTION): rules if there else ()})

    return Kind(networks.want(RequiredRule), {"meets": (meets,)}, view)


def a_subnet_policy(ours: bool, write: bool) -> Kind:
    group = networks.GROUP
    stands = {
        "meets": (networks.subnet("Enabled", group),),
        "differs": (networks.subnet("Disabled", group), networks.subnet("Enabled")),
    }
    return Kind(SubnetPolicy(SUBNET, group, write=write), stands, alone(SUBNET))


def a_security_group(ours: bool, write: bool) -> Kind:
    at = group_id(SUBNET)
    body = {"id": at.text, "properties": {"provisioningState": "Succeeded", "securityRules": []}}
    return Kind(SecurityGroup(at, "westeurope"), {"meets": (marked(Seen(at, body), ours),)}, alone(at))


KINDS: dict[str, Callable[[bool, bool], Kind]] = {
    "Endpoint": an_endpoint,
    "Zone": a_zone,
    "Link": a_link,
    "ZoneGroup": a_zone_group,
    "Peering": a_half,
    "Rule": a_rule,
    "RequiredRule": a_required_rule,
    "SubnetPolicy": a_subnet_policy,
    "SecurityGroup": a_security_group,
}


def marked(have: Seen, ours: bool) -> Seen:
    return Seen(have.id, {**have.body, "tags": {MARK_TAG: MARK_VALUE} if ours else {}})


def alone(at: ResourceId) -> Callable[[tuple[Seen, ...]], Observed]:
    """Found by its own id."""
    return lambda there: picture({at: next(iter(there), None)})


def listed(parent: ResourceId, collection: str) -> Callable[[tuple[Seen, ...]], Observed]:
    """Found in the collection that holds it."""
    return lambda there: picture(lists={(parent, collection): there})


def rows() -> Iterator[tuple[str, str, str, dict[str, str]]]:
    for line in filter(None, TABLE.strip().splitlines()[1:]):
        kind, whose, write, *expected = line.split()
        yield kind, whose, write, dict(zip(CELLS, expected, strict=True))


def cases() -> Iterator[Any]:
    """One for each body in each cell that can occur."""
    for kind, whose, write, row in rows():
        made = KINDS[kind](whose == "ours", write == "yes")
        there = {cell: [(one,) for one in bodies] for cell, bodies in made.stands.items()}
        there["nothing"] = [()]
        there["busy"] = [(with_state(one, "Updating"),) for one in made.stands["meets"]]
        for cell, expected in row.items():
            for number, have in enumerate(there.get(cell, ()) if expected not in (".", "-") else ()):
                name = f"{kind}-{whose}-{'write' if write == 'yes' else 'look'}-{cell}-{number}"
                yield pytest.param(made, have, expected, id=name)


def said(action: Action) -> str:
    """The action's name, or the code of the block."""
    return action.code if isinstance(action, Block) else verb(action)


@pytest.mark.parametrize(("made", "have", "expected"), list(cases()))
def test_what_stands_there_and_whose_it_is_decide(made: Kind, have: tuple[Seen, ...], expected: str) -> None:
    action = decide(made.want, made.view(have))
    assert said(action) == expected
    assert action.id in {made.want.id, *(one.id for one in have)}
    if isinstance(action, Block):
        assert action.remedy
        assert all(action.found == one.id and one.id.name in action.reason for one in have)
    if isinstance(action, Keep):
        assert [action.found] == [one.id for one in have]


@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize("picture", [Observed(), None], ids=["never read", "reading refused"])
def test_what_was_not_read_is_unknown_and_never_created_or_kept(kind: str, picture: Observed | None) -> None:
    want = KINDS[kind](True, True).want
    action = decide(want, picture or with_refused_reads(want))
    assert isinstance(action, Unknown)
    assert action.why == ("the app may not read it" if picture is None else NOT_READ.why)


def with_refused_reads(want: Wanted) -> Observed:
    """All that the object asks for was refused."""
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
    made = an_endpoint(ours=True, write=True)
    want = replace(made.want, recorded_before=recorded)  # type: ignore[type-var]
    for have in made.stands["remade"]:
        assert said(decide(want, made.view((have,)))) == ("Replace" if recorded else "NotOurs")
    for have in made.stands["meets"]:
        assert said(decide(want, made.view((have,)))) == "Keep"


def an_adopted_endpoint_that_is_gone() -> Kind:
    made = an_endpoint(ours=False, write=True)
    return replace(made, want=replace(made.want, adopted=True))  # type: ignore[type-var]


def a_rejected_endpoint(*, ours: bool) -> Kind:
    made = an_endpoint(ours, write=True)
    return replace(made, stands={"": (bodies.endpoint(made.want.id, ours=ours, status="Rejected"),)})


def a_link_without_fallback(*, ours: bool) -> Kind:
    made = a_link(ours, write=True)
    falls_back = replace(made.want, fallback=True)  # type: ignore[type-var]
    return replace(made, want=falls_back, stands={"": made.stands["meets"][:1]})


def only_a_link_of_another_network() -> Kind:
    made = a_link(ours=True, write=True)
    other = bodies.zone_link(ZONE.child(link.COLLECTION, "hub"), network=HUB)
    return replace(made, stands={"": (other,)})


def a_half_between(hub: Seen | None, spoke: Seen | None) -> Kind:
    return Kind(networks.PEERING, {}, lambda _: picture({HUB: hub, SPOKE: spoke}))


def halves_of(network: ResourceId, count: int) -> tuple[Seen, ...]:
    names = (network.child(peering.COLLECTION, f"p{n}") for n in range(count))
    return tuple(networks.to_third(at.parent, "10.9.0.0/16") for at in names if at.parent)


def a_rule_behind_a_deny(*, standing: bool) -> Kind:
    made = a_rule(ours=True, write=True)
    shut = networks.other("shut", 200, access="Deny", description="", sourceAddressPrefix="*")
    return replace(made, stands={"": (shut, *(made.stands["meets"] if standing else ()))})


HUB_NETWORK, SPOKE_NETWORK = networks.vnet(HUB, "10.0.0.0/16"), networks.vnet(SPOKE, "10.1.0.0/16")


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (an_adopted_endpoint_that_is_gone(), "EndpointGone"),
        (a_rejected_endpoint(ours=True), "ConnectionRejected"),
        (a_rejected_endpoint(ours=False), "ConnectionRejected"),
        (a_link_without_fallback(ours=True), "Update"),
        (a_link_without_fallback(ours=False), "Adopt"),
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
        (a_rule_behind_a_deny(standing=False), "DeniedByRule"),
        (a_rule_behind_a_deny(standing=True), "DeniedByRule"),
    ],
)
def test_what_azure_or_a_person_would_refuse_is_said_before_it_is_sent(made: Kind, expected: str) -> None:
    assert said(decide(made.want, made.view(made.stands.get("", ())))) == expected


def known_kinds() -> set[str]:
    modules = [
        import_module(f"{kinds.__name__}.{found.name}") for found in pkgutil.iter_modules(kinds.__path__)
    ]
    classes = (one for module in modules for _, one in inspect.getmembers(module, inspect.isclass))
    return {one.__name__ for one in classes if issubclass(one, Managed) and one is not Managed}


@pytest.mark.parametrize("kind", sorted(known_kinds()))
def test_every_kind_has_its_rows_and_a_reason_for_each_cell_that_is_left_out(kind: str) -> None:
    told = {(whose, write): row for name, whose, write, row in rows() if name == kind}
    for write in ("yes", "no"):
        for whose in ("ours", "theirs"):
            reasons = {(kind, write), (kind, f"{whose} {write}")} & set(NEVER)
            assert ((whose, write) in told) != bool(reasons), f"{kind} {whose} {write}"
    for cell in CELLS:
        empty = any(row[cell] == "-" for row in told.values())
        assert empty == ((kind, cell) in NEVER), f"{kind} {cell}"


def test_each_cell_that_can_occur_has_a_body_that_occurs() -> None:
    asked = {case.id.rsplit("-", 1)[0] for case in cases()}
    filled = sum(expected not in (".", "-") for *_, row in rows() for expected in row.values())
    assert len(asked) == filled
