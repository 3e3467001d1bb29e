"""Private DNS zones. Their service differs from the network service: it reports failed preconditions in the
poll. Links are in dns_links.py, record sets in dns_records.py.

Sources: docs/azure/dns.md, DNS-01 to DNS-03 and DNS-13; docs/azure/long-running-operations.md, LRO-13.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable

from sandbox.azure.kernel.manners import Style
from sandbox.azure.kernel.model import ArmError, Json, Resource, Response
from sandbox.azure.kernel.operations import OperationPlan
from sandbox.azure.kernel.provider import Call, Registry, ResourceType
from sandbox.azure.kernel.world import World
from sandbox.azure.providers.dns import dns_links, dns_records, dns_rules
from sandbox.azure.providers.dns.dns_rules import ZONE

LIMITS = {
    "maxNumberOfRecordSets": 25000,
    "maxNumberOfVirtualNetworkLinks": 1000,
    "maxNumberOfVirtualNetworkLinksWithRegistration": 100,
}


def register(registry: Registry) -> None:
    """Add zones, links and record sets."""
    registry.add(
        ResourceType(
            ZONE,
            put=put,
            patch=patch,
            delete=delete,
            get=get,
            show=show,
            tracked=True,
            etag="bare",
            group_delete_rank=70,
        )
    )
    dns_links.register(registry)
    dns_records.register(registry)


def put(call: Call) -> Response:
    """Create a zone or replace its tags: 202 `{}` in both cases, about 30 s."""
    return _write(call, call.body.get("tags"))


def patch(call: Call) -> Response:
    """Replace the tags: 202 as well."""
    return _write(call, call.body.get("tags", call.stored.tags))


def _write(call: Call, tags: Json | None) -> Response:
    broken = dns_rules.broken_precondition(call, f"Zone {call.id.name}", f"Zone '{call.id.name}'")
    world, new = call.world, call.existing is None
    if new and broken is None:
        world.save(call.id, {"location": "global", "properties": {"provisioningState": "Creating"}})

    def complete() -> None:
        zone = world.find(call.id)
        if zone is None:
            return
        if tags is not None:
            zone.body["tags"] = tags
        world.succeed(call.id)
        if new:
            dns_records.add_start_of_authority(world, call.id)

    def failed(error: ArmError) -> None:
        if new and broken is None:
            world.remove(call.id)

    return _accept(call, "UpsertPrivateDnsZone", "privateDnsZones/write", complete, failed, broken)


def refuse_with_links(world: World, zone: Resource) -> None:
    """Raise 409 CannotDeleteResource (by ARM itself) while the zone has links."""
    for link in world.store.children(zone.id, "virtualNetworkLinks"):
        raise ArmError(
            409,
            "CannotDeleteResource",
            "Cannot delete resource while nested resources exist. Some existing nested resource IDs "
            f"include: '{ZONE}/{zone.name}/virtualNetworkLinks/{link.name}'. Please delete all nested "
            "resources before deleting this resource.",
            cause="gateway",
        )


def delete(call: Call) -> Response:
    """Delete a zone with its record sets: 202; refused while it has links."""
    refuse_with_links(call.world, call.stored)
    broken = dns_rules.broken_precondition(call, f"Zone {call.id.name}", f"Zone '{call.id.name}'")
    return _accept(
        call,
        "DeletePrivateDnsZone",
        "privateDnsZones/delete",
        lambda: call.world.remove(call.id),
        lambda error: None,
        broken,
        deleting=True,
    )


def _accept(
    call: Call,
    name: str,
    kind: str,
    complete: Callable[[], None],
    failed: Callable[[ArmError], None],
    broken: ArmError | None,
    *,
    deleting: bool = False,
) -> Response:
    operation = call.start_operation(
        OperationPlan(
            name=name,
            change="delete" if deleting else "write",
            style=Style.PRIVATE_DNS,
            duration=call.world.duration(kind, call.id),
            first_wait=30,
            complete=complete,
            failed=failed,
            fail=broken,
            result=dict if deleting else None,
        )
    )
    return dns_rules.written(operation.answer(202))


def get(call: Call) -> Response:
    """One zone; `internalId` is shown from api-version 2024-06-01 on (DNS-02)."""
    response = dns_rules.get(call)
    if call.request.query.get("api-version", "") >= "2024-06-01" and isinstance(response.body, dict):
        inner = f"ImmutableZoneIdentity;{call.stored.private.setdefault('guid', call.world.new_guid())};0"
        response.body["properties"]["internalId"] = b64encode(inner.encode()).decode()
    return response


def show(world: World, zone: Resource) -> Json:
    """The zone with its counts."""
    body = zone.shown()
    links = world.store.children(zone.id, "virtualNetworkLinks")
    registering = [one for one in links if one.properties.get("registrationEnabled")]
    body["properties"] |= LIMITS | {
        "numberOfRecordSets": dns_records.count(world, zone.id),
        "numberOfVirtualNetworkLinks": len(links),
        "numberOfVirtualNetworkLinksWithRegistration": len(registering),
    }
    return body
