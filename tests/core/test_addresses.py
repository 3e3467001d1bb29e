"""Sets of addresses as rules name them: prefixes of both IP versions, merged, and words."""

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_address, ip_network
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.core.rules.addresses import ASG, AddressSet, collapse, ip_version, is_prefix, normalized
from shared.core.rules.nsg import parsed_rule
from shared.core.rules.traffic import LAST_PORT, TrafficRange, traffic_range
from tests.builders.networks import our_rule

type Network = IPv4Network | IPv6Network

HUNDREDS = tuple(f"10.{n // 256}.{n % 256}.4" for n in range(0, 1000, 2))


def span(prefix: str) -> TrafficRange:
    return traffic_range(prefix)


@pytest.mark.parametrize(
    ("asked", "covered", "overlapped"),
    [
        ("10.0.1.4", True, True),
        ("10.0.1.0/24", True, True),
        ("10.0.1.0/25", True, True),
        ("10.0.0.0/23", True, True),
        ("10.0.0.0/22", False, True),
        ("10.0.2.0", False, False),
        ("9.255.255.255", False, False),
        ("fd00::1", True, True),
        ("fd00::2", False, False),
        ("::/0", False, True),
        ("0.0.0.0/0", False, True),
    ],
)
def test_what_a_set_covers_and_overlaps(asked: str, covered: bool, overlapped: bool) -> None:
    addresses = AddressSet(("10.0.1.0/24", "10.0.0.0/24", "fd00::1"))
    assert addresses.covers(asked) is covered
    assert addresses.overlaps(asked) is overlapped


def test_adjacent_and_nested_prefixes_merge_and_a_gap_of_one_address_does_not() -> None:
    adjacent = AddressSet(("10.0.1.4", "10.0.1.5", "10.0.1.6", "10.0.1.4/31"))
    assert [(one.first & 0xFF, one.last & 0xFF) for one in adjacent.ranges()] == [(4, 6)]
    assert adjacent.covers("10.0.1.4/31")
    gap = AddressSet(("10.0.1.4", "10.0.1.6"))
    assert gap.ranges() == (span("10.0.1.4"), span("10.0.1.6"))
    assert not gap.covers("10.0.1.4/31")
    assert not gap.overlaps("10.0.1.5")


def test_the_two_ip_versions_are_kept_apart_though_their_numbers_are_equal() -> None:
    v4, v6 = AddressSet(("0.0.0.1",)), AddressSet(("::1",))
    assert v4.covers("0.0.0.1")
    assert not v4.overlaps("::1")
    assert v6.covers("::1")
    assert not v6.overlaps("0.0.0.1")
    assert AddressSet(("0.0.0.1", "::2")).ranges() == (span("0.0.0.1"), span("::2"))


def test_words_are_kept_as_they_are_and_cover_nothing() -> None:
    texts = ("*", "10.0.1.4", "Internet", ASG, "Storage.WestEurope")
    addresses = AddressSet(texts)
    assert addresses.texts == texts
    assert addresses.words == ("*", "Internet", ASG, "Storage.WestEurope")
    assert addresses.ranges() == (span("10.0.1.4"),)
    assert not addresses.overlaps("10.0.1.5")


def test_an_empty_set_covers_nothing() -> None:
    assert AddressSet(()).ranges() == ()
    assert not AddressSet(()).covers("10.0.1.4")
    assert not AddressSet(()).overlaps("0.0.0.0/0")


def test_two_sets_are_equal_if_their_texts_are_whatever_was_asked_of_them() -> None:
    one, other = AddressSet(("10.0.1.4",)), AddressSet(("10.0.1.4",))
    one.ranges()
    assert one == other
    assert hash(one) == hash(other)
    assert one != AddressSet(("10.0.1.5",))


def test_what_meets_a_range_is_only_what_overlaps_it() -> None:
    addresses = AddressSet(HUNDREDS)
    assert addresses.meeting(span("10.0.0.0/30")) == ()
    assert addresses.meeting(span("10.0.0.0/22")) == (span("10.0.0.4"), span("10.0.2.4"))
    assert len(addresses.meeting(span("0.0.0.0/0"))) == len(HUNDREDS)


def test_a_range_of_ports_does_not_matter_for_the_addresses() -> None:
    asked = TrafficRange(4, int(ip_address("10.0.1.4")), int(ip_address("10.0.1.4")), 443, 443)
    (part,) = AddressSet(("10.0.1.0/24",)).meeting(asked)
    assert (part.low, part.high) == (0, LAST_PORT)


def test_a_rule_for_an_application_security_group_has_a_word_for_it() -> None:
    asg = {"destinationApplicationSecurityGroups": [{"id": "web"}], "destinationAddressPrefixes": []}
    assert parsed_rule(our_rule(**asg)).destinations == AddressSet((ASG,))


@pytest.mark.parametrize(
    ("text", "version"),
    [("10.0.1.4", 4), ("10.0.1.4/24", 4), ("fd00::1", 6), ("*", None), ("Internet", None), ("", None)],
)
def test_a_prefix_is_what_has_an_ip_version(text: str, version: int | None) -> None:
    assert is_prefix(text) == (version is not None)
    if version:
        assert ip_version(text) == version


def test_two_spellings_of_the_same_addresses_are_the_same() -> None:
    assert normalized(("10.1.128.0/17", "10.1.0.0/17")) == normalized(("10.1.0.0/16",))
    assert normalized(("VirtualNetwork", "10.0.0.1")) == normalized(("10.0.0.1/32", "virtualnetwork"))
    assert normalized(("10.1.0.0/16",)) != normalized(("10.1.0.0/17",))


def test_neighbours_collapse_and_single_addresses_have_no_length() -> None:
    assert collapse(["10.0.0.5", "10.0.0.4", "10.0.0.7/32", "fd00::1"]) == (
        "10.0.0.4/31",
        "10.0.0.7",
        "fd00::1",
    )


# Against the standard library's networks, one by one


def prefix(version: int, base: int, bits: int) -> st.SearchStrategy[str]:
    """A prefix with host bits, as people write them, in the last `bits` bits of the space above `base`."""
    total = 32 if version == 4 else 128
    address = IPv4Network if version == 4 else IPv6Network
    return st.builds(
        lambda host, length: f"{address(base + host)[0]}/{length}",
        st.integers(0, 2**bits - 1),
        st.integers(total - bits, total),
    )


# Close together, so that they touch and overlap; and all over the space, with its ends.
prefixes = st.one_of(
    prefix(4, 0x0A000000, 5),
    prefix(6, 0xFD00 << 112, 5),
    prefix(4, 0, 32),
    prefix(6, 0, 128),
    st.sampled_from(["0.0.0.0/0", "::/0", "0.0.0.0", "255.255.255.255", "::", "ffff::"]),
)
texts = st.lists(st.one_of(prefixes, st.sampled_from(["*", "Internet", ASG])), max_size=12)


def networks(some: Iterable[str]) -> list[Network]:
    return [ip_network(text, strict=False) for text in some if text not in ("*", "Internet", ASG)]


def merged(some: Iterable[str]) -> list[Network]:
    """The fewest networks for these prefixes, those of each version by themselves."""
    listed = networks(some)
    return [
        *collapse_addresses(one for one in listed if isinstance(one, IPv4Network)),
        *collapse_addresses(one for one in listed if isinstance(one, IPv6Network)),
    ]


@settings(max_examples=400)
@given(texts, prefixes)
def test_covering_and_overlapping_are_what_the_networks_say(some: list[str], asked: str) -> None:
    addresses, network = AddressSet(tuple(some)), ip_network(asked, strict=False)
    same: Sequence[Any] = [one for one in merged(some) if one.version == network.version]
    assert addresses.covers(asked) == any(network.subnet_of(one) for one in same)
    assert addresses.overlaps(asked) == any(network.overlaps(one) for one in same)


@settings(max_examples=400)
@given(texts)
def test_ranges_hold_exactly_the_networks_addresses_and_neither_touch_nor_overlap(some: list[str]) -> None:
    found, expected = AddressSet(tuple(some)).ranges(), merged(some)
    for network in expected:
        first, last = int(network[0]), int(network[-1])
        inside = [one.first <= first and last <= one.last for one in found if one.version == network.version]
        assert inside.count(True) == 1
    assert sum(one.last - one.first + 1 for one in found) == sum(one.num_addresses for one in expected)
    for one, following in pairwise(found):
        assert one.version < following.version or one.last + 1 < following.first


@given(texts)
def test_words_are_exactly_what_is_no_prefix(some: list[str]) -> None:
    assert AddressSet(tuple(some)).words == tuple(text for text in some if text in ("*", "Internet", ASG))


small = prefix(4, 0x0A010000, 16)


@given(st.lists(small, max_size=20))
def test_collapsing_changes_no_address_and_collapses_no_further(addresses: list[str]) -> None:
    def every(some: Any) -> set[int]:
        return {int(one) for text in some for one in (ip_network(text)[0], ip_network(text)[-1])}

    given_ones = [str(ip_network(text, strict=False)) for text in addresses]
    once = collapse(given_ones)
    assert collapse(once) == once
    assert sum(ip_network(one).num_addresses for one in once) <= sum(
        ip_network(one).num_addresses for one in given_ones
    )
    for end in every(given_ones):
        assert any(int(ip_network(one)[0]) <= end <= int(ip_network(one)[-1]) for one in once)
    for end in every(once):
        assert any(int(ip_network(one)[0]) <= end <= int(ip_network(one)[-1]) for one in given_ones)
