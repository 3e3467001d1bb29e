"""Where the policy only reports on rules: the effect of the group counts, and not who wrote its rules."""

from typing import Any

import pytest

from shared.core.base.bodies import Seen
from shared.core.kinds.required_rule import RequiredRule
from shared.core.kinds.rule import Rule
from shared.core.plan.actions import Block, Keep, Unknown, verb
from shared.core.plan.decide import decide
from shared.core.readings.observed import Observed
from tests.builders.bodies import HUB, SPOKE
from tests.builders.networks import GROUP, group, other, vnet, want
from tests.builders.pictures import picture

ALLOW = want(RequiredRule)
DENY = want(RequiredRule, access="Deny", sources=("*",), ports=("*",))
EVERYBODY = {"sourceAddressPrefixes": [], "sourceAddressPrefix": "*"}
EVERYTHING = {**EVERYBODY, "protocol": "*", "destinationPortRanges": [], "destinationPortRange": "*"}
DENY_ALL = other("deny-all", 4000, access="Deny", description="", **EVERYTHING)
NETWORKS = {HUB: vnet(HUB, "10.0.0.0/16"), SPOKE: vnet(SPOKE, "10.1.0.0/16")}


def narrowed(**properties: Any) -> Seen:
    return Seen(DENY_ALL.id, {**DENY_ALL.body, "properties": {**DENY_ALL.properties, **properties}})


def decided(rule: Rule, *rules: Seen) -> str:
    """The action's name, or the code of the block."""
    action = decide(rule, picture({**NETWORKS, GROUP: group(*rules)}))
    if isinstance(action, Block):
        assert action.remedy
        assert action.id == rule.id
        return action.code
    assert isinstance(action, Keep)
    assert action.found == GROUP
    return verb(action)


def test_the_default_rules_let_peered_clients_through() -> None:
    assert decided(ALLOW) == "Adopt"


def test_a_foreign_rule_of_any_name_meets_the_need() -> None:
    assert decided(ALLOW, other("mine", 300, description="mine"), DENY_ALL) == "Adopt"


def test_a_deny_rule_before_every_priority_of_a_managed_rule_is_named() -> None:
    shut = other("shut", 200, access="Deny", description="", **EVERYBODY)
    assert decided(ALLOW, shut) == "DeniedByRule"


def test_a_deny_rule_that_a_managed_rule_could_precede_means_a_missing_rule() -> None:
    assert decided(ALLOW, DENY_ALL) == "NotEnsured"


def test_a_foreign_deny_rule_meets_the_need_of_the_default_deny() -> None:
    assert decided(DENY, DENY_ALL) == "Adopt"


@pytest.mark.parametrize(
    "rules",
    [
        (),
        (narrowed(protocol="Tcp"),),
        (narrowed(sourceAddressPrefix="10.0.0.0/8"),),
        (narrowed(destinationPortRange="443"),),
        (narrowed(destinationAddressPrefixes=["10.0.1.5"]),),
        (narrowed(direction="Outbound"),),
        (narrowed(access="Allow"),),
    ],
    ids=["none", "one protocol", "some sources", "one port", "other addresses", "outbound", "an allow"],
)
def test_a_deny_rule_for_a_part_of_the_traffic_does_not_meet_the_need(rules: tuple[Seen, ...]) -> None:
    assert decided(DENY, *rules) == "NotEnsured"


def test_a_group_that_was_not_read_does_not_count_as_one_without_rules() -> None:
    assert isinstance(decide(ALLOW, Observed()), Unknown)


def test_a_required_rule_is_neither_written_nor_recorded() -> None:
    assert not ALLOW.write
    assert not ALLOW.recorded
