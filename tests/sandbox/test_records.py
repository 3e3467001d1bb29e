"""What is read about a subscription: activity, policies, tags, event subscriptions, offers of regions."""

import pytest

from tests.sandbox.cloud import APP, GROUP, SUB, code, network_body, subnet, subnet_body, vnet

LOG = f"{SUB}/providers/Microsoft.Insights/eventtypes/management/values"
EVENTS = "providers/Microsoft.EventGrid/eventSubscriptions"
HOOK = {
    "destination": {"endpointType": "WebHook", "properties": {"endpointUrl": "https://x.example/e?code=1"}}
}
TOPIC = f"{GROUP}/providers/Microsoft.EventGrid/systemTopics/all"
ABOUT_ALL = {"source": SUB, "topicType": "Microsoft.Resources.Subscriptions"}
POLICIES = "providers/Microsoft.Authorization"


# The activity log


async def entries(cloud, text="", **query):
    asked = {"$filter": f"eventTimestamp ge '2026-01-01T00:00:00Z'{text}"} | query
    answer = await cloud.get(LOG, query=asked, version="2015-04-01")
    assert answer.status == 200, answer.body
    return answer.body["value"]


async def test_the_log_has_each_change_with_its_caller_the_last_one_first(cloud):
    await cloud.make(vnet(), network_body())
    await cloud.make(subnet(), subnet_body())
    found = await entries(cloud, f" and resourceUri eq '{vnet()}'")
    assert [one["operationName"]["value"] for one in found] == ["Microsoft.Network/virtualNetworks/write"]
    assert found[0]["status"]["value"] == "Succeeded"
    assert found[0]["resourceGroupName"] == "rg"
    every = [one["operationName"]["value"] for one in await entries(cloud)]
    assert every[0] == "Microsoft.Network/virtualNetworks/subnets/write"
    assert every[-1] == "Microsoft.Resources/subscriptions/resourceGroups/write"
    assert len({one["eventDataId"] for one in await entries(cloud)}) == len(every)


async def test_the_log_is_filtered_by_time_group_provider_and_members(cloud):
    await cloud.wait(3600)
    await cloud.put(f"{SUB}/resourceGroups/other", {"location": "westeurope"})
    assert [one["resourceGroupName"] for one in await entries(cloud)] == ["other", "rg"]
    early = await entries(cloud, " and eventTimestamp le '2026-01-01T00:30:00'")
    assert [one["resourceGroupName"] for one in early] == ["rg"]
    assert len(await entries(cloud, " and resourceGroupName eq 'OTHER'")) == 1
    bare = await cloud.get(LOG, query={"$filter": "eventTimestamp ge 2026-01-01T00:59:00.5"})
    assert [one["resourceGroupName"] for one in bare.body["value"]] == ["other"]
    assert await entries(cloud, " and resourceProvider eq 'Microsoft.Sql'") == []
    chosen = await entries(cloud, **{"$select": "caller, eventTimestamp"})
    assert {frozenset(one) for one in chosen} == {frozenset({"caller", "eventTimestamp"})}


@pytest.mark.parametrize(
    "text",
    ["", "resourceGroupName eq 'rg'", "eventTimestamp ge 'noon'", "eventTimestamp ge '2026-01-01' or 1",
     "eventTimestamp ge '2026-01-01' and level eq 'Error'"],
)  # fmt: skip
async def test_the_log_refuses_a_filter_without_a_beginning_and_other_fields(cloud, text):
    assert (await cloud.get(LOG, query={"$filter": text})).status == 400


async def test_a_role_without_the_right_does_not_read_the_log(cloud):
    cloud.simulator.access.roles["app"].actions = ["Microsoft.Network/*"]
    assert code(await cloud.get(LOG, as_=APP)) == "AuthorizationFailed"


# Policies


async def test_assigned_policies_are_listed_where_they_apply(cloud):
    rules = [
        {"name": "no-vaults", "type": "Microsoft.KeyVault/vaults"},
        {"name": "here", "type": "Microsoft.Sql/servers", "scope": GROUP, "message": "Ask us."},
    ]
    assert (await cloud.post("/_sandbox/policies", {"deny": rules})).status == 200
    for scope, names in ((SUB, ["no-vaults", "here"]), (GROUP, ["no-vaults", "here"]),
                         (f"{SUB}/resourceGroups/other", ["no-vaults"])):  # fmt: skip
        found = await cloud.get(f"{scope}/{POLICIES}/policyAssignments")
        assert [one["name"] for one in found.body["value"]] == names
    here = (await cloud.get(f"{GROUP}/{POLICIES}/policyAssignments/here")).body
    assert here["properties"]["nonComplianceMessages"] == [{"message": "Ask us."}]
    elsewhere = await cloud.get(f"{SUB}/{POLICIES}/policyAssignments/here")
    assert (elsewhere.status, code(elsewhere)) == (404, "PolicyAssignmentNotFound")


async def test_the_definition_of_an_assignment_says_what_it_denies(cloud):
    rule = {"name": "no-vaults", "type": "Microsoft.KeyVault/vaults", "unless": {"location": "westeurope"}}
    await cloud.post("/_sandbox/policies", {"deny": [rule]})
    (assigned,) = (await cloud.get(f"{SUB}/{POLICIES}/policyAssignments")).body["value"]
    found = (await cloud.get(assigned["properties"]["policyDefinitionId"])).body
    assert found["properties"]["policyRule"]["then"] == {"effect": "deny"}
    assert found["properties"]["policyRule"]["if"]["allOf"][0] == {"field": "type", "equals": rule["type"]}
    missing = await cloud.get(f"{SUB}/{POLICIES}/policyDefinitions/gone")
    assert (missing.status, code(missing)) == (404, "PolicyDefinitionNotFound")


# Event subscriptions


async def test_an_event_subscription_is_kept_without_the_key_of_its_webhook(cloud):
    made = await cloud.put(f"{SUB}/{EVENTS}/all", {"properties": HOOK})
    assert made.status == 201
    shown = (await cloud.get(f"{SUB}/{EVENTS}/all")).body
    assert shown == made.body
    assert shown["properties"]["destination"]["properties"] == {"endpointBaseUrl": "https://x.example/e"}
    assert shown["properties"]["retryPolicy"]["maxDeliveryAttempts"] == 30
    changed = {"filter": {"subjectBeginsWith": "/subscriptions"}}
    await cloud.patch(f"{SUB}/{EVENTS}/all", changed)
    (only,) = (await cloud.get(f"{SUB}/{EVENTS}")).body["value"]
    assert only["properties"]["filter"]["subjectBeginsWith"] == "/subscriptions"
    assert only["properties"]["destination"] == shown["properties"]["destination"]
    assert [(await cloud.delete(f"{SUB}/{EVENTS}/all")).status for _ in range(2)] == [200, 204]
    assert (await cloud.get(f"{SUB}/{EVENTS}/all")).status == 404


async def test_event_subscriptions_are_listed_below_a_scope_and_by_topic_type(cloud):
    await cloud.make(vnet(), network_body())
    for scope, name in ((SUB, "sub"), (GROUP, "group"), (vnet(), "network")):
        await cloud.put(f"{scope}/{EVENTS}/{name}", {"properties": HOOK})
    kinds = f"{SUB}/providers/Microsoft.EventGrid/topicTypes"
    for path, names in (
        (f"{SUB}/{EVENTS}", ["sub", "group", "network"]),
        (f"{GROUP}/{EVENTS}", ["group", "network"]),
        (f"{kinds}/Microsoft.Resources.Subscriptions/eventSubscriptions", ["sub"]),
        (f"{kinds}/Microsoft.Resources.ResourceGroups/eventSubscriptions", ["group"]),
        (f"{kinds}/Microsoft.Network.VirtualNetworks/eventSubscriptions", ["network"]),
    ):
        assert [one["name"] for one in (await cloud.get(path)).body["value"]] == names


async def test_an_event_subscription_goes_with_its_resource(cloud):
    await cloud.make(vnet(), network_body())
    await cloud.put(f"{vnet()}/{EVENTS}/one", {"properties": HOOK})
    await cloud.remove(vnet())
    assert code(await cloud.get(f"{vnet()}/{EVENTS}")) == "ResourceNotFound"
    await cloud.make(vnet(), network_body())
    assert (await cloud.get(f"{vnet()}/{EVENTS}")).body["value"] == []


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("all", {}),
        ("a", HOOK),
        ("all", {"destination": {"endpointType": "Pigeon"}}),
        ("all", {"destination": {"endpointType": "WebHook", "properties": {"endpointUrl": "http://x"}}}),
        ("all", HOOK | {"retryPolicy": {"maxDeliveryAttempts": 31}}),
        ("all", HOOK | {"eventDeliverySchema": "Mine"}),
        ("all", HOOK | {"filter": {"advancedFilters": [{}] * 26}}),
    ],
)
async def test_a_wrong_event_subscription_is_refused(cloud, name, given):
    answer = await cloud.put(f"{SUB}/{EVENTS}/{name}", {"properties": given})
    assert (answer.status, code(answer)) == (400, "InvalidRequest")


async def test_a_locked_scope_takes_no_event_subscription(cloud):
    await cloud.put(f"{GROUP}/{POLICIES}/locks/l", {"properties": {"level": "ReadOnly"}})
    assert code(await cloud.put(f"{GROUP}/{EVENTS}/all", {"properties": HOOK})) == "ScopeLocked"


async def test_a_source_has_one_system_topic_with_event_subscriptions(cloud):
    assert (await cloud.put(TOPIC, {"location": "global", "properties": ABOUT_ALL})).status == 201
    below = f"{TOPIC}/eventSubscriptions/app"
    shown = (await cloud.make(below, {"properties": HOOK}))["properties"]
    assert (shown["topic"], shown["provisioningState"]) == (SUB, "Succeeded")
    second = await cloud.put(TOPIC + "2", {"location": "global", "properties": ABOUT_ALL})
    assert "Only one system topic" in second.body["error"]["message"]
    await cloud.remove(TOPIC)
    assert (await cloud.get(below)).status == 404


@pytest.mark.parametrize(
    ("location", "change"),
    [("westeurope", {}), ("global", {"source": ""}), ("global", {"source": f"{GROUP}-gone"}),
     ("global", {"source": SUB.replace("1", "3")}), ("global", {"source": "x"})],
)  # fmt: skip
async def test_a_system_topic_of_nothing_or_elsewhere_is_refused(cloud, location, change):
    answer = await cloud.put(TOPIC, {"location": location, "properties": ABOUT_ALL | change})
    assert (answer.status, code(answer)) == (400, "InvalidRequest")


# Regions, networks and tags


async def test_a_region_names_what_endpoints_are_made_for(cloud):
    at = "providers/Microsoft.Network/locations/westeurope"
    for scope in (SUB, GROUP):
        found, url = [], f"{scope}/{at}/availablePrivateEndpointTypes"
        while url:
            page = (await cloud.get(url)).body
            found += page["value"]
            url = page.get("nextLink", "").removeprefix("https://arm.test").partition("&api-version")[0]
        names = {one["name"]: one["resourceName"] for one in found}
        assert names["Microsoft.Storage.storageAccounts"] == "Microsoft.Storage/storageAccounts"
    services = await cloud.get(f"{SUB}/{at}/virtualNetworkAvailableEndpointServices")
    assert "Microsoft.KeyVault" in [one["name"] for one in services.body["value"]]
    delegations = (await cloud.get(f"{GROUP}/{at}/availableDelegations")).body["value"]
    assert "Microsoft.Network/dnsResolvers" in [one["serviceName"] for one in delegations]


async def test_usages_of_a_network_count_addresses(cloud):
    await cloud.make(vnet(), network_body(subnets={"one": "10.0.1.0/28"}))
    (usage,) = (await cloud.get(f"{vnet()}/usages")).body["value"]
    assert (usage["currentValue"], usage["limit"]) == (0, 11)
    missing = await cloud.get(f"{vnet('gone')}/usages")
    assert (missing.status, code(missing)) == (404, "ResourceNotFound")


async def test_tags_of_a_subscription_are_counted_by_value(cloud):
    for name, value in (("a", "1"), ("b", "1"), ("c", "2")):
        await cloud.put(f"{SUB}/resourceGroups/{name}", {"location": "westeurope", "tags": {"t": value}})
    (tag,) = (await cloud.get(f"{SUB}/tagNames")).body["value"]
    assert (tag["tagName"], tag["count"]["value"]) == ("t", 3)
    assert {one["tagValue"]: one["count"]["value"] for one in tag["values"]} == {"1": 2, "2": 1}
