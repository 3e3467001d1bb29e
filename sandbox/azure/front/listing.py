"""Lists: children, types in a group or subscription, all resources; with `$filter` and `$expand`."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sandbox.azure.front.filters import Node, parse
from sandbox.azure.kernel.ids import GROUP_TYPE, ArmId
from sandbox.azure.kernel.model import ArmError, Json, Request, Resource, Response
from sandbox.azure.kernel.paging import page_of_rows
from sandbox.azure.kernel.world import World

type Rows = Iterator[tuple[int, Resource]]

SUMMARY = ("location", "tags", "kind", "sku", "identity", "managedBy", "plan", "zones")
EXPANDED = {"createdtime": "createdTime", "changedtime": "changedTime"}


def resources(world: World, scope: ArmId, request: Request) -> Response:
    """A page of the tracked resources of a subscription or group, without properties (source: public ARM
    REST, Resources - List).

    A filter that names types reads resources of these types only; any other filter reads all.
    """
    wanted, show = parse(request.query.get("$filter", "")), _shown(world, request)

    def rows_after(number: int) -> Rows:
        if wanted is None or wanted.types is None:
            return _kept(world.store.tracked_after(number, scope), wanted)
        known = (world.types.get(one) for one in sorted(wanted.types))
        tracked = [one.name for one in known if one is not None and one.tracked]
        return _kept(world.store.typed_after(number, tracked, scope), wanted)

    return page_of_rows(request, rows_after, show)


def groups(world: World, scope: ArmId, request: Request) -> Response:
    """A page of the resource groups of a subscription; `$filter` on tagName and tagValue."""
    wanted = parse(request.query.get("$filter", ""))

    def rows_after(number: int) -> Rows:
        return _kept(world.store.typed_after(number, [GROUP_TYPE], scope), wanted)

    return page_of_rows(request, rows_after, world.show)


def of_type(world: World, type_name: str, owner: ArmId, request: Request, principal: str) -> Response:
    """A page of the resources of a type below a subscription, a group or a parent that the caller may
    read."""
    read = f"{type_name}/read"

    def rows_after(number: int) -> Rows:
        rows = world.store.typed_after(number, [type_name], owner)
        return (row for row in rows if world.check_access(principal, read, row[1].id.text))

    return page_of_rows(request, rows_after, world.show)


def summary(resource: Resource) -> Json:
    """The short form: id, name, type and the members of SUMMARY."""
    head: Json = {
        "id": resource.id.text,
        "name": "/".join(resource.id.names) or resource.name,
        "type": resource.type,
    }
    return head | {name: resource.body[name] for name in SUMMARY if resource.body.get(name) is not None}


def _shown(world: World, request: Request) -> Callable[[Resource], Json]:
    """The short form with what `$expand` asks for: createdTime, changedTime, provisioningState
    (docs/azure/clients.md, CLI-08). Raises ArmError 400 for anything else.
    """
    asked = [one.strip().lower() for one in request.query.get("$expand", "").split(",") if one.strip()]
    unknown = [one for one in asked if one not in (*EXPANDED, "provisioningstate")]
    if unknown:
        raise ArmError(
            400,
            "InvalidExpandQueryOption",
            f"The expand query parameter value '{','.join(unknown)}' is not valid.",
            cause="gateway",
        )

    def show(resource: Resource) -> Json:
        moments = {"createdTime": resource.created, "changedTime": resource.changed}
        times = {
            EXPANDED[one]: world.timestamp(at=moments[EXPANDED[one]]) for one in asked if one in EXPANDED
        }
        state = resource.state if "provisioningstate" in asked else None
        return summary(resource) | times | ({"provisioningState": state} if state else {})

    return show


def _kept(rows: Rows, wanted: Node | None) -> Rows:
    """The rows that pass the filter; all pass an empty one."""
    return (row for row in rows if wanted is None or wanted.test(row[1]))
