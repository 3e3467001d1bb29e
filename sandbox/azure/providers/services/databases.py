"""MySQL, MariaDB and PostgreSQL single servers. Source: docs/azure/long-running-operations.md, LRO-18;
docs/azure/targets.md, TGT-10 and TGT-30."""

from __future__ import annotations

from sandbox.azure.kernel.manners import Style
from sandbox.azure.kernel.model import Json, Resource, Response
from sandbox.azure.kernel.operations import OperationPlan
from sandbox.azure.kernel.provider import Call
from sandbox.azure.providers.private_link import link_services
from sandbox.azure.providers.services.making import Making, kept

TIERS = {"B": "Basic", "GP": "GeneralPurpose", "MO": "MemoryOptimized"}
VERSIONS = {
    "microsoft.dbformariadb/servers": "10.2",
    "microsoft.dbformysql/servers": "5.7",
    "microsoft.dbforpostgresql/servers": "9.6",
}
PROFILE: Json = {"backupRetentionDays": 7, "geoRedundantBackup": "Disabled", "storageAutogrow": "Disabled"}
DEFAULTS: Json = {
    "sslEnforcement": "Enabled",
    "minimalTlsVersion": "TLSEnforcementDisabled",
    "replicationRole": "None",
    "masterServerId": "",
    "replicaCapacity": 5,
    "byokEnforcement": "Disabled",
    "infrastructureEncryption": "Disabled",
    "publicNetworkAccess": "Enabled",
}


def head(call: Call, server: Resource) -> Json:
    """The SKU, whose name says everything: `GP_Gen5_2`."""
    sku = str((server.body.get("sku") or {}).get("name", "B_Gen5_1"))
    tier, _, rest = sku.partition("_")
    family, _, capacity = rest.partition("_")
    number = int(capacity) if capacity.isdigit() else 1
    return {"sku": {"name": sku, "tier": TIERS.get(tier, tier), "family": family, "capacity": number}}


def properties(call: Call, server: Resource) -> Json:
    """The host name, and a storage profile with the service's defaults."""
    [group] = link_services.groups(server)
    return {
        "version": server.properties.get("version") or VERSIONS[server.type.lower()],
        "storageProfile": PROFILE | (server.properties.get("storageProfile") or {}),
        "fullyQualifiedDomainName": group.members[0].names[0].fqdn,
        "earliestRestoreDate": kept(call, "earliestRestoreDate", call.world.timestamp(3)),
        "userVisibleState": "Ready",
    }


def restart(call: Call) -> Response:
    """Restart the server: 202 (docs/azure/services.md, SVC-08)."""
    plan = OperationPlan(
        "RestartElasticServer",
        call.world.duration("sqlParts/write", call.id),
        change="action",
        style=Style.SQL,
        first_wait=15.0,
    )
    return call.start_operation(plan).answer(202)


MAKING = Making(
    status=202,
    duration="servers/write",
    style=Style.SQL,
    wait=60.0,
    name="UpsertElasticServer",
    head=head,
    defaults=DEFAULTS,
    properties=properties,
    unset=("administratorLoginPassword", "createMode"),
    stateless=True,
    deleting=Style.SQL,
    dropped="DropElasticServer",
    actions={"restart": restart},
)
