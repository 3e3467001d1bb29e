"""Subnets: full replacement on PUT, addresses in use, network policies, delegations.

Sources: docs/azure/virtual-networks.md, VNET-02 to VNET-09; docs/azure/errors-and-locks.md, ERR-13.
"""

from __future__ import annotations

from copy import deepcopy

from sandbox.azure.kernel import lifecycle
from sandbox.azure.kernel.ids import ArmId
from sandbox.azure.kernel.model import ArmError, Json, Resource, Response
from sandbox.azure.kernel.operations import OperationPlan
from sandbox.azure.kernel.provider import Call, Registry, ResourceType
from sandbox.azure.kernel.regions import PAIRS
from sandbox.azure.kernel.world import World
from sandbox.azure.providers.network import addresses, service_links
from sandbox.azure.providers.network.members import delete_network_member, finish_member
from sandbox.azure.providers.network.network_rules import inside, overlap, parse_prefix

TYPE = "Microsoft.Network/virtualNetworks/subnets"
READ_ONLY = (
    "provisioningState",
    "privateEndpoints",
    "ipConfigurations",
    "purpose",
    "resourceNavigationLinks",
    "serviceAssociationLinks",
)
JOIN = "Microsoft.Network/virtualNetworks/subnets/join/action"
JOIN_POLICY = "Microsoft.Network/serviceEndpointPolicies/join/action"  # source: VNET-23
POLICY_MEMBERS = ("privateEndpointNetworkPolicies", "privateLinkServiceNetworkPolicies")
POLICIES = "Microsoft.Network/virtualNetworks/subnets/{}NetworkPolicies/action"
# What a service may do on a subnet that is delegated to it; others may join it (source:
# docs/azure/virtual-networks.md, VNET-17).
ACTIONS: dict[str, tuple[str, ...]] = {
    "microsoft.web/serverfarms": ("Microsoft.Network/virtualNetworks/subnets/action",),
    "microsoft.containerinstance/containergroups": ("Microsoft.Network/virtualNetworks/subnets/action",),
    "microsoft.databricks/workspaces": (JOIN, POLICIES.format("prepare"), POLICIES.format("unprepare")),
    "microsoft.sql/managedinstances": (JOIN, POLICIES.format("prepare"), POLICIES.format("unprepare")),
    "microsoft.netapp/volumes": ("Microsoft.Network/networkinterfaces/*", JOIN),
}
JOINED = {
    "networkSecurityGroup": "Microsoft.Network/networkSecurityGroups",
    "routeTable": "Microsoft.Network/routeTables",
    "natGateway": "Microsoft.Network/natGateways",
}


def register(registry: Registry) -> None:
    """Add subnets."""
    registry.add(ResourceType(TYPE, put=put, delete=delete, show=show, check_delete=check_delete))


def put(call: Call) -> Response:
    """Create or replace a subnet: what the body omits is removed (source: docs/azure/virtual-networks.md,
    VNET-02).

    Contends for the network's lock (source: docs/azure/errors-and-locks.md, ERR-13); a network PUT still
    running is canceled and superseded (source: docs/azure/long-running-operations.md, LRO-20).
    """
    network = call.parent
    _check(call, network)
    lock = call.world.lock(network.id)
    lock.refuse()
    before = deepcopy(call.existing.properties) if call.existing else None
    subnet = store(call, call.id, call.properties)
    changed = before is None or _without_state(before) != _without_state(subnet.properties)
    subnet.state = "Updating" if changed else "Succeeded"
    superseded = call.world.operations.running_on(network.id)
    operation = call.start_operation(
        OperationPlan(
            name="PutSubnetOperation",
            duration=call.world.duration("subnets/write", subnet.id) if changed else 0.0,
            first_wait=3,
            region=network.location,
            locks=(network.id,) if changed else (),
            complete=lambda: finish_member(call.world, subnet.id),
        )
    )
    for other in superseded:
        if changed and other.name == "PutVirtualNetworkOperation":
            network.state = "Succeeded"
            for sibling in call.world.store.children(network.id, "subnets"):
                sibling.state = "Succeeded" if sibling.id != subnet.id else "Updating"
            lifecycle.cancel(call.world, other, operation)
    return operation.answer(200 if call.existing else 201, call.world.show(subnet))


def delete(call: Call) -> Response:
    """Delete an unused subnet."""
    return delete_network_member(call, "DeleteSubnetOperation")


def store(call: Call, id: ArmId, properties: Json) -> Resource:
    """Write one subnet from a request's properties, with the service's defaults.

    privateEndpointNetworkPolicies is Disabled unless given (source: docs/azure/virtual-networks.md, VNET-04).
    """
    given = {
        name: value
        for name, value in deepcopy(properties).items()
        if name not in READ_ONLY and value is not None
    }
    if given.get("serviceEndpoints"):
        given["serviceEndpoints"] = [
            {
                "provisioningState": "Succeeded",
                "service": one.get("service"),
                "locations": one.get("locations") or _locations(call.world, id, str(one.get("service"))),
            }
            for one in given["serviceEndpoints"]
        ]
    for name in POLICY_MEMBERS:
        if str(given.get(name)).lower() in ("enabled", "disabled"):
            given[name] = str(given[name]).capitalize()
    given["delegations"] = [_delegation(call.world, id, one) for one in given.get("delegations") or []]
    filled = {
        "provisioningState": "Succeeded",
        "privateEndpointNetworkPolicies": "Disabled",
        "privateLinkServiceNetworkPolicies": "Enabled",
    } | given
    known = call.world.find(id)
    before = known.properties.get("serviceEndpoints") or [] if known is not None else []
    services = {one["service"] for one in given.get("serviceEndpoints") or []}
    new = sorted(services - {one["service"] for one in before})
    subnet = call.world.save(id, {"properties": filled}, {"new_services": new})
    for member, kind in (("networkSecurityGroup", "security group"), ("routeTable", "route table")):
        joined = (filled.get(member) or {}).get("id")
        call.world.store.refer(id, kind, [joined] if joined else [])
    return subnet


def _locations(world: World, subnet: ArmId, service: str) -> list[str]:
    """Regions that a service endpoint covers: its network's for Microsoft.Sql, that and its pair's for
    Microsoft.Storage, every region for others (source: docs/azure/virtual-networks.md, VNET-15).
    """
    network = world.find(subnet.parent)
    region = network.location if network is not None else ""
    match service:
        case "Microsoft.Sql":
            return [region]
        case "Microsoft.Storage":
            return [region, *([PAIRS[region]] if region in PAIRS else [])]
    return ["*"]


def show(world: World, subnet: Resource) -> Json:
    """The subnet with what is in it: ipConfigurations, privateEndpoints, purpose (source:
    docs/azure/virtual-networks.md, VNET-03)."""
    body = subnet.shown()
    for one in body["properties"].get("serviceEndpoints") or []:
        if one["service"] in subnet.private.get("new_services", ()):
            one["provisioningState"] = subnet.state
    network = world.find(subnet.id.parent)
    if network is not None and network.body.get("extendedLocation"):
        body["properties"].setdefault("defaultOutboundAccess", False)
    for one in body["properties"]["delegations"]:
        one["etag"] = subnet.etag
    holders = [one for one in dict.fromkeys(addresses.taken(subnet).values()) if one]
    if holders:
        body["properties"]["ipConfigurations"] = [{"id": one} for one in holders]
    if links := service_links.shown(subnet):
        body["properties"]["serviceAssociationLinks"] = links
    endpoints: dict[str, None] = subnet.private.get("endpoints", {})
    if endpoints:
        body["properties"]["privateEndpoints"] = [{"id": one} for one in endpoints]
        body["properties"]["purpose"] = "PrivateEndpoints"
    return body


def add_endpoint(subnet: Resource, endpoint: ArmId) -> None:
    """Note that a private endpoint is in this subnet (shown as `privateEndpoints` and `purpose`)."""
    held: dict[str, None] = subnet.private.setdefault("endpoints", {})
    held[endpoint.text] = None


def drop_endpoint(subnet: Resource | None, endpoint: ArmId) -> None:
    """Remove the note of a private endpoint."""
    if subnet is not None:
        subnet.private.get("endpoints", {}).pop(endpoint.text, None)


def delegated_to(subnet: Resource) -> str | None:
    """The service a subnet is delegated to ("Microsoft.Web/serverFarms"), or None."""
    for one in subnet.properties.get("delegations") or []:
        return str((one.get("properties") or {}).get("serviceName"))
    return None


def check_delete(world: World, subnet: Resource) -> None:
    """Refuse while the subnet is in use."""
    refuse_if_used(subnet)


def refuse_if_used(subnet: Resource) -> None:
    """Raise 400 InUseSubnetCannotBeDeleted while an address is in use (source:
    docs/azure/virtual-networks.md, VNET-05)."""
    for holder in addresses.taken(subnet).values():
        raise ArmError(
            400,
            "InUseSubnetCannotBeDeleted",
            f"Subnet {subnet.name} is in use by {holder} and cannot be deleted. In order to delete the "
            "subnet, delete all the resources within the subnet. See aka.ms/deletesubnet.",
            details=[],
        )
    service_links.refuse_deletion(subnet)


def wanted_prefixes(properties: Json, id: ArmId) -> list[str]:
    """The prefixes in a subnet's body. Raises 400 for none and for malformed ones."""
    found = properties.get("addressPrefixes") or [properties.get("addressPrefix")]
    if found == [None]:
        raise ArmError(400, "InvalidRequestFormat", f"Subnet {id.text} has no address prefix.", details=[])
    for prefix in found:
        parse_prefix(prefix, id)
    return [str(prefix) for prefix in found]


def check_range(
    network: ArmId, name: str, prefix: str, space: list[str], others: list[tuple[str, str]]
) -> None:
    """Raise 400 NetcfgInvalidSubnet for a prefix outside the network or over a sibling's (source:
    docs/azure/virtual-networks.md, VNET-08).
    """
    text = f"Subnet '{name}' is not valid in virtual network '{network.name}'."
    if not inside(prefix, space):
        raise ArmError(400, "NetcfgInvalidSubnet", text, details=[])
    for _, other in others:
        if overlap([prefix], [other]):
            raise ArmError(400, "NetcfgInvalidSubnet", text, details=[])


def _check(call: Call, network: Resource) -> None:
    space = (network.properties.get("addressSpace") or {}).get("addressPrefixes") or []
    siblings = [one for one in call.world.store.children(network.id, "subnets") if one.id != call.id]
    others = [(one.name, prefix) for one in siblings for prefix in addresses.prefixes(one)]
    wanted = wanted_prefixes(call.properties, call.id)
    for prefix in wanted:
        check_range(network.id, call.id.name, prefix, space, others)
    if call.existing is not None:
        service_links.refuse_undelegated(call.existing, call.properties)
    if call.existing is not None and any(
        not inside(f"{one}/32", wanted) for one in addresses.taken(call.existing)
    ):
        refuse_if_used(call.existing)
    for member, kind in JOINED.items():
        reference = (call.properties.get(member) or {}).get("id")
        if reference is None:
            continue
        joined = call.linked(f"{kind}/join/action", reference)
        if joined is None or joined.location != network.location:
            raise call.refuse_reference(reference)
    for policy in call.properties.get("serviceEndpointPolicies") or []:
        call.authorize_linked(JOIN_POLICY, str(policy.get("id")))


def _delegation(world: World, subnet: ArmId, one: Json) -> Json:
    name = str(one.get("name", ""))
    service = (one.get("properties") or {}).get("serviceName")
    return {
        "name": name,
        "id": f"{subnet.text}/delegations/{name}",
        "properties": {
            "provisioningState": "Succeeded",
            "serviceName": service,
            "actions": list(ACTIONS.get(str(service).lower(), (JOIN,))),
        },
        "type": f"{TYPE}/delegations",
    }


def _without_state(properties: Json) -> Json:
    return {name: value for name, value in properties.items() if name != "provisioningState"}
