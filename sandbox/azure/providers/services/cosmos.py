"""Cosmos DB accounts: members that their GET adds to the request's.

Sources: docs/azure/long-running-operations.md, LRO-16; docs/azure/targets.md, TGT-05, TGT-12 and TGT-15.
"""

from __future__ import annotations

from copy import deepcopy

from sandbox.azure.kernel.manners import Style
from sandbox.azure.kernel.model import ArmError, Json, Resource
from sandbox.azure.kernel.provider import Call
from sandbox.azure.providers.services.making import Making

APIS = {
    "EnableCassandra": "Cassandra",
    "EnableGremlin": "Gremlin, Sql",
    "EnableTable": "Table, Sql",
}
# Members of a request that answers do not show.
ASKED_ONLY = ("apiProperties", "createMode")
DEFAULTS: Json = {
    "analyticalStorageConfiguration": {"schemaType": "WellDefined"},
    "defaultIdentity": "FirstPartyIdentity",
    "enablePartitionMerge": False,
    "networkAclBypassResourceIds": [],
    "backupPolicy": {
        "type": "Periodic",
        "periodicModeProperties": {
            "backupIntervalInMinutes": 240,
            "backupRetentionIntervalInHours": 8,
            "backupStorageRedundancy": "Geo",
        },
    },
    "enableAutomaticFailover": False,
    "enableMultipleWriteLocations": False,
    "enablePartitionKeyMonitor": False,
    "isVirtualNetworkFilterEnabled": False,
    "virtualNetworkRules": [],
    "disableKeyBasedMetadataWriteAccess": False,
    "enableFreeTier": False,
    "enableAnalyticalStorage": False,
    "databaseAccountOfferType": "Standard",
    "networkAclBypass": "None",
    "disableLocalAuth": False,
    "minimalTlsVersion": "Tls12",
    "consistencyPolicy": {
        "defaultConsistencyLevel": "Session",
        "maxIntervalInSeconds": 5,
        "maxStalenessPrefix": 100,
    },
    "configurationOverrides": {},
    "cors": [],
    "capabilities": [],
    "ipRules": [],
}


def properties(call: Call, account: Resource) -> Json:
    """The members that the service adds to a PUT.

    Raises 400 without a location (source: public REST reference).
    """
    wanted = account.properties
    asked = wanted.get("locations") or []
    if not asked:
        raise ArmError(
            400, "BadRequest", "Request must specify at least one location to create a database account."
        )
    given = {name: value for name, value in wanted.items() if name in DEFAULTS and value is not None}
    name = account.name.lower()
    places = [_place(name, index, one) for index, one in enumerate(asked)]
    consistency = DEFAULTS["consistencyPolicy"] | (wanted.get("consistencyPolicy") or {})
    access = str(wanted.get("publicNetworkAccess") or "Enabled").capitalize()
    known = call.existing.properties if call.existing else {}
    host = f"https://{name}.documents.azure.com:443/"
    mongo = account.body.get("kind") == "MongoDB" and call.properties.get("apiProperties")
    version: Json = {"apiProperties": mongo} if mongo else {}
    return (
        version
        | deepcopy(DEFAULTS | given)
        | {
            "consistencyPolicy": consistency,
            "publicNetworkAccess": access,
            "EnabledApiTypes": _apis(account),
            "keysMetadata": _keys(call, known),
            "instanceId": known.get("instanceId") or call.world.new_guid(),
            "documentEndpoint": host,
            "sqlEndpoint": host,
            "locations": places,
            "readLocations": deepcopy(places),
            "writeLocations": deepcopy(places[:1]),
            "failoverPolicies": [
                {name: one[name] for name in ("id", "locationName", "failoverPriority")} for one in places
            ],
        }
    )


def head(call: Call, account: Resource) -> Json:
    """Members outside `properties` that every account shows."""
    known = call.existing.body.get("systemData") if call.existing else None
    return {
        "tags": deepcopy(call.body.get("tags")) or {},
        "identity": account.body.get("identity") or {"type": "None"},
        "systemData": known or {"createdAt": call.world.timestamp()},
    }


def while_creating(shown: Json) -> Json:
    """The account as the answer to its PUT shows it: no host names yet, every location Creating."""
    inner = shown["properties"]
    for name in ("documentEndpoint", "sqlEndpoint"):
        inner.pop(name, None)
    inner["defaultIdentity"] = ""
    inner["backupPolicy"]["periodicModeProperties"]["backupStorageRedundancy"] = "Invalid"
    for name in ("locations", "readLocations", "writeLocations"):
        for one in inner[name]:
            one["provisioningState"] = inner["provisioningState"]
            one.pop("documentEndpoint")
    return shown


def _place(name: str, index: int, asked: Json) -> Json:
    own = f"{name}-{str(asked.get('locationName', '')).replace(' ', '').lower()}"
    return {
        "id": own,
        "locationName": asked.get("locationName"),
        "documentEndpoint": f"https://{own}.documents.azure.com:443/",
        "provisioningState": "Succeeded",
        "failoverPriority": asked.get("failoverPriority", index),
        "isZoneRedundant": bool(asked.get("isZoneRedundant")),
    }


def _keys(call: Call, known: Json) -> Json:
    names = (
        "primaryMasterKey",
        "primaryReadonlyMasterKey",
        "secondaryMasterKey",
        "secondaryReadonlyMasterKey",
    )
    made = {name: {"generationTime": call.world.timestamp()} for name in names}
    kept: Json = known.get("keysMetadata") or made
    return kept


def _apis(account: Resource) -> str:
    if account.body.get("kind") == "MongoDB":
        return "MongoDB"
    on = [str(one.get("name")) for one in account.properties.get("capabilities") or []]
    return next((APIS[name] for name in on if name in APIS), "Sql")


# About 120 s (docs/azure/long-running-operations.md, LRO-16).
MAKING = Making(
    status=200,
    duration="servers/write",
    style=Style.COSMOS,
    head=head,
    properties=properties,
    unset=ASKED_ONLY,
    early=while_creating,
    deleting=Style.COSMOS,
)
