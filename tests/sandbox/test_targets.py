"""Storage accounts, SQL servers, Key Vaults and the rest: how they are made, shown and changed."""

import pytest

from sandbox.azure.reachability import public_access
from tests.sandbox.cloud import GROUP, code
from tests.sandbox.connectivity import (
    ACCOUNT,
    SERVER,
    VAULT,
    account_body,
    begin,
    endpoint_body,
    endpoint_id,
    properties,
    server_body,
    vault_body,
    with_endpoint,
)

COSMOS = f"{GROUP}/providers/Microsoft.DocumentDB/databaseAccounts/db"
SITE = f"{GROUP}/providers/Microsoft.Web/sites/app"


def cosmos_body(*regions: str, **more) -> dict:
    places = [{"locationName": one} for one in regions or ("West Europe",)]
    return {"location": "westeurope", "kind": "GlobalDocumentDB", "properties": {"locations": places}} | more


async def groups(cloud, target: str) -> list[str]:
    listed = (await cloud.get(f"{target}/privateLinkResources")).body["value"]
    return [one["properties"]["groupId"] for one in listed]


async def test_a_new_account_is_202_empty_and_the_last_poll_is_the_account(cloud):
    response = await cloud.put(ACCOUNT, account_body())
    assert (response.status, response.body, response.headers["Retry-After"]) == (202, None, "17")
    assert "Azure-AsyncOperation" not in response.headers
    assert (await cloud.poll(response, "Location")).status == 202
    last = await cloud.settle(response)
    assert (last.status, last.body["name"]) == (200, "acct")


async def test_a_put_on_an_existing_account_is_200_at_once_and_keeps_what_it_omits(cloud):
    await cloud.make(ACCOUNT, account_body(properties={"publicNetworkAccess": "Disabled"}))
    response = await cloud.put(ACCOUNT, account_body(tags={"a": "b"}))
    assert (response.status, response.body["tags"]) == (200, {"a": "b"})
    assert response.body["properties"]["publicNetworkAccess"] == "Disabled"


async def test_public_access_of_an_account_is_absent_until_it_is_set(cloud):
    await cloud.make(ACCOUNT, account_body())
    assert "publicNetworkAccess" not in await properties(cloud, ACCOUNT)
    response = await cloud.patch(ACCOUNT, {"properties": {"publicNetworkAccess": "Disabled"}})
    assert response.status == 200
    assert (await properties(cloud, ACCOUNT))["publicNetworkAccess"] == "Disabled"
    assert (await properties(cloud, ACCOUNT))["networkAcls"]["defaultAction"] == "Allow"


async def test_an_account_that_is_being_made_refuses_another_write(cloud):
    await cloud.put(ACCOUNT, account_body())
    response = await cloud.patch(ACCOUNT, {"tags": {"a": "b"}})
    assert (response.status, code(response)) == (409, "StorageAccountOperationInProgress")


@pytest.mark.parametrize("name", ["UPPER", "ab", "a-b-c", "a" * 25])
async def test_a_bad_account_name_is_refused(cloud, name):
    response = await cloud.put(f"{GROUP}/providers/Microsoft.Storage/storageAccounts/{name}", account_body())
    assert (response.status, code(response)) == (400, "AccountNameInvalid")


async def test_an_account_name_is_taken_in_the_whole_cloud(cloud):
    await cloud.make(ACCOUNT, account_body())
    await cloud.put(f"{GROUP}2", {"location": "westeurope"})
    response = await cloud.put(ACCOUNT.replace("/rg/", "/rg2/"), account_body())
    assert (response.status, code(response)) == (409, "StorageAccountAlreadyTaken")


@pytest.mark.parametrize(
    ("kind", "has"),
    [
        ("StorageV2", ["blob", "table", "queue", "file", "web", "dfs"]),
        ("BlobStorage", ["blob", "table", "dfs"]),
        ("FileStorage", ["file"]),
    ],
)
async def test_the_kind_of_an_account_limits_its_groups(cloud, kind, has):
    await cloud.make(ACCOUNT, account_body(kind=kind))
    assert sorted(await groups(cloud, ACCOUNT)) == sorted(has)
    assert sorted((await properties(cloud, ACCOUNT))["primaryEndpoints"]) == sorted(has)


async def test_a_secondary_group_works_unlisted_where_the_account_can_be_read_elsewhere():
    cloud = await begin()
    await cloud.put(ACCOUNT, account_body(sku="Standard_RAGRS"))
    assert "blob_secondary" not in await groups(cloud, ACCOUNT)
    await cloud.make(endpoint_id("pe"), endpoint_body(groups=["blob_secondary"]))
    names = (await properties(cloud, endpoint_id("pe")))["customDnsConfigs"]
    assert [one["fqdn"] for one in names] == ["acct-secondary.blob.core.windows.net"]


async def test_deleting_an_account_disconnects_its_endpoint():
    cloud = await with_endpoint()
    assert (await cloud.delete(ACCOUNT)).status == 200
    shown = await properties(cloud, endpoint_id("pe"))
    [entry] = shown["privateLinkServiceConnections"]
    assert entry["properties"]["privateLinkServiceConnectionState"]["status"] == "Disconnected"
    assert shown["customDnsConfigs"] == []


async def test_a_server_is_202_with_the_operations_name_and_ready_in_the_end(cloud):
    response = await cloud.put(SERVER, server_body())
    assert (response.status, response.headers["Retry-After"]) == (202, "1")
    assert response.body["operation"] == "UpsertLogicalServer"
    assert (await cloud.poll(response)).body["status"] == "InProgress"
    await cloud.settle(response)
    shown = await properties(cloud, SERVER)
    assert (shown["state"], shown["publicNetworkAccess"]) == ("Ready", "Enabled")
    assert "provisioningState" not in shown
    assert shown["fullyQualifiedDomainName"] == "server.database.windows.net"


async def test_an_update_of_a_server_shows_only_at_its_end(cloud):
    await cloud.make(SERVER, server_body())
    response = await cloud.patch(SERVER, {"properties": {"publicNetworkAccess": "Disabled"}})
    assert response.status == 202
    assert (await properties(cloud, SERVER))["publicNetworkAccess"] == "Enabled"
    await cloud.settle(response)
    assert (await properties(cloud, SERVER))["publicNetworkAccess"] == "Disabled"


async def test_the_second_of_two_server_updates_fails_as_busy(cloud):
    await cloud.make(SERVER, server_body())
    await cloud.patch(SERVER, {"tags": {"a": "b"}})
    last = await cloud.settle(await cloud.patch(SERVER, {"tags": {"a": "c"}}))
    assert last.body["error"]["code"] == "ConflictingServerOperation"
    assert (await cloud.get(SERVER)).body["tags"] == {"a": "b"}


async def test_a_password_is_never_shown(cloud):
    await cloud.make(SERVER, server_body(administratorLoginPassword="secret"))
    assert "secret" not in str((await cloud.get(SERVER)).body)


async def test_the_connection_policy_of_a_server_is_default_until_set(cloud):
    await cloud.make(SERVER, server_body())
    policy = f"{SERVER}/connectionPolicies/default"
    assert (await properties(cloud, policy))["connectionType"] == "Default"
    await cloud.make(policy, {"properties": {"connectionType": "Redirect"}})
    assert (await properties(cloud, policy))["connectionType"] == "Redirect"


async def test_a_vault_registers_its_name_and_has_public_network_access(cloud):
    response = await cloud.put(VAULT, vault_body())
    assert (response.status, response.body["properties"]["provisioningState"]) == (200, "RegisteringDns")
    assert "publicNetworkAccess" not in response.body["properties"]
    assert public_access.is_open(cloud.world.find(VAULT))
    assert response.body["properties"]["vaultUri"] == "https://vault.vault.azure.net"
    await cloud.wait(60)
    assert (await properties(cloud, VAULT))["vaultUri"] == "https://vault.vault.azure.net/"
    assert (await cloud.patch(VAULT, {"tags": {"a": "b"}})).body["tags"] == {"a": "b"}
    assert (await properties(cloud, VAULT))["tenantId"] == vault_body()["properties"]["tenantId"]


async def test_a_cosmos_account_has_a_member_for_itself_and_one_for_each_region():
    cloud = await begin()
    await cloud.make(COSMOS, cosmos_body("West Europe", "North Europe"))
    await cloud.make(endpoint_id("pe"), endpoint_body(COSMOS, ["Sql"]))
    assert (await properties(cloud, endpoint_id("pe")))["customDnsConfigs"] == [
        {"fqdn": "db.documents.azure.com", "ipAddresses": ["10.0.1.4"]},
        {"fqdn": "db-westeurope.documents.azure.com", "ipAddresses": ["10.0.1.5"]},
        {"fqdn": "db-northeurope.documents.azure.com", "ipAddresses": ["10.0.1.6"]},
    ]


@pytest.mark.parametrize(
    ("more", "has"),
    [
        ({}, ["Sql"]),
        ({"kind": "MongoDB"}, ["MongoDB"]),
        ({"capabilities": [{"name": "EnableCassandra"}]}, ["Cassandra"]),
        ({"capabilities": [{"name": "EnableGremlin"}]}, ["Sql", "Gremlin"]),
        ({"capabilities": [{"name": "EnableTable"}]}, ["Sql", "Table"]),
    ],
)
async def test_the_api_of_a_cosmos_account_decides_its_groups(cloud, more, has):
    body = cosmos_body()
    if "kind" in more:
        body["kind"] = more["kind"]
    else:
        body["properties"] |= more
    await cloud.make(COSMOS, body)
    assert await groups(cloud, COSMOS) == has


async def test_a_generic_type_is_made_at_once_and_patched(cloud):
    assert (
        await cloud.put(SITE, {"location": "westeurope", "properties": {"httpsOnly": True}})
    ).status == 201
    response = await cloud.patch(
        SITE, {"properties": {"publicNetworkAccess": "Disabled"}, "tags": {"a": "b"}}
    )
    assert response.status == 200
    shown = (await cloud.get(SITE)).body
    assert (shown["properties"]["httpsOnly"], shown["tags"]) == (True, {"a": "b"})
    assert shown["properties"]["publicNetworkAccess"] == "Disabled"


async def test_a_public_aks_cluster_offers_nothing_to_connect_to():
    cloud = await begin()
    cluster = f"{GROUP}/providers/Microsoft.ContainerService/managedClusters/aks"
    await cloud.make(cluster, {"location": "westeurope"})
    assert await groups(cloud, cluster) == []
    response = await cloud.put(endpoint_id("pe"), endpoint_body(cluster, ["management"]))
    assert (response.status, code(response)) == (400, "InvalidValuesForRequestParameters")


async def test_a_deployment_slot_is_a_group_of_its_site():
    cloud = await begin()
    await cloud.make(SITE, {"location": "westeurope"})
    await cloud.make(endpoint_id("pe"), endpoint_body(SITE, ["sites-staging"]))
    names = (await properties(cloud, endpoint_id("pe")))["customDnsConfigs"]
    assert [one["fqdn"] for one in names] == [
        "app-staging.azurewebsites.net",
        "app-staging.scm.azurewebsites.net",
    ]


async def test_a_long_slot_has_a_host_name_of_limited_length():
    cloud = await begin()
    site = f"{GROUP}/providers/Microsoft.Web/sites/our-123-dev-sevener-applic-application-service-as"
    await cloud.make(site, {"location": "westeurope"})
    await cloud.make(endpoint_id("pe"), endpoint_body(site, ["sites-staging"]))
    await cloud.make(
        endpoint_id("pe2"), endpoint_body(site, ["sites-a-slot-of-more-letters-than-azure-takes"])
    )
    short, long = [
        (await properties(cloud, endpoint_id(one)))["customDnsConfigs"][0]["fqdn"] for one in ("pe", "pe2")
    ]
    assert short == "our-123-dev-sevener-applic-application-s-staging.azurewebsites.net"
    start = "our-123-dev-sevener-applic-application-s-a-slot-of-more-let"
    assert long.startswith(start)
    assert len(long.split(".")[0]) == len(start) + 4


async def test_the_link_resource_of_a_server_is_named_plr(cloud):
    await cloud.make(SERVER, server_body())
    [one] = (await cloud.get(f"{SERVER}/privateLinkResources")).body["value"]
    assert (one["name"], one["properties"]["groupId"]) == ("plr", "sqlServer")
    assert (await cloud.get(f"{SERVER}/privateLinkResources/plr")).status == 200


@pytest.mark.parametrize(
    "kind",
    [
        "Microsoft.Cache/Redis",
        "Microsoft.ApiManagement/service",
        "Microsoft.App/managedEnvironments",
        "Microsoft.DBforPostgreSQL/flexibleServers",
    ],
)
async def test_most_services_create_and_delete_in_operations_that_can_fail(cloud, kind):
    at, body = f"{GROUP}/providers/{kind}/one", {"location": "westeurope", "properties": {}}
    failure = {"code": "Broken", "message": "no"}
    rule = {"match": {"method": "PUT", "path": "one$"}, "times": 1, "lro_failure": failure}
    await cloud.post("/_sandbox/faults", rule)
    response = await cloud.put(at, body)
    assert (response.status, response.body["properties"]["provisioningState"]) == (201, "Creating")
    last = await cloud.settle(response)
    assert (last.body["status"], last.body["error"]["code"]) == ("Failed", "Broken")
    assert (await properties(cloud, at))["provisioningState"] == "Failed"
    assert (await cloud.make(at, body))["properties"]["provisioningState"] == "Succeeded"
    gone = await cloud.delete(at)
    assert gone.status == 202
    assert (await properties(cloud, at))["provisioningState"] == "Deleting"
    await cloud.settle(gone)
    assert (await cloud.get(at)).status == 404
