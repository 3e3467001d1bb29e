"""What a recording takes for granted: resources that it names without creating them."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from ipaddress import ip_network
from typing import Any

from sandbox.azure import scenario
from sandbox.azure.front.routing import route
from sandbox.azure.kernel.ids import GROUP_TYPE, ArmId
from sandbox.azure.kernel.model import ArmError, Request, Resource
from sandbox.azure.kernel.world import World
from sandbox.azure.providers.network import addresses
from sandbox.azure.providers.services import soft_delete
from sandbox.azure.simulator import Simulator
from tests.conformance.recordings import Exchange

# Bodies for parents that a recording only lists something of.
PLAIN: dict[str, dict[str, Any]] = {
    "microsoft.storage/storageaccounts": {
        "location": "westus",
        "kind": "StorageV2",
        "sku": {"name": "Standard_LRS"},
    },
    "microsoft.keyvault/vaults": {
        "location": "westus",
        "properties": {"tenantId": "0", "sku": {"family": "A", "name": "standard"}},
    },
    "microsoft.sql/servers": {"location": "westus", "properties": {"administratorLogin": "recorded"}},
    "microsoft.eventhub/namespaces": {"location": "westus", "sku": {"name": "Standard"}},
    "microsoft.servicebus/namespaces": {"location": "westus", "sku": {"name": "Standard"}},
    "microsoft.network/privatednszones": {"location": "global"},
    "microsoft.network/networksecuritygroups": {"location": "westus"},
    "microsoft.network/routetables": {"location": "westus"},
}
# Members that follow from other resources.
COMPUTED = ("privateEndpointConnections", "subnets", "networkInterfaces", "virtualNetworkPeerings")
SHOWN_ONLY = ("privateEndpointConnections", "provisioningState", "subnets")


def build(simulator: Simulator, exchanges: list[Exchange]) -> None:
    """Subscription, groups and resources that are there when the recording begins."""
    world = simulator.world
    groups, resources = _groups(exchanges), _resources(exchanges)
    for group in [*groups, *(one.group_id for one in resources)]:
        world.subscriptions.setdefault(group.subscription, {"name": "recorded"})
    for exchange in exchanges:
        found = route(exchange.method, exchange.path)
        if found.id is not None:
            world.subscriptions.setdefault(found.id.subscription.lower(), {"name": "recorded"})
    world.instant = True
    for id, body in [*groups.items(), *resources.items()]:
        _make_subnets(simulator, body, {one.path.lower() for one in exchanges if one.method == "PUT"})
        try:
            simulator.gateway.answer(
                Request("PUT", id.text, {"api-version": scenario.VERSION}, {}, body), "user"
            )
            complete(world, id, body)
        except ArmError:
            place(world, id, body)
    for id, location in _soft_deleted(exchanges):
        soft_delete.keep(world, Resource(id, {"location": location, "properties": {}}))
    world.instant = False
    world.operations.clear()


def _soft_deleted(exchanges: list[Exchange]) -> Iterator[tuple[ArmId, str]]:
    """Vaults that a service kept when the recording began: read as such before the recording deleted any."""
    deleted: set[ArmId] = set()
    for exchange in exchanges:
        found = route(exchange.method, exchange.path)
        if found.kind == "instance" and exchange.method == "DELETE":
            deleted.add(found.about)
        if found.kind != "deleted" or exchange.method != "GET" or exchange.status != 200:
            continue
        about = exchange.body["properties"]
        id = ArmId.parse(about.get("vaultId") or about["mhsmId"])
        if id not in deleted:
            deleted.add(id)
            yield id, about["location"]


def _make_subnets(simulator: Simulator, body: Any, written: set[str]) -> None:
    """Networks that nothing in the recording shows, and that a resource has an address in.

    Their prefixes are made from that address.
    """
    for member in ((body or {}).get("properties") or {}).values():
        for one in member if isinstance(member, list) else []:
            inner = (one.get("properties") or {}) if isinstance(one, dict) else {}
            reference = inner.get("subnet") if isinstance(inner.get("subnet"), dict) else {}
            if not inner.get("privateIPAddress") or not reference.get("id"):
                continue
            subnet = ArmId.parse(str(reference["id"]))
            network, world = subnet.parent, simulator.world
            if network is None or network.key in written or world.find(network) is not None:
                continue
            if world.find(network.group_id) is None:
                continue
            prefix = str(ip_network(f"{inner['privateIPAddress']}/24", strict=False))
            space = {"addressSpace": {"addressPrefixes": [prefix]}}
            space |= {"subnets": [{"name": subnet.name, "properties": {"addressPrefix": prefix}}]}
            made = {"location": body.get("location"), "properties": space}
            version = {"api-version": scenario.VERSION}
            simulator.gateway.answer(Request("PUT", network.text, version, {}, made), "user")


def complete(world: World, id: ArmId, body: Any) -> None:
    """Add what a service shows and no request can set, such as the machine of a network interface."""
    resource = world.find(id)
    for name, value in ((body or {}).get("properties") or {}).items():
        if resource is not None and name not in COMPUTED and resource.id.parent is None:
            resource.properties.setdefault(name, deepcopy(value))


def place(world: World, id: ArmId, body: Any) -> None:
    """Store something without a provider: other resources may refer to it, nothing answers for it."""
    kept = {name: value for name, value in (body or {}).items() if name in ("location", "properties", "tags")}
    world.save(id, deepcopy(kept))


def hold_addresses(world: World, body: Any) -> None:
    """Let a resource that is not simulated hold addresses of the subnets that its configurations name."""
    properties = (body or {}).get("properties") or {}
    for member in properties.values():
        for one in member if isinstance(member, list) else []:
            inner = one.get("properties") if isinstance(one, dict) else None
            reference = (inner or {}).get("subnet") if isinstance(inner, dict) else None
            subnet = world.find(reference.get("id")) if isinstance(reference, dict) else None
            if subnet is None or "id" not in one or one["id"] in addresses.taken(subnet).values():
                continue
            address = inner.get("privateIPAddress") or next(addresses.usable(subnet), None)
            if address is not None:
                addresses.taken(subnet)[address] = one["id"]


def remove(world: World, id: ArmId) -> None:
    """Remove it, and let go of its addresses."""
    world.remove(id)
    release(world, id)


def release(world: World, id: ArmId) -> None:
    """Free every address that something at or below the id holds, unless its type is simulated."""
    for subnet in world.store.of_type("Microsoft.Network/virtualNetworks/subnets"):
        held = addresses.taken(subnet)
        for address, holder in list(held.items()):
            known = world.find(holder.split("/ipConfigurations/")[0])
            simulated = known is not None and world.types.get(known.type) is not None
            if holder.lower().startswith(f"{id.key}/") and not simulated:
                del held[address]


def _groups(exchanges: list[Exchange]) -> dict[ArmId, Any]:
    """Groups used before (or without) a PUT of their own, with the body of their first GET: a later one shows
    what the recording has changed.
    """
    seen: dict[ArmId, Any] = {}
    made: set[ArmId] = set()
    read: set[ArmId] = set()
    for exchange in exchanges:
        found = route(exchange.method, exchange.path)
        if found.id is None or not found.id.group:
            continue
        id = found.id.group_id
        own = found.kind == "instance" and found.id.type == GROUP_TYPE
        if own and exchange.method == "PUT":
            made.add(id)
        elif id not in made and not _says_missing(exchange) and not (own and exchange.status == 404):
            seen.setdefault(id, {"location": "westus"})
            if own and exchange.method == "GET" and exchange.status == 200 and id not in read:
                read.add(id)
                seen[id] = {"location": exchange.body["location"], "tags": exchange.body.get("tags")}
    return seen


def _says_missing(exchange: Exchange) -> bool:
    error = exchange.body.get("error") if isinstance(exchange.body, dict) else None
    return isinstance(error, dict) and error.get("code") == "ResourceGroupNotFound"


def _resources(exchanges: list[Exchange]) -> dict[ArmId, Any]:
    """Top-level resources that answered before the recording created them; a GET's body becomes the PUT's."""
    seen: dict[ArmId, Any] = {}
    made: set[ArmId] = set()
    for exchange in exchanges:
        found = route(exchange.method, exchange.path)
        if found.id is None or not found.id.names or found.kind not in ("instance", "collection"):
            continue
        id = found.id.root
        own = found.kind == "instance" and len(found.id.names) == 1
        if own and exchange.method == "PUT" and exchange.status < 300 and id not in seen:
            if id not in made and _changes_what_exists(exchange, id):
                seen[id] = _as_request(exchange.body)
            made.add(id)
        missing = exchange.status >= 400 or (own and exchange.method == "DELETE" and exchange.status == 204)
        if id in made or missing:
            continue
        unread = id not in seen or seen[id] is PLAIN.get(id.type.lower())
        if own and exchange.method in ("GET", "PATCH") and unread:
            seen[id] = _as_request(exchange.body)
        elif id not in seen and id.type.lower() in PLAIN:
            seen[id] = PLAIN[id.type.lower()]
    return seen


def _changes_what_exists(exchange: Exchange, id: ArmId) -> bool:
    """Whether a PUT found the resource: 200 where a creation is 201 or 202."""
    created = id.namespace.lower() in ("microsoft.network", "microsoft.storage")
    return created and exchange.status == 200 and isinstance(exchange.body, dict)


def _as_request(body: Any) -> Any:
    kept = deepcopy(body)
    for name in SHOWN_ONLY:
        if name != "subnets" or not kept.get("properties", {}).get("subnets"):
            kept.get("properties", {}).pop(name, None)
    return kept
