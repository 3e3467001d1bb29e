"""A few of Azure's built-in roles, with their own ids and permissions.

Source: docs/azure/resource-manager.md, ARM-53.
"""

from __future__ import annotations

from sandbox.azure.front.role_definition import RoleDefinition

OF_CONTRIBUTOR = (
    "Microsoft.Authorization/*/Delete",
    "Microsoft.Authorization/*/Write",
    "Microsoft.Authorization/elevateAccess/Action",
    "Microsoft.Blueprint/blueprintAssignments/write",
    "Microsoft.Blueprint/blueprintAssignments/delete",
    "Microsoft.Compute/galleries/share/action",
    "Microsoft.Purview/consents/write",
    "Microsoft.Purview/consents/delete",
)
COMMON = (
    "Microsoft.Authorization/*/read",
    "Microsoft.Insights/alertRules/*",
    "Microsoft.ResourceHealth/availabilityStatuses/read",
    "Microsoft.Resources/deployments/*",
    "Microsoft.Resources/subscriptions/resourceGroups/read",
    "Microsoft.Support/*",
)


def _built_in(name: str, guid: str, *actions: str, without: tuple[str, ...] = ()) -> RoleDefinition:
    return RoleDefinition(guid, name, actions, without, ("/",), built_in=True)


BUILT_IN = (
    _built_in("Owner", "8e3af657-a8ff-443c-a75c-2fe8c4bcb635", "*"),
    _built_in("Contributor", "b24988ac-6180-42a0-ab88-20f7382dd24c", "*", without=OF_CONTRIBUTOR),
    _built_in("Reader", "acdd72a7-3385-48ef-bd42-f606fba81ae7", "*/read"),
    _built_in(
        "User Access Administrator",
        "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9",
        "*/read",
        "Microsoft.Authorization/*",
        "Microsoft.Support/*",
    ),
    _built_in(
        "Role Based Access Control Administrator",
        "f58310d9-a9f6-439a-9e8d-f62e7b41a168",
        "Microsoft.Authorization/roleAssignments/write",
        "Microsoft.Authorization/roleAssignments/delete",
        "*/read",
        "Microsoft.Support/*",
    ),
    _built_in("Network Contributor", "4d97b98b-1d4f-4787-a291-c67834d212e7", *COMMON, "Microsoft.Network/*"),
    _built_in(
        "Private DNS Zone Contributor",
        "b12aa53e-6015-4669-85d0-8515ebb3ae7f",
        *COMMON,
        "Microsoft.Network/privateDnsZones/*",
        "Microsoft.Network/privateDnsOperationResults/*",
        "Microsoft.Network/privateDnsOperationStatuses/*",
        "Microsoft.Network/virtualNetworks/read",
        "Microsoft.Network/virtualNetworks/join/action",
    ),
    _built_in(
        "Storage Account Contributor",
        "17d1049b-9a84-46fb-8f53-869881c3d3ab",
        *COMMON,
        "Microsoft.Insights/diagnosticSettings/*",
        "Microsoft.Network/virtualNetworks/subnets/joinViaServiceEndpoint/action",
        "Microsoft.Storage/storageAccounts/*",
    ),
)
