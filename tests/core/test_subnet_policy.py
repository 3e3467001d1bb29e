"""A subnet that someone else made: two properties may change, and nothing else does."""

from typing import Any

import pytest

from shared.core.base.bodies import Seen
from shared.core.base.ids import ResourceId
from shared.core.kinds.subnet_policy import SubnetPolicy
from shared.core.readings.networks import enforced, group_of, policies_of
from shared.core.readings.observed import Observed
from tests.builders.bodies import HUB, SUBNET
from tests.builders.networks import GROUP, subnet

FOREIGN = ResourceId.parse(GROUP.text.replace("/endpoints", "/foreign"))


def drift(want: SubnetPolicy, have: Seen) -> tuple[str, ...]:
    return want.drift(have, Observed())


def body(want: SubnetPolicy, have: Seen) -> dict[str, Any]:
    """What is written over the subnet."""
    return want.body(have, Observed())


@pytest.mark.parametrize(
    "policies", ["Enabled", "NetworkSecurityGroupEnabled", "networksecuritygroupenabled"]
)
def test_policies_that_let_rules_apply_meet_the_need(policies: str) -> None:
    assert enforced(subnet(policies))
    assert drift(SubnetPolicy(SUBNET), subnet(policies)) == ()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Disabled", "NetworkSecurityGroupEnabled"),
        ("RouteTableEnabled", "Enabled"),
        (None, "NetworkSecurityGroupEnabled"),
    ],
)
def test_policies_are_enabled_for_rules_and_stay_as_they_are_for_routes(
    before: str | None, after: str
) -> None:
    want = SubnetPolicy(SUBNET)
    assert drift(want, subnet(before)) == ("security rules do not apply to endpoints in it",)
    assert body(want, subnet(before))["properties"]["privateEndpointNetworkPolicies"] == after


def test_a_subnet_that_says_nothing_of_policies_counts_as_disabled() -> None:
    assert policies_of(subnet(None)) == "disabled"


def test_nothing_but_the_policies_changes_in_the_body() -> None:
    have = subnet()
    sent = body(SubnetPolicy(SUBNET), have)
    changed = {**have.properties, "privateEndpointNetworkPolicies": "NetworkSecurityGroupEnabled"}
    assert sent == {**have.body, "properties": changed}


def test_a_body_that_meets_the_need_is_sent_back_as_it_was() -> None:
    have = subnet("Enabled", FOREIGN)
    assert body(SubnetPolicy(SUBNET, GROUP), have) == have.body


def test_a_written_body_meets_the_need() -> None:
    want = SubnetPolicy(SUBNET, GROUP)
    assert drift(want, Seen(SUBNET, body(want, subnet()))) == ()


def test_a_desired_group_is_attached_where_there_is_none() -> None:
    want = SubnetPolicy(SUBNET, GROUP)
    assert drift(want, subnet("Enabled")) == ("it has no network security group",)
    assert body(want, subnet("Enabled"))["properties"]["networkSecurityGroup"] == {"id": GROUP.text}
    assert want.needs == (GROUP,)


def test_no_group_is_attached_unless_it_is_desired() -> None:
    want = SubnetPolicy(SUBNET)
    assert drift(want, subnet("Enabled")) == ()
    assert "networkSecurityGroup" not in body(want, subnet())["properties"]
    assert want.needs == ()


def test_an_existing_group_is_never_detached() -> None:
    want = SubnetPolicy(SUBNET, GROUP)
    assert drift(want, subnet("Enabled", FOREIGN)) == ()
    sent = Seen(SUBNET, body(want, subnet("Disabled", FOREIGN)))
    assert group_of(sent) == FOREIGN


def test_the_operators_policy_says_whether_the_subnet_may_be_written() -> None:
    assert SubnetPolicy(SUBNET).is_managed(subnet())
    assert not SubnetPolicy(SUBNET, write=False).is_managed(subnet())


def test_writes_in_one_network_are_made_one_after_another() -> None:
    assert SubnetPolicy(SUBNET).locks == (HUB.key,)


@pytest.mark.parametrize("policies", ["Disabled", "RouteTableEnabled", None])
def test_where_rules_need_not_apply_only_the_group_is_attached(policies: str | None) -> None:
    want, have = SubnetPolicy(SUBNET, GROUP, enforce=False), subnet(policies)
    assert drift(want, have) == ("it has no network security group",)
    assert body(want, have)["properties"] == {**have.properties, "networkSecurityGroup": {"id": GROUP.text}}
    assert drift(want, Seen(SUBNET, body(want, have))) == ()


def test_a_subnet_is_read_with_its_network_and_never_created() -> None:
    want = SubnetPolicy(SUBNET)
    assert [(read.at, read.collection) for read in want.reads(Observed())] == [(HUB, "")]
    refusal = want.refused(None, Observed())
    assert refusal is not None
    assert refusal.code == "SubnetNotFound"
    assert want.refused(subnet(), Observed()) is None
