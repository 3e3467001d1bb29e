"""Security rules as Azure evaluates them: the first match by priority decides, part by part."""

from collections.abc import Callable, Sequence
from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.core.base.bodies import Seen
from shared.core.rules.nsg import DEFAULTS, SecurityRule, free_priority, in_order, rules_of
from shared.core.rules.verdict import Traffic, Verdict, evaluate, shut
from tests.builders.bodies import HUB
from tests.builders.networks import plural, rule

CLIENTS = "10.1.0.0/16"
ENDPOINT = "10.0.1.4"
NETWORK = ("10.0.0.0/16", CLIENTS)


def ask(
    *rules: dict[str, Any],
    source: str = CLIENTS,
    port: int | str = 443,
    question: Callable[..., Any] = evaluate,
    virtual_network: Sequence[str] = NETWORK,
    **more: Any,
) -> Any:
    """Ask about the clients' traffic to the endpoint, with the default rules behind the given ones."""
    group = Seen(HUB, {"properties": {"securityRules": list(rules)}})
    asked = {"direction": "Inbound", "virtual_network": tuple(virtual_network), **more}
    return question(rules_of(group), Traffic(sources=(source,), address=ENDPOINT, port=str(port), **asked))


def test_without_rules_the_virtual_network_passes_and_others_do_not() -> None:
    assert ask() == Verdict(True, "AllowVnetInBound", False)
    assert ask(source="10.9.0.0/16") == Verdict(False, "DenyAllInBound", False)


def test_a_client_that_is_not_in_the_virtual_networks_prefixes_is_denied_in_that_part() -> None:
    verdict = ask(source="10.0.0.0/15", virtual_network=["10.0.0.0/16"])
    assert verdict == Verdict(False, "DenyAllInBound", False, "10.1.0.0/16 port 443")


def test_the_load_balancers_probes_pass_by_default() -> None:
    assert ask(source="168.63.129.16").by == "AllowAzureLoadBalancerInBound"


def test_default_rules_are_those_of_the_body_where_it_lists_them() -> None:
    own = rule("OwnDefault", 65000, "Deny")
    group = Seen(HUB, {"properties": {"securityRules": [], "defaultSecurityRules": [own]}})
    assert [one.name for one in rules_of(group)] == ["OwnDefault"]
    assert rules_of(Seen(HUB, {})) == in_order(DEFAULTS)


def test_the_rule_with_the_lower_number_decides_wherever_it_is_listed() -> None:
    deny, allow = rule("deny", 300), rule("allow", 200, "Allow")
    assert ask(deny, allow) == ask(allow, deny) == Verdict(True, "allow", True)


def test_rules_of_the_other_direction_do_not_count() -> None:
    assert ask(rule(direction="Outbound")).allowed
    assert ask(rule(direction="Outbound"), direction="Outbound").allowed is False


def test_outbound_has_its_own_default_rules() -> None:
    assert ask(direction="Outbound").by == "AllowVnetOutBound"


@pytest.mark.parametrize(
    ("protocol", "allowed"), [("Tcp", False), ("TCP", False), ("*", False), ("Udp", True)]
)
def test_a_rule_counts_for_its_protocol(protocol: str, allowed: bool) -> None:
    assert ask(rule(protocol=protocol)).allowed is allowed


@pytest.mark.parametrize(
    ("ports", "allowed"),
    [("443", False), ("400-500", False), ("*", False), ("444", True), ("0-442", True), ("80", True)],
)
def test_a_rule_counts_for_its_ports(ports: str, allowed: bool) -> None:
    assert ask(rule(destinationPortRange=ports)).allowed is allowed
    assert ask(rule(**plural(destinationPortRanges=["22", ports]))).allowed is allowed


@pytest.mark.parametrize(
    ("to", "allowed"),
    [
        ("10.0.1.4", False),
        ("10.0.1.0/24", False),
        ("VirtualNetwork", False),
        ("10.0.2.0/24", True),
        ("Internet", True),
    ],
)
def test_a_rule_counts_for_its_destinations(to: str, allowed: bool) -> None:
    assert ask(rule(destinationAddressPrefix=to)).allowed is allowed
    assert ask(rule(**plural(destinationAddressPrefixes=["10.7.0.1", to]))).allowed is allowed


@pytest.mark.parametrize("source", ["*", "Any", "0.0.0.0/0", "virtualnetwork", "10.0.0.0/8", CLIENTS])
def test_a_denied_source_that_holds_all_clients_denies_them_all(source: str) -> None:
    assert ask(rule("stop", sourceAddressPrefix=source)) == Verdict(False, "stop", True)


@pytest.mark.parametrize(
    "source", ["Internet", "AzureLoadBalancer", "10.2.0.0/16", "::/0", "Storage.WestEurope"]
)
def test_a_denied_source_without_any_client_changes_nothing(source: str) -> None:
    assert ask(rule(sourceAddressPrefix=source)).by == "AllowVnetInBound"


def test_a_rule_that_denies_some_clients_is_a_denial_and_says_for_which() -> None:
    verdict = ask(rule("stop", sourceAddressPrefix="10.1.7.0/24"))
    assert verdict == Verdict(False, "stop", True, "10.1.7.0/24 port 443")


def test_clients_that_an_earlier_rule_allows_are_not_denied_by_a_later_one() -> None:
    allow = rule("allow", 100, "Allow", sourceAddressPrefix="10.1.7.0/24")
    assert ask(allow, rule(sourceAddressPrefix="10.1.7.0/25")).by == "allow, AllowVnetInBound"


def test_two_rules_that_allow_a_half_each_allow_the_whole() -> None:
    low = rule("causeway-low", 100, "Allow", sourceAddressPrefix="10.1.0.0/17")
    high = rule("causeway-high", 101, "Allow", sourceAddressPrefix="10.1.128.0/17")
    assert ask(low, high, rule("stop", 102)) == Verdict(True, "causeway-low, causeway-high", False)
    assert ask(low, rule("stop", 102)).part == "10.1.128.0/17 port 443"


def test_a_range_of_ports_is_denied_if_one_of_them_is() -> None:
    verdict = ask(rule("stop", destinationPortRange="3389"), port="1433-65535")
    assert verdict == Verdict(False, "stop", True, "10.1.0.0/16 port 3389")


def test_an_allow_for_a_part_of_the_ports_leaves_the_rest_to_later_rules() -> None:
    allow = rule("allow", 100, "Allow", destinationPortRange="1433-1500")
    assert ask(allow, rule("stop"), port="1433-65535").part == "10.1.0.0/16 port 1501-65535"


def test_an_allow_for_some_source_ports_does_not_allow_clients() -> None:
    assert ask(rule("allow", 100, "Allow", sourcePortRange="1024"), rule("stop")).by == "stop"
    assert ask(rule("allow", 100, "Allow", sourcePortRange="0-65535"), rule("stop")).by == "allow"


def test_a_deny_for_some_source_ports_is_a_denial_and_says_for_which() -> None:
    assert ask(rule("stop", sourcePortRange="5000-6000")).part.endswith("from source ports 5000-6000")


def grouped(access: str, priority: int = 200) -> dict[str, Any]:
    groups = [{"id": "some group"}]
    return rule("asg", priority, access, sourceAddressPrefix=None, sourceApplicationSecurityGroups=groups)


def test_a_rule_with_application_security_groups_leaves_the_verdict_undecided() -> None:
    assert ask(grouped("Deny")) == Verdict(None, "asg", True)
    assert ask(grouped("Allow"), rule("stop", 300)) == Verdict(None, "asg", True)


def test_an_undecidable_rule_does_not_matter_where_the_verdict_is_the_same_without_it() -> None:
    assert ask(grouped("Allow")).allowed is True
    assert ask(grouped("Deny"), rule("stop", 300)).allowed is False
    assert ask(rule("allow", 100, "Allow"), grouped("Deny")).by == "allow"


def test_an_undecidable_rule_for_other_ports_does_not_matter() -> None:
    other = grouped("Deny")
    other["properties"]["destinationPortRange"] = "22"
    assert ask(other).allowed is True


def test_a_destination_by_application_security_group_leaves_the_verdict_undecided() -> None:
    groups = [{"id": "some group"}]
    to_group = rule("asg", destinationAddressPrefix=None, destinationApplicationSecurityGroups=groups)
    assert ask(to_group).allowed is None


def test_a_service_tag_leaves_the_verdict_undecided_for_public_clients_only() -> None:
    tag = rule("tag", sourceAddressPrefix="AzureCloud")
    assert ask(tag, source="20.1.0.0/24", virtual_network=["20.1.0.0/16", *NETWORK]).allowed is None
    assert ask(tag).allowed is True


def test_the_tag_internet_is_what_is_neither_private_nor_in_the_network() -> None:
    deny = rule("stop", sourceAddressPrefix="Internet")
    assert ask(deny, source="20.1.0.0/24").by == "stop"
    assert ask(deny, source="10.9.0.0/16").by == "DenyAllInBound"
    assert ask(deny, source="20.1.0.0/24", virtual_network=["20.1.0.0/16", *NETWORK]).allowed is True


def test_traffic_from_no_source_is_undecided() -> None:
    assert evaluate(DEFAULTS, Traffic("Inbound", (), ENDPOINT, "443", NETWORK)).allowed is None


def test_without_any_rule_at_all_nothing_passes() -> None:
    assert evaluate((), Traffic("Inbound", (CLIENTS,), ENDPOINT, "443", NETWORK)).allowed is False


def test_two_rules_that_deny_a_half_each_shut_the_whole() -> None:
    low = rule("low", 200, sourceAddressPrefix="10.1.0.0/17")
    high = rule("high", 300, sourceAddressPrefix="10.1.128.0/17")
    assert ask(low, high, question=shut)
    assert not ask(low, question=shut)


def test_traffic_that_an_undecidable_rule_may_allow_is_not_shut() -> None:
    assert not ask(grouped("Allow"), rule(priority=300), question=shut)
    assert ask(grouped("Deny"), rule(priority=300), question=shut)
    assert not ask(grouped("Deny"), question=shut)


@pytest.mark.parametrize(
    ("ports", "closed"), [("1024-65535", True), ("0-1023", False), ("49152-65535", False)]
)
def test_a_deny_shuts_out_only_clients_that_it_leaves_no_source_port(ports: str, closed: bool) -> None:
    assert ask(rule(sourcePortRange=ports), question=shut) is closed


def test_one_open_port_of_a_range_is_not_shut() -> None:
    some = rule("some", 200, "Allow", destinationPortRange="1433")
    assert not ask(some, rule("rest", 300), port="1433-65535", question=shut)


def test_a_free_priority_is_the_bands_first_or_last_that_the_direction_leaves() -> None:
    rules = [SecurityRule.parse(rule(priority=n)) for n in (1000, 1001, 1004)]
    rules.append(SecurityRule.parse(rule(priority=1002, direction="Outbound")))
    assert free_priority(rules, (1000, 1004), "Inbound") == 1002
    assert free_priority(rules, (1000, 1004), "Inbound", last=True) == 1003
    assert free_priority(rules, (1000, 1001), "Inbound") is None


prefixes = st.builds(
    lambda host, length: str(ip_network((0x0A010000 + host, length), strict=False)),
    st.integers(0, 0xFFFF),
    st.integers(16, 32),
)
ports = st.sampled_from(["*", "443", "80", "400-450", "444-500"])


@st.composite
def written(draw: st.DrawFn, priority: int) -> dict[str, Any]:
    return rule(
        f"rule-{priority}",
        priority,
        draw(st.sampled_from(["Allow", "Deny"])),
        **plural(sourceAddressPrefixes=draw(st.lists(prefixes, min_size=1, max_size=3))),
        destinationPortRange=draw(ports),
        protocol=draw(st.sampled_from(["Tcp", "Udp", "*"])),
    )


groups_of_rules = st.integers(0, 5).flatmap(lambda n: st.tuples(*(written(200 + i) for i in range(n))))


def packet(rules: tuple[dict[str, Any], ...], address: str, port: int) -> bool:
    """One packet from the clients' network, evaluated as simply as possible: first match by priority."""
    for one in sorted(rules, key=lambda body: body["properties"]["priority"]):
        said = one["properties"]
        low, _, high = said["destinationPortRange"].replace("*", "0-65535").partition("-")
        inside = any(ip_address(address) in ip_network(prefix) for prefix in said["sourceAddressPrefixes"])
        if inside and said["protocol"] in ("Tcp", "*") and int(low) <= port <= int(high or low):
            return bool(said["access"] == "Allow")
    return True


@settings(max_examples=300)
@given(groups_of_rules, prefixes, st.sampled_from([443, 80, 444]))
def test_a_single_address_gets_the_verdict_of_a_packet_by_packet_evaluation(
    rules: tuple[dict[str, Any], ...], prefix: str, port: int
) -> None:
    address = prefix.partition("/")[0]
    assert ask(*rules, source=address, port=port).allowed is packet(rules, address, port)


@settings(max_examples=300)
@given(groups_of_rules, prefixes)
def test_a_network_passes_only_if_each_of_its_parts_does(
    rules: tuple[dict[str, Any], ...], prefix: str
) -> None:
    network = ip_network(prefix)
    halves = list(network.subnets()) if network.prefixlen < 32 else [network]
    each = [ask(*rules, source=str(half)).allowed for half in halves]
    assert ask(*rules, source=prefix).allowed is all(each)


@settings(max_examples=300)
@given(groups_of_rules, prefixes)
def test_a_network_is_shut_only_if_each_of_its_parts_is(
    rules: tuple[dict[str, Any], ...], prefix: str
) -> None:
    network = ip_network(prefix)
    halves = list(network.subnets()) if network.prefixlen < 32 else [network]
    each = [ask(*rules, question=shut, source=str(half)) for half in halves]
    assert ask(*rules, question=shut, source=prefix) is all(each)


@settings(max_examples=300)
@given(groups_of_rules, prefixes, st.sampled_from([443, 80, 444]))
def test_a_single_address_is_shut_if_and_only_if_it_is_denied(
    rules: tuple[dict[str, Any], ...], prefix: str, port: int
) -> None:
    address = prefix.partition("/")[0]
    assert ask(*rules, question=shut, source=address, port=port) is not packet(rules, address, port)


@settings(max_examples=300)
@given(groups_of_rules, written(4000), prefixes)
def test_a_rule_behind_all_that_decide_never_changes_the_verdict(
    rules: tuple[dict[str, Any], ...], later: dict[str, Any], prefix: str
) -> None:
    before = ask(*rules, rule("end", 3999, "Allow"), source=prefix)
    assert ask(*rules, rule("end", 3999, "Allow"), later, source=prefix) == before
