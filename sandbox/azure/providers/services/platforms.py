"""Search services, App Configuration stores, SignalR and Web PubSub, IoT hubs.

Sources: docs/azure/services.md, SVC-15 to SVC-17.
"""

from __future__ import annotations

from base64 import b64encode

from sandbox.azure.kernel.manners import Style
from sandbox.azure.kernel.model import Json, Resource
from sandbox.azure.kernel.provider import Call
from sandbox.azure.kernel.regions import PAIRS
from sandbox.azure.providers.services.making import Making, kept, system_data

# Search


def search(call: Call, service: Resource) -> Json:
    """A service runs at once; its state is written in lower case."""
    access = str(service.properties.get("publicNetworkAccess") or "Enabled").capitalize()
    rules: Json = {"ipRules": [], "bypass": "None"} | (service.properties.get("networkRuleSet") or {})
    return {
        "status": "running",
        "statusDetails": "",
        "provisioningState": "succeeded",
        "publicNetworkAccess": access,
        "networkRuleSet": rules,
        "sharedPrivateLinkResources": [],
    }


SEARCH = Making(
    defaults={"replicaCount": 1, "partitionCount": 1, "hostingMode": "default"},
    properties=search,
    etag="stamp",
)

# App Configuration


def store_head(call: Call, store: Resource) -> Json:
    """Tags are shown even when there are none."""
    return {"tags": call.body.get("tags") or {}, "systemData": system_data(call)}


def store(call: Call, one: Resource) -> Json:
    """The endpoint, and when it was made."""
    return {
        "endpoint": f"https://{one.name.lower()}.azconfig.io",
        "creationDate": kept(call, "creationDate", call.world.timestamp()),
    }


def without_tags(shown: Json) -> Json:
    """The answer to the PUT of a store has no tags yet."""
    return shown | {"tags": {}}


STORE = Making(
    duration="storageAccounts/write",
    style=Style.CONFIGURATION,
    head=store_head,
    defaults={
        "encryption": {"keyVaultProperties": None},
        "publicNetworkAccess": None,
        "disableLocalAuth": False,
        "softDeleteRetentionInDays": 7,
        "enablePurgeProtection": False,
    },
    properties=store,
    early=without_tags,
    deleting=Style.CONFIGURATION,
    etag="stamp",
)

# SignalR and Web PubSub

FLAGS = ("ServiceMode", "EnableConnectivityLogs", "EnableMessagingLogs", "EnableLiveTrace")
TRAFFIC = ["ServerConnection", "ClientConnection", "RESTAPI", "Trace"]


def realtime_head(call: Call, service: Resource) -> Json:
    """The SKU with tier and size, and the kind."""
    sku = str((service.body.get("sku") or {}).get("name") or "Standard_S1")
    tier, _, size = sku.partition("_")
    capacity = (service.body.get("sku") or {}).get("capacity", 1)
    kind = "SignalR" if service.type.lower().endswith("/signalr") else "WebPubSub"
    whole: Json = {"name": sku, "tier": tier, "size": size, "capacity": capacity}
    return {"sku": whole, "kind": service.body.get("kind") or kind, "systemData": system_data(call)}


def realtime(call: Call, service: Resource) -> Json:
    """Host name, features and who may reach it."""
    name = service.name.lower()
    signalr = service.type.lower().endswith("/signalr")
    host = "service.signalr.net" if signalr else "webpubsub.azure.com"
    asked = {one.get("flag"): one for one in service.properties.get("features") or []}
    flags: list[Json] = [
        {"flag": flag, "value": "Default" if flag == "ServiceMode" else "False", "properties": {}}
        | (asked.get(flag) or {})
        for flag in FLAGS
    ]
    rules: Json = {
        "defaultAction": "Deny",
        "publicNetwork": {"allow": list(TRAFFIC), "deny": None},
        "privateEndpoints": [],
    }
    found: Json = {
        "externalIP": None,
        "hostName": f"{name}.{host}",
        "hostNamePrefix": name,
        "publicPort": 443,
        "serverPort": 443,
        "version": "1.0",
        "sharedPrivateLinkResources": [],
        "networkACLs": rules | (service.properties.get("networkACLs") or {}),
    }
    return found | ({"features": flags, "upstream": {"templates": []}} if signalr else {})


def before_it_runs(shown: Json) -> Json:
    """The answer to the PUT: an earlier version of the service."""
    shown["properties"]["version"] = "1.0-preview"
    return shown


REALTIME = Making(
    duration="servers/write",
    style=Style.REALTIME,
    head=realtime_head,
    defaults={
        "tls": {"clientCertEnabled": False},
        "publicNetworkAccess": "Enabled",
        "disableLocalAuth": False,
        "disableAadAuth": False,
    },
    properties=realtime,
    early=before_it_runs,
    deleting=Style.REALTIME,
)

# IoT hubs

FEEDBACK: Json = {"lockDurationAsIso8601": "PT1M", "ttlAsIso8601": "PT1H", "maxDeliveryCount": 10}
FALLBACK: Json = {
    "name": "$fallback",
    "source": "DeviceMessages",
    "condition": "true",
    "endpointNames": ["events"],
    "isEnabled": True,
}
DESTINATIONS = ("serviceBusQueues", "serviceBusTopics", "eventHubs", "storageContainers")
# What the answer to the PUT shows of the properties.
ACCEPTED = ("enableFileUploadNotifications", "cloudToDevice", "features")


def hub_head(call: Call, hub: Resource) -> Json:
    """Where it is, and the SKU with its tier."""
    sku: Json = {"tier": "Standard", "capacity": 1} | (hub.body.get("sku") or {"name": "S1"})
    return {
        "tags": call.body.get("tags") or {},
        "subscriptionid": hub.id.subscription,
        "resourcegroup": hub.id.group,
        "sku": sku,
        "etag": b64encode(call.world.rng.randbytes(8)).decode(),
    }


def hub(call: Call, one: Resource) -> Json:
    """The host name, the built-in endpoint for events, and the routes."""
    number = kept(call, "number", str(call.world.rng.randint(1_000_000, 9_999_999)))
    events: Json = {
        "retentionTimeInDays": 1,
        "partitionCount": 4,
        "partitionIds": ["0", "1", "2", "3"],
        "path": one.name.lower(),
        "endpoint": f"sb://iothub-ns-{one.name.lower()[:11]}-{number}.servicebus.windows.net/",
    }
    endpoints = {
        name: [] for name in ("serviceBusQueues", "serviceBusTopics", "eventHubs", "storageContainers")
    }
    asked = one.properties
    given = (asked.get("eventHubEndpoints") or {}).get("events") or {}
    return {
        "locations": [
            {"location": one.location, "role": "primary"},
            {"location": PAIRS.get(one.location, one.location), "role": "secondary"},
        ],
        "state": "Active",
        "ipFilterRules": asked.get("ipFilterRules") or [],
        "hostName": f"{one.name.lower()}.azure-devices.net",
        "eventHubEndpoints": {"events": events | given},
        "routing": {"endpoints": endpoints, "routes": [], "fallbackRoute": dict(FALLBACK)}
        | (asked.get("routing") or {}),
        "cloudToDevice": {"maxDeliveryCount": 10, "defaultTtlAsIso8601": "PT1H", "feedback": dict(FEEDBACK)}
        | (asked.get("cloudToDevice") or {}),
    }


def accepted(shown: Json) -> Json:
    """The answer to the PUT: nothing of what the service makes."""
    inner = shown["properties"]
    few = {name: inner[name] for name in ACCEPTED if name in inner}
    shown["properties"] = {"state": "Activating", "provisioningState": "Accepted"} | few
    shown.pop("etag", None)
    return shown


HUB = Making(
    duration="servers/write",
    style=Style.DEVICES,
    state="Accepted",
    meanwhile={"state": "Activating"},
    done={"state": "Active"},
    head=hub_head,
    defaults={
        "storageEndpoints": {
            "$default": {"sasTtlAsIso8601": "PT1H", "connectionString": "", "containerName": ""}
        },
        "messagingEndpoints": {"fileNotifications": FEEDBACK},
        "enableFileUploadNotifications": False,
        "features": "None",
    },
    properties=hub,
    early=accepted,
    deleting=Style.DEVICES,
)
