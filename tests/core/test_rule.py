"""A security rule that many endpoints share: what is ours in it, what one target adds and takes out."""

from ipaddress import ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.base.bodies import Seen
from shared.core.base.errors import BlockedError
from shared.core.base.ids import ResourceId
from shared.core.kinds.rule import Rule, rule_id, without
from shared.core.rules import nsg
from shared.core.rules.nsg import MAX_ADDRESSES, MAX_RULES
from tests.core.bodies import NETWORK_GROUP

GROUP = ResourceId.parse(f"{NETWORK_GROUP}/providers/Microsoft.Network/networkSecurityGroups/endpoints")
OURS = rule_id(GROUP, "spoke-a|443", "Allow")


def want(**fields: Any) -> Rule:
    """What one endpoint at 10.0.1.4 needs for clients in 10.1.0.0/16."""
    chosen: dict[str, Any] = {
        "id": OURS,
        "nsg": GROUP,
        "sources": ("10.1.0.0/16",),
        "destinations": ("10.0.1.4",),
        "ports": ("443",),
        **fields,
    }
    return Rule(**chosen)


def standing(*destinations: str, at: ResourceId = OURS, **properties: Any) -> Seen:
    """Our rule as ARM answers it, with some destinations."""
    body = {
        "provisioningState": "Succeeded",
        "description": "Managed by Causeway. Whatever.",
        "protocol": "Tcp",
        "access": "Allow",
        "direction": "Inbound",
        "priority": 1007,
        "sourcePortRange": "*",
        "sourcePortRanges": [],
        "sourceAddressPrefixes": ["10.1.0.0/16"],
        "destinationAddressPrefixes": list(destinations) or ["10.0.1.4"],
        "destinationPortRanges": ["443"],
        **properties,
    }
    return Seen(at, {"id": at.text, "name": at.name, "properties": body})


def other(name: str, priority: int, **properties: Any) -> Seen:
    return standing(at=GROUP.child("securityRules", name), priority=priority, **properties)


def sent(rule: Rule, have: Seen | None = None, beside: tuple[Seen, ...] = ()) -> Any:
    return rule.body(have, beside)["properties"]


def test_one_set_of_clients_and_ports_has_one_rule_in_a_group() -> None:
    assert OURS.name.startswith("causeway-allow-")
    assert rule_id(GROUP, "SPOKE-A|443", "Allow") == OURS
    assert rule_id(GROUP, "spoke-a|1433", "Allow") != OURS
    assert rule_id(GROUP, "spoke-a|443", "Deny").name.startswith("causeway-deny-")


def test_writes_to_one_group_are_made_one_after_another() -> None:
    assert want().locks == (GROUP.key,)
    assert want().needs == (GROUP,)


def test_ours_bears_our_name_and_our_description() -> None:
    assert want().is_ours(standing())
    assert not want().is_ours(standing(description="made by hand"))
    assert not want().is_ours(other("causeway-allow-00000000", 1000))


def test_a_rule_that_holds_this_targets_address_among_others_meets_the_need() -> None:
    assert want().drift(standing("10.0.1.4/30", "10.0.9.9")) == ()
    assert want(destinations=("10.0.1.4", "10.0.1.5")).drift(standing("10.0.1.4/31")) == ()


def test_a_destination_split_over_two_entries_is_covered() -> None:
    assert want(destinations=("10.0.1.4/31",)).drift(standing("10.0.1.4", "10.0.1.5")) == ()


def test_sources_in_another_spelling_are_the_same() -> None:
    halves = ["10.1.128.0/17", "10.1.0.0/17"]
    assert want().drift(standing(sourceAddressPrefixes=halves)) == ()


@pytest.mark.parametrize(
    ("changed", "drift"),
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
def test_what_was_changed_in_our_rule_is_named(changed: dict[str, Any], drift: str) -> None:
    assert want().drift(standing(**changed)) == (drift,)


def test_a_new_rule_is_for_these_clients_ports_and_addresses_and_nobody_else() -> None:
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
    assert rule.is_ours(Seen(rule.id, rule.body(None)))


@pytest.mark.parametrize("access", ["Allow", "Deny"])
def test_a_rule_as_it_was_written_does_not_differ(access: Any) -> None:
    rule = want(access=access, sources=("*",) if access == "Deny" else ("10.1.0.0/16", "10.2.0.0/16"))
    assert rule.drift(Seen(rule.id, rule.body(None))) == ()


def test_a_default_deny_is_for_every_protocol_and_takes_the_last_place() -> None:
    rule = want(access="Deny", sources=("*",), ports=("*",), destinations=("10.0.1.0/24",))
    deny = sent(rule, beside=(other("someones", 1999),))
    assert deny["protocol"] == "*"
    assert deny["priority"] == 1998
    assert deny["sourceAddressPrefix"] == deny["destinationPortRange"] == "*"
    assert not {"sourceAddressPrefixes", "destinationPortRanges"} & set(deny)


def test_a_further_target_adds_its_address_and_keeps_those_of_others() -> None:
    body = sent(want(destinations=("10.0.1.5",)), standing("10.0.1.4", "10.0.9.9"))
    assert body["destinationAddressPrefixes"] == ["10.0.1.4/31", "10.0.9.9"]
    assert body["priority"] == 1007


def test_a_repair_takes_back_what_was_widened_and_keeps_unknown_properties() -> None:
    widened = standing(sourceAddressPrefix="*", destinationAddressPrefix="*", novel=1)
    body = sent(want(), widened)
    assert "sourceAddressPrefix" not in body
    assert "destinationAddressPrefix" not in body
    assert body["destinationAddressPrefixes"] == ["10.0.1.4"]
    assert body["novel"] == 1


def test_a_new_rule_takes_the_first_priority_that_no_inbound_rule_has() -> None:
    beside = (other("a", 1000), other("b", 1001), other("c", 1002, direction="Outbound"))
    assert sent(want(), beside=beside)["priority"] == 1002


def test_a_full_band_is_blocked_with_what_to_widen() -> None:
    with pytest.raises(BlockedError) as blocked:
        want(priorities=(1000, 1001)).body(None, (other("a", 1000), other("b", 1001)))
    assert blocked.value.code == "NoFreePriority"
    assert "nsg.priorities" in blocked.value.remedy
    assert GROUP.name in str(blocked.value)


def test_a_full_group_takes_no_new_rule_but_ours_can_still_change() -> None:
    beside = tuple(other(f"r{n}", 100 + n, direction="Outbound") for n in range(MAX_RULES))
    with pytest.raises(BlockedError) as blocked:
        want().body(None, beside)
    assert blocked.value.code == "TooManyRules"
    assert sent(want(), standing(), beside)["priority"] == 1007
    assert sent(want(), beside=beside[1:])["priority"] == 1000


def test_more_addresses_than_azure_takes_are_blocked_and_exactly_as_many_are_not() -> None:
    apart = tuple(f"10.{n // 128}.{n % 128 * 2}.1" for n in range(MAX_ADDRESSES + 1))
    with pytest.raises(BlockedError) as blocked:
        want(destinations=apart).body(None)
    assert blocked.value.code == "TooManyAddresses"
    assert str(MAX_ADDRESSES + 1) in str(blocked.value)
    assert len(sent(want(destinations=apart[1:]))["destinationAddressPrefixes"]) == MAX_ADDRESSES


def test_a_target_that_goes_takes_its_addresses_out_and_leaves_those_of_others() -> None:
    left = without(standing("10.0.1.4/31", "10.0.9.9"), ["10.0.1.5"])
    assert left is not None
    assert left["properties"]["destinationAddressPrefixes"] == ["10.0.1.4", "10.0.9.9"]
    assert left["properties"]["priority"] == 1007


def test_a_rule_that_nobody_needs_any_more_can_go() -> None:
    assert without(standing("10.0.1.4"), ["10.0.1.4"]) is None
    assert without(standing("10.0.1.4"), ["10.0.1.0/24"]) is None


def test_an_address_that_is_not_there_takes_nothing_out() -> None:
    left = without(standing("10.0.1.4"), ["10.0.1.5", "fd00::1"])
    assert left is not None
    assert left["properties"]["destinationAddressPrefixes"] == ["10.0.1.4"]


endpoints = st.sets(st.integers(0, 63).map(lambda n: f"10.0.1.{n}"), min_size=1)


def held(body: Any) -> set[str]:
    listed = body["properties"]["destinationAddressPrefixes"]
    return {str(ip) for text in listed for ip in ip_network(text)}


@given(endpoints, endpoints)
def test_adding_and_taking_out_leaves_exactly_the_others(theirs: set[str], mine: set[str]) -> None:
    both = want(destinations=tuple(mine)).body(standing(*theirs))
    assert held(both) == theirs | mine
    left = without(Seen(OURS, both), mine)
    assert (held(left) if left else set()) == theirs - mine


@given(endpoints, endpoints)
def test_a_written_rule_meets_the_need_of_every_target_in_it(first: set[str], second: set[str]) -> None:
    one, two = want(destinations=tuple(first)), want(destinations=tuple(second))
    written = Seen(OURS, two.body(Seen(OURS, one.body(None))))
    assert one.drift(written) == two.drift(written) == ()
    assert nsg.Rule.parse(written.body).allows
