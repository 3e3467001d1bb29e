"""Which answers to a write do not keep what was sent, and which differences mean nothing."""

from typing import Any

import pytest

from shared.core.base.bodies import Seen
from shared.core.kinds.subnet_policy import SubnetPolicy
from shared.core.plan.not_kept import not_kept, other_values
from shared.core.readings.observed import Observed
from tests.builders.bodies import SUBNET
from tests.builders.networks import GROUP, PEERING, half, our_rule, subnet, want

POLICY = SubnetPolicy(SUBNET, GROUP)


def answered(have: Seen, **properties: Any) -> str:
    """What is said of an answer with these properties to the write of a subnet."""
    sent = POLICY.body(have, Observed())
    answer = {**sent, "properties": {**sent["properties"], **properties}}
    left = {name: value for name, value in answer["properties"].items() if value is not None}
    found = not_kept(POLICY, sent, have, Seen(SUBNET, {**answer, "properties": left}), Observed())
    return str(found or "")


def test_an_answer_with_what_was_sent_is_kept() -> None:
    assert answered(subnet()) == ""
    assert answered(subnet(), privateEndpointNetworkPolicies="networksecuritygroupenabled") == ""


@pytest.mark.parametrize(
    ("properties", "said"),
    [
        (
            {"privateEndpointNetworkPolicies": "Disabled"},
            "properties.privateEndpointNetworkPolicies is Disabled, sent NetworkSecurityGroupEnabled",
        ),
        ({"networkSecurityGroup": None}, f"properties.networkSecurityGroup.id is not set, sent {GROUP.text}"),
    ],
)
def test_a_member_that_is_changed_or_dropped_is_named(properties: dict[str, Any], said: str) -> None:
    assert said in answered(subnet(), **properties)


def test_what_the_write_did_not_change_is_not_compared() -> None:
    assert answered(subnet(), novel={"deep": []}, routeTable=None) == ""


def test_a_need_that_is_met_by_another_value_is_met() -> None:
    assert answered(subnet(), privateEndpointNetworkPolicies="Enabled") == ""


def test_what_still_differs_though_every_member_was_kept_is_written_again() -> None:
    have = half(peeringSyncLevel="LocalNotInSync")
    sent = PEERING.body(have, Observed())
    assert PEERING.drift(have, Observed())
    assert not_kept(PEERING, sent, have, have, Observed()) is None


def test_an_answer_while_the_operation_runs_says_nothing_yet() -> None:
    have = subnet()
    busy = Seen(SUBNET, {"properties": {"provisioningState": "Updating"}})
    assert not_kept(POLICY, POLICY.body(have, Observed()), have, busy, Observed()) is None


def test_a_rule_whose_clients_are_replaced_is_named() -> None:
    rule = want()
    sent = rule.body(None, Observed())
    answer = our_rule(sourceAddressPrefixes=["10.9.0.0/16"])
    assert "properties.sourceAddressPrefixes is ['10.9.0.0/16']" in str(
        not_kept(rule, sent, None, answer, Observed())
    )


@pytest.mark.parametrize(
    ("sent", "answer", "said"),
    [
        ({"tags": {"a": "1"}}, {"tags": {"a": "2"}}, "tags.a is 2, sent 1"),
        ({"tags": {"a": "1"}}, {"tags": {}}, "tags.a is not set, sent 1"),
        ({"tags": {"a": "1"}}, {"tags": {"a": "1", "b": "2"}}, ""),
        (
            {"properties": {"flag": False}},
            {"properties": {"flag": True}},
            "properties.flag is True, sent False",
        ),
        ({"properties": {"flag": False}}, {"properties": {}}, ""),
        ({"properties": {"id": "/A/b"}}, {"properties": {"id": "/a/B"}}, ""),
        ({"properties": {"list": ["a", "b"]}}, {"properties": {"list": ["b", "c"]}}, ""),
    ],
)
def test_values_that_hinder_nothing_are_named_where_they_are_plain(
    sent: dict[str, Any], answer: dict[str, Any], said: str
) -> None:
    assert other_values(sent, None, Seen(SUBNET, answer)) == said


def test_no_more_than_five_members_are_named() -> None:
    sent = {"tags": {f"t{n}": "1" for n in range(8)}}
    assert other_values(sent, None, Seen(SUBNET, {})).endswith("3 more")
