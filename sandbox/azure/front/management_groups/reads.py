"""Reads of management groups. Source: docs/azure/management-groups.md, MG-03, MG-06 and MG-07."""

from __future__ import annotations

from sandbox.azure.front.asked import Asked
from sandbox.azure.front.management_groups import view
from sandbox.azure.front.management_groups.common import (
    DESCENDANTS,
    READ,
    SUBSCRIPTIONS,
    authorized,
    bad,
    group_id,
    missing,
)
from sandbox.azure.kernel.model import Response
from sandbox.azure.kernel.paging import page


def listed(asked: Asked) -> Response:
    """`GET managementGroups`: those that the caller may read."""
    may = asked.world.check_access
    found = [one for one in view.groups(asked.world) if may(asked.principal, READ, one.id)]
    return page(asked.request, [view.short(one) for one in found])


def get(asked: Asked) -> Response:
    """`GET managementGroups/{name}`, with `$expand` of children, path or ancestors."""
    group = authorized(asked, READ)
    expand = asked.request.query.get("$expand", "").lower()
    if expand not in ("", "children", "path", "ancestors"):
        raise bad(f"The value '{expand}' of $expand is not valid.")
    recurse = asked.request.query.get("$recurse", "").lower() == "true"
    if recurse and expand != "children":
        raise bad("$recurse needs $expand=children.")
    return Response(200, view.shown(asked.world, group, expand, recurse))


def descendants(asked: Asked) -> Response:
    """`GET .../descendants`: all groups and subscriptions below, page by page."""
    group = authorized(asked, DESCENDANTS)
    answer = page(asked.request, list(view.below(asked.world, group)))
    answer.body.setdefault("nextLink", None)
    return answer


def subscriptions(asked: Asked) -> Response:
    """`GET .../subscriptions`: those right below a group."""
    group = authorized(asked, f"{SUBSCRIPTIONS}/read")
    return page(asked.request, [view.placed(asked.world, one) for one in view.held(asked.world, group)])


def subscription(asked: Asked) -> Response:
    """`GET .../subscriptions/{id}`: 404 when it is not right below this group."""
    held = view.held(asked.world, authorized(asked, f"{SUBSCRIPTIONS}/read"))
    found = next((one for one in held if one.lower() == asked.names["subscription"].lower()), None)
    if found is None:
        raise missing(f"{group_id(asked)}/subscriptions/{asked.names['subscription']}")
    return Response(200, view.placed(asked.world, found))
