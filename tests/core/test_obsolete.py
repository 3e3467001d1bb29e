"""What was made for a target and is not desired any more, and which addresses leave what it shares."""

from dataclasses import replace

import pytest

from shared.core.base.bodies import Seen
from shared.core.base.ids import ResourceId
from shared.core.kinds import zone_group
from shared.core.kinds.rule import Rule, rule_id
from shared.core.plan.desired import Desired
from shared.core.plan.obsolete import Obsolete, Recorded, blocking_rules, obsolete
from shared.core.readings.observed import Observed
from tests.builders import bodies
from tests.builders.bodies import SUBNET
from tests.builders.networks import GROUP, OUR_RULE, group, our_rule, want
from tests.builders.pictures import picture
from tests.builders.policies import a_policy
from tests.builders.requests import wanted

DESIRED = wanted()
AT = DESIRED.paths[0].endpoint.id
BELOW = AT.child(zone_group.COLLECTION, zone_group.NAME)
OLD = AT.group.resource(AT.type, "pe-old")
BELOW_OLD = OLD.child(zone_group.COLLECTION, zone_group.NAME)
OLD_RULE = rule_id(GROUP, "spoke-old|443", "Allow")
STRAY = rule_id(GROUP, "spoke-b|443", "Allow")
SECOND_GROUP = GROUP.group.resource(GROUP.type, "second")


class Scene:
    """The endpoint at 10.0.1.4 exists, and its rule is desired; a test changes one thing."""

    def __init__(self, *rules: Seen, mode: str = "ensure") -> None:
        self.desired: Desired = replace(DESIRED, rules=(want(),))
        self.mode = mode
        self.endpoint: Seen | None = bodies.endpoint(AT)
        self.groups = [group(*rules, subnets=[{"id": SUBNET.text}])]

    def observed(self) -> Observed:
        objects: dict[ResourceId, Seen | None] = {one.id: one for one in self.groups}
        objects |= {AT: self.endpoint, bodies.nic_id(AT): bodies.nic(AT, "10.0.1.4")}
        return picture(objects)

    def obsolete(self, *recorded: ResourceId, addresses: tuple[str, ...] = ()) -> Obsolete:
        profile = a_policy(nsg={"mode": self.mode}).profiles["default"]
        return obsolete(self.desired, self.observed(), Recorded(recorded, addresses), profile)


def test_what_is_desired_is_not_obsolete() -> None:
    assert Scene().obsolete(AT, BELOW, OUR_RULE) == Obsolete((), ("10.0.1.4",), (OUR_RULE,))


def test_an_endpoint_that_is_not_desired_any_more_is_obsolete_with_its_zone_group() -> None:
    assert Scene().obsolete(AT, OLD, BELOW_OLD).removed == (OLD, BELOW_OLD)


def test_a_zone_group_of_any_name_stays_with_its_endpoint() -> None:
    assert Scene().obsolete(AT.child(zone_group.COLLECTION, "default")).removed == ()


@pytest.mark.parametrize("mode", ["ensure", "require", "ignore"])
def test_objects_of_the_target_alone_are_obsolete_whatever_the_profile_says_of_rules(mode: str) -> None:
    assert Scene(mode=mode).obsolete(AT, OLD).removed == (OLD,)


def test_a_rule_that_is_not_desired_any_more_is_obsolete_where_rules_are_ensured() -> None:
    found = Scene().obsolete(OUR_RULE, OLD_RULE)
    assert (found.removed, found.kept) == ((OLD_RULE,), (OUR_RULE,))


@pytest.mark.parametrize("mode", ["require", "ignore"])
def test_rules_are_kept_where_causeway_may_not_write_them(mode: str) -> None:
    found = Scene(mode=mode).obsolete(OUR_RULE, OLD_RULE)
    assert (found.removed, found.kept) == ((), (OUR_RULE, OLD_RULE))


def test_rules_are_kept_while_it_is_not_known_which_ones_are_desired() -> None:
    scene = Scene()
    scene.desired = replace(scene.desired, rules=(), addressed=False)
    found = scene.obsolete(OLD, OUR_RULE)
    assert (found.removed, found.kept) == ((OLD,), (OUR_RULE,))


def test_an_address_of_no_present_endpoint_is_stale() -> None:
    found = Scene().obsolete(OUR_RULE, addresses=("10.0.1.4", "10.0.1.7"))
    assert (found.addresses, found.stale) == (("10.0.1.4",), ("10.0.1.7",))


def test_every_address_is_stale_while_the_endpoint_is_missing() -> None:
    scene = Scene()
    scene.endpoint = None
    found = scene.obsolete(OUR_RULE, addresses=("10.0.1.4",))
    assert (found.addresses, found.stale) == ((), ("10.0.1.4",))


def test_a_rule_of_ours_for_another_target_that_holds_this_ones_address_is_left() -> None:
    stray = our_rule("10.0.1.4", at=STRAY)
    assert Scene(our_rule(), stray).obsolete(OLD, OUR_RULE, OLD_RULE).removed == (OLD, OLD_RULE, STRAY)
    assert Scene(our_rule(), our_rule("10.0.1.9", at=STRAY)).obsolete(OUR_RULE).removed == ()


def test_a_recorded_or_desired_rule_is_no_stray() -> None:
    scene = Scene(our_rule(), our_rule("10.0.1.4", at=OLD_RULE))
    assert scene.obsolete(OLD_RULE).removed == (OLD_RULE,)
    assert scene.obsolete().removed == (OLD_RULE,)
    scene.desired = replace(scene.desired, rules=(want(), want(id=OLD_RULE)))
    assert scene.obsolete().removed == ()


def test_strays_are_looked_for_once_in_each_group() -> None:
    scene = Scene(our_rule("10.0.1.4", at=STRAY))
    second = our_rule("10.0.1.4", at=rule_id(SECOND_GROUP, "spoke-b|443", "Allow"))
    scene.groups.append(group(second, at=SECOND_GROUP, subnets=[{"id": SUBNET.text}]))
    denial = want(id=rule_id(GROUP, "spoke-a", "Deny"), access="Deny")
    in_second = want(id=rule_id(SECOND_GROUP, "spoke-a|443", "Allow"), nsg=SECOND_GROUP)
    scene.desired = replace(scene.desired, rules=(want(), denial, in_second))
    assert set(scene.obsolete().removed) == {STRAY, second.id}
    assert len(scene.obsolete().removed) == 2


@pytest.mark.parametrize(
    ("removed", "shared", "records"),
    [((), False, False), ((OLD,), False, True), ((OLD_RULE,), True, False), ((OLD, OLD_RULE), True, True)],
)
def test_it_says_whether_shared_objects_and_records_are_concerned(
    removed: tuple[ResourceId, ...], shared: bool, records: bool
) -> None:
    found = Obsolete(removed)
    assert (found.shared, found.has_records) == (shared, records)


# Outdated rules in the way

OUTDATED = our_rule("10.0.1.4", at=rule_id(GROUP, "old", "Deny"), access="Deny", priority=150, protocol="*")


def blocked_by(
    *rules: Seen, removed: tuple[ResourceId, ...], desired: tuple[Rule, ...] = (want(),)
) -> object:
    scene = Scene(*rules)
    scene.desired = replace(scene.desired, rules=desired)
    return blocking_rules(scene.desired, Obsolete(removed), scene.observed())


def test_an_obsolete_denial_of_ours_ahead_of_a_desired_rule_blocks_it() -> None:
    assert blocked_by(OUTDATED, our_rule(), removed=(OUTDATED.id,)) == (OUTDATED.id,)


def test_a_denial_that_is_not_obsolete_is_not_in_the_way() -> None:
    assert blocked_by(OUTDATED, our_rule(), removed=(OLD_RULE,)) == ()


def test_an_obsolete_denial_that_shuts_no_client_out_is_not_in_the_way() -> None:
    behind = Seen(OUTDATED.id, {**OUTDATED.body, "properties": {**OUTDATED.properties, "priority": 1999}})
    assert blocked_by(our_rule(), behind, removed=(OUTDATED.id,)) == ()


def test_one_denial_that_blocks_several_rules_is_named_once() -> None:
    denial = Seen(
        OUTDATED.id,
        {**OUTDATED.body, "properties": {**OUTDATED.properties, "destinationPortRanges": ["443", "8080"]}},
    )
    second = want(id=rule_id(GROUP, "spoke-a|8080", "Allow"), ports=("8080",))
    assert blocked_by(denial, removed=(denial.id,), desired=(want(), second)) == (denial.id,)
