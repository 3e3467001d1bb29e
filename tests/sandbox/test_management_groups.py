"""Management groups: what exists, who sees which part of it, and what is inherited."""

import pytest

from sandbox.azure import scenario
from sandbox.azure.kernel.directory import OBJECT_IDS, TENANT
from tests.sandbox.cloud import APP, GROUP, OTHER, SUB, Cloud, code, network_body, vnet

MANAGEMENT = "/providers/Microsoft.Management"
ROOT = f"{MANAGEMENT}/managementGroups/{TENANT}"
VERSION = "2023-04-01"
READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
CONTRIBUTOR = "b24988ac-6180-42a0-ab88-20f7382dd24c"
ASSIGNMENT = "00000000-0000-4000-8000-000000000001"
TREE = {
    "management_groups": [
        "mg-corp",
        {"name": "mg-prod", "parent": "mg-corp", "displayName": "Production"},
        {"name": "mg-dev", "parent": "mg-corp"},
        "mg-sandbox",
    ],
    "subscriptions": [
        {"id": SUB.rsplit("/", 1)[1], "name": "Orders", "managementGroup": "mg-prod"},
        {"id": OTHER.rsplit("/", 1)[1], "name": "Trials", "managementGroup": "mg-dev"},
        "00000000-0000-0000-0000-000000000009",
    ],
    "resources": [],
}


def group(name: str) -> str:
    return f"{MANAGEMENT}/managementGroups/{name}"


def branch(*scopes: str) -> dict:
    return {"scopes": list(scopes)}


@pytest.fixture
async def estate(cloud: Cloud) -> Cloud:
    scenario.apply(cloud.world, cloud.simulator.gateway, TREE)
    return cloud


async def below(cloud: Cloud, name: str, **more) -> list[str]:
    answer = await cloud.get(f"{group(name)}/descendants", version=VERSION, **more)
    assert answer.status == 200, answer.body
    return [one["name"] for one in answer.body["value"]]


async def test_entities_are_found_by_name_without_case(estate):
    assert list(await seen(estate, query={"$filter": "name eq 'MG-PROD'"})) == ["mg-prod"]
    path, query = f"{MANAGEMENT}/getEntities", {"$filter": "contains(name, 'x')"}
    assert (await estate.post(path, version=VERSION, query=query)).status == 400


async def seen(cloud: Cloud, **more) -> dict[str, dict]:
    answer = await cloud.post(f"{MANAGEMENT}/getEntities", version=VERSION, **more)
    return {one["name"]: one["properties"] for one in answer.body["value"]}


# What exists


async def test_descendants_are_all_groups_and_subscriptions_below_with_their_parents(estate):
    answer = await estate.get(f"{group('mg-corp')}/descendants", version=VERSION)
    kind = "Microsoft.Management/managementGroups"
    found = answer.body["value"]
    assert [(one["name"], one["type"], one["properties"]["parent"]["id"]) for one in found] == [
        ("mg-dev", kind, group("mg-corp")),
        ("mg-prod", kind, group("mg-corp")),
        (OTHER[15:], f"{kind}/subscriptions", group("mg-dev")),
        (SUB[15:], f"{kind}/subscriptions", group("mg-prod")),
    ]
    assert (found[1]["id"], found[3]["id"]) == (group("mg-prod"), SUB)
    assert [one["properties"]["displayName"] for one in found] == ["mg-dev", "Production", "Trials", "Orders"]
    assert answer.body["nextLink"] is None


async def test_a_subscription_that_was_never_placed_is_below_the_root_alone(estate):
    assert "00000000-0000-0000-0000-000000000009" in await below(estate, TENANT)
    assert "00000000-0000-0000-0000-000000000009" not in await below(estate, "mg-corp")


async def test_descendants_come_in_pages_that_together_are_the_whole_list(estate):
    found, path, query = [], f"{group(TENANT)}/descendants", {"$top": "2"}
    for _ in range(10):
        answer = await estate.get(path, query=query, version=VERSION)
        assert len(answer.body["value"]) <= 2
        found += [one["name"] for one in answer.body["value"]]
        if not answer.body["nextLink"]:
            break
        query = {"$top": "2", "$skiptoken": answer.body["nextLink"].rsplit("skiptoken=", 1)[1]}
    assert found == await below(estate, TENANT)
    assert len(found) == len(set(found)) == 7


async def test_a_group_shows_its_parent_and_on_request_its_children_or_what_is_above(estate):
    async def shown(**query):
        named = {f"${name}": value for name, value in query.items()}
        return (await estate.get(group("MG-PROD"), query=named, version=VERSION)).body["properties"]

    assert (await shown())["displayName"] == "Production"
    assert (await shown())["details"]["parent"]["id"] == group("mg-corp")
    assert "children" not in await shown()
    assert [one["id"] for one in (await shown(expand="children"))["children"]] == [SUB]
    above = (await shown(expand="ancestors"))["details"]["managementGroupAncestorsChain"]
    assert [one["name"] for one in above] == ["mg-corp", TENANT]
    path = (await shown(expand="path"))["details"]["path"]
    assert [one["name"] for one in path] == [TENANT, "mg-corp", "mg-prod"]


async def test_children_of_children_are_shown_with_recurse_alone(estate):
    async def children(**query):
        answer = await estate.get(group("mg-corp"), query={"$expand": "children"} | query, version=VERSION)
        return answer.body["properties"]["children"]

    assert all("children" not in one for one in await children())
    deep = {one["name"]: one for one in await children(**{"$recurse": "true"})}
    assert [one["id"] for one in deep["mg-prod"]["children"]] == [SUB]
    refused = await estate.get(group("mg-corp"), query={"$recurse": "true"}, version=VERSION)
    assert refused.status == 400


async def test_without_any_group_there_is_no_root_group_either(cloud):
    assert (await cloud.get(f"{MANAGEMENT}/managementGroups", version=VERSION)).body["value"] == []
    assert (await cloud.get(ROOT, version=VERSION)).status == 404


# Changes


async def test_a_group_exists_when_its_creation_has_ended(estate):
    parent = {"properties": {"displayName": "New", "details": {"parent": {"id": group("mg-dev")}}}}
    begun = await estate.put(group("mg-new"), parent, version=VERSION)
    assert (begun.status, begun.body["status"]) == (202, "NotStarted")
    status = begun.headers["Azure-AsyncOperation"].removeprefix("https://arm.test")
    assert (await estate.get(status, version="")).body["status"] == "Running"
    assert "mg-new" not in await below(estate, "mg-dev")
    await estate.wait(11)
    assert (await estate.get(status, version="")).body["status"] == "Succeeded"
    assert "mg-new" in await below(estate, "mg-dev")
    located = await estate.get(begun.headers["Location"].removeprefix("https://arm.test"), version="")
    assert located.body["properties"]["details"]["parent"]["name"] == "mg-dev"


async def test_a_group_is_renamed_and_moved_with_all_that_is_below_it(estate):
    changed = {"displayName": "Live", "parentGroupId": group("mg-sandbox")}
    answer = await estate.patch(group("mg-prod"), changed, version=VERSION)
    assert answer.body["properties"]["displayName"] == "Live"
    assert SUB[15:] in await below(estate, "mg-sandbox")
    assert SUB[15:] not in await below(estate, "mg-corp")


@pytest.mark.parametrize("name", ["mg-corp", "mg-prod", TENANT])
async def test_a_group_that_holds_anything_and_the_root_cannot_be_deleted(estate, name):
    assert (await estate.delete(group(name), version=VERSION)).status == 400
    await estate.wait(11)
    assert (await estate.get(group(name), version=VERSION)).status == 200


async def test_an_empty_group_is_gone_when_its_deletion_has_ended(estate):
    assert (await estate.delete(group("mg-sandbox"), version=VERSION)).status == 202
    assert (await estate.get(group("mg-sandbox"), version=VERSION)).status == 200
    await estate.wait(11)
    assert (await estate.get(group("mg-sandbox"), version=VERSION)).status == 404
    assert (await estate.delete(group("mg-sandbox"), version=VERSION)).status == 204


async def test_a_group_that_would_be_below_itself_or_too_deep_is_refused(estate):
    circle = {"parentGroupId": group("mg-prod")}
    assert (await estate.patch(group("mg-corp"), circle, version=VERSION)).status == 400
    above = "mg-prod"
    for level in range(3, 7):
        parent = {"properties": {"details": {"parent": {"id": group(above)}}}}
        assert (await estate.put(group(f"level-{level}"), parent, version=VERSION)).status == 202
        await estate.wait(11)
        above = f"level-{level}"
    parent = {"properties": {"details": {"parent": {"id": group(above)}}}}
    assert (await estate.put(group("level-7"), parent, version=VERSION)).status == 400


async def test_a_subscription_is_in_one_group_at_a_time(estate):
    moved = await estate.put(f"{group('mg-dev')}/subscriptions/{SUB[15:]}", None, version=VERSION)
    assert (moved.status, moved.body["properties"]["parent"]["id"]) == (200, group("mg-dev"))
    assert SUB[15:] in await below(estate, "mg-dev")
    assert await below(estate, "mg-prod") == []
    left = await estate.get(f"{group('mg-prod')}/subscriptions/{SUB[15:]}", version=VERSION)
    assert left.status == 404


async def test_a_subscription_that_is_removed_from_its_group_is_below_the_root(estate):
    path = f"{group('mg-prod')}/subscriptions/{SUB[15:]}"
    assert (await estate.delete(path, version=VERSION)).status == 200
    assert SUB[15:] not in await below(estate, "mg-corp")
    assert SUB[15:] in await below(estate, TENANT)
    assert (await estate.delete(path, version=VERSION)).status == 204


async def test_the_control_api_moves_a_subscription(estate):
    body = {"subscription": SUB[15:], "managementGroup": "mg-sandbox"}
    assert (await estate.post("/_sandbox/placements", body)).status == 200
    assert SUB[15:] in await below(estate, "mg-sandbox")
    refused = await estate.post("/_sandbox/placements", body | {"managementGroup": "mg-none"})
    assert (refused.status, refused.body) == (400, {"error": "no management group mg-none"})


async def test_clients_that_register_the_service_first_see_that_it_is_registered(cloud):
    """az does so before each of its commands for management groups."""
    registered = await cloud.post(f"{SUB}/providers/Microsoft.Management/register")
    shown = await cloud.get(f"{SUB}/providers/Microsoft.Management")
    assert registered.body["registrationState"] == shown.body["registrationState"] == "Registered"


# Who sees which part


async def test_a_group_that_does_not_exist_is_refused_unless_the_caller_has_rights_everywhere(estate):
    refused = await estate.get(group("mg-none"), as_=APP, version=VERSION)
    assert (refused.status, code(refused)) == (403, "AuthorizationFailed")
    assert f"over scope '{group('mg-none')}'" in refused.body["error"]["message"]
    missing = await estate.get(group("mg-none"), version=VERSION)
    assert (missing.status, code(missing)) == (404, "NotFound")
    assert missing.body["error"]["message"] == f"'{group('mg-none')}' not found"


@pytest.mark.parametrize("name", ["mg-dev", "mg-corp", TENANT])
@pytest.mark.parametrize("path", ["", "/descendants", "/subscriptions"])
async def test_with_a_role_at_one_branch_the_groups_beside_it_and_above_it_are_refused(estate, name, path):
    await estate.post("/_sandbox/role", branch(group("mg-prod")))
    refused = await estate.get(f"{group(name)}{path}", as_=APP, version=VERSION)
    assert (refused.status, code(refused)) == (403, "AuthorizationFailed")


async def test_with_a_role_at_one_branch_lists_show_that_branch_alone(estate):
    await estate.post("/_sandbox/role", branch(group("mg-prod")))
    groups = await estate.get(f"{MANAGEMENT}/managementGroups", as_=APP, version=VERSION)
    assert [one["name"] for one in groups.body["value"]] == ["mg-prod"]
    assert await below(estate, "mg-prod", as_=APP) == [SUB[15:]]
    subscriptions = await estate.get("/subscriptions", as_=APP)
    assert [one["id"] for one in subscriptions.body["value"]] == [SUB]
    assert (await estate.get(f"{OTHER}/resourcegroups", as_=APP)).status == 403


async def test_entities_name_the_groups_above_a_branch_without_rights_on_them(estate):
    await estate.post("/_sandbox/role", branch(group("mg-prod")))
    found = await seen(estate, as_=APP)
    assert set(found) == {"mg-prod", "mg-corp", TENANT, SUB[15:]}
    assert found[SUB[15:]]["parentNameChain"] == [TENANT, "mg-corp", "mg-prod"]
    assert {name: found[name]["permissions"] for name in found} == {
        TENANT: "noaccess",
        "mg-corp": "noaccess",
        "mg-prod": "view",
        SUB[15:]: "view",
    }


async def test_entities_of_a_caller_with_a_role_at_a_subscription_show_where_it_is(estate):
    await estate.post("/_sandbox/role", branch(SUB))
    found = await seen(estate, as_=APP)
    assert set(found) == {TENANT, "mg-corp", "mg-prod", SUB[15:]}
    assert found["mg-prod"]["permissions"] == "noaccess"
    assert (await estate.get(group("mg-prod"), as_=APP, version=VERSION)).status == 403


async def test_a_caller_with_all_rights_sees_every_entity_with_its_counts(estate):
    found = await seen(estate)
    corp = found["mg-corp"]
    assert (corp["numberOfChildGroups"], corp["numberOfChildren"], corp["numberOfDescendants"]) == (2, 2, 4)
    assert {SUB[15:], OTHER[15:], "mg-sandbox"} < set(found)


# What is inherited


async def test_a_role_at_a_management_group_is_effective_in_its_subscriptions(estate):
    await estate.post("/_sandbox/role", branch())
    assert (await estate.put(vnet("one"), network_body(), as_=APP)).status == 403
    granted = {"roleDefinitionId": f"{SUB}/x/{CONTRIBUTOR}", "principalId": OBJECT_IDS["app"]}
    path = f"{group('mg-prod')}/providers/Microsoft.Authorization/roleAssignments/{ASSIGNMENT}"
    made = await estate.put(path, {"properties": granted})
    assert (made.status, made.body["properties"]["scope"]) == (201, group("mg-prod"))
    assert (await estate.put(vnet("one"), network_body(), as_=APP)).status == 201
    elsewhere = f"{OTHER}/resourceGroups/rg"
    await estate.put(elsewhere, {"location": "westeurope"})
    assert (await estate.put(vnet("one", elsewhere), network_body(), as_=APP)).status == 403


async def test_a_moved_subscription_loses_the_roles_of_its_former_groups(estate):
    await estate.post("/_sandbox/role", branch(group("mg-prod")))
    assert (await estate.get(GROUP, as_=APP)).status == 200
    await estate.post("/_sandbox/placements", {"subscription": SUB[15:], "managementGroup": "mg-dev"})
    assert (await estate.get(GROUP, as_=APP)).status == 403


async def test_assignments_at_the_groups_above_are_listed_at_a_subscription(estate):
    listed = await estate.get(f"{SUB}/providers/Microsoft.Authorization/roleAssignments")
    assert {one["properties"]["scope"] for one in listed.body["value"]} == {ROOT, SUB}
    assert all(one["id"].startswith(one["properties"]["scope"]) for one in listed.body["value"])


async def test_a_role_cannot_be_assigned_at_a_group_that_does_not_exist(estate):
    path = f"{group('mg-none')}/providers/Microsoft.Authorization/roleAssignments/{ASSIGNMENT}"
    granted = {"roleDefinitionId": f"/x/{READER}", "principalId": OBJECT_IDS["app"]}
    assert (await estate.put(path, {"properties": granted})).status == 404


async def test_a_policy_that_is_assigned_at_a_group_refuses_writes_below_it_alone(estate):
    rule = {"name": "no-networks", "type": "Microsoft.Network/virtualNetworks", "scope": group("mg-corp")}
    await estate.post("/_sandbox/policies", {"deny": [rule]})
    assert code(await estate.put(vnet("one"), network_body())) == "RequestDisallowedByPolicy"
    listed = await estate.get(f"{SUB}/providers/Microsoft.Authorization/policyAssignments")
    assert [one["properties"]["scope"] for one in listed.body["value"]] == [group("mg-corp")]
    await estate.post("/_sandbox/placements", {"subscription": SUB[15:], "managementGroup": "mg-sandbox"})
    assert (await estate.put(vnet("one"), network_body())).status == 201


# Reads that lag


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_the_hierarchy_lags_as_other_reads_do(estate, method):
    async def parent():
        if method == "POST":
            return (await seen(estate))[SUB[15:]]["parent"]["id"]
        found = await estate.get(f"{group('mg-corp')}/descendants", version=VERSION)
        return {one["name"]: one["properties"]["parent"]["id"] for one in found.body["value"]}.get(SUB[15:])

    await estate.post("/_sandbox/faults", {"match": {"path": "Microsoft.Management"}, "stale_seconds": 1800})
    await estate.put(f"{group('mg-dev')}/subscriptions/{SUB[15:]}", None, version=VERSION)
    assert await parent() == group("mg-prod")
    await estate.wait(1799)
    assert await parent() == group("mg-prod")
    await estate.wait(2)
    assert await parent() == group("mg-dev")


async def test_a_reset_restores_the_hierarchy_of_the_scenario(cloud):
    cloud.simulator.apply(TREE)
    await cloud.post("/_sandbox/placements", {"subscription": SUB[15:], "managementGroup": "mg-sandbox"})
    await cloud.post("/_sandbox/reset", {})
    assert await below(cloud, "mg-sandbox") == []
    assert await below(cloud, "mg-prod") == [SUB[15:]]


# Scenarios


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"management_groups": [{"name": "mg-a", "parent": "mg-none"}]}, "'mg-none|mg-none' not found"),
        ({"subscriptions": [{"id": SUB[15:], "managementGroup": "mg-none"}]}, "mg-none' not found"),
        ({"subscriptions": [{"name": "without an id"}]}, "a subscription needs an id"),
        ({"policies": {"audit": []}}, "the effects are deny, modify, append"),
        ({"dns": {"servers": [{"address": "no address"}]}}, "no address"),
    ],
    ids=["parent", "placement", "subscription", "policy", "server"],
)
async def test_a_scenario_that_cannot_be_says_why(cloud, wrong, said):
    with pytest.raises(scenario.ScenarioError, match=said):
        scenario.apply(cloud.world, cloud.simulator.gateway, {"resources": []} | wrong)


async def test_policies_of_a_scenario_judge_only_what_is_written_later(cloud):
    body = {"id": f"{GROUP}/providers/Microsoft.Network/networkSecurityGroups/one", "location": "westeurope"}
    rule = {"name": "closed", "type": "Microsoft.Network/networkSecurityGroups"}
    given = {"resources": [body], "policies": {"deny": [rule]}}
    scenario.apply(cloud.world, cloud.simulator.gateway, given)
    assert (await cloud.get(body["id"])).status == 200
    refused = await cloud.put(body["id"].replace("one", "two"), {"location": "westeurope"})
    assert code(refused) == "RequestDisallowedByPolicy"
