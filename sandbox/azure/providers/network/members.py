"""Members that a resource lists in its body and that have own ids: subnets, peerings, rules, routes."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy

from sandbox.azure.kernel.ids import ArmId
from sandbox.azure.kernel.model import Json, Resource, Response
from sandbox.azure.kernel.operations import OperationPlan
from sandbox.azure.kernel.provider import Call
from sandbox.azure.kernel.world import World


def bare(properties: Json) -> Json:
    """The properties without the state, to be compared."""
    return {name: deepcopy(value) for name, value in properties.items() if name != "provisioningState"}


def bare_members(world: World, parent: ArmId, collection: str) -> dict[str, Json]:
    """The properties of all members, by key of the id."""
    return {one.id.key: bare(one.properties) for one in world.store.children(parent, collection)}


def replace_members(world: World, parent: Resource, collection: str, wanted: Mapping[ArmId, Json]) -> None:
    """Write these members and remove all others, as the parent's PUT does."""
    for member in world.store.children(parent.id, collection):
        if member.id not in wanted:
            world.remove(member.id)
    for id, properties in wanted.items():
        member = world.save(id, {"properties": {"provisioningState": "Succeeded"} | properties})
        member.etag = parent.etag


def finish_member(world: World, id: ArmId) -> None:
    """Completion of a member's write: Succeeded; the parent gets a new etag and the member shares it (source:
    docs/azure/resource-manager.md, ARM-07).
    """
    world.succeed(id)
    member = world.find(id)
    if member is not None and id.parent is not None:
        member.etag = touch_parent(world, id.parent) or member.etag


def touch_parent(world: World, parent: ArmId) -> str | None:
    """Any member's write changes the parent's etag. Returns the new one; None if the parent is gone."""
    found = world.find(parent)
    if found is None:
        return None
    world.touch(found)
    return found.etag


def delete_network_member(call: Call, operation: str) -> Response:
    """Delete a subnet or a peering: its network is locked meanwhile, and gets a new etag."""
    network = call.parent.id
    call.world.lock(network).refuse()

    def complete() -> None:
        call.world.remove(call.id)
        touch_parent(call.world, network)

    started = call.start_operation(
        OperationPlan(
            name=operation,
            change="delete",
            duration=call.world.duration(f"{call.id.type.rpartition('/')[2]}/delete", call.id),
            locks=(network,),
            complete=complete,
        )
    )
    return started.answer(202)
