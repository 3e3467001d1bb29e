"""Virtual networks: the whole resource with its subnets. The example of a provider module.

Subnets on their own are in subnets.py. Sources: docs/azure/virtual-networks.md, VNET-01 to VNET-10;
docs/azure/errors-and-locks.md, ERR-13.
"""

from __future__ import annotations

import ipaddress
from copy import deepcopy
from itertools import islice

from sandbox.azure.kernel.ids import ArmId
from sandbox.azure.kernel.model import ArmError, Json, Resource, Response
from sandbox.azure.kernel.operations import OperationPlan
from sandbox.azure.kernel.provider import Call, Registry, ResourceType
from sandbox.azure.kernel.world import World
from sandbox.azure.providers.network import addresses, subnets
from sandbox.azure.providers.network.network_rules import parse_prefix

TYPE = "Microsoft.Network/virtualNetworks"


KEEPS_SUBNETS = "2023-09-01"  # the first api-version that keeps subnets a PUT does not mention (VNET-01)


def register(registry: Registry) -> None:
    """Add virtual networks, their subnets, and the address check."""
    registry.add(
        ResourceType(
            TYPE,
            put=put,
            patch=patch,
            delete=delete,
            show=show,
            check_delete=check_delete,
            tracked=True,
            group_delete_rank=80,
        ),
        ResourceType(f"{TYPE}/CheckIPAddressAvailability", list=check_address),
        ResourceType(f"{TYPE}/usages", list=list_usages),
    )
    subnets.register(registry)


def put(call: Call) -> Response:
    """Create or replace a network.

    Subnets are replaced by the list in the body; without a list they are kept (source: VNET-01). Peerings
    survive (source: docs/azure/peering.md, PEER-11). A change of tags alone ends at once (source:
    docs/azure/long-running-operations.md, LRO-03).
    """
    space = _address_space(call)
    wanted = call.properties.get("subnets") or []
    keeps = call.properties.get("subnets") is None and _version(call) >= KEEPS_SUBNETS
    call.world.lock(call.id).refuse()
    if keeps:
        _check_kept(call, space)
    else:
        _check_subnets(call, space, wanted)
    before = _fingerprint(call.world, call.existing)
    network = call.world.save(call.id, _body(call), {})
    if not keeps:
        _replace_subnets(call, network, wanted)
    changed = before != _fingerprint(call.world, network)
    network.state = "Updating" if changed else "Succeeded"
    if changed:
        for subnet in call.world.store.children(network.id, "subnets"):
            subnet.state = "Updating"
    operation = call.start_operation(
        OperationPlan(
            name="PutVirtualNetworkOperation",
            duration=call.world.duration("virtualNetworks/write", network.id) if changed else 0.0,
            first_wait=3,
            locks=(network.id,) if changed else (),
            complete=lambda: finish(call.world, network.id),
        )
    )
    return operation.answer(200 if call.existing else 201, call.world.show(network))


def finish(world: World, network_id: ArmId) -> None:
    """Completion: the network and the subnets it wrote are Succeeded and share a new etag (source:
    docs/azure/resource-manager.md, ARM-07).
    """
    world.succeed(network_id)
    network = world.find(network_id)
    for subnet in world.store.children(network_id, "subnets"):
        subnet.state = "Succeeded"
        if network is not None:
            subnet.etag = network.etag


def patch(call: Call) -> Response:
    """Replace the tags: synchronous (the service's UpdateTags)."""
    network = call.stored
    network.body["tags"] = call.body.get("tags") or {}
    call.world.touch(network)
    return Response(200, call.world.show(network))


def delete(call: Call) -> Response:
    """Delete the network with its subnets."""
    call.world.lock(call.id).refuse()
    operation = call.start_operation(
        OperationPlan(
            name="DeleteVirtualNetworkOperation",
            change="delete",
            duration=call.world.duration("virtualNetworks/delete", call.id),
            locks=(call.id,),
        )
    )
    return operation.answer(202)


def check_delete(world: World, network: Resource) -> None:
    """Refuse while any subnet is in use (source: VNET-05)."""
    for subnet in world.store.children(network.id, "subnets"):
        subnets.refuse_if_used(subnet)


def show(world: World, network: Resource) -> Json:
    """The network with its subnets and peerings; Updating while an operation holds its lock (source:
    VNET-09).
    """
    body = network.shown()
    if network.state == "Succeeded" and world.lock(network.id).holder is not None:
        body["properties"]["provisioningState"] = "Updating"
    body["properties"]["subnets"] = [world.show(one) for one in world.store.children(network.id, "subnets")]
    peerings = world.store.children(network.id, "virtualNetworkPeerings")
    body["properties"]["virtualNetworkPeerings"] = [world.show(one) for one in peerings]
    return body


def check_address(call: Call) -> Response:
    """`GET {network}/CheckIPAddressAvailability?ipAddress=` (source: VNET-07)."""
    text = call.request.query.get("ipaddress", "")
    try:
        wanted = ipaddress.ip_address(text)
    except ValueError:
        raise ArmError(
            400, "InvalidIPAddressFormat", f"IP address {text} is not well formed.", details=[]
        ) from None
    for subnet in call.world.store.children(call.id, "subnets"):
        homes = [net for net in map(ipaddress.ip_network, addresses.prefixes(subnet)) if wanted in net]
        if homes:
            following = list(islice(addresses.usable(subnet, int(wanted)), 5))
            available = text in following
            reserved = wanted in {*(homes[0][i] for i in range(4)), homes[0][-1]}
            answer: Json = {"available": available, "isPlatformReserved": reserved}
            if not available:
                answer["availableIPAddresses"] = following or list(islice(addresses.usable(subnet), 5))
            return Response(200, answer)
    raise ArmError(
        400,
        "PrivateIPAddressNotInAnySubnet",
        f"Private IP address {text} is not contained in any subnet of virtual network {call.id.text}.",
        details=[],
    )


def list_usages(call: Call) -> Response:
    """`GET {network}/usages`: the addresses in use and the size of each subnet (source: VNET-21)."""
    found = []
    for subnet in call.world.store.children(call.id, "subnets"):
        used = len(addresses.taken(subnet))
        found.append(
            {
                "currentValue": float(used),
                "id": subnet.id.text,
                "limit": float(addresses.free(subnet) + used),
                "name": {"localizedValue": "Subnet size and usage", "value": "SubnetSpace"},
                "unit": "Count",
            }
        )
    return Response(200, {"value": found})


def _address_space(call: Call) -> list[str]:
    space = call.properties.get("addressSpace") or {}
    prefixes = space.get("addressPrefixes") or []
    if not prefixes:
        raise ArmError(
            400, "InvalidRequestFormat", "Cannot parse the request: addressSpace is missing.", details=[]
        )
    for prefix in prefixes:
        parse_prefix(prefix, call.id)
    return prefixes


def _version(call: Call) -> str:
    return call.request.query.get("api-version", "")


def _check_kept(call: Call, space: list[str]) -> None:
    """Refuse an address space that does not hold the subnets that the network keeps (source: VNET-08)."""
    for subnet in call.world.store.children(call.id, "subnets"):
        for prefix in addresses.prefixes(subnet):
            subnets.check_range(call.id, subnet.name, prefix, space, [])


def _check_subnets(call: Call, space: list[str], wanted: list[Json]) -> None:
    """Refuse invalid subnets before any of them is written."""
    names = {str(one.get("name", "")).lower() for one in wanted}
    for subnet in call.world.store.children(call.id, "subnets"):
        if subnet.name.lower() not in names:
            subnets.refuse_if_used(subnet)
    seen: list[tuple[str, str]] = []
    for one in wanted:
        name = str(one.get("name", ""))
        for prefix in subnets.wanted_prefixes(one.get("properties") or {}, call.id.child("subnets", name)):
            subnets.check_range(call.id, name, prefix, space, seen)
            seen.append((name, prefix))


def _replace_subnets(call: Call, network: Resource, wanted: list[Json]) -> None:
    names = {str(one.get("name", "")).lower() for one in wanted}
    for subnet in call.world.store.children(call.id, "subnets"):
        if subnet.name.lower() not in names:
            call.world.remove(subnet.id)
    for one in wanted:
        subnet = subnets.store(
            call, network.id.child("subnets", str(one["name"])), one.get("properties") or {}
        )
        subnet.etag = network.etag


def _body(call: Call) -> Json:
    properties = deepcopy(call.properties)
    for shown_only in ("subnets", "virtualNetworkPeerings", "provisioningState", "resourceGuid"):
        properties.pop(shown_only, None)
    if "dhcpOptions" in properties:
        properties["dhcpOptions"] = {"dnsServers": []} | (properties["dhcpOptions"] or {})
    old = call.existing.properties if call.existing else {}
    properties = {
        "provisioningState": "Updating",
        "resourceGuid": old.get("resourceGuid") or call.world.new_guid(),
        "privateEndpointVNetPolicies": "Disabled",
        "enableDdosProtection": False,
    } | properties
    if "encryption" in properties:
        properties["encryption"] = _encryption(call, properties["encryption"] or {})
    body: Json = {"location": call.body.get("location") or (call.existing.location if call.existing else "")}
    if call.body.get("extendedLocation"):
        body["extendedLocation"] = call.body["extendedLocation"]
    if "tags" in call.body:
        body["tags"] = call.body["tags"]
    return body | {"properties": properties}


def _encryption(call: Call, given: Json) -> Json:
    """Encryption between virtual machines (source: docs/azure/virtual-networks.md, VNET-16).

    Raises 400 when it is on and `enforcement` is missing.
    """
    if given.get("enabled") and not given.get("enforcement"):
        raise ArmError(
            400,
            "MustSpecifyBothEncryptionIntentAndEnforcementPolicy",
            f"Cannot encrypt VirtualNetwork {call.id.text} unless both encryption intent (Enabled true or "
            "false) and enforcement policy (AllowUnencrypted or DropUnencrypted) are specified.",
            details=[],
        )
    return {"enforcement": "AllowUnencrypted"} | given


def _fingerprint(world: World, network: Resource | None) -> Json | None:
    """All but tags, etags and states. A PUT that changes it is a long operation."""
    if network is None:
        return None
    own = {name: value for name, value in network.properties.items() if name != "provisioningState"}
    return deepcopy(own) | {
        "subnets": {
            one.id.key: {
                name: value for name, value in deepcopy(one.properties).items() if name != "provisioningState"
            }
            for one in world.store.children(network.id, "subnets")
        }
    }
