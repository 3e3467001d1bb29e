"""Azure Policy (deny, modify, append), deny assignments and managed resource groups."""

import json

import pytest

from tests.sandbox.cloud import APP, GROUP, SUB, code, network_body, subnet, subnet_body, vnet

ACCOUNT = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/mine"
ACCOUNTS = "Microsoft.Storage/storageAccounts"
NETWORKS = "Microsoft.Network/virtualNetworks"
GROUPS = "Microsoft.Resources/subscriptions/resourceGroups"
MANAGER = f"{SUB}/resourceGroups/other/providers/Microsoft.Solutions/applications/app"
DATABRICKS = {
    "name": "System deny assignment created by managed application",
    "scope": GROUP,
    "actions": ["*"],
    "notActions": ["*/read"],
}


def account_body(**more):
    return {"location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}} | more


def tag_rule(operation="addOrReplace", value="7", **more):
    change = {"operation": operation, "field": "tags['costCenter']", "value": value}
    return {"name": "cost", "type": "*", "operations": [change]} | more


async def policies(cloud, **rules):
    response = await cloud.post("/_sandbox/policies", rules)
    assert response.status == 200, response.body


async def deny_assignments(cloud, *assignments):
    response = await cloud.post("/_sandbox/denials", {"deny": list(assignments)})
    assert response.status == 200, response.body


# Deny


async def test_a_denied_write_shows_its_policies_as_json_in_the_message(cloud):
    definition = "/providers/Microsoft.Authorization/policyDefinitions/1234"
    rule = {"name": "no-networks", "type": NETWORKS, "scope": GROUP, "definition": definition}
    await policies(cloud, deny=[rule])
    error = (await cloud.put(vnet(), network_body())).body["error"]
    text = error["message"].removeprefix("Resource 'hub' was disallowed by policy. Policy identifiers: '")
    (shown,) = json.loads(text.removesuffix("'."))
    assignment = f"{GROUP}/providers/Microsoft.Authorization/policyAssignments/no-networks"
    assert shown["policyAssignment"] == {"name": "no-networks", "id": assignment}
    assert shown["policyDefinition"]["id"] == definition


async def test_a_denied_write_shows_the_non_compliance_message_and_no_policy_in_its_text(cloud):
    rule = {"name": "no-networks", "type": NETWORKS, "message": "Networks come from the platform team."}
    await policies(cloud, deny=[rule])
    error = (await cloud.put(vnet(), network_body())).body["error"]
    assert error["message"] == (
        "Resource 'hub' was disallowed by policy. Reasons: 'Networks come from the platform team.'. "
        "See error details for policy resource IDs."
    )
    (violation,) = error["additionalInfo"]
    assert violation["info"]["evaluationDetails"]["reason"] == "Networks come from the platform team."


async def test_every_violated_policy_is_in_the_additional_info(cloud):
    await policies(cloud, deny=[{"name": "one", "type": NETWORKS}, {"name": "two", "type": "*"}])
    error = (await cloud.put(vnet(), network_body())).body["error"]
    assert error["target"] == "hub"
    infos = [one["info"] for one in error["additionalInfo"] if one["type"] == "PolicyViolation"]
    assert [one["policyAssignmentName"] for one in infos] == ["one", "two"]
    assert {one["policyDefinitionEffect"] for one in infos} == {"deny"}
    assert infos[0]["policyAssignmentId"].endswith("/policyAssignments/one")
    assert infos[0]["policyDefinitionId"].endswith("/policyDefinitions/one")


async def test_a_policy_denies_only_below_its_scope(cloud):
    await policies(cloud, deny=[{"name": "x", "type": NETWORKS, "scope": f"{GROUP}-other"}])
    assert (await cloud.put(vnet(), network_body())).status == 201


async def test_a_denied_resource_can_be_deleted(cloud):
    await cloud.make(vnet(), network_body())
    await policies(cloud, deny=[{"name": "x", "type": NETWORKS}])
    await cloud.remove(vnet())
    assert (await cloud.get(vnet())).status == 404


async def test_a_deny_with_conditions_passes_what_complies(cloud):
    rule = {"name": "private", "type": ACCOUNTS, "unless": {"properties.publicNetworkAccess": "disabled"}}
    await policies(cloud, deny=[rule])
    open_to_all = await cloud.put(ACCOUNT, account_body())
    private = account_body(properties={"publicNetworkAccess": "Disabled"})
    assert code(open_to_all) == "RequestDisallowedByPolicy"
    assert (await cloud.put(ACCOUNT, private)).status < 300


async def test_a_patch_is_judged_with_what_is_stored(cloud):
    await cloud.make(ACCOUNT, account_body(properties={"publicNetworkAccess": "Disabled"}))
    rule = {"name": "private", "type": ACCOUNTS, "unless": {"properties.publicNetworkAccess": "Disabled"}}
    await policies(cloud, deny=[rule])
    harmless = await cloud.patch(ACCOUNT, {"properties": {"minimumTlsVersion": "TLS1_2"}})
    opening = await cloud.patch(ACCOUNT, {"properties": {"publicNetworkAccess": "Enabled"}})
    assert harmless.status == 200
    assert (opening.status, code(opening)) == (403, "RequestDisallowedByPolicy")


async def test_a_patch_of_tags_alone_meets_only_policies_about_tags(cloud):
    await cloud.make(ACCOUNT, account_body())
    await policies(cloud, deny=[{"name": "no-accounts", "type": ACCOUNTS}])
    assert (await cloud.patch(ACCOUNT, {"tags": {"a": "b"}})).status == 200
    await policies(cloud, deny=[{"name": "owned", "type": ACCOUNTS, "unless": {"tags['owner']": "me"}}])
    assert code(await cloud.patch(ACCOUNT, {"tags": {"a": "b"}})) == "RequestDisallowedByPolicy"


async def test_a_rule_that_demands_a_tag_lets_every_value_of_it_pass_and_refuses_none(cloud):
    await policies(cloud, deny=[{"name": "costs", "type": "*", "exists": ["tags['cost-centre']"]}])
    refused = await cloud.put(vnet("one"), network_body(tags={"other": "1"}))
    assert code(refused) == "RequestDisallowedByPolicy"
    assert (await cloud.put(vnet("one"), network_body(tags={"Cost-Centre": "4711"}))).status == 201
    assert (await cloud.put(vnet("two"), network_body(tags={"cost-centre": "any"}))).status == 201


# Modify


async def test_a_modify_rule_changes_what_is_stored_and_answered(cloud):
    change = {
        "operation": "addOrReplace",
        "field": "properties.publicNetworkAccess",
        "value": "Disabled",
    }
    await policies(cloud, modify=[{"name": "private", "type": ACCOUNTS, "operations": [change]}])
    sent = account_body(properties={"publicNetworkAccess": "Enabled"})
    made = await cloud.make(ACCOUNT, sent)
    assert made["properties"]["publicNetworkAccess"] == "Disabled"
    assert sent["properties"]["publicNetworkAccess"] == "Enabled"
    patched = await cloud.patch(ACCOUNT, {"properties": {"publicNetworkAccess": "Enabled"}})
    assert patched.body["properties"]["publicNetworkAccess"] == "Disabled"


async def test_a_modify_rule_sets_a_property_of_subnets(cloud):
    await cloud.make(vnet(), network_body())
    change = {
        "operation": "addOrReplace",
        "field": "properties.privateEndpointNetworkPolicies",
        "value": "Enabled",
    }
    await policies(cloud, modify=[{"name": "nsg", "type": f"{NETWORKS}/subnets", "operations": [change]}])
    answered = await cloud.put(subnet(), subnet_body(privateEndpointNetworkPolicies="Disabled"))
    assert answered.body["properties"]["privateEndpointNetworkPolicies"] == "Enabled"
    await cloud.settle(answered)
    assert (await cloud.get(subnet())).body["properties"]["privateEndpointNetworkPolicies"] == "Enabled"


POLICIES = "properties.privateEndpointNetworkPolicies"
EACH_POLICIES = f"properties.subnets[*].{POLICIES}"


async def state_of(cloud, name: str = "one") -> str:
    return (await cloud.get(subnet(name))).body["properties"]["privateEndpointNetworkPolicies"]


async def test_a_rule_for_subnets_does_not_judge_those_in_a_networks_body(cloud):
    change = {"operation": "addOrReplace", "field": POLICIES, "value": "Enabled"}
    await policies(cloud, modify=[{"name": "nsg", "type": f"{NETWORKS}/subnets", "operations": [change]}])
    await cloud.make(vnet(), network_body(subnets={"one": "10.0.1.0/24"}))
    assert await state_of(cloud) == "Disabled"


async def test_a_rule_for_networks_changes_each_subnet_in_the_body_and_none_that_is_written_alone(cloud):
    change = {"operation": "addOrReplace", "field": EACH_POLICIES, "value": "Enabled"}
    await policies(cloud, modify=[{"name": "nsg", "type": NETWORKS, "operations": [change]}])
    await cloud.make(vnet(), network_body(subnets={"one": "10.0.1.0/24", "two": "10.0.2.0/24"}))
    await cloud.make(subnet("three"), subnet_body("10.0.3.0/24"))
    assert [await state_of(cloud, one) for one in ("one", "two", "three")] == [
        "Enabled",
        "Enabled",
        "Disabled",
    ]


async def test_a_deny_for_networks_refuses_a_body_with_one_subnet_that_does_not_comply(cloud):
    await policies(cloud, deny=[{"name": "nsg", "type": NETWORKS, "unless": {EACH_POLICIES: "Enabled"}}])
    body = network_body(subnets={"one": "10.0.1.0/24", "two": "10.0.2.0/24"})
    first, second = body["properties"]["subnets"]
    first["properties"]["privateEndpointNetworkPolicies"] = "Enabled"
    assert code(await cloud.put(vnet(), body)) == "RequestDisallowedByPolicy"
    second["properties"]["privateEndpointNetworkPolicies"] = "Enabled"
    assert (await cloud.put(vnet(), body)).status == 201


async def test_an_append_for_networks_adds_to_each_subnet_that_lacks_it(cloud):
    detail = {"field": EACH_POLICIES, "value": "Enabled"}
    await policies(cloud, append=[{"name": "nsg", "type": NETWORKS, "details": [detail]}])
    await cloud.make(vnet(), network_body(subnets={"one": "10.0.1.0/24"}))
    assert await state_of(cloud) == "Enabled"


@pytest.mark.parametrize(
    ("operation", "sent", "stored"),
    [
        ("addOrReplace", {"COSTCENTER": "1", "a": "b"}, {"COSTCENTER": "7", "a": "b"}),
        ("addOrReplace", None, {"costCenter": "7"}),
        ("add", {"costCenter": "1"}, {"costCenter": "1"}),
        ("add", {"a": "b"}, {"a": "b", "costCenter": "7"}),
        ("remove", {"costCenter": "1", "a": "b"}, {"a": "b"}),
    ],
)
async def test_tags_are_added_replaced_and_removed(cloud, operation, sent, stored):
    await policies(cloud, modify=[tag_rule(operation)])
    more = {} if sent is None else {"tags": sent}
    assert (await cloud.make(vnet(), network_body(**more)))["tags"] == stored


async def test_a_tag_is_inherited_from_a_resource_group_that_has_it(cloud):
    await policies(cloud, modify=[tag_rule(value="[resourceGroup().tags['costCenter']]")])
    without = await cloud.make(vnet("one"), network_body())
    await cloud.put(GROUP, {"location": "westeurope", "tags": {"costCenter": "42"}})
    inherited = await cloud.make(vnet("two"), network_body(prefix="10.2.0.0/16"))
    assert "tags" not in without
    assert inherited["tags"] == {"costCenter": "42"}


async def test_a_patch_keeps_stored_tags_when_a_policy_adds_its_own(cloud):
    await cloud.make(ACCOUNT, account_body(tags={"a": "b"}))
    await policies(cloud, modify=[tag_rule()])
    patched = await cloud.patch(ACCOUNT, {"tags": {"c": "d"}})
    assert patched.body["tags"] == {"c": "d", "costCenter": "7"}
    await policies(cloud, modify=[tag_rule(value="8", type=ACCOUNTS, name="x")])
    other = await cloud.patch(ACCOUNT, {"properties": {"minimumTlsVersion": "TLS1_2"}})
    assert other.body["tags"] == {"c": "d", "costCenter": "8"}


async def test_rules_for_all_types_leave_groups_and_types_without_tags_alone(cloud):
    await cloud.make(vnet(), network_body())
    await policies(cloud, modify=[tag_rule()])
    assert "tags" not in await cloud.make(subnet(), subnet_body())
    assert "tags" not in (await cloud.put(GROUP, {"location": "westeurope"})).body


async def test_a_rule_for_resource_groups_changes_them(cloud):
    await policies(cloud, modify=[tag_rule(type=GROUPS)])
    assert (await cloud.put(GROUP, {"location": "westeurope"})).body["tags"] == {"costCenter": "7"}


async def test_modify_comes_before_deny(cloud):
    await policies(
        cloud,
        modify=[tag_rule()],
        deny=[{"name": "tagged", "type": "*", "unless": {"tags['costCenter']": "7"}}],
    )
    assert (await cloud.put(vnet(), network_body())).status == 201
    await policies(cloud, modify=[])
    assert (await cloud.put(vnet("two"), network_body())).status == 403


# Append


async def test_an_append_rule_adds_what_is_missing_and_refuses_another_value(cloud):
    detail = {"field": "properties.minimumTlsVersion", "value": "TLS1_2"}
    await policies(cloud, append=[{"name": "tls", "type": ACCOUNTS, "details": [detail]}])
    made = await cloud.make(ACCOUNT, account_body())
    refused = await cloud.put(ACCOUNT, account_body(properties={"minimumTlsVersion": "TLS1_0"}))
    assert made["properties"]["minimumTlsVersion"] == "TLS1_2"
    assert (refused.status, code(refused)) == (403, "RequestDisallowedByPolicy")
    (violation,) = refused.body["error"]["additionalInfo"]
    assert violation["info"]["policyDefinitionEffect"] == "append"


@pytest.mark.parametrize(
    "rules",
    [
        {},
        {"audit": []},
        {"deny": [{"name": "x"}]},
        {"modify": [{"name": "x", "type": "*"}]},
        {"modify": [tag_rule("replace")]},
        {"modify": [tag_rule("remove") | {"operations": [{"operation": "remove", "field": "location"}]}]},
        {"append": [{"name": "x", "type": "*", "details": [{"field": "location"}]}]},
    ],
)
async def test_rules_that_azure_has_not_are_400(cloud, rules):
    assert (await cloud.post("/_sandbox/policies", rules)).status == 400
    assert (await cloud.put(vnet(), network_body())).status == 201


# Deny assignments


async def test_a_deny_assignment_refuses_writes_and_deletions_with_its_name_and_scope(cloud):
    await cloud.make(vnet(), network_body())
    await deny_assignments(cloud, DATABRICKS)
    written, deleted = await cloud.put(vnet("two"), network_body()), await cloud.delete(vnet())
    assert [one.status for one in (written, deleted)] == [403, 403]
    assert code(deleted) == "DenyAssignmentAuthorizationFailed"
    message = deleted.body["error"]["message"]
    assert (
        f"has permission to perform action '{NETWORKS}/delete' on scope '{vnet()}'; however, the" in message
    )
    assert f"deny assignment with name '{DATABRICKS['name']}' and Id '" in message
    assert message.endswith(f"at scope '{GROUP}'.")
    assert (await cloud.get(vnet())).status == 200


async def test_a_deny_assignment_refuses_actions(cloud):
    await cloud.make(ACCOUNT, account_body())
    await deny_assignments(cloud, DATABRICKS | {"actions": [f"{ACCOUNTS}/listKeys/action"]})
    assert code(await cloud.post(f"{ACCOUNT}/listKeys")) == "DenyAssignmentAuthorizationFailed"
    assert (await cloud.put(ACCOUNT, account_body())).status < 300


async def test_an_excluded_principal_is_not_refused(cloud):
    await deny_assignments(cloud, DATABRICKS | {"excludePrincipals": ["user"]})
    assert (await cloud.put(vnet(), network_body())).status == 201
    refused = await cloud.delete(f"{GROUP}/providers/Microsoft.Network/privateEndpoints/x", as_=APP)
    assert code(refused) == "DenyAssignmentAuthorizationFailed"


async def test_a_deny_assignment_ends_at_its_scope(cloud):
    await deny_assignments(cloud, DATABRICKS)
    assert (await cloud.put(f"{GROUP}2", {"location": "westeurope"})).status == 201
    assert (await cloud.put(vnet(group=f"{GROUP}2"), network_body())).status == 201


async def test_a_deny_assignment_refuses_tags_and_locks(cloud):
    await cloud.make(vnet(), network_body())
    await deny_assignments(cloud, DATABRICKS)
    tags = await cloud.put(
        f"{vnet()}/providers/Microsoft.Resources/tags/default", {"properties": {"tags": {"a": "b"}}}
    )
    lock = await cloud.put(
        f"{vnet()}/providers/Microsoft.Authorization/locks/x", {"properties": {"level": "CanNotDelete"}}
    )
    assert {code(tags), code(lock)} == {"DenyAssignmentAuthorizationFailed"}


async def test_joining_a_subnet_in_a_denied_group_is_refused(cloud):
    await cloud.put(f"{GROUP}2", {"location": "westeurope"})
    network = vnet(group=f"{GROUP}2")
    await cloud.make(network, network_body(subnets={"one": "10.0.1.0/24"}))
    await cloud.make(ACCOUNT, account_body())
    await deny_assignments(cloud, DATABRICKS | {"scope": f"{GROUP}2"})
    connection = {"name": "x", "properties": {"privateLinkServiceId": ACCOUNT, "groupIds": ["blob"]}}
    inner = {"subnet": {"id": f"{network}/subnets/one"}, "privateLinkServiceConnections": [connection]}
    endpoint = f"{GROUP}/providers/Microsoft.Network/privateEndpoints/x"
    refused = await cloud.put(endpoint, {"location": "westeurope", "properties": inner})
    assert (refused.status, code(refused)) == (403, "DenyAssignmentAuthorizationFailed")
    assert "subnets/join/action" in refused.body["error"]["message"]


async def test_a_caller_without_the_right_is_refused_for_that(cloud):
    await deny_assignments(cloud, DATABRICKS)
    assert code(await cloud.put(GROUP, {"location": "westeurope"}, as_=APP)) == "AuthorizationFailed"


async def test_deny_assignments_are_listed_at_above_and_below_a_scope(cloud):
    below = DATABRICKS | {"name": "below", "scope": vnet()}
    await deny_assignments(cloud, DATABRICKS, below, DATABRICKS | {"scope": f"{GROUP}2", "name": "elsewhere"})

    async def names(scope, **query):
        path = f"{scope}/providers/Microsoft.Authorization/denyAssignments"
        return [
            one["properties"]["denyAssignmentName"]
            for one in (await cloud.get(path, query=query)).body["value"]
        ]

    assert await names(GROUP) == [DATABRICKS["name"], "below"]
    assert await names(vnet()) == [DATABRICKS["name"], "below"]
    assert await names(GROUP, **{"$filter": "atScope()"}) == [DATABRICKS["name"]]
    assert await names(SUB) == [DATABRICKS["name"], "below", "elsewhere"]


async def test_an_unknown_filter_of_deny_assignments_is_400(cloud):
    path = f"{GROUP}/providers/Microsoft.Authorization/denyAssignments"
    assert (await cloud.get(path, query={"$filter": "principalId eq 'x'"})).status == 400


@pytest.mark.parametrize("missing", ["name", "scope", "actions"])
async def test_a_deny_assignment_without_its_parts_is_400(cloud, missing):
    given = {name: value for name, value in DATABRICKS.items() if name != missing}
    assert (await cloud.post("/_sandbox/denials", {"deny": [given]})).status == 400


# Managed resource groups


async def test_a_managed_group_shows_what_manages_it(cloud):
    body = {"location": "westeurope", "managedBy": MANAGER}
    assert (await cloud.put(f"{GROUP}2", body)).body["managedBy"] == MANAGER
    assert (await cloud.put(f"{GROUP}2", body | {"tags": {"a": "b"}})).status == 200
    assert (await cloud.get(f"{GROUP}2")).body["managedBy"] == MANAGER
    listed = (await cloud.get(f"{SUB}/resourceGroups")).body["value"]
    assert [one.get("managedBy") for one in listed] == [None, MANAGER]


@pytest.mark.parametrize(("first", "second"), [(None, MANAGER), (MANAGER, None), (MANAGER, f"{MANAGER}2")])
async def test_what_manages_a_group_cannot_change(cloud, first, second):
    def body(manager):
        return {"location": "westeurope"} | ({"managedBy": manager} if manager else {})

    await cloud.put(f"{GROUP}2", body(first))
    refused = await cloud.put(f"{GROUP}2", body(second))
    assert (refused.status, code(refused)) == (400, "ResourceGroupManagedByMismatch")
    assert refused.body["error"]["message"].endswith(f"current value '{first or '<null>'}'.")


# Tags, groups


async def test_a_policy_about_tags_judges_the_tags_api_and_another_policy_does_not(cloud):
    await cloud.make(vnet(), network_body())
    at = f"{vnet()}/providers/Microsoft.Resources/tags/default"
    asked = {"name": "owner", "type": "*", "unless": {"tags['owner']": "me"}}
    closed = {"name": "closed", "type": NETWORKS, "unless": {"properties.other": "x"}}
    await policies(cloud, deny=[asked, closed])
    refused = await cloud.put(at, {"properties": {"tags": {"owner": "you"}}})
    infos = [one["info"]["policyAssignmentName"] for one in refused.body["error"]["additionalInfo"]]
    assert (refused.status, infos) == (403, ["owner"])
    assert (await cloud.put(at, {"properties": {"tags": {"owner": "me"}}})).status == 200
    assert (await cloud.delete(at)).status == 403
    body = {"operation": "Delete", "properties": {"tags": {"owner": "me"}}}
    assert (await cloud.patch(at, body)).status == 403
    assert (await cloud.get(vnet())).body["tags"] == {"owner": "me"}


async def test_a_modify_policy_changes_what_the_tags_api_writes(cloud):
    await cloud.make(vnet(), network_body())
    await policies(cloud, modify=[tag_rule(value="42")])
    at = f"{vnet()}/providers/Microsoft.Resources/tags/default"
    response = await cloud.put(at, {"properties": {"tags": {"costCenter": "1", "owner": "me"}}})
    assert response.body["properties"]["tags"] == {"costCenter": "42", "owner": "me"}
    assert (await cloud.get(vnet())).body["tags"] == {"costCenter": "42", "owner": "me"}


async def test_a_patch_of_a_group_keeps_the_tags_that_it_leaves_out_and_its_manager(cloud):
    group, manager = f"{GROUP}-managed", f"{GROUP}/providers/Microsoft.Solutions/applications/app"
    await cloud.put(group, {"location": "westeurope", "managedBy": manager, "tags": {"a": "b"}})
    assert (await cloud.patch(group, {})).body["tags"] == {"a": "b"}
    assert (await cloud.patch(group, {"managedBy": manager, "tags": {}})).body["tags"] == {}
    refused = await cloud.patch(group, {"managedBy": "/other"})
    assert (refused.status, code(refused)) == (400, "ResourceGroupManagedByMismatch")
    assert (await cloud.get(group)).body["managedBy"] == manager


async def test_a_denied_resource_keeps_its_group_unless_the_caller_is_excluded(cloud):
    await cloud.make(vnet(), network_body())
    stack = {"name": "stack", "scope": vnet(), "actions": ["*/delete"]}
    await deny_assignments(cloud, stack)
    last = await cloud.settle(await cloud.delete(GROUP))
    (detail,) = last.body["error"]["details"]
    assert (code(last), detail["target"]) == ("ResourceGroupDeletionBlocked", vnet())
    assert "deny assignment with name 'stack'" in detail["message"]
    await deny_assignments(cloud, stack | {"excludePrincipals": ["user"]})
    assert (await cloud.settle(await cloud.delete(GROUP))).status == 200
