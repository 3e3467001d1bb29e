"""Members that answers show only from some api-version on; a request of an older version does not see them.

A service keeps what it knows, and shows each client the shape of the version that the client asks for. The
versions are those in which the public specification (Azure/azure-rest-api-specs) first has the member, or the
first in which a recording shows it (docs/azure/services.md, SVC-01).
"""

from __future__ import annotations

from typing import Any

from sandbox.azure.kernel.model import Json

# type in lower case: {path of a member: first api-version that shows it}
SINCE: dict[str, dict[str, str]] = {
    "microsoft.storage/storageaccounts": {
        "properties.keyCreationTime": "2021-02-01",
        "properties.encryption.services.blob.keyType": "2019-06-01",
        "properties.encryption.services.file.keyType": "2019-06-01",
        "properties.privateEndpointConnections": "2019-06-01",
    },
    "microsoft.storage/storageaccounts/blobservices": {"properties.staticWebsite": "2025-01-01"},
    "microsoft.storage/storageaccounts/queueservices": {"properties.logging": "2021-06-01"},
    "microsoft.storage/storageaccounts/fileservices/shares": {
        "properties.leaseStatus": "2021-01-01",
        "properties.leaseState": "2021-01-01",
        "properties.signedIdentifiers": "2021-01-01",
        "properties.accessTierChangeTime": "2021-01-01",
    },
    "microsoft.network/bastionhosts": {"properties.publicUri": "2025-01-01"},
    "microsoft.network/virtualnetworkgateways": {
        "properties.natRules": "2020-11-01",
        "properties.enableBgpRouteTranslationForNat": "2020-11-01",
        "properties.isMigrateToCSES": "2021-02-01",
        "properties.disableIPSecReplayProtection": "2021-08-01",
        "properties.virtualNetworkGatewayPolicyGroups": "2021-08-01",
        "properties.vpnClientConfiguration.vpnAuthenticationTypes": "2020-11-01",
        "properties.vpnClientConfiguration.vngClientConnectionConfigurations": "2021-08-01",
    },
    "microsoft.keyvault/vaults": {"systemData": "2020-04-01-preview"},
    "microsoft.servicebus/namespaces": {
        "properties.zoneRedundant": "2018-01-01-preview",
        "properties.privateEndpointConnections": "2018-01-01-preview",
        "properties.disableLocalAuth": "2021-06-01-preview",
        "properties.publicNetworkAccess": "2022-01-01-preview",
        "properties.minimumTlsVersion": "2022-01-01-preview",
        "properties.premiumMessagingPartitions": "2022-10-01-preview",
    },
    "microsoft.eventhub/namespaces": {
        "properties.zoneRedundant": "2018-01-01-preview",
        "properties.privateEndpointConnections": "2018-01-01-preview",
        "properties.disableLocalAuth": "2021-06-01-preview",
        "properties.publicNetworkAccess": "2022-01-01-preview",
        "properties.minimumTlsVersion": "2022-01-01-preview",
    },
    "microsoft.servicebus/namespaces/networkrulesets": {
        "properties.publicNetworkAccess": "2021-06-01-preview",
        "properties.trustedServiceAccessEnabled": "2021-06-01-preview",
    },
    "microsoft.eventhub/namespaces/networkrulesets": {
        "properties.publicNetworkAccess": "2021-06-01-preview",
        "properties.trustedServiceAccessEnabled": "2018-01-01-preview",
    },
    "microsoft.servicebus/namespaces/queues": {"properties.maxMessageSizeInKilobytes": "2021-06-01-preview"},
    "microsoft.servicebus/namespaces/topics": {"properties.maxMessageSizeInKilobytes": "2021-06-01-preview"},
    "microsoft.servicebus/namespaces/topics/subscriptions": {
        "properties.isClientAffine": "2021-06-01-preview"
    },
    "microsoft.documentdb/databaseaccounts": {
        "identity": "2020-06-01-preview",
        "properties.publicNetworkAccess": "2020-03-01",
        "properties.enableFreeTier": "2020-03-01",
        "properties.ipRules": "2020-04-01",
        "properties.defaultIdentity": "2021-03-01-preview",
        "properties.networkAclBypass": "2020-09-01",
        "properties.networkAclBypassResourceIds": "2020-09-01",
        "properties.disableLocalAuth": "2021-07-01-preview",
        "properties.keysMetadata": "2022-02-15-preview",
        "properties.enablePartitionMerge": "2022-02-15-preview",
        "properties.minimalTlsVersion": "2022-08-15-preview",
        "properties.backupPolicy.periodicModeProperties.backupStorageRedundancy": "2021-03-01-preview",
    },
    "microsoft.cognitiveservices/accounts": {
        "systemData": "2021-04-30",
        "properties.isMigrated": "2021-04-30",
        "properties.endpoints": "2021-04-30",
    },
    "microsoft.eventgrid/topics": {
        "sku": "2020-04-01-preview",
        "kind": "2020-04-01-preview",
        "identity": "2020-04-01-preview",
        "properties.metricResourceId": "2020-04-01-preview",
        "properties.publicNetworkAccess": "2020-04-01-preview",
    },
    "microsoft.appconfiguration/configurationstores": {
        "systemData": "2021-10-01-preview",
        "properties.encryption": "2019-11-01-preview",
        "properties.publicNetworkAccess": "2020-06-01",
        "properties.disableLocalAuth": "2021-10-01-preview",
        "properties.softDeleteRetentionInDays": "2021-10-01-preview",
        "properties.enablePurgeProtection": "2021-10-01-preview",
    },
    "microsoft.signalrservice/signalr": {
        "systemData": "2021-06-01-preview",
        "properties.sharedPrivateLinkResources": "2021-04-01-preview",
        "properties.tls": "2020-07-01-preview",
        "properties.publicNetworkAccess": "2021-06-01-preview",
        "properties.disableLocalAuth": "2021-06-01-preview",
        "properties.disableAadAuth": "2021-06-01-preview",
    },
    "microsoft.sql/servers": {"properties.restrictOutboundNetworkAccess": "2021-02-01-preview"},
}

# The same for members that only older versions show: {path: (last api-version, value)}.
UNTIL: dict[str, dict[str, tuple[str, Any]]] = {
    "microsoft.documentdb/databaseaccounts": {"properties.ipRangeFilter": ("2020-03-01", "")},
}


def of_version(type_name: str, version: str, body: Any) -> Any:
    """The body as that api-version shows it; a list has bodies in `value`."""
    newer = [path for path, since in SINCE.get(type_name.lower(), {}).items() if version < since]
    older = [
        (path, value) for path, (last, value) in UNTIL.get(type_name.lower(), {}).items() if version <= last
    ]
    if (newer or older) and isinstance(body, dict):
        several = body.get("value") if "id" not in body else None
        for one in several if isinstance(several, list) else [body]:
            _change(one, newer, older)
    return body


def _change(body: Json, newer: list[str], older: list[tuple[str, Any]]) -> None:
    for path in newer:
        _place(body, path).pop(_last(path), None)
    for path, value in older:
        _place(body, path).setdefault(_last(path), value)


def _last(path: str) -> str:
    return path.rsplit(".", 1)[-1]


def _place(body: Json, path: str) -> Json:
    """The object that holds the member; one that is thrown away where there is none."""
    inner: Any = body
    for name in path.split(".")[:-1]:
        inner = inner.get(name) if isinstance(inner, dict) else None
    return inner if isinstance(inner, dict) else {}
