"""How a provider answers a decision about a connection, and when the decision takes effect.

Source: docs/azure/targets.md, TGT-01 to TGT-11; docs/azure/private-endpoints.md, PE-15 and PE-34.
"""

from __future__ import annotations

from collections.abc import Callable

from sandbox.azure.kernel.manners import Style
from sandbox.azure.kernel.model import Json, Resource, Response
from sandbox.azure.kernel.operations import Operation, OperationPlan
from sandbox.azure.kernel.provider import Call
from sandbox.azure.kernel.world import World
from sandbox.azure.providers.private_link import endpoint_view, zone_groups
from sandbox.azure.providers.private_link.connections import busy
from sandbox.azure.providers.private_link.dialects import APPLYING, Dialect, dialect

STYLES = {
    "sql": Style.SQL,
    "vault": Style.PLAIN,
    "cosmos": Style.COSMOS,
    "eventgrid": Style.EVENT_GRID,
    "registry": Style.REGISTRY_DECISION,
    "messaging": Style.MESSAGING,
    "database": Style.SQL,
    "batch": Style.BATCH,
    "web": Style.WEB,
}

# Query of the URL that a vault names for the result of a connection's deletion.
DELETED = "kv-operation"

# Providers whose connection shows a decision at once, before the operation is over.
EARLY = ("vault", "eventgrid", "network", "messaging", "database", "batch", "web")


def of_version(call: Call, shown: Json) -> Json:
    """The connection without a group where the api-version has none."""
    since = dialect(call.type.name.rsplit("/", 1)[0]).groups_since
    if call.request.query.get("api-version", "") < since:
        shown["properties"].pop("groupIds", None)
    return shown


def _lock_while_applied(call: Call, endpoint: Resource | None) -> None:
    """Let the network service apply the change: for some seconds it locks the endpoint.

    A DELETE of the endpoint meanwhile is refused with 429, naming this operation (PE-15, locked for up to 14
    s).
    """
    world = call.world
    if endpoint is None:
        return
    seconds = 0.0 if world.instant else world.rng.uniform(3.0, 13.0)
    plan = OperationPlan(
        APPLYING,
        seconds,
        change="action",
        style=Style.PLAIN,
        first_wait=0.0,
        region=endpoint.location,
    )
    operation = Operation(
        plan=plan,
        id=world.new_guid(),
        token="",
        resource=endpoint.id,
        request=call.request,
        principal=call.principal,
        started=world.now,
        started_text=world.timestamp(3),
    )
    world.lock(endpoint.id).hold(operation)

    def end() -> None:
        operation.status = "Succeeded"
        _apply_state(world, endpoint)

    world.at(seconds, end) if seconds else end()


def _apply_state(world: World, endpoint: Resource | None) -> None:
    """The network service applies the state: from now on an approved endpoint has its names."""
    if endpoint is None or world.find(endpoint.id) is not endpoint:
        return
    if endpoint_view.state(endpoint)["status"] == "Approved" and endpoint.state == "Succeeded":
        endpoint.private["connected"] = True
    world.touch(endpoint)
    zone_groups.refresh(world, endpoint)


def accept(call: Call, act: Callable[[], None], *, deleting: bool = False) -> Response:
    """Answer as the provider does; `act` runs at once or at the end of the operation.

    sync: 200 at once (storage). sql: 202, operation. vault: 200 Updating, about 40 s; DELETE 202. cosmos: 202
    Enqueued, the old state shows until the end. eventgrid: 201 Updating; DELETE 202. network: 200 Updating
    and the endpoint at once; DELETE 202. registry: 201 Updating, the old status shows until the end.
    messaging: 202 Updating. database: 202, operation; Approving or Rejecting meanwhile. batch: 202 Updating.
    web: 202 Approving or Rejecting; DELETE 202, Disconnecting meanwhile.
    """
    world, connection = call.world, call.stored
    way = dialect(connection.id.type.rsplit("/", 1)[0])
    endpoint = world.find(connection.private.get("endpoint"))
    early = way.answer in EARLY and not deleting

    def finish() -> None:
        if early:
            connection.state = way.settled
            _stamp(world, connection)
        else:
            act()
        _apply_state(world, endpoint)

    if way.answer == "sync":
        _refuse_unready(call)
        act()
        _lock_while_applied(call, endpoint)
        return Response(200, None if deleting else world.show(connection))
    if early:
        act()
        _stamp(world, connection)
    if not deleting:
        connection.state = _meanwhile(connection, way)
    _lock_while_applied(call, endpoint)
    operation = _start(call, way, finish, deleting=deleting)
    if way.answer == "web" and deleting and operation.running:
        connection.state = "Disconnecting"
    return _answer(call, way, operation, deleting=deleting)


def _meanwhile(connection: Resource, way: Dialect) -> str:
    """The provisioningState while a decision is applied."""
    if way.answer in ("sql", "cosmos"):
        return way.settled
    if way.answer not in ("database", "web"):
        return "Updating"
    status = connection.properties["privateLinkServiceConnectionState"]["status"]
    return "Approving" if status == "Approved" else "Rejecting"


def _stamp(world: World, connection: Resource) -> None:
    """A new etag; Key Vault's is a bare number, shown from the first decision on (TGT-04)."""
    world.touch(connection)
    if dialect(connection.id.type.rsplit("/", 1)[0]).answer == "vault":
        connection.etag = world.new_guid().replace("-", "")


def _start(call: Call, way: Dialect, finish: Callable[[], None], *, deleting: bool) -> Operation:
    return call.start_operation(
        OperationPlan(
            name=_operation_name(call, way, deleting=deleting),
            change="delete" if deleting else "write",
            duration=call.world.duration("privateEndpointConnections/write", call.id),
            style=STYLES.get(way.answer, Style.NETWORK),
            first_wait=1.0 if way.answer == "sql" else 10.0,
            complete=finish,
            failed=lambda error: None,
        )
    )


def _operation_name(call: Call, way: Dialect, *, deleting: bool) -> str:
    """SQL and the single servers name their operations in answers."""
    verb = {"Approving": "Approve", "Rejecting": "Reject"}.get(call.stored.state or "", "Upsert")
    verb = "Drop" if deleting else verb
    return f"{verb}{'ElasticServer' if way.answer == 'database' else ''}PrivateEndpointConnection"


def _answer(call: Call, way: Dialect, operation: Operation, *, deleting: bool) -> Response:
    own = f"{call.request.origin}{call.id.text}?api-version={call.request.query.get('api-version', '')}"
    body = None if deleting else of_version(call, call.world.show(call.stored))
    match way.answer:
        case "sql" | "database":
            return operation.answer(202)
        case "vault":
            response = operation.answer(202 if deleting else 200, body)
            if deleting:
                response.headers["Location"] = f"{own}&{DELETED}={operation.id}"
            else:
                response.headers["Azure-AsyncOperation"] = own
            return response
        case "cosmos":
            return operation.answer(202, {"status": "Enqueued"})
        case "eventgrid":
            if body is not None:
                body["properties"] |= {"privateEndpoint": None, "groupIds": None}
            return operation.answer(202 if deleting else 201, body)
        case "registry":
            if body is not None:
                now = call.world.timestamp()
                body["systemData"] = {"createdBy": call.principal, "createdByType": "User", "createdAt": now}
                body["systemData"] |= {
                    name.replace("created", "lastModified"): one for name, one in body["systemData"].items()
                }
            return operation.answer(202 if deleting else 201, body)
        case "messaging" | "batch" | "web":
            return operation.answer(202, body)
        case _:
            return operation.answer(202 if deleting else 200, body)


def _refuse_unready(call: Call) -> None:
    """Raise 409 while another operation on the storage account runs (source: TGT-18)."""
    target = call.id.parent
    working = call.world.running(target) if target else None
    if working is None or not call.id.root.is_type("Microsoft.Storage/storageAccounts"):
        return
    raise busy(call.id.root)
