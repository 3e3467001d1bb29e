"""Role assignments and definitions by REST, and changes of rights that take time to be effective."""

import pytest

from sandbox.azure.kernel.directory import OBJECT_IDS
from tests.sandbox.cloud import APP, GROUP, OTHER, SUB, Cloud, code, network_body, vnet

AUTHORIZATION = "providers/Microsoft.Authorization"
CONTRIBUTOR = "b24988ac-6180-42a0-ab88-20f7382dd24c"
READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
NETWORK_CONTRIBUTOR = "4d97b98b-1d4f-4787-a291-c67834d212e7"
CUSTOM = "00000000-0000-4000-8000-0000000000cc"
ONE, TWO = (f"00000000-0000-4000-8000-00000000000{number}" for number in (1, 2))


def assignment(name: str = ONE, scope: str = GROUP) -> str:
    return f"{scope}/{AUTHORIZATION}/roleAssignments/{name}"


def definition(guid: str) -> str:
    return f"{SUB}/{AUTHORIZATION}/roleDefinitions/{guid}"


def granted(role: str = CONTRIBUTOR, person: str = OBJECT_IDS["app"], **more) -> dict:
    return {"properties": {"roleDefinitionId": definition(role), "principalId": person} | more}


def custom(*actions: str, name: str = "Makes networks", without=()) -> dict:
    permission = {"actions": list(actions), "notActions": list(without)}
    return {"properties": {"roleName": name, "permissions": [permission], "assignableScopes": [SUB]}}


async def may_write(cloud: Cloud, name: str = "new") -> bool:
    return (await cloud.put(vnet(name), network_body(), as_=APP)).status in (200, 201)


async def names(cloud: Cloud, scope: str, wanted: str = "") -> list[str]:
    query = {"$filter": wanted} if wanted else {}
    response = await cloud.get(f"{scope}/{AUTHORIZATION}/roleAssignments", query=query)
    assert response.status == 200, response.body
    return [one["name"] for one in response.body["value"]]


# Effect


async def test_an_assignment_gives_the_rights_of_its_role_below_its_scope(cloud):
    other = f"{SUB}/resourceGroups/other"
    await cloud.put(other, {"location": "westeurope"})
    assert not await may_write(cloud)
    response = await cloud.put(assignment(), granted(NETWORK_CONTRIBUTOR))
    assert response.status == 201
    assert await may_write(cloud)
    assert code(await cloud.put(vnet(group=other), network_body(), as_=APP)) == "AuthorizationFailed"
    account = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/acct"
    assert code(await cloud.delete(account, as_=APP)) == "AuthorizationFailed"


async def test_an_assignment_is_effective_when_its_delay_has_passed_and_is_listed_at_once(cloud):
    await cloud.post("/_sandbox/role", {"delay": 300})
    await cloud.put(assignment(), granted())
    assert ONE in await names(cloud, GROUP)
    assert not await may_write(cloud)
    await cloud.wait(299)
    assert not await may_write(cloud)
    await cloud.wait(1)
    assert await may_write(cloud)


async def test_a_removed_assignment_is_effective_until_the_delay_has_passed(cloud):
    await cloud.put(assignment(), granted())
    await cloud.post("/_sandbox/role", {"delay": 300})
    assert (await cloud.delete(assignment())).status == 200
    assert ONE not in await names(cloud, GROUP)
    assert await may_write(cloud, "before")
    await cloud.wait(300)
    assert not await may_write(cloud, "after")


async def test_rights_of_the_control_api_are_changed_late_as_well(cloud):
    taken = ["Microsoft.Network/virtualNetworks/read"]
    answered = await cloud.post("/_sandbox/role", {"delay": 120, "remove": taken})
    assert (answered.body["delay"], answered.body["removed"]) == (120, [])
    assert (await cloud.get(vnet(), as_=APP)).status == 404
    await cloud.wait(120)
    assert (await cloud.get(vnet(), as_=APP)).status == 403
    await cloud.post("/_sandbox/role", {"restore": True})
    assert (await cloud.get(vnet(), as_=APP)).status == 403
    await cloud.wait(120)
    assert (await cloud.get(vnet(), as_=APP)).status == 404


async def test_a_list_that_is_no_list_is_refused_at_once_even_with_a_delay(cloud):
    assert (await cloud.post("/_sandbox/role", {"delay": 5, "actions": 7})).status == 400


async def test_the_own_role_of_the_app_is_an_assignment_that_can_be_deleted_and_given_back(cloud):
    (own,) = await names(cloud, SUB, f"principalId eq '{OBJECT_IDS['app']}'")
    shown = (await cloud.get(assignment(own, SUB))).body["properties"]
    role = (await cloud.get(shown["roleDefinitionId"])).body["properties"]
    assert role["permissions"][0]["actions"] == cloud.simulator.access.roles["app"].actions
    await cloud.delete(assignment(own, SUB))
    assert code(await cloud.get(GROUP, as_=APP)) == "AuthorizationFailed"
    assert (await cloud.get(OTHER, as_=APP)).status == 200
    await cloud.put(assignment(TWO, SUB), {"properties": shown})
    assert (await cloud.get(GROUP, as_=APP)).status == 200


async def test_an_assignment_is_deleted_with_its_resource(cloud):
    await cloud.make(vnet(), network_body())
    await cloud.put(assignment(scope=vnet()), granted())
    await cloud.remove(vnet())
    await cloud.make(vnet(), network_body())
    assert ONE not in await names(cloud, vnet())


async def test_an_assignment_stays_at_the_old_id_of_a_resource_that_is_moved(cloud):
    other, account = f"{SUB}/resourceGroups/other", "providers/Microsoft.Storage/storageAccounts/acct"
    await cloud.put(other, {"location": "westeurope"})
    body = {"location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
    await cloud.make(f"{GROUP}/{account}", body)
    await cloud.put(assignment(scope=f"{GROUP}/{account}"), granted())
    move = {"resources": [f"{GROUP}/{account}"], "targetResourceGroup": other}
    await cloud.settle(await cloud.post(f"{GROUP}/moveResources", move))
    assert ONE not in await names(cloud, f"{other}/{account}")
    assert ONE in await names(cloud, GROUP)
    assert code(await cloud.delete(f"{other}/{account}", as_=APP)) == "AuthorizationFailed"


async def test_a_deny_assignment_wins_over_a_role(cloud):
    await cloud.put(assignment(), granted())
    await cloud.post("/_sandbox/denials", {"deny": [{"name": "d", "scope": GROUP, "actions": ["*/write"]}]})
    refused = await cloud.put(vnet(), network_body(), as_=APP)
    assert code(refused) == "DenyAssignmentAuthorizationFailed"


# Requests about assignments


async def test_who_may_not_assign_roles_is_refused(cloud):
    assert code(await cloud.put(assignment(), granted(), as_=APP)) == "AuthorizationFailed"
    await cloud.put(assignment(), granted())
    assert code(await cloud.put(assignment(TWO), granted(READER), as_=APP)) == "AuthorizationFailed"


async def test_the_same_again_is_accepted_and_another_name_or_role_is_not(cloud):
    assert (await cloud.put(assignment(), granted())).status == 201
    assert (await cloud.put(assignment(), granted())).status == 200
    assert code(await cloud.put(assignment(TWO), granted())) == "RoleAssignmentExists"
    refused = await cloud.put(assignment(), granted(READER))
    assert (refused.status, code(refused)) == (400, "RoleAssignmentUpdateNotPermitted")


@pytest.mark.parametrize(
    ("name", "body", "error"),
    [
        (ONE, granted("00000000-0000-0000-0000-000000000000"), "RoleDefinitionDoesNotExist"),
        (ONE, granted(person="aaaaaaaa-0000-4000-8000-0000000000ff"), "PrincipalNotFound"),
        ("reader", granted(), "BadRequestFormat"),
        (ONE, {}, "BadRequestFormat"),
    ],
)
async def test_an_assignment_that_azure_cannot_make_is_refused(cloud, name, body, error):
    assert code(await cloud.put(assignment(name), body)) == error


async def test_a_principal_that_is_too_new_is_accepted_with_its_type(cloud):
    body = granted(person="aaaaaaaa-0000-4000-8000-0000000000ff", principalType="ServicePrincipal")
    assert (await cloud.put(assignment(), body)).status == 201


async def test_a_scope_that_does_not_exist_has_no_assignments(cloud):
    assert code(await cloud.put(assignment(scope=f"{GROUP}x"), granted())) == "ResourceGroupNotFound"
    assert code(await cloud.put(assignment(scope=vnet("gone")), granted())) == "ResourceNotFound"


async def test_an_assignment_that_does_not_exist_is_404_and_its_deletion_204(cloud):
    assert code(await cloud.get(assignment())) == "RoleAssignmentNotFound"
    assert (await cloud.delete(assignment())).status == 204


async def test_lists_are_narrowed_by_scope_and_principal(cloud):
    await cloud.make(vnet(), network_body())
    await cloud.put(assignment(ONE, vnet()), granted())
    await cloud.put(assignment(TWO), granted(READER, OBJECT_IDS["user"]))
    own = set(await names(cloud, SUB, "atScope()"))
    assert len(own) == 1
    assert set(await names(cloud, GROUP)) == own | {ONE, TWO}
    assert set(await names(cloud, GROUP, "atScope()")) == own | {TWO}
    assert set(await names(cloud, vnet(), "atScope()")) == own | {ONE, TWO}
    assert await names(cloud, GROUP, f"principalId eq '{OBJECT_IDS['user']}'") == [TWO]
    assert set(await names(cloud, GROUP, f"assignedTo('{OBJECT_IDS['app']}')")) == own | {ONE}


async def test_a_lock_stops_the_change_of_assignments(cloud):
    await cloud.put(assignment(), granted())
    lock = f"{GROUP}/{AUTHORIZATION}/locks/keep"
    await cloud.put(lock, {"properties": {"level": "CanNotDelete"}})
    assert code(await cloud.delete(assignment())) == "ScopeLocked"
    await cloud.put(lock, {"properties": {"level": "ReadOnly"}})
    assert code(await cloud.put(assignment(TWO), granted(READER))) == "ScopeLocked"


# Definitions and permissions


async def test_a_custom_role_allows_its_actions_without_the_not_actions(cloud):
    made = await cloud.put(
        definition(CUSTOM), custom("Microsoft.Network/*", without=["Microsoft.Network/*/delete"])
    )
    assert (made.status, made.body["properties"]["type"]) == (201, "CustomRole")
    await cloud.put(assignment(), granted(CUSTOM))
    assert await may_write(cloud)
    assert code(await cloud.delete(vnet("new"), as_=APP)) == "AuthorizationFailed"


async def test_roles_are_found_by_name_and_type(cloud):
    await cloud.put(definition(CUSTOM), custom("*/read"))
    path = f"{SUB}/{AUTHORIZATION}/roleDefinitions"
    found = await cloud.get(path, query={"$filter": "roleName eq 'Network Contributor'"})
    assert [one["name"] for one in found.body["value"]] == [NETWORK_CONTRIBUTOR]
    found = await cloud.get(path, query={"$filter": "type eq 'CustomRole'"})
    assert {one["properties"]["roleName"] for one in found.body["value"]} == {"Causeway", "Makes networks"}
    elsewhere = await cloud.get(f"{OTHER}/{AUTHORIZATION}/roleDefinitions")
    assert CUSTOM not in {one["name"] for one in elsewhere.body["value"]}
    tenant = await cloud.get(f"/{AUTHORIZATION}/roleDefinitions/{READER}")
    assert tenant.body["id"] == f"/{AUTHORIZATION}/roleDefinitions/{READER}"


async def test_a_role_that_is_assigned_or_built_in_is_not_deleted_and_names_are_unique(cloud):
    await cloud.put(definition(CUSTOM), custom("*/read"))
    await cloud.put(assignment(), granted(CUSTOM))
    assert code(await cloud.delete(definition(CUSTOM))) == "RoleDefinitionHasAssignments"
    await cloud.delete(assignment())
    assert code(await cloud.put(definition(ONE), custom("*"))) == "RoleDefinitionWithSameNameExists"
    assert (await cloud.delete(definition(CUSTOM))).status == 200
    assert (await cloud.delete(definition(CUSTOM))).status == 204
    assert code(await cloud.get(definition(CUSTOM))) == "RoleDefinitionDoesNotExist"
    for refused in (await cloud.delete(definition(READER)), await cloud.put(definition(READER), custom("*"))):
        assert code(refused) == "RoleDefinitionUpdateNotPermitted"


async def test_permissions_are_those_of_the_caller_now(cloud):
    path = f"{GROUP}/{AUTHORIZATION}/permissions"
    assert [one["actions"] for one in (await cloud.get(path)).body["value"]] == [["*"]]
    await cloud.post("/_sandbox/role", {"remove": ["*/join/action"], "scope": GROUP})
    await cloud.put(assignment(), granted(READER))
    own, reader = (await cloud.get(path, as_=APP)).body["value"]
    assert (own["notActions"], reader["actions"]) == (["*/join/action"], ["*/read"])
