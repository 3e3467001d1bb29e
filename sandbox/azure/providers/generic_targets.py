"""Every other type that supports private endpoints, as the table of link_services.py lists them.

Writes end at once unless recordings of the provider show otherwise. Bodies are kept as given,
with the few members that others read: provisioningState, host names, locations, public access. Sources:
docs/azure/long-running-operations.md, LRO-16 and LRO-18; docs/azure/targets.md, TGT-01.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass

from sandbox.azure.kernel.model import ArmError, Json, Resource, Response
from sandbox.azure.kernel.operations import Operation, OperationPlan, Style
from sandbox.azure.kernel.provider import Call, Registry, ResourceType
from sandbox.azure.kernel.world import World
from sandbox.azure.providers import cosmos
from sandbox.azure.providers.private_link import link_services, targets

OWN_MODULES = ("microsoft.storage/storageaccounts", "microsoft.sql/servers", "microsoft.keyvault/vaults")
TOP_LEVEL = ("sku", "kind", "identity", "plan", "zones", "extendedLocation", "managedBy")
# Types whose GET shows publicNetworkAccess without a PUT that set it (source: docs/azure/targets.md, TGT-17).
SHOWS_PUBLIC_ACCESS = ("microsoft.documentdb/databaseaccounts", "microsoft.eventgrid/topics")

# By cloud: what follows an AI services account's own name, and what follows the region's.
AI_SUFFIXES = {
    "public": ("cognitiveservices.azure.com", "api.cognitive.microsoft.com"),
    "government": ("cognitiveservices.azure.us", "api.cognitive.microsoft.us"),
    "china": ("cognitiveservices.azure.cn", "api.cognitive.azure.cn"),
}


@dataclass(frozen=True, slots=True)
class Making:
    """How a provider creates: status, duration (a key of durations.py, or none) and the state it shows."""

    status: int = 201
    duration: str = ""
    state: str = "Succeeded"
    style: Style = Style.NETWORK


MAKINGS = {
    # About 120 s (docs/azure/long-running-operations.md, LRO-16).
    "microsoft.documentdb/databaseaccounts": Making(200, "servers/write", "Creating", Style.COSMOS),
    # docs/azure/long-running-operations.md, LRO-16.
    "microsoft.eventgrid/topics": Making(201, "storageAccounts/write", "Creating", Style.EVENT_GRID),
    # A body without properties (docs/azure/long-running-operations.md, LRO-16).
    "microsoft.compute/diskaccesses": Making(202, "networkSecurityGroups/write", ""),
    "microsoft.network/privatelinkservices": Making(201, "privateEndpoints/delete", "Updating"),
}


def register(registry: Registry) -> None:
    """Add the table's types that have no module of their own, and types whose groups are not in a table."""
    own_groups = (link_services.PRIVATE_LINK_SERVICE, link_services.APPLICATION_GATEWAY)
    for name in [*link_services.types(), *own_groups]:
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
                not_found=_no_disk_access if name == "Microsoft.Compute/diskAccesses" else None,
                etag="weak" if name == link_services.PRIVATE_LINK_SERVICE else "none",
            )
        )
        targets.register_children(registry, name)


def _no_disk_access(call: Call) -> ArmError:
    """The provider's own 404 (docs/azure/targets.md, TGT-27)."""
    return ArmError(404, "NotFound", f"DiskAccess object {call.id.name} not found.")


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
    operation = call.start_operation(
        OperationPlan(
            name=f"Put{call.type.name.rsplit('/', 1)[1]}",
            duration=world.duration(making.duration, call.id),
            locks=(call.id,),
            style=making.style,
        )
    )
    shown = world.show(resource)
    if not making.state:
        shown.pop("properties", None)
    elif new and making.style is Style.COSMOS:
        shown = cosmos.while_creating(shown)
    elif new and making.style is Style.EVENT_GRID:
        shown["properties"] |= {"endpoint": None}
        shown["properties"].pop("metricResourceId", None)
    status = making.status if new or making.status == 202 else 200
    response = operation.answer(status, shown)
    return _as_other_provider(call, response, operation)


def _as_other_provider(call: Call, response: Response, operation: Operation) -> Response:
    """Change an answer of the network's style to that of other providers: no notification header, no wait,
    Location beside Azure-AsyncOperation whenever the status is 202
    (docs/azure/long-running-operations.md, LRO-16).
    """
    if call.id.namespace == "Microsoft.Network":
        return response
    response.headers.pop("Azure-AsyncNotification", None)
    response.retry_after = None
    if response.status == 202:
        response.headers["Location"] = operation.headers(deleting=True)["Location"]
    return response


def patch(call: Call) -> Response:
    """Change the members given: 200 at once."""
    body = targets.patched(call)
    body["properties"] |= _computed(call, Resource(call.id, body))
    return Response(200, call.world.show(call.world.save(call.id, body)))


def delete(call: Call) -> Response:
    """Delete: at once for types that are created at once, else 202."""
    making = MAKINGS.get(call.type.key)
    if making is None or not making.duration:
        call.world.remove(call.id)
        return Response(200)
    operation = call.start_operation(
        OperationPlan(
            name=f"Delete{call.type.name.rsplit('/', 1)[1]}",
            change="delete",
            duration=min(call.world.duration(making.duration, call.id), 20.0),
            style=making.style,
        )
    )
    return _as_other_provider(call, operation.answer(202), operation)


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
    if call.type.key == "microsoft.documentdb/databaseaccounts":
        body |= cosmos.head(call)
        properties = {name: value for name, value in properties.items() if name not in cosmos.ASKED_ONLY}
    if call.type.key in SHOWS_PUBLIC_ACCESS:
        properties.setdefault("publicNetworkAccess", "Enabled")
    if call.type.key == "microsoft.app/managedenvironments":
        properties.setdefault("publicNetworkAccess", _environment_access(properties))
    body["properties"] = {"provisioningState": "Succeeded"} | properties
    body["properties"] |= _computed(call, Resource(call.id, body))
    return body


def _environment_access(properties: Json) -> str:
    """The default of a Container Apps environment (docs/azure/targets.md, TGT-51); an internal one has no
    public address.
    """
    internal = (properties.get("vnetConfiguration") or {}).get("internal") is True
    return "Disabled" if internal else "Enabled"


def _computed(call: Call, probe: Resource) -> Json:
    """Members that the service generates, from which the resource's names follow."""
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
            return cosmos.properties(call, probe)
        case "microsoft.cognitiveservices/accounts":
            return {"endpoint": _ai_endpoint(probe, values["region"])}
        case "microsoft.eventgrid/topics":
            return _event_grid(call, probe, f"{name}.{values['region']}-1.eventgrid.azure.net")
        case "microsoft.network/privatelinkservices":
            return _link_service(call, probe, f"{name}.{values['guid']}.{values['region']}")
        case "microsoft.compute/diskaccesses":
            return {
                "timeCreated": call.existing.properties["timeCreated"]
                if call.existing
                else call.world.timestamp()
            }
    return {}


def _ai_endpoint(account: Resource, region: str) -> str:
    """By the custom subdomain name, or else the region's (docs/azure/targets.md, TGT-56)."""
    own, shared = AI_SUFFIXES[link_services.cloud(region)]
    name = account.properties.get("customSubDomainName")
    return f"https://{str(name).lower()}.{own}/" if name else f"https://{region}.{shared}/"


def _event_grid(call: Call, probe: Resource, host: str) -> Json:
    """Members of a topic that its GET shows (docs/azure/targets.md, TGT-17)."""
    known = call.existing.properties if call.existing else {}
    access = str(probe.properties.get("publicNetworkAccess") or "Enabled").capitalize()
    return {
        "endpoint": f"https://{host}/api/events",
        "inputSchema": probe.properties.get("inputSchema", "EventGridSchema"),
        "metricResourceId": known.get("metricResourceId") or call.world.new_guid(),
        "publicNetworkAccess": access,
    }


def _link_service(call: Call, probe: Resource, alias: str) -> Json:
    """Members of a private link service that its GET shows (docs/azure/targets.md, TGT-07)."""
    known = call.existing.properties if call.existing else {}
    return {
        "alias": f"{alias}.azure.privatelinkservice",
        "resourceGuid": known.get("resourceGuid") or call.world.new_guid(),
        "fqdns": probe.properties.get("fqdns") or [],
        "enableProxyProtocol": bool(probe.properties.get("enableProxyProtocol")),
        "ipConfigurations": [
            _link_configuration(call, index, one)
            for index, one in enumerate(probe.properties.get("ipConfigurations") or [])
        ],
        "networkInterfaces": known.get("networkInterfaces") or [_link_interface(call)],
    }


def _link_configuration(call: Call, index: int, one: Json) -> Json:
    name = str(one.get("name", ""))
    fixed: Json = {
        "provisioningState": "Succeeded",
        "privateIPAllocationMethod": "Dynamic",
        "primary": index == 0,
        "privateIPAddressVersion": "IPv4",
    }
    return {
        "name": name,
        "id": f"{call.id.text}/ipConfigurations/{name}",
        "etag": call.world.etag(),
        "type": f"{call.type.name}/ipConfigurations",
        "properties": fixed | (one.get("properties") or {}),
    }


def _link_interface(call: Call) -> Json:
    group = f"/subscriptions/{call.id.subscription}/resourceGroups/{call.id.group}"
    name = f"{call.id.name}.nic.{call.world.new_guid()}"
    return {"id": f"{group}/providers/Microsoft.Network/networkInterfaces/{name}"}
