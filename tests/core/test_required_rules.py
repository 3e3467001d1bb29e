"""Where the policy only looks at rules: what counts is what the group does, whoever wrote its rules."""

from typing import Any

import pytest

from shared.core.base.bodies import Seen
from shared.core.plan.actions import Block, Keep, verb
from shared.core.plan.decide import decide
from shared.core.readings.observed import Observed, Surroundings
from tests.core import test_rule
from tests.core.bodies import HUB, SPOKE
from tests.core.test_peering import vnet
from tests.core.test_rule import GROUP, other

ALLOW = test_rule.want(write=False)
DENY = test_rule.want(write=False, access="Deny", sources=("*",), ports=("*",))
EVERYBODY = {"sourceAddressPrefixes": [], "sourceAddressPrefix": "*"}
EVERYTHING = {**EVERYBODY, "protocol": "*", "destinationPortRanges": [], "destinationPortRange": "*"}
DENY_ALL = other("deny-all", 4000, access="Deny", description="", **EVERYTHING)


AROUND = Surroundings({HUB: vnet(HUB, "10.0.0.0/16"), SPOKE: vnet(SPOKE, "10.1.0.0/16")})


def narrowed(**properties: Any) -> Seen:
    return Seen(DENY_ALL.id, {**DENY_ALL.body, "properties": {**DENY_ALL.properties, **properties}})


def said(want: Any, *rules: Seen) -> str:
    group = Seen(GROUP, {"id": GROUP.text, "properties": {"securityRules": [rule.body for rule in rules]}})
    action = decide(want, Observed({GROUP: group}, {(GROUP, "securityRules"): rules}, around=AROUND))
    if isinstance(action, Block):
        assert action.remedy
        assert action.id == want.id
        return action.code
    assert isinstance(action, Keep)
    return verb(action)


def test_the_rules_that_every_group_has_let_peered_clients_through() -> None:
    assert said(ALLOW) == "Adopt"


def test_a_person_s_rule_of_any_name_will_do() -> None:
    assert said(ALLOW, other("mine", 300, description="mine"), DENY_ALL) == "Adopt"


def test_a_denial_before_every_place_of_ours_is_named() -> None:
    shut = other("shut", 200, access="Deny", description="", **EVERYBODY)
    assert said(ALLOW, shut) == "DeniedByRule"


def test_a_denial_that_a_rule_of_ours_would_come_before_is_what_is_missing() -> None:
    assert said(ALLOW, DENY_ALL) == "NotEnsured"


def test_a_person_s_denial_stands_for_the_default_deny() -> None:
    assert said(DENY, DENY_ALL) == "Adopt"


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
def test_half_a_denial_is_none(rules: tuple[Seen, ...]) -> None:
    assert said(DENY, *rules) == "NotEnsured"
