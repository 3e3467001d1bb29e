"""A security rule that many endpoints share: what is managed in it, what one target adds and withdraws."""

from ipaddress import ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.base.bodies import Seen
from shared.core.base.errors import BlockedError
from shared.core.base.ids import ResourceId
from shared.core.kinds.rule import Rule, rule_id
from shared.core.kinds.rule_effect import in_force
from shared.core.readings.observed import Observed
from shared.core.readings.reading import Absent, Present, Unread
from shared.core.rules.nsg import MAX_ADDRESSES, MAX_RULES, parsed_rule
from tests.builders import bodies
from tests.builders.bodies import SPOKE, SUBNET
from tests.builders.networks import GROUP, OUR_RULE, group, other, our_rule, want
from tests.builders.pictures import picture


def drift(rule: Rule, have: Seen) -> tuple[str, ...]:
    return rule.drift(have, Observed())


def beside(*rules: Seen) -> Observed:
    """A group with these rules."""
    return picture({GROUP: group(*rules)})


def sent(rule: Rule, have: Seen | None = None, observed: Observed | None = None) -> Any:
    """The properties of the body that is written over `have`."""
    return rule.body(have, observed or Observed())["properties"]


def written(rule: Rule, have: Seen | None = None) -> Seen:
    """The rule as Azure has it after that write."""
    return Seen(rule.id, rule.body(have, Observed()))


def test_one_set_of_clients_and_ports_has_one_rule_in_a_group() -> None:
    assert OUR_RULE.name.startswith("causeway-allow-")
    assert rule_id(GROUP, "SPOKE-A|443", "Allow") == OUR_RULE
    assert rule_id(GROUP, "spoke-a|1433", "Allow") != OUR_RULE
    assert rule_id(GROUP, "spoke-a|443", "Deny").name.startswith("causeway-deny-")


def test_writes_to_one_group_are_made_one_after_another() -> None:
    assert want().locks == (GROUP.key,)
    assert want().needs == (GROUP,)


def test_a_managed_rule_has_our_name_and_our_description() -> None:
    assert want().is_managed(our_rule())
    assert not want().is_managed(our_rule(description="made by hand"))
    assert not want().is_managed(other("causeway-allow-00000000", 1000))


def test_a_rule_that_includes_this_targets_address_among_others_meets_the_need() -> None:
    assert drift(want(), our_rule("10.0.1.4/30", "10.0.9.9")) == ()
    assert drift(want(destinations=("10.0.1.4", "10.0.1.5")), our_rule("10.0.1.4/31")) == ()


def test_a_destination_split_over_two_entries_is_covered() -> None:
    assert drift(want(destinations=("10.0.1.4/31",)), our_rule("10.0.1.4", "10.0.1.5")) == ()


def test_sources_in_another_spelling_are_the_same() -> None:
    halves = ["10.1.128.0/17", "10.1.0.0/17"]
    assert drift(want(), our_rule(sourceAddressPrefixes=halves)) == ()


@pytest.mark.parametrize(
    ("changed", "phrase"),
    [
        ({"provisioningState": "Failed"}, "provisioning failed"),
        ({"access": "Deny"}, "it does not allow"),
        ({"protocol": "*"}, "it is not for inbound Tcp"),
        ({"direction": "Outbound"}, "it is not for inbound Tcp"),
        ({"sourceAddressPrefixes": ["10.1.0.0/17"]}, "its sources are not the clients' prefixes"),
        ({"sourceAddressPrefixes": ["10.0.0.0/8"]}, "its sources are not the clients' prefixes"),
        ({"sourceAddressPrefix": "*"}, "its sources are not the clients' prefixes"),
        ({"destinationPortRanges": ["443", "22"]}, "its ports are not 443"),
        ({"sourcePortRange": "5000"}, "it is not for every source port"),
        ({"destinationAddressPrefixes": ["10.0.1.5"]}, "addresses are missing from its destinations"),
        ({"destinationAddressPrefix": "*"}, "its destinations are not addresses alone"),
    ],
)
def test_what_was_changed_in_a_managed_rule_is_named(changed: dict[str, Any], phrase: str) -> None:
    assert drift(want(), our_rule(**changed)) == (phrase,)


def test_a_new_rule_is_for_exactly_these_clients_ports_and_addresses() -> None:
    assert sent(want(ports=("443", "1433-65535"))) == {
        "description": "Managed by Causeway. Lets clients reach private endpoints. "
        "Its destinations follow the endpoints.",
        "direction": "Inbound",
        "access": "Allow",
        "protocol": "Tcp",
        "priority": 1000,
        "sourcePortRange": "*",
        "destinationPortRanges": ["443", "1433-65535"],
        "sourceAddressPrefixes": ["10.1.0.0/16"],
        "destinationAddressPrefixes": ["10.0.1.4"],
    }


@pytest.mark.parametrize("access", ["Allow", "Deny"])
def test_the_description_fits_and_is_recognised(access: Any) -> None:
    rule = want(id=rule_id(GROUP, "k", access), access=access)
    assert len(sent(rule)["description"]) <= 140
    assert rule.is_managed(written(rule))


@pytest.mark.parametrize("access", ["Allow", "Deny"])
def test_a_rule_as_it_was_written_does_not_differ(access: Any) -> None:
    rule = want(access=access, sources=("*",) if access == "Deny" else ("10.1.0.0/16", "10.2.0.0/16"))
    assert drift(rule, written(rule)) == ()


def test_a_default_deny_is_for_every_protocol_and_takes_the_last_place() -> None:
    rule = want(access="Deny", sources=("*",), ports=("*",), destinations=("10.0.1.0/24",))
    deny = sent(rule, observed=beside(other("foreign", 1999)))
    assert deny["protocol"] == "*"
    assert deny["priority"] == 1998
    assert deny["sourceAddressPrefix"] == deny["destinationPortRange"] == "*"
    assert not {"sourceAddressPrefixes", "destinationPortRanges"} & set(deny)


def test_a_further_target_adds_its_address_and_keeps_those_of_others() -> None:
    body = sent(want(destinations=("10.0.1.5",)), our_rule("10.0.1.4", "10.0.9.9"))
    assert body["destinationAddressPrefixes"] == ["10.0.1.4/31", "10.0.9.9"]
    assert body["priority"] == 1007


def test_a_repair_reverts_what_was_widened_and_keeps_unknown_properties() -> None:
    widened = our_rule(sourceAddressPrefix="*", destinationAddressPrefix="*", novel=1)
    body = sent(want(), widened)
    assert "sourceAddressPrefix" not in body
    assert "destinationAddressPrefix" not in body
    assert body["destinationAddressPrefixes"] == ["10.0.1.4"]
    assert body["novel"] == 1


def test_a_new_rule_takes_the_first_priority_that_no_inbound_rule_has() -> None:
    taken = beside(other("a", 1000), other("b", 1001), other("c", 1002, direction="Outbound"))
    assert sent(want(), observed=taken)["priority"] == 1002


def test_a_full_range_of_priorities_is_blocked_with_what_to_widen() -> None:
    rule, taken = want(priorities=(1000, 1001)), beside(other("a", 1000), other("b", 1001))
    with pytest.raises(BlockedError) as blocked:
        rule.body(None, taken)
    assert blocked.value.code == "NoFreePriority"
    assert "nsg.priorities" in blocked.value.remedy
    assert GROUP.name in str(blocked.value)
    refusal = rule.refused(None, taken)
    assert refusal is not None
    assert (refusal.found, refusal.code) == (GROUP, "NoFreePriority")


def managed_deny(priority: int, *destinations: str) -> Seen:
    """A managed default deny in the same group."""
    at = rule_id(GROUP, "spoke-a", "Deny")
    everybody = {"sourceAddressPrefixes": ["0.0.0.0/0"], "destinationPortRanges": ["0-65535"]}
    return our_rule(*destinations, at=at, priority=priority, access="Deny", protocol="*", **everybody)


def test_a_new_allow_rule_never_comes_after_a_managed_deny_rule() -> None:
    assert sent(want(), observed=beside(other("a", 1000), managed_deny(1002)))["priority"] == 1001
    with pytest.raises(BlockedError) as blocked:
        want().body(None, beside(other("a", 1000), managed_deny(1001)))
    assert blocked.value.code == "NoFreePriority"
    assert "from 1000 to 1000" in str(blocked.value)


@pytest.mark.parametrize("priority", [900, 2500])
def test_a_managed_deny_rule_outside_the_range_leaves_the_whole_range(priority: int) -> None:
    assert sent(want(), observed=beside(other("a", 1000), managed_deny(priority)))["priority"] == 1001


def test_a_foreign_deny_rule_does_not_narrow_the_range() -> None:
    foreign = other("foreign", 1001, access="Deny", description="by hand")
    assert sent(want(), observed=beside(other("a", 1000), foreign))["priority"] == 1002


def test_a_full_group_takes_no_new_rule_but_a_managed_one_can_still_change() -> None:
    rules = tuple(other(f"r{n}", 100 + n, direction="Outbound") for n in range(MAX_RULES))
    full = beside(*rules)
    with pytest.raises(BlockedError) as blocked:
        want().body(None, full)
    assert blocked.value.code == "TooManyRules"
    assert sent(want(), our_rule(), full)["priority"] == 1007
    assert sent(want(), observed=beside(*rules[1:]))["priority"] == 1000


def test_more_addresses_than_azure_takes_are_blocked_and_exactly_as_many_are_not() -> None:
    apart = tuple(f"10.{n // 128}.{n % 128 * 2}.1" for n in range(MAX_ADDRESSES + 1))
    with pytest.raises(BlockedError) as blocked:
        want(destinations=apart).body(None, Observed())
    assert blocked.value.code == "TooManyAddresses"
    assert str(MAX_ADDRESSES + 1) in str(blocked.value)
    assert len(sent(want(destinations=apart[1:]))["destinationAddressPrefixes"]) == MAX_ADDRESSES


def test_a_removed_target_withdraws_its_addresses_and_leaves_those_of_others() -> None:
    left = Rule.without(our_rule("10.0.1.4/31", "10.0.9.9"), ["10.0.1.5"])
    assert left is not None
    assert left["properties"]["destinationAddressPrefixes"] == ["10.0.1.4", "10.0.9.9"]
    assert left["properties"]["priority"] == 1007


def test_withdrawing_the_last_address_leaves_no_body() -> None:
    assert Rule.without(our_rule("10.0.1.4"), ["10.0.1.4"]) is None
    assert Rule.without(our_rule("10.0.1.4"), ["10.0.1.0/24"]) is None


def test_an_address_that_the_rule_does_not_include_withdraws_nothing() -> None:
    left = Rule.without(our_rule("10.0.1.4"), ["10.0.1.5", "fd00::1"])
    assert left is not None
    assert left["properties"]["destinationAddressPrefixes"] == ["10.0.1.4"]


@pytest.mark.parametrize(
    ("address", "holds"),
    [("10.0.1.5", True), ("10.0.1.0/24", True), ("10.0.1.6", False), ("fd00::1", False)],
)
def test_a_rule_includes_an_address_that_overlaps_its_destinations(address: str, holds: bool) -> None:
    assert Rule.holds(our_rule("10.0.1.4/31"), ["10.9.9.9", address]) is holds


def test_addresses_are_withdrawn_from_a_deny_rule_before_an_allow_rule() -> None:
    assert Rule.leaves_first(managed_deny(1999))
    assert not Rule.leaves_first(our_rule())


# What was read


def test_a_rule_is_absent_only_if_its_group_was_read() -> None:
    assert want().found(beside(other("a", 1000), our_rule())) == Present(our_rule())
    assert want().found(beside(other("a", 1000))) == Absent()
    assert want().found(picture({GROUP: None})) == Absent()
    assert isinstance(want().found(Observed()), Unread)


# Managed rules for other targets

OBSOLETE = our_rule("10.0.1.4/30", at=rule_id(GROUP, "spoke-b|443", "Allow"))


def obsolete_for(
    *rules: Seen, subnets: tuple[ResourceId, ...] = (SUBNET,), known: tuple[ResourceId, ...] = ()
) -> Any:
    """The rules from which the target at 10.0.1.4 withdraws its address."""
    serves = [{"id": subnet.text} for subnet in subnets]
    observed = picture({GROUP: group(*rules, subnets=serves)})
    return want().strays(observed, ["10.0.1.4"], [OUR_RULE, *known])


def test_another_managed_rule_that_includes_this_targets_address_is_obsolete() -> None:
    assert obsolete_for(our_rule(), OBSOLETE) == (OBSOLETE.id,)


def test_a_group_with_several_subnets_of_one_network_serves_one_network() -> None:
    sibling = ResourceId.parse(SUBNET.text.replace("/endpoints", "/others"))
    assert obsolete_for(OBSOLETE, subnets=(SUBNET, sibling)) == (OBSOLETE.id,)


@pytest.mark.parametrize("subnets", [(SUBNET, SPOKE.child("subnets", "app")), ()])
def test_addresses_are_withdrawn_only_where_a_group_serves_one_network(
    subnets: tuple[ResourceId, ...],
) -> None:
    assert obsolete_for(OBSOLETE, subnets=subnets) == ()


def test_a_rule_that_is_foreign_desired_or_without_the_address_is_not_obsolete() -> None:
    assert obsolete_for(other("mine", 300)) == ()
    assert obsolete_for(OBSOLETE, known=(OBSOLETE.id,)) == ()
    assert obsolete_for(our_rule("10.0.1.5", at=OBSOLETE.id)) == ()


def test_a_group_that_was_not_read_has_no_obsolete_rules() -> None:
    assert want().strays(Observed(), ["10.0.1.4"], []) == ()


# Another owner's denial


@pytest.mark.parametrize(
    ("sources", "part"),
    [("10.1.0.0/16", ""), ("10.1.0.0/24", " for 10.1.0.0/24 port 443"), ("10.9.0.0/16", None)],
)
def test_a_denial_of_another_owner_is_named_with_the_clients_that_it_shuts_out(
    sources: str, part: str | None
) -> None:
    foreign = other("lockdown", 100, access="Deny", description="by hand", sourceAddressPrefixes=[sources])
    refusal = want().refused(None, beside(foreign))
    if part is None:
        assert refusal is None
        return
    assert refusal is not None
    assert refusal.reason == f"the rule lockdown of {GROUP.name} denies the clients' traffic{part}"


def test_a_denial_of_our_own_is_no_obstacle_to_our_rule() -> None:
    assert want().refused(None, beside(managed_deny(1999))) is None


# Application security groups


def grouped_deny() -> Seen:
    """A foreign deny rule for the members of an application security group."""
    asg = {"destinationApplicationSecurityGroups": [{"id": "web"}], "destinationAddressPrefixes": []}
    return other("deny-web", 200, access="Deny", description="by hand", **asg)


def test_a_rule_for_an_application_security_group_counts_only_where_an_endpoint_is_in_one() -> None:
    at = SUBNET.group.resource("Microsoft.Network/privateEndpoints", "pe")
    endpoint = bodies.endpoint(at)
    member = {**endpoint.properties, "applicationSecurityGroups": [{"id": "web"}]}
    rules = group(grouped_deny(), our_rule())
    assert in_force(want().traffic, picture({GROUP: rules, at: endpoint})) is None
    verdict = in_force(want().traffic, picture({GROUP: rules, at: Seen(at, {"properties": member})}))
    assert verdict is not None
    assert (verdict.allowed, verdict.by) == (None, "deny-web")


endpoints = st.sets(st.integers(0, 63).map(lambda n: f"10.0.1.{n}"), min_size=1)


def held(body: Any) -> set[str]:
    listed = body["properties"]["destinationAddressPrefixes"]
    return {str(ip) for text in listed for ip in ip_network(text)}


@given(endpoints, endpoints)
def test_adding_and_withdrawing_leaves_exactly_the_others(others: set[str], mine: set[str]) -> None:
    both = written(want(destinations=tuple(mine)), our_rule(*others))
    assert held(both.body) == others | mine
    left = Rule.without(both, mine)
    assert (held(left) if left else set()) == others - mine


@given(endpoints, endpoints)
def test_a_written_rule_meets_the_need_of_every_target_in_it(first: set[str], second: set[str]) -> None:
    one, two = want(destinations=tuple(first)), want(destinations=tuple(second))
    both = written(two, written(one))
    assert drift(one, both) == drift(two, both) == ()
    assert parsed_rule(both).allows
