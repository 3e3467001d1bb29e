"""Which networks are peered with which, with and without a hub."""

import pytest

from shared.core.base.bodies import Seen
from shared.core.base.ids import ResourceId
from shared.core.plan.desired_peerings import hub_of
from shared.core.policy.networks import Networks
from shared.core.readings.observed import Observed
from tests.builders.bodies import HUB, SPOKE
from tests.builders.networks import half, vnet
from tests.builders.pictures import picture
from tests.builders.requests import wanted


def network(name: str) -> ResourceId:
    return ResourceId.parse(HUB.text.replace("hub-we", name))


CORE, NORTH, OTHER = network("core"), network("core-ne"), network("spoke-c")


def located(at: ResourceId, location: str, *halves: Seen) -> Seen:
    known = vnet(at, "10.9.0.0/16", halves=halves)
    return Seen(at, {**known.body, "location": location})


def pairs(observed: Observed | None, networks: Networks, **peering: object) -> set[tuple[str, str]]:
    found = wanted(observed, networks=networks, peering={"mode": "ensure", **peering}).peerings
    return {(one.local.name, one.remote.name) for one in found}


def both(*names: tuple[str, str]) -> set[tuple[str, str]]:
    return {pair for one, other in names for pair in ((one, other), (other, one))}


def test_without_a_hub_each_client_is_peered_with_the_endpoint_s_network() -> None:
    found = pairs(None, Networks((SPOKE, OTHER, HUB)))
    assert found == both(("hub-we", "spoke-a"), ("hub-we", "spoke-c"))


def test_with_a_hub_all_are_peered_with_it_and_none_with_each_other() -> None:
    found = pairs(None, Networks((SPOKE, OTHER), hubs=(CORE,)))
    assert found == both(("core", "spoke-a"), ("core", "spoke-c"), ("core", "hub-we"))


def test_endpoints_in_the_hub_itself_need_no_other_peering() -> None:
    found = pairs(None, Networks((SPOKE,), hubs=(HUB, CORE)))
    assert found == both(("hub-we", "spoke-a"))


def test_of_several_hubs_the_one_that_is_peered_already_is_taken() -> None:
    peered = half(HUB.child("virtualNetworkPeerings", "by-hand"), NORTH)
    observed = picture({HUB: located(HUB, "westeurope", peered), CORE: located(CORE, "westeurope")})
    assert hub_of(HUB, (CORE, NORTH), observed) == NORTH


def test_of_several_hubs_none_of_which_is_peered_the_one_of_the_region_is_taken() -> None:
    hubs = {CORE: located(CORE, "West Europe"), NORTH: located(NORTH, "North Europe")}
    assert hub_of(HUB, (CORE, NORTH), picture({HUB: located(HUB, "northeurope"), **hubs})) == NORTH
    assert hub_of(HUB, (CORE, NORTH), picture({HUB: located(HUB, "uksouth"), **hubs})) == CORE


@pytest.mark.parametrize("hubs", [(), (CORE,)])
def test_flags_are_of_the_side_that_they_are_asked_for(hubs: tuple[ResourceId, ...]) -> None:
    asked = {"hub": ["gateway_transit"], "spoke": ["remote_gateways", "forwarded_traffic"]}
    found = wanted(networks=Networks((SPOKE,), hubs=hubs), peering={"mode": "ensure", **asked}).peerings
    hub = CORE if hubs else HUB
    flags = {one.local: one.asked for one in found}
    assert flags[hub] == ("gateway_transit",)
    assert flags[SPOKE] == ("remote_gateways", "forwarded_traffic")
    later = {one.local: one.needs for one in found}
    assert later[hub] == ()
    assert later[SPOKE] == (next(one.id for one in found if one.local == hub and one.remote == SPOKE),)
