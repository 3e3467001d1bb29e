"""privateEndpointConnections: the target's side of each private endpoint, in each provider's own format.

Endpoints open and close connections here; decisions of the target's owner are in connection_decisions.py.
Source: docs/azure/targets.md, TGT-01 to TGT-11.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from sandbox.azure.kernel.ids import ArmId
from sandbox.azure.kernel.model import ArmError, EtagStyle, Json, Resource
from sandbox.azure.kernel.world import World
from sandbox.azure.providers.private_link import endpoint_view

KIND = "privateEndpointConnections"
# The network service's own operation that applies a decision to an endpoint.
APPLYING = "PutPrivateLinkServiceProxyOperation"


type Answer = Literal[
    "sync", "sql", "vault", "cosmos", "eventgrid", "network", "registry", "messaging", "database", "batch"
]


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one provider writes and answers connections.

    name: template over {target}, {endpoint}, {entry} (the endpoint's connection entry), {resource} (the
        endpoint's resourceGuid: Event Grid and private link services, TGT-06), {guid} and {hex} (a guid
        without dashes).
    shown_name, shown_type: as answers write them where that differs: template over {target} and {name}; the
        whole type.
    located: whether it shows the target's location. etag: style of its etag.
    settled: provisioningState at rest. actions: spelling of the "actions required" member, empty: none.
    groups: member that names the group. approved: description of an automatic approval, None: no description.
    pending, pending_actions: of a connection that waits for approval.
    embedded: members of each item in the target's own body; empty: the whole connection. unembedded:
        properties that it lacks there. listed: members of each item of the list, empty: all.
    groups_since: first api-version that shows the group.
    always: whether the target shows an empty list.
    answer: how PUT and DELETE are answered (see connection_decisions.py).
    """

    name: str = "{endpoint}.{resource}"
    shown_name: str = "{name}"
    shown_type: str = ""
    located: bool = False
    etag: EtagStyle = "none"
    settled: str = "Succeeded"
    actions: str = "actionsRequired"
    groups: Literal["", "groupId", "groupIds"] = "groupIds"
    approved: str | None = "Auto-approved"
    pending: str | None = ""
    pending_actions: str = "None"
    embedded: tuple[str, ...] = ()
    unembedded: tuple[str, ...] = ()
    groups_since: str = ""
    listed: tuple[str, ...] = ()
    always: bool = False
    answer: Answer = "sync"


BARE = ("id", "properties")
NAMED = ("id", "name", "type", "properties")
VAULT = Dialect(
    name="{entry}", located=True, groups="", approved=None, pending=None, embedded=BARE, answer="vault"
)
DATABASE = Dialect(
    name="{endpoint}-{guid}", settled="Ready", groups="", embedded=BARE, always=True, answer="database"
)
MESSAGING = Dialect(name="{guid}", located=True, actions="", approved="Auto-Approved", answer="messaging")
DIALECTS = {
    "microsoft.storage/storageaccounts": Dialect(
        name="{target}.{guid}", actions="actionRequired", groups="", approved="Auto-Approved", always=True
    ),
    "microsoft.compute/diskaccesses": Dialect(
        name="{target}.{guid}",
        shown_type="Microsoft.Compute/diskAccesses/PrivateEndpointConnections",
        groups="",
        approved="Auto-Approved",
    ),
    "microsoft.sql/servers": Dialect(name="{endpoint}-{guid}", settled="Ready", always=True, answer="sql"),
    "microsoft.keyvault/vaults": VAULT,
    "microsoft.keyvault/managedhsms": replace(
        VAULT, listed=BARE, shown_type="Microsoft.KeyVault/vaults/privateEndpointConnections"
    ),
    "microsoft.documentdb/databaseaccounts": Dialect(
        name="{endpoint}",
        groups="groupId",
        approved=None,
        embedded=BARE,
        unembedded=("provisioningState", "groupId"),
        answer="cosmos",
    ),
    "microsoft.eventgrid/topics": Dialect(answer="eventgrid"),
    "microsoft.eventgrid/domains": Dialect(answer="eventgrid"),
    "microsoft.network/privatelinkservices": Dialect(
        etag="weak",
        groups="",
        approved="Auto Approved",
        pending="Awaiting Approval",
        always=True,
        answer="network",
    ),
    "microsoft.containerregistry/registries": Dialect(
        name="{target}.{hex}", actions="", groups="", pending=None, always=True, answer="registry"
    ),
    "microsoft.eventhub/namespaces": replace(
        MESSAGING, shown_type="Microsoft.EventHub/Namespaces/PrivateEndpointConnections"
    ),
    "microsoft.servicebus/namespaces": replace(
        MESSAGING, shown_type="Microsoft.ServiceBus/Namespaces/PrivateEndpointConnections"
    ),
    "microsoft.dbformariadb/servers": DATABASE,  # one service with the two others, not recorded
    "microsoft.dbformysql/servers": DATABASE,
    "microsoft.dbforpostgresql/servers": DATABASE,
    "microsoft.batch/batchaccounts": Dialect(
        etag="weak_stamp",
        groups_since="2022-01-01",
        pending="Manual approval still required",
        pending_actions="Manual approval request",
        embedded=NAMED,
        unembedded=("groupIds",),
        always=True,
        answer="batch",
    ),
    "microsoft.cognitiveservices/accounts": Dialect(
        shown_name="{target}/{name}",
        located=True,
        etag="quoted",
        approved="Approved",
        embedded=NAMED,
        unembedded=("provisioningState",),
        always=True,
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
        "hex": world.new_guid().replace("-", ""),
    }
    properties: Json = {"provisioningState": way.settled, "privateEndpoint": {"id": endpoint.id.text}}
    if way.groups:
        properties[way.groups] = groups[0] if way.groups == "groupId" and groups else groups
    body: Json = {"properties": properties}
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

    The status is documented. When the endpoint shows it is not recorded: it does so here with the removal
    (source: docs/azure/private-endpoints.md, PE-33).
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
