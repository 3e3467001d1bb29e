"""Values in `infra/` that make the difference between safe and open. A compiler accepts either."""

import json
import re
from pathlib import Path

import pytest
import yaml

from tests.infra.check import INFRA, REPOSITORY
from tests.infra.syntax import Resource, inner, nodes, properties, read_folder, string, text

SOURCES = read_folder(INFRA)
RESOURCES = [(source, one) for source in SOURCES for one in source.resources]
# Built-in roles (Microsoft Learn, "Azure built-in roles"). None of these may write what belongs to others.
ROLES = {
    "acdd72a7-3385-48ef-bd42-f606fba81ae7": "Reader",
    "b7e6dc6d-f1e8-4753-8033-0f276bb0955b": "Storage Blob Data Owner",
    "ba92f5b4-2d11-453d-a403-e96b0029c9fe": "Storage Blob Data Contributor",
    "974c5e8b-45b9-4653-ba55-5f855dd0fb88": "Storage Queue Data Contributor",
    "c6a89b2d-59bc-44d0-9896-0f6e12d7b80a": "Storage Queue Data Message Sender",
    "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3": "Storage Table Data Contributor",
    "3913510d-42f4-4e42-8a64-420c390055eb": "Monitoring Metrics Publisher",
    "d5a91429-5739-47e2-a06b-3470a27159e7": "EventGrid Data Sender",
}
GUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"


def of(kind: str) -> list[Resource]:
    """The resources of a type that are made here. At least one."""
    found = [one for _, one in RESOURCES if one.type == kind and not one.existing]
    assert found, f"infra/ has no {kind}"
    return found


def value(one: Resource, path: str) -> str:
    """The literal at a path; the expression where it is none; empty where there is nothing."""
    found = one.property(path)
    return "" if found is None else (string(found) or text(found))


EXPECTED = {
    "Microsoft.Storage/storageAccounts": {
        "properties.allowSharedKeyAccess": "false",
        "properties.allowBlobPublicAccess": "false",
        "properties.allowCrossTenantReplication": "false",
        "properties.defaultToOAuthAuthentication": "true",
        "properties.minimumTlsVersion": "TLS1_2",
        "properties.supportsHttpsTrafficOnly": "true",
        "properties.networkAcls.bypass": "AzureServices",
        "properties.networkAcls.defaultAction": "private ? 'Deny' : 'Allow'",
    },
    "Microsoft.Storage/storageAccounts/blobServices": {"properties.deleteRetentionPolicy.enabled": "true"},
    "Microsoft.Storage/storageAccounts/blobServices/containers": {"properties.publicAccess": "None"},
    "Microsoft.Web/serverfarms": {
        "sku.name": "FC1",
        "sku.tier": "FlexConsumption",
        "properties.reserved": "true",
    },
    "Microsoft.Web/sites": {
        "kind": "functionapp,linux",
        "identity.type": "UserAssigned",
        "properties.httpsOnly": "true",
        "properties.siteConfig.ftpsState": "Disabled",
        "properties.siteConfig.minTlsVersion": "1.2",
        "properties.siteConfig.scmMinTlsVersion": "1.2",
        "properties.functionAppConfig.runtime.name": "python",
        "properties.functionAppConfig.runtime.version": "3.13",
        "properties.functionAppConfig.deployment.storage.authentication.type": "UserAssignedIdentity",
    },
    "Microsoft.Web/sites/basicPublishingCredentialsPolicies": {"properties.allow": "false"},
    "Microsoft.OperationalInsights/workspaces": {"properties.features.disableLocalAuth": "true"},
    "Microsoft.Insights/components": {"properties.DisableLocalAuth": "true"},
    "Microsoft.EventGrid/topics": {
        "properties.disableLocalAuth": "true",
        "properties.inputSchema": "CloudEventSchemaV1_0",
        "properties.minimumTlsVersionAllowed": "1.2",
    },
    "Microsoft.EventGrid/systemTopics": {
        "identity.type": "SystemAssigned",
        "properties.topicType": "Microsoft.Resources.Subscriptions",
        "properties.source": "subscription().id",
    },
    "Microsoft.EventGrid/systemTopics/eventSubscriptions": {
        "properties.deliveryWithResourceIdentity.identity.type": "SystemAssigned",
        "properties.deliveryWithResourceIdentity.destination.endpointType": "StorageQueue",
        "properties.deadLetterWithResourceIdentity.identity.type": "SystemAssigned",
        "properties.deadLetterWithResourceIdentity.deadLetterDestination.endpointType": "StorageBlob",
    },
    "Microsoft.Authorization/roleAssignments": {"properties.principalType": "ServicePrincipal"},
}


@pytest.mark.parametrize(
    ("kind", "path"), [(kind, path) for kind, paths in EXPECTED.items() for path in paths]
)
def test_a_resource_has_the_safe_value(kind: str, path: str) -> None:
    assert [value(one, path) for one in of(kind)] == [EXPECTED[kind][path]] * len(of(kind))


def test_no_key_connection_string_or_secret_is_read() -> None:
    forbidden = (
        "listKeys",
        "listAccountSas",
        "AccountKey",
        "listSyncFunctionTriggerStatus",
        "InstrumentationKey",
    )
    found = [(source.name, word) for source in SOURCES for word in forbidden if word in text(source.root)]
    assert found == []


def test_no_output_is_a_secret() -> None:
    """Outputs are in the deployment's history, for all readers. The one string here has no key in force."""
    named = [(source.name, one) for source in SOURCES for one in source.of("output")]
    words = ("secret", "password", "connectionstring", "sas")
    assert [pair for pair in named if any(word in pair[1].lower() for word in words)] == [
        ("modules/monitoring.bicep", "insightsConnectionString")
    ]


def test_only_listed_built_in_roles_are_assigned() -> None:
    texts = [*(text(source.root) for source in SOURCES), (INFRA / "roles.json").read_text("utf-8")]
    assert {found for one in texts for found in re.findall(GUID, one)} == set(ROLES)


def test_custom_roles_have_no_wildcard_and_no_action_on_roles() -> None:
    roles = json.loads((INFRA / "roles.json").read_text("utf-8"))
    custom = [role for role in roles.values() if "builtIn" not in role]
    actions = [action for role in custom for action in role["actions"]]
    assert [one for one in actions if "*" in one or one.startswith("Microsoft.Authorization/")] == []


def test_every_role_that_a_template_names_is_in_the_roles_that_are_generated() -> None:
    roles = json.loads((INFRA / "roles.json").read_text("utf-8"))
    [source] = [one for one in SOURCES if one.name == "modules/roles.bicep"]
    named = set(re.findall(r"\broles\.(\w+)\.\w", text(source.root)))
    named |= set(re.findall(r"(?:role: |array\()'(\w+)'", text(source.root)))
    assert named == {"read", "approve", "public", "remove"}
    assert named < set(roles)


@pytest.mark.parametrize("name", ["main.bicep", "watch.bicep", "modules/roles.bicep"])
def test_the_app_may_delete_what_it_made_and_disable_no_public_access_unless_it_is_said(name: str) -> None:
    [source] = [one for one in SOURCES if one.name == name]
    given = source.of("param")
    defaults = {key: given[key].value for key in ("allowRemoval", "publicAccessTypes", "approvedTypes")}
    said = {key: text(value) for key, value in defaults.items() if value is not None}
    assert said == {"allowRemoval": "true", "publicAccessTypes": "[]", "approvedTypes": "[]"}


def test_every_parameter_and_output_has_a_description() -> None:
    bare = [
        f"{source.name}: {one.name}"
        for source in SOURCES
        for one in source.declared
        if one.kind in ("param", "output") and "description" not in one.decorators
    ]
    assert bare == []


def test_azd_asks_for_two_values_beside_the_subscription() -> None:
    [main] = [source for source in SOURCES if source.name == "main.bicep"]
    asked = [name for name, one in main.of("param").items() if one.value is None]
    assert asked == ["environmentName", "location"]


def test_the_parameters_that_azd_sets_are_parameters_of_main_with_the_same_defaults() -> None:
    [main] = [source for source in SOURCES if source.name == "main.bicep"]
    given = json.loads((INFRA / "main.parameters.json").read_text("utf-8"))["parameters"]
    for name, one in given.items():
        default = main.of("param")[name].value
        assert re.fullmatch(r"\$\{\w+(=[\w.]*)?\}", one["value"]), f"azd may not read the default of {name}"
        _, _, written = one["value"].strip("${}").partition("=")
        if default is not None:
            assert written == string(default), name


def test_events_are_delivered_only_once_the_roles_are_there() -> None:
    """Without the role on blobs Event Grid saves no event subscription with a dead-letter container."""
    [watch] = [source for source in SOURCES if source.name == "watch.bicep"]
    events = inner(watch.of("module")["events"].node.named_children[-1])
    assert text(properties(events)["dependsOn"]) == "[delivery]"


def test_the_app_starts_only_once_its_identity_has_its_roles_and_its_network() -> None:
    [main] = [source for source in SOURCES if source.name == "main.bicep"]
    app = inner(main.of("module")["app"].node.named_children[-1])
    assert text(properties(app)["dependsOn"]) == "[access, endpoints]"


def test_every_dependency_on_a_private_endpoint_service_has_its_zone() -> None:
    [source] = [one for one in SOURCES if one.name == "modules/private-endpoints.bicep"]
    services = source.of("var")["services"].value
    assert services is not None
    found = [string(one) for one in nodes(services) if one.type == "string"]
    assert found == ["blob", "queue", "table"]


def test_azure_is_not_asked_to_build_and_the_package_is_made_before() -> None:
    azd = yaml.safe_load((REPOSITORY / "azure.yaml").read_text("utf-8"))
    [app] = azd["services"].values()
    assert (app["project"], app["host"], app["remoteBuild"]) == ("./dist/app", "function", False)
    assert {name: hook["run"] for name, hook in azd["hooks"].items()} == {
        "prepackage": "make package",
        "predeploy": "make package",
        "postdeploy": 'tools/wait-for-functions "$AZURE_RESOURCE_GROUP" "$CAUSEWAY_APP"',
    }
    assert azd["infra"]["path"] == Path("infra").as_posix()
