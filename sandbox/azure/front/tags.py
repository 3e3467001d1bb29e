"""The Tags API and management locks, which are addressed below any scope.

Sources: public REST references (Tags - at scope; Management locks); docs/azure/resource-manager.md, ARM-16
and ARM-17; docs/azure/event-grid.md, EG-05 for the event of a tag write.
"""

from __future__ import annotations

from dataclasses import replace

from sandbox.azure.front import admission, policies
from sandbox.azure.kernel import management_locks, refusals
from sandbox.azure.kernel.changes import Change, ChangeKind
from sandbox.azure.kernel.ids import SUBSCRIPTION_TYPE, ArmId
from sandbox.azure.kernel.model import ArmError, Json, Request, Resource, Response
from sandbox.azure.kernel.provider import Call
from sandbox.azure.kernel.world import World


def handle_tags(call: Call) -> Response:
    """GET, PUT (replace), PATCH (Merge, Replace, Delete) and DELETE of `{scope}/providers/.../tags/default`.

    A write raises Microsoft.Resources/tags/write with the tagged resource as subject; a DELETE the same with
    .../delete, though the resource lives on (source: docs/azure/event-grid.md, EG-05). Policies judge it as a
    PATCH of the tags alone (docs/azure/resource-manager.md, ARM-57).
    """
    resource, method = call.stored, call.request.method
    if method == "GET":
        return Response(200, _shown(resource))
    admission.refuse_locked(call.world, resource.id, "delete" if method == "DELETE" else "write")
    wanted = _wanted(resource, call.request)
    admission.check_tags(wanted)
    judged = replace(call, request=replace(call.request, method="PATCH", body={"tags": wanted}))
    policies.apply(judged)
    resource.body["tags"] = judged.body["tags"]
    resource.changed = call.world.now
    _announce(call.world, resource.id, call.request, call.principal)
    return Response(200, None if method == "DELETE" else _shown(resource))


def _wanted(resource: Resource, request: Request) -> dict[str, str]:
    match request.method:
        case "PUT":
            return _given(request)
        case "PATCH":
            return _patched(resource, request)
        case "DELETE":
            return {}
    raise refusals.no_method(request.method)


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


def tagged(world: World, scope: ArmId) -> Resource:
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
    """PUT, GET, DELETE of a management lock (CanNotDelete, ReadOnly), and their list when `name` is empty.

    No lock is written while its group's resources move (docs/azure/resource-manager.md, ARM-38).
    """
    held = management_locks.held(world)
    here = held.get(scope.key, {})
    if request.method != "GET":
        admission.refuse_moving(world, scope)
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
            here = held.setdefault(scope.key, {})
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
