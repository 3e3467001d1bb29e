"""What Azure's own clients ask beside resources: signing in, the directory, providers, regions, names."""

import base64
import json

import pytest

from sandbox.azure.front.name_availability import RULES
from tests.sandbox.cloud import APP, GROUP, OTHER, SUB, code, network_body, vnet

TENANT = "11111111-1111-1111-1111-111111111111"
STORAGE = f"{GROUP}/providers/Microsoft.Storage/storageAccounts"
ACCOUNT = {"location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}


def claims(token: str) -> dict:
    return json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))


async def sign_in(cloud, tenant=TENANT, path="oauth2/v2.0/token", **form):
    sent = {"client_id": "me", "client_secret": "x", "grant_type": "client_credentials"} | form
    sent = {"scope": "https://management.azure.com/.default"} | sent
    body = "&".join(f"{name}={value}" for name, value in sent.items() if value)
    return await cloud.post(f"/{tenant}/{path}", body, as_=None, version=None)


# Signing in


async def test_a_client_secret_gets_the_token_of_a_user_who_may_do_everything(cloud):
    answer = await sign_in(cloud)
    token = answer.body["access_token"]
    assert claims(token)["aud"] == "https://management.azure.com"
    assert claims(token)["tid"] == TENANT
    assert (await cloud.put(vnet(), network_body(), as_=f"Bearer {token}")).status == 201


async def test_the_first_version_of_the_token_endpoint_reads_the_resource(cloud):
    answer = await sign_in(cloud, path="oauth2/token", resource="https://graph", scope="")
    assert claims(answer.body["access_token"])["aud"] == "https://graph"


async def test_a_token_is_of_the_tenant_that_the_path_names(cloud):
    other = "33333333-3333-3333-3333-333333333333"
    given = {"subscription": OTHER, "tenant": other}
    assert (await cloud.post("/_sandbox/tenants", given)).status == 200
    token = (await sign_in(cloud, tenant=other)).body["access_token"]
    assert claims(token)["tid"] == other
    found = (await cloud.get("/tenants", as_=f"Bearer {token}")).body["value"]
    assert [one["tenantId"] for one in found] == [other]
    refused = await cloud.get(f"{SUB}/locations", as_=f"Bearer {token}")
    assert (refused.status, code(refused)) == (401, "InvalidAuthenticationTokenTenant")


async def test_the_apps_identity_has_no_secret(cloud):
    answer = await sign_in(cloud, client_id=claims(APP.split()[1])["appid"])
    assert (answer.status, answer.body["error"]) == (401, "invalid_client")
    assert answer.body["error_codes"] == [7000215]


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"client_secret": ""}, "invalid_client"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"tenant": "22222222-2222-2222-2222-222222222222"}, "invalid_tenant"),
    ],
)
async def test_entra_refuses_in_its_own_form(cloud, change, error):
    answer = await sign_in(cloud, **change)
    assert answer.status in (400, 401)
    assert answer.body["error"] == error
    assert answer.body["error_description"].startswith(f"AADSTS{answer.body['error_codes'][0]}: ")


async def test_the_configuration_names_the_token_endpoint_of_the_same_host(cloud):
    path = f"/{TENANT}/v2.0/.well-known/openid-configuration"
    answer = await cloud.get(path, as_=None, version=None)
    assert answer.body["token_endpoint"] == f"https://arm.test/{TENANT}/oauth2/v2.0/token"


async def test_a_user_may_have_a_managed_identity_too(cloud):
    headers = {"x-identity-header": cloud.simulator.identity_headers["user"]}
    query = {"resource": "https://management.azure.com/"}
    answer = await cloud.get("/msi/token", headers=headers, query=query, version="2019-08-01", as_=None)
    as_user = await cloud.put(vnet(), network_body(), as_=f"Bearer {answer.body['access_token']}")
    assert as_user.status == 201


# The directory


async def test_graph_names_the_principals_by_their_ids(cloud):
    app = claims(APP.split()[1])["oid"]
    found = await cloud.post("/v1.0/directoryObjects/getByIds", {"ids": [app, "other"]}, version=None)
    assert [one["id"] for one in found.body["value"]] == [app]


async def test_graph_refuses_in_its_own_form_what_it_does_not_have(cloud):
    missing = await cloud.get("/v1.0/users/no-one@sandbox.example", version=None)
    assert (missing.status, code(missing)) == (404, "Request_ResourceNotFound")
    me = await cloud.get("/v1.0/me", version=None)
    assert "delegated" in me.body["error"]["message"]
    unknown = await cloud.get("/v1.0/groups", version=None)
    assert (unknown.status, code(unknown)) == (400, "BadRequest")
    assert (await cloud.get("/v1.0/users", version=None, as_=None)).status == 401


# Providers and regions


async def test_every_namespace_has_versions_and_regions_for_each_type(cloud):
    found = await cloud.get(f"{SUB}/providers")
    types = [(one["namespace"], kind) for one in found.body["value"] for kind in one["resourceTypes"]]
    assert [name for name, kind in types if not kind["apiVersions"] or not kind["locations"]] == []
    network = await cloud.get(f"{SUB}/providers/microsoft.network")
    kinds = {one["resourceType"]: one for one in network.body["resourceTypes"]}
    assert "West Europe" in kinds["virtualNetworks"]["locations"]
    assert kinds["privateDnsZones"]["locations"] == ["global"]
    assert "2024-06-01" in kinds["privateDnsZones/A"]["apiVersions"]


async def test_a_namespace_in_use_is_not_unregistered(cloud):
    await cloud.make(f"{STORAGE}/mine", ACCOUNT)
    used = await cloud.post(f"{SUB}/providers/Microsoft.Storage/unregister")
    assert (used.status, code(used)) == (409, "CannotUnregisterProvider")
    free = await cloud.post(f"{SUB}/providers/Microsoft.Sql/unregister")
    assert free.body["registrationState"] == "NotRegistered"


async def test_regions_are_listed_with_the_names_that_people_read(cloud):
    found = (await cloud.get(f"{SUB}/locations")).body["value"]
    shown = {one["name"]: one["displayName"] for one in found}
    assert shown["westeurope"] == "West Europe"
    refused = await cloud.put(f"{SUB}/resourceGroups/new", {"location": "atlantis"})
    assert code(refused) == "LocationNotAvailableForResourceGroup"
    for name in shown:
        assert (await cloud.put(f"{SUB}/resourceGroups/in-{name}", {"location": name})).status == 201


async def test_the_tenant_is_that_of_the_subscriptions(cloud):
    (tenant,) = (await cloud.get("/tenants")).body["value"]
    assert tenant["tenantId"] == (await cloud.get(SUB)).body["tenantId"]


async def test_the_cloud_names_its_graph_and_its_sign_in(cloud):
    answer = await cloud.get("/metadata/endpoints", version="2022-09-01", as_=None)
    assert answer.body["microsoftGraphResourceId"] == "https://arm.test/"
    assert answer.body["authentication"]["loginEndpoint"] == "https://arm.test/"


# Names


async def check(cloud, namespace, **body):
    return await cloud.post(f"{SUB}/providers/{namespace}/checkNameAvailability", body)


async def test_a_free_name_is_available_until_a_resource_has_it(cloud):
    asked = {"name": "mine", "type": "Microsoft.Storage/storageAccounts"}
    assert (await check(cloud, "Microsoft.Storage", **asked)).body == {"nameAvailable": True}
    await cloud.make(f"{STORAGE}/mine", ACCOUNT)
    taken = (await check(cloud, "Microsoft.Storage", **asked)).body
    assert (taken["nameAvailable"], taken["reason"]) == (False, "AlreadyExists")
    assert taken["message"] == "The storage account named mine is already taken."


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.type)
async def test_an_invalid_name_has_the_reason_of_its_service(cloud, rule):
    answer = await check(cloud, rule.type.split("/")[0], name="a_b.c", type=rule.type)
    assert (answer.body[rule.said], answer.body["reason"]) == (False, rule.invalid)


async def test_a_name_of_a_region_is_free_in_the_others(cloud):
    batch = f"{GROUP}/providers/Microsoft.Batch/batchAccounts/mine"
    await cloud.make(batch, {"location": "westeurope"})
    at = f"{SUB}/providers/Microsoft.Batch/locations"
    for region, free in (("westeurope", False), ("northeurope", True)):
        answer = await cloud.post(f"{at}/{region}/checkNameAvailability", {"name": "mine"})
        assert answer.body["nameAvailable"] is free


async def test_a_cosmos_account_holds_its_name_everywhere(cloud):
    name = "/providers/Microsoft.DocumentDB/databaseAccountNames/mine"
    assert (await cloud.send("HEAD", name)).status == 404
    account = f"{GROUP}/providers/Microsoft.DocumentDB/databaseAccounts/mine"
    locations = [{"locationName": "westeurope"}]
    properties = {"databaseAccountOfferType": "Standard", "locations": locations}
    await cloud.make(account, {"location": "westeurope", "properties": properties})
    assert (await cloud.send("HEAD", name)).status == 200


async def test_names_of_other_types_and_namespaces_are_not_judged(cloud):
    wrong = await check(cloud, "Microsoft.Storage", name="mine", type="Microsoft.Sql/servers")
    assert (wrong.status, code(wrong)) == (400, "InvalidResourceType")
    without = await check(cloud, "Microsoft.Network", name="mine")
    assert (without.status, code(without)) == (404, "InvalidResourceType")
    assert (await check(cloud, "Microsoft.Storage")).status == 400


# What the simulator has not


async def test_resource_graph_refuses_every_query(cloud):
    answer = await cloud.post("/providers/Microsoft.ResourceGraph/resources", {"query": "resources"})
    assert (answer.status, code(answer)) == (400, "BadRequest")
    assert answer.body["error"]["details"][0]["code"] == "UnsupportedQuery"
