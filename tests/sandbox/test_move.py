"""Moving resources between groups and subscriptions: ids, references, refusals, events."""

import pytest

from sandbox.azure.kernel.ids import ArmId
from sandbox.azure.kernel.model import Resource
from sandbox.azure.kernel.store import Store
from sandbox.azure.reachability.reach import reach
from tests.sandbox.cloud import APP, GROUP, OTHER, SUB, Cloud, code, network_body, subnet, vnet
from tests.sandbox.connectivity import (
    ACCOUNT,
    ENDPOINT,
    SERVER,
    VAULT,
    account_body,
    begin,
    endpoint_body,
    server_body,
    vault_body,
    with_endpoint,
    with_names,
    zone_id,
)

TARGET = f"{SUB}/resourceGroups/target"
ELSEWHERE = f"{OTHER}/resourceGroups/target"


def there(id: str, group: str = TARGET) -> str:
    return id.replace(GROUP, group)


async def with_target(cloud: Cloud, group: str = TARGET) -> Cloud:
    await cloud.put(group, {"location": "westeurope"})
    return cloud


async def ask(cloud: Cloud, *ids: str, to: str = TARGET, action: str = "moveResources", **more):
    body = {"resources": list(ids), "targetResourceGroup": to}
    return await cloud.post(f"{GROUP}/{action}", body, **more)


async def move(cloud: Cloud, *ids: str, to: str = TARGET, action: str = "moveResources"):
    """The last answer of a move's Location."""
    return await cloud.settle(await ask(cloud, *ids, to=to, action=action))


def reasons(response) -> list[str]:
    """The innermost codes of a failed move's details."""
    details = response.body["error"]["details"]
    return [one.get("details", [one])[0].get("code", "") for one in details]


async def test_a_move_is_accepted_with_a_location_and_ends_with_204():
    cloud = await with_target(await begin())
    response = await ask(cloud, ACCOUNT)
    assert (response.status, response.headers["Retry-After"]) == (202, "15")
    assert f"{SUB}/operationresults/" in response.headers["Location"]
    assert "Azure-AsyncOperation" not in response.headers
    assert (await cloud.poll(response, "Location")).status == 202
    assert (await cloud.settle(response)).status == 204


async def test_a_moved_resource_has_its_new_id_and_the_old_one_is_not_found():
    cloud = await with_target(await begin())
    before = (await cloud.get(ACCOUNT)).body
    await move(cloud, ACCOUNT)
    assert (await cloud.get(there(ACCOUNT))).body == before | {"id": there(ACCOUNT)}
    gone = await cloud.get(ACCOUNT)
    assert (gone.status, code(gone)) == (404, "ResourceNotFound")


async def test_lists_show_a_moved_resource_in_its_new_group_alone():
    cloud = await with_target(await begin())
    await move(cloud, ACCOUNT)
    ids = {group: (await cloud.get(f"{group}/resources")).body["value"] for group in (GROUP, TARGET)}
    assert [one["id"] for one in ids[TARGET]] == [there(ACCOUNT)]
    assert ACCOUNT not in [one["id"] for one in ids[GROUP]]


async def test_children_move_with_their_network():
    cloud = await with_target(await begin())
    await move(cloud, vnet())
    body = (await cloud.get(there(vnet()))).body
    assert [one["id"] for one in body["properties"]["subnets"]] == [there(subnet())]
    assert (await cloud.get(there(subnet()))).status == 200
    assert (await cloud.get(subnet())).status == 404


async def test_the_endpoint_of_a_moved_network_names_the_new_subnet():
    cloud = await with_target(await with_endpoint())
    await move(cloud, vnet())
    properties = (await cloud.get(ENDPOINT)).body["properties"]
    assert properties["subnet"]["id"] == there(subnet())
    [shown] = (await cloud.get(there(subnet()))).body["properties"]["privateEndpoints"]
    assert shown["id"] == ENDPOINT


async def test_the_endpoint_of_a_moved_target_keeps_the_old_id_and_the_target_its_connection():
    cloud = await with_target(await with_endpoint())
    await move(cloud, ACCOUNT)
    [entry] = (await cloud.get(ENDPOINT)).body["properties"]["privateLinkServiceConnections"]
    assert entry["properties"]["privateLinkServiceId"] == ACCOUNT
    [connection] = (await cloud.get(there(ACCOUNT))).body["properties"]["privateEndpointConnections"]
    assert connection["id"].startswith(f"{there(ACCOUNT)}/privateEndpointConnections/")
    assert connection["properties"]["privateEndpoint"]["id"] == ENDPOINT


async def test_traffic_reaches_an_endpoint_after_its_target_network_and_zone_moved():
    cloud = await with_target(await with_names())
    assert (await move(cloud, ACCOUNT, vnet(), zone_id())).status == 204
    found = reach(cloud.world, there(subnet()), "acct.blob.core.windows.net", 443)
    assert found.reachable, found


async def test_deleting_the_endpoint_of_a_moved_target_removes_the_connection_there():
    cloud = await with_target(await with_endpoint())
    await move(cloud, ACCOUNT)
    await cloud.remove(ENDPOINT)
    shown = (await cloud.get(there(ACCOUNT))).body["properties"]
    assert not shown.get("privateEndpointConnections")


async def test_a_moved_zone_is_the_one_that_its_zone_group_writes_and_removes():
    cloud = await with_target(await with_names())
    await move(cloud, zone_id())
    assert (await cloud.get(f"{there(zone_id())}/A/acct")).status == 200
    await cloud.remove(ENDPOINT)
    assert (await cloud.get(f"{there(zone_id())}/A/acct")).status == 404


async def test_an_endpoint_of_a_sql_server_moves_with_its_interface():
    cloud = await with_target(await begin())
    await cloud.make(SERVER, server_body())
    await cloud.make(ENDPOINT, endpoint_body(SERVER, ("sqlServer",)))
    assert (await move(cloud, ENDPOINT)).status == 204
    [nic] = (await cloud.get(there(ENDPOINT))).body["properties"]["networkInterfaces"]
    assert nic["id"].startswith(TARGET)
    assert (await cloud.get(nic["id"])).body["properties"]["privateEndpoint"]["id"] == there(ENDPOINT)


async def test_an_endpoint_of_a_storage_account_cannot_be_moved():
    cloud = await with_target(await with_endpoint())
    failed = await move(cloud, ENDPOINT)
    assert (failed.status, code(failed)) == (409, "ResourceMoveProviderValidationFailed")
    [detail] = failed.body["error"]["details"]
    assert (detail["code"], detail["target"]) == (
        "CannotMoveResource",
        "Microsoft.Network/privateEndpoints",
    )
    assert reasons(failed) == ["MoveNotSupported"]
    assert (await cloud.get(ENDPOINT)).status == 200


async def test_a_network_with_peerings_cannot_be_moved():
    cloud = await with_target(await begin())
    await cloud.make(vnet("spoke"), network_body("10.1.0.0/16"))
    body = {"properties": {"remoteVirtualNetwork": {"id": vnet("spoke")}}}
    await cloud.make(f"{vnet()}/virtualNetworkPeerings/to-spoke", body)
    assert reasons(await move(cloud, vnet())) == ["MoveNotSupported"]
    await cloud.remove(f"{vnet()}/virtualNetworkPeerings/to-spoke")
    assert (await move(cloud, vnet())).status == 204


async def test_a_name_that_the_target_group_has_already_is_refused():
    cloud = await with_target(await begin())
    await cloud.make(vnet(group=TARGET), network_body())
    failed = await move(cloud, vnet())
    assert "same name" in failed.body["error"]["details"][0]["details"][0]["message"]
    assert (await cloud.get(vnet())).status == 200


async def test_a_resource_with_a_running_operation_is_refused():
    cloud = await with_target(await begin())
    await cloud.put(vnet("new"), network_body("10.2.0.0/16"))
    assert reasons(await move(cloud, vnet("new"))) == ["MoveResourcesHavePendingOperations"]


async def test_the_interface_of_an_endpoint_does_not_move_alone():
    cloud = await with_target(await with_endpoint())
    [nic] = (await cloud.get(ENDPOINT)).body["properties"]["networkInterfaces"]
    assert reasons(await move(cloud, nic["id"])) == ["MoveNotSupported"]


async def test_a_disk_access_cannot_be_moved():
    cloud = await with_target(await begin())
    access = f"{GROUP}/providers/Microsoft.Compute/diskAccesses/disks"
    await cloud.make(access, {"location": "westeurope"})
    assert reasons(await move(cloud, access)) == ["MoveNotSupported"]


async def test_a_subscription_without_the_resource_provider_gets_no_resource_of_it():
    cloud = await with_target(await begin(), ELSEWHERE)
    cloud.world.subscriptions[OTHER.rsplit("/", 1)[1]]["unregistered"] = ["microsoft.storage"]
    assert reasons(await move(cloud, ACCOUNT, to=ELSEWHERE)) == ["MissingRegistrationsForTypes"]


async def test_tags_are_not_written_while_the_resource_moves():
    cloud = await with_target(await begin())
    await ask(cloud, ACCOUNT)
    body = {"operation": "Merge", "properties": {"tags": {"a": "b"}}}
    tagged = await cloud.patch(f"{ACCOUNT}/providers/Microsoft.Resources/tags/default", body)
    assert code(tagged) == "ResourcesBeingMoved"


async def test_writes_and_deletions_in_both_groups_are_refused_until_the_end():
    cloud = await with_target(await begin())
    await cloud.make(there(VAULT), vault_body())
    running = await ask(cloud, ACCOUNT)
    refused = [
        await cloud.put(vnet("new"), network_body("10.2.0.0/16")),
        await cloud.put(vnet("new", TARGET), network_body("10.2.0.0/16")),
        await cloud.delete(vnet()),
        await cloud.delete(there(VAULT)),
        await cloud.delete(GROUP),
        await ask(cloud, vnet()),
    ]
    assert {(one.status, code(one)) for one in refused} == {(409, "ResourcesBeingMoved")}
    assert (await cloud.get(ACCOUNT)).status == 200
    await cloud.settle(running)
    assert (await cloud.put(vnet("new"), network_body("10.2.0.0/16"))).status == 201


async def test_a_validation_changes_and_locks_nothing():
    cloud = await with_target(await begin())
    running = await ask(cloud, ACCOUNT, action="validateMoveResources")
    assert (await cloud.put(vnet("new"), network_body("10.2.0.0/16"))).status == 201
    assert (await cloud.settle(running)).status == 204
    assert (await cloud.get(ACCOUNT)).status == 200


async def test_a_validation_fails_as_the_move_would():
    cloud = await with_target(await with_endpoint())
    failed = await move(cloud, ENDPOINT, action="validateMoveResources")
    assert (failed.status, reasons(failed)) == (409, ["MoveNotSupported"])


async def test_a_network_changes_its_subscription_only_with_what_depends_on_it():
    cloud = await with_target(await begin(), ELSEWHERE)
    await cloud.make(SERVER, server_body())
    await cloud.make(ENDPOINT, endpoint_body(SERVER, ("sqlServer",)))
    failed = await move(cloud, vnet(), to=ELSEWHERE)
    assert set(reasons(failed)) == {"MissingMoveDependentResources"}
    assert (await move(cloud, vnet(), ENDPOINT, to=ELSEWHERE)).status == 204
    body = (await cloud.get(there(ENDPOINT, ELSEWHERE))).body
    assert body["properties"]["subnet"]["id"] == there(subnet(), ELSEWHERE)


async def test_a_read_only_lock_on_a_group_forbids_the_move_but_one_on_the_resource_moves_along():
    cloud = await with_target(await begin())
    lock = "/providers/Microsoft.Authorization/locks/keep"
    await cloud.put(TARGET + lock, {"properties": {"level": "ReadOnly"}})
    assert code(await ask(cloud, ACCOUNT)) == "ScopeLocked"
    await cloud.delete(TARGET + lock)
    await cloud.put(ACCOUNT + lock, {"properties": {"level": "CanNotDelete"}})
    assert (await move(cloud, ACCOUNT)).status == 204
    assert (await cloud.get(there(ACCOUNT) + lock)).body["id"] == there(ACCOUNT) + lock
    assert code(await cloud.delete(there(ACCOUNT))) == "ScopeLocked"


@pytest.mark.parametrize(
    ("ids", "to", "expected"),
    [
        ([subnet()], TARGET, (400, "ResourceNotTopLevel")),
        ([vnet("none")], TARGET, (404, "ResourceNotFound")),
        ([there(ACCOUNT)], TARGET, (400, "InvalidResourceId")),
        ([ACCOUNT], f"{SUB}/resourceGroups/none", (404, "ResourceGroupNotFound")),
        ([], TARGET, (400, "InvalidRequestContent")),
        ([ACCOUNT], "target", (400, "InvalidRequestContent")),
    ],
)
async def test_a_move_that_cannot_be_understood_is_refused_at_once(ids, to, expected):
    cloud = await with_target(await begin())
    response = await ask(cloud, *ids, to=to)
    assert (response.status, code(response)) == expected


async def test_the_role_of_the_app_does_not_move_resources():
    cloud = await with_target(await begin())
    assert code(await ask(cloud, ACCOUNT, as_=APP)) == "AuthorizationFailed"


async def test_a_move_raises_one_event_of_the_action_on_the_source_group():
    cloud = await with_target(await begin())
    heard = []
    cloud.world.emit = heard.append
    await move(cloud, ACCOUNT)
    action = "Microsoft.Resources/subscriptions/resourceGroups/moveResources/action"
    assert [(one.subject, one.operation, one.outcome) for one in heard] == [(GROUP, action, "Success")]


async def test_a_resource_that_moved_there_and_back_is_listed_once_in_its_old_place():
    cloud = await with_target(await begin())
    await cloud.make(f"{GROUP}/providers/Microsoft.Storage/storageAccounts/second", account_body())
    before = [one["id"] for one in (await cloud.get(f"{GROUP}/resources")).body["value"]]
    await move(cloud, ACCOUNT)
    body = {"resources": [there(ACCOUNT)], "targetResourceGroup": GROUP}
    await cloud.settle(await cloud.post(f"{TARGET}/moveResources", body))
    assert [one["id"] for one in (await cloud.get(f"{GROUP}/resources")).body["value"]] == before


def test_the_store_does_not_rename_onto_a_resource_that_exists():
    store = Store()
    one, two = ArmId.parse(ACCOUNT), ArmId.parse(there(ACCOUNT))
    store.add(Resource(one, {}))
    store.add(Resource(two, {}))
    with pytest.raises(ValueError, match="exists"):
        store.rename(one, two)
