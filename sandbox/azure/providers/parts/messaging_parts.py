"""What namespaces of Event Hubs and Service Bus hold: hubs, queues, topics, rules, network rules.

Source: docs/azure/services.md, SVC-09.
"""

from __future__ import annotations

from base64 import b64encode

from sandbox.azure.kernel.model import Json, Resource, Response
from sandbox.azure.kernel.provider import Call, Handler, Registry
from sandbox.azure.kernel.world import World
from sandbox.azure.providers.parts.part import Part, Reader

HUBS, BUS = "Microsoft.EventHub/namespaces", "Microsoft.ServiceBus/namespaces"
FOREVER = "P10675199DT2H48M5.4775807S"
NETWORK_RULES: Json = {
    "publicNetworkAccess": "Enabled",
    "defaultAction": "Allow",
    "virtualNetworkRules": [],
    "ipRules": [],
    "trustedServiceAccessEnabled": False,
}
COUNTS: Json = {
    "activeMessageCount": 0,
    "deadLetterMessageCount": 0,
    "scheduledMessageCount": 0,
    "transferMessageCount": 0,
    "transferDeadLetterMessageCount": 0,
}
ROOT_RULE = "RootManageSharedAccessKey"
EVER = "0001-01-01T00:00:00"


def register(registry: Registry) -> None:
    """Add every type below a namespace but connections."""
    for part in (*_parts_of_hubs(), *_parts_of_bus()):
        part.register(registry)


def _head(type_name: str) -> Reader:
    """The place of the namespace, and the type as the service writes it."""
    namespace, *kinds = type_name.split("/")
    shown = "/".join([namespace, *(kind[:1].upper() + kind[1:] for kind in kinds)])
    shown = shown.replace("Eventhubs", "EventHubs").replace("Consumergroups", "ConsumerGroups")

    def head(world: World, resource: Resource) -> Json:
        root = world.find(resource.id.root)
        return {"type": shown, "location": root.location if root is not None else ""}

    return head


def _changes(world: World, resource: Resource) -> Json:
    """When it was made, and changed last."""
    made = resource.private.setdefault("created", world.timestamp(3))
    return {"createdAt": made, "updatedAt": made}


def _hub(world: World, hub: Resource) -> Json:
    count = int(hub.properties.get("partitionCount", 4))
    return _changes(world, hub) | {"partitionIds": [str(number) for number in range(count)]}


def _queue(world: World, queue: Resource) -> Json:
    changed = _changes(world, queue)
    return changed | {"accessedAt": EVER, "countDetails": dict(COUNTS)}


def _topic(world: World, topic: Resource) -> Json:
    return _queue(world, topic) | {"subscriptionCount": len(world.store.children(topic.id, "subscriptions"))}


# Keys


def keys(call: Call) -> Response:
    """Both keys of an authorization rule, by `listKeys` and `regenerateKeys`."""
    world, rule = call.world, call.stored
    known = rule.private.setdefault("keys", {})
    for name in ("primaryKey", "secondaryKey"):
        if name not in known or str(call.body.get("keyType", "")).lower() == name.lower():
            known[name] = b64encode(world.rng.randbytes(32)).decode()
    host = f"{rule.id.names[0].lower()}.servicebus.windows.net"
    start = f"Endpoint=sb://{host}/;SharedAccessKeyName={rule.name};SharedAccessKey="
    entity = f";EntityPath={rule.id.names[1]}" if len(rule.id.names) > 2 else ""
    strings = {
        name.replace("Key", "ConnectionString"): f"{start}{value}{entity}" for name, value in known.items()
    }
    return Response(200, strings | known | {"keyName": rule.name})


KEYS: dict[str, Handler] = {"listKeys": keys, "regenerateKeys": keys}


def _rights(world: World, rule: Resource) -> Json:
    """The rule that every namespace has may do everything."""
    return {"rights": ["Listen", "Manage", "Send"]} if rule.name == ROOT_RULE else {}


def _rules(owner: str) -> Part:
    name, root = f"{owner}/authorizationRules", owner.count("/") == 1
    implied = ROOT_RULE if root else ""
    head = _head(name)
    return Part(name, created=200, head=head, actions=KEYS, computed=_rights, implied=implied, several=True)


def _network_rules(namespace: str) -> Part:
    name = f"{namespace}/networkRuleSets"
    shown = "NetworkRuleSets"
    return Part(
        name,
        implied="default",
        deleted=0,
        defaults=NETWORK_RULES,
        head=_head(f"{namespace}/{shown}"),
    )


def _parts_of_hubs() -> list[Part]:
    hubs, groups = f"{HUBS}/eventhubs", f"{HUBS}/eventhubs/consumergroups"
    return [
        _rules(HUBS),
        _network_rules(HUBS),
        Part(
            hubs,
            created=200,
            defaults={"messageRetentionInDays": 7, "partitionCount": 4, "status": "Active"},
            computed=_hub,
            head=_head(hubs),
        ),
        _rules(hubs),
        Part(groups, created=200, computed=_changes, head=_head(groups), implied="$Default", several=True),
    ]


QUEUE: Json = {
    "maxMessageSizeInKilobytes": 256,
    "lockDuration": "PT1M",
    "maxSizeInMegabytes": 1024,
    "requiresDuplicateDetection": False,
    "requiresSession": False,
    "defaultMessageTimeToLive": FOREVER,
    "deadLetteringOnMessageExpiration": False,
    "enableBatchedOperations": True,
    "duplicateDetectionHistoryTimeWindow": "PT10M",
    "maxDeliveryCount": 10,
    "sizeInBytes": 0,
    "messageCount": 0,
    "status": "Active",
    "autoDeleteOnIdle": FOREVER,
    "enablePartitioning": False,
    "enableExpress": False,
}
TOPIC: Json = {
    "maxMessageSizeInKilobytes": 256,
    "defaultMessageTimeToLive": FOREVER,
    "maxSizeInMegabytes": 1024,
    "requiresDuplicateDetection": False,
    "duplicateDetectionHistoryTimeWindow": "PT10M",
    "enableBatchedOperations": True,
    "sizeInBytes": 0,
    "status": "Active",
    "supportOrdering": True,
    "autoDeleteOnIdle": FOREVER,
    "enablePartitioning": False,
    "enableExpress": False,
}
SUBSCRIPTION: Json = {
    "isClientAffine": False,
    "lockDuration": "PT1M",
    "requiresSession": False,
    "defaultMessageTimeToLive": FOREVER,
    "deadLetteringOnMessageExpiration": False,
    "deadLetteringOnFilterEvaluationExceptions": True,
    "messageCount": 0,
    "maxDeliveryCount": 10,
    "status": "Active",
    "enableBatchedOperations": True,
    "autoDeleteOnIdle": FOREVER,
}
RULE: Json = {
    "action": {},
    "filterType": "SqlFilter",
    "sqlFilter": {"sqlExpression": "1=1", "compatibilityLevel": 20},
}


def _parts_of_bus() -> list[Part]:
    queues, topics = f"{BUS}/queues", f"{BUS}/topics"
    subscriptions, rules = f"{BUS}/topics/subscriptions", f"{BUS}/topics/subscriptions/rules"
    return [
        _rules(BUS),
        _network_rules(BUS),
        Part(queues, created=200, defaults=QUEUE, computed=_queue, head=_head(queues)),
        _rules(queues),
        Part(topics, created=200, defaults=TOPIC, computed=_topic, head=_head(topics)),
        _rules(topics),
        Part(
            subscriptions,
            created=200,
            defaults=SUBSCRIPTION,
            computed=_queue,
            head=_head(subscriptions),
        ),
        Part(rules, created=200, defaults=RULE, head=_head(rules)),
    ]
