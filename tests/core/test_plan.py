"""Plans: one action for every object, in order, and what concerns several at once.

The decision for a single object is in `test_decision_table.py`.
"""

from dataclasses import replace

import pytest

from shared.core.base.bodies import Seen
from shared.core.base.ids import ResourceId
from shared.core.kinds import link, zone_group
from shared.core.kinds.rule import rule_id
from shared.core.plan.actions import Block, Create, Delete, Keep, Unknown, Update, Withdraw, verb
from shared.core.plan.desired import Desired
from shared.core.plan.plan import Plan, plan, removal, withdrawal
from tests.builders import bodies
from tests.builders.pictures import picture
from tests.builders.requests import wanted


class World:
    """All that the wish needs, in place and ours; a test takes away or changes one thing."""

    def __init__(self, wanted: Desired) -> None:
        self.wanted = wanted
        path = wanted.paths[0]
        assert path.zone_group is not None
        self.at = path.endpoint.id
        self.zone = path.zones[0].id
        self.link = path.links[0].id
        self.group = path.zone_group.id
        self.objects: dict[ResourceId, Seen | None] = {
            self.at: bodies.endpoint(self.at),
            self.zone: bodies.zone(self.zone),
            bodies.HUB: bodies.network(),
        }
        self.links: tuple[Seen, ...] = (bodies.zone_link(self.link),)
        self.groups: tuple[Seen, ...] = (bodies.zone_group(self.group, "10.0.1.4", zone=self.zone),)
        self.rivals: dict[ResourceId, tuple[Seen, ...]] = {}

    def plan(self) -> Plan:
        lists = {(rival, zone_group.COLLECTION): groups for rival, groups in self.rivals.items()}
        lists |= {(self.zone, link.COLLECTION): self.links, (self.at, zone_group.COLLECTION): self.groups}
        return plan(self.wanted, picture(self.objects, lists))

    def action(self, at: ResourceId) -> object:
        return next(action for action in self.plan().actions if action.id == at)


@pytest.fixture
def world() -> World:
    return World(wanted())


def test_everything_in_place_is_kept_and_nothing_is_written(world: World) -> None:
    steps = world.plan()
    assert [verb(action) for action in steps.actions] == ["Keep"] * 4
    assert steps.settled
    assert steps.writes == ()


def test_every_desired_object_gets_exactly_one_action(world: World) -> None:
    ids = [action.id for action in world.plan().actions]
    assert sorted(i.key for i in ids) == sorted(want.id.key for want in world.wanted.objects())


def test_nothing_there_is_created_in_an_order_that_respects_needs(world: World) -> None:
    world.objects = {**dict.fromkeys(world.objects), bodies.HUB: bodies.network()}
    world.links = world.groups = ()
    steps = world.plan()
    assert all(isinstance(action, Create) for action in steps.actions)
    order = [action.id for action in steps.actions]
    for action in steps.actions:
        assert isinstance(action, Create)
        assert all(order.index(need) < order.index(action.id) for need in action.want.needs)


def test_a_bulk_reading_without_zone_groups_creates_no_zone_group(world: World) -> None:
    """Resource Graph has endpoints and no zone groups: what it does not list is unknown, not missing."""
    view = picture(world.objects, {(world.zone, link.COLLECTION): world.links})
    actions = {action.id: action for action in plan(world.wanted, view).actions}
    assert isinstance(actions[world.group], Unknown)
    assert isinstance(actions[world.at], Keep)
    assert plan(world.wanted, view).writes == ()


def test_an_endpoint_that_could_not_be_named_is_not_begun() -> None:
    world = World(wanted(create_zones=False))
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
    configs = step.want.body(step.have, picture())["properties"]["privateDnsZoneConfigs"]
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
    world.objects[rival.id], world.rivals = rival, {rival.id: (theirs,)}
    blocked = world.action(world.at)
    assert isinstance(blocked, Block)
    assert blocked.code == "RecordHeldByAnother"
    assert blocked.found == rival.id


def test_where_two_endpoints_stand_that_keep_one_name_neither_is_called_the_right_one(world: World) -> None:
    rival = bodies.endpoint(world.at.group.resource(world.at.type, "by-hand"), ours=False)
    theirs = bodies.zone_group(rival.id.child(zone_group.COLLECTION, "default"), "10.9.9.9", zone=world.zone)
    world.objects[rival.id], world.rivals = rival, {rival.id: (theirs,)}
    blocked = world.action(world.group)
    assert isinstance(blocked, Block)
    assert blocked.code == "RecordHeldByAnother"
    assert world.at.name in blocked.remedy
    assert isinstance(world.action(world.at), Keep)


@pytest.mark.parametrize(("status", "kept"), [("Approved", True), ("Pending", False), ("Rejected", False)])
def test_our_approved_endpoint_is_not_given_up_for_one_that_somebody_makes_beside_it(
    status: str, kept: bool
) -> None:
    ours = wanted().paths[0].endpoint.id
    rival = bodies.endpoint(bodies.HUB.group.resource(ours.type, "by-hand"), ours=False)
    state = {"privateLinkServiceConnectionState": {"status": status}, "privateEndpoint": {"id": ours.text}}
    account = bodies.account(connections=[{"name": "c", "properties": state}])
    around = picture({bodies.HUB: bodies.network(), rival.id: rival})
    assert (wanted(around, account=account).paths[0].endpoint.id == ours) is kept


def test_an_approved_endpoint_of_someone_else_in_an_accepted_subnet_is_adopted() -> None:
    at = bodies.HUB.group.resource("Microsoft.Network/privateEndpoints", "by-hand")
    rival = bodies.endpoint(at, ours=False)
    world = World(wanted(picture({bodies.HUB: bodies.network(), at: rival})))
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
    (step,) = withdrawal([(held, ["10.0.1.6", "10.0.7.7"])], bodies.ACCOUNT, "gone")
    assert isinstance(step, Withdraw)
    assert (step.id, step.adds) == (held.id, ("10.0.1.6", "10.0.7.7"))
    assert held.id.parent
    assert step.lock == held.id.parent.key
    assert withdrawal([(a_rule("10.0.1.8"), ["10.0.1.6"])], bodies.ACCOUNT, "gone") == ()
    assert withdrawal([(held, [])], bodies.ACCOUNT, "gone") == ()


def test_a_rule_that_a_person_made_his_own_is_not_left() -> None:
    theirs = a_rule("10.0.1.4", description="mine now")
    assert withdrawal([(theirs, ["10.0.1.4"])], bodies.ACCOUNT, "gone") == ()


def test_a_denial_is_left_before_the_rules_that_it_stands_behind() -> None:
    allow = a_rule("10.0.1.4")
    properties = {**allow.properties, "access": "Deny"}
    allow = Seen(allow.id, {**allow.body, "properties": {**allow.properties, "access": "Allow"}})
    at = rule_id(allow.id.parent or allow.id, "spoke-a", "Deny")
    deny = Seen(at, {"id": at.text, "name": at.name, "properties": properties})
    steps = withdrawal([(allow, ["10.0.1.4"]), (deny, ["10.0.1.4"])], bodies.ACCOUNT, "gone")
    assert [(step.id, step.after) for step in steps] == [(allow.id, (deny.id,)), (deny.id, ())]
