"""What changes when a resource gets another id: the store, references to it, and its management locks.

Source: docs/azure/resource-manager.md, ARM-40.
"""

from __future__ import annotations

from typing import Any

from sandbox.azure.kernel.ids import ArmId, replaced
from sandbox.azure.kernel.model import Json
from sandbox.azure.kernel.world import World

# An endpoint goes on to name its target by the id that it was created with.
KEPT = "privateLinkServiceId"


def move(world: World, old: ArmId, new: ArmId) -> None:
    """Give a resource and its children new ids, and write these into every resource that refers to them.

    Raises KeyError when there is no resource `old`, ValueError when there is one at `new`.
    """
    world.store.rename(old, new)
    for resource in world.store:
        resource.body = with_new_ids(resource.body, old, new)
        resource.private = with_new_ids(resource.private, old, new)
    _move_locks(world, old, new)


def with_new_ids(value: Any, old: ArmId, new: ArmId) -> Any:
    """A JSON value with the ids below `old` replaced, in keys too; the value itself if it has none."""
    if isinstance(value, str):
        return replaced(value, old, new)
    if isinstance(value, dict):
        made: Any = {
            with_new_ids(name, old, new): one if name == KEPT else with_new_ids(one, old, new)
            for name, one in value.items()
        }
    elif isinstance(value, (list, tuple)):
        made = type(value)(with_new_ids(one, old, new) for one in value)
    else:
        return value
    return made if made != value else value


def _move_locks(world: World, old: ArmId, new: ArmId) -> None:
    held: dict[str, dict[str, Json]] = world.memory.get("locks", {})
    for scope in list(held):
        there = replaced(scope, old, new).lower()
        if there != scope:
            held[there] = with_new_ids(held.pop(scope), old, new)
