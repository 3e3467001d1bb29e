"""What every target of private endpoints has: link resources, connections, tags, a PATCH.

Provider modules (storage.py, sql.py, keyvault.py, generic_targets.py) use this. Source:
docs/azure/targets.md, TGT-01 and TGT-12.
"""

from __future__ import annotations

from copy import deepcopy

from sandbox.azure.kernel import refusals
from sandbox.azure.kernel.directory import TENANT
from sandbox.azure.kernel.model import ArmError, Envelope, Json, Resource, Response
from sandbox.azure.kernel.provider import Call, Registry, ResourceType
from sandbox.azure.kernel.world import World
from sandbox.azure.providers.private_link import connection_decisions, connections, link_services

# Types that name their one link resource plr, and types that write its id without the first slash (TGT-12).
NAMED_PLR = (
    "microsoft.sql/servers",
    "microsoft.dbformariadb/servers",
    "microsoft.dbformysql/servers",
    "microsoft.dbforpostgresql/servers",
)
WITHOUT_SLASH = ("microsoft.eventhub/namespaces", "microsoft.servicebus/namespaces")


def register_children(registry: Registry, target_type: str) -> None:
    """Add `privateLinkResources` and `privateEndpointConnections` below a target type."""
    registry.add(
        ResourceType(f"{target_type}/privateLinkResources", list=list_link_resources, get=get_link_resource)
    )
    connection_decisions.register(registry, target_type)


def list_link_resources(call: Call) -> Response:
    """`GET {target}/privateLinkResources`: groups, required members, zones; no paging."""
    target = call.world.find(call.id)
    if target is None:
        raise refusals.no_resource(call.id)
    return Response(200, {"value": link_resources(target)})


def get_link_resource(call: Call) -> Response:
    """One of them by name."""
    for one in link_resources(call.parent):
        if str(one["name"]).lower() == call.id.name.lower():
            return Response(200, one)
    raise refusals.no_resource(call.id)


def link_resources(target: Resource) -> list[Json]:
    """The list, as the providers write it.

    Secondary groups work without being listed, and so does Cosmos DB's dedicated gateway (source:
    docs/azure/targets.md, TGT-13).
    """
    found = []
    for group in link_services.groups(target):
        if group.id.endswith("_secondary") or group.id == "SqlDedicated":
            continue
        name = "plr" if target.type.lower() in NAMED_PLR else group.id
        own = f"{target.id.text}/privateLinkResources/{name}"
        members = [member.name for member in group.members]
        if target.id.is_type("Microsoft.DocumentDB/databaseAccounts"):
            members = [*members[1:], members[0]]
        found.append(
            {
                "id": own.lstrip("/") if target.type.lower() in WITHOUT_SLASH else own,
                "name": name,
                "type": f"{target.type}/privateLinkResources",
                "properties": {
                    "groupId": group.id,
                    "requiredMembers": members,
                    "requiredZoneNames": group.zones,
                },
            }
        )
    return found


def with_connections(world: World, target: Resource) -> Json:
    """The target as GET shows it, with its connections if the provider lists them."""
    body = target.shown()
    found = connections.shown(world, target)
    if found is not None:
        body["properties"]["privateEndpointConnections"] = found
    return body


def merge(old: Json, new: Json) -> Json:
    """JSON merge patch: members replaced one by one, null removes."""
    merged = deepcopy(old)
    for name, value in new.items():
        if value is None:
            merged.pop(name, None)
        elif isinstance(value, dict) and isinstance(merged.get(name), dict):
            merged[name] = merge(merged[name], value)
        else:
            merged[name] = deepcopy(value)
    return merged


def patched(call: Call) -> Json:
    """The stored body with the request's members merged in; given tags and sku replace the stored ones."""
    body = merge(call.stored.body, {name: value for name, value in call.body.items() if name != "tags"})
    if call.body.get("tags") is not None:
        body["tags"] = deepcopy(call.body["tags"])
    return body


def given(call: Call, *members: str) -> Json:
    """The top-level members of a PUT that the service keeps, when given; an identity with its ids."""
    found = {name: deepcopy(call.body[name]) for name in members if call.body.get(name) is not None}
    if isinstance(found.get("identity"), dict):
        found["identity"] = with_ids(call, found["identity"])
    return found


def with_ids(call: Call, identity: Json) -> Json:
    """An identity with the ids that the directory gave it, which stay (docs/azure/services.md, SVC-13)."""
    known = (call.existing.body.get("identity") if call.existing else None) or {}
    kinds = [one.strip() for one in str(identity.get("type", "")).split(",")]
    whole: Json = {"type": identity.get("type")}
    if "SystemAssigned" in kinds:
        whole |= {"principalId": known.get("principalId") or call.world.new_guid(), "tenantId": TENANT}
    if "UserAssigned" in kinds:
        users = identity.get("userAssignedIdentities") or {}
        before = known.get("userAssignedIdentities") or {}
        ids = {"principalId": call.world.new_guid(), "clientId": call.world.new_guid()}
        whole["userAssignedIdentities"] = {
            name: before.get(name) or ids for name, one in users.items() if one is not None
        }
    return whole


def without_connections(properties: Json) -> Json:
    """Properties of a PUT without connections, which only endpoints write."""
    return {name: value for name, value in deepcopy(properties).items() if name != connections.KIND}


def refuse_taken(call: Call, code: str, text: str, envelope: Envelope = "arm") -> None:
    """Raise 409 for a name that another resource of the type has anywhere: such names are host names."""
    if any(other.id != call.id for other in call.world.store.named(call.type.name, call.id.name)):
        raise ArmError(409, code, text.format(name=call.id.name), envelope=envelope)
