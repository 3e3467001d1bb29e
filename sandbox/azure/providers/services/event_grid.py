"""Event Grid topics and domains.

Sources: docs/azure/long-running-operations.md, LRO-16; docs/azure/targets.md, TGT-06 and TGT-17.
"""

from __future__ import annotations

from sandbox.azure.kernel.manners import Style
from sandbox.azure.kernel.model import Json, Resource
from sandbox.azure.kernel.provider import Call
from sandbox.azure.providers.private_link.link_services import variables
from sandbox.azure.providers.services.making import Making, kept

NO_IDENTITY: Json = {"type": "None", "principalId": None, "tenantId": None, "userAssignedIdentities": None}
DOMAIN: Json = {
    "inputSchema": "EventGridSchema",
    "disableLocalAuth": False,
    "autoCreateTopicWithFirstSubscription": True,
    "autoDeleteTopicWithLastSubscription": True,
}


def head(call: Call, topic: Resource) -> Json:
    """A SKU and an identity are always shown, and the kind of a topic."""
    kind: Json = {"kind": topic.body.get("kind") or "Azure"} if topic.type.lower().endswith("/topics") else {}
    return kind | {
        "sku": topic.body.get("sku") or {"name": "Basic"},
        "identity": topic.body.get("identity") or dict(NO_IDENTITY),
    }


def properties(call: Call, topic: Resource) -> Json:
    """The endpoint, and public access in the service's own spelling (`disabled` is sent by some clients)."""
    values = variables(topic)
    host = f"{values['name']}.{values['region']}-1.eventgrid.azure.net"
    access = str(topic.properties.get("publicNetworkAccess") or "Enabled").capitalize()
    found: Json = {
        "endpoint": f"https://{host}/api/events",
        "metricResourceId": kept(call, "metricResourceId", call.world.new_guid()),
        "publicNetworkAccess": access,
    }
    if not topic.type.lower().endswith("/partnernamespaces"):
        found["dataResidencyBoundary"] = "WithinGeopair"
    return found


def early(shown: Json) -> Json:
    """The answer to the PUT: no endpoint yet."""
    shown["properties"] |= {"endpoint": None}
    for later in ("metricResourceId", "dataResidencyBoundary"):
        shown["properties"].pop(later, None)
    return shown


TOPICS = Making(
    duration="storageAccounts/write",
    style=Style.EVENT_GRID,
    head=head,
    defaults={"inputSchema": "EventGridSchema", "disableLocalAuth": False},
    properties=properties,
    early=early,
    deleting=Style.EVENT_GRID,
)
DOMAINS = Making(
    duration="storageAccounts/write",
    style=Style.EVENT_GRID,
    head=head,
    defaults=DOMAIN,
    properties=properties,
    early=early,
    deleting=Style.EVENT_GRID,
)
# Not recorded: answered as domains are, by the same service.
PARTNER_NAMESPACES = Making(
    duration="storageAccounts/write",
    style=Style.EVENT_GRID,
    head=head,
    defaults={"disableLocalAuth": False},
    properties=properties,
    early=early,
    deleting=Style.EVENT_GRID,
)
