"""Private endpoints: what is refused, how they are created, changed and deleted, and how they fail."""

import asyncio

import pytest

from tests.sandbox.cloud import APP, GROUP, Cloud, code, network_body, subnet, subnet_body, vnet
from tests.sandbox.connectivity import (
    ACCOUNT,
    ENDPOINT,
    SERVER,
    account_body,
    begin,
    endpoint_body,
    endpoint_id,
    properties,
    server_body,
    status,
    with_endpoint,
    with_names,
    zone_id,
)

REGISTRY = f"{GROUP}/providers/Microsoft.ContainerRegistry/registries/images"


async def refused(cloud: Cloud, body: dict) -> tuple[int, str]:
    response = await cloud.put(ENDPOINT, body)
    return response.status, code(response)


async def interface(cloud: Cloud) -> dict:
    shown = await properties(cloud, ENDPOINT)
    return (await cloud.get(shown["networkInterfaces"][0]["id"])).body


async def test_a_new_endpoint_is_201_updating_with_its_interface_but_without_names():
    cloud = await begin()
    response = await cloud.put(ENDPOINT, endpoint_body())
    assert (response.status, response.headers["Retry-After"]) == (201, "10")
    shown = response.body["properties"]
    assert shown["provisioningState"] == "Updating"
    assert "/networkInterfaces/pe.nic." in shown["networkInterfaces"][0]["id"]
    assert shown["customDnsConfigs"] == []
    state = shown["privateLinkServiceConnections"][0]["properties"]["privateLinkServiceConnectionState"]
    assert (state["status"], state["description"]) == ("Approved", "Auto Approved")


async def test_a_finished_endpoint_shows_the_public_name_and_the_first_free_address():
    cloud = await with_endpoint()
    shown = await properties(cloud, ENDPOINT)
    assert shown["provisioningState"] == "Succeeded"
    assert shown["customDnsConfigs"] == [{"fqdn": "acct.blob.core.windows.net", "ipAddresses": ["10.0.1.4"]}]


async def test_the_put_itself_is_delayed_for_up_to_twenty_seconds():
    delays = []
    for seed in range(20):
        cloud = await begin(seed=seed)
        start = cloud.now
        await cloud.put(ENDPOINT, endpoint_body())
        delays.append(cloud.now - start)
    assert all(0.8 <= one <= 19.6 for one in delays)
    assert max(delays) - min(delays) > 3


async def test_an_account_that_is_still_being_created_is_awaited():
    cloud = Cloud()
    await cloud.begin()
    await cloud.make(vnet(), network_body(subnets={"one": "10.0.1.0/24"}))
    await cloud.put(ACCOUNT, account_body())
    response = await cloud.put(ENDPOINT, endpoint_body())
    assert (await properties(cloud, ACCOUNT))["provisioningState"] == "Succeeded"
    assert (await cloud.settle(response)).body == {"status": "Succeeded"}


async def test_subnet_and_target_show_an_endpoint_only_after_the_delay():
    cloud = Cloud()
    await cloud.begin()
    await cloud.make(vnet(), network_body(subnets={"one": "10.0.1.0/24"}))
    await cloud.put(ACCOUNT, account_body())
    delayed = asyncio.ensure_future(cloud.put(ENDPOINT, endpoint_body()))
    await cloud.wait(1)
    assert "privateEndpoints" not in (await properties(cloud, subnet()))
    await delayed
    assert (await properties(cloud, subnet()))["privateEndpoints"] == [{"id": ENDPOINT}]
    assert (await properties(cloud, subnet()))["purpose"] == "PrivateEndpoints"
    assert len((await properties(cloud, ACCOUNT))["privateEndpointConnections"]) == 1


async def test_each_required_member_takes_an_address_of_its_own():
    cloud = await begin()
    await cloud.make(REGISTRY, {"location": "westeurope", "sku": {"name": "Premium"}})
    await cloud.make(ENDPOINT, endpoint_body(REGISTRY, ["registry"]))
    assert (await properties(cloud, ENDPOINT))["customDnsConfigs"] == [
        {"fqdn": "images.westeurope.data.azurecr.io", "ipAddresses": ["10.0.1.4"]},
        {"fqdn": "images.azurecr.io", "ipAddresses": ["10.0.1.5"]},
    ]


async def test_the_interface_shows_the_member_of_each_address():
    cloud = await with_endpoint()
    nic = await interface(cloud)
    [config] = nic["properties"]["ipConfigurations"]
    assert nic["managedBy"] == nic["properties"]["privateEndpoint"]["id"] == ENDPOINT
    assert config["properties"]["privateIPAddress"] == "10.0.1.4"
    assert config["properties"]["privateLinkConnectionProperties"] == {
        "groupId": "blob",
        "requiredMemberName": "blob",
        "fqdns": ["acct.blob.core.windows.net"],
    }


async def test_an_interface_of_an_endpoint_cannot_be_deleted_by_itself():
    cloud = await with_endpoint()
    response = await cloud.delete((await interface(cloud))["id"])
    assert (response.status, code(response)) == (400, "NicInUseWithPrivateEndpoint")


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        (endpoint_body(groups=[]), 400, "MissingParameterOnPrivateLinkServiceConnection"),
        (endpoint_body(groups=["blob", "file"]), 400, "OnlyOneGroupIdPermitted"),
        (endpoint_body(groups=["vault"]), 400, "InvalidValuesForRequestParameters"),
        (endpoint_body(groups=["BLOB"]), 400, "InvalidValuesForRequestParameters"),
        (endpoint_body(groups=["blob_secondary"]), 400, "InvalidValuesForRequestParameters"),
        (endpoint_body(at=subnet("none")), 400, "InvalidResourceReference"),
        (endpoint_body() | {"location": "northeurope"}, 400, "InvalidResourceReference"),
        (endpoint_body(target=SERVER, groups=["sqlServer"]), 404, "ResourceNotFound"),
        (endpoint_body(privateLinkServiceConnections=[]), 400, "InvalidPrivateLinkServiceConnections"),
    ],
)
async def test_a_body_that_azure_refuses_at_once_is_refused_and_creates_nothing(body, status, error):
    cloud = await begin()
    assert await refused(cloud, body) == (status, error)
    assert (await cloud.get(ENDPOINT)).status == 404
    assert "privateEndpoints" not in (await properties(cloud, subnet()))


async def test_a_target_in_another_region_than_the_network_is_fine():
    cloud = await begin()
    await cloud.make(SERVER, server_body() | {"location": "northeurope"})
    await cloud.make(ENDPOINT, endpoint_body(SERVER, ["sqlServer"]))
    assert (await properties(cloud, ENDPOINT))["provisioningState"] == "Succeeded"


async def test_a_delegated_subnet_is_refused():
    cloud = await begin()
    delegation = {"name": "web", "properties": {"serviceName": "Microsoft.Web/serverFarms"}}
    await cloud.make(subnet("web"), subnet_body("10.0.2.0/24", delegations=[delegation]))
    found = await refused(cloud, endpoint_body(at=subnet("web")))
    assert found == (400, "PrivateEndpointCreationNotAllowedAsSubnetIsDelegated")


async def test_a_full_subnet_is_refused_with_numbers():
    cloud = await begin(prefix="10.0.1.0/29")
    for number in range(3):
        await cloud.make(endpoint_id(f"pe{number}"), endpoint_body(groups=[["blob", "file", "web"][number]]))
    response = await cloud.put(ENDPOINT, endpoint_body(groups=["dfs"]))
    assert (response.status, code(response)) == (400, "SubnetIsFull")
    text = response.body["error"]["message"]
    assert "10.0.1.0/29" in text
    assert "1 IP addresses" in text


async def test_a_subnet_with_capacity_for_one_of_two_members_takes_none():
    cloud = await begin(prefix="10.0.1.0/29")
    await cloud.make(REGISTRY, {"location": "westeurope", "sku": {"name": "Premium"}})
    for group in ("blob", "file"):
        await cloud.make(endpoint_id(group), endpoint_body(groups=[group]))
    response = await cloud.put(ENDPOINT, endpoint_body(REGISTRY, ["registry"]))
    assert "2 IP addresses" in response.body["error"]["message"]
    assert (await cloud.get(ENDPOINT)).status == 404


@pytest.mark.parametrize(
    ("action", "scope"),
    [
        ("Microsoft.Network/virtualNetworks/subnets/join/action", subnet()),
        ("Microsoft.Storage/storageAccounts/PrivateEndpointConnectionsApproval/action", ACCOUNT),
    ],
)
async def test_without_the_right_on_a_linked_scope_both_are_named(action, scope):
    cloud = await begin()
    cloud.simulator.access.roles["app"].remove([action])
    response = await cloud.put(ENDPOINT, endpoint_body(), as_=APP)
    assert (response.status, code(response)) == (403, "LinkedAuthorizationFailed")
    assert action in response.body["error"]["message"]
    assert scope in response.body["error"]["message"]


async def test_a_manual_connection_needs_no_approval_right_and_stays_pending_without_names():
    cloud = await begin()
    action = "Microsoft.Storage/storageAccounts/PrivateEndpointConnectionsApproval/action"
    cloud.simulator.access.roles["app"].remove([action])
    response = await cloud.put(ENDPOINT, endpoint_body(manual=True), as_=APP)
    await cloud.settle(response)
    shown = await properties(cloud, ENDPOINT)
    assert (shown["provisioningState"], shown["customDnsConfigs"]) == ("Succeeded", [])
    assert await status(cloud) == "Pending"
    [config] = (await interface(cloud))["properties"]["ipConfigurations"]
    assert "privateLinkConnectionProperties" not in config["properties"]


async def test_the_same_body_again_is_done_at_once_and_keeps_interface_and_guid():
    cloud = await with_endpoint()
    before = await properties(cloud, ENDPOINT)
    response = await cloud.put(ENDPOINT, endpoint_body() | {"tags": {"a": "b"}})
    assert response.status == 200
    assert "Azure-AsyncOperation" in response.headers
    assert "Retry-After" not in response.headers
    after = (await cloud.get(ENDPOINT)).body
    assert after["tags"] == {"a": "b"}
    for member in ("resourceGuid", "networkInterfaces", "customDnsConfigs", "provisioningState"):
        assert after["properties"][member] == before[member]


async def test_a_put_replaces_everything_tags_too():
    cloud = await begin()
    await cloud.make(ENDPOINT, endpoint_body() | {"tags": {"a": "b"}})
    await cloud.put(ENDPOINT, endpoint_body())
    assert "tags" not in (await cloud.get(ENDPOINT)).body


async def test_a_whole_get_body_can_be_sent_back():
    cloud = await with_endpoint()
    response = await cloud.put(ENDPOINT, (await cloud.get(ENDPOINT)).body)
    assert (response.status, response.body["properties"]["provisioningState"]) == (200, "Succeeded")


async def test_a_static_address_is_taken_and_changing_it_takes_about_half_a_minute():
    def at(address):
        inner = {"groupId": "blob", "memberName": "blob", "privateIPAddress": address}
        return endpoint_body(ipConfigurations=[{"name": "one", "properties": inner}])

    cloud = await begin()
    await cloud.make(ENDPOINT, at("10.0.1.77"))
    assert (await properties(cloud, ENDPOINT))["customDnsConfigs"][0]["ipAddresses"] == ["10.0.1.77"]
    start = cloud.now
    response = await cloud.put(ENDPOINT, at("10.0.1.78"))
    assert (response.status, response.body["properties"]["provisioningState"]) == (200, "Updating")
    await cloud.settle(response)
    assert 30 <= cloud.now - start <= 34
    assert (await properties(cloud, ENDPOINT))["customDnsConfigs"][0]["ipAddresses"] == ["10.0.1.78"]


async def test_an_address_that_is_taken_or_reserved_is_refused():
    def at(address):
        inner = {"groupId": "file", "memberName": "file", "privateIPAddress": address}
        return endpoint_body(groups=["file"], ipConfigurations=[{"name": "one", "properties": inner}])

    cloud = await with_endpoint()
    other = endpoint_id("other")
    assert code(await cloud.put(other, at("10.0.1.4"))) == "PrivateIPAddressInUse"
    assert code(await cloud.put(other, at("10.0.1.3"))) == "PrivateIPAddressInReservedRange"
    assert (await cloud.get(other)).status == 404


async def test_the_interface_has_the_requested_name():
    cloud = await with_endpoint(customNetworkInterfaceName="my-nic")
    assert (await interface(cloud))["name"] == "my-nic"


async def test_the_subnet_of_an_endpoint_cannot_be_changed():
    cloud = await with_endpoint()
    await cloud.make(subnet("two"), subnet_body("10.0.2.0/24"))
    response = await cloud.put(ENDPOINT, endpoint_body(at=subnet("two")))
    assert (response.status, code(response)) == (400, "PrivateEndpointCannotBeUpdated")


async def test_a_subnet_write_meanwhile_mostly_fails_the_endpoint_after_its_201():
    ends = []
    for seed in range(20):
        cloud = await begin(seed=seed)
        await cloud.put(subnet("two"), subnet_body("10.0.2.0/24"))
        response = await cloud.put(ENDPOINT, endpoint_body())
        last = (await cloud.settle(response)).body
        assert response.status == 201
        assert (await properties(cloud, ENDPOINT))["provisioningState"] == last["status"]
        ends.append(last.get("error", {}).get("code"))
    assert ends.count("RetryableError") > ends.count(None) > 0


async def test_a_failed_endpoint_is_restarted_by_the_same_put():
    cloud = await begin()
    cloud.simulator.faults.add(
        {"match": {"method": "PUT", "path": "privateEndpoints"}, "times": 1, "lro_failure": {"code": "X"}}
    )
    await cloud.make(ENDPOINT, endpoint_body())
    assert (await properties(cloud, ENDPOINT))["provisioningState"] == "Failed"
    assert (await properties(cloud, ACCOUNT))["privateEndpointConnections"] == []
    await cloud.make(ENDPOINT, endpoint_body())
    shown = await properties(cloud, ENDPOINT)
    assert (shown["provisioningState"], len(shown["customDnsConfigs"])) == ("Succeeded", 1)
    assert len((await properties(cloud, ACCOUNT))["privateEndpointConnections"]) == 1


async def test_two_endpoints_of_one_account_at_once_mostly_fail_the_second():
    ends = []
    for seed in range(20):
        cloud = await begin(seed=seed)
        first = await cloud.put(endpoint_id("first"), endpoint_body())
        second = await cloud.put(ENDPOINT, endpoint_body(groups=["file"]))
        assert (await cloud.settle(first)).body["status"] == "Succeeded"
        ends.append((await cloud.settle(second)).body.get("error", {}).get("code"))
    assert ends.count("StorageAccountOperationInProgress") > ends.count(None) > 0


async def test_a_target_that_is_deleted_meanwhile_fails_the_endpoint():
    cloud = await begin()
    response = await cloud.put(ENDPOINT, endpoint_body())
    assert (await cloud.delete(ACCOUNT)).status == 200
    last = (await cloud.settle(response)).body
    assert (last["status"], last["error"]["code"]) == ("Failed", "ResourceNotFound")
    assert (await properties(cloud, ENDPOINT))["provisioningState"] == "Failed"


async def test_tags_of_a_target_can_be_written_while_its_endpoint_is_created():
    cloud = await begin()
    await cloud.put(ENDPOINT, endpoint_body())
    assert (await cloud.patch(ACCOUNT, {"tags": {"a": "b"}})).status == 200


async def test_deleting_an_endpoint_deletes_everything_that_belongs_to_it():
    cloud = await with_names()
    nic = (await interface(cloud))["id"]
    assert (await cloud.get(f"{zone_id()}/A/acct")).status == 200
    response = await cloud.delete(ENDPOINT)
    assert response.status == 202
    await cloud.settle(response)
    assert (await cloud.get(ENDPOINT)).status == 404
    assert (await cloud.get(nic)).status == 404
    assert (await cloud.get(f"{zone_id()}/A/acct")).status == 404
    assert (await properties(cloud, ACCOUNT))["privateEndpointConnections"] == []
    shown = await properties(cloud, subnet())
    assert "privateEndpoints" not in shown
    assert "ipConfigurations" not in shown


async def test_deleting_or_changing_an_endpoint_during_its_operation_is_429_with_a_wait():
    cloud = await begin()
    await cloud.put(ENDPOINT, endpoint_body())
    for response in (await cloud.delete(ENDPOINT), await cloud.put(ENDPOINT, endpoint_body())):
        assert (response.status, code(response)) == (429, "RetryableError")
        assert response.body["error"]["details"][0]["code"] == "RetryableErrorDueToAnotherOperation"
        assert 11 <= int(response.headers["Retry-After"]) <= 14


async def test_a_subnet_with_an_endpoint_cannot_be_deleted():
    cloud = await with_endpoint()
    response = await cloud.delete(subnet())
    assert (response.status, code(response)) == (400, "InUseSubnetCannotBeDeleted")


async def test_deleting_the_group_takes_endpoints_before_networks():
    cloud = await with_names()
    response = await cloud.delete(GROUP)
    assert (await cloud.settle(response)).status == 200
    assert cloud.world.find(ENDPOINT) is None
    assert cloud.world.find(vnet()) is None


async def test_durations_follow_the_recorded_quantiles():
    seconds = []
    for seed in range(40):
        cloud = await begin(seed=seed)
        start = cloud.now
        await cloud.settle(await cloud.put(ENDPOINT, endpoint_body()))
        seconds.append(cloud.now - start)
    seconds.sort()
    assert 20 < seconds[20] < 45
    assert seconds[0] >= 10
    assert seconds[36] < 130
