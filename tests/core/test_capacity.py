"""Counting addresses and private endpoints before one more is created."""

from typing import Any

import pytest

from shared.core.base.bodies import Seen
from shared.core.base.ids import ResourceId
from shared.core.placement.capacity import addresses_needed, crowded, endpoint_count, free_addresses
from shared.core.readings.capacity import Usage, endpoints_used
from tests.builders.bodies import HUB, NETWORK_GROUP, SPOKE, SUBNET


def vnet(*counts: int, high_scale: bool = False) -> Seen:
    """A network with so many endpoints in each of its subnets."""
    ids = f"{NETWORK_GROUP}/providers/Microsoft.Network/privateEndpoints/pe"
    subnets = [
        {
            "name": f"s{s}",
            "properties": {"privateEndpoints": [{"id": f"{ids}-{s}-{n}"} for n in range(count)]},
        }
        for s, count in enumerate(counts)
    ]
    policies = {"privateEndpointVNetPolicies": "Basic" if high_scale else "Disabled"}
    return Seen(HUB, {"id": HUB.text, "properties": {"subnets": [*subnets, {}], **policies}})


def test_endpoints_of_all_subnets_are_counted() -> None:
    assert endpoint_count(vnet(2, 3)) == 5
    assert endpoint_count(Seen(HUB, {})) == 0


def test_an_endpoint_that_is_listed_twice_in_any_case_is_one() -> None:
    at = ResourceId.parse(f"{NETWORK_GROUP}/providers/Microsoft.Network/privateEndpoints/pe").text
    subnets = [
        {"name": "one", "properties": {"privateEndpoints": [{"id": at}]}},
        {"name": "two", "properties": {"privateEndpoints": [{"id": at.upper()}]}},
    ]
    assert endpoint_count(Seen(HUB, {"properties": {"subnets": subnets}})) == 1


@pytest.mark.parametrize(("high_scale", "limit"), [(False, 1000), (True, 5000)])
def test_a_network_takes_exactly_as_many_as_azure_allows(high_scale: bool, limit: int) -> None:
    assert crowded(vnet(limit - 1, high_scale=high_scale), {}) is None
    fault = crowded(vnet(limit - 1, high_scale=high_scale), {}, new=2)
    assert fault == f"hub-we has {limit - 1} private endpoints and would get 2 more; Azure allows {limit}"


@pytest.mark.parametrize(("high_scale", "limit"), [(False, 4000), (True, 20_000)])
def test_peered_networks_count_together_up_to_the_limit_that_azure_does_not_enforce(
    high_scale: bool, limit: int
) -> None:
    network = vnet(900, high_scale=high_scale)
    assert crowded(network, {SPOKE: limit - 901}) is None
    fault = crowded(network, {SPOKE: limit - 900})
    assert fault is not None
    assert f"have {limit} private endpoints" in fault
    assert f"beyond {limit}" in fault


def test_the_network_itself_is_not_counted_twice() -> None:
    assert crowded(vnet(10), {HUB: 10, SPOKE: 3989}) is None


# Addresses


def link_resource(group: str, *members: str) -> dict[str, Any]:
    return {"name": "any", "properties": {"groupId": group, "requiredMembers": list(members)}}


def test_a_group_takes_an_address_for_each_required_member_in_any_case() -> None:
    listed = [link_resource("registry", "registry", "registry_data_westeurope"), link_resource("other", "x")]
    assert addresses_needed("any", ["Registry"], listed) == {"registry": 2}


@pytest.mark.parametrize(
    ("asked", "listed", "count"),
    [("blob_secondary", "blob", 2), ("SqlDedicated", "Sql", 3), ("sites-staging", "sites", 1)],
)
def test_what_is_never_listed_counts_as_its_primary_or_one(asked: str, listed: str, count: int) -> None:
    entries = [link_resource(listed, *map(str, range(count)))]
    assert addresses_needed("any", [asked], entries) == {asked.lower(): count}


def test_a_list_that_cannot_be_read_leaves_what_the_type_takes_at_least() -> None:
    assert addresses_needed("Microsoft.ContainerRegistry/registries", ["registry"], None) == {"registry": 2}
    assert addresses_needed("Microsoft.KeyVault/vaults", ["vault"], None) == {"vault": 1}


@pytest.mark.parametrize("members", [None, [], "x"])
def test_an_entry_without_members_counts_one(members: object) -> None:
    entry = {"properties": {"groupId": "vault", "requiredMembers": members}}
    assert addresses_needed("any", ["vault"], [entry, {}, {"properties": None}]) == {"vault": 1}


@pytest.mark.parametrize(
    ("prefixes", "taken", "free"),
    [
        (["10.0.1.0/29"], 0, 3),
        (["10.0.1.0/29"], 2, 1),
        (["10.0.1.0/29"], 9, 0),
        (["10.0.1.0/29", "10.0.2.0/28"], 1, 13),
        (["10.0.1.0/29", "fd00::/64"], 0, 3),
        (["fd00::/64"], 0, 0),
    ],
)
def test_a_subnet_has_the_ipv4_addresses_left_that_azure_neither_reserves_nor_assigned(
    prefixes: list[str], taken: int, free: int
) -> None:
    properties = {"addressPrefixes": prefixes, "ipConfigurations": [{"id": str(n)} for n in range(taken)]}
    assert free_addresses(Seen(SUBNET, {"properties": properties})) == free


# Subscriptions


def test_the_count_is_found_by_name_in_any_case_and_unknown_without_numbers() -> None:
    other = {"name": {"value": "VirtualNetworks"}, "currentValue": 1, "limit": 1000}
    entry = {"name": {"value": "privateEndpoints"}, "currentValue": 7, "limit": 65536}
    assert endpoints_used([other, entry]) == Usage(7, 65536)
    assert endpoints_used([other]) is None
    assert endpoints_used([{**entry, "limit": None}]) is None
