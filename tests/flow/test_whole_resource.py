"""Public access is the whole resource's switch: it stays as it is while anything else would be cut off."""

from typing import Any

import pytest

from tests.builders.policies import a_policy
from tests.builders.world import ENDPOINTS, NETWORKS, SPOKE, SUB, World

STORAGE_TYPE = "Microsoft.Storage/storageAccounts"
PLACE = [{"locationName": "West Europe", "failoverPriority": 0}]
PRIMARY = ["blob", "dfs", "file", "queue", "table", "web"]
APP = f"{SUB}/resourceGroups/rg-app/providers"
SQL = "Microsoft.Sql/servers"
COSMOS = "Microsoft.DocumentDB/databaseAccounts"
TABLE = f"{NETWORKS}/routeTables/rt-app"
PREFIXES = {f"{SPOKE}/subnets/clients": "10.1.1.0/24", ENDPOINTS: "10.0.1.0/24"}
ROUTED = {"privateEndpointNetworkPolicies": "Enabled"}
OUTSIDE = f"{NETWORKS}/virtualNetworks/hub-ne/subnets/endpoints"


def a_world(kind: str = STORAGE_TYPE, **profile: Any) -> World:
    """The policy connects all resources of a type and disables their public access."""
    world = World(a_policy(**{"public_access": "disable", "always": [kind], "peering": "ensure"} | profile))
    world.grant(f"{kind}/write")
    return world


async def account(world: World, **properties: Any) -> str:
    sku = properties.pop("sku", "Standard_LRS")
    return await world.create_account(properties=properties, sku={"name": sku})


async def made(world: World, type_name: str, **body: Any) -> str:
    at = f"{APP}/{type_name}/thing"
    await world.send("PUT", at, {"location": "westeurope", "properties": {}, **body})
    await world.sleep(600)
    return at


async def access(world: World, at: str) -> Any:
    return (await world.send("GET", at))["properties"].get("publicNetworkAccess")


def is_left(state: dict[str, Any], *named: str) -> bool:
    """It stays open, the outcome names these, and the path itself is made and proven."""
    blocked = (state["result"], state["code"]) == ("Blocked", "PublicAccessInUse")
    proven = bool(state["checks"]) and all(check["holds"] for check in state["checks"])
    said = f"{state['reason']} {state['remedy']}"
    return blocked and proven and all(name in said for name in named) and "UNREACHABLE" not in said


# Services of a resource that have no endpoint


async def test_an_account_with_one_connected_service_stays_open_for_the_others() -> None:
    world = a_world()
    at = await account(world)
    assert is_left(await world.reconcile(at), "queue", "table", "file", "dfs", "web", "may_lose_access")
    assert await access(world, at) != "Disabled"


async def test_a_readable_secondary_counts_as_a_service_of_its_own() -> None:
    world = a_world(groups={STORAGE_TYPE: PRIMARY})
    at = await account(world, sku="Standard_RAGRS")
    assert is_left(await world.reconcile(at), "blob_secondary", "queue_secondary")
    assert await access(world, at) != "Disabled"


async def test_an_account_with_all_its_services_connected_is_closed() -> None:
    world = a_world(groups={STORAGE_TYPE: PRIMARY})
    at = await account(world)
    state = await world.reconcile(at)
    assert (state["result"], await access(world, at)) == ("Connected", "Disabled"), state["reason"]


async def test_following_the_remedy_closes_the_account() -> None:
    world = a_world()
    at = await account(world)
    assert is_left(await world.reconcile(at))
    world.policy = a_policy(
        public_access="disable", peering="ensure", may_lose_access={STORAGE_TYPE: PRIMARY[1:]}
    )
    world.flow = world.worker()
    assert (await world.reconcile(at, "manual"))["result"] == "Connected"
    assert await access(world, at) == "Disabled"


async def test_a_dry_run_and_a_second_pass_write_nothing_to_an_account_that_stays_open() -> None:
    world = a_world()
    at = await account(world)
    first = await world.reconcile(at)
    world.sent()
    again = await world.reconcile(at, "drift")
    assert (again["code"], again["reason"]) == (first["code"], first["reason"])
    assert world.writes() == []


async def test_a_table_account_of_cosmos_that_is_connected_for_one_api_stays_open() -> None:
    world = a_world(COSMOS, groups={COSMOS: ["Sql"]})
    capabilities = [{"name": "EnableTable"}]
    body = {"kind": "GlobalDocumentDB", "properties": {"capabilities": capabilities, "locations": PLACE}}
    at = await made(world, COSMOS, **body)
    assert is_left(await world.reconcile(at), "Table")


async def test_a_factory_whose_portal_has_no_endpoint_stays_open() -> None:
    kind = "Microsoft.DataFactory/factories"
    world = a_world(kind)
    at = await made(world, kind)
    assert is_left(await world.reconcile(at), "portal")


# Rules that let some in today


@pytest.mark.parametrize(
    ("rules", "named"),
    [
        ({"ipRules": [{"value": "203.0.113.7"}]}, "203.0.113.7"),
        ({"virtualNetworkRules": [{"id": OUTSIDE}]}, "hub-ne"),
        ({"bypass": "None"}, "trusted services"),
    ],
)
async def test_an_account_stays_open_for_those_whom_its_rules_let_in(
    rules: dict[str, Any], named: str
) -> None:
    world = a_world(groups={STORAGE_TYPE: PRIMARY})
    at = await account(world, networkAcls={"defaultAction": "Allow", **rules})
    assert is_left(await world.reconcile(at), named)
    assert await access(world, at) != "Disabled"


async def test_a_rule_for_a_client_network_keeps_nothing_open() -> None:
    world = a_world(groups={STORAGE_TYPE: PRIMARY})
    rules = {"virtualNetworkRules": [{"id": f"{SPOKE}/subnets/clients"}]}
    at = await account(world, networkAcls={"defaultAction": "Deny", **rules})
    assert (await world.reconcile(at))["result"] == "Connected"
    assert await access(world, at) == "Disabled"


@pytest.mark.parametrize("name", ["AllowAllWindowsAzureIps", "office"])
async def test_a_server_stays_open_for_the_rules_that_are_its_children(name: str) -> None:
    world = a_world(SQL)
    login = {"administratorLogin": "a", "administratorLoginPassword": "P@ssw0rd-1"}
    at = await made(world, SQL, properties=login)
    rule = {"name": name, "properties": {"startIpAddress": "0.0.0.0", "endIpAddress": "0.0.0.0"}}
    match = {"method": "GET", "path": "/firewallRules$", "principal": "app"}
    world.azure.faults.add({"match": match, "answer": {"status": 200, "body": {"value": [rule]}}})
    assert is_left(await world.reconcile(at), name)


async def test_a_server_whose_rules_cannot_be_read_stays_open() -> None:
    world = a_world(SQL)
    login = {"administratorLogin": "a", "administratorLoginPassword": "P@ssw0rd-1"}
    at = await made(world, SQL, properties=login)
    answer = {"status": 403, "code": "AuthorizationFailed", "message": "The app may not."}
    match = {"method": "GET", "path": "/firewallRules$", "principal": "app"}
    world.azure.faults.add({"match": match, "answer": answer})
    assert is_left(await world.reconcile(at), "could not be read")


# Routes that may take the traffic of clients


async def test_a_route_over_an_appliance_keeps_public_access_although_rules_are_ignored() -> None:
    world = a_world(groups={STORAGE_TYPE: PRIMARY})
    hop = {"nextHopType": "VirtualAppliance", "nextHopIpAddress": "10.0.0.4"}
    route = {"name": "away", "properties": {"addressPrefix": "10.0.1.0/24", **hop}}
    await world.send("PUT", TABLE, {"location": "westeurope", "properties": {"routes": [route]}})
    await world.sleep(30)
    clients = f"{SPOKE}/subnets/clients"
    for at, more in ((clients, {"routeTable": {"id": TABLE}}), (ENDPOINTS, ROUTED)):
        await world.send("PUT", at, {"properties": {"addressPrefix": PREFIXES[at], **more}})
        await world.sleep(60)
    at = await account(world)
    state = await world.reconcile(at)
    assert (state["result"], state["code"]) == ("Blocked", "PathNotCertain")
    assert "appliance 10.0.0.4" in state["reason"]
    assert await access(world, at) != "Disabled"


# What the app itself runs on


OWN = [
    {"AzureWebJobsStorage": "DefaultEndpointsProtocol=https;AccountName=orders;AccountKey=eA=="},
    {"AzureWebJobsStorage__accountName": "orders"},
    {"AzureWebJobsStorage__queueServiceUri": "https://orders.queue.core.windows.net"},
    {"EVENTS__queueServiceUri": "https://Orders.queue.core.windows.net/"},
    {"DEPLOYMENT_STORAGE_CONNECTION_STRING": "AccountName=orders;EndpointSuffix=core.windows.net"},
    {"WEBSITE_RUN_FROM_PACKAGE": "https://orders.blob.core.windows.net/app/package.zip"},
]


@pytest.mark.parametrize("settings", OWN, ids=[next(iter(one)) for one in OWN])
async def test_the_app_s_own_account_is_left_alone_by_its_type(settings: dict[str, str]) -> None:
    world = a_world(groups={STORAGE_TYPE: PRIMARY})
    world.settings = settings
    world.flow = world.worker()
    at = await account(world)
    world.sent()
    assert await world.reconcile(at) == {}
    assert world.writes() == []
    state = await world.reconcile(at, "manual")
    assert (state["result"], state["code"]) == ("Declined", "LeftAlone")
    assert next(iter(settings)) in state["reason"]


async def test_the_app_s_own_account_stays_open_where_a_tag_asks_for_it() -> None:
    world = a_world(groups={STORAGE_TYPE: PRIMARY})
    world.settings = OWN[0]
    world.flow = world.worker()
    at = await world.create_account(tags={"private-connectivity": "enabled"})
    state = await world.reconcile(at)
    assert (state["result"], state["code"]) == ("Blocked", "OwnResource")
    assert len(await world.endpoints()) == len(PRIMARY)
    assert await access(world, at) != "Disabled"


async def test_the_app_s_own_account_is_treated_like_any_other_where_the_policy_names_it() -> None:
    at = f"{APP}/Microsoft.Storage/storageAccounts/orders"
    world = a_world(groups={STORAGE_TYPE: PRIMARY}, own_resources=[at])
    world.settings = OWN[0]
    world.flow = world.worker()
    await account(world)
    assert (await world.reconcile(at))["result"] == "Connected"
    assert await access(world, at) == "Disabled"


async def test_the_app_s_own_vault_and_site_are_left_alone() -> None:
    vault, site = "Microsoft.KeyVault/vaults", "Microsoft.Web/sites"
    world = World(a_policy(always=[vault, site]))
    world.settings = {
        "SECRET": "@Microsoft.KeyVault(VaultName=thing;SecretName=s)",
        "WEBSITE_SITE_NAME": "thing",
    }
    world.flow = world.worker()
    tenant = "11111111-1111-1111-1111-111111111111"
    properties = {"tenantId": tenant, "sku": {"family": "A", "name": "standard"}, "accessPolicies": []}
    for at in (await made(world, vault, properties=properties), await made(world, site)):
        assert (await world.reconcile(at, "manual"))["code"] == "LeftAlone"
    assert await world.endpoints() == []


async def test_an_endpoint_of_the_app_s_own_account_is_not_removed_when_it_is_left_alone() -> None:
    world = World(a_policy(on_opt_out="remove"))
    at = await world.create_account()
    assert (await world.reconcile(at))["result"] == "Connected"
    world.settings = OWN[0]
    world.flow = world.worker()
    assert (await world.reconcile(at, "drift"))["code"] == "LeftAlone"
    assert len(await world.endpoints()) == 1


# Groups that a service manages


MANAGED = f"{SUB}/resourceGroups/databricks-rg-analytics"
MANAGER = f"{APP}/Microsoft.Databricks/workspaces/analytics"


async def in_managed_group(world: World, own: dict[str, str], **group: Any) -> str:
    body = {"location": "westeurope", "managedBy": MANAGER, **group}
    await world.send("PUT", MANAGED, body)
    at = f"{MANAGED}/providers/Microsoft.Storage/storageAccounts/dbstorage1"
    sku = {"name": "Standard_LRS"}
    await world.send("PUT", at, {"location": "westeurope", "kind": "StorageV2", "sku": sku, "tags": own})
    await world.sleep(120)
    return at


@pytest.mark.parametrize("inherit", ["none", "resource_group"])
async def test_a_resource_in_a_managed_group_is_left_alone_by_its_type(inherit: str) -> None:
    world = World(a_policy(inherit=inherit))
    at = await in_managed_group(world, {})
    assert await world.reconcile(at) == {}
    state = await world.reconcile(at, "manual")
    assert (state["code"], await world.endpoints()) == ("LeftAlone", [])
    assert MANAGER in state["reason"]


async def test_a_tag_asks_for_a_resource_in_a_managed_group() -> None:
    world = World()
    at = await in_managed_group(world, {"private-connectivity": "enabled"})
    assert (await world.reconcile(at))["result"] == "Connected"


async def test_the_tag_of_a_managed_group_asks_for_what_is_in_it() -> None:
    world = World()
    at = await in_managed_group(world, {}, tags={"private-connectivity": "enabled"})
    assert (await world.reconcile(at))["result"] == "Connected"


async def test_a_group_that_only_has_the_name_of_a_managed_one_is_connected() -> None:
    world = World()
    at = await in_managed_group(world, {}, managedBy=None)
    assert (await world.reconcile(at))["result"] == "Connected"
