"""How a long operation begins, ends by itself, and is canceled."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace

from sandbox.azure.kernel.changes import Outcome
from sandbox.azure.kernel.ids import ArmId
from sandbox.azure.kernel.manners import MANNERS, Style
from sandbox.azure.kernel.model import ArmError, Json, Request
from sandbox.azure.kernel.operations import Operation, OperationPlan
from sandbox.azure.kernel.world import World


def start(world: World, plan: OperationPlan, resource: ArmId, request: Request, principal: str) -> Operation:
    """Begin an operation on `resource` for a request. Its end makes the Event Grid event.

    The operation ends when `plan.duration` has passed, whether or not a client polls it; at once for 0.
    """
    operation = Operation(
        plan=_completed(world, plan, resource),
        id=_operation_id(world, plan),
        token=_token(world),
        resource=resource,
        request=request,
        principal=principal,
        started=world.now,
        started_text=world.timestamp(3),
    )
    _begin(world, operation)
    return operation


def _operation_id(world: World, plan: OperationPlan) -> str:
    guid = world.new_guid()
    if plan.style is Style.DNS_RESOLVER:
        said = json.dumps({"OperationType": plan.name, "OperationId": guid}, separators=(",", ":"))
        return b64encode(said.encode()).decode()
    return MANNERS[plan.style].prefix + guid


def cancel(world: World, operation: Operation, by: Operation) -> None:
    """End a running operation as Canceled because another took over; it completes nothing.

    Source: docs/azure/long-running-operations.md, LRO-20.
    """
    detail = {
        "code": "CanceledAndSupersededDueToAnotherOperation",
        "message": f"Operation {operation.name} ({operation.id}) was canceled and superseded by "
        f"operation {by.name} ({by.id}).",
    }
    operation.status = "Canceled"
    operation.ended = world.now
    operation.error = ArmError(409, "Canceled", "Operation was canceled.", details=[detail])
    operation.superseded_by = by.headers().get("Azure-AsyncOperation")
    _announce(world, operation, "Cancel")


def _completed(world: World, plan: OperationPlan, resource: ArmId) -> OperationPlan:
    """The plan with the defaults that depend on the resource."""
    return replace(
        plan,
        region=plan.region or _region(world, resource),
        blocked=0.0 if world.instant else min(plan.blocked, plan.duration),
        complete=plan.complete or _default_completion(world, plan, resource),
        failed=plan.failed or (lambda error: world.fail(resource)),
        result=plan.result or _default_result(world, plan, resource),
    )


def _region(world: World, id: ArmId) -> str:
    for candidate in (id, id.root):
        resource = world.find(candidate)
        if resource is not None and resource.location:
            return resource.location
    return ""


def _default_completion(world: World, plan: OperationPlan, id: ArmId) -> Callable[[], None] | None:
    match plan.change:
        case "write":
            return lambda: world.succeed(id)
        case "delete":
            return lambda: _remove(world, id)
        case _:
            return None


def _remove(world: World, id: ArmId) -> None:
    """Delete a resource, or raise what keeps it from being deleted."""
    resource, known = world.find(id), world.types.get(id.type)
    if resource is not None and known is not None and known.check_removal is not None:
        known.check_removal(world, resource)
    world.remove(id)


def _default_result(world: World, plan: OperationPlan, id: ArmId) -> Callable[[], Json | None] | None:
    if plan.change != "write":
        return None

    def shown() -> Json | None:
        resource = world.find(id)
        return world.show(resource) if resource else None

    return shown


def _token(world: World) -> str:
    """About 2 KB of signature-like parameters, as polling URLs carry (source:
    docs/azure/long-running-operations.md, LRO-05).
    """
    ticks = 621355968000000000 + int(world.wall().timestamp() * 10_000_000)
    certificate, signature, check = (
        f"{world.rng.getrandbits(4 * size):0{size}x}" for size in (1200, 600, 40)
    )
    return f"t={ticks}&c={certificate}&s={signature}&h={check}"


def _begin(world: World, operation: Operation) -> None:
    if operation.change == "delete":
        _mark_deleting(world, operation.resource)
    world.operations.append(operation)
    if operation.plan.duration <= 0:
        _end(world, operation)
        return
    for id in operation.plan.locks:
        world.lock(id).hold(operation)
    world.at(operation.plan.duration, lambda: _end(world, operation))


def _mark_deleting(world: World, id: ArmId) -> None:
    """While a delete runs, a resource that has a provisioningState shows Deleting."""
    resource = world.find(id)
    if resource is not None and resource.state is not None:
        resource.state = "Deleting"


def _end(world: World, operation: Operation) -> None:
    if not operation.running:
        return
    operation.ended = operation.due
    try:
        _complete(operation.plan)
        operation.status = "Succeeded"
    except ArmError as error:
        operation.status, operation.error = "Failed", error
        if operation.plan.failed is not None:
            operation.plan.failed(error)
    _announce(world, operation, "Success" if operation.status == "Succeeded" else "Failure")


def _complete(plan: OperationPlan) -> None:
    """Do what the operation does at its end. Raises the ArmError that it ends in."""
    if plan.fail is not None:
        raise plan.fail
    if plan.complete is not None:
        plan.complete()


def _announce(world: World, operation: Operation, outcome: Outcome) -> None:
    kind, action = operation.change, operation.plan.action
    world.announce(operation.resource, kind, outcome, operation.request, operation.principal, action)
