"""privateEndpointConnections: the target's side of each private endpoint, in each provider's own format.

Endpoints open and close connections here; decisions of the target's owner are in connection_decisions.py.
Source: docs/azure/targets.md, TGT-01 to TGT-11.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sandbox.azure.kernel.ids import ArmId
from sandbox.azure.kernel.model import ArmError, Json, Resource
from sandbox.azure.kernel.world import World
from sandbox.azure.providers.private_link import endpoint_view

KIND = "privateEndpointConnections"


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one provider writes and answers connections.

    name: template over {target}, {endpoint}, {entry} (the endpoint's connection entry), {resource} (the
        endpoint's resourceGuid: Event Grid and private link services, TGT-06) and {guid}.
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
    """The provider's own dialect, or the most common one for types without a recorded one."""
    return DIALECTS.get(type_name.lower(), Dialect())


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
    """Remove the target-side connection of an endpoint that is deleted or has failed."""
    known = endpoint.private.pop("connection", None)
    if known is not None and world.find(known) is not None:
        world.remove(ArmId.parse(known))


def copy_state(endpoint: Resource, connection: Resource) -> None:
    """Write the endpoint's state into the connection in the provider's format."""
    way = dialect(connection.id.type.rsplit("/", 1)[0])
    state = endpoint_view.state(endpoint)
    shown: Json = {"status": state["status"], way.actions: state.get("actionsRequired") or "None"}
    automatic = state["status"] == "Approved" and not endpoint_view.is_manual(endpoint)
    text = way.approved if automatic else (state.get("description") or "")
    if text is not None:
        shown["description"] = text
    connection.properties["privateLinkServiceConnectionState"] = shown


def shown(world: World, target: Resource) -> list[Json] | None:
    """The list in the target's own body; None when the provider omits an empty one."""
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


def removed(world: World, connection: Resource) -> None:
    """A connection was removed on the target's side: its endpoint, if it exists, becomes Disconnected.

    The status is documented; whether the endpoint shows it at once is assumed (source:
    docs/azure/private-endpoints.md, PE-33).
    """
    endpoint = world.find(connection.private.get("endpoint"))
    if endpoint is None or endpoint.private.get("connection") != connection.id.text:
        return
    endpoint.private.pop("connection")
    state = endpoint_view.state(endpoint)
    state |= {"status": "Disconnected", "description": "Deleted state", "actionsRequired": "None"}
    world.touch(endpoint)


def busy(target: ArmId) -> ArmError:
    """The 409 of a storage account with a running operation (source: docs/azure/private-endpoints.md, PE-22;
    docs/azure/targets.md, TGT-18)."""
    return ArmError(
        409,
        "StorageAccountOperationInProgress",
        "An operation is currently performing on this storage account that requires exclusive access.",
    )
