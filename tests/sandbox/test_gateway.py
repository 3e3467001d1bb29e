"""What ARM does before and around every service."""

import pytest

from tests.sandbox.cloud import GROUP, OTHER, SUB, code, network_body, subnet, subnet_body, vnet


async def test_a_request_without_api_version_is_refused(cloud):
    response = await cloud.get(GROUP, version=None)
    assert (response.status, code(response)) == (400, "MissingApiVersionParameter")


@pytest.mark.parametrize("version", ["2015-05-01-preview", "2031-12-31"])
async def test_any_well_formed_api_version_is_accepted(cloud, version):
    assert (await cloud.get(GROUP, version=version)).status == 200


async def test_a_malformed_api_version_is_refused(cloud):
    assert code(await cloud.get(GROUP, version="latest")) == "InvalidApiVersionParameter"


async def test_a_request_without_bearer_token_is_401_with_a_challenge(cloud):
    response = await cloud.get(GROUP, as_=None)
    assert response.status == 401
    assert response.headers["WWW-Authenticate"].startswith("Bearer ")


async def test_a_missing_group_is_reported_before_the_resource(cloud):
    response = await cloud.get(vnet(group=f"{SUB}/resourceGroups/nowhere"))
    assert (response.status, code(response)) == (404, "ResourceGroupNotFound")
    assert response.headers["x-ms-failure-cause"] == "gateway"
    assert response.body["error"]["message"] == "Resource group 'nowhere' could not be found."


async def test_a_missing_resource_is_named_with_type_and_group(cloud):
    response = await cloud.get(vnet("gone"))
    assert (response.status, code(response)) == (404, "ResourceNotFound")
    assert (
        "'Microsoft.Network/virtualNetworks/gone' under resource group 'rg'"
        in response.body["error"]["message"]
    )


async def test_reading_below_a_missing_parent_names_the_parent(cloud):
    response = await cloud.get(subnet("one", "gone"))
    assert code(response) == "ResourceNotFound"
    assert "virtualNetworks/gone'" in response.body["error"]["message"]


async def test_writing_below_a_missing_parent_is_parent_not_found(cloud):
    response = await cloud.put(subnet("one", "gone"), subnet_body())
    assert (response.status, code(response)) == (404, "ParentResourceNotFound")


async def test_deleting_below_a_missing_parent_is_404_in_one_of_two_wordings(cloud):
    seen = {code(await cloud.delete(subnet("one", "gone"))) for _ in range(30)}
    assert seen == {"ResourceNotFound", "ParentResourceNotFound"}


async def test_deleting_a_missing_resource_is_204(cloud):
    assert (await cloud.delete(vnet("gone"))).status == 204


async def test_a_missing_child_of_a_network_is_the_services_own_404(cloud):
    await cloud.make(vnet(), network_body())
    response = await cloud.get(subnet("gone"))
    assert (response.status, code(response)) == (404, "NotFound")
    assert response.headers["x-ms-failure-cause"] == "service"


async def test_an_id_in_any_case_reaches_the_resource_and_comes_back_as_created(cloud):
    await cloud.make(vnet("Hub"), network_body())
    shouted = vnet("HUB").replace("resourceGroups", "RESOURCEGROUPS").replace("Microsoft.N", "MICROSOFT.N")
    found = (await cloud.get(shouted)).body
    assert found["id"] == vnet("Hub")
    assert found["type"] == "Microsoft.Network/virtualNetworks"


async def test_a_child_is_filed_under_its_parents_stored_id(cloud):
    await cloud.make(vnet("Hub"), network_body())
    made = await cloud.make(subnet("one", "hUB"), subnet_body())
    assert made["id"] == f"{vnet('Hub')}/subnets/one"


async def test_an_unknown_subscription_is_not_found(cloud):
    response = await cloud.get("/subscriptions/99999999-0000-0000-0000-000000000000/resourceGroups")
    assert (response.status, code(response)) == (404, "SubscriptionNotFound")


async def test_an_unknown_type_is_not_found(cloud):
    response = await cloud.get(f"{GROUP}/providers/Microsoft.Nothing/things/one")
    assert (response.status, code(response)) == (404, "InvalidResourceType")


async def test_an_unknown_path_is_not_found(cloud):
    assert (await cloud.get("/what/is/this")).status == 404


async def test_a_method_that_a_type_lacks_is_405(cloud):
    await cloud.make(vnet(), network_body())
    await cloud.make(subnet(), subnet_body())
    assert (await cloud.send("PATCH", subnet(), {})).status == 405


@pytest.mark.parametrize("body", [None, [], "text"])
async def test_a_put_needs_a_json_object(cloud, body):
    assert code(await cloud.put(vnet(), body)) == "InvalidRequestContent"


async def test_a_tracked_resource_needs_a_location(cloud):
    body = network_body() | {"location": None}
    assert code(await cloud.put(vnet(), body)) == "LocationRequired"


async def test_a_resource_cannot_be_moved_by_a_put(cloud):
    await cloud.make(vnet(), network_body())
    response = await cloud.put(vnet(), network_body() | {"location": "northeurope"})
    assert (response.status, code(response)) == (409, "InvalidResourceLocation")


async def test_a_location_is_normalised(cloud):
    made = await cloud.make(vnet(), network_body() | {"location": "West Europe"})
    assert made["location"] == "westeurope"


async def test_ids_and_limits_are_on_every_answer(cloud):
    first = await cloud.get(GROUP, headers={"x-ms-correlation-request-id": "mine"})
    second = await cloud.get(GROUP)
    assert first.headers["x-ms-correlation-request-id"] == "mine"
    assert first.headers["x-ms-request-id"] != second.headers["x-ms-request-id"]
    left = [int(one.headers["x-ms-ratelimit-remaining-subscription-global-reads"]) for one in (first, second)]
    assert left == [16499, 16498]


async def test_the_251st_read_at_once_is_throttled_with_a_time_to_wait(cloud):
    statuses = [(await cloud.get(GROUP)).status for _ in range(251)]
    assert statuses == [200] * 250 + [429]
    refused = await cloud.get(GROUP)
    assert code(refused) == "SubscriptionRequestsThrottled"
    assert refused.headers["Retry-After"] == "1"
    await cloud.wait(1)
    assert (await cloud.get(GROUP)).status == 200


async def test_a_long_pause_saves_no_more_than_a_full_bucket(cloud):
    await cloud.get(GROUP)
    await cloud.wait(10_000)
    statuses = [(await cloud.get(GROUP)).status for _ in range(251)]
    assert statuses == [200] * 250 + [429]


async def test_each_caller_is_throttled_separately(cloud):
    for _ in range(251):
        await cloud.get(GROUP)
    assert (await cloud.get(GROUP.replace(SUB, OTHER))).status == 404


async def test_too_long_and_too_many_tags_are_refused(cloud):
    long = await cloud.put(vnet(), network_body(tags={"name": "x" * 257}))
    many = await cloud.put(vnet(), network_body(tags={str(number): "x" for number in range(51)}))
    odd = await cloud.put(vnet(), network_body(tags={"a/b": "x"}))
    assert [code(one) for one in (long, many, odd)] == [
        "InvalidTags",
        "InvalidTags",
        "InvalidTagNameCharacters",
    ]


async def test_a_policy_denies_a_type_by_name(cloud):
    deny = {"deny": [{"name": "no-networks", "type": "Microsoft.Network/virtualNetworks"}]}
    await cloud.post("/_sandbox/policies", deny)
    response = await cloud.put(vnet(), network_body())
    assert (response.status, code(response)) == (403, "RequestDisallowedByPolicy")
    assert "no-networks" in response.body["error"]["message"]


async def test_an_unregistered_namespace_is_refused_until_it_is_registered(cloud):
    body = {"subscription": SUB.rsplit("/", 1)[1], "unregister": ["Microsoft.Network"]}
    await cloud.post("/_sandbox/registrations", body)
    refused = await cloud.put(vnet(), network_body())
    assert (refused.status, code(refused)) == (409, "MissingSubscriptionRegistration")
    await cloud.post(f"{SUB}/providers/Microsoft.Network/register")
    assert (await cloud.put(vnet(), network_body())).status == 201


async def test_registration_state_is_shown(cloud):
    shown = (await cloud.get(f"{SUB}/providers/Microsoft.Network")).body
    assert shown["registrationState"] == "Registered"
    assert "virtualNetworks" in [one["resourceType"] for one in shown["resourceTypes"]]


async def test_cloud_metadata_comes_in_both_shapes(cloud):
    one = await cloud.get("/metadata/endpoints", version="2022-09-01", as_=None)
    many = await cloud.get("/metadata/endpoints", version="2019-05-01", as_=None)
    assert one.body["resourceManager"] == "https://arm.test"
    assert many.body[0]["authentication"]["tenant"]
