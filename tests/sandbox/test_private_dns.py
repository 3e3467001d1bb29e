"""Private DNS: zones and links in the background, record sets at once, preconditions of both."""

from urllib.parse import parse_qsl, unquote

import pytest

from tests.sandbox.cloud import APP, GROUP, Cloud, code, network_body, vnet
from tests.sandbox.connectivity import BLOB_ZONE, link_body, properties, zone_id

LINK = f"{zone_id()}/virtualNetworkLinks/hub"
RECORD = f"{zone_id()}/A/acct"
COUNTER = "x-ms-ratelimit-remaining-subscription-resource-requests"


def record_body(*addresses: str, ttl: int = 3600) -> dict:
    return {"properties": {"ttl": ttl, "aRecords": [{"ipv4Address": one} for one in addresses]}}


async def with_zone(name: str = BLOB_ZONE) -> Cloud:
    cloud = Cloud()
    await cloud.begin()
    await cloud.make(vnet(), network_body(subnets={"one": "10.0.1.0/24"}))
    await cloud.make(zone_id(name), {"location": "global"})
    return cloud


async def with_link() -> Cloud:
    cloud = await with_zone()
    await cloud.make(LINK, link_body())
    return cloud


async def test_a_zone_put_is_202_with_both_urls_and_half_a_minute_of_waiting(cloud):
    response = await cloud.put(zone_id(), {"location": "global"})
    assert (response.status, response.body, response.headers["Retry-After"]) == (202, {}, "30")
    assert "/privateDnsOperationStatuses/" in response.headers["Azure-AsyncOperation"]
    assert "/privateDnsOperationResults/" in response.headers["Location"]
    assert (await cloud.poll(response)).status == 202
    assert (await cloud.settle(response)).body == {"status": "Succeeded"}


async def test_a_new_zone_has_its_soa_and_counts_its_records():
    cloud = await with_link()
    await cloud.put(RECORD, record_body("10.0.0.1"))
    shown = await properties(cloud, zone_id())
    assert (shown["numberOfRecordSets"], shown["numberOfVirtualNetworkLinks"]) == (2, 1)
    assert (await cloud.get(f"{zone_id()}/SOA/@")).status == 200


async def test_a_zone_that_is_still_being_created_accepts_no_children(cloud):
    await cloud.put(zone_id(), {"location": "global"})
    for path, body in ((RECORD, record_body()), (LINK, link_body())):
        response = await cloud.put(path, body)
        assert (response.status, code(response)) == (404, "ParentResourceNotFound")


async def test_a_second_put_of_a_zone_replaces_its_tags_and_is_202_too():
    cloud = await with_zone()
    response = await cloud.put(zone_id(), {"location": "global", "tags": {"a": "b"}})
    assert response.status == 202
    await cloud.settle(response)
    assert (await cloud.get(zone_id())).body["tags"] == {"a": "b"}


async def test_the_etag_of_a_zone_is_a_bare_guid_and_of_a_link_a_quoted_one():
    cloud = await with_link()
    zone, link = await cloud.get(zone_id()), await cloud.get(LINK)
    assert len(zone.body["etag"]) == 36
    assert zone.headers["ETag"] == zone.body["etag"]
    assert link.body["etag"][0] == link.body["etag"][-1] == '"'


async def test_a_zone_with_a_link_cannot_be_deleted_until_the_link_is_deleted():
    cloud = await with_link()
    removal = await cloud.delete(LINK)
    response = await cloud.delete(zone_id())
    assert (response.status, code(response)) == (409, "CannotDeleteResource")
    assert response.headers["x-ms-failure-cause"] == "gateway"
    await cloud.settle(removal)
    assert (await cloud.delete(zone_id())).status == 202


async def test_deleting_a_missing_object_is_204():
    cloud = await with_zone()
    for path in (zone_id("other.com"), LINK, f"{zone_id('other.com')}/virtualNetworkLinks/x", RECORD):
        assert (await cloud.delete(path)).status == 204


async def test_if_none_match_on_an_existing_zone_or_link_fails_in_the_poll():
    cloud = await with_link()
    for path, body in ((zone_id(), {"location": "global"}), (LINK, link_body())):
        response = await cloud.put(path, body, headers={"if-none-match": "*"})
        assert response.status == 202
        last = await cloud.settle(response)
        assert (last.status, last.body["status"]) == (200, "Failed")
        assert last.body["error"]["code"] == "PreconditionFailed"
        assert (await properties(cloud, path))["provisioningState"] == "Succeeded"


async def test_a_link_delete_with_another_etag_fails_in_the_poll_and_deletes_nothing():
    cloud = await with_link()
    response = await cloud.delete(LINK, headers={"if-match": '"other"'})
    assert (await cloud.settle(response)).body["error"]["code"] == "PreconditionFailed"
    assert (await cloud.get(LINK)).status == 200


async def test_a_finished_link_is_succeeded_and_completed():
    cloud = await with_zone()
    start = cloud.now
    response = await cloud.put(LINK, link_body())
    assert (await properties(cloud, LINK))["virtualNetworkLinkState"] == "InProgress"
    await cloud.settle(response)
    shown = await properties(cloud, LINK)
    assert (shown["provisioningState"], shown["virtualNetworkLinkState"]) == ("Succeeded", "Completed")
    assert cloud.now - start >= 30


async def test_a_registration_link_is_succeeded_before_it_is_completed():
    cloud = await with_zone()
    await cloud.make(LINK, link_body(registrationEnabled=True))
    shown = await properties(cloud, LINK)
    assert (shown["provisioningState"], shown["virtualNetworkLinkState"]) == ("Succeeded", "InProgress")
    await cloud.wait(60)
    assert (await properties(cloud, LINK))["virtualNetworkLinkState"] == "Completed"


async def test_a_network_cannot_be_linked_to_two_zones_of_one_name():
    cloud = await with_link()
    await cloud.put(f"{GROUP}2", {"location": "westeurope"})
    other = zone_id(group=f"{GROUP}2")
    await cloud.make(other, {"location": "global"})
    response = await cloud.put(f"{other}/virtualNetworkLinks/hub", link_body())
    last = (await cloud.settle(response)).body
    assert (response.status, last["status"], last["error"]["code"]) == (202, "Failed", "BadRequest")
    assert "overlapping namespaces" in last["error"]["message"]
    assert (await cloud.get(f"{other}/virtualNetworkLinks/hub")).status == 404


async def test_a_second_link_of_a_network_to_one_zone_fails_in_the_poll():
    cloud = await with_link()
    response = await cloud.put(f"{zone_id()}/virtualNetworkLinks/again", link_body())
    assert (await cloud.settle(response)).body["error"]["code"] == "BadRequest"


async def test_a_network_may_be_linked_to_a_zone_and_to_one_below_it():
    cloud = await with_link()
    below = zone_id(f"sub.{BLOB_ZONE}")
    await cloud.make(below, {"location": "global"})
    body = await cloud.make(f"{below}/virtualNetworkLinks/hub", link_body())
    assert body["properties"]["virtualNetworkLinkState"] == "Completed"


async def test_without_the_right_to_join_the_network_a_link_is_403():
    cloud = await with_zone()
    action = "Microsoft.Network/virtualNetworks/join/action"
    cloud.simulator.access.roles["app"].remove([action])
    response = await cloud.put(LINK, link_body(), as_=APP)
    assert (response.status, code(response)) == (403, "LinkedAuthorizationFailed")
    assert action in response.body["error"]["message"]


async def test_the_resolution_policy_is_kept():
    cloud = await with_zone()
    body = await cloud.make(LINK, link_body(resolutionPolicy="NxDomainRedirect"))
    assert body["properties"]["resolutionPolicy"] == "NxDomainRedirect"


async def test_a_record_set_is_201_then_200_at_once_and_shown_in_upper_case():
    cloud = await with_zone()
    first = await cloud.put(f"{zone_id()}/a/acct", record_body("10.0.0.1"))
    second = await cloud.put(RECORD, record_body("10.0.0.2"))
    assert (first.status, second.status) == (201, 200)
    assert first.body["id"] == RECORD
    assert first.body["properties"]["fqdn"] == f"acct.{BLOB_ZONE}."
    assert (await properties(cloud, RECORD))["aRecords"] == [{"ipv4Address": "10.0.0.2"}]
    assert (await cloud.delete(RECORD)).status == 200


async def test_a_record_precondition_is_412_at_once_without_the_usual_envelope():
    cloud = await with_zone()
    await cloud.put(RECORD, record_body("10.0.0.1"))
    response = await cloud.put(RECORD, record_body("10.0.0.2"), headers={"if-none-match": "*"})
    assert (response.status, response.body["code"]) == (412, "PreconditionFailed")
    response = await cloud.put(RECORD, record_body("10.0.0.2"), headers={"if-match": "other"})
    assert response.status == 412
    assert (await properties(cloud, RECORD))["aRecords"] == [{"ipv4Address": "10.0.0.1"}]


async def test_the_list_of_all_names_holds_every_kind():
    cloud = await with_zone()
    await cloud.put(RECORD, record_body("10.0.0.1"))
    await cloud.put(f"{zone_id()}/CNAME/www", {"properties": {"cnameRecord": {"cname": "a.com"}}})
    kinds = {one["type"].rsplit("/", 1)[1] for one in (await cloud.get(f"{zone_id()}/ALL")).body["value"]}
    assert kinds == {"SOA", "A", "CNAME"}


async def test_the_list_of_one_kind_holds_no_other_and_comes_in_pages():
    cloud = await with_zone()
    cloud.simulator.throttling.enabled = False
    await cloud.put(f"{zone_id()}/CNAME/www", {"properties": {"cnameRecord": {"cname": "a.com"}}})
    for number in range(130):
        await cloud.put(f"{zone_id()}/A/n{number}", record_body("10.0.0.1"))
    first = (await cloud.get(f"{zone_id()}/A")).body
    path, _, query = first["nextLink"].removeprefix("https://arm.test").partition("?")
    second = (await cloud.get(unquote(path), query=dict(parse_qsl(query)))).body
    assert "nextLink" not in second
    names = [one["name"] for one in (*first["value"], *second["value"])]
    assert sorted(names) == sorted(f"n{number}" for number in range(130))


@pytest.mark.parametrize(
    "path", [zone_id(), RECORD, f"{zone_id()}/A", f"{zone_id()}/ALL", f"{zone_id()}/virtualNetworkLinks"]
)
async def test_reads_are_counted_down_and_run_out_after_five_hundred(path):
    cloud = await with_zone()
    cloud.simulator.throttling.enabled = False
    await cloud.put(RECORD, record_body("10.0.0.1"))
    await cloud.wait(400)
    first = await cloud.get(path)
    assert first.headers[COUNTER] == "499"
    for _ in range(499):
        last = await cloud.get(path)
    assert (last.status, last.headers[COUNTER]) == (200, "0")
    refused = await cloud.get(path)
    assert refused.status == 429
    await cloud.wait(int(refused.headers["Retry-After"]))
    assert (await cloud.get(path)).status == 200
