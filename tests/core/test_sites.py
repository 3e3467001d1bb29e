"""The subnet for new endpoints: the first subnet with capacity, by addresses, networks and subscriptions."""

from dataclasses import replace
from typing import Any

import pytest

from shared.core.base.bodies import Seen
from shared.core.base.ids import ResourceId
from shared.core.base.refusal import Refusal
from shared.core.base.target import Target
from shared.core.catalogue.catalogue import load
from shared.core.kinds.endpoint import endpoint_id
from shared.core.placement.candidates import candidates, own_ids
from shared.core.placement.capacity import PLENTY
from shared.core.placement.site import Candidates, Site
from shared.core.placement.sites import Doubt, Members, Used, doubt, sites
from shared.core.placement.surroundings import surroundings
from shared.core.policy.intent import Connect, Declined, intent
from shared.core.readings.capacity import Capacity, Usage
from shared.core.readings.observed import Observed
from shared.core.readings.reading import Read, Unread
from tests.builders import bodies
from tests.builders.pictures import picture
from tests.builders.policies import a_policy

SECOND = bodies.HUB.child("subnets", "second")
PEER = bodies.HUB.group.resource(bodies.HUB.type, "peer")


class Case:
    """A target that asks for these groups, one hub with these subnets, and what is known about capacity."""

    def __init__(
        self,
        *subnets: dict[str, Any],
        groups: str = "blob",
        capacity: Capacity | None = None,
        peer: Seen | None = None,
        hub: dict[str, Any] | None = None,
        connected: str | None = None,
        status: str = "",
        foreign: Seen | None = None,
        **policy: Any,
    ) -> None:
        rules = a_policy(subnets={"westeurope": [subnet_id(s["name"]).text for s in subnets]}, **policy)
        properties: dict[str, Any] = {
            "privateEndpoint": {"id": connected},
            "privateLinkServiceConnectionState": {"status": status},
        }
        connections = [{"properties": properties}] if connected else []
        body = bodies.account({"private-connectivity-groups": groups}, connections=connections)
        self.target = Target.parse(body)
        connect = intent(self.target, {}, rules, load())
        assert isinstance(connect, Connect)
        found = candidates(self.target, connect.profile)
        assert isinstance(found, Candidates)
        properties = {"subnets": list(subnets), **(hub or {})}
        network = Seen(bodies.HUB, {"location": "westeurope", "properties": properties})
        known = {one.id: one for one in (network, peer, foreign) if one}
        self.observed = replace(picture(known), capacity=capacity or Capacity())
        self.chosen = sites(self.target, connect, found, rules.limits, self.observed)

    @property
    def refusal(self) -> Refusal:
        assert isinstance(self.chosen, Refusal)
        return self.chosen

    @property
    def sites(self) -> dict[str, Site]:
        assert not isinstance(self.chosen, Declined | Refusal)
        return dict(self.chosen)

    @property
    def homes(self) -> set[str]:
        return {site.subnet.name for site in self.sites.values()}

    @property
    def doubt(self) -> Doubt | None:
        return doubt(self.chosen, self.observed)


def subnet_id(name: str) -> ResourceId:
    return bodies.HUB.child("subnets", name)


def subnet(
    name: str = "endpoints", *, prefix: str = "10.0.1.0/24", taken: int = 0, holds: tuple[str, ...] = ()
) -> dict[str, Any]:
    """A subnet with so many addresses in use, and these endpoints."""
    return {
        "name": name,
        "properties": {
            "addressPrefix": prefix,
            "ipConfigurations": [{"id": str(n)} for n in range(taken)],
            "privateEndpoints": [{"id": one} for one in holds],
        },
    }


def managed_endpoint(group: str, subnet: str) -> str:
    return endpoint_id(bodies.HUB.group, bodies.ACCOUNT, group, subnet_id(subnet)).text


def network_of(at: ResourceId, count: int) -> Seen:
    """A network that holds so many endpoints of others."""
    prefix = f"{bodies.NETWORK_GROUP}/providers/Microsoft.Network/privateEndpoints/{at.name}"
    held = [{"id": f"{prefix}-{n}"} for n in range(count)]
    return Seen(at, {"properties": {"subnets": [{"name": "s", "properties": {"privateEndpoints": held}}]}})


def peering_to(at: ResourceId) -> dict[str, Any]:
    half = bodies.HUB.child("virtualNetworkPeerings", "p")
    return {"id": half.text, "name": "p", "properties": {"remoteVirtualNetwork": {"id": at.text}}}


# Addresses


def test_addresses_of_all_new_groups_must_fit_and_the_numbers_are_named() -> None:
    capacity = Capacity({"blob": 2, "queue": 2})
    small = subnet(prefix="10.0.1.0/29")
    assert Case(small, groups="blob", capacity=capacity).homes == {"endpoints"}
    refusal = Case(small, groups="blob,queue", capacity=capacity).refusal
    assert refusal.code == "SubnetFull"
    assert "has 3 free addresses, 4 are needed (blob 2, queue 2)" in refusal.reason


def test_the_next_candidate_is_chosen_when_the_first_is_too_small() -> None:
    capacity = Capacity({"blob": 4})
    assert Case(subnet(prefix="10.0.1.0/29"), subnet("second"), capacity=capacity).homes == {"second"}


def test_an_existing_managed_endpoint_needs_no_new_address() -> None:
    full = subnet(prefix="10.0.1.0/29", taken=3, holds=(managed_endpoint("blob", "endpoints"),))
    case = Case(full, capacity=Capacity({"blob": 3}))
    assert not case.sites["blob"].new
    assert case.doubt is None


def test_an_endpoint_that_only_the_target_lists_yet_exists() -> None:
    case = Case(subnet(prefix="10.0.1.0/29", taken=3), connected=managed_endpoint("blob", "endpoints"))
    assert not case.sites["blob"].new


def test_a_managed_endpoint_keeps_its_subnet_when_an_earlier_one_has_capacity_again() -> None:
    case = Case(subnet(), subnet("second", holds=(managed_endpoint("blob", "second"),)))
    assert case.homes == {"second"}
    assert case.doubt is None


def test_all_endpoints_move_together_where_the_existing_ones_subnet_cannot_take_the_other() -> None:
    held = subnet("second", prefix="10.0.2.0/29", taken=3, holds=(managed_endpoint("blob", "second"),))
    assert Case(subnet(), held, groups="blob,queue").homes == {"endpoints"}


# Doubt


def test_nothing_is_read_about_addresses_where_many_are_free() -> None:
    assert Case(subnet()).doubt == Used(bodies.SUB, "westeurope")


@pytest.mark.parametrize(("left", "asked"), [(PLENTY - 1, True), (PLENTY, False)])
def test_the_target_s_members_are_read_exactly_where_few_addresses_are_free(left: int, asked: bool) -> None:
    found = Case(subnet(taken=251 - left)).doubt
    assert (found == Members(bodies.HUB)) == asked


def test_each_new_group_counts_towards_the_free_addresses() -> None:
    assert Case(subnet(taken=251 - PLENTY), groups="blob,queue").doubt == Members(bodies.HUB)


def test_a_full_subnet_is_in_doubt_until_the_members_are_known() -> None:
    full = subnet(prefix="10.0.1.0/29", taken=3)
    assert Case(full).doubt == Members()
    assert Case(full, capacity=Capacity({"blob": 1})).doubt is None


def test_a_count_that_is_not_known_is_read_once() -> None:
    assert Case(subnet(), capacity=Capacity(used={(bodies.SUB, "westeurope"): None})).doubt is None


# Subscriptions


def test_the_subscription_s_limit_blocks_with_its_numbers() -> None:
    def with_count(count: int) -> Case:
        return Case(
            subnet(),
            groups="blob,queue",
            capacity=Capacity(used={(bodies.SUB, "westeurope"): Usage(count, 65536)}),
        )

    assert with_count(65534).homes == {"endpoints"}
    refusal = with_count(65535).refusal
    assert refusal.code == "SubscriptionFull"
    assert (
        "has 65535 private endpoints in westeurope and would get 2 more; Azure allows 65536" in refusal.reason
    )


# Networks


def test_a_network_near_its_limit_takes_one_new_endpoint_and_not_two() -> None:
    holds = tuple(network_id for network_id in endpoint_ids(999))
    limits = {"max_endpoints_per_subnet": 5000}
    wide = {"prefix": "10.0.0.0/16"}
    assert Case(subnet(holds=holds, **wide), limits=limits).homes == {"endpoints"}
    refusal = Case(subnet(holds=holds, **wide), groups="blob,queue", limits=limits).refusal
    assert (refusal.code, refusal.found) == ("NetworkCrowded", bodies.HUB)
    high = {"privateEndpointVNetPolicies": "Basic"}
    assert Case(subnet(holds=holds, **wide), groups="blob,queue", limits=limits, hub=high).homes


@pytest.mark.parametrize(("groups", "fits"), [("blob", True), ("blob,queue", False)])
def test_endpoints_over_peered_networks_count_together(groups: str, fits: bool) -> None:
    hub = {"virtualNetworkPeerings": [peering_to(PEER)]}
    case = Case(subnet(), groups=groups, hub=hub, peer=network_of(PEER, 3999))
    assert isinstance(case.chosen, Refusal) != fits
    if not fits:
        assert "have 3999 private endpoints and would get 2 more; connections degrade" in case.refusal.reason


def test_a_network_that_is_not_peered_does_not_count() -> None:
    assert Case(subnet(), peer=network_of(PEER, 4000)).homes


@pytest.mark.parametrize(("mode", "fits"), [("ensure", False), ("require", True)])
def test_a_client_that_this_pass_will_peer_counts_already(mode: str, fits: bool) -> None:
    case = Case(subnet(), peer=network_of(bodies.SPOKE, 4000), peering=mode)
    assert isinstance(case.chosen, Refusal) != fits


def endpoint_ids(count: int) -> list[str]:
    at = f"{bodies.NETWORK_GROUP}/providers/Microsoft.Network/privateEndpoints"
    return [f"{at}/foreign-{n}" for n in range(count)]


# What must be read first


FOREIGN = bodies.HUB.group.resource("Microsoft.Network/privateEndpoints", "by-hand")
NSG = bodies.SPOKE.group.resource("Microsoft.Network/networkSecurityGroups", "nsg-app")
CLIENT_SUBNET = {
    "name": "app",
    "properties": {"addressPrefix": "10.1.1.0/24", "networkSecurityGroup": {"id": NSG.text}},
}


def reads(observed: Observed, *, owned: tuple[ResourceId, ...] = (), **case: Any) -> list[Read]:
    """What one target with one candidate subnet needs read, by what was read already."""
    rules = a_policy(**{name: value for name, value in case.items() if name != "connected"})
    connections = [{"properties": {"privateEndpoint": {"id": at}}} for at in case.get("connected", ())]
    target = Target.parse(bodies.account(connections=connections))
    connect = intent(target, {}, rules, load())
    assert isinstance(connect, Connect)
    found = candidates(target, connect.profile)
    assert isinstance(found, Candidates)
    return list(surroundings(target, connect, found, owned, tuple(own_ids(target, connect, found)), observed))


@pytest.mark.parametrize(
    ("peering", "nsg", "clients"),
    [("ensure", "ignore", True), ("ignore", "require", True), ("ignore", "ignore", False)],
)
def test_networks_are_read_from_the_cache_and_those_of_clients_where_peerings_or_rules_count(
    peering: str, nsg: str, clients: bool
) -> None:
    found = reads(Observed(), peering=peering, nsg={"mode": nsg})
    of_clients = [Read(bodies.SPOKE, shared=True, tolerate="refusal")] if clients else []
    assert found == [Read(bodies.HUB, shared=True), *of_clients]


@pytest.mark.parametrize("mode", ["ensure", "ignore"])
def test_the_groups_of_a_clients_subnets_are_read_once_its_network_is_known(mode: str) -> None:
    spoke = Seen(bodies.SPOKE, {"properties": {"subnets": [CLIENT_SUBNET]}})
    group = Read(NSG, shared=True, tolerate="refusal")
    assert (group in reads(picture({bodies.SPOKE: spoke}), nsg={"mode": mode})) == (mode == "ensure")
    assert group not in reads(picture({bodies.SPOKE: None}), nsg={"mode": mode})
    assert group not in reads(Observed(), nsg={"mode": mode})


def test_connected_foreign_endpoints_are_read_and_managed_ones_do_not_count_as_foreign() -> None:
    foreign, earlier = Read(FOREIGN, tolerate="refusal"), PEER.group.resource(FOREIGN.type, "earlier")
    connected = (FOREIGN.text, managed_endpoint("blob", "endpoints"), earlier.text)
    found = [
        read
        for read in reads(Observed(), connected=connected, owned=(earlier,))
        if read.at.is_type(FOREIGN.type) and read.tolerate == "refusal"
    ]
    assert found == [foreign]


def test_zone_groups_of_a_foreign_endpoint_are_read_once_it_is_known() -> None:
    zone_groups = Read(FOREIGN, "privateDnsZoneGroups", tolerate="refusal")
    refused = Observed().with_object(FOREIGN, Unread("no right", refused=True))
    for observed, known in ((Observed(), False), (refused, False), (picture({FOREIGN: None}), True)):
        assert (zone_groups in reads(observed, connected=(FOREIGN.text,))) == known


# Foreign endpoints


@pytest.mark.parametrize(
    ("changed", "adopted"),
    [
        ({}, True),
        ({"status": "Pending"}, False),
        ({"group": "file"}, False),
        ({"subnet": SECOND}, False),
        ({"target": bodies.ZONE}, False),
    ],
)
def test_an_approved_foreign_endpoint_in_a_candidate_is_adopted(
    changed: dict[str, Any], adopted: bool
) -> None:
    case = Case(subnet(), foreign=bodies.endpoint(FOREIGN, managed=False, **changed))
    site = case.sites["blob"]
    assert site.adopted == adopted
    assert (site.endpoint == FOREIGN) == adopted


def test_an_approved_managed_endpoint_is_kept_beside_a_foreign_one() -> None:
    mine = managed_endpoint("blob", "endpoints")
    case = Case(subnet(), foreign=bodies.endpoint(FOREIGN, managed=False), connected=mine, status="Approved")
    assert case.sites["blob"].endpoint.text == mine


# Limits of the policy, and endpoints that meet the need already


@pytest.mark.parametrize(("limit", "fits"), [(2, False), (3, True)])
def test_a_subnet_holds_as_many_endpoints_as_the_policy_lets_it(limit: int, fits: bool) -> None:
    held = tuple(f"{bodies.HUB.text.rpartition('/')[0]}/{name}" for name in ("a", "b"))
    held = tuple(one.replace("virtualNetworks", "privateEndpoints") for one in held)
    case = Case(subnet(holds=held), limits={"max_endpoints_per_subnet": limit})
    if fits:
        assert case.homes == {"endpoints"}
        return
    assert case.refusal.code == "SubnetAtLimit"
    assert "holds 2 endpoints, the policy lets it hold 2" in case.refusal.reason


def test_an_endpoint_that_meets_the_need_is_adopted_though_its_subnet_takes_no_new_one() -> None:
    at = bodies.HUB.group.resource("Microsoft.Network/privateEndpoints", "by-hand")
    shut = subnet()
    shut["properties"]["delegations"] = [{"properties": {"serviceName": "Microsoft.Web/serverFarms"}}]
    case = Case(shut, foreign=bodies.endpoint(at, managed=False))
    assert [(site.endpoint, site.adopted, site.new) for site in case.sites.values()] == [(at, True, False)]
    assert Case(shut).refusal.code == "SubnetIsDelegated"


@pytest.mark.parametrize(
    ("subnets", "fallback", "region"),
    [
        ({"westeurope": "a", "northeurope": "b"}, "northeurope", "westeurope"),
        ({"northeurope": "b"}, "northeurope", "northeurope"),
        ({"northeurope": "b"}, None, None),
    ],
)
def test_a_region_without_subnets_is_served_by_the_fallback_or_declined(
    subnets: dict[str, str], fallback: str | None, region: str | None
) -> None:
    listed = {name: [subnet_id(one).text] for name, one in subnets.items()}
    profile = a_policy(subnets=listed, fallback_region=fallback).profiles["default"]
    found = candidates(Target.parse(bodies.account()), profile)
    if region is None:
        assert isinstance(found, Declined)
        assert found.code == "NoSubnetForRegion"
        return
    assert found == Candidates(region, (subnet_id(subnets[region]),))
