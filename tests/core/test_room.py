"""Room for new endpoints: addresses, networks and subscriptions, each counted before anything is made."""

from typing import Any

import pytest

from shared.core.base.bodies import Seen
from shared.core.base.ids import ResourceId
from shared.core.base.target import Target
from shared.core.catalogue.catalogue import load
from shared.core.kinds.endpoint import endpoint_id
from shared.core.placement.candidate import PLENTY, Room, addresses_needed
from shared.core.placement.capacity import Usage, endpoints_used
from shared.core.placement.sites import Doubt, Members, Site, Used, candidates, doubt, sites
from shared.core.plan.actions import Block
from shared.core.policy.intent import Connect, intent
from shared.core.readings.observed import Surroundings
from tests.core import bodies
from tests.core.policies import a_policy

SECOND = bodies.HUB.child("subnets", "second")
PEER = bodies.HUB.group.resource(bodies.HUB.type, "peer")


class Case:
    """A target that asks for these groups, one hub with these subnets, and what was asked about room."""

    def __init__(
        self,
        *subnets: dict[str, Any],
        groups: str = "blob",
        room: Room | None = None,
        peer: Seen | None = None,
        hub: dict[str, Any] | None = None,
        connected: str | None = None,
        **policy: Any,
    ) -> None:
        rules = a_policy(subnets={"westeurope": [subnet_id(s["name"]).text for s in subnets]}, **policy)
        connections = [{"properties": {"privateEndpoint": {"id": connected}}}] if connected else []
        body = bodies.account({"private-connectivity-groups": groups}, connections=connections)
        self.target = Target.parse(body)
        connect = intent(self.target, {}, rules, load())
        assert isinstance(connect, Connect)
        found = candidates(self.target, connect.profile)
        assert isinstance(found, tuple)
        properties = {"subnets": list(subnets), **(hub or {})}
        network = Seen(bodies.HUB, {"location": "westeurope", "properties": properties})
        networks = {bodies.HUB: network} | ({peer.id: peer} if peer else {})
        self.around = Surroundings(networks, room=room or Room())
        self.chosen = sites(self.target, connect, *found, self.around, rules.limits)

    @property
    def block(self) -> Block:
        assert isinstance(self.chosen, Block)
        return self.chosen

    @property
    def sites(self) -> dict[str, Site]:
        assert not isinstance(self.chosen, Block)
        return dict(self.chosen)

    @property
    def homes(self) -> set[str]:
        return {site.subnet.name for site in self.sites.values()}

    @property
    def doubt(self) -> Doubt | None:
        return doubt(self.chosen, self.around)


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


def ours(group: str, subnet: str) -> str:
    return endpoint_id(bodies.HUB.group, bodies.ACCOUNT, group, subnet_id(subnet)).text


def link_resource(group: str, *members: str) -> dict[str, Any]:
    return {"name": "any", "properties": {"groupId": group, "requiredMembers": list(members)}}


def network_of(at: ResourceId, count: int) -> Seen:
    """A network that holds so many endpoints of others."""
    prefix = f"{bodies.NETWORK_GROUP}/providers/Microsoft.Network/privateEndpoints/{at.name}"
    held = [{"id": f"{prefix}-{n}"} for n in range(count)]
    return Seen(at, {"properties": {"subnets": [{"properties": {"privateEndpoints": held}}]}})


def peering_to(at: ResourceId) -> dict[str, Any]:
    half = bodies.HUB.child("virtualNetworkPeerings", "p")
    return {"id": half.text, "name": "p", "properties": {"remoteVirtualNetwork": {"id": at.text}}}


# Addresses


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


def test_addresses_of_all_new_groups_must_fit_and_the_numbers_are_named() -> None:
    room = Room({"blob": 2, "queue": 2})
    small = subnet(prefix="10.0.1.0/29")
    assert Case(small, groups="blob", room=room).homes == {"endpoints"}
    block = Case(small, groups="blob,queue", room=room).block
    assert block.code == "SubnetFull"
    assert "has 3 free addresses, 4 are needed (blob 2, queue 2)" in block.reason


def test_the_next_candidate_takes_what_the_first_is_too_small_for() -> None:
    room = Room({"blob": 4})
    assert Case(subnet(prefix="10.0.1.0/29"), subnet("second"), room=room).homes == {"second"}


def test_our_endpoint_that_stands_needs_no_new_address() -> None:
    full = subnet(prefix="10.0.1.0/29", taken=3, holds=(ours("blob", "endpoints"),))
    case = Case(full, room=Room({"blob": 3}))
    assert not case.sites["blob"].new
    assert case.doubt is None


def test_an_endpoint_that_only_the_target_lists_yet_stands() -> None:
    case = Case(subnet(prefix="10.0.1.0/29", taken=3), connected=ours("blob", "endpoints"))
    assert not case.sites["blob"].new


def test_our_endpoint_keeps_its_subnet_when_there_is_room_again_in_one_before_it() -> None:
    case = Case(subnet(), subnet("second", holds=(ours("blob", "second"),)))
    assert case.homes == {"second"}
    assert case.doubt is None


def test_all_endpoints_go_on_together_where_the_standing_one_s_subnet_cannot_take_the_other() -> None:
    held = subnet("second", prefix="10.0.2.0/29", taken=3, holds=(ours("blob", "second"),))
    assert Case(subnet(), held, groups="blob,queue").homes == {"endpoints"}


# Doubt


def test_nothing_is_asked_about_addresses_where_there_are_plenty() -> None:
    assert Case(subnet()).doubt == Used(bodies.SUB, "westeurope")


@pytest.mark.parametrize(("left", "asked"), [(PLENTY - 1, True), (PLENTY, False)])
def test_the_target_is_asked_for_its_members_exactly_where_few_addresses_are_left(
    left: int, asked: bool
) -> None:
    found = Case(subnet(taken=251 - left)).doubt
    assert (found == Members(bodies.HUB)) == asked


def test_each_new_group_wants_plenty_of_its_own() -> None:
    assert Case(subnet(taken=251 - PLENTY), groups="blob,queue").doubt == Members(bodies.HUB)


def test_a_full_subnet_is_in_doubt_until_the_members_are_known() -> None:
    full = subnet(prefix="10.0.1.0/29", taken=3)
    assert Case(full).doubt == Members()
    assert Case(full, room=Room({"blob": 1})).doubt is None


def test_a_count_that_is_not_known_is_asked_for_once() -> None:
    assert Case(subnet(), room=Room(used={(bodies.SUB, "westeurope"): None})).doubt is None


# Subscriptions


def test_the_subscription_s_limit_blocks_with_its_numbers() -> None:
    def with_count(count: int) -> Case:
        return Case(
            subnet(),
            groups="blob,queue",
            room=Room(used={(bodies.SUB, "westeurope"): Usage(count, 65536)}),
        )

    assert with_count(65534).homes == {"endpoints"}
    block = with_count(65535).block
    assert block.code == "SubscriptionFull"
    assert (
        "has 65535 private endpoints in westeurope and would get 2 more; Azure allows 65536" in block.reason
    )


def test_the_count_is_found_by_name_in_any_case_and_unknown_without_numbers() -> None:
    other = {"name": {"value": "VirtualNetworks"}, "currentValue": 1, "limit": 1000}
    entry = {"name": {"value": "privateEndpoints"}, "currentValue": 7, "limit": 65536}
    assert endpoints_used([other, entry]) == Usage(7, 65536)
    assert endpoints_used([other]) is None
    assert endpoints_used([{**entry, "limit": None}]) is None


# Networks


def test_a_network_near_its_limit_takes_one_new_endpoint_and_not_two() -> None:
    holds = tuple(network_id for network_id in endpoint_ids(999))
    limits = {"max_endpoints_per_subnet": 5000}
    wide = {"prefix": "10.0.0.0/16"}
    assert Case(subnet(holds=holds, **wide), limits=limits).homes == {"endpoints"}
    block = Case(subnet(holds=holds, **wide), groups="blob,queue", limits=limits).block
    assert (block.code, block.found) == ("NetworkCrowded", bodies.HUB)
    high = {"privateEndpointVNetPolicies": "Basic"}
    assert Case(subnet(holds=holds, **wide), groups="blob,queue", limits=limits, hub=high).homes


@pytest.mark.parametrize(("groups", "fits"), [("blob", True), ("blob,queue", False)])
def test_endpoints_over_peered_networks_count_together(groups: str, fits: bool) -> None:
    hub = {"virtualNetworkPeerings": [peering_to(PEER)]}
    case = Case(subnet(), groups=groups, hub=hub, peer=network_of(PEER, 3999))
    assert isinstance(case.chosen, Block) != fits
    if not fits:
        assert "have 3999 private endpoints and would get 2 more; connections degrade" in case.block.reason


def test_a_network_that_is_not_peered_does_not_count() -> None:
    assert Case(subnet(), peer=network_of(PEER, 4000)).homes


@pytest.mark.parametrize(("mode", "fits"), [("ensure", False), ("require", True)])
def test_a_client_that_this_walk_will_peer_counts_already(mode: str, fits: bool) -> None:
    case = Case(subnet(), peer=network_of(bodies.SPOKE, 4000), peering=mode)
    assert isinstance(case.chosen, Block) != fits


def endpoint_ids(count: int) -> list[str]:
    at = f"{bodies.NETWORK_GROUP}/providers/Microsoft.Network/privateEndpoints"
    return [f"{at}/theirs-{n}" for n in range(count)]
