"""What is made up anew by every service run, and so compared by its shape only; and what time has changed.

Every entry says why it is here. Nothing else is forgiven.
"""

from __future__ import annotations

import re

GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
# Parts of names that a service makes up: a guid, with dashes or without.
MADE_UP_PART = re.compile(rf"{GUID.pattern}|\b[0-9a-f]{{32}}\b", re.IGNORECASE)
PATTERNS = (
    (re.compile(r"uri: https?://\S+"), "uri: <url>"),  # polling URL in AnotherOperationInProgress
    (re.compile(r"https://management\.azure\.com(:443)?", re.IGNORECASE), "<arm>"),
    (re.compile(r"&t=\d+&c=\S*"), ""),  # signature of a polling URL, absent before 2024
    (GUID, "<guid>"),
    (re.compile(r"\b[0-9a-f]{32}\b"), "<hex>"),  # Key Vault etags
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)?"), "<time>"),
    (re.compile(r"\b\d+ seconds"), "<n> seconds"),  # "The call can be retried in 14 seconds."
    (re.compile(r"\.z\d+\."), ".z<n>."),  # storage stamps in host names
    # A public address that Azure chose.
    (re.compile(r"^(?!10\.|172\.(?:1[6-9]|2\d|3[01])\.|192\.168\.)\d+\.\d+\.\d+\.\d+$"), "<public>"),
    (re.compile(r"md-impexp-\w+"), "md-impexp-<id>"),  # made-up host name of a disk access
    (re.compile(r"^\d\.\d+ MB$"), "<size>"),  # of a firewall policy as the service stores it
    (re.compile(r'"0x8D[0-9A-F]+"'), '"<stamp>"'),  # Batch etags
    (re.compile(r"[A-Za-z0-9+/]{86}==|[A-Za-z0-9+/]{43}="), "<key>"),  # access keys
    (re.compile(r"CloudSA[0-9a-f]{8}"), "CloudSA<id>"),  # made-up login of a SQL server without one
    (
        re.compile(r"\beyJ[\w=-]+|\bRnJv[\w=]+|\bSW1t[\w=]+", re.IGNORECASE),
        "<base64>",
    ),  # job and operation ids, internalId
    (re.compile(r"\b[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}\b"), "<guid>"),
)

# Member: first api-version that shows it. The simulator shows its newest shape for every version, so a
# recording of an older version lacks it.
NEWER_MEMBERS = {
    "ipVersionType": "2025-03-01",
    "customNetworkInterfaceName": "2021-05-01",
    "ipConfigurations": "2021-05-01",  # of private endpoints; network interfaces always have theirs
    "customDnsConfigs": "2020-03-01",
    "privateEndpointVNetPolicies": "2023-11-01",
    "peeringSyncLevel": "2020-11-01",
    "remoteVirtualNetworkAddressSpace": "2020-11-01",
    "peerCompleteVnets": "2023-11-01",
    "doNotVerifyRemoteGateways": "2020-03-01",
    "kind": "2021-01-01",  # of network interfaces; accounts always have theirs
    "vnetEncryptionSupported": "2022-01-01",
    "auxiliaryMode": "2022-05-01",  # of plain network interfaces; those of endpoints show it earlier
    "allowPort25Out": "2021-08-01",
    "auxiliarySku": "2023-01-01",
    "ddosSettings": "2022-01-01",
    "disableTcpStateTracking": "2023-01-01",
    "defaultOutboundConnectivityEnabled": "2025-01-01",
    "externalGovernanceStatus": "2022-05-01-preview",
    "disableLocalAuth": "2020-10-15-preview",  # of Event Grid
    "dataResidencyBoundary": "2021-10-15-preview",
    "allowedAuthenticationModes": "2021-06-01",  # of Batch accounts
}

# Member: (last api-version that shows it). Echoed by the simulator when a request has it.
OLDER_MEMBERS = {"enableVmProtection": "2020-08-01", "enableAcceleratedNetworking": "2023-01-01"}

# Members that services began to show, or gave another default, at some date whatever the api-version.
SERVICE_ERAS = {
    "allowCrossTenantReplication": "storage shows it since late 2023 (absent in 2023-04, present in 2026)",
    "allowCrossTenantDelegationSas": "storage shows it at 2025 api-versions",
    "ipv6Rules": "storage shows it in networkAcls at 2025 api-versions",
    "minimumTlsVersion": "storage default went from TLS1_0 (2023) to TLS1_2 (2026)",
    "bypass": "storage default of networkAcls went from AzureServices to None in mid-2026",
    "allowBlobPublicAccess": "storage default went from true (early 2023) to false",
    "minimalTlsVersion": "SQL shows it since 2024 (absent in 2023)",
    "privateEndpointNetworkPolicies": "default Enabled until January 2021, Disabled since 2022",
    "sqlEndpoint": "Cosmos DB shows it since 2021, at any api-version",
    "enableAnalyticalStorage": "Cosmos DB shows it since late 2020, at any api-version",
    "analyticalStorageConfiguration": "Cosmos DB shows it since 2021, at any api-version",
    "backupPolicy": "Cosmos DB shows it since late 2020, at any api-version",
    "instanceId": "Cosmos DB shows it since late 2020, at any api-version",
    "isIPv6EnabledPrivateEndpoint": "shown by api-version 2024-03-01 only, replaced by ipVersionType",
}

# Members whose value is made up, so that only their presence counts.
MADE_UP = {
    "internalDomainNameSuffix": "random per network",
    "createdBy": "a person",
    "lastModifiedBy": "a person",
    "createdByType": "kind of caller",
    "lastModifiedByType": "kind of caller",
    "innerError": "stack trace that the network service leaked in 2020, absent since",
    "nextLink": "paging position",
    "linkIdentifier": "random number of a private link connection",
    "resourceTypes": "everything that a provider offers, in every version",
    "authorizations": "applications of a provider",
    "authorization": "the same",
    "alias": "random name of a private link service",
    "dedicatedCoreQuota": "quota of the recorder's subscription",
    "dedicatedCoreQuotaPerVMFamily": "quota of the recorder's subscription",
    "lowPriorityCoreQuota": "quota of the recorder's subscription",
    "callRateLimit": "what the kind allows; a list that the service changes",
    "quotaLimit": "what the kind allows; a list that the service changes",
    "capabilities": "what the kind can do; a list that the service changes",
    "created": "when a key was made, as a number",
    "updated": "the same",
    "tunnelIpAddresses": "public addresses of a gateway",
    "ipPrefix": "public addresses of a prefix",
    "statusMessage": "how far the creation of a managed HSM is, in words",
    "activationStatus": "the same",
    "activationStatusMessage": "the same",
    "endpoints": "one entry for each feature of the kind; a list that the service changes",
}
# Of those, the ones that an answer may lack.
MAY_LACK = {"innerError", "nextLink", "authorizations", "authorization"}

PLACES = {"location", "locationName", "primaryLocation", "secondaryLocation"}


def old_description(path: str, recorded: object, actual: object) -> bool:
    """What an automatic approval said: nothing, or Approved, until 2021; descriptions are not for comparing
    (docs/azure/private-endpoints.md, PE-05)."""
    automatic = str(actual).replace("-", " ") in ("Auto Approved", "Auto approved", "Approved")
    return path.endswith("ConnectionState.description") and automatic and recorded in ("", "Approved")


def old_wait(path: str, recorded: str | None, actual: str | None) -> bool:
    """Private DNS asked for 10 seconds until about 2022, for 30 since (docs/azure/long-running-operations.md,
    LRO-13)."""
    return "/privatedns" in path.lower() and (recorded, actual) == ("10", "30")


def old_operation(method: str, path: str, name: str) -> bool:
    """The PUT of a network interface named an operation until 2023, and does not since 2025
    (docs/azure/virtual-networks.md, VNET-14)."""
    return (method, name) == ("PUT", "azure-asyncoperation") and "/networkinterfaces/" in path.lower()


def masked(text: str) -> str:
    """A text with everything made up replaced; ids lower case, as Azure compares them."""
    if text.lower().startswith("/subscriptions/"):
        text = text.lower()
    for pattern, mask in PATTERNS:
        text = pattern.sub(mask, text)
    return text


def place(value: object) -> str:
    """A region without spaces and case: "West US" is "westus"."""
    return str(value).replace(" ", "").lower()
