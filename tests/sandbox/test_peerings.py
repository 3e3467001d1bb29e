"""Peerings: both halves, their states, what is refused."""

import pytest

from tests.sandbox.cloud import APP, GROUP, OTHER, Cloud, code, network_body, subnet_body, vnet

SPOKE_GROUP = f"{OTHER}/resourceGroups/rg"
HUB, SPOKE = vnet("hub"), vnet("spoke", SPOKE_GROUP)


def half(network: str, name: str = "peer") -> str:
    return f"{network}/virtualNetworkPeerings/{name}"


def to(remote: str, **flags) -> dict:
    return {"properties": {"remoteVirtualNetwork": {"id": remote}} | flags}


@pytest.fixture
async def pair(cloud):
    """Two networks in two subscriptions, not peered."""
    await cloud.put(SPOKE_GROUP, {"location": "westeurope"})
    await cloud.make(HUB, network_body("10.0.0.0/16"))
    await cloud.make(SPOKE, network_body("10.1.0.0/16"))
    return cloud


async def both(cloud: Cloud) -> None:
    await cloud.make(half(HUB), to(SPOKE))
    await cloud.make(half(SPOKE), to(HUB))


async def shown(cloud: Cloud, network: str, name: str = "peer") -> dict:
    return (await cloud.get(half(network, name))).body["properties"]


def state(properties: dict) -> tuple[str, str]:
    return properties["peeringState"], properties["peeringSyncLevel"]


async def test_the_first_half_is_initiated_with_defaults(pair):
    response = await pair.put(half(HUB), to(SPOKE))
    assert (response.status, response.headers["Retry-After"]) == (201, "10")
    await pair.settle(response)
    properties = await shown(pair, HUB)
    assert properties["provisioningState"] == "Succeeded"
    assert state(properties) == ("Initiated", "RemoteNotInSync")
    assert properties["allowVirtualNetworkAccess"] is True
    assert properties["allowForwardedTraffic"] is False
    assert properties["remoteAddressSpace"] == {"addressPrefixes": ["10.1.0.0/16"]}
    assert properties["remoteVirtualNetworkAddressSpace"] == {"addressPrefixes": ["10.1.0.0/16"]}


async def test_the_second_half_is_connected_at_once_and_flips_the_first(pair):
    await pair.make(half(HUB), to(SPOKE))
    response = await pair.put(half(SPOKE), to(HUB))
    assert state(response.body["properties"]) == ("Connected", "FullyInSync")
    first = await shown(pair, HUB)
    assert state(first) == ("Connected", "FullyInSync")
    assert first["resourceGuid"] == response.body["properties"]["resourceGuid"]


async def test_deleting_a_half_leaves_the_other_disconnected(pair):
    await both(pair)
    await pair.remove(half(HUB))
    survivor = await shown(pair, SPOKE)
    assert survivor["peeringState"] == "Disconnected"
    assert survivor["provisioningState"] == "Succeeded"


async def test_deleting_a_network_leaves_the_other_half_disconnected(pair):
    await both(pair)
    await pair.remove(HUB)
    assert (await shown(pair, SPOKE))["peeringState"] == "Disconnected"


async def test_a_disconnected_remote_half_blocks_the_new_one_until_it_is_remade(pair):
    await both(pair)
    await pair.remove(half(HUB))
    refused = await pair.put(half(HUB), to(SPOKE))
    assert (refused.status, code(refused)) == (400, "RemotePeeringIsDisconnected")
    await pair.remove(half(SPOKE))
    await both(pair)
    assert state(await shown(pair, HUB)) == ("Connected", "FullyInSync")


async def test_updating_the_surviving_half_brings_it_back_to_initiated(pair):
    await both(pair)
    await pair.remove(half(HUB))
    await pair.make(half(SPOKE), to(HUB))
    assert (await shown(pair, SPOKE))["peeringState"] == "Initiated"
    await pair.make(half(HUB), to(SPOKE))
    assert (await shown(pair, SPOKE))["peeringState"] == "Connected"


async def test_a_grown_network_is_out_of_step_until_its_peer_synchronises(pair):
    await both(pair)
    grown = network_body()
    grown["properties"]["addressSpace"]["addressPrefixes"].append("10.9.0.0/16")
    await pair.make(HUB, grown)
    assert state(await shown(pair, SPOKE)) == ("Connected", "LocalNotInSync")
    assert state(await shown(pair, HUB)) == ("Connected", "RemoteNotInSync")
    assert (await shown(pair, SPOKE))["remoteAddressSpace"] == {"addressPrefixes": ["10.0.0.0/16"]}
    response = await pair.put(half(SPOKE), to(HUB), query={"syncRemoteAddressSpace": "true"})
    assert (response.status, response.body["properties"]["provisioningState"]) == (200, "Updating")
    assert state(await shown(pair, SPOKE)) == ("Connected", "FullyInSync")
    assert state(await shown(pair, HUB)) == ("Connected", "FullyInSync")


async def test_a_plain_put_does_not_synchronise(pair):
    await both(pair)
    grown = network_body()
    grown["properties"]["addressSpace"]["addressPrefixes"].append("10.9.0.0/16")
    await pair.make(HUB, grown)
    await pair.make(half(SPOKE), to(HUB, allowForwardedTraffic=True))
    properties = await shown(pair, SPOKE)
    assert properties["allowForwardedTraffic"] is True
    assert properties["peeringSyncLevel"] == "LocalNotInSync"


async def test_peerings_survive_a_network_put_that_omits_them(pair):
    await both(pair)
    body = await pair.make(HUB, network_body("10.0.0.0/16", tags={"a": "b"}))
    assert [one["name"] for one in body["properties"]["virtualNetworkPeerings"]] == ["peer"]


async def test_overlapping_networks_are_not_peered(pair):
    await pair.make(vnet("twin"), network_body("10.0.128.0/17"))
    response = await pair.put(half(HUB), to(vnet("twin")))
    assert (response.status, code(response)) == (400, "VnetAddressSpacesOverlap")
    assert "10.0.128.0/17" in response.body["error"]["message"]


async def test_a_network_that_overlaps_one_already_peered_with_the_other_side_is_refused(pair):
    await both(pair)
    await pair.make(vnet("twin"), network_body("10.1.4.0/24"))
    to_hub = await pair.put(half(vnet("twin")), to(HUB))
    from_hub = await pair.put(half(HUB, "more"), to(vnet("twin")))
    wanted = "VnetAddressSpaceOverlapsWithAlreadyPeeredVnet"
    assert [code(one) for one in (to_hub, from_hub)] == [wanted, wanted]
    assert SPOKE in to_hub.body["error"]["message"]


async def test_a_second_peering_to_the_same_network_is_refused(pair):
    await pair.make(half(HUB), to(SPOKE))
    assert code(await pair.put(half(HUB, "again"), to(SPOKE))) == "AnotherPeeringAlreadyReferencesRemoteVnet"


async def test_a_missing_remote_network_is_an_invalid_reference(pair):
    assert code(await pair.put(half(HUB), to(vnet("gone")))) == "InvalidResourceReference"


async def test_peering_needs_a_right_on_the_remote_network(pair):
    assert (await pair.put(half(HUB), to(SPOKE), as_=APP)).status == 201
    await pair.wait(100)
    taken = {"remove": ["Microsoft.Network/virtualNetworks/peer/action"], "scope": HUB}
    await pair.post("/_sandbox/role", taken)
    refused = await pair.put(half(SPOKE), to(HUB), as_=APP)
    assert (refused.status, code(refused)) == (403, "LinkedAuthorizationFailed")
    assert f"linked scope(s) '{HUB}'" in refused.body["error"]["message"]


async def test_a_busy_remote_network_is_mostly_a_retryable_400():
    seen = set()
    for seed in range(25):
        cloud = Cloud(seed=seed)
        await cloud.begin()
        await cloud.make(HUB, network_body("10.0.0.0/16"))
        await cloud.make(vnet("other"), network_body("10.1.0.0/16"))
        await cloud.put(f"{vnet('other')}/subnets/one", subnet_body("10.1.1.0/24"))
        response = await cloud.put(half(HUB), to(vnet("other")))
        seen.add(response.status)
        if response.status == 400:
            message = response.body["error"]["message"]
            assert code(response) == "ReferencedResourceNotProvisioned"
            assert f"{GROUP}/providers/Microsoft.Network/virtualNetworks/other used by" in message
            assert "PutSubnetOperation" in message
    assert seen == {201, 400}
