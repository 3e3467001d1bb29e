"""Subscriptions, resource groups, and lists."""

from urllib.parse import unquote_plus

from tests.sandbox.cloud import GROUP, OTHER, SUB, Cloud, code, network_body, subnet, subnet_body, vnet


async def test_a_group_is_made_at_once(cloud):
    first = await cloud.put(f"{SUB}/resourceGroups/new", {"location": "West Europe", "tags": {"a": "b"}})
    second = await cloud.put(f"{SUB}/resourceGroups/new", {"location": "westeurope"})
    assert (first.status, second.status) == (201, 200)
    assert first.body["location"] == "westeurope"
    assert first.body["properties"] == {"provisioningState": "Succeeded"}
    assert first.body["type"] == "Microsoft.Resources/resourceGroups"


async def test_a_group_in_no_region_is_refused(cloud):
    response = await cloud.put(f"{SUB}/resourceGroups/new", {"location": "BadLocation"})
    assert (response.status, code(response)) == (400, "LocationNotAvailableForResourceGroup")


async def test_deleting_a_group_takes_about_two_minutes_and_all_in_it(cloud):
    await cloud.make(vnet(), network_body(subnets={"one": "10.0.1.0/24"}))
    start = cloud.now
    response = await cloud.delete(GROUP)
    assert (response.status, response.headers["Retry-After"]) == (202, "15")
    assert "/operationresults/" in response.headers["Location"]
    assert (await cloud.poll(response, "Location")).status == 202
    last = await cloud.settle(response)
    assert (last.status, last.body) == (200, None)
    assert 115 < cloud.now - start < 135
    seen = {code(await cloud.get(vnet())) for _ in range(60)}
    assert seen == {"ResourceNotFound", "ResourceGroupNotFound"}
    await cloud.wait(10)
    assert {code(await cloud.get(vnet())) for _ in range(60)} == {"ResourceGroupNotFound"}
    assert cloud.world.find(subnet()) is None


async def test_a_group_being_deleted_takes_nothing_new(cloud):
    await cloud.delete(GROUP)
    assert code(await cloud.put(vnet(), network_body())) == "ResourceGroupBeingDeleted"
    assert code(await cloud.put(GROUP, {"location": "westeurope"})) == "ResourceGroupBeingDeleted"


async def test_a_group_whose_subnet_is_in_foreign_use_survives_its_deletion(cloud):
    await cloud.make(vnet(), network_body(subnets={"one": "10.0.1.0/24"}))
    cloud.world.find(subnet()).private["addresses"] = {"10.0.1.4": "a foreign endpoint"}
    response = await cloud.delete(GROUP)
    last = await cloud.settle(response)
    assert (last.status, code(last)) == (409, "ResourceGroupDeletionBlocked")
    assert "Microsoft.Network/virtualNetworks/hub" in last.body["error"]["message"]
    assert (await cloud.get(vnet())).status == 200
    assert (await cloud.get(GROUP)).body["properties"]["provisioningState"] == "Succeeded"


async def test_deleting_a_missing_group_is_404(cloud):
    response = await cloud.delete(f"{SUB}/resourceGroups/gone")
    assert (response.status, code(response)) == (404, "ResourceGroupNotFound")


async def test_subscriptions_are_listed_and_shown(cloud):
    listed = (await cloud.get("/subscriptions")).body["value"]
    assert [one["id"] for one in listed] == [SUB, OTHER]
    assert (await cloud.get(SUB)).body["state"] == "Enabled"


async def test_groups_are_listed_by_tag(cloud):
    await cloud.put(f"{SUB}/resourceGroups/tagged", {"location": "westeurope", "tags": {"Team": "x"}})
    query = {"$filter": "tagName eq 'team' and tagValue eq 'x'"}
    listed = await cloud.get(f"{SUB}/resourceGroups", query=query)
    assert [one["name"] for one in listed.body["value"]] == ["tagged"]


async def test_the_list_of_resources_is_short_and_filtered_by_type(cloud):
    await cloud.make(vnet("a"), network_body(tags={"x": "y"}, subnets={"one": "10.0.1.0/24"}))
    listed = (await cloud.get(f"{SUB}/resources")).body["value"]
    assert [one["name"] for one in listed] == ["a"]
    assert listed[0]["tags"] == {"x": "y"}
    assert "properties" not in listed[0]
    either = "resourceType eq 'Microsoft.Sql/servers' or resourceType eq 'microsoft.network/virtualnetworks'"
    query = {"$filter": either}
    assert len((await cloud.get(f"{SUB}/resources", query=query)).body["value"]) == 1
    none = {"$filter": "resourceType eq 'Microsoft.Sql/servers'"}
    assert (await cloud.get(f"{SUB}/resources", query=none)).body["value"] == []


async def test_a_filter_that_is_not_understood_is_refused(cloud):
    response = await cloud.get(f"{SUB}/resources", query={"$filter": "substringof('x', location)"})
    assert (response.status, code(response)) == (400, "InvalidFilterInQueryString")


async def test_a_long_list_comes_in_pages_on_the_requests_own_host():
    cloud = Cloud()
    await cloud.begin()
    cloud.simulator.throttling.enabled = False
    for number in range(230):
        await cloud.put(vnet(f"n{number}"), network_body())
    names, path, query = [], f"{SUB}/resources", {"$filter": "name ne 'n7'"}
    pages = 0
    while path:
        body = (await cloud.get(path, query=query)).body
        pages += 1
        names += [one["name"] for one in body["value"]]
        path = body.get("nextLink", "")
        if path:
            assert path.startswith("https://arm.test/")
            path = unquote_plus(path.removeprefix("https://arm.test"))
            query = None
    assert pages == 3
    assert sorted(names) == sorted(f"n{number}" for number in range(230) if number != 7)


async def test_children_and_types_are_listed(cloud):
    await cloud.make(vnet("a"), network_body(subnets={"one": "10.0.1.0/24", "two": "10.0.2.0/24"}))
    subnets = (await cloud.get(f"{vnet('a')}/subnets")).body["value"]
    assert [one["name"] for one in subnets] == ["one", "two"]
    everywhere = (await cloud.get(f"{SUB}/providers/Microsoft.Network/virtualNetworks")).body["value"]
    assert [one["name"] for one in everywhere] == ["a"]
    assert (await cloud.get(f"{OTHER}/providers/Microsoft.Network/virtualNetworks")).body["value"] == []


async def test_listing_below_something_missing_names_it(cloud):
    assert code(await cloud.get(f"{vnet('gone')}/subnets")) == "ResourceNotFound"
    gone = vnet(group=f"{SUB}/resourceGroups/gone").rsplit("/", 1)[0]
    assert code(await cloud.get(gone)) == "ResourceGroupNotFound"


async def test_a_group_keeps_its_region(cloud):
    response = await cloud.put(GROUP, {"location": "northeurope"})
    assert (response.status, code(response)) == (409, "InvalidResourceGroupLocation")


async def test_a_subnet_in_another_groups_network_is_not_in_this_group(cloud):
    await cloud.put(f"{SUB}/resourceGroups/rg2", {"location": "westeurope"})
    await cloud.make(vnet(), network_body())
    await cloud.make(subnet(), subnet_body())
    assert (await cloud.get(f"{SUB}/resourceGroups/rg2/resources")).body["value"] == []
