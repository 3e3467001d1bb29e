"""What is in storage accounts and SQL servers, as Resource Manager shows it."""

import pytest

from tests.sandbox.cloud import GROUP, SUB, code

ACCOUNT = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/mine"
BLOBS = f"{ACCOUNT}/blobServices/default"
SERVER = f"{GROUP}/providers/Microsoft.Sql/servers/mine"


@pytest.fixture
async def account(cloud):
    body = {"location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
    await cloud.make(ACCOUNT, body)
    return cloud


@pytest.fixture
async def server(cloud):
    properties = {"administratorLogin": "me", "administratorLoginPassword": "x"}
    await cloud.make(SERVER, {"location": "westeurope", "properties": properties})
    return cloud


# Storage


async def test_keys_stay_until_one_is_made_again(account):
    before = (await account.post(f"{ACCOUNT}/listKeys")).body["keys"]
    assert [one["keyName"] for one in before] == ["key1", "key2"]
    await account.wait(60)
    after = (await account.post(f"{ACCOUNT}/regenerateKey", {"keyName": "key1"})).body["keys"]
    assert (after[0]["value"] != before[0]["value"], after[1]["value"]) == (True, before[1]["value"])
    assert after[0]["creationTime"] > before[0]["creationTime"]
    assert (await account.post(f"{ACCOUNT}/listKeys")).body["keys"] == after
    assert (await account.post(f"{ACCOUNT}/regenerateKey", {"keyName": "key9"})).status == 400


async def test_a_read_only_lock_refuses_the_keys(account):
    lock = f"{ACCOUNT}/providers/Microsoft.Authorization/locks/one"
    await account.put(lock, {"properties": {"level": "ReadOnly"}})
    assert code(await account.post(f"{ACCOUNT}/listKeys")) == "ScopeLocked"


@pytest.mark.parametrize("service", ["blobServices", "fileServices", "queueServices", "tableServices"])
async def test_every_account_has_one_service_of_each_kind(account, service):
    listed = (await account.get(f"{ACCOUNT}/{service}")).body["value"]
    assert [one["name"] for one in listed] == ["default"]
    assert (await account.get(f"{ACCOUNT}/{service}/other")).status == 404
    assert (await account.put(f"{ACCOUNT}/{service}/other", {"properties": {}})).status == 400
    assert (await account.get(f"{ACCOUNT.replace('mine', 'gone')}/{service}/default")).status == 404


async def test_properties_of_a_service_are_kept(account):
    await account.put(BLOBS, {"properties": {"isVersioningEnabled": True}})
    shown = (await account.get(BLOBS)).body["properties"]
    assert shown["isVersioningEnabled"] is True
    assert shown["cors"] == {"corsRules": []}


async def test_a_container_lives_as_long_as_its_account(account):
    box = f"{BLOBS}/containers/box"
    assert (await account.get(f"{BLOBS}/containers")).body["value"] == []
    assert (await account.put(box, {"properties": {"publicAccess": "Blob"}})).status == 201
    assert (await account.put(box, {"properties": {}})).status == 200
    assert (await account.get(box)).body["properties"]["publicAccess"] == "Blob"
    assert code(await account.put(f"{BLOBS}/containers/A_B", {})) == "InvalidResourceName"
    await account.remove(ACCOUNT)
    assert account.world.store.below(account.world.find(GROUP).id) == []


async def test_another_sku_gives_an_account_its_second_region(account):
    response = await account.patch(ACCOUNT, {"sku": {"name": "Standard_RAGRS"}})
    assert response.body["sku"] == {"name": "Standard_RAGRS", "tier": "Standard"}
    assert response.body["properties"]["secondaryLocation"] == "northeurope"
    back = (await account.patch(ACCOUNT, {"sku": {"name": "Standard_LRS"}})).body["properties"]
    assert "secondaryLocation" not in back


async def test_an_identity_keeps_the_ids_that_it_got(account):
    asked = {"identity": {"type": "SystemAssigned"}}
    first = (await account.patch(ACCOUNT, asked)).body["identity"]
    assert sorted(first) == ["principalId", "tenantId", "type"]
    assert (await account.patch(ACCOUNT, asked)).body["identity"] == first


# SQL


async def test_a_database_is_there_when_its_operation_ends(server):
    one = f"{SERVER}/databases/one"
    accepted = await server.put(one, {"location": "westeurope", "sku": {"name": "Basic", "tier": "Basic"}})
    assert (accepted.status, (await server.get(one)).status) == (202, 404)
    await server.settle(accepted)
    shown = (await server.get(one)).body
    assert (shown["properties"]["status"], shown["sku"]["name"]) == ("Online", "Basic")
    names = [one["name"] for one in (await server.get(f"{SERVER}/databases")).body["value"]]
    assert sorted(names) == ["master", "one"]
    await server.remove(one)
    assert (await server.get(one)).status == 404


async def test_an_edition_has_an_objective_that_a_database_may_have(server):
    path = f"{SUB}/providers/Microsoft.Sql/locations/westeurope/capabilities"
    (version,) = (await server.get(path)).body["supportedServerVersions"]
    editions = {one["name"]: one["supportedServiceLevelObjectives"] for one in version["supportedEditions"]}
    sku = editions["Basic"][0]["sku"]
    shown = await server.make(f"{SERVER}/databases/one", {"location": "westeurope", "sku": sku})
    assert shown["sku"] == {"name": "Basic", "tier": "Basic", "capacity": 5}


async def test_a_server_that_is_deleted_meanwhile_gets_no_database(server):
    await server.put(f"{SERVER}/databases/one", {"location": "westeurope"})
    server.world.remove(server.world.find(SERVER).id)
    await server.wait(200)
    assert server.world.find(f"{SERVER}/databases/one") is None
