"""A security group that is created where a subnet has none, and never written again."""

import re

import pytest

from shared.core.base.bodies import Seen
from shared.core.base.ids import ResourceId
from shared.core.kinds.rule import Rule, rule_id
from shared.core.kinds.security_group import SecurityGroup, group_id
from shared.core.plan.actions import Create, Keep, Wait
from shared.core.plan.decide import decide
from shared.core.readings.observed import Observed
from tests.builders.bodies import HUB, SUBNET
from tests.builders.pictures import picture

GROUP = group_id(SUBNET)
WANT = SecurityGroup(GROUP, "westeurope")
THEIRS = {"name": "by-hand", "properties": {"priority": 100, "access": "Deny", "direction": "Inbound"}}


def existing(state: str = "Succeeded", location: str = "westeurope", *, managed: bool = True) -> Seen:
    """A group with a foreign rule in it."""
    body = {"id": GROUP.text, "location": location, "tags": {"managed-by": "causeway"} if managed else {}}
    return Seen(GROUP, {**body, "properties": {"provisioningState": state, "securityRules": [THEIRS]}})


def test_it_is_in_the_networks_group_under_a_name_that_people_recognise() -> None:
    assert (GROUP.group, GROUP.type) == (HUB.group, "Microsoft.Network/networkSecurityGroups")
    assert re.fullmatch(r"nsg-hub-we-endpoints-[0-9a-f]{8}", GROUP.name)


def test_the_same_subnet_in_any_spelling_has_the_same_group_and_another_one_another() -> None:
    spelled = ResourceId.parse(SUBNET.text.replace("hub-we", "HUB-WE").replace("rg-network", "RG-Network"))
    assert group_id(spelled) == GROUP
    assert group_id(spelled).name == GROUP.name
    assert group_id(HUB.child("subnets", "others")) != GROUP
    elsewhere = ResourceId.parse(SUBNET.text.replace("rg-network", "rg-other"))
    assert group_id(elsewhere).name != GROUP.name


def test_long_names_stay_within_what_azure_takes() -> None:
    network = HUB.group.resource(HUB.type, "v" * 64)
    long, other = (group_id(network.child("subnets", "s" * count)) for count in (80, 79))
    assert len(long.name) <= 80
    assert long != other


def test_a_missing_one_is_created_in_the_networks_region_with_our_tag_and_no_target_tag() -> None:
    assert isinstance(decide(WANT, picture({GROUP: None})), Create)
    body = {"location": "westeurope", "tags": {"managed-by": "causeway"}, "properties": {}}
    assert WANT.body(None, Observed()) == body


@pytest.mark.parametrize("managed", [True, False])
@pytest.mark.parametrize(("state", "location"), [("Succeeded", "northeurope"), ("Failed", "westeurope")])
def test_an_existing_one_is_never_written_whatever_it_holds(state: str, location: str, managed: bool) -> None:
    kept = decide(WANT, picture({GROUP: existing(state, location, managed=managed)}))
    assert isinstance(kept, Keep)
    assert kept.adopted is not managed


def test_one_that_is_being_written_is_awaited() -> None:
    assert isinstance(decide(WANT, picture({GROUP: existing("Updating")})), Wait)


def test_it_serves_many_targets_so_it_is_recorded_for_none() -> None:
    assert not WANT.recorded


def test_it_is_created_under_the_lease_under_which_its_rules_are_written() -> None:
    rule = Rule(rule_id(GROUP, "a", "Allow"), GROUP, ("10.1.0.0/16",), ("10.0.1.4",), ("443",))
    assert WANT.locks == rule.locks
