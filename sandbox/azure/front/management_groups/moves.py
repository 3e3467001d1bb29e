"""Moves of subscriptions between management groups. Source: docs/azure/management-groups.md, MG-08."""

from __future__ import annotations

from sandbox.azure.front.asked import Asked
from sandbox.azure.front.management_groups import view
from sandbox.azure.front.management_groups.common import SUBSCRIPTIONS, WRITE, required
from sandbox.azure.kernel import refusals
from sandbox.azure.kernel.hierarchy import ROOT, Group
from sandbox.azure.kernel.ids import ArmId
from sandbox.azure.kernel.model import Json, Response
from sandbox.azure.kernel.world import World


def place(asked: Asked) -> Response:
    """`PUT .../subscriptions/{id}`: move a subscription below a group."""
    named, target = _movable(asked, "write"), required(asked.world, asked.names["group"])
    _authorize_parents(asked, target, asked.world.hierarchy.tree.of(named))
    asked.world.hierarchy.place(named, target)
    return Response(200, view.placed(asked.world, named))


def unplace(asked: Asked) -> Response:
    """`DELETE .../subscriptions/{id}`: move a subscription below the root; 204 when it is elsewhere."""
    named, group = _movable(asked, "delete"), required(asked.world, asked.names["group"])
    if asked.world.hierarchy.tree.of(named).key != group.key:
        return Response(204)
    _authorize_parents(asked, group)
    asked.world.hierarchy.place(named, ROOT)
    return Response(200)


def move(world: World, given: Json) -> Json:
    """The control API's move: `{"subscription": id, "managementGroup": name}`, at once and by no caller.

    Raises ValueError for a group that does not exist, and LookupError without these members.
    """
    named, name = str(given["subscription"]).removeprefix("/subscriptions/"), str(given["managementGroup"])
    target = world.hierarchy.tree.group(name)
    if target is None:
        raise ValueError(f"no management group {name}")
    world.subscriptions.setdefault(named.lower(), {"name": named})
    world.hierarchy.place(named, target)
    return {"subscription": named, "managementGroup": target.name}


def _movable(asked: Asked, verb: str) -> str:
    named = asked.names["subscription"]
    if named.lower() not in asked.world.subscriptions:
        raise refusals.no_subscription(ArmId(named))
    asked.authorize(f"{SUBSCRIPTIONS}/{verb}", ArmId(named).text)
    asked.authorize("Microsoft.Authorization/roleAssignments/write", ArmId(named).text)
    return named


def _authorize_parents(asked: Asked, *groups: Group) -> None:
    """The root needs no right: it is where everything is by default."""
    for group in groups:
        if group.key != ROOT.key:
            asked.authorize(WRITE, group.id)
