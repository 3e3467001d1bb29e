"""privateEndpointConnections: the target's side of each private endpoint, in each provider's own format.

Endpoints open and close connections here; decisions of the target's owner are in connection_decisions.py.
Source: docs/azure/targets.md, TGT-01 to TGT-11.
"""

from __future__ import annotations

from sandbox.azure.kernel.ids import ArmId
from sandbox.azure.kernel.model import ArmError, Json, Resource
from sandbox.azure.kernel.world import World
from sandbox.azure.providers.private_link import endpoint_view
from sandbox.azure.providers.private_link.dialects import KIND, dialect

ORPHANS = "status of endpoints without target"
# Types whose endpoints were seen to stay Approved when their target was deleted (PE-62).
STAY_APPROVED = ("microsoft.datafactory/factories",)


def open_connection(world: World, endpoint: Resource, target: Resource, groups: list[str]) -> Resource:
    """Create the target-side connection of an endpoint unless it exists, with the endpoint's status."""
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
        "hex": world.new_guid().replace("-", ""),
    }
    properties: Json = {"provisioningState": way.settled, "privateEndpoint": {"id": endpoint.id.text}}
    if way.groups:
        properties[way.groups] = groups[0] if way.groups == "groupId" and groups else groups
    body: Json = {"properties": properties}
    if way.addressed:
        properties["ipAddresses"] = [one["address"] for one in endpoint_view.members(endpoint)]
    if way.located:
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
    """Remove the target-side connection of an endpoint that is deleted or has failed."""
    known = endpoint.private.pop("connection", None)
    if known is not None and world.find(known) is not None:
        world.remove(ArmId.parse(known))


def copy_state(endpoint: Resource, connection: Resource) -> None:
    """Write the endpoint's state into the connection in the provider's format."""
    way = dialect(connection.id.type.rsplit("/", 1)[0])
    state = endpoint_view.state(endpoint)
    shown: Json = {"status": state["status"]}
    pending = state["status"] == "Pending"
    if way.actions:
        shown[way.actions] = way.pending_actions if pending else state.get("actionsRequired") or "None"
    automatic = state["status"] == "Approved" and not endpoint_view.is_manual(endpoint)
    text = way.approved if automatic else way.pending if pending else (state.get("description") or "")
    if text is not None:
        shown["description"] = text
    connection.properties["privateLinkServiceConnectionState"] = shown


def show(world: World, connection: Resource) -> Json:
    """The connection as its provider writes it."""
    way = dialect(connection.id.type.rsplit("/", 1)[0])
    body = connection.shown()
    body["name"] = way.shown_name.format(target=connection.id.root.name, name=connection.name)
    if way.shown_type:
        body["type"] = way.shown_type
    return body


def listed(world: World, target: Resource) -> list[Json]:
    """The list below the target."""
    way = dialect(target.type)
    found = [world.show(one) for one in world.store.children(target.id, KIND)]
    return [{name: one[name] for name in way.listed} for one in found] if way.listed else found


def shown(world: World, target: Resource) -> list[Json] | None:
    """The list in the target's own body; None when the provider omits an empty one."""
    way = dialect(target.type)
    found = [world.show(one) for one in world.store.children(target.id, KIND)]
    for one in found:
        one["type"] = way.shown_type or f"{target.type}/{KIND}"
        for extra in way.unembedded:
            one["properties"].pop(extra, None)
    if way.embedded:
        found = [{name: one[name] for name in way.embedded} for one in found]
    return found if found or way.always else None


def removed(world: World, connection: Resource) -> None:
    """A connection was removed on the target's side: its endpoint, if it exists, becomes Disconnected.

    An endpoint whose whole target is deleted may stay Approved instead: those of some types do, and those of
    all by `when_target_is_deleted`. The status is documented. When the endpoint shows it is not recorded: it
    does so here with the removal (source: docs/azure/private-endpoints.md, PE-33 and PE-62).
    """
    endpoint = world.find(connection.private.get("endpoint"))
    if endpoint is None or endpoint.private.get("connection") != connection.id.text:
        return
    endpoint.private.pop("connection")
    if world.removing == connection.id or not _stays_approved(world, connection.id.root.type):
        _disconnect(world, endpoint)


def _stays_approved(world: World, target_type: str) -> bool:
    chosen: str | None = world.memory.get(ORPHANS)
    return chosen == "Approved" if chosen else target_type.lower() in STAY_APPROVED


def _disconnect(world: World, endpoint: Resource) -> None:
    state = endpoint_view.state(endpoint)
    state |= {"status": "Disconnected", "description": "Deleted state", "actionsRequired": "None"}
    world.touch(endpoint)


def when_target_is_deleted(world: World, status: str) -> Json:
    """Choose what endpoints show whose target is deleted from now on: "Disconnected" or "Approved".

    Raises ValueError for another status.
    """
    if status not in ("Disconnected", "Approved"):
        raise ValueError("the status is Disconnected or Approved")
    world.memory[ORPHANS] = status
    return {"whenTargetIsDeleted": status}


def busy(target: ArmId) -> ArmError:
    """The 409 of a storage account with a running operation (source: docs/azure/private-endpoints.md, PE-22;
    docs/azure/targets.md, TGT-18)."""
    return ArmError(
        409,
        "StorageAccountOperationInProgress",
        "An operation is currently performing on this storage account that requires exclusive access.",
    )
