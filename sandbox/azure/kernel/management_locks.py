"""Management locks: which of them stop a write or a deletion.

Sources: docs/azure/resource-manager.md, ARM-17 and ARM-55. The locks themselves are written in
front/tags.py.
"""

from __future__ import annotations

from sandbox.azure.kernel.ids import ArmId
from sandbox.azure.kernel.model import Json
from sandbox.azure.kernel.world import World


def held(world: World) -> dict[str, dict[str, Json]]:
    """All locks, by the key of their scope and by their name in lower case."""
    found: dict[str, dict[str, Json]] = world.memory.setdefault("locks", {})
    return found


def blocking(world: World, id: ArmId, verb: str) -> list[str]:
    """The locked scopes that stop `verb` (write, delete or action) on an id: those at it and above it, and
    for a deletion those below it too.
    """
    locks = held(world)
    found = [lock for scope in _scopes(id) for lock in locks.get(scope, {}).values()]
    if verb == "delete":
        below = f"{id.key}/"
        found += [lock for scope in locks if scope.startswith(below) for lock in locks[scope].values()]
    stopping = ("ReadOnly", "CanNotDelete") if verb == "delete" else ("ReadOnly",)
    return [lock["private_scope"] for lock in found if lock["properties"]["level"] in stopping]


def _scopes(id: ArmId) -> list[str]:
    """The id and everything above it, lower case: itself, parents, group, subscription."""
    found: list[str] = []
    current: ArmId | None = id
    while current is not None:
        found.append(current.key)
        current = current.parent
    if id.names:
        found.append(id.group_id.key)
    found.append(ArmId(id.subscription).key)
    return list(dict.fromkeys(found))
