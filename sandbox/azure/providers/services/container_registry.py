"""Container registries. Sources: docs/azure/long-running-operations.md, LRO-18; docs/azure/targets.md,
TGT-08 and TGT-28."""

from __future__ import annotations

from sandbox.azure.kernel.manners import Style
from sandbox.azure.kernel.model import Json, Resource
from sandbox.azure.kernel.provider import Call
from sandbox.azure.providers.private_link.link_services import cloud
from sandbox.azure.providers.services.making import Making, Refusal, kept, system_data

# Source: docs/azure/targets.md, TGT-73.
TAKEN = Refusal("AlreadyInUse", "The registry DNS name {name}.azurecr.io is already in use.")
SUFFIXES = {"public": "azurecr.io", "government": "azurecr.us", "china": "azurecr.cn"}
DEFAULTS: Json = {
    "adminUserEnabled": False,
    "encryption": {"status": "disabled"},
    "dataEndpointEnabled": False,
    "dataEndpointHostNames": [],
    "publicNetworkAccess": "Enabled",
    "networkRuleBypassOptions": "AzureServices",
    "zoneRedundancy": "Disabled",
    "anonymousPullEnabled": False,
}


def head(call: Call, registry: Resource) -> Json:
    """The tier follows from the SKU's name."""
    sku = str((registry.body.get("sku") or {}).get("name", "Basic"))
    return {
        "sku": {"name": sku, "tier": sku},
        "tags": call.body.get("tags") or {},
        "systemData": system_data(call),
    }


def properties(call: Call, registry: Resource) -> Json:
    """The login server, policies that are all off, and a Premium registry's network rules."""
    now = call.world.timestamp()
    rules: Json = {"defaultAction": "Allow", "ipRules": []}
    sku = (registry.body.get("sku") or {}).get("name")
    asked = registry.properties.get("networkRuleSet")
    premium: Json = {"networkRuleSet": asked or rules} if sku == "Premium" else {}
    off: Json = {"lastUpdatedTime": now, "status": "disabled"}
    return premium | {
        "loginServer": f"{registry.name.lower()}.{SUFFIXES[cloud(registry.location)]}",
        "creationDate": kept(call, "creationDate", now),
        "policies": {
            "quarantinePolicy": {"status": "disabled"},
            "trustPolicy": {"type": "Notary", "status": "disabled"},
            "retentionPolicy": {"days": 7} | off,
            "exportPolicy": {"status": "enabled"},
            "azureADAuthenticationAsArmPolicy": {"status": "enabled"},
            "softDeletePolicy": {"retentionDays": 7} | off,
        },
    }


MAKING = Making(
    duration="registries/write",
    style=Style.REGISTRY,
    wait=10.0,
    head=head,
    defaults=DEFAULTS,
    properties=properties,
    deleting=Style.LOCATION,
    taken=TAKEN,
)
