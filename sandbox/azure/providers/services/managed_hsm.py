"""Managed HSMs. Source: docs/azure/long-running-operations.md, LRO-18; docs/azure/targets.md, TGT-04."""

from __future__ import annotations

from sandbox.azure.kernel.manners import Style
from sandbox.azure.kernel.model import Json, Resource
from sandbox.azure.kernel.provider import Call
from sandbox.azure.providers.services.making import Making, system_data

DEFAULTS: Json = {
    "enableSoftDelete": True,
    "softDeleteRetentionInDays": 90,
    "enablePurgeProtection": False,
    "publicNetworkAccess": "Enabled",
    "regions": [],
}
NO_RULES: Json = {
    "bypass": "AzureServices",
    "defaultAction": "Allow",
    "ipRules": [],
    "virtualNetworkRules": [],
}
# What a GET shows besides; the answer to the PUT does not.
LATER = ("statusMessage", "securityDomainProperties")


def head(call: Call, hsm: Resource) -> Json:
    """Tags are shown even when there are none."""
    return {"tags": call.body.get("tags") or {}, "systemData": system_data(call, 3)}


def properties(call: Call, hsm: Resource) -> Json:
    """The host name, both lists of network rules, and where the creation is."""
    return {
        "hsmUri": f"https://{hsm.name.lower()}.managedhsm.azure.net/",
        "networkAcls": NO_RULES | (hsm.properties.get("networkAcls") or {}),
        "statusMessage": "Resource creation in progress. Starting service...",
        "securityDomainProperties": {
            "activationStatus": "NotActivated",
            "activationStatusMessage": "Your HSM has been provisioned, but cannot be used for cryptographic "
            "operations until it is activated. To activate the HSM, download the security domain.",
        },
    }


def early(shown: Json) -> Json:
    """The answer to the PUT: the URI without its slash, and nothing about the creation."""
    inner = shown["properties"]
    inner["hsmUri"] = inner["hsmUri"].rstrip("/")
    for later in LATER:
        inner.pop(later, None)
    return shown


MAKING = Making(
    status=200,
    duration="managedHSMs/write",
    state="Provisioning",
    style=Style.PLAIN,
    head=head,
    defaults=DEFAULTS,
    properties=properties,
    early=early,
    deleting=Style.LOCATION,
)
