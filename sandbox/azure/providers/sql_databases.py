"""Databases of SQL logical servers. Source: docs/azure/clients.md, CLI-10."""

from __future__ import annotations

from sandbox.azure.kernel.manners import Style
from sandbox.azure.kernel.model import Json, Resource, Response
from sandbox.azure.kernel.operations import OperationPlan
from sandbox.azure.kernel.provider import Call, Registry, ResourceType
from sandbox.azure.kernel.world import World
from sandbox.azure.providers.private_link import targets

TYPE = "Microsoft.Sql/servers/databases"
DEFAULT_SKU: Json = {"name": "GP_Gen5", "tier": "GeneralPurpose", "family": "Gen5", "capacity": 2}
GIB = 1024**3


def register(registry: Registry) -> None:
    """Add databases; every server has one with the name master."""
    registry.add(
        ResourceType(TYPE, put=put, patch=put, delete=delete, etag="none", implied=("master", master))
    )


def master(world: World, server: Resource) -> Json:
    """The system database of a server."""
    body = _body(world, server, {"sku": {"name": "System", "tier": "System", "capacity": 0}})
    return body | {"kind": "v12.0,system"}


def put(call: Call) -> Response:
    """Create or change: 202, as a server. It shows at the end of the operation."""
    world, server = call.world, call.parent
    known = call.existing.body if call.existing else {}
    body = _body(world, server, targets.merge(known, call.body))
    operation = call.start_operation(
        OperationPlan(
            name="CreateLogicalDatabase" if call.existing is None else "UpdateLogicalDatabase",
            style=Style.SQL,
            duration=world.duration("databases/write", call.id),
            first_wait=15,
            locks=(call.id,),
            complete=lambda: _keep(call, body),
            failed=lambda error: None,
            region=server.location,
        )
    )
    return operation.answer(202)


def _keep(call: Call, body: Json) -> None:
    """Store a database, unless its server was deleted meanwhile."""
    if call.world.find(call.id.parent) is not None:
        call.world.save(call.id, body)


def delete(call: Call) -> Response:
    """Delete: 202."""
    operation = call.start_operation(
        OperationPlan(
            name="DropLogicalDatabase",
            change="delete",
            style=Style.SQL,
            duration=min(call.world.duration("databases/write", call.id), 15.0),
            first_wait=15,
        )
    )
    return operation.answer(202)


def _body(world: World, server: Resource, asked: Json) -> Json:
    """The database as GET shows it."""
    sku: Json = DEFAULT_SKU if not asked.get("sku") else asked["sku"]
    defaults: Json = {
        "collation": "SQL_Latin1_General_CP1_CI_AS",
        "maxSizeBytes": 2 * GIB if sku.get("name") == "Basic" else 32 * GIB,
        "catalogCollation": "SQL_Latin1_General_CP1_CI_AS",
        "zoneRedundant": False,
        "readScale": "Disabled",
        "databaseId": world.new_guid(),
        "creationDate": world.timestamp(3),
    }
    fixed: Json = {
        "status": "Online",
        "currentServiceObjectiveName": sku.get("name"),
        "requestedServiceObjectiveName": sku.get("name"),
        "currentSku": sku,
    }
    body: Json = {"sku": sku, "kind": "v12.0,user", "location": asked.get("location") or server.location}
    if asked.get("tags"):
        body["tags"] = asked["tags"]
    return body | {"properties": defaults | (asked.get("properties") or {}) | fixed}
