"""Operations of the synchronous management SDKs; prints a line of JSON for each, as steps.Outcome has it.

Runs in the virtual environment of the SDKs, with the variables of `python -m sandbox env --user`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

from azure.core.exceptions import HttpResponseError
from azure.identity import ClientSecretCredential, ManagedIdentityCredential
from azure.mgmt.authorization import AuthorizationManagementClient
from azure.mgmt.eventgrid import EventGridManagementClient
from azure.mgmt.keyvault import KeyVaultManagementClient
from azure.mgmt.monitor import MonitorManagementClient
from azure.mgmt.network import NetworkManagementClient
from azure.mgmt.privatedns import PrivateDnsManagementClient
from azure.mgmt.resource.deployments import DeploymentsMgmtClient
from azure.mgmt.resource.locks import ManagementLockClient
from azure.mgmt.resource.policy import PolicyClient
from azure.mgmt.resource.resources import ResourceManagementClient
from azure.mgmt.resource.subscriptions import SubscriptionClient
from azure.mgmt.resourcegraph import ResourceGraphClient
from azure.mgmt.sql import SqlManagementClient
from azure.mgmt.storage import StorageManagementClient

ARM, SUB, TENANT = os.environ["ARM_TLS"], os.environ["SUB"].rsplit("/", 1)[1], os.environ["TENANT"]
GROUP, REGION = "sdk-day", "westeurope"
ID = f"/subscriptions/{SUB}/resourceGroups/{GROUP}/providers"
ACCOUNT = f"{ID}/Microsoft.Storage/storageAccounts/clientssdk"
ZONE = "privatelink.blob.core.windows.net"
APP = "aaaaaaaa-0000-4000-8000-00000000000a"
ROLES = f"/subscriptions/{SUB}/providers/Microsoft.Authorization/roleDefinitions"
READER = f"{ROLES}/acdd72a7-3385-48ef-bd42-f606fba81ae7"
HOOK = {"endpointType": "WebHook", "properties": {"endpointUrl": "https://app.example/events"}}
SETTINGS: dict[str, Any] = {"base_url": ARM, "credential_scopes": [f"{ARM}/.default"], "polling_interval": 1}


def client(kind: type, *subscription: str) -> Any:
    """A management client on the sandbox."""
    return kind(CREDENTIAL, *(subscription or (SUB,)), **SETTINGS)


def report(operation: str, problem: str = "", *, refusal: bool = False) -> None:
    """Print what became of an operation."""
    print(json.dumps({"operation": operation, "problem": problem[:600], "refusal": refusal}), flush=True)


def done(operation: str, call: Callable[[], Any], check: Callable[[Any], Any] = lambda answer: True) -> Any:
    """Call an operation to its end. Its answer, None when it failed."""
    try:
        answer = call()
        answer = answer.result() if hasattr(answer, "result") else answer
        answer = list(answer) if hasattr(answer, "by_page") else answer
    except Exception as error:  # noqa: BLE001 - whatever a client raises is the finding
        report(operation, f"{type(error).__name__}: {error}")
        return None
    report(operation, "" if check(answer) else f"answered {answer}")
    return answer


def refused(operation: str, code: str, call: Callable[[], Any]) -> None:
    """Call an operation that Azure refuses with a code."""
    try:
        answer = call()
        answer = answer.result() if hasattr(answer, "result") else answer
        answer = list(answer) if hasattr(answer, "by_page") else answer
    except HttpResponseError as error:
        found = error.error.code if error.error else str(error)
        report(operation, "" if found == code else f"refused with {found}, not {code}", refusal=True)
    except Exception as error:  # noqa: BLE001
        report(operation, f"{type(error).__name__}: {error}", refusal=True)
    else:
        report(operation, f"it was not refused with {code}: {answer}", refusal=True)


def succeeded(answer: Any) -> bool:
    """Whether a resource says that it is done."""
    state = answer.provisioning_state
    return str(getattr(state, "value", state)) == "Succeeded"


def some(count: int = 1) -> Callable[[Any], bool]:
    """A list with at least so many entries."""
    return lambda found: len(found) >= count


CREDENTIAL = ManagedIdentityCredential()


def subscriptions() -> None:
    secret = ClientSecretCredential(TENANT, "me", "x", authority=ARM, disable_instance_discovery=True)
    done("ClientSecretCredential.get_token", lambda: secret.get_token(f"{ARM}/.default"))
    about = SubscriptionClient(CREDENTIAL, **SETTINGS)
    done("subscriptions.list", about.subscriptions.list, some(2))
    done("subscriptions.get", lambda: about.subscriptions.get(SUB))
    done("subscriptions.list_locations", lambda: about.subscriptions.list_locations(SUB), some(40))
    done("tenants.list", about.tenants.list, some())


def resources() -> None:
    arm = client(ResourceManagementClient)
    tags = {"private-connectivity": "disabled"}
    done(
        "resource_groups.create_or_update",
        lambda: arm.resource_groups.create_or_update(GROUP, {"location": REGION, "tags": tags}),
    )
    refused(
        "resource_groups.create_or_update (region)",
        "LocationNotAvailableForResourceGroup",
        lambda: arm.resource_groups.create_or_update("other", {"location": "atlantis"}),
    )
    done("resource_groups.list", arm.resource_groups.list, some())
    done("resource_groups.check_existence", lambda: arm.resource_groups.check_existence(GROUP), bool)
    done("providers.list", arm.providers.list, some(50))
    done(
        "providers.get",
        lambda: arm.providers.get("Microsoft.Network"),
        lambda one: all(kind.api_versions and kind.locations for kind in one.resource_types),
    )
    done("providers.register", lambda: arm.providers.register("Microsoft.Sql"))
    refused(
        "providers.unregister (in use)",
        "CannotUnregisterProvider",
        lambda: arm.providers.unregister("Microsoft.Network"),
    )
    done(
        "resources.list",
        lambda: arm.resources.list(
            filter="substringof('hub', name)", expand="createdTime,changedTime,provisioningState"
        ),
        lambda found: found and all(one.created_time and one.provisioning_state for one in found),
    )
    refused(
        "resources.list (filter)",
        "InvalidFilterInQueryString",
        lambda: arm.resources.list(filter="size gt '1'"),
    )
    done("tags.list", arm.tags.list)


def accounts() -> None:
    storage, arm = client(StorageManagementClient), client(ResourceManagementClient)
    body = {"location": REGION, "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
    name = {"name": "clientssdk", "type": "Microsoft.Storage/storageAccounts"}
    check = storage.storage_accounts.check_name_availability
    done("storage check_name_availability", lambda: check(name), lambda one: one.name_available)
    done(
        "storage begin_create",
        lambda: storage.storage_accounts.begin_create(GROUP, "clientssdk", body),
        succeeded,
    )
    done(
        "storage check_name_availability (taken)",
        lambda: check(name),
        lambda one: (one.name_available, one.reason) == (False, "AlreadyExists"),
    )
    refused(
        "storage begin_create (taken)",
        "StorageAccountAlreadyTaken",
        lambda: storage.storage_accounts.begin_create("rg-app", "clientssdk", body),
    )
    done("storage list", storage.storage_accounts.list, some())
    done("storage get_properties", lambda: storage.storage_accounts.get_properties(GROUP, "clientssdk"))
    done(
        "storage update",
        lambda: storage.storage_accounts.update(
            GROUP, "clientssdk", {"properties": {"publicNetworkAccess": "Disabled"}}
        ),
        lambda one: one.public_network_access == "Disabled",
    )
    done(
        "storage list_keys",
        lambda: storage.storage_accounts.list_keys(GROUP, "clientssdk"),
        lambda found: len(found["keys"]) == 2,
    )
    done(
        "storage regenerate_key",
        lambda: storage.storage_accounts.regenerate_key(GROUP, "clientssdk", {"keyName": "key1"}),
    )
    done("blob_services.get", lambda: storage.blob_services.get_service_properties(GROUP, "clientssdk"))
    done(
        "blob_containers.create",
        lambda: storage.blob_containers.create(GROUP, "clientssdk", "box", {"properties": {}}),
    )
    done("blob_containers.list", lambda: storage.blob_containers.list(GROUP, "clientssdk"), some())
    done(
        "private_link_resources.list",
        lambda: storage.private_link_resources.list_by_storage_account(GROUP, "clientssdk"),
    )
    patch = {"operation": "Merge", "properties": {"tags": {"owner": "platform"}}}
    done(
        "tags.update_at_scope",
        lambda: getattr(arm.tags, "begin_update_at_scope", getattr(arm.tags, "update_at_scope", None))(
            ACCOUNT, patch
        ),
    )
    done(
        "resources.list (tag)",
        lambda: arm.resources.list(filter="tagName eq 'owner' and tagValue eq 'platform'"),
        some(),
    )
    done("resources.get_by_id", lambda: arm.resources.get_by_id(ACCOUNT, api_version="2023-05-01"))


def networks() -> None:
    net = client(NetworkManagementClient)
    for name, prefix in (("v1", "10.50"), ("v2", "10.60")):
        body = {
            "location": REGION,
            "properties": {
                "addressSpace": {"addressPrefixes": [f"{prefix}.0.0/16"]},
                "subnets": [{"name": "s", "properties": {"addressPrefix": f"{prefix}.1.0/24"}}],
            },
        }
        done(
            f"virtual_networks.begin_create_or_update {name}",
            lambda name=name, body=body: net.virtual_networks.begin_create_or_update(GROUP, name, body),
            succeeded,
        )
    done("virtual_networks.list", lambda: net.virtual_networks.list(GROUP), some(2))
    done("virtual_networks.list_usage", lambda: net.virtual_networks.list_usage(GROUP, "v1"), some())
    done(
        "check_ip_address_availability",
        lambda: net.virtual_networks.check_ip_address_availability(GROUP, "v1", ip_address="10.50.1.9"),
        lambda one: one.available,
    )
    done(
        "subnets.begin_create_or_update",
        lambda: net.subnets.begin_create_or_update(
            GROUP, "v1", "more", {"properties": {"addressPrefix": "10.50.2.0/24"}}
        ),
        succeeded,
    )
    refused(
        "subnets.begin_create_or_update (outside)",
        "NetcfgInvalidSubnet",
        lambda: net.subnets.begin_create_or_update(
            GROUP, "v1", "out", {"properties": {"addressPrefix": "10.99.2.0/24"}}
        ),
    )
    for here, there in (("v1", "v2"), ("v2", "v1")):
        remote = {
            "properties": {
                "remoteVirtualNetwork": {"id": f"{ID}/Microsoft.Network/virtualNetworks/{there}"},
                "allowVirtualNetworkAccess": True,
            }
        }
        done(
            f"virtual_network_peerings.begin_create_or_update {here}",
            lambda here=here, remote=remote: net.virtual_network_peerings.begin_create_or_update(
                GROUP, here, "p", remote
            ),
            succeeded,
        )
    done(
        "network_security_groups.begin_create_or_update",
        lambda: net.network_security_groups.begin_create_or_update(GROUP, "n", {"location": REGION}),
        succeeded,
    )
    rule = {
        "properties": {
            "priority": 100,
            "direction": "Inbound",
            "access": "Allow",
            "protocol": "Tcp",
            "sourceAddressPrefix": "*",
            "sourcePortRange": "*",
            "destinationAddressPrefix": "*",
            "destinationPortRange": "443",
        }
    }
    done(
        "security_rules.begin_create_or_update",
        lambda: net.security_rules.begin_create_or_update(GROUP, "n", "in", rule),
        succeeded,
    )
    refused(
        "security_rules.begin_create_or_update (priority)",
        "SecurityRuleConflict",
        lambda: net.security_rules.begin_create_or_update(GROUP, "n", "again", rule),
    )
    done(
        "route_tables.begin_create_or_update",
        lambda: net.route_tables.begin_create_or_update(GROUP, "rt", {"location": REGION}),
        succeeded,
    )
    done("usages.list", lambda: net.usages.list(REGION), some())
    done(
        "available_private_endpoint_types.list",
        lambda: net.available_private_endpoint_types.list(REGION),
        some(50),
    )
    done("available_endpoint_services.list", lambda: net.available_endpoint_services.list(REGION), some())


def endpoints() -> None:
    net, dns = client(NetworkManagementClient), client(PrivateDnsManagementClient)
    subnet = {"id": f"{ID}/Microsoft.Network/virtualNetworks/v1/subnets/s"}

    def body(group: str) -> dict[str, Any]:
        link = {"name": "c", "properties": {"privateLinkServiceId": ACCOUNT, "groupIds": [group]}}
        return {"location": REGION, "properties": {"subnet": subnet, "privateLinkServiceConnections": [link]}}

    done(
        "private_endpoints.begin_create_or_update",
        lambda: net.private_endpoints.begin_create_or_update(GROUP, "pe", body("blob")),
        succeeded,
    )
    done("private_endpoints.get", lambda: net.private_endpoints.get(GROUP, "pe"))
    done("private_endpoints.list", lambda: net.private_endpoints.list(GROUP), some())
    done("network_interfaces.list", lambda: net.network_interfaces.list(GROUP), some())
    done(
        "private_zones.begin_create_or_update",
        lambda: dns.private_zones.begin_create_or_update(GROUP, ZONE, {"location": "global"}),
        lambda one: one.name == ZONE,
    )
    link = {
        "location": "global",
        "properties": {
            "registrationEnabled": False,
            "virtualNetwork": {"id": f"{ID}/Microsoft.Network/virtualNetworks/v1"},
        },
    }
    done(
        "virtual_network_links.begin_create_or_update",
        lambda: dns.virtual_network_links.begin_create_or_update(GROUP, ZONE, "l", link),
    )
    config = {
        "name": "blob",
        "properties": {"privateDnsZoneId": f"{ID}/Microsoft.Network/privateDnsZones/{ZONE}"},
    }
    done(
        "private_dns_zone_groups.begin_create_or_update",
        lambda: net.private_dns_zone_groups.begin_create_or_update(
            GROUP, "pe", "default", {"properties": {"privateDnsZoneConfigs": [config]}}
        ),
        succeeded,
    )
    done(
        "record_sets.list",
        lambda: dns.record_sets.list(GROUP, ZONE),
        lambda found: "clientssdk" in [one.name for one in found],
    )
    refused(
        "private_zones.begin_delete (in use)",
        "CannotDeleteResource",
        lambda: dns.private_zones.begin_delete(GROUP, ZONE),
    )


def others() -> None:
    vaults, sql = client(KeyVaultManagementClient), client(SqlManagementClient)
    vault = {"name": "clients-sdk", "type": "Microsoft.KeyVault/vaults"}
    done(
        "vaults.check_name_availability",
        lambda: vaults.vaults.check_name_availability(vault),
        lambda one: one.name_available,
    )
    properties = {"tenantId": TENANT, "sku": {"family": "A", "name": "standard"}, "accessPolicies": []}
    done(
        "vaults.begin_create_or_update",
        lambda: vaults.vaults.begin_create_or_update(
            GROUP, "clients-sdk", {"location": REGION, "properties": properties}
        ),
    )
    done("vaults.list_by_resource_group", lambda: vaults.vaults.list_by_resource_group(GROUP), some())
    done("vaults.delete", lambda: vaults.vaults.delete(GROUP, "clients-sdk"))
    done("vaults.list_deleted", vaults.vaults.list_deleted, some())
    named = {"name": "clients-sdk", "type": "Microsoft.Sql/servers"}
    done(
        "servers.check_name_availability",
        lambda: sql.servers.check_name_availability(named),
        lambda one: one.available,
    )
    login = {"administratorLogin": "me", "administratorLoginPassword": "Secret-1234"}
    done(
        "servers.begin_create_or_update",
        lambda: sql.servers.begin_create_or_update(
            GROUP, "clients-sdk", {"location": REGION, "properties": login}
        ),
    )
    done(
        "databases.begin_create_or_update",
        lambda: sql.databases.begin_create_or_update(
            GROUP, "clients-sdk", "one", {"location": REGION, "sku": {"name": "Basic"}}
        ),
        lambda one: one.status == "Online",
    )
    done("databases.list_by_server", lambda: sql.databases.list_by_server(GROUP, "clients-sdk"), some(2))
    done("servers.list", sql.servers.list, some())


def governance() -> None:
    locks, roles = client(ManagementLockClient), client(AuthorizationManagementClient)
    storage, policy = client(StorageManagementClient), client(PolicyClient)
    done(
        "management_locks.create_or_update_at_resource_group_level",
        lambda: locks.management_locks.create_or_update_at_resource_group_level(
            GROUP, "keep", {"properties": {"level": "CanNotDelete"}}
        ),
    )
    refused(
        "storage delete (locked)", "ScopeLocked", lambda: storage.storage_accounts.delete(GROUP, "clientssdk")
    )
    done(
        "management_locks.list_at_resource_group_level",
        lambda: locks.management_locks.list_at_resource_group_level(GROUP),
        some(),
    )
    done(
        "management_locks.delete_at_resource_group_level",
        lambda: locks.management_locks.delete_at_resource_group_level(GROUP, "keep"),
    )
    scope = f"/subscriptions/{SUB}/resourceGroups/{GROUP}"
    done(
        "role_definitions.list",
        lambda: roles.role_definitions.list(scope, filter="roleName eq 'Reader'"),
        some(),
    )
    given = {
        "properties": {"roleDefinitionId": READER, "principalId": APP, "principalType": "ServicePrincipal"}
    }
    done(
        "role_assignments.create",
        lambda: roles.role_assignments.create(scope, "5d3c7a2e-0000-4000-8000-000000000001", given),
    )
    done("role_assignments.list_for_scope", lambda: roles.role_assignments.list_for_scope(scope), some())
    done("policy_assignments.list", policy.policy_assignments.list)


def templates() -> None:
    deployments, grid = client(DeploymentsMgmtClient), client(EventGridManagementClient)
    monitor, graph = client(MonitorManagementClient), ResourceGraphClient(CREDENTIAL, **SETTINGS)
    template = {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "resources": [
            {
                "type": "Microsoft.Network/networkSecurityGroups",
                "apiVersion": "2024-05-01",
                "name": "deployed",
                "location": REGION,
                "properties": {},
            }
        ],
        "outputs": {
            "id": {
                "type": "string",
                "value": "[resourceId('Microsoft.Network/networkSecurityGroups', 'deployed')]",
            }
        },
    }
    body = {"properties": {"mode": "Incremental", "template": template}}
    done("deployments.begin_validate", lambda: deployments.deployments.begin_validate(GROUP, "one", body))
    done(
        "deployments.begin_create_or_update",
        lambda: deployments.deployments.begin_create_or_update(GROUP, "one", body),
        lambda one: one.properties.outputs["id"]["value"].endswith("/deployed"),
    )
    done("deployment_operations.list", lambda: deployments.deployment_operations.list(GROUP, "one"), some())
    wrong = {"properties": {"mode": "Incremental", "template": template | {"resources": [{}]}}}
    refused(
        "deployments.begin_create_or_update (template)",
        "InvalidTemplate",
        lambda: deployments.deployments.begin_create_or_update(GROUP, "two", wrong),
    )
    scope = f"/subscriptions/{SUB}/resourceGroups/{GROUP}"
    topic = {
        "location": "global",
        "properties": {"source": scope, "topicType": "Microsoft.Resources.ResourceGroups"},
    }
    done(
        "system_topics.begin_create_or_update",
        lambda: grid.system_topics.begin_create_or_update(GROUP, "all", topic),
        succeeded,
    )
    done(
        "event_subscriptions.begin_create_or_update",
        lambda: grid.event_subscriptions.begin_create_or_update(
            scope, "mine", {"properties": {"destination": HOOK}}
        ),
        succeeded,
    )
    done(
        "activity_logs.list",
        lambda: monitor.activity_logs.list(
            filter=f"eventTimestamp ge '2020-01-01T00:00:00Z' and resourceGroupName eq '{GROUP}'"
        ),
        some(),
    )
    refused(
        "resource graph resources",
        "BadRequest",
        lambda: graph.resources({"query": "resources", "subscriptions": [SUB]}),
    )


def evening() -> None:
    net, arm = client(NetworkManagementClient), client(ResourceManagementClient)
    done("private_endpoints.begin_delete", lambda: net.private_endpoints.begin_delete(GROUP, "pe"))
    refused(
        "virtual_networks.get (missing)", "ResourceNotFound", lambda: net.virtual_networks.get(GROUP, "gone")
    )
    done("resource_groups.begin_delete", lambda: arm.resource_groups.begin_delete(GROUP))
    done(
        "resource_groups.check_existence (gone)",
        lambda: arm.resource_groups.check_existence(GROUP),
        lambda found: found is False,
    )


for part in (subscriptions, resources, accounts, networks, endpoints, others, governance, templates, evening):
    part()
