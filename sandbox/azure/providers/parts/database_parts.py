"""What MySQL, MariaDB and PostgreSQL single servers hold: databases, rules, alerts.

Source: docs/azure/services.md, SVC-08.
"""

from __future__ import annotations

from sandbox.azure.kernel.model import Json, Resource
from sandbox.azure.kernel.provider import Call, Registry
from sandbox.azure.kernel.world import World
from sandbox.azure.providers.parts.part import Part, Work, missing_part
from sandbox.azure.providers.parts.sql_parts import ALERTS

SERVERS = (
    "Microsoft.DBforMySQL/servers",
    "Microsoft.DBforMariaDB/servers",
    "Microsoft.DBforPostgreSQL/servers",
)
WAIT = 15.0


def register(registry: Registry) -> None:
    """Add the types below each kind of server."""
    for server in SERVERS:
        for part in _parts(server):
            part.register(registry)


def _database(call: Call, asked: Json) -> Json:
    """The character set of the engine, unless another was asked for; that of MySQL follows the collation."""
    if "postgresql" in call.type.key:
        return {"charset": "UTF8", "collation": "English_United States.1252"} | asked
    collation = str(asked.get("collation") or "latin1_swedish_ci")
    return {"charset": collation.split("_")[0], "collation": collation}


def _ready(world: World, rule: Resource) -> Json:
    return {"state": "Ready"}


def _since(world: World, settings: Resource) -> Json:
    return {"creationTime": settings.private.setdefault("created", world.timestamp())}


def _parts(server: str) -> list[Part]:
    def work(written: str, dropped: str = "") -> Work:
        return Work(written, dropped, wait=WAIT)

    return [
        Part(
            f"{server}/databases",
            stored=_database,
            not_found=missing_part,
            work=work("UpsertElasticServerDatabase", "DropElasticServerDatabase"),
        ),
        Part(
            f"{server}/firewallRules",
            not_found=missing_part,
            work=work("UpsertElasticServerFirewallRules", "DropElasticServerFirewallRule"),
        ),
        Part(
            f"{server}/virtualNetworkRules",
            defaults={"ignoreMissingVnetServiceEndpoint": False},
            computed=_ready,
            not_found=missing_part,
            work=work("UpsertElasticServerVnetFirewallRule", "DropElasticServerVnetFirewallRule"),
        ),
        Part(
            f"{server}/securityAlertPolicies",
            deleted=0,
            defaults=ALERTS,
            computed=_since,
            work=Work("UpsertServerThreatDetectionPolicy", collection="securityAlertPolicies", polls=False),
        ),
    ]
