"""privateDnsZoneGroups: they write an endpoint's names into private DNS zones, and remove them.

Sources: docs/azure/dns.md, DNS-16 to DNS-25.
"""

from __future__ import annotations

from sandbox.azure.kernel.ids import ArmId
from sandbox.azure.kernel.model import ArmError, Json, Resource, Response
from sandbox.azure.kernel.operations import OperationPlan
from sandbox.azure.kernel.provider import Call, Registry, ResourceType
from sandbox.azure.kernel.world import World
from sandbox.azure.providers.dns import dns_records
from sandbox.azure.providers.private_link import endpoint_view
from sandbox.azure.providers.private_link.endpoint_view import Answer

TYPE = "Microsoft.Network/privateEndpoints/privateDnsZoneGroups"
MAX_ZONES = 5
TTL = 10


def register(registry: Registry) -> None:
    """Add zone groups."""
    registry.add(ResourceType(TYPE, put=put, delete=delete, show=show, removed=removed))


def put(call: Call) -> Response:
    """Create or replace a group: 201 or 200, Updating, Succeeded after 1 to 4 s; `recordSets` filled at once.

    A zone whose name fits none of the endpoint's names is accepted and gets no record. The zone needs no
    link.
    """
    world, endpoint = call.world, call.parent
    configs = call.properties.get("privateDnsZoneConfigs") or []
    _check(call, configs)
    holder = world.lock(endpoint.id).holder
    if holder is not None:
        raise world.lock(endpoint.id).retry_later(holder)
    before = _written(call.existing) if call.existing else []
    group = world.save(call.id, {"properties": {"provisioningState": "Updating"}})
    group.private["configs"] = [
        {"name": one["name"], "zone": one["properties"]["privateDnsZoneId"]} for one in configs
    ]
    operation = call.start_operation(
        OperationPlan(
            name="PutPrivateDnsZoneGroupOperation",
            duration=world.duration("privateDnsZoneGroups/write", call.id),
            region=endpoint.location,
            complete=lambda: _finish(world, call.id, before),
        )
    )
    return operation.answer(200 if call.existing else 201, world.show(group))


def delete(call: Call) -> Response:
    """Delete the group and its records: 202."""
    operation = call.start_operation(
        OperationPlan(
            name="DeletePrivateDnsZoneGroupOperation",
            change="delete",
            duration=call.world.duration("privateDnsZoneGroups/delete", call.id),
            region=call.parent.location,
        )
    )
    return operation.answer(202)


def removed(world: World, group: Resource) -> None:
    """Remove the names of a deleted group.

    A name is removed even when another endpoint has overwritten it: deleting either removes the name.
    """
    for zone, name in _written(group):
        dns_records.remove_record(world, zone, name)


def refresh(world: World, endpoint: Resource) -> None:
    """Write the endpoint's names again, after an approval or a change of addresses.

    Names remain when a connection is rejected or its target is deleted: no recording removes them.
    """
    for group in world.store.children(endpoint.id, "privateDnsZoneGroups"):
        if group.state == "Succeeded" and endpoint_view.approved(endpoint):
            _write(world, endpoint, group, _written(group))


def attached(world: World, endpoint: Resource) -> bool:
    """Whether the endpoint has a zone group (then it shows no customDnsConfigs)."""
    return bool(world.store.children(endpoint.id, "privateDnsZoneGroups"))


def show(world: World, group: Resource) -> Json:
    """The group with each config's record sets."""
    body = group.shown()
    endpoint = world.find(group.id.parent)
    body["properties"]["privateDnsZoneConfigs"] = [
        {
            "name": config["name"],
            "id": f"{group.id.text}/privateDnsZoneConfigs/{config['name']}",
            "etag": group.etag,
            "type": f"{TYPE}/privateDnsZoneConfigs",
            "properties": {
                "provisioningState": group.state,
                "privateDnsZoneId": config["zone"],
                "recordSets": [
                    _record_set(name, zone_name, addresses, group.state)
                    for zone_name, name, addresses in _records(endpoint, config["zone"])
                ],
            },
        }
        for config in group.private.get("configs", [])
    ]
    return body


def _record_set(name: str, zone: str, addresses: list[str], state: str | None) -> Json:
    return {
        "recordType": "A",
        "recordSetName": name,
        "fqdn": f"{name}.{zone}",
        "ttl": TTL,
        "provisioningState": state,
        "ipAddresses": addresses,
    }


def _records(endpoint: Resource | None, zone_id: str) -> list[tuple[str, str, list[str]]]:
    """(zone name, record name, addresses) that the endpoint puts into a zone; empty when the name does not
    fit.
    """
    zone = zone_id.rstrip("/").rsplit("/", 1)[-1]
    found: dict[str, list[str]] = {}
    for answer in _answers(endpoint):
        if answer.name.zone.lower() == zone.lower():
            found.setdefault(answer.name.record, []).append(answer.address)
    return [(zone, name, addresses) for name, addresses in found.items()]


def _answers(endpoint: Resource | None) -> list[Answer]:
    return endpoint_view.answers(endpoint) if endpoint is not None else []


def _written(group: Resource) -> list[tuple[str, str]]:
    """(zone id, record name) of the records that the group has written."""
    return [(zone, name) for zone, name in group.private.get("written", [])]


def _finish(world: World, id: ArmId, before: list[tuple[str, str]]) -> None:
    """End a write: write the names into the zones. A deleted zone fails the operation."""
    group = world.find(id)
    endpoint = world.find(id.parent)
    if group is None or endpoint is None:
        return
    for config in group.private["configs"]:
        if world.find(config["zone"]) is None:
            raise _no_zone(id, config["zone"])
    world.succeed(id)
    _write(world, endpoint, group, before)


def _write(world: World, endpoint: Resource, group: Resource, before: list[tuple[str, str]]) -> None:
    """Write the records. A record of the same name is overwritten, also one of another endpoint."""
    now: list[tuple[str, str]] = []
    creator = (
        f"created by private endpoint {endpoint.name} with resource guid "
        f"{endpoint.properties['resourceGuid']}"
    )
    for config in group.private["configs"]:
        for _, name, addresses in _records(endpoint, config["zone"]):
            dns_records.write_record(
                world, config["zone"], name, addresses, ttl=TTL, metadata={"creator": creator}
            )
            now.append((config["zone"], name))
    for zone, name in before:
        if (zone, name) not in now:
            dns_records.remove_record(world, zone, name)
    group.private["written"] = now


def _check(call: Call, configs: list[Json]) -> None:
    """Refuse an invalid group before anything is written.

    Codes of the limit and of a changed zone are assumed (docs/azure/dns.md, DNS-23 and DNS-24).
    """
    siblings = call.world.store.children(call.parent.id, "privateDnsZoneGroups")
    if any(one.id != call.id for one in siblings):
        raise ArmError(
            400,
            "MoreThanOnePrivateDnsZoneGroupPerPrivateEndpointNotAllowed",
            "Cannot create more than one private dns zone groups in the private endpoint "
            f"{call.parent.id.text}.",
            details=[],
        )
    if len(configs) > MAX_ZONES:
        raise ArmError(
            400,
            "TooManyPrivateDnsZoneConfigs",
            f"Private DNS zone group {call.id.text} has {len(configs)} zones. At most {MAX_ZONES} are "
            "allowed.",
            details=[],
        )
    _check_names(call, configs)
    for one in configs:
        zone = (one.get("properties") or {}).get("privateDnsZoneId")
        found = call.linked("Microsoft.Network/privateDnsZones/join/action", zone)
        if found is None or not found.id.is_type(dns_records.ZONE):
            raise _no_zone(call.id, zone)


def _check_names(call: Call, configs: list[Json]) -> None:
    names = [str(one.get("name", "")).lower() for one in configs]
    for name in names:
        if names.count(name) > 1:
            detail = {
                "code": "DuplicateResourceName",
                "message": f"Resource {call.id.text} has two child resources with the same name ({name}).",
            }
            raise ArmError(400, "InvalidRequestFormat", "Cannot parse the request.", details=[detail])
    old = (
        {one["name"].lower(): one["zone"] for one in call.existing.private["configs"]}
        if call.existing
        else {}
    )
    for one in configs:
        zone = str((one.get("properties") or {}).get("privateDnsZoneId"))
        kept = old.get(str(one.get("name", "")).lower())
        if kept is not None and kept.lower() != zone.lower():
            raise ArmError(
                400,
                "PrivateDnsZoneConfigCannotBeChanged",
                f"The private DNS zone of config {one['name']} in {call.id.text} cannot be changed from "
                f"{kept} to {zone}.",
                details=[],
            )


def _no_zone(group: ArmId, zone: object) -> ArmError:
    """The error for a zone that does not exist. The code is assumed (docs/azure/dns.md, DNS-19)."""
    return ArmError(
        400,
        "InvalidResourceReference",
        f"Resource {zone} referenced by resource {group.text} was not found. Please make sure that the "
        "referenced resource exists, and that both resources are in the same region.",
        details=[],
    )
