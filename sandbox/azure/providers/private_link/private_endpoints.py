"""Private endpoints: how they are created, change, fail and are deleted.

Checks of the request are in endpoint_checks.py, later failures in endpoint_clashes.py, the target's side in
connections.py, names in zone_groups.py. Sources: docs/azure/private-endpoints.md, PE-03 to PE-16,
PE-25 and PE-28.
"""

from __future__ import annotations

from copy import deepcopy

from sandbox.azure.kernel.ids import ArmId
from sandbox.azure.kernel.model import ArmError, Json, Resource, Response
from sandbox.azure.kernel.operations import Operation, OperationPlan
from sandbox.azure.kernel.provider import Call, Registry, ResourceType
from sandbox.azure.kernel.world import World
from sandbox.azure.providers.network import (
    addresses,
    application_groups,
    subnets,
)
from sandbox.azure.providers.private_link import (
    connections,
    dialects,
    endpoint_checks,
    endpoint_clashes,
    endpoint_view,
    network_interfaces,
    zone_groups,
)
from sandbox.azure.providers.private_link.endpoint_checks import Wanted, place
from sandbox.azure.providers.private_link.endpoint_view import TYPE

EXTRA_AFTER_TARGET = (2.0, 4.0)


def register(registry: Registry) -> None:
    """Add private endpoints, their zone groups and network interfaces."""
    registry.add(
        ResourceType(
            TYPE,
            put=put,
            delete=delete,
            show=show,
            removed=removed,
            check_removal=check_removal,
            tracked=True,
            group_delete_rank=10,
        )
    )
    zone_groups.register(registry)
    network_interfaces.register(registry)


def put(call: Call) -> Response:
    """Create, change, or restart an endpoint.

    New: 201 Updating, after seconds without an answer. Same body: 200 Succeeded at once, tags replaced. Other
    addresses or application security groups: 200 Updating, about 32 s. A Failed endpoint starts again.
    """
    wanted = endpoint_checks.check(call)
    existing = call.existing
    if existing is None:
        return _create(call, wanted)
    holder = call.world.lock(existing.id).holder
    if holder is not None:
        raise call.world.lock(existing.id).retry_later(holder)
    endpoint_checks.refuse_change(existing, wanted)
    _take_tags(call, existing)
    if existing.state == "Failed" or wanted.shape != existing.private["shape"]:
        return _change(call, wanted, existing)
    call.world.touch(existing)
    operation = call.start_operation(
        OperationPlan(
            name="PutPrivateEndpointOperation",
            duration=0.0,
            complete=lambda: None,
        )
    )
    return operation.answer(200, call.world.show(existing))


def _create(call: Call, wanted: Wanted) -> Response:
    world = call.world
    held = _held_back(call, wanted.target)
    endpoint = world.save(call.id, _body(call, wanted), {"members": [], "connected": False})
    endpoint.private["target"] = wanted.target.id.text if wanted.target else wanted.target_text
    world.store.refer(endpoint.id, "target", [endpoint.private["target"]])
    _take_addresses(world, endpoint, wanted)
    total = max(world.duration("privateEndpoints/write", call.id), held + 1.0 if not world.instant else 0.0)
    operation = _start(call, endpoint, wanted, total, held)
    return operation.answer(201, world.show(endpoint))


def _change(call: Call, wanted: Wanted, endpoint: Resource) -> Response:
    """New addresses, other security groups, or another try after a failure."""
    world = call.world
    failed = endpoint.state == "Failed"
    status = "" if failed else endpoint_view.state(endpoint)["status"]
    endpoint.properties.pop("applicationSecurityGroups", None)
    endpoint.body["properties"] |= _given(call, wanted, status)
    _give_back(world, endpoint)
    _take_addresses(world, endpoint, wanted)
    endpoint.state = "Updating"
    world.touch(endpoint)
    kind = "privateEndpoints/write" if failed else "privateEndpoints/update"
    operation = _start(call, endpoint, wanted, world.duration(kind, call.id), 0.0)
    return operation.answer(200, world.show(endpoint))


def _held_back(call: Call, target: Resource | None) -> float:
    """Seconds before the 201: longer while the target itself is in creation (source:
    docs/azure/private-endpoints.md, PE-28)."""
    held = call.world.duration("privateEndpoints/blocked", call.id)
    making = call.world.running(target.id) if target is not None else None
    if making is None or making.change != "write":
        return held
    return max(held, making.due - call.world.now + call.world.rng.uniform(*EXTRA_AFTER_TARGET))


def _start(call: Call, endpoint: Resource, wanted: Wanted, seconds: float, held: float) -> Operation:
    """Begin the operation. Subnet and target show the endpoint with the 201, not before
    (docs/azure/private-endpoints.md, PE-28).
    """
    world, began = call.world, call.world.now
    endpoint.private["shape"] = wanted.shape
    named = [str(one["id"]) for one in endpoint.properties.get("applicationSecurityGroups") or []]
    application_groups.note(world, endpoint.id, named)
    network = wanted.subnet.id.parent
    clash = endpoint_clashes.with_target(call, wanted.target)

    def appear() -> None:
        if world.find(endpoint.id) is not endpoint:
            return
        subnets.add_endpoint(wanted.subnet, endpoint.id)
        for one in endpoint_view.members(endpoint):
            holder = f"{endpoint.private['nic']}/ipConfigurations/{one['config']}"
            addresses.taken(wanted.subnet)[one["address"]] = holder
        if wanted.target is not None and clash is None and world.find(wanted.target.id) is wanted.target:
            connections.open_connection(world, endpoint, wanted.target, wanted.groups)

    world.at(held, appear) if held else appear()

    def complete() -> None:
        trouble = (
            clash
            or endpoint_clashes.gone(world, wanted.target)
            or endpoint_clashes.with_network(world, network, began, endpoint)
        )
        if trouble is not None:
            raise trouble
        _finish(world, endpoint, wanted.target)

    def failed(error: ArmError) -> None:
        world.fail(endpoint.id)
        connections.close_connection(world, endpoint)

    locks = (endpoint.id,) if wanted.target is None else (endpoint.id, wanted.target.id)
    return call.start_operation(
        OperationPlan(
            name="PutPrivateEndpointOperation",
            duration=seconds,
            blocked=held,
            locks=locks,
            complete=complete,
            failed=failed,
        )
    )


def _finish(world: World, endpoint: Resource, target: Resource | None) -> None:
    """Set Succeeded. The connection gets the provider's own description; an approved one's names apply."""
    state = endpoint_view.state(endpoint)
    if state["status"] == "Approved":
        endpoint.private["connected"] = True
        if target is not None and not endpoint_view.is_manual(endpoint):
            state["description"] = dialects.dialect(target.type).approved or ""
    elif target is not None and state["status"] == "Pending":
        way = dialects.dialect(target.type)
        state |= {"description": way.pending or "", "actionsRequired": way.pending_actions}
    world.succeed(endpoint.id)
    zone_groups.refresh(world, endpoint)


def delete(call: Call) -> Response:
    """Delete: 202, 11 to 21 s. While an operation works on it: 429 RetryableError with Retry-After.

    While a decision is applied, the same seconds were recorded with both answers (PE-15): the seed decides.
    """
    lock = call.world.lock(call.id)
    holder = lock.holder
    if holder is not None and not (holder.name == dialects.APPLYING and lock.passes()):
        raise lock.retry_later(holder)
    call.stored.state = "Deleting"
    operation = call.start_operation(
        OperationPlan(
            name="DeletePrivateEndpointOperation",
            change="delete",
            duration=call.world.duration("privateEndpoints/delete", call.id),
            locks=(call.id,),
        )
    )
    return operation.answer(202)


def check_removal(world: World, endpoint: Resource) -> None:
    """Raise what the deletion ends in when the target or something above it is locked: the network service
    deletes its half of the connection there (docs/azure/private-endpoints.md, PE-50).
    """
    target = world.find(endpoint.private.get("target"))
    if target is not None and endpoint.private.get("connection"):
        endpoint_checks.refuse_locked(world, endpoint.id, target.id, "delete")


def removed(world: World, endpoint: Resource) -> None:
    """Remove the connection, interface and addresses of a deleted endpoint."""
    connections.close_connection(world, endpoint)
    _give_back(world, endpoint)
    subnets.drop_endpoint(world.find(endpoint.properties["subnet"]["id"]), endpoint.id)


def show(world: World, endpoint: Resource) -> Json:
    """The endpoint. `customDnsConfigs` holds its public names.

    It is empty unless the connection is approved and applied, and while the endpoint has a zone group.
    """
    body = endpoint.shown()
    properties = body["properties"]
    for member in endpoint_view.LISTS:
        for one in properties[member]:
            one |= {"id": f"{endpoint.id.text}/{member}/{one['name']}", "etag": endpoint.etag}
            one["type"] = f"{TYPE}/{member}"
    for one in properties["ipConfigurations"]:
        one |= {"id": f"{endpoint.id.text}/ipConfigurations/{one['name']}", "etag": endpoint.etag}
        one["type"] = f"{TYPE}/ipConfigurations"
    properties["networkInterfaces"] = [{"id": endpoint.private["nic"]}]
    found: dict[str, list[str]] = {}
    if not zone_groups.attached(world, endpoint):
        for answer in endpoint_view.answers(endpoint):
            found.setdefault(answer.name.fqdn, []).append(answer.address)
    properties["customDnsConfigs"] = [{"fqdn": name, "ipAddresses": ips} for name, ips in found.items()]
    return body


def _body(call: Call, wanted: Wanted) -> Json:
    body: Json = {"location": call.body.get("location")}
    if call.body.get("extendedLocation"):
        body["extendedLocation"] = call.body["extendedLocation"]
    if "tags" in call.body:
        body["tags"] = call.body["tags"]
    properties: Json = {"provisioningState": "Updating", "resourceGuid": call.world.new_guid()}
    return body | {"properties": properties | _given(call, wanted) | {"ipVersionType": "IPv4"}}


def _given(call: Call, wanted: Wanted, status: str = "") -> Json:
    """The members that a PUT replaces, with the state of the connection."""
    status = status or ("Pending" if wanted.manual else "Approved")
    entry: Json = {"name": wanted.entry, "properties": {"provisioningState": "Succeeded"}}
    entry["properties"]["privateLinkServiceId"] = wanted.target_text
    if wanted.groups:
        entry["properties"]["groupIds"] = wanted.sent
    if wanted.message:
        entry["properties"]["requestMessage"] = wanted.message
    entry["properties"]["privateLinkServiceConnectionState"] = {
        "status": status,
        "description": "Awaiting Approval" if status == "Pending" else "Auto Approved",
        "actionsRequired": "None",
    }
    lists = dict.fromkeys(endpoint_view.LISTS, ()) | {endpoint_view.LISTS[wanted.manual]: (entry,)}
    properties: Json = {name: list(value) for name, value in lists.items()}
    properties["customNetworkInterfaceName"] = wanted.nic_name
    properties["subnet"] = {"id": wanted.subnet.id.text}
    properties["ipConfigurations"] = [
        {"name": one["name"], "properties": {"provisioningState": "Succeeded"} | one["properties"]}
        for one in deepcopy(wanted.static)
    ]
    asgs = call.properties.get("applicationSecurityGroups")
    return properties | ({"applicationSecurityGroups": asgs} if asgs else {})


def _take_tags(call: Call, endpoint: Resource) -> None:
    if "tags" in call.body:
        endpoint.body["tags"] = call.body["tags"]
    else:
        endpoint.body.pop("tags", None)


def _take_addresses(world: World, endpoint: Resource, wanted: Wanted) -> None:
    """Take one address per required member: the body's, else the lowest free.

    The subnet shows their holders with the 201.
    """
    nic = (
        ArmId.parse(endpoint.private["nic"])
        if "nic" in endpoint.private
        else _nic_id(world, endpoint, wanted)
    )
    endpoint.private["nic"] = nic.text
    members = [
        {"group": group, "member": one.name, "names": [[n.record, n.suffix, n.zone] for n in one.names]}
        for group, one in wanted.members
    ]
    members += [dict(zip(("group", "member"), place(one), strict=True), names=[]) for one in wanted.surplus]
    asked = {place(one): one["properties"]["privateIPAddress"] for one in wanted.static}
    for member in sorted(members, key=lambda one: (one["group"], one["member"]) not in asked):
        member["config"] = f"privateEndpointIpConfig.{world.new_guid()}"
        address = asked.get((member["group"], member["member"]))
        member["address"] = addresses.take(wanted.subnet, "", address)
    endpoint_view.put_members(world, endpoint, members)
    network_interfaces.for_endpoint(world, endpoint, nic, wanted.subnet)


def _give_back(world: World, endpoint: Resource) -> None:
    nic = endpoint.private.get("nic")
    if nic is not None and world.find(nic) is not None:
        world.remove(ArmId.parse(nic))
    endpoint_view.put_members(world, endpoint, [])


def _nic_id(world: World, endpoint: Resource, wanted: Wanted) -> ArmId:
    name = wanted.nic_name or f"{endpoint.name}.nic.{world.new_guid()}"
    return ArmId(endpoint.id.subscription, endpoint.id.group, network_interfaces.TYPE, (name,))
