"""Counting private endpoints before one more is made."""

import pytest

from shared.core.base.bodies import Seen
from shared.core.base.ids import ResourceId
from shared.core.placement.capacity import crowded, endpoints_in
from tests.core.bodies import HUB, NETWORK_GROUP, SPOKE


def vnet(*counts: int, high_scale: bool = False) -> Seen:
    """A network with so many endpoints in each of its subnets."""
    ids = f"{NETWORK_GROUP}/providers/Microsoft.Network/privateEndpoints/pe"
    subnets = [
        {"properties": {"privateEndpoints": [{"id": f"{ids}-{s}-{n}"} for n in range(count)]}}
        for s, count in enumerate(counts)
    ]
    policies = {"privateEndpointVNetPolicies": "Basic" if high_scale else "Disabled"}
    return Seen(HUB, {"id": HUB.text, "properties": {"subnets": [*subnets, {}], **policies}})


def test_endpoints_of_all_subnets_are_counted() -> None:
    assert endpoints_in(vnet(2, 3)) == 5
    assert endpoints_in(Seen(HUB, {})) == 0


def test_an_endpoint_that_is_listed_twice_in_any_case_is_one() -> None:
    at = ResourceId.parse(f"{NETWORK_GROUP}/providers/Microsoft.Network/privateEndpoints/pe").text
    subnets = [
        {"properties": {"privateEndpoints": [{"id": at}]}},
        {"properties": {"privateEndpoints": [{"id": at.upper()}]}},
    ]
    assert endpoints_in(Seen(HUB, {"properties": {"subnets": subnets}})) == 1


@pytest.mark.parametrize(("high_scale", "limit"), [(False, 1000), (True, 5000)])
def test_a_network_takes_exactly_as_many_as_azure_allows(high_scale: bool, limit: int) -> None:
    assert crowded(vnet(limit - 1, high_scale=high_scale), {}) is None
    fault = crowded(vnet(limit - 1, high_scale=high_scale), {}, new=2)
    assert fault == f"hub-we has {limit - 1} private endpoints and would get 2 more; Azure allows {limit}"


@pytest.mark.parametrize(("high_scale", "limit"), [(False, 4000), (True, 20_000)])
def test_peered_networks_count_together_up_to_the_limit_that_nobody_enforces(
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
