"""Storage accounts.

Sources: docs/azure/long-running-operations.md, LRO-14; docs/azure/targets.md, TGT-02, TGT-16, TGT-18, TGT-24,
TGT-25 and TGT-90.
"""

from __future__ import annotations

import base64
import re
from copy import deepcopy

from sandbox.azure.kernel.manners import Style
from sandbox.azure.kernel.model import ArmError, Json, Resource, Response
from sandbox.azure.kernel.operations import OperationPlan
from sandbox.azure.kernel.provider import Call, Registry, ResourceType
from sandbox.azure.kernel.regions import PAIRS
from sandbox.azure.providers.private_link import connections, link_services, targets

TYPE = "Microsoft.Storage/storageAccounts"
# Members of `encryption` that a request sets besides its services.
OWN_KEYS = ("keySource", "keyvaultproperties", "requireInfrastructureEncryption", "identity")
DATED_KEYS = "2021-02-01"  # first api-version whose keys have a date (docs/azure/services.md, SVC-01)
NAME = re.compile(r"^[a-z0-9]{3,24}$")
KEYS = ("key1", "key2")
KINDS = ("StorageV2", "Storage", "BlobStorage", "BlockBlobStorage", "FileStorage")
SUFFIXES = {
    "public": "core.windows.net",
    "government": "core.usgovcloudapi.net",
    "china": "core.chinacloudapi.cn",
}


def register(registry: Registry) -> None:
    """Add storage accounts with their link resources and connections."""
    registry.add(
        ResourceType(
            TYPE,
            put=put,
            patch=patch,
            delete=delete,
            show=targets.with_connections,
            tracked=True,
            etag="none",
            actions={
                "listKeys": list_keys,
                "regenerateKey": regenerate_key,
                "revokeUserDelegationKeys": lambda call: Response(200),
            },
        )
    )
    targets.register_children(registry, TYPE)


def put(call: Call) -> Response:
    """Create: 202, empty, Location only, Retry-After 17; the last poll's body is the account.

    On an existing account: 200 at once.
    """
    _check(call)
    if call.existing is not None:
        return _update(call, _body(call))
    world = call.world
    account = world.save(call.id, _body(call))
    account.state = "ResolvingDns"
    operation = call.start_operation(
        OperationPlan(
            name="CreateStorageAccount",
            style=Style.STORAGE,
            duration=world.duration("storageAccounts/write", call.id),
            first_wait=17,
            locks=(call.id,),
            complete=lambda: world.succeed(call.id),
        )
    )
    return operation.answer(202)


def patch(call: Call) -> Response:
    """Change the members given: 200 at once."""
    body = targets.patched(call) | targets.given(call, "identity")
    properties = body["properties"]
    if "networkAcls" in call.properties:
        properties["networkAcls"] = _acls(properties.get("networkAcls") or {})
    if "encryption" in call.properties:
        known = call.stored.properties.get("encryption") or {}
        asked = call.properties["encryption"] or {}
        properties["encryption"] = _encryption(asked, known, call.world.timestamp())
    sku = str(body["sku"].get("name"))
    body["sku"] = {"name": sku, "tier": sku.split("_", 1)[0]}
    if sku != call.stored.body["sku"].get("name"):
        for name in ("secondaryLocation", "statusOfSecondary", "secondaryEndpoints"):
            properties.pop(name, None)
        properties |= _places(call, body)
    return _update(call, body)


def _update(call: Call, body: Json) -> Response:
    if call.world.running(call.id) is not None:
        raise connections.busy(call.id)
    account = call.world.save(call.id, body)
    account.state = "Succeeded"
    return Response(200, call.world.show(account))


def delete(call: Call) -> Response:
    """Delete at once: 200."""
    if call.world.running(call.id) is not None:
        raise connections.busy(call.id)
    call.world.remove(call.id)
    return Response(200)


def list_keys(call: Call) -> Response:
    """The two access keys (docs/azure/clients.md, CLI-09)."""
    return Response(200, {"keys": [_key(call, name) for name in KEYS]})


def regenerate_key(call: Call) -> Response:
    """Make a new key in place of the one that the body names. Raises ArmError 400 for any other name."""
    name = str(call.body.get("keyName", "")).lower()
    if name not in KEYS:
        raise ArmError(
            400, "InvalidValuesForRequestParameters", "Values for request parameters are invalid: keyName."
        )
    call.stored.private.setdefault("keys", {}).pop(name, None)
    call.stored.properties["keyCreationTime"][name] = call.world.timestamp()
    return list_keys(call)


def _key(call: Call, name: str) -> Json:
    keys = call.stored.private.setdefault("keys", {})
    made = base64.b64encode(call.world.rng.randbytes(64)).decode()
    dated = call.request.query.get("api-version", "") >= DATED_KEYS
    since: Json = {"creationTime": call.stored.properties["keyCreationTime"][name]} if dated else {}
    return since | {
        "keyName": name,
        "value": keys.setdefault(name, made),
        "permissions": "FULL",
    }


def _check(call: Call) -> None:
    """Refuse an invalid name, kind or sku at once (source: public error texts of the service)."""
    if not NAME.match(call.id.name):
        raise ArmError(
            400,
            "AccountNameInvalid",
            f"{call.id.name} is not a valid storage account name. Storage account name must be between 3 and "
            "24 characters in length and use numbers and lower-case letters only.",
        )
    kind = call.body.get("kind", "StorageV2" if call.existing else None)
    if kind not in KINDS or not (call.body.get("sku") or call.existing):
        raise ArmError(
            400, "InvalidValuesForRequestParameters", "Values for request parameters are invalid: kind,sku."
        )
    text = "The storage account named {name} is already taken."
    targets.refuse_taken(call, "StorageAccountAlreadyTaken", text)


def _body(call: Call) -> Json:
    old = call.existing
    body: Json = targets.given(call, "kind", "identity", "extendedLocation", "zones")
    body["location"] = call.body.get("location") or (old.location if old else "")
    body["tags"] = call.body.get("tags") or {}
    sku = str((call.body.get("sku") or (old.body["sku"] if old else {})).get("name", "Standard_LRS"))
    body["sku"] = {"name": sku, "tier": sku.split("_", 1)[0]}
    body.setdefault("kind", old.body["kind"] if old else "StorageV2")
    return body | {"properties": _properties(call, body)}


def _properties(call: Call, body: Json) -> Json:
    """The request's properties over the service's defaults; `publicNetworkAccess` only if a request set
    it.
    """
    now = call.world.timestamp()
    kept = call.existing.properties if call.existing else {}
    defaults: Json = {
        "keyCreationTime": {"key1": now, "key2": now},
        "allowCrossTenantReplication": False,
        "minimumTlsVersion": "TLS1_2",
        "allowBlobPublicAccess": False,
        "networkAcls": _acls({}),
        "supportsHttpsTrafficOnly": True,
        "accessTier": "Hot",
        "creationTime": now,
    }
    asked = targets.without_connections(call.properties)
    if "networkAcls" in asked:
        asked["networkAcls"] = _acls(asked["networkAcls"] or {})
    asked["encryption"] = _encryption(asked.get("encryption") or {}, kept.get("encryption") or {}, now)
    if body["kind"] == "Storage":
        defaults.pop("accessTier")
    asked["dnsEndpointType"] = (kept if call.existing else asked).get("dnsEndpointType")
    named = body | {"properties": {"dnsEndpointType": asked["dnsEndpointType"]}}
    fixed = {"provisioningState": "Succeeded"} | _places(call, named)
    return defaults | kept | {name: value for name, value in asked.items() if value is not None} | fixed


def _acls(asked: Json) -> Json:
    """Network rules with what the service adds to each (source: REST reference, Storage Accounts - Get
    Properties)."""
    default = {"bypass": "AzureServices", "virtualNetworkRules": [], "ipRules": [], "defaultAction": "Allow"}
    rules: Json = default | deepcopy(asked)
    rules["ipRules"] = [{"action": "Allow"} | one for one in rules["ipRules"] or []]
    rules["virtualNetworkRules"] = [
        {"action": "Allow", "state": "Succeeded"} | one for one in rules["virtualNetworkRules"] or []
    ]
    return rules


def _encryption(asked: Json, known: Json, now: str) -> Json:
    """Encryption of files and blobs, and of tables and queues when a request names them (source: REST
    reference, Storage Accounts - Create, Encryption).
    """
    plain: Json = {"keyType": "Account", "enabled": True, "lastEnabledTime": now}
    services: Json = {"file": dict(plain), "blob": dict(plain)} | (known.get("services") or {})
    for name, one in (asked.get("services") or {}).items():
        services.setdefault(name, plain | {"keyType": (one or {}).get("keyType", "Service")})
    kept = {name: asked[name] for name in OWN_KEYS if asked.get(name)}
    return {"keySource": "Microsoft.Storage"} | known | kept | {"services": services}


def _places(call: Call, body: Json) -> Json:
    """Endpoints by kind; a second set for an account that is readable in the paired region."""
    location, sku = str(body["location"]).replace(" ", "").lower(), body["sku"]["name"]
    places: Json = {
        "primaryEndpoints": _endpoints(call, body, ""),
        "primaryLocation": location,
        "statusOfPrimary": "available",
    }
    if "GRS" in sku or "GZRS" in sku:
        places |= {"secondaryLocation": PAIRS.get(location, location), "statusOfSecondary": "available"}
    if sku.startswith("Standard_RA"):
        places["secondaryEndpoints"] = _endpoints(call, body, "-secondary")
    return places


def _endpoints(call: Call, body: Json, mark: str) -> Json:
    probe = Resource(call.id, body)
    suffix = SUFFIXES[link_services.cloud(str(body["location"]).lower())]
    found: Json = {}
    for group in link_services.groups(probe):
        first_generation = body["kind"] == "Storage" and group.id in ("web", "dfs")
        if group.id.endswith("_secondary") or (mark and group.id == "file") or first_generation:
            continue
        zone = ".z6" if group.id == "web" else ""
        if body["properties"].get("dnsEndpointType") == "AzureDnsZone":
            zone, suffix = f".{link_services.dns_zone(probe)}", "storage.azure.net"
        found[group.id] = f"https://{call.id.name}{mark}{zone}.{group.id}.{suffix}/"
    return found
