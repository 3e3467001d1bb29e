"""What a storage account holds: services, containers, shares, queues, tables, policies, encryption scopes.

Sources: docs/azure/services.md, SVC-03 and SVC-04; docs/azure/clients.md, CLI-09.
"""

from __future__ import annotations

import re

from sandbox.azure.kernel.model import Json, Resource
from sandbox.azure.kernel.provider import Call, Registry
from sandbox.azure.kernel.world import World
from sandbox.azure.providers.parts.part import Part

ACCOUNT = "Microsoft.Storage/storageAccounts"
NAMES = re.compile(r"\$root|\$logs|\$web|[a-z0-9](?!.*--)[a-z0-9-]{1,61}[a-z0-9]")
TABLE_NAMES = re.compile(r"[A-Za-z][A-Za-z0-9]{2,62}")
NO_CORS: Json = {"cors": {"corsRules": []}}
TRACKING: Json = {"name": "AccessTimeTracking", "trackingGranularityInDays": 1, "blobType": ["blockBlob"]}
LOGGING: Json = {
    "version": "1.0",
    "delete": False,
    "read": False,
    "write": False,
    "retentionPolicy": {"enabled": False},
}
OPEN_LEASE: Json = {"leaseStatus": "Unlocked", "leaseState": "Available"}


def register(registry: Registry) -> None:
    """Add every type below a storage account."""
    for part in PARTS:
        part.register(registry)


def _sku(world: World, service: Resource) -> Json:
    """Services of blobs and files show the account's SKU."""
    account = world.find(service.id.root)
    return {"sku": dict(account.body["sku"])} if account is not None and "sku" in account.body else {}


def _without_sku(call: Call, shown: Json) -> Json:
    """The answer to a PUT of a service lacks the SKU that its GET shows."""
    return {name: value for name, value in shown.items() if name != "sku"}


def _blob_service(call: Call, asked: Json) -> Json:
    """What is given replaces what was there, member by member."""
    kept: Json = dict(call.existing.properties) if call.existing else {}
    kept |= asked
    tracking = kept.pop("lastAccessTimeTrackingPolicy", None)
    if tracking and tracking.get("enable"):
        kept["lastAccessTimeTrackingPolicy"] = TRACKING | tracking
    return kept


def _service(call: Call, asked: Json) -> Json:
    return (dict(call.existing.properties) if call.existing else {}) | asked


# Containers and shares


def _container(world: World, container: Resource) -> Json:
    """Who may read it, and leases, holds and policies: none."""
    return {
        "deleted": False,
        "remainingRetentionDays": 0,
        "publicAccess": container.properties.get("publicAccess", "None"),
        "lastModifiedTime": container.private.setdefault("changed", world.timestamp()),
        "legalHold": {"hasLegalHold": False, "tags": []},
        "hasImmutabilityPolicy": False,
        "hasLegalHold": False,
    }


# Members of the answer to a write that gives properties.
WRITTEN: tuple[str, ...] = ("deleted", "remainingRetentionDays", "metadata", "publicAccess")
WRITTEN += ("hasImmutabilityPolicy", "hasLegalHold")


def _written_container(call: Call, shown: Json) -> Json:
    """The answer to a write has no ETag in its body, and no properties when the request gave none."""
    head = {name: shown[name] for name in ("id", "name", "type")}
    if not call.properties:
        return head
    inner = shown["properties"]
    return head | {"properties": {name: inner[name] for name in WRITTEN if name in inner}}


def _share(world: World, share: Resource) -> Json:
    changed = share.private.setdefault("changed", world.timestamp())
    files = "enabledProtocols" in share.properties
    return {
        "leaseStatus": "unlocked",
        "leaseState": "available",
        "accessTierChangeTime": changed,
        "lastModifiedTime": changed,
    } | ({} if files else {"signedIdentifiers": share.properties.get("signedIdentifiers", [])})


def _written_share(call: Call, shown: Json) -> Json:
    head = {name: shown[name] for name in ("id", "name", "type")}
    given = {name: shown["properties"][name] for name in call.properties if name in shown["properties"]}
    return head | {"properties": given}


# Queues, tables, policies, scopes


def _written_queue(call: Call, shown: Json) -> Json:
    shown["properties"].pop("approximateMessageCount")
    return shown


def _table(world: World, table: Resource) -> Json:
    return {"tableName": table.name}


def _written_table(call: Call, shown: Json) -> Json:
    if "signedIdentifiers" not in call.properties:
        shown["properties"].pop("signedIdentifiers")
    return shown


def _policy(call: Call, asked: Json) -> Json:
    return asked | {"lastModifiedTime": call.world.timestamp()}


def _scope(call: Call, asked: Json) -> Json:
    now = call.world.timestamp()
    known = call.existing.properties if call.existing else {"creationTime": now}
    fixed: Json = {"creationTime": known["creationTime"], "lastModifiedTime": now}
    return {"source": "Microsoft.Storage", "state": "Enabled"} | asked | fixed


def _written_scope(call: Call, shown: Json) -> Json:
    shown["properties"].setdefault("keyVaultProperties", {})
    return shown


def _user(world: World, user: Resource) -> Json:
    """The user's security identifier, and which credentials there are."""
    number = user.private.setdefault("number", world.rng.randint(1000, 9999))
    return {
        "sid": f"S-1-2-0-{number}-1-1000",
        "hasSharedKey": bool(user.properties.get("hasSharedKey", False)),
        "hasSshKey": bool(user.properties.get("hasSshKey", False)),
        "hasSshPassword": bool(user.properties.get("hasSshPassword", False)),
    }


def _replication(call: Call, asked: Json) -> Json:
    """A policy and each of its rules have an id."""
    rules = [{"ruleId": call.world.new_guid()} | one for one in asked.get("rules") or []]
    return asked | {"policyId": call.id.name, "enabledTime": call.world.timestamp(), "rules": rules}


PARTS = (
    Part(
        f"{ACCOUNT}/blobServices",
        changed=0,
        deleted=0,
        implied="default",
        echoes=True,
        stored=_blob_service,
        defaults=NO_CORS
        | {
            "deleteRetentionPolicy": {"allowPermanentDelete": False, "enabled": False},
            "staticWebsite": {"enabled": False},
        },
        head=_sku,
        answer=_without_sku,
    ),
    Part(
        f"{ACCOUNT}/blobServices/containers",
        names=NAMES,
        stored=_service,
        computed=_container,
        defaults=OPEN_LEASE
        | {"defaultEncryptionScope": "$account-encryption-key", "denyEncryptionScopeOverride": False},
        answer=_written_container,
        etag="stamp",
    ),
    Part(
        f"{ACCOUNT}/fileServices",
        changed=0,
        deleted=0,
        implied="default",
        echoes=True,
        stored=_service,
        defaults=NO_CORS
        | {"protocolSettings": {"smb": {}}, "shareDeleteRetentionPolicy": {"enabled": True, "days": 7}},
        head=_sku,
        answer=_without_sku,
    ),
    Part(
        f"{ACCOUNT}/fileServices/shares",
        names=NAMES,
        stored=_service,
        computed=_share,
        defaults={"accessTier": "TransactionOptimized", "shareQuota": 102400},
        answer=_written_share,
        etag="stamp",
    ),
    Part(
        f"{ACCOUNT}/queueServices",
        changed=0,
        deleted=0,
        implied="default",
        echoes=True,
        stored=_service,
        defaults=NO_CORS | {"logging": LOGGING},
    ),
    Part(
        f"{ACCOUNT}/queueServices/queues",
        names=NAMES,
        created=200,
        deleted=204,
        defaults={"metadata": {}, "approximateMessageCount": 0},
        answer=_written_queue,
    ),
    Part(
        f"{ACCOUNT}/tableServices",
        changed=0,
        deleted=0,
        implied="default",
        echoes=True,
        stored=_service,
        defaults=NO_CORS,
    ),
    Part(
        f"{ACCOUNT}/tableServices/tables",
        names=TABLE_NAMES,
        created=200,
        deleted=204,
        computed=_table,
        defaults={"signedIdentifiers": []},
        answer=_written_table,
    ),
    Part(
        f"{ACCOUNT}/managementPolicies",
        created=200,
        changed=0,
        stored=_policy,
        shown_name="DefaultManagementPolicy",
    ),
    Part(f"{ACCOUNT}/encryptionScopes", deleted=0, stored=_scope, answer=_written_scope),
    Part(f"{ACCOUNT}/inventoryPolicies", created=200, stored=_policy, shown_name="DefaultInventoryPolicy"),
    Part(f"{ACCOUNT}/localUsers", created=200, deleted=204, computed=_user, hidden=("sshAuthorizedKeys",)),
    Part(f"{ACCOUNT}/objectReplicationPolicies", created=200, stored=_replication),
)
