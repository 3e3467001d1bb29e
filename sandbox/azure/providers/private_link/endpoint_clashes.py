"""Failures of a private endpoint after its 201: a busy target or network, or a deleted target.

Source: docs/azure/private-endpoints.md, PE-22, PE-23 and PE-31.
"""

from __future__ import annotations

from sandbox.azure.kernel.ids import ArmId
from sandbox.azure.kernel.model import ArmError, Resource
from sandbox.azure.kernel.provider import Call
from sandbox.azure.kernel.world import World
from sandbox.azure.providers.private_link import connections

# Share of overlaps that fail: "almost every run" for a network that is being changed (PE-23).
CLASH = 0.8


def with_target(call: Call, target: Resource | None) -> ArmError | None:
    """The error when another operation holds the target: storage refuses after the 201 (source: PE-22).

    An endpoint waits for a target in creation instead. Cosmos DB contends the same way; its code is
    assumed (RetryableError, PE-22).
    """
    world = call.world
    holder = world.lock(target.id).holder if target is not None else None
    if target is None or holder is None or holder.resource == target.id or world.rng.random() >= CLASH:
        return None
    if target.id.is_type("Microsoft.Storage/storageAccounts"):
        inner = connections.busy(target.id).message
        text = f"Call to Microsoft.Storage/storageAccounts failed. Error message: {inner}"
        return ArmError(409, "StorageAccountOperationInProgress", text, details=[])
    if target.id.is_type("Microsoft.DocumentDB/databaseAccounts"):
        return ArmError(429, "RetryableError", "A retryable error occurred.", details=[])
    return None


def gone(world: World, target: Resource | None) -> ArmError | None:
    """The error when the target was deleted meanwhile; its code is assumed (PE-31)."""
    if target is None or world.find(target.id) is target:
        return None
    text = f"Call to {target.type} failed. Error message: The Resource '{target.id.text}' was not found."
    return ArmError(404, "ResourceNotFound", text, details=[])


def with_network(world: World, network: ArmId | None, began: float, endpoint: Resource) -> ArmError | None:
    """RetryableError when the network or a subnet of it was changed while the endpoint was created.

    Reproduced publicly with subnet and NSG-association traffic on one network (source: PE-23).
    """
    if network is None or world.instant:
        return None
    for other in world.operations.below(network):
        if other.resource.is_type(f"{network.type}/virtualNetworkPeerings"):
            continue
        lasted = (other.ended or world.now) > max(began, other.started) and other.due > other.started
        if lasted and other.started < world.now and world.rng.random() < CLASH:
            return ArmError(429, "RetryableError", "A retryable error occurred.", details=[])
    return None
