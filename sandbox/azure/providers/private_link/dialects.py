"""How each provider writes and answers connections: one row a provider.

Source: docs/azure/targets.md, TGT-01 to TGT-11.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from sandbox.azure.kernel.model import EtagStyle

KIND = "privateEndpointConnections"

# The network service's own operation that applies a decision to an endpoint.
APPLYING = "PutPrivateLinkServiceProxyOperation"

type Answer = Literal[
    "sync",
    "sql",
    "vault",
    "cosmos",
    "eventgrid",
    "network",
    "registry",
    "messaging",
    "database",
    "batch",
    "web",
]


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one provider writes and answers connections.

    name: template over {target}, {endpoint}, {entry} (the endpoint's connection entry), {resource} (the
        endpoint's resourceGuid: Event Grid and private link services, TGT-06), {guid} and {hex} (a guid
        without dashes).
    shown_name, shown_type: as answers write them where that differs: template over {target} and {name}; the
        whole type.
    located: whether it shows the target's location. addressed: whether it shows the endpoint's addresses.
    etag: style of its etag.
    settled: provisioningState at rest. actions: spelling of the "actions required" member, empty: none.
    groups: member that names the group. approved: description of an automatic approval, None: no description.
    pending, pending_actions: of a connection that waits for approval.
    embedded: members of each item in the target's own body; empty: the whole connection. unembedded:
        properties that it lacks there. listed: members of each item of the list, empty: all.
    groups_since: first api-version that shows the group.
    always: whether the target shows an empty list.
    answer: how PUT and DELETE are answered (see decision_answers.py).
    """

    name: str = "{endpoint}.{resource}"
    shown_name: str = "{name}"
    shown_type: str = ""
    located: bool = False
    addressed: bool = False
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

WEB = Dialect(name="{endpoint}-{guid}", located=True, addressed=True, approved="", answer="web")

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
    "microsoft.eventgrid/partnernamespaces": Dialect(answer="eventgrid"),
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
    "microsoft.web/sites": WEB,
    "microsoft.web/staticsites": WEB,
    "microsoft.web/hostingenvironments": WEB,
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
    "microsoft.search/searchservices": Dialect(always=True),
    "microsoft.signalrservice/signalr": Dialect(always=True),
    "microsoft.signalrservice/webpubsub": Dialect(always=True),
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
