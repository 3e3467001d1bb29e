"""The Tags API and management locks, which are addressed below any scope.

Sources: public REST references (Tags - at scope; Management locks); docs/azure/resource-manager.md, ARM-16
and ARM-17; docs/azure/event-grid.md, EG-05 for the event of a tag write.
"""

from __future__ import annotations

from sandbox.azure.front import admission
from sandbox.azure.kernel import refusals
from sandbox.azure.kernel.changes import Change, ChangeKind
from sandbox.azure.kernel.ids import SUBSCRIPTION_TYPE, ArmId
from sandbox.azure.kernel.model import ArmError, Json, Request, Resource, Response
from sandbox.azure.kernel.world import World


def handle_tags(world: World, scope: ArmId, request: Request, principal: str) -> Response:
    """GET, PUT (replace), PATCH (Merge, Replace, Delete) and DELETE of `{scope}/providers/.../tags/default`.

    A write raises Microsoft.Resources/tags/write with the tagged resource as subject; a DELETE the same with
    .../delete, though the resource lives on (source: docs/azure/event-grid.md, EG-05).
    """
    resource = _tagged(world, scope)
    if request.method == "GET":
        return Response(200, _shown(resource))
    admission.refuse_locked(world, resource.id, "delete" if request.method == "DELETE" else "write")
    match request.method:
        case "PUT":
            resource.body["tags"] = _given(request)
        case "PATCH":
            resource.body["tags"] = _patched(resource, request)
        case "DELETE":
            resource.body["tags"] = {}
        case _:
            raise refusals.no_method(request.method)
    admission.check_tags(resource.tags)
    _announce(world, resource.id, request, principal)
    return Response(200, None if request.method == "DELETE" else _shown(resource))


def _announce(world: World, id: ArmId, request: Request, principal: str) -> None:
    kind: ChangeKind = "delete" if request.method == "DELETE" else "write"
    world.emit(
        Change(
            id.text,
            f"Microsoft.Resources/tags/{kind}",
            kind,
            "Success",
            principal,
            request,
            world.wall(),
            scope=f"{id.text}/providers/Microsoft.Resources/tags/default",
        )
    )


def _tagged(world: World, scope: ArmId) -> Resource:
    resource = world.find(scope)
    if scope.is_type(SUBSCRIPTION_TYPE):
        known: dict[str, Resource] = world.memory.setdefault("subscription_tags", {})
        resource = known.setdefault(scope.key, Resource(scope, {}))
    if resource is None:
        raise refusals.no_resource(scope) if scope.names else refusals.no_group(scope)
    return resource


def _given(request: Request) -> dict[str, str]:
    body = request.body if isinstance(request.body, dict) else {}
    tags = (body.get("properties") or {}).get("tags")
    admission.check_tags(tags)
    return dict(tags or {})


def _patched(resource: Resource, request: Request) -> dict[str, str]:
    operation = str((request.body or {}).get("operation", "")).lower()
    given, now = _given(request), dict(resource.tags)
    match operation:
        case "merge":
            lowered = {name.lower(): name for name in now}
            for name, value in given.items():
                now[lowered.get(name.lower(), name)] = value
            return now
        case "replace":
            return given
        case "delete":
            gone = {name.lower() for name in given}
            return {name: value for name, value in now.items() if name.lower() not in gone}
    raise ArmError(400, "InvalidTagsOperation", f"The operation '{operation}' is not valid.", cause="gateway")


def _shown(resource: Resource) -> Json:
    return {
        "id": f"{resource.id.text}/providers/Microsoft.Resources/tags/default",
        "name": "default",
        "type": "Microsoft.Resources/tags",
        "properties": {"tags": dict(resource.tags)},
    }


def handle_locks(world: World, scope: ArmId, name: str, request: Request) -> Response:
    """PUT, GET, DELETE of a management lock (CanNotDelete, ReadOnly), and their list when `name` is empty."""
    held: dict[str, dict[str, Json]] = world.memory.setdefault("locks", {})
    here = held.setdefault(scope.key, {})
    match request.method:
        case "GET" if not name:
            return Response(200, {"value": [_lock_shown(lock) for lock in _at_or_below(held, scope)]})
        case "GET" if name.lower() in here:
            return Response(200, _lock_shown(here[name.lower()]))
        case "GET":
            raise ArmError(404, "LockNotFound", f"The lock '{name}' could not be found.", cause="gateway")
        case "PUT":
            level = ((request.body or {}).get("properties") or {}).get("level")
            if level not in ("CanNotDelete", "ReadOnly"):
                raise ArmError(
                    400, "InvalidLockLevel", f"The lock level '{level}' is invalid.", cause="gateway"
                )
            existed = name.lower() in here
            here[name.lower()] = {
                "name": name,
                "id": f"{scope.text}/providers/Microsoft.Authorization/locks/{name}",
                "type": "Microsoft.Authorization/locks",
                "properties": dict(request.body["properties"]),
                "private_scope": scope.text,
            }
            return Response(200 if existed else 201, _lock_shown(here[name.lower()]))
        case "DELETE":
            return Response(200 if here.pop(name.lower(), None) else 204)
    raise refusals.no_method(request.method)


def _at_or_below(held: dict[str, dict[str, Json]], scope: ArmId) -> list[Json]:
    """Locks of a scope and of everything in it (source: docs/azure/resource-manager.md, ARM-17)."""
    inside = f"{scope.key}/"
    return [
        lock for where, locks in held.items() if f"{where}/".startswith(inside) for lock in locks.values()
    ]


def _lock_shown(lock: Json) -> Json:
    return {name: value for name, value in lock.items() if name != "private_scope"}
