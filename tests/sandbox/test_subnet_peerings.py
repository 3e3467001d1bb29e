"""Peerings of subnets and of IPv6 alone: what they show, what is refused, and who reaches whom."""

import pytest

from sandbox.azure.reachability.reach import reach
from tests.sandbox.cloud import Cloud, code, network_body, subnet, subnet_body, vnet
from tests.sandbox.connectivity import link_body, with_names, zone_id

NAME = "acct.blob.core.windows.net"
HUB_HALF = f"{vnet()}/virtualNetworkPeerings/to-spoke"
SPOKE_HALF = f"{vnet('spoke')}/virtualNetworkPeerings/to-hub"


def to(remote: str, local=(), there=(), **more) -> dict:
    """A half's body: of subnets if any is named."""
    properties = {"remoteVirtualNetwork": {"id": vnet(remote)}} | more
    if local or there:
        properties |= {
            "peerCompleteVnets": False,
            "localSubnetNames": list(local),
            "remoteSubnetNames": list(there),
        }
    return {"properties": properties}


async def networks() -> Cloud:
    """`hub` with names and an endpoint in subnet `one`; `spoke` with `clients` and `others`; no peering."""
    cloud = await with_names()
    await cloud.make(subnet("two"), subnet_body("10.0.2.0/24"))
    spaces = {"clients": "10.1.1.0/24", "others": "10.1.2.0/24"}
    await cloud.make(vnet("spoke"), network_body("10.1.0.0/16", spaces))
    await cloud.make(f"{zone_id()}/virtualNetworkLinks/spoke", link_body(vnet("spoke")))
    return cloud


def gets_there(cloud: Cloud, client: str = "clients"):
    return reach(cloud.world, subnet(client, "spoke"), NAME, 443)


async def shown(cloud: Cloud, path: str) -> dict:
    return (await cloud.get(path)).body["properties"]


async def test_both_halves_show_the_prefixes_of_their_subnets():
    cloud = await networks()
    await cloud.make(HUB_HALF, to("spoke", ["one"], ["clients", "others"]))
    await cloud.make(SPOKE_HALF, to("hub", ["clients", "others"], ["one"]))
    hub, spoke = await shown(cloud, HUB_HALF), await shown(cloud, SPOKE_HALF)
    assert hub["peerCompleteVnets"] is False
    assert (hub["localSubnetNames"], hub["remoteSubnetNames"]) == (["one"], ["clients", "others"])
    for member in ("localAddressSpace", "localVirtualNetworkAddressSpace"):
        assert hub[member] == {"addressPrefixes": ["10.0.1.0/24"]}
    for member in ("remoteAddressSpace", "remoteVirtualNetworkAddressSpace"):
        assert hub[member] == {"addressPrefixes": ["10.1.1.0/24", "10.1.2.0/24"]}
    assert [one["peeringSyncLevel"] for one in (hub, spoke)] == ["FullyInSync"] * 2
    assert spoke["remoteAddressSpace"] == {"addressPrefixes": ["10.0.1.0/24"]}


async def test_clients_of_the_peered_subnets_reach_the_endpoint_and_others_do_not():
    cloud = await networks()
    await cloud.make(HUB_HALF, to("spoke", ["one"], ["clients"]))
    await cloud.make(SPOKE_HALF, to("hub", ["clients"], ["one"]))
    assert gets_there(cloud).reachable
    found = gets_there(cloud, "others")
    assert (found.reachable, found.hop) == (False, "peering")
    assert "limited to subnets" in found.why


@pytest.mark.parametrize(
    ("hub", "spoke"),
    [
        (to("spoke", ["two"], ["clients"]), to("hub", ["clients"], ["one"])),
        (to("spoke", ["one"], ["others"]), to("hub", ["clients"], ["one"])),
        (to("spoke", ["one"], ["clients"]), to("hub", ["others"], ["one"])),
        (to("spoke", ["one"], ["clients"]), to("hub", ["clients"], ["two"])),
        (to("spoke", ["two"]), to("hub")),
        (to("spoke"), to("hub", ["others"])),
    ],
)
async def test_a_half_that_leaves_out_either_end_stops_the_path(hub, spoke):
    cloud = await networks()
    await cloud.make(HUB_HALF, hub)
    await cloud.make(SPOKE_HALF, spoke)
    assert (gets_there(cloud).reachable, gets_there(cloud).hop) == (False, "peering")


async def test_a_side_without_names_takes_part_as_a_whole():
    cloud = await networks()
    await cloud.make(HUB_HALF, to("spoke", ["one"]))
    await cloud.make(SPOKE_HALF, to("hub", there=["one"]))
    assert gets_there(cloud).reachable
    assert (await shown(cloud, HUB_HALF))["remoteAddressSpace"] == {"addressPrefixes": ["10.1.0.0/16"]}


async def test_a_peering_of_ipv6_alone_leads_to_no_private_endpoint():
    cloud = await networks()
    dual = subnet_body(addressPrefixes=["10.0.1.0/24", "fd00:0:0:1::/64"])
    body = (await cloud.get(vnet())).body
    body["properties"]["addressSpace"]["addressPrefixes"].append("fd00::/48")
    await cloud.make(vnet(), body)
    dual["properties"].pop("addressPrefix")
    await cloud.make(subnet(), dual)
    await cloud.make(HUB_HALF, to("spoke", ["one"], ["clients"], enableOnlyIPv6Peering=True))
    await cloud.make(SPOKE_HALF, to("hub", ["clients"], ["one"], enableOnlyIPv6Peering=True))
    half = await shown(cloud, HUB_HALF)
    assert half["enableOnlyIPv6Peering"] is True
    assert half["localAddressSpace"] == {"addressPrefixes": ["fd00:0:0:1::/64"]}
    assert gets_there(cloud).hop == "peering"


async def test_a_subnet_that_changes_its_prefix_leaves_the_halves_out_of_sync_until_they_are_synchronised():
    cloud = await networks()
    await cloud.make(HUB_HALF, to("spoke", ["one"], ["others"]))
    await cloud.make(SPOKE_HALF, to("hub", ["others"], ["one"]))
    await cloud.make(subnet("others", "spoke"), subnet_body("10.1.3.0/24"))
    assert (await shown(cloud, HUB_HALF))["peeringSyncLevel"] == "LocalNotInSync"
    assert (await shown(cloud, SPOKE_HALF))["peeringSyncLevel"] == "RemoteNotInSync"
    await cloud.settle(
        await cloud.put(f"{HUB_HALF}?syncRemoteAddressSpace=true", to("spoke", ["one"], ["others"]))
    )
    half = await shown(cloud, HUB_HALF)
    assert (half["peeringSyncLevel"], half["remoteAddressSpace"]["addressPrefixes"]) == (
        "FullyInSync",
        ["10.1.3.0/24"],
    )


async def test_other_subnets_can_be_named_later_and_the_type_cannot_be_changed():
    cloud = await networks()
    await cloud.make(HUB_HALF, to("spoke", ["one"], ["others"]))
    await cloud.make(HUB_HALF, to("spoke", ["one"], ["clients"]))
    assert (await shown(cloud, HUB_HALF))["remoteAddressSpace"] == {"addressPrefixes": ["10.1.1.0/24"]}
    assert (await cloud.put(HUB_HALF, to("spoke"))).status == 400
    await cloud.make(SPOKE_HALF, to("hub"))
    assert (await cloud.put(SPOKE_HALF, to("hub", ["clients"], ["one"]))).status == 400


async def test_a_subnet_that_does_not_exist_cannot_be_peered():
    cloud = await networks()
    refused = await cloud.put(HUB_HALF, to("spoke", ["one"], ["none"]))
    assert (refused.status, code(refused)) == (400, "InvalidResourceReference")


async def test_networks_that_overlap_elsewhere_can_be_peered_by_their_other_subnets(cloud):
    for name, own, free in (("left", "10.0.0.0/16", "10.0.1.0/24"), ("right", "10.1.0.0/16", "10.1.1.0/24")):
        body = network_body(own)
        body["properties"]["addressSpace"]["addressPrefixes"].append("172.16.0.0/16")
        await cloud.make(vnet(name), body)
        await cloud.make(subnet("free", name), subnet_body(free))
        await cloud.make(subnet("same", name), subnet_body("172.16.3.0/24"))
    half = f"{vnet('left')}/virtualNetworkPeerings/to-right"
    complete = await cloud.put(half, to("right"))
    assert code(complete) == "VnetAddressSpacesOverlap"
    assert "172.16.0.0/16, 172.16.0.0/16" in complete.body["error"]["message"]
    both = await cloud.put(half, to("right", ["free", "same"], ["free"]))
    assert code(both) == "VnetAddressSpacesOverlap"
    assert "Overlapping address prefixes: 172.16.3.0/24." in both.body["error"]["message"]
    assert (await cloud.put(half, to("right", ["free"], ["free"]))).status == 201
