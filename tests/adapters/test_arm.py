"""The adapter over the simulated Azure: what a caller gets once the operation is over."""

import asyncio

import pytest

from shared.core.base.errors import BlockedError, PermanentError, StillRunning, TransientError
from shared.core.base.ids import GroupId
from shared.core.base.request_count import counting
from tests.adapters.azure import (
    ACCOUNT,
    ENDPOINT,
    GROUP,
    HOST,
    LATE,
    LINK,
    NETWORK,
    STORAGE_API,
    SUBNET,
    ZONE,
    ZONE_GROUP,
    Cloud,
    Said,
    arm_over,
    endpoint_body,
    link_body,
    said,
    zone_group_body,
)


@pytest.fixture
async def cloud():
    made = Cloud()
    await made.begin()
    yield made
    made.simulator.events.close()


async def test_a_written_endpoint_comes_back_settled_with_its_interface(cloud):
    body = await cloud.arm.put(ENDPOINT, endpoint_body(), deadline=LATE)
    assert body["properties"]["provisioningState"] == "Succeeded"
    assert body["properties"]["networkInterfaces"]


async def test_a_body_is_returned_as_received_with_unknown_properties(cloud):
    cloud.simulator.world.find(NETWORK.text).body["properties"]["ofTheFuture"] = {"a": [None, 1]}
    theirs = await cloud.user("GET", NETWORK.text)
    assert await cloud.arm.get(NETWORK) == theirs.body


async def test_a_second_write_of_the_same_endpoint_is_done_at_once(cloud):
    await cloud.arm.put(ENDPOINT, endpoint_body(), deadline=LATE)
    with counting() as tally:
        await cloud.arm.put(ENDPOINT, endpoint_body(), deadline=LATE)
    assert (tally.requests, tally.writes) == (1, 1)


async def test_polls_are_counted_as_requests_and_not_as_writes(cloud):
    with counting() as tally:
        await cloud.arm.put(ENDPOINT, endpoint_body(), deadline=LATE)
    assert tally.requests == len(cloud.sent) > 2
    assert tally.writes == 1


async def test_a_zone_group_reports_its_records_when_it_returns(cloud):
    await cloud.arm.put(ENDPOINT, endpoint_body(), deadline=LATE)
    body = await cloud.arm.put(ZONE_GROUP, zone_group_body(), deadline=LATE)
    config = body["properties"]["privateDnsZoneConfigs"][0]["properties"]
    assert config["recordSets"][0]["recordSetName"] == "orders"


async def test_a_link_returns_when_names_resolve_over_it(cloud):
    body = await cloud.arm.put(LINK, link_body(), deadline=LATE)
    assert body["properties"]["virtualNetworkLinkState"] == "Completed"


async def test_a_link_with_registration_is_awaited_past_its_operation(cloud):
    body = link_body()
    body["properties"]["registrationEnabled"] = True
    made = await cloud.arm.put(LINK, body, deadline=LATE)
    assert made["properties"]["virtualNetworkLinkState"] == "Completed"


async def test_a_network_linked_to_another_zone_of_the_name_is_blocked_from_the_poll(cloud):
    other = GroupId(GROUP.subscription, "rg").resource("Microsoft.Network/privateDnsZones", ZONE.name)
    elsewhere = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/other"
    await cloud.user("PUT", elsewhere, {"location": "westeurope"})
    twin = other.text.replace("/resourceGroups/rg/", "/resourceGroups/other/")
    cloud.simulator.world.instant = True
    await cloud.user("PUT", twin, {"location": "global"})
    await cloud.user("PUT", f"{twin}/virtualNetworkLinks/theirs", link_body())
    cloud.simulator.world.instant = False
    with pytest.raises(BlockedError, match="overlapping") as caught:
        await cloud.arm.put(LINK, link_body(), deadline=LATE)
    assert caught.value.code == "VirtualNetworkLinkedElsewhere"
    assert "link to the other zone" in caught.value.remedy


@pytest.mark.parametrize(
    "missing",
    [ENDPOINT, ZONE_GROUP, LINK, GroupId(GROUP.subscription, "nowhere").resource(ACCOUNT.type, "d")],
)
async def test_a_missing_resource_is_none(cloud, missing):
    assert await cloud.arm.get(missing, api_version=STORAGE_API) is None


async def test_a_type_that_the_api_version_does_not_know_is_never_read_as_deleted(cloud):
    await cloud.fault(
        {
            "match": {"path": "orders"},
            "answer": {"status": 404, "code": "InvalidResourceType", "message": "no"},
        }
    )
    with pytest.raises(PermanentError):
        await cloud.arm.get(ACCOUNT, api_version=STORAGE_API)


async def test_a_subscription_out_of_reach_is_never_read_as_deleted(cloud):
    gone = GroupId("99999999-0000-0000-0000-000000000009", "rg").resource("Microsoft.Sql/servers", "s")
    with pytest.raises(BlockedError) as caught:
        await cloud.arm.get(gone, api_version="2023-08-01")
    assert caught.value.code == "SubscriptionNotFound"


async def test_a_target_of_any_type_is_read_with_the_version_that_is_asked_for(cloud):
    body = await cloud.arm.get(ACCOUNT, api_version=STORAGE_API)
    assert body["kind"] == "StorageV2"


async def test_reading_an_unknown_type_without_a_version_is_refused_before_it_is_sent(cloud):
    with pytest.raises(PermanentError, match="API version"):
        await cloud.arm.get(ACCOUNT)
    assert cloud.sent == []


async def test_members_of_a_collection_are_listed_in_raw_json(cloud):
    await cloud.arm.put(LINK, link_body(), deadline=LATE)
    listed = await cloud.arm.list(ZONE, "virtualNetworkLinks")
    assert listed == [await cloud.arm.get(LINK)]


async def test_a_collection_of_a_missing_parent_is_empty(cloud):
    assert await cloud.arm.list(ENDPOINT, "privateDnsZoneGroups") == []


async def test_a_deleted_endpoint_is_gone_when_the_call_returns(cloud):
    await cloud.arm.put(ENDPOINT, endpoint_body(), deadline=LATE)
    await cloud.arm.delete(ENDPOINT, deadline=LATE)
    assert (await cloud.user("GET", ENDPOINT.text)).status == 404


async def test_a_deleted_link_is_gone_when_the_call_returns(cloud):
    await cloud.arm.put(LINK, link_body(), deadline=LATE)
    await cloud.arm.delete(LINK, deadline=LATE)
    assert await cloud.arm.list(ZONE, "virtualNetworkLinks") == []


@pytest.mark.parametrize("missing", [ENDPOINT, LINK, ZONE_GROUP])
async def test_deleting_a_missing_resource_is_fine(cloud, missing):
    await cloud.arm.delete(missing, deadline=LATE)
    assert [method for method, _ in cloud.sent] == ["DELETE"]


async def test_a_wait_that_would_pass_the_deadline_ends_while_the_operation_runs(cloud):
    with pytest.raises(StillRunning):
        await cloud.arm.put(ENDPOINT, endpoint_body(), deadline=asyncio.get_running_loop().time() + 5)
    body = await cloud.arm.settle(ENDPOINT, deadline=LATE)
    assert body["properties"]["provisioningState"] == "Succeeded"


async def test_settling_a_deleted_resource_is_none(cloud):
    assert await cloud.arm.settle(ENDPOINT, deadline=LATE) is None


@pytest.mark.parametrize("code", ["RetryableError", "StorageAccountOperationInProgress"])
async def test_a_lock_that_fails_the_operation_is_transient(cloud, code):
    await cloud.fault(
        {"match": {"method": "PUT"}, "times": 1, "lro_failure": {"code": code, "message": "busy"}}
    )
    with pytest.raises(TransientError) as caught:
        await cloud.arm.put(ENDPOINT, endpoint_body(), deadline=LATE)
    assert caught.value.code == code
    assert (await cloud.arm.put(ENDPOINT, endpoint_body(), deadline=LATE))["properties"]


async def test_an_unknown_failure_of_an_operation_is_permanent_and_keeps_azures_message(cloud):
    failure = {"code": "SomethingNew", "message": "it broke"}
    await cloud.fault({"match": {"method": "PUT"}, "times": 1, "lro_failure": failure})
    with pytest.raises(PermanentError, match="SomethingNew: it broke"):
        await cloud.arm.put(ENDPOINT, endpoint_body(), deadline=LATE)


@pytest.mark.parametrize(
    ("action", "scope"),
    [
        ("Microsoft.Network/privateEndpoints/write", ENDPOINT.text),
        ("Microsoft.Network/virtualNetworks/subnets/join/action", SUBNET.text),
        ("Microsoft.Storage/storageAccounts/PrivateEndpointConnectionsApproval/action", ACCOUNT.text),
    ],
)
async def test_a_missing_right_is_named_in_the_remedy(cloud, action, scope):
    cloud.simulator.access.roles["app"].remove([action])
    with pytest.raises(BlockedError) as caught:
        await cloud.arm.put(ENDPOINT, endpoint_body(), deadline=LATE)
    assert action.rsplit("/", 2)[-2] in caught.value.remedy
    assert scope.lower() in caught.value.remedy.lower()


async def test_a_right_missing_on_the_target_blocks_reading_it(cloud):
    cloud.simulator.access.roles["app"].remove(["Microsoft.Storage/storageAccounts/read"])
    with pytest.raises(BlockedError, match="AuthorizationFailed") as caught:
        await cloud.arm.get(ACCOUNT, api_version=STORAGE_API)
    assert "Microsoft.Storage/storageAccounts/read" in caught.value.remedy


async def test_a_network_is_never_written_as_a_whole(cloud):
    with pytest.raises(PermanentError, match="does not write"):
        await cloud.arm.put(NETWORK, {"properties": {}}, deadline=LATE)
    with pytest.raises(PermanentError, match="does not write"):
        await cloud.arm.delete(NETWORK, deadline=LATE)
    assert cloud.sent == []


async def test_a_security_group_is_made_and_never_deleted(cloud):
    group = GROUP.resource("Microsoft.Network/networkSecurityGroups", "n")
    made = await cloud.arm.put(group, {"location": "westeurope", "properties": {}}, deadline=LATE)
    assert made["properties"]["provisioningState"] == "Succeeded"
    sent = cloud.sent
    with pytest.raises(PermanentError, match="does not delete"):
        await cloud.arm.delete(group, deadline=LATE)
    assert cloud.sent == sent


async def test_a_subnet_is_read_changed_and_written_back(cloud):
    body = await cloud.arm.get(SUBNET)
    body["properties"]["privateEndpointNetworkPolicies"] = "NetworkSecurityGroupEnabled"
    made = await cloud.arm.put(SUBNET, body, deadline=LATE)
    assert made["properties"]["privateEndpointNetworkPolicies"] == "NetworkSecurityGroupEnabled"
    assert made["properties"]["addressPrefix"] == "10.0.1.0/24"


async def test_a_patch_of_a_target_of_any_type_returns_the_changed_body(cloud):
    cloud.allow_everything()
    patch = {"properties": {"publicNetworkAccess": "Disabled"}}
    body = await cloud.arm.patch(ACCOUNT, patch, api_version=STORAGE_API, deadline=LATE)
    assert body["properties"]["publicNetworkAccess"] == "Disabled"


async def test_a_patch_that_takes_long_is_awaited(cloud):
    server = GROUP.resource("Microsoft.Sql/servers", "orders-sql")
    cloud.simulator.world.instant = True
    login = {"administratorLogin": "a", "administratorLoginPassword": "P@ssw0rd-1"}
    await cloud.user("PUT", server.text, {"location": "westeurope", "properties": login}, "2023-08-01")
    cloud.simulator.world.instant = False
    cloud.allow_everything()
    patch = {"properties": {"publicNetworkAccess": "Disabled"}}
    body = await cloud.arm.patch(server, patch, api_version="2023-08-01", deadline=LATE)
    assert body["properties"]["publicNetworkAccess"] == "Disabled"


async def test_resources_come_in_pages(cloud):
    pages = [page async for page in cloud.arm.resources(GROUP.subscription)]
    assert ACCOUNT.key in [entry["id"].lower() for page in pages for entry in page]


async def test_any_list_is_read_in_the_version_asked_for_to_its_last_page():
    following = f"{HOST}/subscriptions/s/providers/A.B/c?api-version=2024-01-01&$skipToken=2"
    azure = Said(
        said(200, {"value": [{"name": "one"}], "nextLink": following}),
        said(200, {"value": [], "nextLink": following}),
        said(200, {"value": [{"name": "two"}]}),
    )
    pages = arm_over(azure).pages("/subscriptions/s/providers/A.B/c", api_version="2024-01-01")
    assert [entry["name"] async for page in pages for entry in page] == ["one", "two"]
    assert [request.query["api-version"] for request in azure.asked] == ["2024-01-01"] * 3
    assert [request.query.get("$skiptoken") for request in azure.asked] == [None, "2", "2"]


async def test_a_list_that_is_refused_raises(cloud):
    await cloud.fault(
        {"match": {"path": "vaults$"}, "answer": {"status": 403, "code": "AuthorizationFailed"}}
    )
    path = f"/subscriptions/{GROUP.subscription}/providers/Microsoft.KeyVault/vaults"
    with pytest.raises(BlockedError):
        _ = [page async for page in cloud.arm.pages(path, api_version="2023-07-01")]


async def test_a_read_is_retried_when_the_connection_drops(cloud):
    await cloud.fault({"match": {"path": "hub"}, "times": 2, "drop": "before"})
    assert (await cloud.arm.get(NETWORK))["name"] == "hub"


async def test_a_write_whose_connection_drops_is_sent_once_and_left_to_the_caller(cloud):
    await cloud.fault({"match": {"method": "PUT"}, "times": 1, "drop": "after"})
    with pytest.raises(TransientError) as caught:
        await cloud.arm.put(ENDPOINT, endpoint_body(), deadline=LATE)
    assert caught.value.code == "NoAnswer"
    assert cloud.sent == [("PUT", "privateEndpoints")]


async def test_waiting_continues_when_polls_fail(cloud):
    await cloud.fault({"match": {"method": "GET", "path": "privateEndpoints"}, "times": 3, "drop": "before"})
    await cloud.fault(
        {
            "match": {"method": "GET", "path": "privateEndpoints"},
            "times": 2,
            "answer": {"status": 503, "code": "ServiceUnavailable", "message": "later"},
        }
    )
    body = await cloud.arm.put(ENDPOINT, endpoint_body(), deadline=LATE)
    assert body["properties"]["provisioningState"] == "Succeeded"


async def test_at_another_speed_the_same_endpoint_costs_the_same_reads():
    counts = []
    for speed in (2.0, 100.0):
        cloud = Cloud(seed=5, speed=speed)
        await cloud.begin()
        await cloud.arm.put(ENDPOINT, endpoint_body(), deadline=LATE)
        counts.append(len(cloud.sent))
        cloud.simulator.events.close()
    assert counts[0] == counts[1]


async def test_the_halves_of_a_peering_are_written_synced_and_deleted(cloud):
    spoke = GROUP.resource("Microsoft.Network/virtualNetworks", "spoke")
    cloud.simulator.world.instant = True
    space = {"addressSpace": {"addressPrefixes": ["10.1.0.0/16"]}}
    await cloud.user("PUT", spoke.text, {"location": "westeurope", "properties": space})
    cloud.simulator.world.instant = False
    halves = {
        NETWORK.child("virtualNetworkPeerings", "out"): spoke,
        spoke.child("virtualNetworkPeerings", "in"): NETWORK,
    }
    for half, remote in halves.items():
        body = {"properties": {"remoteVirtualNetwork": {"id": remote.text}}}
        made = await cloud.arm.put(half, body, deadline=LATE, query={"syncRemoteAddressSpace": "true"})
    assert made["properties"]["peeringState"] == "Connected"
    assert [found["name"] for found in await cloud.arm.list(NETWORK, "virtualNetworkPeerings")] == ["out"]
    for half in halves:
        await cloud.arm.delete(half, deadline=LATE)
    assert await cloud.arm.list(spoke, "virtualNetworkPeerings") == []


async def test_a_security_rule_is_written_into_its_group_and_deleted_again(cloud):
    group = GROUP.resource("Microsoft.Network/networkSecurityGroups", "nsg")
    cloud.simulator.world.instant = True
    await cloud.user("PUT", group.text, {"location": "westeurope", "properties": {}})
    cloud.simulator.world.instant = False
    anywhere = {"sourcePortRange": "*", "destinationPortRange": "443", "sourceAddressPrefix": "*"}
    rule = {"protocol": "Tcp", "access": "Allow", "direction": "Inbound", "priority": 1000, **anywhere}
    body = {"properties": {**rule, "destinationAddressPrefix": "10.0.1.4"}}
    at = group.child("securityRules", "one")
    assert (await cloud.arm.put(at, body, deadline=LATE))["properties"]["provisioningState"] == "Succeeded"
    with pytest.raises(BlockedError) as caught:
        await cloud.arm.put(group.child("securityRules", "two"), body, deadline=LATE)
    assert caught.value.code == "SecurityRuleConflict"
    await cloud.arm.delete(at, deadline=LATE)
    assert await cloud.arm.list(group, "securityRules") == []
