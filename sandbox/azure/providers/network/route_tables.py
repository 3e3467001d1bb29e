"""Route tables and their routes.

Sources: docs/azure/routes.md, RT-01 to RT-07.
"""

from __future__ import annotations

import ipaddress
import re

from sandbox.azure.kernel.ids import ArmId
from sandbox.azure.kernel.model import ArmError, Json, Resource, Response
from sandbox.azure.kernel.operations import OperationPlan
from sandbox.azure.kernel.provider import Call, Registry, ResourceType
from sandbox.azure.kernel.world import World
from sandbox.azure.providers.network.members import bare, bare_members, finish_member, replace_members
from sandbox.azure.providers.network.network_rules import parse_prefix

TYPE = "Microsoft.Network/routeTables"
ROUTES = "routes"
APPLIANCE = "VirtualAppliance"
NEXT_HOPS = {
    name.lower(): name for name in ("VnetLocal", "VirtualNetworkGateway", "Internet", APPLIANCE, "None")
}
SERVICE_TAG = re.compile(r"^[A-Za-z][A-Za-z0-9.]*$")
FIRST_WAIT = 2  # source: docs/azure/routes.md, RT-01, RT-02 and RT-04


def register(registry: Registry) -> None:
    """Add route tables and their routes."""
    registry.add(
        ResourceType(
            TYPE,
            put=put,
            delete=delete,
            show=show,
            check_delete=check_delete,
            tracked=True,
            group_delete_rank=90,
        ),
        ResourceType(f"{TYPE}/{ROUTES}", put=put_route, delete=delete_route),
    )


def put(call: Call) -> Response:
    """Create or replace a table with its routes (source: RT-01; that left-out routes go is assumed there)."""
    wanted = {
        call.id.child(ROUTES, str(one.get("name", ""))): _checked(one.get("properties") or {}, call.id)
        for one in call.properties.get(ROUTES) or []
    }
    before = _fingerprint(call.world, call.existing)
    table = call.world.save(call.id, _body(call))
    replace_members(call.world, table, ROUTES, wanted)
    changed = before != _fingerprint(call.world, table)
    table.state = "Updating" if changed else "Succeeded"
    operation = call.start_operation(
        OperationPlan(
            name="PutRouteTableOperation",
            duration=call.world.duration("routeTables/write", table.id) if changed else 0.0,
            first_wait=FIRST_WAIT,
            locks=(table.id,) if changed else (),
        )
    )
    return operation.answer(200 if call.existing else 201, call.world.show(table))


def delete(call: Call) -> Response:
    """Delete the table with its routes."""
    operation = call.start_operation(
        OperationPlan(
            name="DeleteRouteTableOperation",
            change="delete",
            duration=call.world.duration("routeTables/delete", call.id),
            first_wait=FIRST_WAIT,
            locks=(call.id,),
        )
    )
    return operation.answer(202)


def put_route(call: Call) -> Response:
    """Create or change one route; two at once race (source: RT-02 and RT-03)."""
    table = call.parent
    properties = _checked(call.properties, call.id)
    _refuse_while_written(call.world, table.id)
    unchanged = call.existing is not None and bare(call.existing.properties) == properties
    route = call.world.save(call.id, {"properties": {"provisioningState": "Updating"} | properties})
    route.state = "Succeeded" if unchanged else "Updating"
    operation = call.start_operation(
        OperationPlan(
            name="PutRouteOperation",
            duration=0.0 if unchanged else call.world.duration("routes/write", route.id),
            first_wait=FIRST_WAIT,
            region=table.location,
            locks=() if unchanged else (table.id,),
            complete=lambda: finish_member(call.world, route.id),
        )
    )
    return operation.answer(200 if call.existing else 201, call.world.show(route))


def delete_route(call: Call) -> Response:
    """Delete one route (source: RT-03 and RT-04)."""
    table = call.parent
    _refuse_while_written(call.world, table.id)

    def complete() -> None:
        call.world.remove(call.id)
        call.world.touch(table)

    operation = call.start_operation(
        OperationPlan(
            name="DeleteRouteOperation",
            change="delete",
            duration=call.world.duration("routes/delete", call.id),
            first_wait=FIRST_WAIT,
            region=table.location,
            locks=(table.id,),
            complete=complete,
        )
    )
    return operation.answer(202)


def check_delete(world: World, table: Resource) -> None:
    """Refuse while a subnet uses the table (source: RT-05)."""
    if users_of(world, table.id):
        text = f"Route table {table.name} is in use and cannot be deleted."
        raise ArmError(400, "InUseRouteTableCannotBeDeleted", text, details=[])


def users_of(world: World, table: ArmId) -> list[Resource]:
    """The subnets that a table is attached to."""
    return world.store.referring("route table", table.key)


def show(world: World, table: Resource) -> Json:
    """The table with its routes and the subnets that use it (source: RT-01 and RT-06)."""
    body = table.shown()
    body["properties"][ROUTES] = [world.show(one) for one in world.store.children(table.id, ROUTES)]
    users = users_of(world, table.id)
    if users:
        body["properties"]["subnets"] = [{"id": one.id.text} for one in users]
    return body


def _refuse_while_written(world: World, table: ArmId) -> None:
    """Another write to the table runs: this one passes or is refused, by the seed (source: RT-03).

    Raises 429 RetryableError.
    """
    lock = world.lock(table)
    if lock.holder is not None and world.rng.choice(("pass", "retry")) == "retry":
        raise lock.retry_later(lock.holder)


def _checked(given: Json, id: ArmId) -> Json:
    """A route's properties as they are stored and shown. Raises 400 for what RT-07 rules out.

    The codes are assumed (source: RT-07).
    """
    hop = NEXT_HOPS.get(str(given.get("nextHopType")).lower())
    if hop is None:
        raise _malformed(id, f"nextHopType '{given.get('nextHopType')}'")
    prefix = str(given.get("addressPrefix") or "")
    if not SERVICE_TAG.match(prefix):
        parse_prefix(prefix, id)
    route: Json = {"addressPrefix": prefix, "nextHopType": hop}
    address = given.get("nextHopIpAddress")
    if (hop == APPLIANCE) != bool(address) or (address and not _is_address(address)):
        raise _malformed(id, f"nextHopIpAddress '{address}' for {hop}")
    return route | ({"nextHopIpAddress": address} if address else {}) | {"hasBgpOverride": False}


def _is_address(text: object) -> bool:
    try:
        ipaddress.ip_address(str(text))
    except ValueError:
        return False
    return True


def _malformed(id: ArmId, what: str) -> ArmError:
    text = f"Cannot parse the request: {id.text} has {what}."
    return ArmError(400, "InvalidRequestFormat", text, details=[])


def _body(call: Call) -> Json:
    old = call.existing
    kept = old.properties.get("resourceGuid") if old else None
    body: Json = {"location": call.body.get("location") or (old.location if old else "")}
    if "tags" in call.body:
        body["tags"] = call.body["tags"] or {}
    return body | {
        "properties": {
            "provisioningState": "Updating",
            "resourceGuid": kept or call.world.new_guid(),
            "disableBgpRoutePropagation": bool(call.properties.get("disableBgpRoutePropagation")),
        }
    }


def _fingerprint(world: World, table: Resource | None) -> Json | None:
    """What a change of makes a PUT a long operation: everything but tags, etags and states."""
    if table is None:
        return None
    return bare(table.properties) | {ROUTES: bare_members(world, table.id, ROUTES)}
