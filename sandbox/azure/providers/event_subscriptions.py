"""Event subscriptions and system topics of Event Grid, as Resource Manager keeps them.

Sources: docs/azure/clients.md, CLI-11. They are kept and shown. Events go to the sandbox's app alone
(docs/sandbox.md): no destination that is named here receives any.
"""

from __future__ import annotations

import re
from copy import deepcopy

from sandbox.azure.kernel.ids import ArmId
from sandbox.azure.kernel.model import ArmError, Json, Response
from sandbox.azure.kernel.provider import Call, Registry, ResourceType
from sandbox.azure.kernel.regions import normal
from sandbox.azure.kernel.world import World
from sandbox.azure.providers.private_link import targets

TOPIC = "Microsoft.EventGrid/systemTopics"
NAME = re.compile(r"[A-Za-z0-9-]{3,64}")
DESTINATIONS = frozenset(
    ("AzureFunction", "EventHub", "HybridConnection", "MonitorAlert", "NamespaceTopic", "PartnerDestination")
) | {"ServiceBusQueue", "ServiceBusTopic", "StorageQueue", "WebHook"}
SCHEMAS = ("EventGridSchema", "CustomInputSchema", "CloudEventSchemaV1_0")
MOST_ATTEMPTS, MOST_MINUTES, MOST_FILTERS = 30, 1440, 25
GLOBAL_SOURCES = ("microsoft.resources.subscriptions", "microsoft.resources.resourcegroups")
FILTER: Json = {"subjectBeginsWith": "", "subjectEndsWith": "", "includedEventTypes": None}


def register(registry: Registry) -> None:
    """Add system topics, and event subscriptions below them."""
    registry.add(
        ResourceType(TOPIC, put=put_topic, delete=delete, tracked=True, etag="none"),
        ResourceType(f"{TOPIC}/eventSubscriptions", put=put, patch=put, delete=delete, etag="none"),
    )


def put_topic(call: Call) -> Response:
    """Create or replace a system topic: 201 or 200. Raises ArmError 400 for a wrong or taken source."""
    source, kind = str(call.properties.get("source", "")), str(call.properties.get("topicType", ""))
    if not source or not kind:
        raise _wrong("The properties source and topicType are required to create a system topic.")
    if not _exists(call.world, source):
        raise _wrong(f"The source '{source}' of the system topic was not found.")
    if kind.lower() in GLOBAL_SOURCES and normal(str(call.body.get("location", ""))) != "global":
        raise _wrong("System topics of subscriptions and resource groups are in the location global.")
    for other in call.world.store.of_type(TOPIC):
        if other.id != call.id and str(other.properties["source"]).lower() == source.lower():
            raise _wrong("Only one system topic is allowed per source.")
    body = targets.given(call, "location", "tags", "identity")
    known = call.existing.properties if call.existing else {"metricResourceId": call.world.new_guid()}
    about = {"source": source, "topicType": kind, "provisioningState": "Succeeded"}
    saved = call.world.save(call.id, body | {"properties": known | about})
    return Response(200 if call.existing else 201, call.world.show(saved))


def put(call: Call) -> Response:
    """Create or change an event subscription below a system topic: 201, or 200."""
    given = call.properties if call.request.method == "PUT" else call.body
    before = call.existing.properties if call.existing else {}
    properties = described(call.id.name, str(call.parent.properties["source"]), given, before)
    saved = call.world.save(call.id, {"properties": properties})
    return Response(200 if call.existing else 201, call.world.show(saved))


def delete(call: Call) -> Response:
    """Delete at once: 200."""
    call.world.remove(call.id)
    return Response(200)


def described(name: str, topic: str, given: Json, before: Json) -> Json:
    """The properties of an event subscription as GET shows them. Raises ArmError 400 for wrong ones."""
    if NAME.fullmatch(name) is None:
        raise _wrong("The name of an event subscription has 3 to 64 letters, digits and hyphens.")
    asked: Json = {"filter": {}, "labels": None, "eventDeliverySchema": SCHEMAS[0]} | before | deepcopy(given)
    _check(asked)
    retries = {"maxDeliveryAttempts": MOST_ATTEMPTS, "eventTimeToLiveInMinutes": MOST_MINUTES}
    fixed: Json = {
        "topic": topic,
        "provisioningState": "Succeeded",
        "filter": FILTER | (asked["filter"] or {}),
        "retryPolicy": retries | (asked.get("retryPolicy") or {}),
    }
    return asked | fixed | {"destination": _without_secrets(asked["destination"])}


def _check(asked: Json) -> None:
    destination = asked.get("destination") or (asked.get("deliveryWithResourceIdentity") or {}).get(
        "destination"
    )
    if not isinstance(destination, dict) or destination.get("endpointType") not in DESTINATIONS:
        raise _wrong("The event subscription needs a destination with a known endpointType.")
    asked["destination"] = destination
    if asked["eventDeliverySchema"] not in SCHEMAS:
        raise _wrong(f"The event delivery schema '{asked['eventDeliverySchema']}' is not valid.")
    about: Json = destination.get("properties") or {}
    url = str(about.get("endpointUrl", about.get("endpointBaseUrl", "")))
    if destination["endpointType"] == "WebHook" and not url.startswith("https://"):
        raise _wrong("The endpoint of a webhook must be an HTTPS URL.")
    policy: Json = asked.get("retryPolicy") or {}
    for member, most in (("maxDeliveryAttempts", MOST_ATTEMPTS), ("eventTimeToLiveInMinutes", MOST_MINUTES)):
        if not 1 <= policy.get(member, 1) <= most:
            raise _wrong(f"{member} must be between 1 and {most}.")
    if len((asked["filter"] or {}).get("advancedFilters") or []) > MOST_FILTERS:
        raise _wrong(f"An event subscription has at most {MOST_FILTERS} advanced filters.")


def _without_secrets(destination: Json) -> Json:
    """A webhook's URL may have a key in it: only the part before it is shown."""
    about = dict(destination.get("properties") or {})
    url = about.pop("endpointUrl", None)
    if url:
        about["endpointBaseUrl"] = str(url).split("?", 1)[0]
    return {"endpointType": destination["endpointType"], "properties": about}


def _exists(world: World, source: str) -> bool:
    try:
        id = ArmId.parse(source)
    except ValueError:
        return False
    known = id.subscription.lower() in world.subscriptions
    return known if not id.group else world.find(id) is not None


def _wrong(text: str) -> ArmError:
    return ArmError(400, "InvalidRequest", text)
