"""Moving resources to another group or subscription, and the validation of such a move.

Sources: docs/azure/resource-manager.md, ARM-37 to ARM-42.
"""

from __future__ import annotations

from sandbox.azure.front import move_checks
from sandbox.azure.front.admission import refuse_moving
from sandbox.azure.front.move_checks import Move
from sandbox.azure.kernel import moving, refusals
from sandbox.azure.kernel.ids import GROUP_TYPE, ArmId
from sandbox.azure.kernel.manners import Style
from sandbox.azure.kernel.model import Resource, Response
from sandbox.azure.kernel.operations import OperationPlan
from sandbox.azure.kernel.provider import Call
from sandbox.azure.kernel.world import World

ACTIONS = {"moveresources": "moveResources", "validatemoveresources": "validateMoveResources"}
ENDPOINTS = "Microsoft.Network/privateEndpoints"


def answer(call: Call) -> Response:
    """Accept a move or its validation: 202, Location only, 204 at the end.

    Raises ArmError for what ARM itself refuses. What a service refuses is the end of the operation.
    """
    move = _read(call)
    validates = call.action == "validatemoveresources"
    for group in (move.source, move.target):
        refuse_moving(call.world, group)
        move_checks.refuse_read_only(call.world, group)
    operation = call.start_operation(
        OperationPlan(
            name=ACTIONS[call.action],
            change="action",
            action=ACTIONS[call.action],
            duration=call.world.duration(f"resourceGroups/{'validate' if validates else 'move'}", call.id),
            style=Style.MOVE,
            first_wait=15,
            locks=() if validates else (move.source, move.target),
            fail=move_checks.refusal(call.world, move),
            complete=None if validates else lambda: _complete(call.world, move),
            failed=lambda error: None,
        )
    )
    return operation.answer(202)


def _complete(world: World, move: Move) -> None:
    for resource in move.resources:
        if world.find(resource.id) is resource:
            moving.move(world, resource.id, move.new_id(resource))


def _read(call: Call) -> Move:
    listed, text = call.body.get("resources"), call.body.get("targetResourceGroup")
    if not isinstance(listed, list) or not listed or not isinstance(text, str):
        raise refusals.bad_body()
    target = _target(call, _parsed(text))
    named = [_named(call, _parsed(str(one))) for one in listed]
    found = dict.fromkeys([*named, *_interfaces(call.world, call.id, named)])
    return Move(call.id, target, tuple(found))


def _parsed(text: str) -> ArmId:
    try:
        return ArmId.parse(text)
    except ValueError:
        raise refusals.bad_body() from None


def _target(call: Call, id: ArmId) -> ArmId:
    """The group to move to. It has to exist, be another one, and the caller needs the right to write it."""
    if not id.is_type(GROUP_TYPE) or id == call.id:
        raise refusals.bad_body()
    call.world.authorize(call.principal, "Microsoft.Resources/subscriptions/resourceGroups/write", id.text)
    group = call.world.find(id)
    if group is None:
        raise refusals.no_group(id)
    if group.state == "Deleting":
        raise refusals.group_being_deleted(id)
    return group.id


def _named(call: Call, id: ArmId) -> Resource:
    if id.parent is not None:
        raise refusals.not_top_level(id)
    if not id.names or id.group_id != call.id:
        raise refusals.not_in_group(id, call.id)
    found = call.world.find(id)
    if found is None:
        raise refusals.no_resource(id)
    return found


def _interfaces(world: World, source: ArmId, named: list[Resource]) -> list[Resource]:
    """The interfaces of endpoints that are moved: they move along (assumed, ARM-41)."""
    endpoints = [one for one in named if one.id.is_type(ENDPOINTS)]
    found = [world.find(one.private.get("nic")) for one in endpoints]
    return [one for one in found if one is not None and one.id.group_id == source]
