"""Resources that are kept after their deletion, and names that are in use across Azure."""

import pytest

from tests.sandbox.cloud import APP, GROUP, OTHER, SUB, code
from tests.sandbox.connectivity import ENDPOINT, VAULT, begin, endpoint_body, vault_body

ELSEWHERE = f"{OTHER}/resourceGroups/rg"
KEPT = f"{SUB}/providers/Microsoft.KeyVault/locations/westeurope/deletedVaults/vault"
SITE = "providers/Microsoft.Web/sites/www"


async def deleted(cloud) -> list[str]:
    listed = await cloud.get(f"{SUB}/providers/Microsoft.KeyVault/deletedVaults")
    return [one["name"] for one in listed.body["value"]]


async def with_deleted_vault(cloud, **properties) -> None:
    await cloud.make(VAULT, vault_body(**properties))
    await cloud.wait(60)
    assert (await cloud.delete(VAULT)).status == 200


async def test_a_deleted_vault_is_listed_and_read_in_its_region(cloud):
    await with_deleted_vault(cloud)
    assert await deleted(cloud) == ["vault"]
    shown = (await cloud.get(KEPT)).body
    assert (shown["id"], shown["properties"]["vaultId"]) == (KEPT, VAULT)
    assert code(await cloud.get(KEPT.replace("westeurope", "eastus"))) == "DeletedVaultNotFound"


async def test_a_vault_is_kept_when_its_group_is_deleted(cloud):
    await cloud.make(VAULT, vault_body())
    await cloud.settle(await cloud.delete(GROUP))
    assert await deleted(cloud) == ["vault"]


async def test_the_name_of_a_deleted_vault_is_in_use_in_its_own_place_and_in_others(cloud):
    await with_deleted_vault(cloud)
    refused = await cloud.put(VAULT, vault_body())
    assert (refused.status, code(refused)) == (409, "ConflictError")
    await cloud.put(ELSEWHERE, {"location": "westeurope"})
    refused = await cloud.put(VAULT.replace(GROUP, ELSEWHERE), vault_body())
    assert (refused.status, code(refused)) == (409, "VaultAlreadyExists")
    refused = await cloud.put(VAULT.replace(GROUP, ELSEWHERE), vault_body(createMode="recover"))
    assert code(refused) == "VaultAlreadyExists"


async def test_a_recovered_vault_exists_at_once_and_is_deleted_no_more(cloud):
    await with_deleted_vault(cloud)
    recovered = await cloud.put(VAULT, vault_body(createMode="recover"))
    assert recovered.body["properties"]["provisioningState"] == "Succeeded"
    assert await deleted(cloud) == []
    assert (await cloud.get(KEPT)).status == 404


async def test_recovering_what_was_not_deleted_is_refused(cloud):
    assert code(await cloud.put(VAULT, vault_body(createMode="recover"))) == "SoftDeletedVaultDoesNotExist"


async def test_a_purged_vault_gives_its_name_back(cloud):
    await with_deleted_vault(cloud)
    response = await cloud.post(f"{KEPT}/purge")
    assert (response.status, response.headers["Retry-After"]) == (202, "5")
    assert (await cloud.settle(response)).body["status"] == "Succeeded"
    assert await deleted(cloud) == []
    created = await cloud.put(VAULT, vault_body())
    assert created.body["properties"]["provisioningState"] == "RegisteringDns"


async def test_a_vault_with_purge_protection_is_not_purged(cloud):
    await with_deleted_vault(cloud, enablePurgeProtection=True)
    assert (await cloud.get(KEPT)).body["properties"]["purgeProtectionEnabled"] is True
    assert code(await cloud.post(f"{KEPT}/purge")) == "MethodNotAllowed"
    assert await deleted(cloud) == ["vault"]


async def test_a_deleted_vault_is_gone_when_its_retention_is_over(cloud):
    await with_deleted_vault(cloud, softDeleteRetentionInDays=7)
    await cloud.post("/_sandbox/clock", {"advance": 7 * 86_400 - 60})
    assert await deleted(cloud) == ["vault"]
    await cloud.post("/_sandbox/clock", {"advance": 120})
    assert await deleted(cloud) == []
    assert (await cloud.put(VAULT, vault_body())).status == 200


async def test_a_recovered_vault_has_no_connections_and_its_endpoint_is_disconnected():
    cloud = await begin()
    await cloud.make(VAULT, vault_body())
    await cloud.wait(60)
    await cloud.make(ENDPOINT, endpoint_body(VAULT, ["vault"]))
    await cloud.delete(VAULT)
    await cloud.put(VAULT, vault_body(createMode="recover"))
    assert "privateEndpointConnections" not in (await cloud.get(VAULT)).body["properties"]
    (entry,) = (await cloud.get(ENDPOINT)).body["properties"]["privateLinkServiceConnections"]
    assert entry["properties"]["privateLinkServiceConnectionState"]["status"] == "Disconnected"


async def test_purging_needs_a_right_of_its_own(cloud):
    await with_deleted_vault(cloud)
    refused = await cloud.post(f"{KEPT}/purge", as_=APP)
    assert (refused.status, code(refused)) == (403, "AuthorizationFailed")


@pytest.mark.parametrize(
    ("kind", "restore", "error"),
    [
        (
            "Microsoft.AppConfiguration/configurationStores",
            {"createMode": "Recover"},
            "NameUnavailable",
        ),
        ("Microsoft.ApiManagement/service", {"restore": True}, "ServiceAlreadyExistsInSoftDeletedState"),
        ("Microsoft.CognitiveServices/accounts", {"restore": True}, "FlagMustBeSetForRestore"),
    ],
)
async def test_other_services_keep_what_is_deleted_and_restore_it_on_request(cloud, kind, restore, error):
    at, body = f"{GROUP}/providers/{kind}/one", {"location": "westeurope", "properties": {}}
    await cloud.make(at, body)
    await cloud.remove(at)
    refused = await cloud.put(at, body)
    assert (refused.status, code(refused)) == (409, error)
    assert (await cloud.put(at, body | {"properties": restore})).status in (200, 201)


async def test_the_name_of_a_site_is_refused_in_the_envelope_of_its_provider(cloud):
    other, body = f"{SUB}/resourceGroups/other", {"location": "westeurope"}
    await cloud.put(other, body)
    await cloud.make(f"{GROUP}/{SITE}", body)
    refused = await cloud.put(f"{other}/{SITE}", body)
    assert (refused.status, refused.body["Code"]) == (409, "Conflict")
    assert refused.body["Message"] == "Website with given name www already exists."
    assert (await cloud.put(f"{GROUP}/{SITE}", body)).status == 200


async def test_a_duration_is_fixed_until_it_is_drawn_again(cloud):
    server = f"{GROUP}/providers/Microsoft.Sql/servers/server"
    await cloud.make(server, {"location": "westeurope", "properties": {"administratorLogin": "me"}})
    assert (await cloud.post("/_sandbox/durations", {"servers/delete": 412})).body["fixed"] == {
        "servers/delete": 412
    }
    began, response = cloud.now, await cloud.delete(server)
    await cloud.settle(response)
    assert 412 <= cloud.now - began <= 414
    assert (await cloud.post("/_sandbox/durations", {"servers/delete": None})).body["fixed"] == {}
    assert (await cloud.post("/_sandbox/durations", {"servers/drop": 1})).status == 400


async def test_the_name_of_a_deleted_vault_is_not_available(cloud):
    await with_deleted_vault(cloud)
    ask = f"{SUB}/providers/Microsoft.KeyVault/checkNameAvailability"
    body = {"name": "vault", "type": "Microsoft.KeyVault/vaults"}
    assert (await cloud.post(ask, body)).body["nameAvailable"] is False
    await cloud.settle(await cloud.post(f"{KEPT}/purge"))
    assert (await cloud.post(ask, body)).body["nameAvailable"] is True
