"""Decisions of a target's owner about connections: approve, reject, delete. Endpoints then change too.

How each provider answers is in decision_answers.py. Source: docs/azure/targets.md, TGT-01 to
TGT-11; docs/azure/private-endpoints.md, PE-15 and PE-34.
"""

from __future__ import annotations

from sandbox.azure.kernel import refusals
from sandbox.azure.kernel.model import ArmError, Json, Resource, Response
from sandbox.azure.kernel.paging import page
from sandbox.azure.kernel.provider import Call, Registry, ResourceType
from sandbox.azure.providers.private_link import endpoint_view
from sandbox.azure.providers.private_link.connections import listed, removed, show
from sandbox.azure.providers.private_link.decision_answers import DELETED, accept, of_version
from sandbox.azure.providers.private_link.dialects import KIND, dialect

STATUSES = ("Approved", "Rejected", "Pending", "Disconnected")


def resource_type(target_type: str) -> ResourceType:
    """The connection type below a target type. Batch takes decisions by PATCH (TGT-11)."""
    way = dialect(target_type)
    return ResourceType(
        f"{target_type}/{KIND}",
        put=None if way.answer == "batch" else put,
        patch=put if way.answer == "batch" else None,
        delete=delete,
        get=None if way.answer == "network" else get,
        list=list_connections,
        show=show,
        removed=removed,
        etag=way.etag,
    )


def register(registry: Registry, target_type: str) -> None:
    """Add the connection type of one target type."""
    registry.add(resource_type(target_type))


def list_connections(call: Call) -> Response:
    """`GET {target}/privateEndpointConnections`."""
    target = call.world.find(call.id)
    if target is None:
        raise refusals.no_resource(call.id)
    return page(call.request, [of_version(call, one) for one in listed(call.world, target)])


def get(call: Call) -> Response:
    """One connection. The result of a deletion at a vault is asked for at the connection's own URL: 202 while
    it runs, 204 at its end (TGT-04)."""
    if DELETED in call.request.query:
        return Response(204) if call.existing is None else Response(202)
    if call.existing is None:
        raise refusals.no_resource(call.id)
    etag = call.existing.etag if call.type.etag != "none" else None
    return Response(200, of_version(call, call.world.show(call.existing)), {"ETag": etag} if etag else {})


def put(call: Call) -> Response:
    """Approve or reject. A PUT cannot create a connection: only an endpoint does."""
    if call.existing is None:
        raise ArmError(
            404,
            "ResourceNotFound",
            f"Private endpoint connection '{call.id.name}' was not found on '{call.id.root.text}'.",
        )
    wanted = call.properties.get("privateLinkServiceConnectionState") or {}
    _check_change(call.existing, wanted)
    return accept(call, lambda: _decide(call, wanted))


def delete(call: Call) -> Response:
    """Delete the connection on the target's side: the endpoint shows Disconnected."""
    return accept(call, lambda: call.world.remove(call.id), deleting=True)


def _check_change(connection: Resource, wanted: Json) -> None:
    """Refuse an unknown status, and a second decision where the provider takes one only.

    Storage: no second approval, no approval after a rejection (TGT-02). SQL, MySQL and PostgreSQL: none
    unless Pending (TGT-10, TGT-81). Cosmos DB: no approval after a rejection (TGT-81).
    """
    status = wanted.get("status")
    now = connection.properties["privateLinkServiceConnectionState"]["status"]
    storage = connection.id.root.is_type("Microsoft.Storage/storageAccounts")
    way = dialect(connection.id.root.type).answer
    if way == "cosmos" and (now, status) == ("Rejected", "Approved"):
        text = "Approving rejected private endpoint connections is not supported."
        raise ArmError(400, "BadRequest", text)
    if way in ("database", "sql") and now != "Pending":
        text = "Private Endpoint Connection Status is not Pending"
        raise ArmError(400, "PrivateEndpointConnectionStatusNotPending", text)
    if status in STATUSES and not (storage and status == "Approved" and now != "Pending"):
        return
    raise ArmError(
        400,
        "InvalidValuesForRequestParameters",
        "Values for request parameters are invalid: privateLinkServiceConnectionState.status.",
    )


def _decide(call: Call, wanted: Json) -> None:
    """Write the decision to the connection and the endpoint. The network applies it some seconds later."""
    world, connection = call.world, call.stored
    way = dialect(connection.id.type.rsplit("/", 1)[0])
    before = connection.properties["privateLinkServiceConnectionState"] if way.answer == "batch" else {}
    shown: Json = {"status": wanted["status"]}
    unsaid = "" if way.answer == "network" else "None"
    actions = wanted.get(way.actions) or before.get(way.actions) or unsaid
    if way.actions:
        shown[way.actions] = actions
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
        "actionsRequired": actions,
    }
    world.touch(endpoint)
