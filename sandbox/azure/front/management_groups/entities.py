"""`getEntities`: the management groups and subscriptions that a caller may see, each with all above it.

Groups above one of these are shown with the permission `noaccess`
(docs/azure/management-groups.md, MG-07).
"""

from __future__ import annotations

import re

from sandbox.azure.front.asked import Asked
from sandbox.azure.front.management_groups import view
from sandbox.azure.front.management_groups.common import DELETE, READ, SUBSCRIPTIONS, WRITE, bad
from sandbox.azure.kernel.directory import TENANT
from sandbox.azure.kernel.hierarchy import Group
from sandbox.azure.kernel.ids import MANAGEMENT_GROUP_TYPE, ArmId
from sandbox.azure.kernel.model import Json, Response
from sandbox.azure.kernel.paging import page

READ_SUBSCRIPTION = "Microsoft.Resources/subscriptions/read"


def entities(asked: Asked) -> Response:
    """`POST getEntities`; `$view` is FullHierarchy, GroupsOnly or SubscriptionsOnly.

    `$filter` is `name eq '...'`, without case; Azure's other filters are refused here.
    """
    shown = asked.request.query.get("$view", "FullHierarchy").lower()
    found = [] if shown == "subscriptionsonly" else _groups(asked)
    found += [] if shown == "groupsonly" else _subscriptions(asked)
    name = _name(asked.request.query.get("$filter", ""))
    answer = page(asked.request, [one for one in found if name in ("", one["name"].lower())])
    answer.body |= {"count": len(answer.body["value"]), "nextLink": answer.body.get("nextLink")}
    return answer


def _name(text: str) -> str:
    """The name that a filter asks for, in lower case; empty without a filter."""
    found = re.fullmatch(r"name eq '([^']+)'", text.strip(), re.IGNORECASE)
    if text and found is None:
        raise bad(f"The filter {text} is not valid.")
    return found[1].lower() if found else ""


def _groups(asked: Asked) -> list[Json]:
    """Those that the caller may read, and those above what it may read."""
    tree, every = asked.world.hierarchy.tree, view.groups(asked.world)
    known = {one.key for one in every if _may(asked, READ, one.id)}
    seen = [one for one in every if one.key in known]
    seen += [tree.of(one) for one in _readable(asked)] if every else []
    visible = {above.key for one in seen for above in tree.line(one)}
    return [_group(asked, one) for one in every if one.key in visible]


def _readable(asked: Asked) -> list[str]:
    held = [one for group in view.groups(asked.world) for one in view.held(asked.world, group)]
    return [one for one in held if _may(asked, READ_SUBSCRIPTION, ArmId(one).text)]


def _subscriptions(asked: Asked) -> list[Json]:
    world = asked.world
    return [
        _entity(asked, ArmId(one).text, SUBSCRIPTIONS, one, view.display_name(world, one),
                world.hierarchy.tree.line(world.hierarchy.tree.of(one)))
        for one in _readable(asked)
    ]  # fmt: skip


def _group(asked: Asked, group: Group) -> Json:
    above = asked.world.hierarchy.tree.line(group)[1:]
    shown = _entity(asked, group.id, MANAGEMENT_GROUP_TYPE, group.name, group.display_name, above)
    children = asked.world.hierarchy.tree.children(group)
    shown["properties"] |= {
        "numberOfChildGroups": len(children),
        "numberOfChildren": len(children) + len(view.held(asked.world, group)),
        "numberOfDescendants": sum(1 for _ in view.below(asked.world, group)),
    }
    return shown


def _entity(asked: Asked, id: str, kind: str, name: str, shown: str, above: list[Group]) -> Json:
    line = list(reversed(above))
    inherited = _permission(asked, above[0].id, MANAGEMENT_GROUP_TYPE) if above else "noaccess"
    return {
        "id": id,
        "type": kind if kind == MANAGEMENT_GROUP_TYPE else "/subscriptions",
        "name": name,
        "properties": {
            "tenantId": TENANT,
            "displayName": shown,
            "parent": {"id": above[0].id if above else None},
            "parentDisplayNameChain": [one.display_name for one in line],
            "parentNameChain": [one.name for one in line],
            "permissions": _permission(asked, id, kind),
            "inheritedPermissions": inherited,
        },
    }


def _permission(asked: Asked, id: str, kind: str) -> str:
    read = READ if kind == MANAGEMENT_GROUP_TYPE else READ_SUBSCRIPTION
    for right, shown in ((DELETE, "delete"), (WRITE, "edit"), (read, "view")):
        if _may(asked, right, id):
            return shown
    return "noaccess"


def _may(asked: Asked, action: str, id: str) -> bool:
    return asked.world.check_access(asked.principal, action, id)
