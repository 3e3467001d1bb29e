"""Record sets of private DNS zones: synchronous, with preconditions answered at once.

Source: docs/azure/dns.md, DNS-11 to DNS-14.
"""

from __future__ import annotations

from copy import deepcopy

from sandbox.azure.kernel import refusals
from sandbox.azure.kernel.ids import ArmId
from sandbox.azure.kernel.model import ArmError, Json, Resource, Response
from sandbox.azure.kernel.provider import Call, Registry, ResourceType
from sandbox.azure.kernel.world import World
from sandbox.azure.providers.dns import dns_rules
from sandbox.azure.providers.dns.dns_rules import ZONE

# Member that holds the data of each kind; a list is empty when nothing is given.
MEMBERS = {
    "A": "aRecords",
    "AAAA": "aaaaRecords",
    "CNAME": "cnameRecord",
    "MX": "mxRecords",
    "PTR": "ptrRecords",
    "SOA": "soaRecord",
    "SRV": "srvRecords",
    "TXT": "txtRecords",
}


def register(registry: Registry) -> None:
    """Add every kind of record set, and the list of all."""
    for kind in MEMBERS:
        registry.add(
            ResourceType(
                f"{ZONE}/{kind}",
                put=put,
                patch=patch,
                delete=delete,
                get=dns_rules.get,
                list=dns_rules.list_children,
                etag="bare",
                owns_parent=True,
                not_found=lambda call: refusals.no_resource(call.id),
            )
        )
    registry.add(ResourceType(f"{ZONE}/ALL", list=list_all))


def put(call: Call) -> Response:
    """Create (201) or replace (200) a record set."""
    _check(call)
    return _store(call, deepcopy(call.properties), 200 if call.existing else 201)


def patch(call: Call) -> Response:
    """Change the members given."""
    _check(call)
    return _store(call, call.stored.properties | deepcopy(call.properties), 200)


def delete(call: Call) -> Response:
    """Remove a record set: 200 at once."""
    _check(call)
    call.world.remove(call.id)
    return dns_rules.written(Response(200))


def list_all(call: Call) -> Response:
    """`GET {zone}/ALL`: every record set, the zone's own SOA included."""
    return dns_rules.page(call, *(f"{ZONE}/{kind}" for kind in MEMBERS))


def count(world: World, zone: ArmId) -> int:
    """How many record sets a zone has."""
    return sum(world.store.count_children(zone, kind) for kind in MEMBERS)


def add_start_of_authority(world: World, zone: ArmId) -> None:
    """Add the SOA record set that every new zone has."""
    record = {
        "email": "azureprivatedns-host.microsoft.com",
        "expireTime": 2419200,
        "host": "azureprivatedns.net",
        "minimumTtl": 10,
        "refreshTime": 3600,
        "retryTime": 300,
        "serialNumber": 1,
    }
    _save(world, zone.child("SOA", "@"), {"ttl": 3600, "soaRecord": record})


def write_record(
    world: World, zone_id: str, name: str, addresses: list[str], *, ttl: int, metadata: dict[str, str]
) -> None:
    """Write an A record as a private endpoint does: it replaces an existing one.

    Does nothing when the zone was deleted.
    """
    zone = world.find(zone_id)
    if zone is not None:
        records = [{"ipv4Address": one} for one in addresses]
        _save(world, zone.id.child("A", name), {"metadata": metadata, "ttl": ttl, "aRecords": records})


def remove_record(world: World, zone_id: str, name: str) -> None:
    """Remove an A record, whichever endpoint wrote it last."""
    zone = world.find(zone_id)
    if zone is not None:
        world.remove(zone.id.child("A", name))


def _check(call: Call) -> None:
    """Raise 404 without the zone, or 412 (without the usual envelope) for a failed precondition."""
    if dns_rules.live_zone(call.world, call.id.parent) is None:
        raise refusals.no_parent(call.id.parent or call.id)
    broken = dns_rules.broken_precondition(call, f"Record set {call.id.name}", f"Record set '{call.id.name}'")
    if broken is not None:
        raise broken
    zone_own = call.id.type.rsplit("/", 1)[1] == "SOA" and call.existing is None
    if zone_own or (call.request.method == "DELETE" and call.id.type.rsplit("/", 1)[1] == "SOA"):
        raise ArmError(400, "BadRequest", "A SOA record set belongs to its zone.", envelope="bare")


def _store(call: Call, properties: Json, status: int) -> Response:
    record = _save(call.world, call.id, properties)
    headers = {"ETag": record.etag} if record.etag else {}
    return dns_rules.written(Response(status, call.world.show(record), headers))


def _save(world: World, id: ArmId, given: Json) -> Resource:
    """Store it with the members that the service adds: fqdn with its dot, isAutoRegistered, the empty list.

    The serial number of a zone is the service's own (source: docs/azure/dns.md, DNS-11).
    """
    kind = id.type.rsplit("/", 1)[1].upper()
    member = MEMBERS[kind]
    zone = id.names[0]
    kept: Json = {}
    if given.get("metadata") is not None:
        kept["metadata"] = given["metadata"]
    kept["fqdn"] = f"{zone}." if id.name == "@" else f"{id.name}.{zone}."
    kept["ttl"] = given.get("ttl", 3600)
    if given.get(member) is not None:
        kept[member] = given[member] | {"serialNumber": 1} if kind == "SOA" else given[member]
    elif member.endswith("Records"):
        kept[member] = []
    return world.save(id, {"properties": kept | {"isAutoRegistered": False}})
