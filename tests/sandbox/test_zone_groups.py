"""Zone groups: what they write into zones, and what is refused."""

from tests.sandbox.cloud import APP, GROUP, code
from tests.sandbox.connectivity import (
    ACCOUNT,
    BLOB_ZONE,
    ENDPOINT,
    ZONE_GROUP,
    begin,
    endpoint_body,
    endpoint_id,
    properties,
    with_endpoint,
    with_names,
    zone_group_body,
    zone_id,
)

RECORD = f"{zone_id()}/A/acct"


def configs(body: dict) -> list[dict]:
    return body["properties"]["privateDnsZoneConfigs"]


async def with_zone(name: str = BLOB_ZONE):
    cloud = await with_endpoint()
    await cloud.make(zone_id(name), {"location": "global"})
    return cloud


async def test_a_new_group_is_201_updating_with_its_record_sets_already():
    cloud = await with_zone()
    start = cloud.now
    response = await cloud.put(ZONE_GROUP, zone_group_body())
    assert (response.status, response.body["properties"]["provisioningState"]) == (201, "Updating")
    [config] = configs(response.body)
    [record] = config["properties"]["recordSets"]
    assert record == {
        "recordType": "A",
        "recordSetName": "acct",
        "fqdn": f"acct.{BLOB_ZONE}",
        "ttl": 10,
        "provisioningState": "Updating",
        "ipAddresses": ["10.0.1.4"],
    }
    assert (await cloud.settle(response)).body == {"status": "Succeeded"}
    assert cloud.now - start <= 12


async def test_the_record_names_the_endpoint_that_wrote_it():
    cloud = await with_names()
    guid = (await properties(cloud, ENDPOINT))["resourceGuid"]
    record = await properties(cloud, RECORD)
    assert record["ttl"] == 10
    assert record["aRecords"] == [{"ipv4Address": "10.0.1.4"}]
    assert record["metadata"] == {"creator": f"created by private endpoint pe with resource guid {guid}"}


async def test_an_endpoint_with_a_group_shows_no_names_itself():
    cloud = await with_names()
    assert (await properties(cloud, ENDPOINT))["customDnsConfigs"] == []
    await cloud.remove(ZONE_GROUP)
    assert len((await properties(cloud, ENDPOINT))["customDnsConfigs"]) == 1


async def test_a_zone_of_another_name_is_accepted_and_gets_no_record():
    cloud = await with_zone("www.example.com")
    body = await cloud.make(ZONE_GROUP, zone_group_body(zone_id("www.example.com")))
    [config] = configs(body)
    assert (body["properties"]["provisioningState"], config["properties"]["recordSets"]) == ("Succeeded", [])
    listed = (await cloud.get(f"{zone_id('www.example.com')}/A")).body["value"]
    assert listed == []


async def test_a_missing_zone_is_refused():
    cloud = await with_endpoint()
    response = await cloud.put(ZONE_GROUP, zone_group_body())
    assert (response.status, code(response)) == (400, "InvalidResourceReference")


async def test_a_zone_that_is_deleted_meanwhile_fails_the_group():
    cloud = await with_zone()
    response = await cloud.put(ZONE_GROUP, zone_group_body())
    cloud.world.remove(cloud.world.find(zone_id()).id)
    assert (await cloud.settle(response)).body["status"] == "Failed"
    assert (await properties(cloud, ZONE_GROUP))["provisioningState"] == "Failed"


async def test_a_second_group_of_an_endpoint_is_refused():
    cloud = await with_names()
    response = await cloud.put(f"{ENDPOINT}/privateDnsZoneGroups/other", zone_group_body())
    assert code(response) == "MoreThanOnePrivateDnsZoneGroupPerPrivateEndpointNotAllowed"


async def test_a_sixth_zone_is_refused():
    cloud = await with_endpoint()
    zones = [zone_id(f"z{number}.com") for number in range(6)]
    for one in zones:
        await cloud.make(one, {"location": "global"})
    assert (await cloud.put(ZONE_GROUP, zone_group_body(*zones))).status == 400
    assert (await cloud.put(ZONE_GROUP, zone_group_body(*zones[:5]))).status == 201


async def test_two_configs_of_one_name_are_refused():
    cloud = await with_zone()
    body = zone_group_body(zone_id(), zone_id())
    response = await cloud.put(ZONE_GROUP, body)
    assert code(response) == "InvalidRequestFormat"
    assert response.body["error"]["details"][0]["code"] == "DuplicateResourceName"


async def test_the_zone_of_a_config_cannot_be_changed_in_place():
    cloud = await with_names()
    other = zone_id(group=f"{GROUP}2")
    await cloud.put(f"{GROUP}2", {"location": "westeurope"})
    await cloud.make(other, {"location": "global"})
    response = await cloud.put(ZONE_GROUP, zone_group_body(other))
    assert (response.status, code(response)) == (400, "PrivateDnsZoneConfigCannotBeChanged")


async def test_leaving_a_config_out_removes_its_records():
    cloud = await with_names()
    await cloud.make(zone_id("other.com"), {"location": "global"})
    response = await cloud.put(ZONE_GROUP, zone_group_body(zone_id("other.com")))
    assert (response.status, response.body["properties"]["provisioningState"]) == (200, "Updating")
    await cloud.settle(response)
    assert (await cloud.get(RECORD)).status == 404


async def test_without_the_right_to_join_the_zone_action_and_zone_are_named():
    cloud = await with_zone()
    action = "Microsoft.Network/privateDnsZones/join/action"
    cloud.simulator.access.roles["app"].remove([action])
    response = await cloud.put(ZONE_GROUP, zone_group_body(), as_=APP)
    assert (response.status, code(response)) == (403, "LinkedAuthorizationFailed")
    assert action in response.body["error"]["message"]
    assert zone_id() in response.body["error"]["message"]


async def test_the_last_writer_of_a_name_wins_and_either_deletion_removes_it():
    cloud = await with_names()
    second = endpoint_id("second")
    await cloud.make(second, endpoint_body())
    await cloud.make(f"{second}/privateDnsZoneGroups/default", zone_group_body())
    assert (await properties(cloud, RECORD))["aRecords"] == [{"ipv4Address": "10.0.1.5"}]
    await cloud.remove(ENDPOINT)
    assert (await cloud.get(second)).status == 200
    assert (await cloud.get(RECORD)).status == 404


async def test_a_record_that_a_user_created_is_overwritten():
    cloud = await with_zone()
    await cloud.put(RECORD, {"properties": {"ttl": 3600, "aRecords": [{"ipv4Address": "9.9.9.9"}]}})
    await cloud.make(ZONE_GROUP, zone_group_body())
    assert (await properties(cloud, RECORD))["aRecords"] == [{"ipv4Address": "10.0.1.4"}]


async def test_a_group_on_a_pending_endpoint_is_empty_until_it_is_approved():
    cloud = await begin()
    await cloud.make(ENDPOINT, endpoint_body(manual=True))
    await cloud.make(zone_id(), {"location": "global"})
    body = await cloud.make(ZONE_GROUP, zone_group_body())
    assert configs(body)[0]["properties"]["recordSets"] == []
    [connection] = (await properties(cloud, ACCOUNT))["privateEndpointConnections"]
    state = {"privateLinkServiceConnectionState": {"status": "Approved"}}
    await cloud.put(connection["id"], {"properties": state})
    await cloud.wait(20)
    assert (await properties(cloud, RECORD))["aRecords"] == [{"ipv4Address": "10.0.1.4"}]
    assert len(configs((await cloud.get(ZONE_GROUP)).body)[0]["properties"]["recordSets"]) == 1


async def test_a_group_on_an_endpoint_that_is_being_created_is_429():
    cloud = await begin()
    await cloud.make(zone_id(), {"location": "global"})
    await cloud.put(ENDPOINT, endpoint_body())
    response = await cloud.put(ZONE_GROUP, zone_group_body())
    assert (response.status, code(response)) == (429, "RetryableError")
