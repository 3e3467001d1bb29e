"""Cognitive Services accounts. Sources: docs/azure/long-running-operations.md, LRO-18; docs/azure/targets.md,
TGT-32."""

from __future__ import annotations

from sandbox.azure.kernel.manners import Style
from sandbox.azure.kernel.model import Json, Resource
from sandbox.azure.kernel.provider import Call
from sandbox.azure.providers.services.making import Making, kept, system_data

DEFAULTS: Json = {
    # What the kind can do, and how often it may be called: lists that the service changes.
    "callRateLimit": {"rules": []},
    "capabilities": [],
    "isMigrated": False,
    "publicNetworkAccess": "Enabled",
}


def head(call: Call, account: Resource) -> Json:
    """Who made it."""
    return {"systemData": system_data(call)}


def properties(call: Call, account: Resource) -> Json:
    """The endpoint: that of the custom subdomain if there is one, else the region's."""
    domain = account.properties.get("customSubDomainName")
    host = "cognitiveservices.azure.com" if domain else "api.cognitive.microsoft.com"
    endpoint = f"https://{domain or account.location}.{host}/"
    text = account.body.get("kind") == "TextAnalytics"
    own: Json = (
        {"apiProperties": {"qnaAzureSearchEndpointKey": None}, "quotaLimit": {"rules": []}} if text else {}
    )
    return own | {
        "endpoint": endpoint,
        "endpoints": {str(account.body.get("kind", "")): endpoint},
        "internalId": kept(call, "internalId", call.world.new_guid().replace("-", "")),
        "dateCreated": kept(call, "dateCreated", call.world.timestamp()),
    }


MAKING = Making(
    duration="networkSecurityGroups/write",
    style=Style.COGNITIVE,
    head=head,
    defaults=DEFAULTS,
    properties=properties,
    etag="quoted",
)
