"""Namespaces of Event Hubs and Service Bus. Source: docs/azure/long-running-operations.md, LRO-18;
docs/azure/targets.md, TGT-09 and TGT-29."""

from __future__ import annotations

from sandbox.azure.kernel.manners import Style
from sandbox.azure.kernel.model import Json, Resource
from sandbox.azure.kernel.provider import Call
from sandbox.azure.providers.private_link.link_services import cloud
from sandbox.azure.providers.services.making import Making, kept

SUFFIXES = {
    "public": "servicebus.windows.net",
    "government": "servicebus.usgovcloudapi.net",
    "china": "servicebus.chinacloudapi.cn",
}
BOTH: Json = {
    "minimumTlsVersion": "1.2",
    "publicNetworkAccess": "Enabled",
    "disableLocalAuth": False,
    "zoneRedundant": False,
}


def head(call: Call, namespace: Resource) -> Json:
    """The SKU with tier and capacity; an identity only if there is one."""
    sku: Json = dict(namespace.body.get("sku") or {"name": "Standard"})
    sku.setdefault("tier", sku["name"])
    if sku["name"] == "Premium" or namespace.id.namespace == "Microsoft.EventHub":
        sku.setdefault("capacity", 1)
    found: Json = {"sku": sku, "tags": call.body.get("tags") or {}}
    if (namespace.body.get("identity") or {}).get("type") == "None":
        found["identity"] = None
    return found


def properties(call: Call, namespace: Resource) -> Json:
    """The host name, and what follows from the SKU."""
    now = call.world.timestamp(3)
    tier = (namespace.body.get("sku") or {}).get("name")
    own: Json = {"premiumMessagingPartitions": 1 if tier == "Premium" else 0}
    if namespace.id.namespace == "Microsoft.EventHub":
        own = {"kafkaEnabled": tier != "Basic"}
    host = f"{namespace.name}.{SUFFIXES[cloud(namespace.location)]}"
    return own | {
        "metricId": f"{namespace.id.subscription}:{namespace.name.lower()}",
        "createdAt": kept(call, "createdAt", now),
        "updatedAt": now,
        "serviceBusEndpoint": f"https://{host}:443/",
        "status": "Active",
    }


EVENT_HUBS = Making(
    shown_type="Microsoft.EventHub/Namespaces",
    status=200,
    duration="namespaces/write",
    state="Created",
    style=Style.PLAIN,
    head=head,
    defaults=BOTH | {"isAutoInflateEnabled": False, "maximumThroughputUnits": 0},
    properties=properties,
    meanwhile={"status": "Activating"},
    done={"status": "Active"},
    updating="Updating",
    deleting=Style.LOCATION,
)
SERVICE_BUS = Making(
    shown_type="Microsoft.ServiceBus/Namespaces",
    status=200,
    duration="namespaces/write",
    state="Created",
    style=Style.PLAIN,
    head=head,
    defaults=BOTH,
    properties=properties,
    meanwhile={"status": "Activating"},
    done={"status": "Active"},
    updating="Updating",
    deleting=Style.LOCATION,
)
