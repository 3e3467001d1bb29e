"""Batch accounts. Sources: docs/azure/long-running-operations.md, LRO-18; docs/azure/targets.md,
TGT-11 and TGT-31."""

from __future__ import annotations

from sandbox.azure.kernel.manners import Style
from sandbox.azure.kernel.model import Json, Resource
from sandbox.azure.kernel.provider import Call
from sandbox.azure.providers.services.making import Making

# Quotas differ between subscriptions.
DEFAULTS: Json = {
    "dedicatedCoreQuota": 500,
    "dedicatedCoreQuotaPerVMFamily": [{"name": "standardDv3Family", "coreQuota": 500}],
    "dedicatedCoreQuotaPerVMFamilyEnforced": True,
    "lowPriorityCoreQuota": 500,
    "poolQuota": 100,
    "activeJobAndJobScheduleQuota": 300,
    "poolAllocationMode": "BatchService",
    "publicNetworkAccess": "Enabled",
    "encryption": {"keySource": "Microsoft.Batch"},
    "allowedAuthenticationModes": ["SharedKey", "AAD", "TaskAuthenticationToken"],
}


def head(call: Call, account: Resource) -> Json:
    """An account without an identity says so."""
    return {"identity": account.body.get("identity") or {"type": "None"}}


def properties(call: Call, account: Resource) -> Json:
    """The host name."""
    return {"accountEndpoint": f"{account.name.lower()}.{account.location}.batch.azure.com"}


MAKING = Making(
    status=202,
    duration="batchAccounts/write",
    style=Style.STORAGE,
    wait=15.0,
    bare=True,
    head=head,
    defaults=DEFAULTS,
    properties=properties,
    deleting=Style.LOCATION,
    etag="stamp",
)
