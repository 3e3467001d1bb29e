"""Private resolvers and their endpoints.

Sources: docs/azure/dns-resolver.md, RES-01 to RES-06.
"""

from __future__ import annotations

import ipaddress
from typing import Any

from sandbox.azure.kernel.model import ArmError, Json, Resource, Response
from sandbox.azure.kernel.provider import Call, Registry, ResourceType
from sandbox.azure.kernel.regions import same_place
from sandbox.azure.kernel.world import World
from sandbox.azure.providers.dns_resolver import service
from sandbox.azure.providers.network import addresses, service_links, subnets

TYPE = "Microsoft.Network/dnsResolvers"
INBOUND, OUTBOUND = f"{TYPE}/inboundEndpoints", f"{TYPE}/outboundEndpoints"
MOST_ENDPOINTS = 5  # of each kind (source: RES-06)
NETWORK = "Microsoft.Network/virtualNetworks"
JOIN = f"{NETWORK}/{{}}join/action"


def register(registry: Registry) -> None:
    """Add resolvers and both kinds of endpoints, and the list of a network's resolvers."""
    common: dict[str, Any] = {
        "get": service.get,
        "delete": delete,
        "not_found": service.missing,
        "tracked": True,
        "etag": "quoted",
        "group_delete_rank": 60,
    }
    registry.add(
        ResourceType(TYPE, put=put_resolver, show=show_resolver, **common),
        ResourceType(INBOUND, put=put_endpoint, removed=remove_endpoint, **common),
        ResourceType(OUTBOUND, put=put_endpoint, removed=remove_endpoint, **common),
    )
    registry.add_actions(NETWORK, {"listDnsResolvers": list_of_network})


def list_of_network(call: Call) -> Response:
    """`POST {network}/listDnsResolvers` (source: RES-13)."""
    return Response(200, {"value": [{"id": one.id.text} for one in of_network(call.world, call.stored)]})


def put_resolver(call: Call) -> Response:
    """Create or change a resolver: it is for one network, of its own region (source: RES-03)."""
    service.refuse_precondition(call)
    reference = (call.properties.get("virtualNetwork") or {}).get("id")
    network = call.linked(JOIN.format(""), reference)
    if network is None:
        raise call.refuse_reference(reference)
    body: Json = {"virtualNetwork": {"id": network.id.text}}
    answer = service.accept(call, "DnsResolver", body, _wrong_network(call, network))
    call.world.store.refer(call.id, "resolver's network", [network.id.key])
    return answer


def _wrong_network(call: Call, network: Resource) -> ArmError | None:
    """Why a resolver cannot be for this network; the texts are assumed (RES-03)."""
    if not same_place(network, str(call.body.get("location") or "")):
        return service.bad(f"The virtual network {network.id.text} is in another region than the resolver.")
    if any(one.id != call.id for one in of_network(call.world, network)):
        return service.bad(f"The virtual network {network.id.text} has a DNS resolver already.")
    if call.existing is not None and _network_text(call.existing).lower() != network.id.key:
        return service.bad("The virtual network of a DNS resolver cannot be changed.")
    return None


def show_resolver(world: World, resolver: Resource) -> Json:
    """The resolver; `dnsResolverState` is Disconnected when its network is gone (source: RES-03)."""
    body = resolver.shown()
    connected = network_of(world, resolver) is not None
    body["properties"]["dnsResolverState"] = "Connected" if connected else "Disconnected"
    return body


def of_network(world: World, network: Resource) -> list[Resource]:
    """The resolvers of a network: one, unless a second was refused after its 202."""
    return world.store.referring("resolver's network", network.id.key)


def network_of(world: World, resolver: Resource | None) -> Resource | None:
    """The network that a resolver is for; None when it was deleted."""
    return world.find(_network_text(resolver)) if resolver is not None else None


def _network_text(resolver: Resource) -> str:
    return str((resolver.properties.get("virtualNetwork") or {}).get("id"))


def inbound_at(world: World, address: str) -> list[Resource]:
    """The finished inbound endpoints with this address, in any network."""
    found = world.store.referring("inbound address", address)
    return [one for one in found if one.state == "Succeeded"]


def put_endpoint(call: Call) -> Response:
    """Create or change an endpoint. What its subnet rules out comes in the poll (source: RES-05)."""
    service.refuse_precondition(call)
    wanted = _configurations(call)
    references = {str((one.get("subnet") or {}).get("id")) for one in wanted}
    found = {one: call.linked(JOIN.format("subnets/"), one) for one in references}
    for text, subnet in found.items():
        if subnet is None:
            raise call.refuse_reference(text)
    subnet = next(iter(found.values()))
    objection = _unfit(call, subnet, len(references))
    kind = "InboundEndpoint" if call.id.is_type(INBOUND) else "OutboundEndpoint"
    if objection is not None or subnet is None:
        return service.accept(call, kind, _shown(call, wanted), objection)
    placed = _placed(call, subnet, wanted) if call.id.is_type(INBOUND) else wanted
    answer = service.accept(call, kind, _shown(call, placed))
    held = [str(one["privateIpAddress"]) for one in placed if "privateIpAddress" in one]
    call.world.store.refer(call.id, "inbound address", held)
    service_links.attach(call.world, subnet, call.id, "dnsResolverLink", TYPE)
    return answer


def _configurations(call: Call) -> list[Json]:
    """The configurations of an inbound endpoint; an outbound one has a subnet alone. Raises 400 for none."""
    given = call.properties.get("ipConfigurations") if call.id.is_type(INBOUND) else [call.properties]
    if not given or not all((one.get("subnet") or {}).get("id") for one in given):
        raise service.bad(f"The endpoint {call.id.text} has no subnet.")
    return [dict(one) for one in given]


def _unfit(call: Call, subnet: Resource | None, subnets_named: int) -> ArmError | None:
    """Why the subnet does not take this endpoint (source: RES-05 and RES-06)."""
    if subnet is None:
        return None
    world, kind = call.world, call.id.type.rpartition("/")[2]
    text = (
        f"The specified  subnet{subnet.id.text} could not be used to provision the "
        f"{kind.removesuffix('Endpoints')} endpoint. Please make sure you use a subnet of at least /28 and "
        "at most  /24 size, which is not currently in use by any other DNS resolver endpoint or any other "
        "Azure service workloads."
    )
    network = network_of(world, world.find(call.id.parent))
    sizes = [ipaddress.ip_network(one) for one in addresses.prefixes(subnet)]
    siblings = [one for one in world.store.children(call.parent.id, kind) if one.id != call.id]
    fits = (
        subnets_named == 1
        and network is not None
        and subnet.id.parent == network.id
        and all(one.version == 4 and 24 <= one.prefixlen <= 28 for one in sizes)
        and (subnets.delegated_to(subnet) or TYPE).lower() == TYPE.lower()
        and not _used_by_others(subnet, call)
    )
    if not fits:
        return service.bad(text)
    if len(siblings) >= MOST_ENDPOINTS:
        return service.bad(f"A DNS resolver has at most {MOST_ENDPOINTS} {kind}.")
    return None


def _used_by_others(subnet: Resource, call: Call) -> bool:
    own = call.id.key
    holders = [*addresses.taken(subnet).values(), *service_links.holders(subnet)]
    return any(not f"{one}/".lower().startswith(f"{own}/") for one in holders)


def _placed(call: Call, subnet: Resource, wanted: list[Json]) -> list[Json]:
    """The configurations with addresses: given, as before, or the lowest (source: RES-04)."""
    old = (call.existing.properties.get("ipConfigurations") or []) if call.existing else []
    before = [str(one.get("privateIpAddress")) for one in old if one.get("privateIpAddress")]
    for one in before:
        addresses.release(subnet, one)
    placed = []
    for index, one in enumerate(wanted):
        static = str(one.get("privateIpAllocationMethod") or "Dynamic").lower() == "static"
        asked = one.get("privateIpAddress") if static else (before[index : index + 1] or [None])[0]
        address = addresses.take(subnet, f"{call.id.text}/ipConfigurations/{index}", asked)
        method = "Static" if static else "Dynamic"
        placed.append(
            {
                "subnet": {"id": subnet.id.text},
                "privateIpAddress": address,
                "privateIpAllocationMethod": method,
            }
        )
    return placed


def _shown(call: Call, configurations: list[Json]) -> Json:
    if call.id.is_type(INBOUND):
        return {"ipConfigurations": configurations}
    return {"subnet": {"id": str(configurations[0]["subnet"]["id"])}}


def remove_endpoint(world: World, endpoint: Resource) -> None:
    """Free the endpoint's addresses, and its subnet for others."""
    configurations = endpoint.properties.get("ipConfigurations") or [endpoint.properties]
    for one in configurations:
        subnet = world.find((one.get("subnet") or {}).get("id"))
        if one.get("privateIpAddress"):
            addresses.release(subnet, str(one["privateIpAddress"]))
        if subnet is not None:
            service_links.detach(subnet, endpoint.id)


def delete(call: Call) -> Response:
    """Delete a resolver without endpoints, or an endpoint that no ruleset uses (source: RES-06)."""
    service.refuse_precondition(call)
    for kind in ("inboundEndpoints", "outboundEndpoints"):
        for child in call.world.store.children(call.id, kind):
            raise ArmError(
                409,
                "CannotDeleteResource",
                "Cannot delete resource while nested resources exist. Some existing nested resource IDs "
                f"include: '{child.id.type}/{call.id.name}/{child.name}'. Please delete all nested resources "
                "before deleting this resource.",
                cause="gateway",
            )
    for ruleset in call.world.store.referring("outbound endpoint", call.id.key):
        raise service.bad(f"{call.id.text} is used by the DNS forwarding ruleset {ruleset.id.text}.")
    names = {TYPE: "DnsResolver", INBOUND: "InboundEndpoint", OUTBOUND: "OutboundEndpoint"}
    return service.remove(call, names[call.type.name])
