"""Rights: what the app may do by its role, and how a refusal names what is missing."""

import pytest

from sandbox.azure.front.access import Access, Role
from sandbox.azure.kernel.ids import ArmId
from tests.sandbox.cloud import APP, GROUP, Cloud, code, network_body, subnet, subnet_body, vnet


async def test_the_app_may_not_write_a_network_and_a_user_may(cloud):
    refused = await cloud.put(vnet(), network_body(), as_=APP)
    assert (refused.status, code(refused)) == (403, "AuthorizationFailed")
    message = refused.body["error"]["message"]
    assert "perform action 'Microsoft.Network/virtualNetworks/write'" in message
    assert f"over scope '{vnet()}'" in message
    assert (await cloud.put(vnet(), network_body())).status == 201


async def test_the_app_may_read_anything_and_write_subnets(cloud):
    await cloud.make(vnet(), network_body())
    assert (await cloud.get(vnet(), as_=APP)).status == 200
    assert (await cloud.get(f"{GROUP}/resources", as_=APP)).status == 200
    assert (await cloud.put(subnet(), subnet_body(), as_=APP)).status == 201


async def test_rights_are_checked_before_existence(cloud):
    cloud.simulator.access.roles["app"].actions = []
    assert code(await cloud.get(vnet("gone"), as_=APP)) == "AuthorizationFailed"


async def test_a_right_removed_below_a_scope_is_missing_only_there(cloud):
    for name in ("a", "ab"):
        await cloud.make(vnet(name), network_body())
    body = {"remove": ["Microsoft.Network/virtualNetworks/read"], "scope": vnet("a")}
    await cloud.post("/_sandbox/role", body)
    assert [(await cloud.get(vnet(name), as_=APP)).status for name in ("a", "ab")] == [403, 200]
    await cloud.post("/_sandbox/role", {"restore": True})
    assert (await cloud.get(vnet("a"), as_=APP)).status == 200


async def test_a_list_leaves_out_what_the_app_may_not_read(cloud):
    for name in ("a", "b"):
        await cloud.make(vnet(name), network_body())
    body = {"remove": ["*/read"], "scope": vnet("a")}
    await cloud.post("/_sandbox/role", body)
    listed = await cloud.get(f"{GROUP}/providers/Microsoft.Network/virtualNetworks", as_=APP)
    assert [one["name"] for one in listed.body["value"]] == ["b"]


async def test_joining_a_group_of_rules_needs_a_right_on_it(cloud):
    await cloud.make(vnet(), network_body())
    id = ArmId.parse(f"{GROUP}/providers/Microsoft.Network/networkSecurityGroups/rules")
    rules = cloud.world.save(id, {"location": "westeurope"})
    body = subnet_body(networkSecurityGroup={"id": rules.id.text})
    assert (await cloud.put(subnet(), body, as_=APP)).status == 201
    await cloud.wait(100)
    taken = ["Microsoft.Network/networkSecurityGroups/join/action"]
    await cloud.post("/_sandbox/role", {"remove": taken})
    refused = await cloud.put(subnet(), body, as_=APP)
    assert (refused.status, code(refused)) == (403, "LinkedAuthorizationFailed")
    assert f"action '{taken[0]}' on the linked scope(s) '{rules.id.text}'" in refused.body["error"]["message"]


async def test_polling_needs_a_right_of_its_own(cloud):
    await cloud.make(vnet(), network_body())
    response = await cloud.put(subnet(), subnet_body(), as_=APP)
    await cloud.post("/_sandbox/role", {"remove": ["Microsoft.Network/locations/operations/read"]})
    assert (await cloud.poll(response, as_=APP)).status == 403


async def test_a_role_given_to_the_simulator_replaces_the_default():
    cloud = Cloud(role=Role(["Microsoft.Network/virtualNetworks/write"]))
    await cloud.begin()
    assert (await cloud.put(vnet(), network_body(), as_=APP)).status == 201
    assert (await cloud.get(vnet(), as_=APP)).status == 403


async def test_used_actions_are_recorded(cloud):
    await cloud.get(vnet(), as_=APP)
    used = (await cloud.get("/_sandbox/role")).body["used"]
    assert used == ["Microsoft.Network/virtualNetworks/read"]


@pytest.mark.parametrize(
    ("allowed", "action", "holds"),
    [
        ("*/read", "Microsoft.Storage/storageAccounts/read", True),
        ("*/read", "Microsoft.Storage/storageAccounts/write", False),
        ("Microsoft.Network/*", "microsoft.network/x/delete", True),
        ("Microsoft.Network/*/join/action", "Microsoft.Network/virtualNetworks/subnets/join/action", True),
        ("Microsoft.Network/*/join/action", "Microsoft.Network/join/action", False),
        ("a/b/write", "A/B/Write", True),
        ("*", "anything/at/all", True),
    ],
)
def test_an_action_is_matched_as_azure_roles_match(allowed, action, holds):
    assert Role([allowed]).allows(action, "/") is holds


def test_the_default_role_cannot_write_targets_or_read_keys():
    access = Access()
    for action in (
        "Microsoft.Storage/storageAccounts/write",
        "Microsoft.Storage/storageAccounts/listKeys/action",
        "Microsoft.Network/virtualNetworks/write",
        "Microsoft.Network/virtualNetworks/delete",
        "Microsoft.Authorization/roleAssignments/write",
    ):
        assert not access.allows("app", action, "/")
