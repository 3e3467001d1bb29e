"""Public IP addresses. Source: docs/azure/virtual-networks.md, VNET-20."""

from __future__ import annotations

import ipaddress
import re

from sandbox.azure.kernel.ids import ArmId
from sandbox.azure.kernel.model import ArmError, Json, Resource, Response
from sandbox.azure.kernel.operations import OperationPlan
from sandbox.azure.kernel.provider import Call, Registry, ResourceType
from sandbox.azure.kernel.world import World

TYPE = "Microsoft.Network/publicIPAddresses"
FIRST = int(ipaddress.ip_address("20.50.0.4"))
LABEL = re.compile(r"^[a-z][a-z0-9-]{1,61}[a-z0-9]$")
PARTS = ("ipConfigurations", "frontendIPConfigurations")
SUFFIX = "{region}.cloudapp.azure.com"


def register(registry: Registry) -> None:
    """Add public addresses."""
    registry.add(
        ResourceType(
            TYPE,
            put=put,
            delete=delete,
            show=show,
            check_delete=check_delete,
            tracked=True,
            group_delete_rank=90,
        )
    )


def put(call: Call) -> Response:
    """Create or replace an address; a static one has its number when the operation has ended."""
    old, world = call.existing, call.world
    address = world.save(call.id, _body(call))
    address.state = "Updating"

    def complete() -> None:
        found = world.find(call.id)
        if found is not None and found.properties["publicIPAllocationMethod"] == "Static":
            found.properties.setdefault("ipAddress", _number(world, found))
        world.succeed(call.id)

    operation = call.start_operation(
        OperationPlan(
            name="PutPublicIpAddressOperation",
            duration=world.duration("networkSecurityGroups/write", address.id),
            first_wait=1,
            complete=complete,
        )
    )
    return operation.answer(200 if old else 201, world.show(address))


def _body(call: Call) -> Json:
    old = call.existing
    given, known = call.properties, old.properties if old else {}
    sku = call.body.get("sku") or (old.body["sku"] if old else {"name": "Basic"})
    location = call.body.get("location") or (old.location if old else "")
    properties: Json = {
        "provisioningState": "Updating",
        "resourceGuid": known.get("resourceGuid") or call.world.new_guid(),
        "publicIPAddressVersion": given.get("publicIPAddressVersion", "IPv4"),
        "publicIPAllocationMethod": given.get("publicIPAllocationMethod", "Dynamic"),
        "idleTimeoutInMinutes": given.get("idleTimeoutInMinutes", 4),
        "ipTags": given.get("ipTags") or [],
    }
    if sku["name"] != "Basic":
        properties["ddosSettings"] = given.get("ddosSettings") or {
            "protectionMode": "VirtualNetworkInherited"
        }
    if "ipAddress" in known:
        properties["ipAddress"] = known["ipAddress"]
    if given.get("dnsSettings"):
        properties["dnsSettings"] = _dns(call, given["dnsSettings"], str(location))
    body: Json = {"location": location, "sku": {"name": sku["name"], "tier": sku.get("tier", "Regional")}}
    body |= {name: call.body[name] for name in ("zones", "tags", "extendedLocation") if name in call.body}
    return body | {"properties": properties}


def _dns(call: Call, given: Json, location: str) -> Json:
    label = str(given.get("domainNameLabel", ""))
    region = location.replace(" ", "").lower()
    if not is_free(call.world, region, label, call.id):
        raise ArmError(
            400,
            "DnsRecordInUse",
            f"DNS record {label}.{SUFFIX.format(region=region)} is already used by another public IP.",
            details=[],
        )
    return {"domainNameLabel": label, "fqdn": f"{label}.{SUFFIX.format(region=region)}"}


def is_free(world: World, region: str, label: str, own: ArmId | None = None) -> bool:
    """Whether a domain name label is valid and no other address of the region has it."""
    taken = [
        one
        for one in world.store.of_type(TYPE)
        if one.location == region
        and (one.properties.get("dnsSettings") or {}).get("domainNameLabel") == label
        and one.id != own
    ]
    return bool(LABEL.fullmatch(label)) and not taken


def _number(world: World, address: Resource) -> str:
    count = world.memory["public addresses"] = world.memory.get("public addresses", 0) + 1
    if address.properties["publicIPAddressVersion"] == "IPv6":
        return f"2603:1020:201::{count:x}"
    return str(ipaddress.ip_address(FIRST + count))


def show(world: World, address: Resource) -> Json:
    """The address, with the configuration or the NAT gateway that uses it."""
    body = address.shown()
    for user in world.store.referring("public address", address.id.key):
        shown = world.show(user)["properties"]
        for member in PARTS:
            for one in shown.get(member) or []:
                if _names(one["properties"].get("publicIPAddress"), address):
                    body["properties"]["ipConfiguration"] = {"id": one["id"]}
        if any(_names(one, address) for one in shown.get("publicIpAddresses") or []):
            body["properties"]["natGateway"] = {"id": user.id.text}
    return body


def _names(reference: Json | None, address: Resource) -> bool:
    return str((reference or {}).get("id", "")).lower() == address.id.key


def delete(call: Call) -> Response:
    """Delete an address that nothing uses."""
    operation = call.start_operation(
        OperationPlan(
            name="DeletePublicIpAddressOperation",
            change="delete",
            duration=call.world.duration("networkSecurityGroups/delete", call.id),
        )
    )
    return operation.answer(202)


def check_delete(world: World, address: Resource) -> None:
    """Refuse while anything uses it."""
    shown = show(world, address)["properties"]
    used = shown.get("ipConfiguration") or shown.get("natGateway")
    if used:
        raise ArmError(
            400,
            "PublicIPAddressCannotBeDeleted",
            f"Public IP address {address.id.text} can not be deleted since it is still allocated to resource "
            f"{used['id']}. In order to delete the public IP, disassociate/detach the Public IP address from "
            "the resource.  To learn how to do this, see aka.ms/deletepublicip.",
            details=[],
        )
