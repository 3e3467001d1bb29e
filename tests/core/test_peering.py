"""One half of a peering: what meets the need, what differs, what is written, and what Azure would refuse."""

from typing import Any

import pytest

from shared.core.base.bodies import Seen
from shared.core.base.ids import ResourceId
from shared.core.kinds.peering import (
    MAX_PEERINGS,
    Peering,
    address_space,
    connected,
    full,
    overlap,
    overlap_with_peers,
    peering_id,
    peerings_of,
)
from tests.core.bodies import HUB, SPOKE

THIRD = ResourceId.parse(HUB.text.replace("hub-we", "third"))
OURS = peering_id(HUB, SPOKE)
WANT = Peering(OURS, HUB, SPOKE)


def half(at: ResourceId = OURS, remote: ResourceId = SPOKE, **properties: Any) -> Seen:
    """A half that is connected and in sync."""
    standing = {
        "provisioningState": "Succeeded",
        "peeringState": "Connected",
        "peeringSyncLevel": "FullyInSync",
        "allowVirtualNetworkAccess": True,
        "allowForwardedTraffic": False,
        "remoteVirtualNetwork": {"id": remote.text},
        "remoteAddressSpace": {"addressPrefixes": ["10.1.0.0/16"]},
        **properties,
    }
    return Seen(at, {"id": at.text, "name": at.name, "properties": standing})


def vnet(at: ResourceId, *prefixes: str, halves: tuple[Seen, ...] = ()) -> Seen:
    peerings = [one.body for one in halves]
    properties = {"addressSpace": {"addressPrefixes": list(prefixes)}, "virtualNetworkPeerings": peerings}
    return Seen(at, {"id": at.text, "properties": properties})


def to_third(local: ResourceId, *prefixes: str, **properties: Any) -> Seen:
    space = {"addressPrefixes": list(prefixes)}
    return half(local.child("virtualNetworkPeerings", "t"), THIRD, remoteAddressSpace=space, **properties)


def test_our_name_has_the_remote_networks_name_and_tells_equal_names_apart() -> None:
    twin = ResourceId.parse(SPOKE.text.replace("rg-network", "rg-other"))
    assert OURS.name.startswith("causeway-spoke-a-")
    assert peering_id(HUB, twin) != OURS


def test_a_longest_network_name_still_makes_a_name_that_azure_takes() -> None:
    longest = ResourceId.parse(SPOKE.text.replace("spoke-a", "n" * 80))
    assert len(peering_id(HUB, longest).name) <= 80


def test_both_networks_are_locked_in_the_same_order_from_either_side() -> None:
    assert WANT.locks == Peering(peering_id(SPOKE, HUB), SPOKE, HUB).locks == (HUB.key, SPOKE.key)


def test_a_peering_of_any_name_to_the_remote_network_is_found() -> None:
    someones = half(HUB.child("virtualNetworkPeerings", "to-spoke"))
    assert WANT.at((to_third(HUB, "10.9.0.0/16"), someones)) is someones
    assert not WANT.is_ours(someones)


def test_a_name_with_our_prefix_alone_is_not_ours() -> None:
    assert not WANT.is_ours(half(HUB.child("virtualNetworkPeerings", "causeway-spoke-a-00000000")))


def test_a_connected_half_in_sync_meets_the_need_and_passes_traffic() -> None:
    assert WANT.drift(half()) == ()
    assert WANT.beyond_repair(half()) is None
    assert connected(half())


def test_a_half_that_waits_for_the_other_one_does_not_differ_but_passes_nothing() -> None:
    waiting = half(peeringState="Initiated", peeringSyncLevel="RemoteNotInSync")
    assert WANT.drift(waiting) == ()
    assert not connected(waiting)


@pytest.mark.parametrize("level", ["LocalNotInSync", "LocalAndRemoteNotInSync"])
def test_a_half_that_does_not_know_the_remote_address_space_differs(level: str) -> None:
    stale = half(peeringSyncLevel=level)
    assert WANT.drift(stale) == (f"its address space is {level}",)
    assert not connected(stale)


def test_what_only_the_other_half_can_mend_is_no_drift_of_this_one_but_no_connection_either() -> None:
    stale = half(peeringSyncLevel="RemoteNotInSync")
    assert WANT.drift(stale) == ()
    assert not connected(stale)


def test_a_body_of_an_old_version_without_a_sync_level_counts_as_in_sync() -> None:
    old = half(peeringSyncLevel=None)
    assert connected(old)
    assert WANT.drift(old) == ()


def test_switched_off_network_access_differs_and_passes_nothing() -> None:
    closed = half(allowVirtualNetworkAccess=False)
    assert WANT.drift(closed) == ("network access is off",)
    assert not connected(closed)


def test_a_failed_half_differs() -> None:
    assert WANT.drift(half(provisioningState="Failed")) == ("provisioning failed",)


def test_a_disconnected_half_must_be_made_anew() -> None:
    assert "Disconnected" in str(WANT.beyond_repair(half(peeringState="Disconnected")))


def test_a_half_to_another_network_must_be_made_anew() -> None:
    assert WANT.beyond_repair(half(remote=THIRD)) == "it leads to another network"


def test_a_new_half_opens_network_access_and_nothing_else() -> None:
    assert WANT.body(None) == {
        "properties": {
            "allowVirtualNetworkAccess": True,
            "allowForwardedTraffic": False,
            "allowGatewayTransit": False,
            "useRemoteGateways": False,
            "remoteVirtualNetwork": {"id": SPOKE.text},
        }
    }


def test_a_repair_keeps_flags_and_unknown_properties_and_sends_back_no_state() -> None:
    standing = half(
        allowVirtualNetworkAccess=False, allowForwardedTraffic=True, useRemoteGateways=True, novel={"a": 1}
    )
    sent = WANT.body(standing)["properties"]
    assert sent["allowVirtualNetworkAccess"] is True
    assert sent["allowForwardedTraffic"] is True
    assert sent["useRemoteGateways"] is True
    assert sent["novel"] == {"a": 1}
    assert not {"peeringState", "peeringSyncLevel", "provisioningState", "remoteAddressSpace"} & set(sent)


def test_every_write_takes_the_remote_address_space_anew() -> None:
    assert WANT.query == {"syncRemoteAddressSpace": "true"}


def test_a_network_lists_its_peerings_with_their_ids() -> None:
    network = vnet(HUB, "10.0.0.0/16", halves=(half(),))
    assert [(one.id, one.body["name"]) for one in peerings_of(network)] == [(OURS, OURS.name)]
    assert peerings_of(Seen(HUB, {})) == ()


def test_a_network_is_full_at_the_limit_and_not_before() -> None:
    halves = tuple(half(HUB.child("virtualNetworkPeerings", f"p{n}"), THIRD) for n in range(MAX_PEERINGS))
    assert full(vnet(HUB, halves=halves))
    assert not full(vnet(HUB, halves=halves[1:]))


def test_overlapping_networks_are_named_with_the_prefixes_that_overlap() -> None:
    fault = overlap(vnet(HUB, "10.9.0.0/16", "10.0.0.0/16"), vnet(SPOKE, "10.0.128.0/17"))
    assert fault == "10.0.0.0/16 of hub-we and 10.0.128.0/17 of spoke-a overlap"


def test_neighbouring_networks_and_other_ip_versions_do_not_overlap() -> None:
    assert overlap(vnet(HUB, "10.0.0.0/16", "fd00::/48"), vnet(SPOKE, "10.1.0.0/16", "fd01::/48")) is None
    assert [str(one) for one in address_space(vnet(HUB, "10.0.0.0/16"))] == ["10.0.0.0/16"]


@pytest.mark.parametrize("side", ["local", "remote"])
def test_a_third_network_that_overlaps_is_found_on_either_side(side: str) -> None:
    hub = vnet(HUB, "10.0.0.0/16", halves=(to_third(HUB, "10.1.4.0/24"),) if side == "local" else ())
    spoke = vnet(SPOKE, "10.1.0.0/16", halves=(to_third(SPOKE, "10.0.4.0/24"),) if side == "remote" else ())
    fault = overlap_with_peers(hub, spoke)
    assert fault is not None
    assert THIRD.text in fault


def test_the_pairs_own_halves_are_no_third_network() -> None:
    assert overlap_with_peers(vnet(HUB, "10.0.0.0/16", halves=(half(),)), vnet(SPOKE, "10.1.0.0/16")) is None


def test_a_third_network_that_grew_without_a_sync_counts_as_it_is_now() -> None:
    grown = to_third(
        HUB, "10.9.0.0/16", remoteVirtualNetworkAddressSpace={"addressPrefixes": ["10.1.0.0/24"]}
    )
    assert overlap_with_peers(vnet(HUB, "10.0.0.0/16", halves=(grown,)), vnet(SPOKE, "10.1.0.0/16"))


def test_a_third_network_that_is_gone_does_not_stand_in_the_way() -> None:
    gone = to_third(HUB, "10.1.0.0/16", peeringState="Disconnected")
    assert overlap_with_peers(vnet(HUB, "10.0.0.0/16", halves=(gone,)), vnet(SPOKE, "10.1.0.0/16")) is None
