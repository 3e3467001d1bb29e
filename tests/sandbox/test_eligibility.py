"""A private endpoint to a resource that its provider excludes is refused in the provider's own words."""

import pytest

from tests.sandbox.cloud import GROUP, Cloud, code, network_body, vnet
from tests.sandbox.connectivity import ACCOUNT, ENDPOINT, account_body, endpoint_body

PROVIDERS = f"{GROUP}/providers"


async def with_network() -> Cloud:
    cloud = Cloud()
    await cloud.begin()
    await cloud.make(vnet(), network_body(subnets={"one": "10.0.1.0/24"}))
    return cloud


@pytest.mark.parametrize(
    ("kind", "group", "body", "error", "sentence"),
    [
        (
            "Microsoft.Storage/storageAccounts",
            "file",
            account_body("Storage"),
            "OperationNotAllowedOnKind",
            "The operation is not allowed on account kind Storage",
        ),
        (
            "Microsoft.ServiceBus/namespaces",
            "namespace",
            {"sku": {"name": "Standard"}},
            "PrivateEndpointInvalidSku",
            "Private endpoint connections are only supported on Premium Service Bus namespaces.",
        ),
        (
            "Microsoft.Web/sites",
            "sites",
            {"properties": {"sku": "Dynamic"}},
            "BadRequest",
            "SkuCode 'Dynamic' is invalid.",
        ),
        (
            "Microsoft.ApiManagement/service",
            "Gateway",
            {"sku": {"name": "Consumption"}},
            "NotSupported",
            "Please refer to https://aka.ms/apim-private-link on more details.",
        ),
    ],
)
async def test_the_refusal_has_the_code_and_sentence_that_are_public(kind, group, body, error, sentence):
    cloud = await with_network()
    target = f"{PROVIDERS}/{kind}/acct"
    await cloud.make(target, {"location": "westeurope"} | body)
    response = await cloud.put(ENDPOINT, endpoint_body(target, [group]))
    assert (response.status, code(response)) == (400, error)
    message = response.body["error"]["message"]
    assert message.startswith(f"Call to {kind} failed. Error message: ")
    assert message.endswith(sentence)
    assert (await cloud.get(ENDPOINT)).status == 404


async def test_a_request_for_approval_is_refused_as_well():
    cloud = await with_network()
    await cloud.make(ACCOUNT, account_body("Storage"))
    response = await cloud.put(ENDPOINT, endpoint_body(manual=True))
    assert code(response) == "OperationNotAllowedOnKind"


async def test_an_endpoint_that_exists_is_not_judged_again():
    cloud = await with_network()
    target = f"{PROVIDERS}/Microsoft.ServiceBus/namespaces/bus"
    await cloud.make(target, {"location": "westeurope", "sku": {"name": "Premium"}})
    await cloud.make(ENDPOINT, endpoint_body(target, ["namespace"]))
    await cloud.make(target, {"location": "westeurope", "sku": {"name": "Standard"}})
    assert (await cloud.put(ENDPOINT, endpoint_body(target, ["namespace"]))).status == 200


async def test_a_container_apps_environment_is_open_unless_it_is_internal_or_says_otherwise():
    cloud = await with_network()
    for properties, access in (
        ({}, "Enabled"),
        ({"vnetConfiguration": {"internal": True}}, "Disabled"),
        ({"publicNetworkAccess": "Disabled"}, "Disabled"),
    ):
        at = f"{PROVIDERS}/Microsoft.App/managedEnvironments/apps"
        await cloud.make(at, {"location": "westeurope", "properties": properties})
        assert (await cloud.get(at)).body["properties"]["publicNetworkAccess"] == access


async def test_an_ai_account_is_named_by_its_custom_subdomain_or_by_its_region():
    cloud = await with_network()
    at = f"{PROVIDERS}/Microsoft.CognitiveServices/accounts/ai"
    await cloud.make(at, {"location": "westeurope"})
    shown = (await cloud.get(at)).body["properties"]["endpoint"]
    assert shown == "https://westeurope.api.cognitive.microsoft.com/"
    await cloud.make(at, {"location": "westeurope", "properties": {"customSubDomainName": "words"}})
    shown = (await cloud.get(at)).body["properties"]["endpoint"]
    assert shown == "https://words.cognitiveservices.azure.com/"
    await cloud.make(ENDPOINT, endpoint_body(at, ["account"]))
    configs = (await cloud.get(ENDPOINT)).body["properties"]["customDnsConfigs"]
    assert "words.cognitiveservices.azure.com" in {one["fqdn"] for one in configs}


REFUSED = [
    ("Microsoft.Dashboard/grafana", "grafana", {"sku": {"name": "Essential"}}, {"sku": {"name": "Standard"}}),
    (
        "Microsoft.ContainerRegistry/registries",
        "registry",
        {"sku": {"name": "Classic"}},
        {"sku": {"name": "Premium"}},
    ),
    (
        "Microsoft.App/managedEnvironments",
        "managedEnvironments",
        {"properties": {"publicNetworkAccess": "Disabled", "workloadProfiles": None}},
        {
            "properties": {
                "publicNetworkAccess": "Disabled",
                "workloadProfiles": [{"name": "Consumption", "workloadProfileType": "Consumption"}],
            }
        },
    ),
    (
        "Microsoft.Web/hostingEnvironments",
        "hostingEnvironments",
        {"kind": "ASEV2", "properties": {}},
        {"kind": "ASEV3", "properties": {}},
    ),
]


@pytest.mark.parametrize(("kind", "group", "refused", "taken"), REFUSED)
async def test_a_plan_or_mode_without_private_endpoints_is_refused_and_another_is_not(
    kind, group, refused, taken
):
    cloud = await with_network()
    target = f"{PROVIDERS}/{kind}/acct"
    await cloud.make(target, {"location": "westeurope"} | refused)
    response = await cloud.put(ENDPOINT, endpoint_body(target, [group]))
    assert (response.status, code(response)) == (400, "BadRequest")
    await cloud.make(target, {"location": "westeurope"} | taken)
    assert (await cloud.put(ENDPOINT, endpoint_body(target, [group]))).status == 201


@pytest.mark.parametrize(("version", "status"), [("3.2", 400), ("3.6", 201)])
async def test_an_account_for_mongo_takes_endpoints_from_version_3_6_on(version, status):
    cloud = await with_network()
    target = f"{PROVIDERS}/Microsoft.DocumentDB/databaseAccounts/docs"
    properties = {"locations": [{"locationName": "westeurope"}], "apiProperties": {"serverVersion": version}}
    await cloud.make(target, {"location": "westeurope", "kind": "MongoDB", "properties": properties})
    assert (await cloud.put(ENDPOINT, endpoint_body(target, ["MongoDB"]))).status == status


@pytest.mark.parametrize(("allowed", "status"), [(True, 201), (False, 400), (None, 400)])
async def test_an_app_in_an_environment_has_endpoints_only_if_the_environment_allows_them(allowed, status):
    cloud = await with_network()
    environment, site = (
        f"{PROVIDERS}/Microsoft.Web/{one}" for one in ("hostingEnvironments/ase", "sites/www")
    )
    networking = {} if allowed is None else {"properties": {"allowNewPrivateEndpointConnections": allowed}}
    body = {"location": "westeurope", "properties": {"networkingConfiguration": networking}}
    await cloud.make(environment, body | {"kind": "ASEV3"})
    profile = {"hostingEnvironmentProfile": {"id": environment}}
    await cloud.make(site, {"location": "westeurope", "properties": profile})
    response = await cloud.put(ENDPOINT, endpoint_body(site, ["sites"]))
    assert response.status == status


async def test_an_endpoint_to_a_backup_vault_chooses_no_address():
    cloud = await with_network()
    vault = f"{PROVIDERS}/Microsoft.RecoveryServices/vaults/backup"
    await cloud.make(vault, {"location": "westeurope", "properties": {}})
    static = {"groupId": "AzureBackup", "memberName": "AzureBackup", "privateIPAddress": "10.0.1.9"}
    chosen = [{"name": "one", "properties": static}]
    refused = await cloud.put(ENDPOINT, endpoint_body(vault, ["AzureBackup"], ipConfigurations=chosen))
    assert (refused.status, code(refused)) == (400, "BadRequest")
    assert (await cloud.put(ENDPOINT, endpoint_body(vault, ["AzureBackup"]))).status == 201
