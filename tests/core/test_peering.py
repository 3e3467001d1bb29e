"""One half of a peering: what meets the need, what differs, what is written, and what Azure would refuse."""

import pytest

from shared.core.base.bodies import Seen
from shared.core.base.ids import ResourceId
from shared.core.base.refusal import Refusal
from shared.core.kinds.peering import MAX_PEERINGS, Peering, peering_id
from shared.core.readings.embedded import peerings_of
from shared.core.readings.networks import address_space, connected
from shared.core.readings.observed import Observed
from shared.core.readings.reading import Absent, Present, Unread
from tests.builders.bodies import HUB, SPOKE
from tests.builders.networks import PEERING, THIRD, half, to_third, vnet
from tests.builders.pictures import picture

WANT, OURS = PEERING, PEERING.id


def drift(have: Seen) -> tuple[str, ...]:
    return WANT.drift(have, Observed())


def refusal(hub: Seen, spoke: Seen) -> Refusal | None:
    """Why our half cannot be created between these two networks."""
    return WANT.refused(None, picture({HUB: hub, SPOKE: spoke}))


def test_our_name_has_the_remote_networks_name_and_keeps_equal_names_apart() -> None:
    twin = ResourceId.parse(SPOKE.text.replace("rg-network", "rg-other"))
    assert OURS.name.startswith("causeway-spoke-a-")
    assert peering_id(HUB, twin) != OURS


def test_a_longest_network_name_still_makes_a_name_that_azure_takes() -> None:
    longest = ResourceId.parse(SPOKE.text.replace("spoke-a", "n" * 80))
    assert len(peering_id(HUB, longest).name) <= 80


def test_both_networks_are_locked_in_the_same_order_from_either_side() -> None:
    assert WANT.locks == Peering(peering_id(SPOKE, HUB), SPOKE, HUB).locks == (HUB.key, SPOKE.key)


def test_a_peering_of_any_name_to_the_remote_network_is_found() -> None:
    foreign = half(HUB.child("virtualNetworkPeerings", "to-spoke"))
    hub = vnet(HUB, "10.0.0.0/16", halves=(to_third(HUB, "10.9.0.0/16"), foreign))
    assert WANT.found(picture({HUB: hub})) == Present(foreign)
    assert not WANT.is_managed(foreign)


def test_a_half_of_our_name_to_another_network_is_found_too() -> None:
    astray = half(remote=THIRD)
    assert WANT.found(picture({HUB: vnet(HUB, halves=(astray,))})) == Present(astray)


def test_a_half_is_absent_only_if_both_networks_were_read() -> None:
    both = picture({HUB: vnet(HUB, "10.0.0.0/16"), SPOKE: vnet(SPOKE, "10.1.0.0/16")})
    assert WANT.found(both) == Absent()
    assert isinstance(WANT.found(picture({HUB: vnet(HUB, "10.0.0.0/16")})), Unread)
    assert WANT.found(picture({HUB: None})) == Absent()
    assert isinstance(WANT.found(Observed()), Unread)


def test_a_name_with_nothing_but_our_prefix_is_not_managed() -> None:
    assert not WANT.is_managed(half(HUB.child("virtualNetworkPeerings", "causeway-spoke-a-00000000")))


def test_a_connected_half_in_sync_meets_the_need_and_passes_traffic() -> None:
    assert drift(half()) == ()
    assert WANT.beyond_repair(half()) is None
    assert connected(half())


def test_a_half_that_waits_for_the_other_one_does_not_differ_but_passes_nothing() -> None:
    waiting = half(peeringState="Initiated", peeringSyncLevel="RemoteNotInSync")
    assert drift(waiting) == ()
    assert not connected(waiting)


@pytest.mark.parametrize("level", ["LocalNotInSync", "LocalAndRemoteNotInSync"])
def test_a_half_that_does_not_know_the_remote_address_space_differs(level: str) -> None:
    stale = half(peeringSyncLevel=level)
    assert drift(stale) == (f"its address space is {level}",)
    assert not connected(stale)


def test_what_only_the_other_half_can_repair_is_no_drift_but_passes_nothing_either() -> None:
    stale = half(peeringSyncLevel="RemoteNotInSync")
    assert drift(stale) == ()
    assert not connected(stale)


def test_a_body_of_an_old_version_without_a_sync_level_counts_as_in_sync() -> None:
    old = half(peeringSyncLevel=None)
    assert connected(old)
    assert drift(old) == ()


def test_switched_off_network_access_differs_and_passes_nothing() -> None:
    closed = half(allowVirtualNetworkAccess=False)
    assert drift(closed) == ("network access is off",)
    assert not connected(closed)


def test_a_failed_half_differs() -> None:
    assert drift(half(provisioningState="Failed")) == ("provisioning failed",)


def test_a_disconnected_half_must_be_replaced() -> None:
    assert "Disconnected" in str(WANT.beyond_repair(half(peeringState="Disconnected")))


def test_a_half_to_another_network_must_be_replaced() -> None:
    assert WANT.beyond_repair(half(remote=THIRD)) == "it leads to another network"


def test_a_new_half_allows_network_access_and_nothing_else() -> None:
    assert WANT.body(None, Observed()) == {
        "properties": {
            "allowVirtualNetworkAccess": True,
            "allowForwardedTraffic": False,
            "allowGatewayTransit": False,
            "useRemoteGateways": False,
            "remoteVirtualNetwork": {"id": SPOKE.text},
        }
    }


def test_a_repair_keeps_flags_and_unknown_properties_and_sends_back_no_state() -> None:
    existing = half(
        allowVirtualNetworkAccess=False, allowForwardedTraffic=True, useRemoteGateways=True, novel={"a": 1}
    )
    sent = WANT.body(existing, Observed())["properties"]
    assert sent["allowVirtualNetworkAccess"] is True
    assert sent["allowForwardedTraffic"] is True
    assert sent["useRemoteGateways"] is True
    assert sent["novel"] == {"a": 1}
    assert not {"peeringState", "peeringSyncLevel", "provisioningState", "remoteAddressSpace"} & set(sent)


def test_every_write_takes_the_remote_address_space_again() -> None:
    assert WANT.query == {"syncRemoteAddressSpace": "true"}


def test_a_network_lists_its_peerings_with_their_ids() -> None:
    network = vnet(HUB, "10.0.0.0/16", halves=(half(),))
    assert [(one.id, one.body["name"]) for one in peerings_of(network).items] == [(OURS, OURS.name)]
    assert peerings_of(Seen(HUB, {})).items == ()


def test_a_network_is_full_at_the_limit_and_not_before() -> None:
    names = [HUB.child("virtualNetworkPeerings", f"p{n}") for n in range(MAX_PEERINGS)]
    space = {"remoteAddressSpace": {"addressPrefixes": ["10.9.0.0/16"]}}
    halves = tuple(half(at, THIRD, **space) for at in names)
    spoke = vnet(SPOKE, "10.1.0.0/16")
    full = refusal(vnet(HUB, "10.0.0.0/16", halves=halves), spoke)
    assert full is not None
    assert (full.found, full.code, full.stops_all) == (HUB, "TooManyPeerings", True)
    assert str(MAX_PEERINGS) in full.reason
    assert refusal(vnet(HUB, "10.0.0.0/16", halves=halves[1:]), spoke) is None


def test_overlapping_networks_are_named_with_the_prefixes_that_overlap() -> None:
    found = refusal(vnet(HUB, "10.9.0.0/16", "10.0.0.0/16"), vnet(SPOKE, "10.0.128.0/17"))
    assert found is not None
    assert (found.code, found.stops_all) == ("AddressSpacesOverlap", True)
    assert found.reason == "10.0.0.0/16 of hub-we and 10.0.128.0/17 of spoke-a overlap"


def test_neighbouring_networks_and_other_ip_versions_do_not_overlap() -> None:
    assert refusal(vnet(HUB, "10.0.0.0/16", "fd00::/48"), vnet(SPOKE, "10.1.0.0/16", "fd01::/48")) is None
    assert [str(one) for one in address_space(vnet(HUB, "10.0.0.0/16"))] == ["10.0.0.0/16"]


@pytest.mark.parametrize("side", ["local", "remote"])
def test_a_third_network_that_overlaps_is_found_on_either_side(side: str) -> None:
    hub = vnet(HUB, "10.0.0.0/16", halves=(to_third(HUB, "10.1.4.0/24"),) if side == "local" else ())
    spoke = vnet(SPOKE, "10.1.0.0/16", halves=(to_third(SPOKE, "10.0.4.0/24"),) if side == "remote" else ())
    found = refusal(hub, spoke)
    assert found is not None
    assert found.code == "AddressSpacesOverlap"
    assert THIRD.text in found.reason


def test_the_pairs_own_halves_are_no_third_network() -> None:
    assert refusal(vnet(HUB, "10.0.0.0/16", halves=(half(),)), vnet(SPOKE, "10.1.0.0/16")) is None


def test_a_third_network_that_grew_without_a_sync_counts_as_it_is_now() -> None:
    grown = to_third(
        HUB, "10.9.0.0/16", remoteVirtualNetworkAddressSpace={"addressPrefixes": ["10.1.0.0/24"]}
    )
    assert refusal(vnet(HUB, "10.0.0.0/16", halves=(grown,)), vnet(SPOKE, "10.1.0.0/16"))


def test_a_third_network_that_was_deleted_does_not_block() -> None:
    gone = to_third(HUB, "10.1.0.0/16", peeringState="Disconnected")
    assert refusal(vnet(HUB, "10.0.0.0/16", halves=(gone,)), vnet(SPOKE, "10.1.0.0/16")) is None


def test_an_existing_half_is_not_refused_for_what_only_a_new_one_would_meet() -> None:
    overlapping = picture({HUB: vnet(HUB, "10.0.0.0/16"), SPOKE: vnet(SPOKE, "10.0.128.0/17")})
    assert WANT.refused(half(), overlapping) is None


def test_a_network_that_was_not_read_refuses_nothing() -> None:
    assert WANT.refused(None, picture({HUB: vnet(HUB, "10.0.0.0/16")})) is None


def test_two_clients_that_overlap_each_other_cannot_both_be_peered() -> None:
    third = Peering(peering_id(HUB, THIRD), HUB, THIRD)
    networks = {HUB: vnet(HUB, "10.0.0.0/16"), SPOKE: vnet(SPOKE, "10.1.0.0/16")}
    found = third.conflict([WANT], picture({**networks, THIRD: vnet(THIRD, "10.1.4.0/24")}))
    assert found is not None
    assert (found.found, found.code) == (THIRD, "AddressSpacesOverlap")
    assert third.conflict([WANT], picture({**networks, THIRD: vnet(THIRD, "10.2.0.0/16")})) is None


FOREIGN = HUB.child("virtualNetworkPeerings", "to-spoke")


@pytest.mark.parametrize(
    ("changed", "command"),
    [
        ({"peeringSyncLevel": "LocalNotInSync"}, "sync it: az network vnet peering sync"),
        ({"peeringSyncLevel": "LocalAndRemoteNotInSync"}, "sync it: az network vnet peering sync"),
        ({"peeringState": "Disconnected"}, "az network vnet peering delete"),
        ({"allowVirtualNetworkAccess": False}, "--set allowVirtualNetworkAccess=true"),
    ],
)
def test_the_remedy_for_a_foreign_half_is_the_command_that_cures_it(
    changed: dict[str, object], command: str
) -> None:
    remedy = WANT.in_the_way(half(FOREIGN, **changed), "it differs").remedy
    assert command in remedy
    assert "--vnet-name hub-we -n to-spoke" in remedy
