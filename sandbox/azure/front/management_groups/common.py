"""What requests to management groups have in common: the actions, the group that is named, refusals.

Rights come before existence, so a group that does not exist is refused to all but callers with rights at `/`
(docs/azure/management-groups.md, MG-03).
"""

from __future__ import annotations

from sandbox.azure.front.asked import Asked
from sandbox.azure.kernel.hierarchy import PREFIX, Group
from sandbox.azure.kernel.ids import MANAGEMENT_GROUP_TYPE
from sandbox.azure.kernel.model import ArmError
from sandbox.azure.kernel.world import World

SUBSCRIPTIONS = f"{MANAGEMENT_GROUP_TYPE}/subscriptions"
READ, WRITE, DELETE = (f"{MANAGEMENT_GROUP_TYPE}/{verb}" for verb in ("read", "write", "delete"))
DESCENDANTS = f"{MANAGEMENT_GROUP_TYPE}/descendants/read"


def group_id(asked: Asked) -> str:
    """The id that a request names, in the case of the group if it exists."""
    known = asked.world.hierarchy.tree.group(asked.names["group"])
    return known.id if known is not None else f"{PREFIX}{asked.names['group']}"


def required(world: World, name: str) -> Group:
    """The group with this name. Raises ArmError 404 without one (MG-03)."""
    known = world.hierarchy.tree.group(name)
    if known is None or not world.hierarchy.is_used:
        raise missing(f"{PREFIX}{name}")
    return known


def authorized(asked: Asked, action: str) -> Group:
    """The group that a request names, for a caller with this right. Raises ArmError 403 before 404."""
    asked.authorize(action, group_id(asked))
    return required(asked.world, asked.names["group"])


def missing(id: str) -> ArmError:
    """The 404 of the management groups service (MG-03)."""
    return ArmError(404, "NotFound", f"'{id}' not found")


def bad(text: str) -> ArmError:
    """A refusal whose code is assumed (MG-09)."""
    return ArmError(400, "BadRequest", text)
