"""privateEndpointConnections: the target's side of each private endpoint, in each provider's own words.

Endpoints open and close connections here; whoever owns the target approves, rejects or deletes them, and the
endpoint follows. Source: facts/arm-facts.md section 8 and the recordings pec_* and pe_*.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from sandbox.azure import endpoint_view, zone_groups
from sandbox.azure.ids import ArmId
from sandbox.azure.model import ArmError, Json, Resource, Response
from sandbox.azure.operations import Operation, Style
from sandbox.azure.provider import Call, Registry, ResourceType
from sandbox.azure.world import World

KIND = "privateEndpointConnections"
STYLES = {
    "sql": Style.SQL,
    "vault": Style.PLAIN,
    "cosmos": Style.COSMOS,
    "eventgrid": Style.EVENT_GRID,
}
STATUSES = ("Approved", "Rejected", "Pending", "Disconnected")


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one provider writes and answers connections.

    name: template over {target}, {endpoint}, {entry} (the endpoint's connection entry), {resource} (the
        endpoint's resourceGuid: recorded for Event Grid and private link services) and {guid}.
    kind: last part of its type in the target's body.
    settled: provisioningState at rest. actions: spelling of the "actions required" member.
    groups: member that names the group. approved: description of an automatic approval, None: no description.
    embedded: members of each item in the target's own body; empty: the whole connection.
    always: whether the target shows an empty list.
    answer: how PUT and DELETE are answered (see `_accept`).
    """

    name: str = "{endpoint}.{resource}"
    kind: str = KIND
    settled: str = "Succeeded"
    actions: str = "actionsRequired"
    groups: Literal["", "groupId", "groupIds"] = "groupIds"
    approved: str | None = "Auto-approved"
    embedded: tuple[str, ...] = ()
    always: bool = False
    answer: Literal["sync", "sql", "vault", "cosmos", "eventgrid", "network"] = "sync"


DIALECTS = {
    "microsoft.storage/storageaccounts": Dialect(
        name="{target}.{guid}", actions="actionRequired", groups="", approved="Auto-Approved", always=True
    ),
    "microsoft.compute/diskaccesses": Dialect(
        name="{target}.{guid}", groups="", approved="Auto-Approved", kind="PrivateEndpointConnections"
    ),
    "microsoft.sql/servers": Dialect(name="{endpoint}-{guid}", settled="Ready", always=True, answer="sql"),
    "microsoft.keyvault/vaults": Dialect(
        name="{entry}", groups="", approved=None, embedded=("id", "properties"), answer="vault"
    ),
    "microsoft.documentdb/databaseaccounts": Dialect(
        name="{endpoint}", groups="groupId", approved=None, embedded=("id", "properties"), answer="cosmos"
    ),
    "microsoft.eventgrid/topics": Dialect(answer="eventgrid"),
    "microsoft.eventgrid/domains": Dialect(answer="eventgrid"),
    "microsoft.network/privatelinkservices": Dialect(
        groups="", approved="Auto Approved", always=True, answer="network"
    ),
}


def dialect(type_name: str) -> Dialect:
    """The provider's own way, or the commonest one for types without recordings."""
    return DIALECTS.get(type_name.lower(), Dialect())


def resource_type(target_type: str) -> ResourceType:
    """The connection type below a target type."""
    return ResourceType(
        f"{target_type}/{KIND}",
        put=put,
        delete=delete,
        removed=removed,
        etag="weak" if target_type.startswith("Microsoft.Network/") else "none",
    )


def register(registry: Registry, target_type: str) -> None:
    """Add the connection type of one target type."""
    registry.add(resource_type(target_type))


# From the endpoint's side


def open_connection(world: World, endpoint: Resource, target: Resource, groups: list[str]) -> Resource:
    """Make the target-side connection of an endpoint (or find the one it has), with the endpoint's status."""
    known = world.find(endpoint.private.get("connection"))
    if known is not None:
        return known
    way = dialect(target.type)
    names = {
        "target": target.name,
        "endpoint": endpoint.name,
        "entry": endpoint_view.entry(endpoint)["name"],
        "resource": endpoint.properties["resourceGuid"],
        "guid": world.new_guid(),
    }
    properties: Json = {"provisioningState": way.settled, "privateEndpoint": {"id": endpoint.id.text}}
    if way.groups:
        properties[way.groups] = groups[0] if way.groups == "groupId" and groups else groups
    body: Json = {"properties": properties}
    if way.answer == "vault":
        body["location"] = target.location
    if way.answer == "network":
        properties["linkIdentifier"] = str(world.rng.randint(100_000_000, 999_999_999))
    connection = world.save(
        target.id.child(KIND, way.name.format(**names)), body, {"endpoint": endpoint.id.text}
    )
    endpoint.private["connection"] = connection.id.text
    copy_state(endpoint, connection)
    return connection


def close_connection(world: World, endpoint: Resource) -> None:
    """Take the target-side connection away: the endpoint goes, or never got through."""
    known = endpoint.private.pop("connection", None)
    if known is not None and world.find(known) is not None:
        world.remove(ArmId.parse(known))


def copy_state(endpoint: Resource, connection: Resource) -> None:
    """Write the endpoint's state into the connection in the provider's words."""
    way = dialect(connection.id.type.rsplit("/", 1)[0])
    state = endpoint_view.state(endpoint)
    shown: Json = {"status": state["status"], way.actions: state.get("actionsRequired") or "None"}
    automatic = state["status"] == "Approved" and not endpoint_view.is_manual(endpoint)
    text = way.approved if automatic else (state.get("description") or "")
    if text is not None:
        shown["description"] = text
    connection.properties["privateLinkServiceConnectionState"] = shown


def shown(world: World, target: Resource) -> list[Json] | None:
    """The list in the target's own body; None when the provider leaves an empty one out."""
    way = dialect(target.type)
    found = [world.show(one) for one in world.store.children(target.id, KIND)]
    for one in found:
        one["type"] = f"{target.type}/{way.kind}"
    if way.embedded:
        found = [{name: one[name] for name in way.embedded} for one in found]
    if way.answer == "cosmos":
        for one in found:
            for extra in ("provisioningState", "groupId"):
                one["properties"].pop(extra, None)
    return found if found or way.always else None


# From the target's side


def put(call: Call) -> Response:
    """Approve or reject. Creating a connection here is not possible: only an endpoint makes one."""
    if call.existing is None:
        raise ArmError(
            404,
            "ResourceNotFound",
            f"Private endpoint connection '{call.id.name}' was not found on '{call.id.root.text}'.",
        )
    wanted = call.properties.get("privateLinkServiceConnectionState") or {}
    _check_change(call.existing, wanted)
    return _accept(call, lambda: _decide(call, wanted))


def delete(call: Call) -> Response:
    """Take the connection away from the target's side: the endpoint shows Disconnected."""
    return _accept(call, lambda: call.world.remove(call.id), deleting=True)


def removed(world: World, connection: Resource) -> None:
    """A connection has gone by the target's doing: the endpoint, if it still is, is Disconnected.

    The status is documented; whether the endpoint shows it at once is recorded for private link services only
    (source: facts/arm-facts.md section 14 point 6).
    """
    endpoint = world.find(connection.private.get("endpoint"))
    if endpoint is None or endpoint.private.get("connection") != connection.id.text:
        return
    endpoint.private.pop("connection")
    state = endpoint_view.state(endpoint)
    state |= {"status": "Disconnected", "description": "Deleted state", "actionsRequired": "None"}
    world.touch(endpoint)


def _check_change(connection: Resource, wanted: Json) -> None:
    """Storage takes a decision once: no second approval, no approval after a rejection (recorded:
    pec_storage_approve_reject)."""
    status = wanted.get("status")
    now = connection.properties["privateLinkServiceConnectionState"]["status"]
    storage = connection.id.root.is_type("Microsoft.Storage/storageAccounts")
    known = status in STATUSES
    if known and not (storage and status == "Approved" and now != "Pending"):
        return
    raise ArmError(
        400,
        "InvalidValuesForRequestParameters",
        "Values for request parameters are invalid: privateLinkServiceConnectionState.status.",
    )


def _decide(call: Call, wanted: Json) -> None:
    """Write the decision to the connection and to the endpoint; the network learns it some seconds later."""
    world, connection = call.world, call.stored
    way = dialect(connection.id.type.rsplit("/", 1)[0])
    shown: Json = {"status": wanted["status"], way.actions: wanted.get(way.actions) or "None"}
    if "description" in wanted or way.approved is not None:
        shown["description"] = wanted.get("description") or ""
    connection.properties["privateLinkServiceConnectionState"] = shown
    connection.state = way.settled
    endpoint = world.find(connection.private.get("endpoint"))
    if endpoint is None:
        return
    state = endpoint_view.state(endpoint)
    state |= {
        "status": wanted["status"],
        "description": wanted.get("description") or "",
        "actionsRequired": shown[way.actions],
    }
    world.touch(endpoint)


def _tell_network(call: Call, endpoint: Resource | None) -> None:
    """Let the network service take the change over: seconds during which the endpoint is locked.

    A DELETE of the endpoint meanwhile is refused with 429, naming this operation (recorded:
    pe_delete_429_retryable_with_stack, locked for up to 14 s).
    """
    world = call.world
    if endpoint is None:
        return
    seconds = 0.0 if world.instant else world.rng.uniform(3.0, 13.0)
    operation = Operation(
        world=world,
        id=world.new_guid(),
        token="",
        resource=endpoint.id,
        name="PutPrivateLinkServiceProxyOperation",
        change="action",
        style=Style.PLAIN,
        region=endpoint.location,
        request=call.request,
        principal=call.principal,
        started=world.now,
        due=world.now + seconds,
        started_text=world.timestamp(3),
        first_wait=0.0,
    )
    world.lock(endpoint.id).hold(operation)

    def end() -> None:
        operation.status = "Succeeded"
        _take_over(world, endpoint)

    world.at(seconds, end) if seconds else end()


def _take_over(world: World, endpoint: Resource | None) -> None:
    """The network service has learnt the state: an approved endpoint knows its names from now on."""
    if endpoint is None or world.find(endpoint.id) is not endpoint:
        return
    if endpoint_view.state(endpoint)["status"] == "Approved" and endpoint.state == "Succeeded":
        endpoint.private["connected"] = True
    world.touch(endpoint)
    zone_groups.refresh(world, endpoint)


def _accept(call: Call, act: Callable[[], None], *, deleting: bool = False) -> Response:
    """Answer in the provider's way; `act` runs at once or at the end of the operation.

    sync: 200 at once (storage). sql: 202, operation. vault: 200 Updating, about 40 s; DELETE 202. cosmos: 202
    Enqueued, the old state shows until the end. eventgrid: 201 Updating; DELETE 202. network: 200 Updating
    and the endpoint at once; DELETE 202.
    """
    world, connection = call.world, call.stored
    way = dialect(connection.id.type.rsplit("/", 1)[0])
    endpoint = world.find(connection.private.get("endpoint"))
    early = way.answer in ("vault", "eventgrid", "network") and not deleting

    def finish() -> None:
        if early:
            connection.state = way.settled
            _stamp(world, connection)
        else:
            act()
            _take_over(world, endpoint)

    if way.answer == "sync":
        _refuse_unready(call)
        act()
        _tell_network(call, endpoint)
        return Response(200, None if deleting else world.show(connection))
    if early:
        act()
        connection.state = "Updating"
        _stamp(world, connection)
    _tell_network(call, endpoint)
    operation = _start(call, way, finish, deleting=deleting)
    return _answer(call, way, operation, deleting=deleting)


def _stamp(world: World, connection: Resource) -> None:
    """A new etag; Key Vault's is a bare number, shown from the first decision on (recorded:
    pec_keyvault_manual_approve)."""
    world.touch(connection)
    if dialect(connection.id.type.rsplit("/", 1)[0]).answer == "vault":
        connection.etag = world.new_guid().replace("-", "")


def _start(call: Call, way: Dialect, finish: Callable[[], None], *, deleting: bool) -> Operation:
    return call.world.start_operation(
        call,
        name="DropPrivateEndpointConnection" if deleting else "UpsertPrivateEndpointConnection",
        change="delete" if deleting else "write",
        duration=call.world.duration("privateEndpointConnections/write", call.id),
        style=STYLES.get(way.answer, Style.NETWORK),
        first_wait=1.0 if way.answer == "sql" else 10.0,
        complete=finish,
        failed=lambda error: None,
    )


def _answer(call: Call, way: Dialect, operation: Operation, *, deleting: bool) -> Response:
    own = f"{call.request.origin}{call.id.text}?api-version={call.request.query.get('api-version', '')}"
    body = None if deleting else call.world.show(call.stored)
    match way.answer:
        case "sql":
            return operation.answer(202)
        case "vault":
            response = operation.answer(202 if deleting else 200, body)
            response.headers["Location" if deleting else "Azure-AsyncOperation"] = own
            return response
        case "cosmos":
            return operation.answer(202, {"status": "Enqueued"})
        case "eventgrid":
            if body is not None:
                body["properties"] |= {"privateEndpoint": None, "groupIds": None}
            return operation.answer(202 if deleting else 201, body)
        case _:
            return operation.answer(202 if deleting else 200, body)


def _refuse_unready(call: Call) -> None:
    """409 while the target works on something that needs it alone (source: section 8: storage)."""
    target = call.id.parent
    working = call.world.running(target) if target else None
    if working is None or not call.id.root.is_type("Microsoft.Storage/storageAccounts"):
        return
    raise busy(call.id.root)


def busy(target: ArmId) -> ArmError:
    """The 409 of a storage account that is being worked on (source: facts/arm-facts.md sections 2 and 8)."""
    return ArmError(
        409,
        "StorageAccountOperationInProgress",
        "An operation is currently performing on this storage account that requires exclusive access.",
    )
