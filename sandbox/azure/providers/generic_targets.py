"""Every type that supports private endpoints and has no module of its own, as link_services.py lists them.

How each is created and what its provider adds is a row of `services/table.py`. Types without a row are
created at once; their bodies are kept as given. Sources: docs/azure/long-running-operations.md, LRO-16 and
LRO-18; docs/azure/targets.md, TGT-01.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy

from sandbox.azure.kernel.manners import RESULT, Style
from sandbox.azure.kernel.model import ArmError, Json, Resource, Response
from sandbox.azure.kernel.operations import Operation, OperationPlan
from sandbox.azure.kernel.provider import Call, Registry, ResourceType
from sandbox.azure.kernel.regions import normal
from sandbox.azure.kernel.world import World
from sandbox.azure.providers.private_link import link_services, targets
from sandbox.azure.providers.services import soft_delete, table
from sandbox.azure.providers.services.making import Making

OWN_MODULES = ("microsoft.storage/storageaccounts", "microsoft.sql/servers", "microsoft.keyvault/vaults")
TOP_LEVEL = ("sku", "kind", "identity", "plan", "zones", "extendedLocation", "managedBy")


def register(registry: Registry) -> None:
    """Add the table's types that have no module of their own, and types whose groups are not in a table."""
    own_groups = (link_services.PRIVATE_LINK_SERVICE, link_services.APPLICATION_GATEWAY)
    for name in [*link_services.types(), *own_groups]:
        if name.lower() in OWN_MODULES:
            continue
        registry.add(
            ResourceType(
                name,
                put=put,
                patch=patch,
                delete=delete,
                show=show,
                tracked=True,
                removed=soft_delete.keep if name.lower() in soft_delete.BY_TYPE else None,
                not_found=_no_disk_access if name == "Microsoft.Compute/diskAccesses" else None,
                etag=table.of(name).etag,
                actions=table.of(name).actions,
            )
        )
        targets.register_children(registry, name)
    for kind in soft_delete.KINDS:
        registry.add(ResourceType(kind.listed_as, list=soft_delete.list_deleted, etag="none"))


def _no_disk_access(call: Call) -> ArmError:
    """The provider's own 404 (docs/azure/targets.md, TGT-27)."""
    return ArmError(404, "NotFound", f"DiskAccess object {call.id.name} not found.")


def put(call: Call) -> Response:
    """Create or replace. What only the resource itself reports is there at once when it exists already."""
    making = table.of(call.type.key)
    if making.taken is not None:
        targets.refuse_taken(call, making.taken.code, making.taken.text, making.taken.envelope)
    soft_delete.admit(call)
    resource = call.world.save(call.id, _body(call, making))
    if call.existing and making.updating:
        return _updated(call, making, resource)
    if making.duration and not (call.existing and making.style is Style.PLAIN):
        return _slowly(call, making, resource)
    return Response(200 if call.existing else making.status, call.world.show(resource))


def _updated(call: Call, making: Making, resource: Resource) -> Response:
    """Answer an update with 200; only the resource's own state shows that it goes on."""
    resource.state = making.updating
    resource.properties.update(making.meanwhile)
    operation = call.start_operation(
        OperationPlan(
            name=f"Update{call.type.name.rsplit('/', 1)[1]}",
            style=Style.PLAIN,
            duration=call.world.duration(making.duration, call.id),
            complete=_completion(call, making, resource),
        )
    )
    return operation.answer(200, call.world.show(resource))


def _completion(call: Call, making: Making, resource: Resource) -> Callable[[], None]:
    """What happens at the end of a write: the resource shows it, unless it was deleted meanwhile."""
    world = call.world

    def complete() -> None:
        if world.find(call.id) is not resource:
            return
        resource.properties.update(making.done)
        world.touch(resource) if making.stateless else world.succeed(call.id)

    return complete


def _slowly(call: Call, making: Making, resource: Resource) -> Response:
    """Accept, and report the end in the provider's manner."""
    world, new = call.world, call.existing is None
    if not making.stateless:
        resource.state = making.state
    resource.properties.update(making.meanwhile)

    operation = call.start_operation(
        OperationPlan(
            name=making.name or f"Put{call.type.name.rsplit('/', 1)[1]}",
            duration=world.duration(making.duration, call.id),
            locks=(call.id,),
            style=making.style,
            first_wait=making.wait or 10.0,
            complete=_completion(call, making, resource),
        )
    )
    fresh = new or making.status == 202
    shown = making.early(world.show(resource)) if fresh else world.show(resource)
    named = making.bare or bool(making.name)
    response = operation.answer(making.status if fresh else 200, None if named else shown)
    return _as_other_provider(call, response, operation, making.wait)


def _as_other_provider(
    call: Call, response: Response, operation: Operation, wait: float | None = None
) -> Response:
    """Change an answer of the network's style to that of other providers: no notification header, a wait of
    their own or none, Location beside Azure-AsyncOperation whenever the status is 202
    (docs/azure/long-running-operations.md, LRO-16).
    """
    if call.id.namespace == "Microsoft.Network":
        return response
    response.retry_after = wait if operation.running else None
    if response.headers.pop("Azure-AsyncNotification", None) and response.status == 202:
        response.headers[RESULT] = operation.headers(deleting=True)[RESULT]
    return response


def patch(call: Call) -> Response:
    """Change the members given: 200 at once."""
    making = table.of(call.type.key)
    body = targets.patched(call)
    body["properties"] |= making.properties(call, Resource(call.id, body))
    for name in making.unset:
        body["properties"].pop(name, None)
    resource = call.world.save(call.id, body)
    if making.name:
        return _slowly(call, making, resource)
    return _updated(call, making, resource) if making.updating else Response(200, call.world.show(resource))


def delete(call: Call) -> Response:
    """Delete: 200 at once, or 202 where the provider's deletion is an operation."""
    making = table.of(call.type.key)
    if making.deleting is None:
        call.world.remove(call.id)
        return Response(200)
    operation = call.start_operation(
        OperationPlan(
            name=making.dropped or f"Delete{call.type.name.rsplit('/', 1)[1]}",
            change="delete",
            duration=call.world.duration("targets/delete", call.id),
            style=making.deleting,
        )
    )
    enqueued: Json | None = {"status": "Enqueued"} if making.deleting is Style.COSMOS else None
    return _as_other_provider(call, operation.answer(202, enqueued), operation)


def show(world: World, target: Resource) -> Json:
    """The resource with its connections."""
    making = table.of(target.type)
    body = targets.with_connections(world, target)
    if making.etag == "stamp":
        body.pop("etag", None)
    return body | ({"type": making.shown_type} if making.shown_type else {})


def _body(call: Call, making: Making) -> Json:
    """The request's members, with what the provider adds: defaults first, then what follows from the rest."""
    body = targets.given(call, *TOP_LEVEL)
    body["location"] = normal(
        str(call.body.get("location") or (call.existing.location if call.existing else ""))
    )
    if call.body.get("tags") is not None:
        body["tags"] = deepcopy(call.body["tags"])
    asked = targets.without_connections(call.properties)
    state = {} if making.stateless else {"provisioningState": "Succeeded"}
    body["properties"] = state | deepcopy(making.defaults) | asked
    for name in making.unset:
        body["properties"].pop(name, None)
    body |= making.head(call, Resource(call.id, body))
    body["properties"] |= making.properties(call, Resource(call.id, body))
    return body
