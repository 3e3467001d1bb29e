"""What keeps resources from being moved.

Sources: docs/azure/resource-manager.md, ARM-39, ARM-41 and ARM-42.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sandbox.azure.kernel import management_locks, refusals
from sandbox.azure.kernel.ids import ArmId
from sandbox.azure.kernel.model import ArmError, Json, Resource
from sandbox.azure.kernel.world import World

# Types that the table of move support excludes (ARM-41).
NEVER = (
    "Microsoft.Network/privateLinkServices",
    "Microsoft.KeyVault/managedHSMs",
    "Microsoft.Compute/diskAccesses",
)

# The resources behind an endpoint with which the endpoint can be moved (ARM-41).
MOVED_WITH_ENDPOINT = {
    "microsoft.documentdb/databaseaccounts",
    "microsoft.kusto/clusters",
    "microsoft.search/searchservices",
    "microsoft.signalrservice/signalr",
    "microsoft.signalrservice/webpubsub",
    "microsoft.sql/servers",
    "microsoft.storagesync/storagesyncservices",
    "microsoft.synapse/workspaces",
    "microsoft.synapse/privatelinkhubs",
}


@dataclass(frozen=True, slots=True)
class Move:
    """Top-level resources of one group that shall be in another."""

    source: ArmId
    target: ArmId
    resources: tuple[Resource, ...]

    def new_id(self, resource: Resource) -> ArmId:
        """The id of a resource after the move."""
        return ArmId(self.target.subscription, self.target.group, resource.type, resource.id.names)

    @property
    def changes_subscription(self) -> bool:
        return self.source.subscription.lower() != self.target.subscription.lower()


def refuse_read_only(world: World, group: ArmId) -> None:
    """Raise 409 ScopeLocked for a ReadOnly lock on a group or its subscription (ARM-39)."""
    locked = management_locks.blocking(world, group, "write")
    if locked:
        raise refusals.scope_locked(group, "write", locked)


def refusal(world: World, move: Move) -> ArmError | None:
    """The error that the operation ends in, None when the resources can be moved."""
    details = [
        *_unregistered(world, move),
        *_pending(world, move),
        *_unsupported(world, move),
        *_same_name(world, move),
        *_missing(world, move),
    ]
    return _failed(world, move, details) if details else None


def _failed(world: World, move: Move, details: list[Json]) -> ArmError:
    stamp = world.wall().strftime("%Y%m%dT%H%M%SZ")
    return ArmError(
        409,
        "ResourceMoveProviderValidationFailed",
        "Resource move validation failed. Please see details. Diagnostic information: timestamp "
        f"'{stamp}', subscription id '{move.source.subscription}', tracking id '{world.new_guid()}', request "
        f"correlation id '{world.new_guid()}'.",
        details=details,
        cause="gateway",
    )


def _unregistered(world: World, move: Move) -> Iterator[Json]:
    closed = world.subscriptions[move.target.subscription.lower()].get("unregistered", [])
    for one in move.resources:
        if one.id.namespace.lower() in closed:
            text = f"The target subscription is not registered for resource type '{one.type}'."
            yield {"code": "MissingRegistrationsForTypes", "target": one.type, "message": text}


def _pending(world: World, move: Move) -> Iterator[Json]:
    for one in move.resources:
        if any(operation.running for operation in world.operations.below(one.id)):
            text = f"The resource '{one.id.text}' has pending operations."
            yield {"code": "MoveResourcesHavePendingOperations", "target": one.type, "message": text}
        elif one.state in ("Failed", "Updating", "Deleting"):
            code = "MoveCannotProceedWithResourcesNotInSucceededState"
            text = f"The resource '{one.id.text}' is in state {one.state}."
            yield {"code": code, "target": one.type, "message": text}


def _unsupported(world: World, move: Move) -> Iterator[Json]:
    for one in move.resources:
        if any(one.id.is_type(type_name) for type_name in NEVER) or _endpoint_stays(world, one, move):
            kind = one.type.split("/", 1)[1]
            text = (
                f"Move for resource type {kind} is not supported. Move request contains resource "
                f"{one.id.text} of that type."
            )
            yield _cannot(one, {"code": "MoveNotSupported", "message": text})
        if world.store.count_children(one.id, "virtualNetworkPeerings"):
            text = f"The virtual network {one.id.text} has peerings. Remove them before the move."
            yield _cannot(one, {"code": "MoveNotSupported", "message": text})


def _endpoint_stays(world: World, resource: Resource, move: Move) -> bool:
    """An endpoint whose target's type does not allow it, or an endpoint's interface without the endpoint."""
    if resource.id.is_type("Microsoft.Network/networkInterfaces"):
        endpoint = world.find(resource.private.get("endpoint"))
        return endpoint is not None and endpoint not in move.resources
    if not resource.id.is_type("Microsoft.Network/privateEndpoints"):
        return False
    target = world.find(resource.private.get("target"))
    return target is None or target.type.lower() not in MOVED_WITH_ENDPOINT


def _same_name(world: World, move: Move) -> Iterator[Json]:
    for one in move.resources:
        if world.find(move.new_id(one)) is not None:
            text = (
                f"The move resources request contains resources like '{one.id.text}' which have the same "
                "name as a resource in the target resource group."
            )
            yield _cannot(one, {"message": text})


def _cannot(resource: Resource, reason: Json) -> Json:
    return {
        "code": "CannotMoveResource",
        "target": resource.type,
        "message": "Cannot move one or more resources in the request. Please check details for information "
        "about each resource.",
        "details": [reason],
    }


def _missing(world: World, move: Move) -> Iterator[Json]:
    """Network resources that depend on each other change their subscription together (ARM-42)."""
    if not move.changes_subscription:
        return
    moved = {one.id for one in move.resources}
    for id in dict.fromkeys(_needed(world, moved)):
        text = f"The resource '{id.text}' has to be in the move request: others depend on it."
        yield {"code": "MissingMoveDependentResources", "target": id.type, "message": text}


def _needed(world: World, moved: set[ArmId]) -> Iterator[ArmId]:
    for one in world.store:
        root = one.id.root
        if not _bound(root):
            continue
        mentioned = {id for id in _roots(one.body) if _bound(id) and world.find(id) is not None}
        if root in moved:
            yield from sorted(mentioned - moved, key=str)
        elif mentioned & moved:
            yield root


def _bound(id: ArmId) -> bool:
    """Network resources, without zones: those serve networks of any subscription."""
    is_network = id.namespace.lower() == "microsoft.network"
    return is_network and not id.is_type("Microsoft.Network/privateDnsZones")


def _roots(value: Any) -> Iterator[ArmId]:
    """The top-level resources that a body names."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from _roots(one)
    elif isinstance(value, str) and value.lower().startswith("/subscriptions/"):
        try:
            found = ArmId.parse("/".join(value.split("/")[:9]))
        except ValueError:
            return
        yield found.root
