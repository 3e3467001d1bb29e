"""Plans: one action for every object, in order, and what concerns several at once.

The decision for a single object is in `test_decision_table.py`.
"""

from dataclasses import replace
from typing import Any

import pytest

from shared.core.base.bodies import Seen
from shared.core.base.ids import ResourceId
from shared.core.base.target import Target
from shared.core.catalogue.catalogue import load
from shared.core.kinds import link, zone_group
from shared.core.kinds.rule import rule_id
from shared.core.placement.sites import candidates, sites
from shared.core.plan.actions import Block, Create, Delete, Keep, Update, Withdraw, verb
from shared.core.plan.desired import Desired, desired
from shared.core.plan.plan import Plan, plan, removal, withdrawal
from shared.core.policy.intent import Connect, intent
from shared.core.readings.observed import Observed, Surroundings
from tests.core import bodies
from tests.core.policies import a_policy


def wish(around: Surroundings | None = None, *, account: Any = None, **policy: object) -> Desired:
    """The wish for one storage account with one client network."""
    target = Target.parse(account or bodies.account())
    rules = a_policy(**policy)
    connect = intent(target, {}, rules, load())
    assert isinstance(connect, Connect)
    found = candidates(target, connect.profile)
    assert isinstance(found, tuple)
    chosen = sites(
        target, connect, *found, around or Surroundings({bodies.HUB: bodies.network()}), rules.limits
    )
    assert not isinstance(chosen, Block)
    return desired(target, connect, chosen, load(), rules.cloud, around or Surroundings(), {})


class World:
    """All that the wish needs, in place and ours; a test takes away or changes one thing."""

    def __init__(self, wanted: Desired) -> None:
        self.wanted = wanted
        leg = wanted.legs[0]
        assert leg.zone_group is not None
        self.at = leg.endpoint.id
        self.zone = leg.zones[0].id
        self.link = leg.links[0].id
        self.group = leg.zone_group.id
        self.objects: dict[ResourceId, Seen | None] = {
            self.at: bodies.endpoint(self.at),
            self.zone: bodies.zone(self.zone),
            self.link: bodies.zone_link(self.link),
            self.group: None,
        }
        self.links: tuple[Seen, ...] = (bodies.zone_link(self.link),)
        self.groups: tuple[Seen, ...] = (bodies.zone_group(self.group, "10.0.1.4", zone=self.zone),)
        self.around = Surroundings()

    def plan(self) -> Plan:
        view = Observed(self.objects, around=self.around)
        view = view.listing(self.zone, link.COLLECTION, self.links)
        return plan(self.wanted, view.listing(self.at, zone_group.COLLECTION, self.groups))

    def action(self, at: ResourceId) -> object:
        return next(action for action in self.plan().actions if action.id == at)


@pytest.fixture
def world() -> World:
    return World(wish())


def test_everything_in_place_is_kept_and_nothing_is_written(world: World) -> None:
    steps = world.plan()
    assert [verb(action) for action in steps.actions] == ["Keep"] * 4
    assert steps.settled
    assert steps.writes == ()


def test_every_desired_object_gets_exactly_one_action(world: World) -> None:
    ids = [action.id for action in world.plan().actions]
    assert sorted(i.key for i in ids) == sorted(want.id.key for want in world.wanted.objects())


def test_nothing_there_is_created_in_an_order_that_respects_needs(world: World) -> None:
    world.objects = dict.fromkeys(world.objects)
    world.links = world.groups = ()
    steps = world.plan()
    assert all(isinstance(action, Create) for action in steps.actions)
    order = [action.id for action in steps.actions]
    for action in steps.actions:
        assert isinstance(action, Create)
        assert all(order.index(need) < order.index(action.id) for need in action.want.needs)


def test_an_endpoint_that_could_not_be_named_is_not_begun() -> None:
    world = World(wish(create_zones=False))
    world.objects[world.zone] = world.objects[world.at] = None
    world.groups = ()
    blocked = world.action(world.at)
    assert isinstance(blocked, Block)
    assert blocked.code == "ZoneNotFound"
    assert "create_zones" in blocked.remedy


def test_our_zone_group_without_the_zone_is_updated_and_keeps_what_others_added(world: World) -> None:
    elsewhere = bodies.ZONE.group.resource(bodies.ZONE.type, "privatelink.example.com")
    world.groups = (bodies.zone_group(world.group, "10.0.1.4", zone=elsewhere, name="by-hand"),)
    step = world.action(world.group)
    assert isinstance(step, Update)
    configs = step.want.body(step.have)["properties"]["privateDnsZoneConfigs"]
    zones = [config["properties"]["privateDnsZoneId"] for config in configs]
    assert zones == [elsewhere.text, world.zone.text]


def test_a_second_endpoint_that_would_overwrite_anothers_record_is_not_made(world: World) -> None:
    rival = bodies.endpoint(
        world.at.group.resource(world.at.type, "by-hand"),
        subnet=bodies.SPOKE.child("subnets", "x"),
        ours=False,
    )
    theirs = bodies.zone_group(rival.id.child(zone_group.COLLECTION, "default"), "10.9.9.9", zone=world.zone)
    world.objects[world.at] = None
    world.groups = ()
    world.around = Surroundings(rivals=(rival,), rival_zone_groups={rival.id: (theirs,)})
    blocked = world.action(world.at)
    assert isinstance(blocked, Block)
    assert blocked.code == "RecordHeldByAnother"
    assert blocked.found == rival.id


def test_where_two_endpoints_stand_that_keep_one_name_neither_is_called_the_right_one(world: World) -> None:
    rival = bodies.endpoint(world.at.group.resource(world.at.type, "by-hand"), ours=False)
    theirs = bodies.zone_group(rival.id.child(zone_group.COLLECTION, "default"), "10.9.9.9", zone=world.zone)
    world.around = Surroundings(rivals=(rival,), rival_zone_groups={rival.id: (theirs,)})
    blocked = world.action(world.group)
    assert isinstance(blocked, Block)
    assert blocked.code == "RecordHeldByAnother"
    assert world.at.name in blocked.remedy
    assert isinstance(world.action(world.at), Keep)


@pytest.mark.parametrize(("status", "kept"), [("Approved", True), ("Pending", False), ("Rejected", False)])
def test_our_approved_endpoint_is_not_given_up_for_one_that_somebody_makes_beside_it(
    status: str, kept: bool
) -> None:
    ours = wish().legs[0].endpoint.id
    rival = bodies.endpoint(bodies.HUB.group.resource(ours.type, "by-hand"), ours=False)
    state = {"privateLinkServiceConnectionState": {"status": status}, "privateEndpoint": {"id": ours.text}}
    account = bodies.account(connections=[{"name": "c", "properties": state}])
    around = Surroundings({bodies.HUB: bodies.network()}, (rival,))
    assert (wish(around, account=account).legs[0].endpoint.id == ours) is kept


def test_an_approved_endpoint_of_someone_else_in_an_accepted_subnet_is_adopted() -> None:
    at = bodies.HUB.group.resource("Microsoft.Network/privateEndpoints", "by-hand")
    rival = bodies.endpoint(at, ours=False)
    world = World(wish(Surroundings({bodies.HUB: bodies.network()}, (rival,))))
    world.objects[at] = rival
    assert world.at == at
    kept = world.action(at)
    assert isinstance(kept, Keep)
    assert kept.adopted


def test_removal_deletes_only_what_bears_our_mark(world: World) -> None:
    ours = bodies.endpoint(world.at)
    foreign = bodies.endpoint(world.at.group.resource(world.at.type, "by-hand"), ours=False)
    steps = removal((ours, foreign), bodies.ACCOUNT, "gone")
    assert [(type(action), action.id) for action in steps.actions] == [(Delete, ours.id), (Keep, foreign.id)]


def test_removal_leaves_an_endpoint_that_was_marked_for_another_target(world: World) -> None:
    other = replace(bodies.ACCOUNT, names=("invoices",))
    (step,) = removal((bodies.endpoint(world.at, target=other),), bodies.ACCOUNT, "gone").actions
    assert isinstance(step, Keep)


def test_a_zone_group_goes_with_its_endpoint_and_is_not_deleted_twice(world: World) -> None:
    steps = removal((bodies.endpoint(world.at), *world.groups), bodies.ACCOUNT, "gone")
    assert [action.id for action in steps.actions] == [world.at]


def a_rule(*destinations: str, description: str = "Managed by Causeway. Whatever.") -> Seen:
    group = bodies.HUB.group.resource("Microsoft.Network/networkSecurityGroups", "nsg")
    at = rule_id(group, "spoke-a|443", "Allow")
    properties = {"description": description, "destinationAddressPrefixes": list(destinations)}
    return Seen(at, {"id": at.text, "name": at.name, "properties": properties})


def test_addresses_leave_the_rules_of_ours_that_hold_one_of_them_and_no_others() -> None:
    held = a_rule("10.0.1.4/30", "10.0.9.9")
    (step,) = withdrawal([(held, ["10.0.1.6", "10.0.7.7"])], "gone")
    assert isinstance(step, Withdraw)
    assert (step.id, step.group, step.addresses) == (held.id, held.id.parent, ("10.0.1.6", "10.0.7.7"))
    assert withdrawal([(a_rule("10.0.1.8"), ["10.0.1.6"])], "gone") == ()
    assert withdrawal([(held, [])], "gone") == ()


def test_a_rule_that_a_person_made_his_own_is_not_left() -> None:
    theirs = a_rule("10.0.1.4", description="mine now")
    assert withdrawal([(theirs, ["10.0.1.4"])], "gone") == ()


def test_a_denial_is_left_before_the_rules_that_it_stands_behind() -> None:
    allow = a_rule("10.0.1.4")
    properties = {**allow.properties, "access": "Deny"}
    allow = Seen(allow.id, {**allow.body, "properties": {**allow.properties, "access": "Allow"}})
    at = rule_id(allow.id.parent or allow.id, "spoke-a", "Deny")
    deny = Seen(at, {"id": at.text, "name": at.name, "properties": properties})
    steps = withdrawal([(allow, ["10.0.1.4"]), (deny, ["10.0.1.4"])], "gone")
    assert [(step.id, step.after) for step in steps] == [(allow.id, (deny.id,)), (deny.id, ())]
