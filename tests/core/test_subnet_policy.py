"""A subnet that somebody else made: two properties may change, and nothing else does."""

from typing import Any

import pytest

from shared.core.base.bodies import Seen
from shared.core.base.ids import ResourceId
from shared.core.kinds.subnet_policy import SubnetPolicy, enforced, group_of
from tests.core.bodies import HUB, NETWORK_GROUP, SUBNET

GROUP = ResourceId.parse(f"{NETWORK_GROUP}/providers/Microsoft.Network/networkSecurityGroups/endpoints")
THEIRS = ResourceId.parse(GROUP.text.replace("/endpoints", "/theirs"))


def subnet(policies: str | None = "Disabled", group: ResourceId | None = None, **properties: Any) -> Seen:
    """A subnet with an endpoint, a route table and a property that this code has never heard of."""
    body = {
        "addressPrefix": "10.0.1.0/24",
        "routeTable": {"id": "some table"},
        "privateEndpoints": [{"id": "some endpoint"}],
        "novel": {"deep": [1, 2]},
        **({"privateEndpointNetworkPolicies": policies} if policies else {}),
        **({"networkSecurityGroup": {"id": group.text}} if group else {}),
        **properties,
    }
    return Seen(SUBNET, {"id": SUBNET.text, "name": SUBNET.name, "etag": "W/1", "properties": body})


@pytest.mark.parametrize(
    "policies", ["Enabled", "NetworkSecurityGroupEnabled", "networksecuritygroupenabled"]
)
def test_policies_that_let_rules_apply_meet_the_need(policies: str) -> None:
    assert enforced(subnet(policies))
    assert SubnetPolicy(SUBNET).drift(subnet(policies)) == ()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Disabled", "NetworkSecurityGroupEnabled"),
        ("RouteTableEnabled", "Enabled"),
        (None, "NetworkSecurityGroupEnabled"),
    ],
)
def test_policies_are_turned_on_for_rules_and_stay_as_they_are_for_routes(
    before: str | None, after: str
) -> None:
    want = SubnetPolicy(SUBNET)
    assert want.drift(subnet(before)) == ("security rules do not apply to endpoints in it",)
    assert want.body(subnet(before))["properties"]["privateEndpointNetworkPolicies"] == after


def test_nothing_but_the_policies_changes_in_the_body() -> None:
    have = subnet()
    sent = SubnetPolicy(SUBNET).body(have)
    changed = {**have.properties, "privateEndpointNetworkPolicies": "NetworkSecurityGroupEnabled"}
    assert sent == {**have.body, "properties": changed}


def test_a_body_that_meets_the_need_is_sent_back_as_it_was() -> None:
    have = subnet("Enabled", THEIRS)
    assert SubnetPolicy(SUBNET, GROUP).body(have) == have.body


def test_a_written_body_meets_the_need() -> None:
    want = SubnetPolicy(SUBNET, GROUP)
    assert want.drift(Seen(SUBNET, want.body(subnet()))) == ()


def test_a_group_is_attached_where_there_is_none_and_it_was_asked_for() -> None:
    want = SubnetPolicy(SUBNET, GROUP)
    assert want.drift(subnet("Enabled")) == ("it has no network security group",)
    assert want.body(subnet("Enabled"))["properties"]["networkSecurityGroup"] == {"id": GROUP.text}
    assert want.needs == (GROUP,)


def test_no_group_is_attached_that_nobody_asked_for() -> None:
    want = SubnetPolicy(SUBNET)
    assert want.drift(subnet("Enabled")) == ()
    assert "networkSecurityGroup" not in want.body(subnet())["properties"]
    assert want.needs == ()


def test_someone_elses_group_is_never_taken_off() -> None:
    want = SubnetPolicy(SUBNET, GROUP)
    assert want.drift(subnet("Enabled", THEIRS)) == ()
    sent = Seen(SUBNET, want.body(subnet("Disabled", THEIRS)))
    assert group_of(sent) == THEIRS


def test_the_operators_policy_says_whether_the_subnet_may_be_written() -> None:
    assert SubnetPolicy(SUBNET).is_ours(subnet())
    assert not SubnetPolicy(SUBNET, write=False).is_ours(subnet())


def test_writes_in_one_network_are_made_one_after_another() -> None:
    assert SubnetPolicy(SUBNET).locks == (HUB.key,)


@pytest.mark.parametrize("policies", ["Disabled", "RouteTableEnabled", None])
def test_where_rules_need_not_apply_only_the_group_is_attached(policies: str | None) -> None:
    want, have = SubnetPolicy(SUBNET, GROUP, enforce=False), subnet(policies)
    assert want.drift(have) == ("it has no network security group",)
    assert want.body(have)["properties"] == {**have.properties, "networkSecurityGroup": {"id": GROUP.text}}
    assert want.drift(Seen(SUBNET, want.body(have))) == ()
