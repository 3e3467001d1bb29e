"""Management locks beyond the locked resource itself: groups, parents, endpoints, connections, moves."""

import pytest

from tests.sandbox.cloud import GROUP, SUB, code, network_body, subnet, vnet
from tests.sandbox.connectivity import ACCOUNT, ENDPOINT, endpoint_body, with_endpoint

LOCKS = "providers/Microsoft.Authorization/locks"
OTHER = f"{SUB}/resourceGroups/other"


async def lock(cloud, scope: str, level: str = "CanNotDelete", name: str = "keep") -> None:
    response = await cloud.put(f"{scope}/{LOCKS}/{name}", {"properties": {"level": level}})
    assert response.status == 201, response.body


async def connection(cloud) -> str:
    (one,) = (await cloud.get(ACCOUNT)).body["properties"]["privateEndpointConnections"]
    return one["id"]


async def with_target_elsewhere():
    """An endpoint in `other` to the account in `rg`; groups and networks are not locked."""
    cloud = await with_endpoint()
    await cloud.put(OTHER, {"location": "westeurope"})
    await cloud.make(ENDPOINT.replace(GROUP, OTHER), endpoint_body())
    return cloud, ENDPOINT.replace(GROUP, OTHER)


async def test_a_group_with_a_locked_resource_stays_whole(cloud):
    for name in ("free", "kept"):
        await cloud.make(vnet(name), network_body())
    await lock(cloud, vnet("kept"))
    refused = await cloud.delete(GROUP)
    assert (refused.status, code(refused)) == (409, "ScopeLocked")
    assert f"'{vnet('kept')}'" in refused.body["error"]["message"]
    await cloud.wait(300)
    assert (await cloud.get(vnet("free"))).status == 200
    assert (await cloud.get(GROUP)).body["properties"]["provisioningState"] == "Succeeded"


async def test_a_locked_child_keeps_its_parent_and_a_sibling_does_not(cloud):
    for name in ("hub", "hub2"):
        await cloud.make(vnet(name), network_body(subnets={"one": "10.0.1.0/24"}))
    await lock(cloud, subnet())
    assert code(await cloud.delete(vnet())) == "ScopeLocked"
    assert (await cloud.delete(vnet("hub2"))).status == 202


async def test_a_lock_below_does_not_stop_a_write(cloud):
    await cloud.make(vnet(), network_body(subnets={"one": "10.0.1.0/24"}))
    await lock(cloud, subnet(), "ReadOnly")
    assert (await cloud.patch(vnet(), {"tags": {"a": "b"}})).status == 200


@pytest.mark.parametrize("scope", [ACCOUNT, GROUP, SUB])
@pytest.mark.parametrize("level", ["CanNotDelete", "ReadOnly"])
async def test_a_lock_on_or_above_the_target_fails_the_deletion_of_its_endpoint(scope, level):
    cloud, endpoint = await with_target_elsewhere()
    await lock(cloud, scope, level)
    response = await cloud.delete(endpoint)
    if scope == SUB:
        assert (response.status, code(response)) == (409, "ScopeLocked")
        return
    assert response.status == 202
    last = await cloud.settle(response)
    assert (last.body["status"], last.body["error"]["code"]) == ("Failed", "ScopeLocked")
    assert f"'{scope}'" in last.body["error"]["message"]
    assert (await cloud.get(endpoint)).body["properties"]["provisioningState"] == "Failed"


async def test_an_endpoint_is_deleted_once_the_lock_on_its_target_is_gone():
    cloud = await with_endpoint()
    await lock(cloud, ACCOUNT)
    await cloud.settle(await cloud.delete(ENDPOINT))
    assert (await cloud.get(await connection(cloud))).status == 200
    await cloud.delete(f"{ACCOUNT}/{LOCKS}/keep")
    await cloud.remove(ENDPOINT)
    assert (await cloud.get(ENDPOINT)).status == 404
    assert (await cloud.get(ACCOUNT)).body["properties"]["privateEndpointConnections"] == []


async def test_a_group_is_not_deleted_while_an_endpoint_in_it_has_a_locked_target():
    cloud, endpoint = await with_target_elsewhere()
    await lock(cloud, ACCOUNT)
    last = await cloud.settle(await cloud.delete(OTHER))
    assert code(last) == "ResourceGroupDeletionBlocked"
    reasons = {one["target"]: one["message"] for one in last.body["error"]["details"]}
    assert "are locked" in reasons[endpoint]
    assert (await cloud.get(OTHER)).body["properties"]["provisioningState"] == "Succeeded"


async def test_an_endpoint_without_a_connection_is_not_kept_by_the_lock():
    cloud = await with_endpoint()
    await cloud.delete(await connection(cloud))
    await cloud.wait(60)
    await lock(cloud, ACCOUNT)
    await cloud.remove(ENDPOINT)
    assert (await cloud.get(ENDPOINT)).status == 404


async def test_connections_of_a_locked_target_are_neither_deleted_nor_decided():
    cloud = await with_endpoint()
    at, rejected = await connection(cloud), {"status": "Rejected", "description": "no"}
    await lock(cloud, ACCOUNT)
    assert code(await cloud.delete(at)) == "ScopeLocked"
    await lock(cloud, ACCOUNT, "ReadOnly", "frozen")
    body = {"properties": {"privateLinkServiceConnectionState": rejected}}
    assert code(await cloud.put(at, body)) == "ScopeLocked"


async def test_a_read_only_target_refuses_a_new_endpoint_and_one_kept_from_deletion_takes_it():
    cloud = await with_endpoint()
    new = f"{ENDPOINT}-2"
    await lock(cloud, ACCOUNT)
    assert (await cloud.put(new, endpoint_body())).status == 201
    await lock(cloud, ACCOUNT, "ReadOnly", "frozen")
    refused = await cloud.put(f"{ENDPOINT}-3", endpoint_body())
    assert (refused.status, code(refused)) == (409, "ScopeLocked")
    assert "privateEndpointConnectionProxies/pe-3." in refused.body["error"]["message"]


async def test_no_lock_is_written_or_deleted_while_resources_move():
    cloud = await with_endpoint()
    await cloud.put(OTHER, {"location": "westeurope"})
    await lock(cloud, ACCOUNT)
    await cloud.post(f"{GROUP}/moveResources", {"resources": [ACCOUNT], "targetResourceGroup": OTHER})
    for scope in (ACCOUNT, GROUP, OTHER):
        body = {"properties": {"level": "ReadOnly"}}
        assert code(await cloud.put(f"{scope}/{LOCKS}/late", body)) == "ResourcesBeingMoved"
    assert code(await cloud.delete(f"{ACCOUNT}/{LOCKS}/keep")) == "ResourcesBeingMoved"
    assert (await cloud.get(f"{ACCOUNT}/{LOCKS}/keep")).status == 200
    await cloud.put(f"{SUB}/{LOCKS}/above", {"properties": {"level": "CanNotDelete"}})
