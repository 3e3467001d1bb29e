"""What ARM checks before a write reaches its service, the same for all types.

The gateway has checked rights and existence before (dispatch.py).
"""

from __future__ import annotations

import re

from sandbox.azure.front import policies
from sandbox.azure.kernel import management_locks, refusals
from sandbox.azure.kernel.ids import GROUP_TYPE, ArmId
from sandbox.azure.kernel.provider import Call
from sandbox.azure.kernel.regions import normal, same_place
from sandbox.azure.kernel.world import World

MAX_TAGS, MAX_TAG_NAME, MAX_TAG_VALUE = 50, 512, 256  # source: docs/azure/resource-manager.md, ARM-16
RESERVED_IN_TAG_NAMES = re.compile(r"[<>%&\\?/\x00-\x1f]")


def admit(call: Call) -> None:
    """Refuse a PUT, PATCH, POST or DELETE that ARM itself refuses. Raises ArmError."""
    world, method = call.world, call.request.method
    verb = {"DELETE": "delete", "POST": "action"}.get(method, "write")
    refuse_locked(world, call.id, verb)
    if method in ("PUT", "PATCH"):
        if not isinstance(call.request.body, dict):
            raise refusals.bad_body()
        check_tags(call.body.get("tags"))
    if method == "PUT":
        _check_scope(call)
    if method in ("PUT", "PATCH"):
        policies.apply(call)
    if method == "PUT" and call.type.tracked:
        _check_location(call)


def _check_scope(call: Call) -> None:
    """Refuse a PUT into a group that is being deleted, and one of an unregistered namespace."""
    world = call.world
    group = world.find(call.id.group_id)
    if group is not None and group.state == "Deleting" and not call.id.is_type(GROUP_TYPE):
        raise refusals.group_being_deleted(call.id)
    if call.id.names:
        _refuse_unregistered(world, call.id)


def check_tags(tags: object) -> None:
    """Raise 400 for tags that ARM does not accept (source: Microsoft Learn, tag limitations)."""
    if tags is None:
        return
    if not isinstance(tags, dict):
        raise refusals.bad_body()
    if len(tags) > MAX_TAGS:
        raise refusals.bad_tags(f"A resource can have at most {MAX_TAGS} tags.")
    for name, value in tags.items():
        if RESERVED_IN_TAG_NAMES.search(str(name)):
            raise refusals.bad_tags(
                "The tag names have reserved characters '<,>,%,&,\\,?,/' or control characters."
            )
        if len(str(name)) > MAX_TAG_NAME or len(str(value)) > MAX_TAG_VALUE:
            raise refusals.bad_tags(
                f"A tag name has at most {MAX_TAG_NAME} and a value at most {MAX_TAG_VALUE} long."
            )


def refuse_locked(world: World, id: ArmId, verb: str) -> None:
    """Raise 409 when a management lock on the resource, above it or, for a deletion, below it forbids this,
    or a running move.
    """
    if verb != "action":
        refuse_moving(world, id)
    locked = management_locks.blocking(world, id, verb)
    if locked:
        raise refusals.scope_locked(id, verb, locked)


def refuse_moving(world: World, id: ArmId) -> None:
    """Raise 409 ResourcesBeingMoved while a move holds the group (docs/azure/resource-manager.md, ARM-38)."""
    if id.group and world.lock(id.group_id).holder is not None:
        raise refusals.being_moved(id)


def _refuse_unregistered(world: World, id: ArmId) -> None:
    unregistered = world.subscriptions.get(id.subscription.lower(), {}).get("unregistered", [])
    if id.namespace.lower() in unregistered:
        raise refusals.not_registered(id.namespace)


def _check_location(call: Call) -> None:
    wanted, existing = call.body.get("location"), call.existing
    if existing is None and not wanted:
        raise refusals.no_location()
    if existing is not None and wanted and not same_place(existing, str(wanted)):
        raise refusals.moved(existing.id, existing.location, normal(str(wanted)))
