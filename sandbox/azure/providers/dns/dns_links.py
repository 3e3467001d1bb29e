"""Links of private DNS zones to virtual networks.

Sources: docs/azure/dns.md, DNS-04 to DNS-10 and DNS-13.
"""

from __future__ import annotations

from sandbox.azure.kernel import refusals
from sandbox.azure.kernel.ids import ArmId
from sandbox.azure.kernel.manners import Style
from sandbox.azure.kernel.model import ArmError, Json, Resource, Response
from sandbox.azure.kernel.operations import OperationPlan
from sandbox.azure.kernel.provider import Call, Registry, ResourceType
from sandbox.azure.kernel.world import World
from sandbox.azure.providers.dns import dns_rules
from sandbox.azure.providers.dns.dns_rules import ZONE

TYPE = f"{ZONE}/virtualNetworkLinks"
REGISTRATION_SECONDS = 30.0


def register(registry: Registry) -> None:
    """Add links."""
    registry.add(
        ResourceType(
            TYPE,
            put=put,
            patch=patch,
            delete=delete,
            get=dns_rules.get,
            list=dns_rules.list_children,
            etag="quoted",
            owns_parent=True,
            not_found=lambda call: refusals.no_resource(call.id),
            group_delete_rank=60,
        )
    )


def put(call: Call) -> Response:
    """Link a zone to a network: 202 `{}`. The poll reports every error.

    Only the right to join the network is checked at once.
    """
    network = (call.properties.get("virtualNetwork") or {}).get("id")
    if dns_rules.live_zone(call.world, call.id.parent) is None:
        raise refusals.no_parent(call.id.parent or call.id)
    call.linked("Microsoft.Network/virtualNetworks/join/action", network)
    return _write(call, _body(call, call.properties), _objection(call, network))


def patch(call: Call) -> Response:
    """Change the members given; the network cannot be changed."""
    merged = call.stored.properties | call.properties
    return _write(call, _body(call, merged), _objection(call, (merged.get("virtualNetwork") or {}).get("id")))


def _body(call: Call, properties: Json) -> Json:
    kept = {name: properties[name] for name in ("virtualNetwork", "resolutionPolicy") if properties.get(name)}
    body: Json = {"location": "global"}
    tags = call.body.get("tags", call.existing.body.get("tags") if call.existing else None)
    if tags is not None:
        body["tags"] = tags
    shown = {
        "provisioningState": "Creating",
        "registrationEnabled": bool(properties.get("registrationEnabled")),
    }
    return body | {"properties": shown | kept | {"virtualNetworkLinkState": "InProgress"}}


def _objection(call: Call, network: object) -> ArmError | None:
    """The error that the poll will report: preconditions first, then checks of the service."""
    name, zone = call.id.name, call.id.names[0]
    broken = dns_rules.broken_precondition(
        call,
        f"Virtual Network link {name} for the Private DNS zone {zone}",
        f"Virtual Network link '{name}' for the Private DNS zone '{zone}'",
    )
    if broken is not None:
        return broken
    world = call.world
    if world.find(str(network)) is None:
        return ArmError(400, "BadRequest", f"The virtual network '{network}' could not be found.")
    if call.existing is not None and not _same(call.existing, str(network)):
        return ArmError(400, "BadRequest", "The virtual network of a virtual network link cannot be changed.")
    for other in linked_to(world, str(network)):
        if other.id == call.id:
            continue
        if other.id.parent == call.id.parent:
            return ArmError(
                400,
                "BadRequest",
                f"A virtual network link for the virtual network '{network}' already exists on the zone "
                f"'{zone}': '{other.name}'.",
            )
        if other.id.names[0].lower() == zone.lower():
            return ArmError(
                400,
                "BadRequest",
                "A virtual network cannot be linked to multiple zones with overlapping namespaces. You "
                f"tried to link virtual network with '{zone}' and '{other.id.names[0]}' zones.",
            )
    return None


def _write(call: Call, body: Json, objection: ArmError | None) -> Response:
    """Accept a write. A new link that fails is removed; an existing one is unchanged."""
    world, new = call.world, call.existing is None
    if new and objection is None:
        world.save(call.id, body)
        world.store.refer(call.id, "network", [str((body["properties"]["virtualNetwork"])["id"])])

    def complete() -> None:
        if objection is None and world.find(call.id) is not None:
            _finish(world, call.id, body)

    def failed(error: ArmError) -> None:
        if new and objection is None:
            world.remove(call.id)

    operation = call.start_operation(
        OperationPlan(
            name="UpsertVirtualNetworkLink",
            style=Style.PRIVATE_DNS,
            duration=world.duration("virtualNetworkLinks/write", call.id),
            first_wait=30,
            complete=complete,
            failed=failed,
            fail=objection,
        )
    )
    return dns_rules.written(operation.answer(202))


def _finish(world: World, id: ArmId, body: Json) -> None:
    """Set Succeeded and Completed together. With registration, Completed follows some time later
    (docs/azure/dns.md, DNS-05)."""
    link = world.save(id, body)
    world.succeed(id)
    if not link.properties["registrationEnabled"]:
        link.properties["virtualNetworkLinkState"] = "Completed"
        return

    def complete() -> None:
        if world.find(id) is link:
            link.properties["virtualNetworkLinkState"] = "Completed"

    world.at(0.0 if world.instant else REGISTRATION_SECONDS, complete)


def delete(call: Call) -> Response:
    """Remove a link: 202; the poll reports a failed precondition."""
    name, zone = call.id.name, call.id.names[0]
    broken = dns_rules.broken_precondition(
        call,
        f"Virtual Network link {name} for the Private DNS zone {zone}",
        f"Virtual Network link '{name}' for the Private DNS zone '{zone}'",
    )
    operation = call.start_operation(
        OperationPlan(
            name="DeleteVirtualNetworkLink",
            change="delete",
            style=Style.PRIVATE_DNS,
            duration=call.world.duration("virtualNetworkLinks/delete", call.id),
            first_wait=30,
            failed=lambda error: None,
            fail=broken,
            result=dict,
        )
    )
    return dns_rules.written(operation.answer(202))


def linked_to(world: World, network_id: str) -> list[Resource]:
    """All links of a network, in any zone and state."""
    return world.store.referring("network", network_id)


def _same(link: Resource, network_id: str) -> bool:
    return str((link.properties.get("virtualNetwork") or {}).get("id", "")).lower() == network_id.lower()
