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
