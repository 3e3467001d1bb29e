"""Every other type that takes private endpoints, as the table of link_services.py lists them.

Created and changed at once unless the provider was recorded doing it otherwise. Bodies are kept as given,
with the few members that others read: provisioningState, host names, locations, public access. Sources:
facts/arm-facts.md section 8 and the recordings named at the table of creations.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import Literal

from sandbox.azure import link_services, targets
from sandbox.azure.model import ArmError, Json, Resource, Response
from sandbox.azure.operations import Style
from sandbox.azure.provider import Call, Registry, ResourceType
from sandbox.azure.world import World

OWN_MODULES = ("microsoft.storage/storageaccounts", "microsoft.sql/servers", "microsoft.keyvault/vaults")
TOP_LEVEL = ("sku", "kind", "identity", "plan", "zones", "extendedLocation", "managedBy")
# Types whose GET shows publicNetworkAccess though nobody set it (source: recordings of these types).
SHOWS_PUBLIC_ACCESS = ("microsoft.documentdb/databaseaccounts", "microsoft.eventgrid/topics")


@dataclass(frozen=True, slots=True)
class Making:
    """How a provider creates: status, whether it takes time (a kind of durations.py) and what shows."""

    status: int = 201
    duration: str = ""
    state: str = "Succeeded"
    style: Literal["network", "operations_status"] = "operations_status"


MAKINGS = {
    # As recorded in plr_cosmosdb and pec_cosmosdb_approve (about 120 s).
    "microsoft.documentdb/databaseaccounts": Making(200, "servers/write", "Creating"),
    # As recorded in pe_delete_429_retryable_with_stack.
    "microsoft.eventgrid/topics": Making(201, "storageAccounts/write", "Creating"),
    # As recorded in pe_diskaccess_2024: a body without properties.
    "microsoft.compute/diskaccesses": Making(202, "networkSecurityGroups/write", ""),
    "microsoft.network/privatelinkservices": Making(201, "privateEndpoints/delete", "Updating", "network"),
}


def register(registry: Registry) -> None:
    """Add every type of the table that has no module of its own, and private link services."""
    for name in [*link_services.types(), link_services.PRIVATE_LINK_SERVICE]:
        if name.lower() in OWN_MODULES:
            continue
        registry.add(
            ResourceType(
                name,
                put=put,
                patch=patch,
                delete=delete,
                show=show,
                tracked=True,
                etag="weak" if name == link_services.PRIVATE_LINK_SERVICE else "none",
            )
        )
        targets.register_children(registry, name)


def put(call: Call) -> Response:
    """Create or replace."""
    making = MAKINGS.get(call.type.key, Making(200 if call.existing else 201))
    body = _body(call)
    if not making.duration:
        return Response(making.status, call.world.show(call.world.save(call.id, body)))
    resource = call.world.save(call.id, body)
    resource.state = making.state or "Creating"
    return _slowly(call, making, resource)


def _slowly(call: Call, making: Making, resource: Resource) -> Response:
    world, new = call.world, call.existing is None
    operation = world.start_operation(
        call,
        name=f"Put{call.type.name.rsplit('/', 1)[1]}",
        duration=world.duration(making.duration, call.id),
        locks=[call.id],
        style=Style.NETWORK,
    )
    shown = world.show(resource)
    if not making.state:
        shown.pop("properties", None)
    status = making.status if new or making.status == 202 else 200
    response = operation.answer(status, shown)
    if making.style == "operations_status":
        response.headers.pop("Azure-AsyncNotification", None)
        if making.status in (200, 202):
            response.headers |= {"Location": operation.headers(deleting=True)["Location"]}
    return response


def patch(call: Call) -> Response:
    """Change the members given: 200 at once."""
    body = targets.patched(call)
    return Response(200, call.world.show(call.world.save(call.id, body)))


def delete(call: Call) -> Response:
    """Delete: at once for types made at once, else 202."""
    making = MAKINGS.get(call.type.key)
    if making is None or not making.duration:
        call.world.remove(call.id)
        return Response(200)
    operation = call.world.start_operation(
        call,
        name=f"Delete{call.type.name.rsplit('/', 1)[1]}",
        change="delete",
        duration=min(call.world.duration(making.duration, call.id), 20.0),
    )
    response = operation.answer(202)
    if making.style == "operations_status":
        response.headers.pop("Azure-AsyncNotification", None)
    return response


def show(world: World, target: Resource) -> Json:
    """The resource with its connections."""
    return targets.with_connections(world, target)


def _body(call: Call) -> Json:
    old = call.existing
    body = targets.given(call, *TOP_LEVEL)
    body["location"] = call.body.get("location") or (old.location if old else "")
    if call.body.get("tags") is not None:
        body["tags"] = deepcopy(call.body["tags"])
    properties = targets.without_connections(call.properties)
    if call.type.key in SHOWS_PUBLIC_ACCESS:
        properties.setdefault("publicNetworkAccess", "Enabled")
    body["properties"] = {"provisioningState": "Succeeded"} | properties
    body["properties"] |= _computed(call, Resource(call.id, body))
    return body


def _computed(call: Call, probe: Resource) -> Json:
    """Members that the service makes up and that say which names the resource has."""
    probe.body["location"] = probe.location.replace(" ", "").lower()
    values = link_services.variables(probe)
    name, suffix = values["name"], ""
    match call.type.key:
        case "microsoft.sql/managedinstances":
            suffix = f"{values['prefix']}.database.windows.net"
            return {"dnsZone": values["prefix"], "fullyQualifiedDomainName": f"{name}.{suffix}"}
        case "microsoft.web/staticsites":
            return {"defaultHostname": f"{name}.{values['partition']}.azurestaticapps.net"}
        case "microsoft.cache/redisenterprise":
            [group] = link_services.groups(probe)
            return {"hostName": group.members[0].names[0].fqdn}
        case "microsoft.web/sites":
            return {"defaultHostName": f"{name}.azurewebsites.net", "state": "Running"}
        case "microsoft.documentdb/databaseaccounts":
            return _cosmos(call, probe)
        case "microsoft.eventgrid/topics":
            host = f"{name}.{values['region']}-1.eventgrid.azure.net"
            return {"endpoint": f"https://{host}/api/events"}
        case "microsoft.network/privatelinkservices":
            return {"alias": f"{name}.{values['guid']}.{values['region']}.azure.privatelinkservice"}
    return {}


def _cosmos(call: Call, probe: Resource) -> Json:
    """A Cosmos account needs a list of locations, one at least (source: public REST reference)."""
    asked = call.properties.get("locations") or []
    if not asked:
        raise ArmError(
            400, "BadRequest", "Request must specify at least one location to create a database account."
        )
    name = probe.name.lower()
    places = [
        {
            "id": f"{name}-{str(one.get('locationName', '')).replace(' ', '').lower()}",
            "locationName": one.get("locationName"),
            "provisioningState": "Succeeded",
            "failoverPriority": one.get("failoverPriority", index),
            "isZoneRedundant": bool(one.get("isZoneRedundant")),
        }
        for index, one in enumerate(asked)
    ]
    return {"locations": places, "documentEndpoint": f"https://{name}.documents.azure.com:443/"}
