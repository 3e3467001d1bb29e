"""Network interfaces: those of private endpoints, created and deleted with them, and plain ones.

Sources: docs/azure/long-running-operations.md, LRO-08; docs/azure/private-endpoints.md, PE-06;
docs/azure/virtual-networks.md, VNET-11.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from sandbox.azure.kernel.ids import ArmId
from sandbox.azure.kernel.model import ArmError, Json, Resource, Response
from sandbox.azure.kernel.operations import OperationPlan
from sandbox.azure.kernel.provider import Call, Registry, ResourceType
from sandbox.azure.kernel.world import World
from sandbox.azure.providers.network import addresses, application_groups
from sandbox.azure.providers.private_link import effective, endpoint_view

TYPE = "Microsoft.Network/networkInterfaces"
FIXED: Json = {
    "vnetEncryptionSupported": False,
    "enableIPForwarding": False,
    "hostedWorkloads": [],
    "tapConfigurations": [],
    "nicType": "Standard",
    "allowPort25Out": True,
    "auxiliaryMode": "None",
    "auxiliarySku": "None",
    "disableTcpStateTracking": False,
    "defaultOutboundConnectivityEnabled": False,
}


# Members of a plain interface, and of its configurations, that are kept as given.
GIVEN = ("enableIPForwarding", "enableAcceleratedNetworking", "networkSecurityGroup")
JOINED = (
    "publicIPAddress",
    "applicationSecurityGroups",
    "applicationGatewayBackendAddressPools",
    "loadBalancerBackendAddressPools",
    "loadBalancerInboundNatRules",
    "gatewayLoadBalancer",
)


def register(registry: Registry) -> None:
    """Add network interfaces."""
    registry.add(
        ResourceType(
            TYPE,
            put=put,
            delete=delete,
            show=show,
            removed=removed,
            check_delete=refuse_if_owned,
            tracked=True,
            group_delete_rank=30,
            actions={
                "effectiveRouteTable": effective.route_table,
                "effectiveNetworkSecurityGroups": effective.security_rules_of,
            },
        )
    )


def put(call: Call) -> Response:
    """Create or replace a plain interface: synchronous.

    While its subnet is being written: 429 RetryableError with ReferencedResourceNotProvisioned and no
    Retry-After (source: docs/azure/virtual-networks.md, VNET-11).
    """
    world = call.world
    if call.existing is not None and call.existing.private.get("endpoint"):
        raise _owned(call.existing)
    wanted = call.properties.get("ipConfigurations") or []
    subnets = [_subnet(call, one) for one in wanted]
    _check_pools(call, wanted)
    before = {one["name"]: one["address"] for one in _configs(call.existing)} if call.existing else {}
    removed(world, call.existing) if call.existing else None
    placed = list(enumerate(zip(wanted, subnets, strict=True)))
    placed.sort(key=lambda one: str(one[1][0].get("name")) not in before)
    made = {index: _plain_config(call, one, subnet, before, index == 0) for index, (one, subnet) in placed}
    configs = [made[index] for index in sorted(made)]
    nic = _save(
        world,
        call.id,
        call.body.get("location") or "",
        {"tags": call.body.get("tags"), "kind": "Regular"},
        configs,
    )
    nic.properties.update({name: call.properties[name] for name in GIVEN if name in call.properties})
    if isinstance(nic.properties.get("networkSecurityGroup"), dict):
        nic.properties["networkSecurityGroup"] = _references(nic.properties["networkSecurityGroup"])
    guard = str((nic.properties.get("networkSecurityGroup") or {}).get("id") or "")
    world.store.refer(nic.id, "interface's security group", [guard] if guard else [])
    _note_joined(world, nic, wanted)
    dns = call.properties.get("dnsSettings") or {}
    nic.properties["dnsSettings"] |= {
        name: dns[name] for name in ("dnsServers", "internalDnsNameLabel") if name in dns
    }
    return Response(200 if call.existing else 201, world.show(nic))


def _note_joined(world: World, nic: Resource, wanted: list[Json]) -> None:
    """Note the public addresses and the application security groups of its configurations."""
    given = [one.get("properties") or {} for one in wanted]
    public = [str(one["publicIPAddress"].get("id")) for one in given if one.get("publicIPAddress")]
    world.store.refer(nic.id, "public address", public)
    groups = [str(one["id"]) for each in given for one in each.get("applicationSecurityGroups") or []]
    application_groups.note(world, nic.id, groups)


def delete(call: Call) -> Response:
    """Delete a plain interface: 202, Retry-After 4 (source: docs/azure/long-running-operations.md,
    LRO-08)."""
    operation = call.start_operation(
        OperationPlan(
            name="DeleteNicOperation",
            change="delete",
            duration=call.world.duration("networkSecurityGroups/delete", call.id),
            first_wait=4,
        )
    )
    return operation.answer(202)


def for_endpoint(world: World, endpoint: Resource, id: ArmId, subnet: Resource) -> Resource:
    """The interface of an endpoint: one ip configuration per member, with its connection."""
    configs = [
        {"name": one["config"], "address": one["address"], "subnet": subnet.id.text, "primary": index == 0}
        for index, one in enumerate(endpoint_view.members(endpoint))
    ]
    extra: Json = {"managedBy": endpoint.id.text, "kind": "Regular"}
    nic = _save(world, id, endpoint.location, extra, configs)
    nic.private["endpoint"] = endpoint.id.text
    nic.properties.update({"macAddress": "", "enableAcceleratedNetworking": False})
    nic.properties["privateEndpoint"] = {"id": endpoint.id.text}
    return nic


def show(world: World, nic: Resource) -> Json:
    """The interface; `privateLinkConnectionProperties` once the endpoint's connection is approved.

    One that was stored without this provider keeps the configurations that it was stored with.
    """
    body = nic.shown()
    if "configs" not in nic.private:
        return body
    endpoint = world.find(nic.private.get("endpoint"))
    known = {}
    if endpoint is not None and endpoint_view.approved(endpoint):
        known = {one["config"]: one for one in endpoint_view.members(endpoint)}
    body["properties"]["ipConfigurations"] = [
        _config_shown(nic, one, known.get(one["name"])) for one in nic.private["configs"]
    ]
    return {name: value for name, value in body.items() if value is not None}


def removed(world: World, nic: Resource) -> None:
    """Free the addresses."""
    for one in nic.private.get("configs", []):
        addresses.release(world.find(one["subnet"]), one["address"])


def refuse_if_owned(world: World, nic: Resource) -> None:
    """Refuse the delete of an endpoint's interface: only the endpoint's delete removes it."""
    if world.find(nic.private.get("endpoint")) is not None:
        raise _owned(nic)


def _owned(nic: Resource) -> ArmError:
    """Source: public error text of the network service."""
    return ArmError(
        400,
        "NicInUseWithPrivateEndpoint",
        f"Network interface {nic.id.text} is currently in use with an private endpoint "
        f"({nic.private['endpoint']}).",
        details=[],
    )


def _subnet(call: Call, wanted: Json) -> Resource:
    reference = ((wanted.get("properties") or {}).get("subnet") or {}).get("id")
    subnet = call.linked("Microsoft.Network/virtualNetworks/subnets/join/action", reference)
    if subnet is None or subnet.id.parent is None:
        raise call.refuse_reference(reference)
    holder = call.world.running(subnet.id)
    if holder is not None:
        raise call.world.lock(subnet.id).not_provisioned(holder, call.id, 429)
    return subnet


def _configs(nic: Resource) -> list[Json]:
    found: list[Json] = nic.private.get("configs", [])
    return found


def _check_pools(call: Call, wanted: list[Json]) -> None:
    """An application gateway's pool takes the primary configuration only (docs/azure/virtual-networks.md,
    VNET-14)."""
    for index, one in enumerate(wanted):
        properties = one.get("properties") or {}
        primary = bool(properties.get("primary", index == 0))
        if properties.get("applicationGatewayBackendAddressPools") and not primary:
            raise ArmError(
                400,
                "ApplicationGatewayLoadBalancingNotSupportedOnSecondaryIpConfigurations",
                f"Network Interface with Id: {call.id.text} has a secondary "
                f"IpConfigurations {one.get('name')} is using ApplicationGatewayAddressPools. "
                "ApplicationGateway loadbalancing is not supported for "
                "secondary IpConfigurations.",
                details=[],
            )


def _plain_config(call: Call, wanted: Json, subnet: Resource, before: dict[str, str], first: bool) -> Json:
    """A configuration; a dynamic one keeps the address that it had, also in a scenario (VNET-14)."""
    properties = wanted.get("properties") or {}
    name = str(wanted.get("name", "ipconfig"))
    static = properties.get("privateIPAllocationMethod") == "Static"
    given = static or call.world.instant
    asked = properties.get("privateIPAddress") if given else before.get(name)
    holder = f"{call.id.text}/ipConfigurations/{name}"
    address = addresses.take(subnet, holder, asked)
    return {
        "name": name,
        "address": address,
        "subnet": subnet.id.text,
        "primary": bool(properties.get("primary", first)),
        "method": "Static" if asked and static else "Dynamic",
        "joined": {name: properties[name] for name in JOINED if properties.get(name)},
    }


def _save(world: World, id: ArmId, location: str, extra: Json, configs: list[Json]) -> Resource:
    known = world.find(id)
    properties: Json = {
        "provisioningState": "Succeeded",
        "resourceGuid": known.properties["resourceGuid"] if known else world.new_guid(),
        "ipConfigurations": [],
        "dnsSettings": {
            "dnsServers": [],
            "appliedDnsServers": [],
            "internalDomainNameSuffix": "sandbox.internal.cloudapp.net",
        },
    }
    body = {"location": location} | extra | {"properties": properties | deepcopy(FIXED)}
    return world.save(id, body, {"configs": configs})


def _config_shown(nic: Resource, config: Json, member: Json | None) -> Json:
    properties: Json = {
        "provisioningState": "Succeeded",
        "privateIPAddress": config["address"],
        "privateIPAllocationMethod": config.get("method", "Dynamic"),
        "subnet": {"id": config["subnet"]},
        "primary": config["primary"],
        "privateIPAddressVersion": "IPv4",
    } | {name: _references(one) for name, one in config.get("joined", {}).items()}
    if member is not None:
        properties["privateLinkConnectionProperties"] = {
            "groupId": member["group"],
            "requiredMemberName": member["member"],
            "fqdns": [f"{record}.{suffix}" for record, suffix, _ in member["names"]],
        }
    return {
        "name": config["name"],
        "id": f"{nic.id.text}/ipConfigurations/{config['name']}",
        "etag": nic.etag,
        "type": f"{TYPE}/ipConfigurations",
        "properties": properties,
    }


def _references(value: Any) -> Any:
    """Other resources as answers name them: by their ids alone."""
    if isinstance(value, list):
        return [_references(one) for one in value]
    return {"id": value.get("id")}
