"""Databases and elastic pools of SQL servers: SKUs, and what the service adds.

Source: docs/azure/services.md, SVC-05 and SVC-06.
"""

from __future__ import annotations

from sandbox.azure.kernel.model import Json, Resource
from sandbox.azure.kernel.provider import Call
from sandbox.azure.kernel.regions import PAIRS
from sandbox.azure.kernel.world import World
from sandbox.azure.providers.parts.part import Part, Work

SERVER = "Microsoft.Sql/servers"
GB = 1024**3
TIERS = {"GP": "GeneralPurpose", "BC": "BusinessCritical", "HS": "Hyperscale"}
# Sizes of the service objectives that are bought by throughput, and what a database may hold.
OBJECTIVES = {"S0": 10, "S1": 20, "S2": 50, "S3": 100, "S4": 200, "P1": 125, "P2": 250, "P4": 500, "P6": 1000}
LARGEST = {"System": 30 * GB, "Basic": 2 * GB, "Standard": 250 * GB, "Premium": 500 * GB}
LOG_SHARE = {"GeneralPurpose": 193273528320}
ORIGIN = ("createMode", "sourceDatabaseId", "restorePointInTime", "sourceDatabaseDeletionDate", "sampleName")
# Members of a request that answers do not show, or that the SKU decides.
ASKED_ONLY = (
    *ORIGIN,
    "edition",
    "requestedServiceObjectiveId",
    "administratorLogin",
    "administratorLoginPassword",
)


def maintenance(resource: Resource) -> str:
    """The configuration that every database and pool has."""
    subscription = f"/subscriptions/{resource.id.subscription}/providers/Microsoft.Maintenance"
    return f"{subscription}/publicMaintenanceConfigurations/SQL_Default"


def _sku(resource: Resource) -> Json:
    """The SKU with tier, family and capacity; a database without one is GP_Gen5_2."""
    asked = dict(resource.body.get("sku") or {})
    if resource.name.lower() == "master":
        return {"name": "System", "tier": "System", "capacity": 0}
    name = str(asked.get("name") or "GP_Gen5_2")
    if resource.properties.get("elasticPoolId"):
        return {"name": "ElasticPool", "tier": str(asked.get("tier") or "Standard"), "capacity": 0}
    if name in OBJECTIVES or name in LARGEST:
        tier = name if name in LARGEST else {"S": "Standard", "P": "Premium"}[name[0]]
        standard = {"Basic": 5, "Standard": 10, "Premium": 125}
        capacity = OBJECTIVES.get(name) or asked.get("capacity") or standard[tier]
        return {"name": tier, "tier": tier, "capacity": capacity}
    parts = name.split("_")
    number = int(parts.pop()) if parts[-1].isdigit() else int(asked.get("capacity") or 2)
    family = str(asked.get("family") or next((one for one in parts if one.startswith("Gen")), "Gen5"))
    short = "_".join(parts) if family in parts else f"{'_'.join(parts)}_{family}"
    tier = str(asked.get("tier") or TIERS.get(parts[0], "GeneralPurpose"))
    return {"name": short, "tier": tier, "family": family, "capacity": number}


def _objective(sku: Json) -> str:
    """The name of the service objective that the SKU is."""
    if sku["tier"] == "System":
        return "System0"
    if sku["tier"] in LARGEST and "family" not in sku:
        named = {capacity: name for name, capacity in OBJECTIVES.items()}
        fallback = "ElasticPool" if sku["name"] == "ElasticPool" else sku["name"]
        return named.get(sku["capacity"], fallback)
    return f"{sku['name']}_{sku['capacity']}"


def _head(world: World, database: Resource) -> Json:
    sku = _sku(database)
    server = world.find(database.id.root)
    place = database.location or (server.location if server else "")
    if sku["tier"] == "System":
        owner = server.id.text if server else None
        return {"sku": sku, "kind": "v12.0,system", "location": place, "managedBy": owner}
    kinds = ["v12.0", "user"]
    kinds += ["pool"] if database.properties.get("elasticPoolId") else []
    kinds += ["vcore"] if "family" in sku else []
    kinds += ["serverless"] if "_S_" in sku["name"] else []
    return {"sku": sku, "kind": ",".join(kinds), "location": place}


def _computed(world: World, database: Resource) -> Json:
    head = _head(world, database)
    sku, place = head["sku"], head["location"]
    objective = _objective(sku)
    asked = database.properties
    redundancy = asked.get("requestedBackupStorageRedundancy", "Geo")
    found: Json = {
        "status": "Online",
        "databaseId": database.private.setdefault("id", world.new_guid()),
        "creationDate": database.private.setdefault("created", world.timestamp(3)),
        "currentServiceObjectiveName": objective,
        "requestedServiceObjectiveName": objective,
        "defaultSecondaryLocation": PAIRS.get(place, place),
        "maxSizeBytes": asked.get("maxSizeBytes") or LARGEST.get(sku["tier"], 32 * GB),
        "currentSku": sku,
        "currentBackupStorageRedundancy": redundancy,
        "requestedBackupStorageRedundancy": redundancy,
        "maintenanceConfigurationId": asked.get("maintenanceConfigurationId") or maintenance(database),
    }
    if "family" in sku:
        found["licenseType"] = asked.get("licenseType", "LicenseIncluded")
        share = int(found["maxSizeBytes"]) * 3 // 10
        found["maxLogSizeBytes"] = LOG_SHARE.get(sku["tier"], share)
    if sku["tier"] in ("Premium", "BusinessCritical"):
        found["readScale"] = asked.get("readScale", "Enabled")
    return found


def _kept(call: Call, asked: Json) -> Json:
    """An update changes what it names."""
    known = dict(call.existing.properties) if call.existing else {}
    return known | {name: value for name, value in asked.items() if name not in ASKED_ONLY}


DATABASE_DEFAULTS: Json = {
    "collation": "SQL_Latin1_General_CP1_CI_AS",
    "catalogCollation": "SQL_Latin1_General_CP1_CI_AS",
    "zoneRedundant": False,
    "readScale": "Disabled",
    "isLedgerOn": False,
    "isInfraEncryptionEnabled": False,
}

DATABASE = Part(
    f"{SERVER}/databases",
    tracked=True,
    stored=_kept,
    defaults=DATABASE_DEFAULTS,
    computed=_computed,
    head=_head,
    implied="master",
    several=True,
    work=Work(
        "CreateLogicalDatabase",
        "DropLogicalDatabase",
        "UpdateLogicalDatabase",
        "database",
        duration="databases/write",
    ),
)

POOL_STORAGE = {"Basic": 50, "Standard": 100, "Premium": 250}


def _pool_head(world: World, pool: Resource) -> Json:
    asked = dict(pool.body.get("sku") or {})
    name = str(asked.get("name") or "StandardPool")
    tier = str(asked.get("tier") or name.removesuffix("Pool"))
    vcore = "_" in name
    sku: Json = {"name": name, "tier": tier} | ({"family": asked.get("family", "Gen5")} if vcore else {})
    sku["capacity"] = asked.get("capacity") or (2 if vcore else 100)
    return {"sku": sku, "kind": "pool" + (",vcore" if vcore else "")}


def _pool(world: World, pool: Resource) -> Json:
    sku = _pool_head(world, pool)["sku"]
    most = float(sku["capacity"])
    size = POOL_STORAGE.get(sku["tier"], 32) * GB
    vcore: Json = {"licenseType": pool.properties.get("licenseType", "LicenseIncluded")}
    asked = {name: float(value) for name, value in (pool.properties.get("perDatabaseSettings") or {}).items()}
    return (vcore if "family" in sku else {}) | {
        "state": "Ready",
        "creationDate": pool.private.setdefault("created", world.timestamp(3)),
        "maxSizeBytes": pool.properties.get("maxSizeBytes") or size,
        "perDatabaseSettings": {"minCapacity": 0.0, "maxCapacity": most} | asked,
        "maintenanceConfigurationId": pool.properties.get("maintenanceConfigurationId") or maintenance(pool),
    }


POOL = Part(
    f"{SERVER}/elasticPools",
    tracked=True,
    stored=_kept,
    defaults={"zoneRedundant": False},
    computed=_pool,
    head=_pool_head,
    work=Work(
        "CreateLogicalElasticPool", "DropLogicalElasticPool", "UpdateLogicalElasticPool", "elasticPool"
    ),
)
