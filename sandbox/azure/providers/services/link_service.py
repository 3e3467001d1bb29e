"""Private link services. Source: docs/azure/targets.md, TGT-07."""

from __future__ import annotations

from sandbox.azure.kernel.manners import Style
from sandbox.azure.kernel.model import Json, Resource
from sandbox.azure.kernel.provider import Call
from sandbox.azure.providers.private_link.link_services import variables
from sandbox.azure.providers.services.making import Making


def properties(call: Call, probe: Resource) -> Json:
    """Members of a private link service that its GET shows (docs/azure/targets.md, TGT-07)."""
    values = variables(probe)
    alias = f"{values['name']}.{values['guid']}.{values['region']}"
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
    given = dict(one.get("properties") or {})
    if isinstance(given.get("subnet"), dict):
        given["subnet"] = {"id": given["subnet"].get("id")}
    if given.get("privateIPAllocationMethod", "Dynamic") == "Dynamic":
        given.pop("privateIPAddress", None)
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
        "properties": fixed | given,
    }


def _link_interface(call: Call) -> Json:
    group = f"/subscriptions/{call.id.subscription}/resourceGroups/{call.id.group}"
    name = f"{call.id.name}.nic.{call.world.new_guid()}"
    return {"id": f"{group}/providers/Microsoft.Network/networkInterfaces/{name}"}


MAKING = Making(
    duration="privateEndpoints/delete",
    state="Updating",
    properties=properties,
    deleting=Style.NETWORK,
    etag="weak",
)
