"""Plans: one action for every object, in order, and what concerns several at once.

The decision for a single object is in `test_decision_table.py`.
"""

from dataclasses import replace

import pytest

from shared.core.base.bodies import Seen
from shared.core.base.ids import ResourceId
from shared.core.kinds import link, zone_group
from shared.core.kinds.rule import rule_id
from shared.core.plan.actions import (
    Action,
    Block,
    Create,
    Delete,
    Keep,
    Replace,
    Unknown,
    Update,
    Wait,
    Withdraw,
    verb,
)
from shared.core.plan.desired import Desired
from shared.core.plan.plan import Plan, plan, removal, restoration, withdrawal
from shared.core.readings.observed import Observed
from tests.builders import bodies
from tests.builders.bodies import HUB
from tests.builders.pictures import picture
from tests.builders.requests import wanted


class World:
    """All desired objects, in place and managed; a test deletes or changes one of them."""

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
        self.foreign_groups: dict[ResourceId, tuple[Seen, ...]] = {}

    def observed(self) -> Observed:
        lists = {(at, zone_group.COLLECTION): groups for at, groups in self.foreign_groups.items()}
        lists |= {(self.zone, link.COLLECTION): self.links, (self.at, zone_group.COLLECTION): self.groups}
        return picture(self.objects, lists)

    def plan(self) -> Plan:
        return plan(self.wanted, self.observed())

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


def test_missing_objects_are_created_in_the_order_of_their_needs(world: World) -> None:
    world.objects = {**dict.fromkeys(world.objects), bodies.HUB: bodies.network()}
    world.links = world.groups = ()
    steps = world.plan()
    assert all(isinstance(action, Create) for action in steps.actions)
    order = [action.id for action in steps.actions]
    for action in steps.actions:
        assert isinstance(action, Create)
        assert all(order.index(need) < order.index(action.id) for need in action.want.needs)


def test_a_bulk_read_without_zone_groups_creates_no_zone_group(world: World) -> None:
    """Resource Graph has endpoints and no zone groups: what it does not list is unknown, not missing."""
    view = picture(world.objects, {(world.zone, link.COLLECTION): world.links})
    actions = {action.id: action for action in plan(world.wanted, view).actions}
    assert isinstance(actions[world.group], Unknown)
    assert isinstance(actions[world.at], Keep)
    assert plan(world.wanted, view).writes == ()


def test_an_endpoint_without_a_zone_for_its_name_is_not_created() -> None:
    world = World(wanted(create_zones=False))
    world.objects[world.zone] = world.objects[world.at] = None
    world.groups = ()
    blocked = world.action(world.at)
    assert isinstance(blocked, Block)
    assert blocked.code == "ZoneNotFound"
    assert "create_zones" in blocked.remedy


def test_a_managed_zone_group_without_the_zone_is_updated_and_keeps_foreign_configs(world: World) -> None:
    elsewhere = bodies.ZONE.group.resource(bodies.ZONE.type, "privatelink.example.com")
    world.groups = (bodies.zone_group(world.group, "10.0.1.4", zone=elsewhere, name="by-hand"),)
    step = world.action(world.group)
    assert isinstance(step, Update)
    configs = step.want.body(step.have, picture())["properties"]["privateDnsZoneConfigs"]
    zones = [config["properties"]["privateDnsZoneId"] for config in configs]
    assert zones == [elsewhere.text, world.zone.text]


def test_an_endpoint_that_would_overwrite_a_foreign_endpoint_s_record_is_not_created(world: World) -> None:
    foreign = bodies.endpoint(
        world.at.group.resource(world.at.type, "by-hand"),
        subnet=bodies.SPOKE.child("subnets", "x"),
        managed=False,
    )
    group = bodies.zone_group(foreign.id.child(zone_group.COLLECTION, "default"), "10.9.9.9", zone=world.zone)
    world.objects[world.at] = None
    world.groups = ()
    world.objects[foreign.id], world.foreign_groups = foreign, {foreign.id: (group,)}
    blocked = world.action(world.at)
    assert isinstance(blocked, Block)
    assert blocked.code == "RecordHeldByAnother"
    assert blocked.found == foreign.id


def test_two_existing_endpoints_that_keep_one_name_block_and_are_both_kept(world: World) -> None:
    foreign = bodies.endpoint(world.at.group.resource(world.at.type, "by-hand"), managed=False)
    group = bodies.zone_group(foreign.id.child(zone_group.COLLECTION, "default"), "10.9.9.9", zone=world.zone)
    world.objects[foreign.id], world.foreign_groups = foreign, {foreign.id: (group,)}
    blocked = world.action(world.group)
    assert isinstance(blocked, Block)
    assert blocked.code == "RecordHeldByAnother"
    assert world.at.name in blocked.remedy
    assert isinstance(world.action(world.at), Keep)


@pytest.mark.parametrize(("status", "kept"), [("Approved", True), ("Pending", False), ("Rejected", False)])
def test_an_approved_managed_endpoint_is_kept_when_a_foreign_one_is_created_beside_it(
    status: str, kept: bool
) -> None:
    managed = wanted().paths[0].endpoint.id
    foreign = bodies.endpoint(bodies.HUB.group.resource(managed.type, "by-hand"), managed=False)
    state = {"privateLinkServiceConnectionState": {"status": status}, "privateEndpoint": {"id": managed.text}}
    account = bodies.account(connections=[{"name": "c", "properties": state}])
    around = picture({bodies.HUB: bodies.network(), foreign.id: foreign})
    assert (wanted(around, account=account).paths[0].endpoint.id == managed) is kept


def test_an_approved_foreign_endpoint_in_an_accepted_subnet_is_adopted() -> None:
    at = bodies.HUB.group.resource("Microsoft.Network/privateEndpoints", "by-hand")
    foreign = bodies.endpoint(at, managed=False)
    world = World(wanted(picture({bodies.HUB: bodies.network(), at: foreign})))
    world.objects[at] = foreign
    assert world.at == at
    kept = world.action(at)
    assert isinstance(kept, Keep)
    assert kept.adopted


def test_removal_deletes_only_objects_with_our_tag(world: World) -> None:
    managed = bodies.endpoint(world.at)
    foreign = bodies.endpoint(world.at.group.resource(world.at.type, "by-hand"), managed=False)
    steps = removal((managed, foreign), bodies.ACCOUNT, "gone")
    expected = [(Delete, managed.id), (Keep, foreign.id)]
    assert [(type(action), action.id) for action in steps.actions] == expected


def test_removal_keeps_an_endpoint_that_is_tagged_for_another_target(world: World) -> None:
    other = replace(bodies.ACCOUNT, names=("invoices",))
    (step,) = removal((bodies.endpoint(world.at, target=other),), bodies.ACCOUNT, "gone").actions
    assert isinstance(step, Keep)


def test_a_zone_group_is_deleted_with_its_endpoint_and_not_twice(world: World) -> None:
    (step,) = removal((bodies.endpoint(world.at), *world.groups), bodies.ACCOUNT, "gone").actions
    assert isinstance(step, Delete)
    assert (step.id, step.along) == (world.at, world.groups)


def a_rule(*destinations: str, description: str = "Managed by Causeway. Whatever.") -> Seen:
    group = bodies.HUB.group.resource("Microsoft.Network/networkSecurityGroups", "nsg")
    at = rule_id(group, "spoke-a|443", "Allow")
    properties = {"description": description, "destinationAddressPrefixes": list(destinations)}
    return Seen(at, {"id": at.text, "name": at.name, "properties": properties})


def test_addresses_are_withdrawn_only_from_managed_rules_that_include_one_of_them() -> None:
    held = a_rule("10.0.1.4/30", "10.0.9.9")
    (step,) = withdrawal([(held, ["10.0.1.6", "10.0.7.7"])], bodies.ACCOUNT, "gone")
    assert isinstance(step, Withdraw)
    assert (step.id, step.adds) == (held.id, ("10.0.1.6", "10.0.7.7"))
    assert held.id.parent
    assert step.lock == held.id.parent.key
    assert withdrawal([(a_rule("10.0.1.8"), ["10.0.1.6"])], bodies.ACCOUNT, "gone") == ()
    assert withdrawal([(held, [])], bodies.ACCOUNT, "gone") == ()


def test_nothing_is_withdrawn_from_a_managed_rule_that_a_user_changed() -> None:
    changed = a_rule("10.0.1.4", description="mine now")
    assert withdrawal([(changed, ["10.0.1.4"])], bodies.ACCOUNT, "gone") == ()


def test_addresses_are_withdrawn_from_a_deny_rule_before_the_allow_rules_before_it() -> None:
    allow = a_rule("10.0.1.4")
    properties = {**allow.properties, "access": "Deny"}
    allow = Seen(allow.id, {**allow.body, "properties": {**allow.properties, "access": "Allow"}})
    at = rule_id(allow.id.parent or allow.id, "spoke-a", "Deny")
    deny = Seen(at, {"id": at.text, "name": at.name, "properties": properties})
    steps = withdrawal([(allow, ["10.0.1.4"]), (deny, ["10.0.1.4"])], bodies.ACCOUNT, "gone")
    assert [(step.id, step.after) for step in steps] == [(allow.id, (deny.id,)), (deny.id, ())]


# What a plan says about itself


def some_actions(world: World) -> dict[str, Action]:
    """One action of each kind, on objects of their own."""
    wants = [replace(world.wanted.paths[0].endpoint, id=at) for at in (an_id(name) for name in "abcdefghi")]
    have = bodies.endpoint(world.at)
    a, b, c, d, e, f, g, h, i = wants
    return {
        "create": Create(a),
        "update": Update(b, have, ("it differs",)),
        "replace": Replace(c, have, "it is broken"),
        "delete": Delete(replaced(have, d.id), "gone"),
        "withdraw": Withdraw(replaced(have, e.id), "lock", (), "gone"),
        "wait": Wait(f, replaced(have, f.id)),
        "keep": Keep(g.id, g.id, "meets the need"),
        "block": Block(h.id, h.id, "No", "no", "ask"),
        "unknown": Unknown(i.id, "refused"),
    }


def an_id(name: str) -> ResourceId:
    return HUB.group.resource("Microsoft.Network/privateEndpoints", name)


def replaced(have: Seen, at: ResourceId) -> Seen:
    return Seen(at, have.body)


WRITES = ("create", "update", "replace", "delete", "withdraw")


@pytest.mark.parametrize(
    ("kind", "settled"),
    [
        *((kind, False) for kind in WRITES),
        ("wait", False),
        ("keep", True),
        ("block", True),
        ("unknown", True),
    ],
)
def test_a_plan_is_settled_once_nothing_is_written_or_awaited(world: World, kind: str, settled: bool) -> None:
    every = some_actions(world)
    assert Plan((every[kind],)).settled is settled
    assert Plan((every["keep"], every[kind], every["block"])).settled is settled


def test_the_writes_of_a_plan_are_its_changes_in_order(world: World) -> None:
    every = some_actions(world)
    assert Plan(tuple(every.values())).writes == tuple(every[kind] for kind in WRITES)
    assert Plan(tuple(every.values())).blocks == (every["block"],)


def test_only_creations_and_updates_are_held_back_while_it_is_too_early(world: World) -> None:
    every = tuple(some_actions(world).values())
    left = Plan(every).without(frozenset(action.id for action in every))
    assert left.actions == every[2:]
    assert Plan(every).without(frozenset({every[0].id})).actions == every[1:]
    assert Plan(every).without(frozenset()).actions == every


# Objects that depend on each other


def test_an_endpoint_that_exists_is_kept_though_it_cannot_be_named() -> None:
    world = World(wanted(create_zones=False))
    world.objects[world.zone] = None
    assert isinstance(world.action(world.at), Keep)


def recorded(wanted: Desired) -> Desired:
    """The same, where the ledger had the endpoint before: only then may it be replaced."""
    path = wanted.paths[0]
    return replace(wanted, paths=(replace(path, endpoint=replace(path.endpoint, recorded_before=True)),))


def test_what_is_deleted_with_a_replaced_endpoint_is_created_again(world: World) -> None:
    world.wanted = recorded(world.wanted)
    world.objects[world.at] = bodies.endpoint(world.at, status="Disconnected")
    replacing, group = world.action(world.at), world.action(world.group)
    assert isinstance(replacing, Replace)
    assert replacing.along == world.groups
    assert isinstance(group, Create)


def test_what_is_blocked_stays_blocked_though_its_parent_is_replaced(world: World) -> None:
    world.wanted = recorded(world.wanted)
    world.objects[world.at] = bodies.endpoint(world.at, status="Disconnected")
    elsewhere = bodies.ZONE.group.resource(bodies.ZONE.type, "privatelink.example.com")
    world.groups = (bodies.zone_group(world.at.child(zone_group.COLLECTION, "default"), zone=elsewhere),)
    assert isinstance(world.action(world.at), Replace)
    blocked = world.action(world.group)
    assert isinstance(blocked, Block)
    assert blocked.code == "ZoneGroupOfSomeoneElse"


def test_an_endpoint_of_another_group_does_not_keep_this_ones_record(world: World) -> None:
    """Both write into one zone where a service has one zone for several groups."""
    beside = bodies.endpoint(an_id("by-hand"), group="file", managed=False)
    group = bodies.zone_group(beside.id.child(zone_group.COLLECTION, "g"), "10.9.9.9", zone=world.zone)
    world.objects[beside.id], world.foreign_groups = beside, {beside.id: (group,)}
    assert isinstance(world.action(world.group), Keep)


def test_another_endpoint_of_the_group_in_another_zone_does_not_keep_this_record(
    world: World,
) -> None:
    beside = bodies.endpoint(an_id("by-hand"), managed=False)
    elsewhere = bodies.ZONE.group.resource(bodies.ZONE.type, "privatelink.example.com")
    group = bodies.zone_group(beside.id.child(zone_group.COLLECTION, "g"), "10.9.9.9", zone=elsewhere)
    world.objects[beside.id], world.foreign_groups = beside, {beside.id: (group,)}
    assert isinstance(world.action(world.group), Keep)


def test_an_endpoint_without_a_connection_keeps_no_record(world: World) -> None:
    found = bodies.endpoint(an_id("by-hand"), managed=False)
    beside = Seen(
        found.id, {**found.body, "properties": {**found.properties, "privateLinkServiceConnections": []}}
    )
    group = bodies.zone_group(beside.id.child(zone_group.COLLECTION, "g"), "10.9.9.9", zone=world.zone)
    world.objects[beside.id], world.foreign_groups = beside, {beside.id: (group,)}
    assert isinstance(world.action(world.group), Keep)


def test_a_block_of_one_object_alone_does_not_stop_the_others() -> None:
    world = World(wanted(create_zones=False))
    world.objects[world.zone] = None
    foreign = bodies.zone_link(world.link, managed=False, network=HUB)
    world.links = (foreign,)
    world.groups = ()
    verbs = {action.id: verb(action) for action in world.plan().actions}
    assert verbs[world.zone] == "Block"
    assert verbs[world.group] == "Create"


# Records that are written again


def test_only_our_own_zone_groups_that_exist_are_sent_again(world: World) -> None:
    (step,) = restoration(world.wanted, world.observed()).actions
    assert isinstance(step, Update)
    assert (step.id, step.have) == (world.group, world.groups[0])
    world.groups = ()
    assert restoration(world.wanted, world.observed()).actions == ()
    world.groups = (bodies.zone_group(world.at.child(zone_group.COLLECTION, "default"), zone=world.zone),)
    assert restoration(world.wanted, world.observed()).actions == ()


# What is removed


def test_what_exists_below_an_endpoint_is_deleted_along_with_it(world: World) -> None:
    endpoint, other_one = bodies.endpoint(world.at), bodies.endpoint(an_id("other"))
    foreign = bodies.zone_group(world.at.child(zone_group.COLLECTION, "by-hand"))
    apart = bodies.zone_group(an_id("foreign").child(zone_group.COLLECTION, "g"))
    steps = removal((endpoint, other_one), bodies.ACCOUNT, "gone", (foreign, apart)).actions
    assert [(step.id, step.along) for step in steps if isinstance(step, Delete)] == [
        (world.at, (foreign,)),
        (other_one.id, ()),
    ]


def test_endpoints_are_deleted_after_their_addresses_left_the_rules(world: World) -> None:
    leaving = withdrawal([(a_rule("10.0.1.4"), ["10.0.1.4"])], bodies.ACCOUNT, "gone")
    steps = removal((bodies.endpoint(world.at), a_rule("10.0.1.4")), bodies.ACCOUNT, "gone", leaving=leaving)
    assert [type(step) for step in steps.actions] == [Withdraw, Delete]
    assert [step.after for step in steps.actions if isinstance(step, Delete)] == [(leaving[0].id,)]


def test_a_rule_that_lost_our_mark_is_kept_and_reported() -> None:
    foreign = a_rule("10.0.1.4", description="mine now")
    (step,) = removal((foreign,), bodies.ACCOUNT, "gone").actions
    assert isinstance(step, Keep)
    assert "mark" in step.reason
