"""Management groups and what is below them, as answers show them.

Source: docs/azure/management-groups.md, MG-06 and MG-07.
"""

from __future__ import annotations

from collections.abc import Iterator

from sandbox.azure.front.management_groups.common import SUBSCRIPTIONS
from sandbox.azure.kernel import tenants
from sandbox.azure.kernel.directory import TENANT
from sandbox.azure.kernel.hierarchy import Group
from sandbox.azure.kernel.ids import MANAGEMENT_GROUP_TYPE, ArmId
from sandbox.azure.kernel.model import Json
from sandbox.azure.kernel.world import World


def groups(world: World) -> list[Group]:
    """All groups, none before the first one is made (MG-02)."""
    return list(world.hierarchy.tree.groups.values()) if world.hierarchy.is_used else []


def held(world: World, group: Group) -> list[str]:
    """Ids of the subscriptions of the tenant right below a group."""
    every = world.subscriptions
    own = [one for one in every if tenants.tenant_of(every, one) == TENANT]
    return sorted(one for one in own if world.hierarchy.tree.of(one).key == group.key)


def display_name(world: World, subscription: str) -> str:
    """A subscription's name as people read it."""
    return str(world.subscriptions[subscription.lower()]["name"])


def below(world: World, group: Group) -> Iterator[Json]:
    """Groups and subscriptions at every level, those of a level before those of the next."""
    level = [group]
    while level:
        children = [(one, child) for one in level for child in world.hierarchy.tree.children(one)]
        yield from (_descendant(child.id, child.name, child.display_name, one) for one, child in children)
        for one in level:
            for name in held(world, one):
                yield _descendant(ArmId(name).text, name, display_name(world, name), one, SUBSCRIPTIONS)
        level = [child for _, child in children]


def _descendant(id: str, name: str, shown: str, parent: Group, kind: str = MANAGEMENT_GROUP_TYPE) -> Json:
    return {
        "id": id,
        "type": kind,
        "name": name,
        "properties": {"displayName": shown, "parent": {"id": parent.id}},
    }


def short(group: Group) -> Json:
    """A group as the list shows it."""
    return {
        "id": group.id,
        "type": MANAGEMENT_GROUP_TYPE,
        "name": group.name,
        "properties": {"tenantId": TENANT, "displayName": group.display_name},
    }


def shown(world: World, group: Group, expand: str = "", recurse: bool = False) -> Json:
    """A group as GET shows it. expand: children, path or ancestors; recurse: children at every level."""
    above = world.hierarchy.tree.line(group)[1:]
    details: Json = {
        "version": group.version,
        "updatedTime": world.timestamp(at=group.updated),
        "updatedBy": group.by,
    }
    if above:
        details["parent"] = _named(above[0]) | {"id": above[0].id}
    if expand == "path":
        details["path"] = [_named(one) for one in reversed([group, *above])]
    if expand == "ancestors":
        details["managementGroupAncestors"] = [one.name for one in above]
        details["managementGroupAncestorsChain"] = [_named(one) for one in above]
    answer = short(group)
    answer["properties"]["details"] = details
    if expand == "children":
        answer["properties"]["children"] = _children(world, group, recurse)
    return answer


def _named(group: Group) -> Json:
    return {"name": group.name, "displayName": group.display_name}


def _children(world: World, group: Group, recurse: bool) -> list[Json]:
    found: list[Json] = []
    for one in world.hierarchy.tree.children(group):
        child = _named(one) | {"type": MANAGEMENT_GROUP_TYPE, "id": one.id}
        inner = _children(world, one, recurse) if recurse else []
        found.append(child | ({"children": inner} if inner else {}))
    for name in held(world, group):
        kept = {"id": ArmId(name).text, "displayName": display_name(world, name)}
        found.append({"name": name, "type": "/subscriptions"} | kept)
    return found


def placed(world: World, subscription: str) -> Json:
    """A subscription as a child of its group."""
    group = world.hierarchy.tree.of(subscription)
    return {
        "id": f"{group.id}/subscriptions/{subscription}",
        "type": SUBSCRIPTIONS,
        "name": subscription,
        "properties": {
            "displayName": display_name(world, subscription),
            "parent": {"id": group.id},
            "state": "Active",
            "tenant": TENANT,
        },
    }
