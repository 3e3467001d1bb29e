"""Creation, change and deletion of management groups.

Source: docs/azure/management-groups.md, MG-02, MG-05 and MG-09.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from sandbox.azure.front.asked import Asked
from sandbox.azure.front.management_groups import view
from sandbox.azure.front.management_groups.common import DELETE, WRITE, authorized, bad, group_id, missing
from sandbox.azure.kernel import refusals
from sandbox.azure.kernel.directory import OBJECT_IDS
from sandbox.azure.kernel.hierarchy import LEVELS, ROOT, Group
from sandbox.azure.kernel.ids import MANAGEMENT_GROUP_TYPE
from sandbox.azure.kernel.model import Json, Response
from sandbox.azure.kernel.world import World

SECONDS = 10.0  # until a creation or a deletion ends: as recorded (MG-05)
BEGUN = "management_groups"  # in the world's memory: when creations and deletions end, by kind and name


def put(asked: Asked) -> Response:
    """`PUT managementGroups/{name}`: 202 for a new group, 200 for one that exists."""
    properties = asked.body.get("properties") or {}
    parent = _parent(asked, (properties.get("details") or {}).get("parent") or {})
    known = asked.world.hierarchy.tree.group(asked.names["group"])
    if known is not None:
        asked.authorize(WRITE, known.id)
        return _changed(asked, known, parent, properties.get("displayName"))
    above = parent or ROOT
    asked.authorize(WRITE, above.id)
    _check_depth(asked.world, above, 1)
    shown, by = properties.get("displayName") or asked.names["group"], OBJECT_IDS[asked.principal]
    made = Group(asked.names["group"], shown, above.key, 1, asked.world.now, by)
    return _accepted(asked, "create", partial(_create, asked.world, made))


def patch(asked: Asked) -> Response:
    """`PATCH managementGroups/{name}` of `displayName` and `parentGroupId`."""
    group = authorized(asked, WRITE)
    parent = _parent(asked, {"id": asked.body.get("parentGroupId")})
    return _changed(asked, group, parent, asked.body.get("displayName"))


def delete(asked: Asked) -> Response:
    """`DELETE managementGroups/{name}`: 202, refused while the group holds anything, 204 without one."""
    asked.authorize(DELETE, group_id(asked))
    group = asked.world.hierarchy.tree.group(asked.names["group"])
    if group is None:
        return Response(204)
    if group.key == ROOT.key:
        raise bad("The root management group cannot be deleted.")
    if next(view.below(asked.world, group), None) is not None:
        raise bad(f"The management group '{group.name}' has children and cannot be deleted.")
    return _accepted(asked, "delete", partial(_delete, asked.world, group))


def status(asked: Asked) -> Response:
    """The `Azure-AsyncOperation` of a creation or a deletion."""
    kind, name = asked.names["kind"].lower(), asked.names["group"]
    body: Json = {"id": asked.request.path, "name": name, "status": "Running"}
    if asked.world.now < _due(asked, kind, name):
        return Response(200, body, retry_after=SECONDS)
    return Response(200, body | {"status": "Succeeded"})


def result(asked: Asked) -> Response:
    """The `Location` of a creation or a deletion."""
    kind, name = asked.names["kind"].lower(), asked.names["group"]
    if asked.world.now < _due(asked, kind, name):
        return Response(202, retry_after=SECONDS)
    group = asked.world.hierarchy.tree.group(name)
    return Response(200, view.shown(asked.world, group)) if group else Response(204)


# Changes


def _parent(asked: Asked, given: Json) -> Group | None:
    """The parent that a request names by its id; None if it names none."""
    if not given.get("id"):
        return None
    parent = asked.world.hierarchy.tree.group(str(given["id"]).rstrip("/").rsplit("/", 1)[-1])
    if parent is None:
        raise missing(str(given["id"]))
    return parent


def _changed(asked: Asked, group: Group, parent: Group | None, shown: str | None) -> Response:
    """Another name or parent; None leaves it as it is."""
    tree = asked.world.hierarchy.tree
    if parent is not None and parent.key != group.parent:
        if group.key == ROOT.key or group in tree.line(parent):
            raise bad(f"The management group '{group.name}' cannot be moved below '{parent.name}'.")
        asked.authorize(WRITE, parent.id)
        _check_depth(asked.world, parent, 1 + tree.depth(group))
    changed = replace(
        group,
        display_name=shown or group.display_name,
        parent=parent.key if parent else group.parent,
        version=group.version + 1,
        updated=asked.world.now,
        by=OBJECT_IDS[asked.principal],
    )
    asked.world.hierarchy.put(changed)
    return Response(200, view.shown(asked.world, changed))


def _check_depth(world: World, parent: Group, levels: int) -> None:
    if len(world.hierarchy.tree.line(parent)) - 1 + levels > LEVELS:
        raise bad(f"A management group tree has at most {LEVELS} levels.")


def _create(world: World, group: Group) -> None:
    """The end of a creation; without effect if the parent was deleted meanwhile."""
    if world.hierarchy.tree.group(group.parent) is not None:
        world.hierarchy.put(group)


def _delete(world: World, group: Group) -> None:
    """The end of a deletion; without effect if something was put below the group meanwhile."""
    if next(view.below(world, group), None) is None:
        world.hierarchy.remove(group)


def _accepted(asked: Asked, kind: str, act: Callable[[], None]) -> Response:
    name, path = asked.names["group"], "/providers/Microsoft.Management/operationResults"
    seconds = 0.0 if asked.world.instant else SECONDS
    asked.world.memory.setdefault(BEGUN, {})[kind, name.lower()] = asked.world.now + seconds
    if seconds:
        asked.world.at(seconds, act)
    else:
        act()
    version = f"?api-version={asked.request.query.get('api-version', '')}"
    base, end = f"{asked.request.origin}{path}/{kind}", f"managementGroups/{name}{version}"
    headers = {"Azure-AsyncOperation": f"{base}/asyncOperation/status/{end}", "Location": f"{base}/{end}"}
    begun = {"id": group_id(asked), "type": MANAGEMENT_GROUP_TYPE, "name": name, "status": "NotStarted"}
    return Response(202, begun, headers, retry_after=SECONDS)


def _due(asked: Asked, kind: str, name: str) -> float:
    due: float | None = asked.world.memory.get(BEGUN, {}).get((kind, name.lower()))
    if due is None:
        raise refusals.no_operation(f"{kind}/{name}")
    return due
