"""The four services of a storage account and what is in them: containers, shares, queues and tables.

Resource Manager's side of them; the simulator has no data in them. Source: docs/azure/clients.md, CLI-09.
"""

from __future__ import annotations

import re
from copy import deepcopy
from dataclasses import dataclass

from sandbox.azure.kernel.model import ArmError, Json, Resource, Response
from sandbox.azure.kernel.provider import Call, Registry, ResourceType
from sandbox.azure.kernel.world import World
from sandbox.azure.providers.private_link import targets

ACCOUNT = "Microsoft.Storage/storageAccounts"


@dataclass(frozen=True, slots=True)
class Content:
    """What a service holds: the child type, valid names, and the properties that the service adds."""

    kind: str
    names: re.Pattern[str]
    defaults: Json


NAMES = re.compile(r"[a-z0-9](?!.*--)[a-z0-9-]{1,61}[a-z0-9]")
LEASE: Json = {"leaseStatus": "Unlocked", "leaseState": "Available"}
CONTAINER: Json = {
    "publicAccess": "None",
    "deleted": False,
    "remainingRetentionDays": 0,
    "defaultEncryptionScope": "$account-encryption-key",
    "denyEncryptionScopeOverride": False,
    "hasImmutabilityPolicy": False,
    "hasLegalHold": False,
    "immutableStorageWithVersioning": {"enabled": False},
}
SHARE: Json = {"accessTier": "TransactionOptimized", "shareQuota": 5120, "enabledProtocols": "SMB"}
SERVICES = {
    "blobServices": Content("containers", NAMES, CONTAINER | LEASE),
    "fileServices": Content("shares", NAMES, SHARE | LEASE),
    "queueServices": Content("queues", NAMES, {}),
    "tableServices": Content("tables", re.compile(r"[A-Za-z][A-Za-z0-9]{2,62}"), {}),
}


def register(registry: Registry) -> None:
    """Add the services, each named `default`, and their content."""
    for service in SERVICES:
        name = f"{ACCOUNT}/{service}"
        content = f"{name}/{SERVICES[service].kind}"
        registry.add(
            ResourceType(name, put=put_service, etag="none", implied=("default", made)),
            ResourceType(content, put=put, patch=put, delete=delete, etag="stamp"),
        )


def made(world: World, account: Resource) -> Json:
    """A service as it is with a new account."""
    return {
        "sku": deepcopy(account.body.get("sku", {})),
        "properties": {"cors": {"corsRules": []}, "deleteRetentionPolicy": {"enabled": False}},
    }


def put_service(call: Call) -> Response:
    """Set properties of the one service that there is: 200. Any other name is refused."""
    if call.existing is None:
        raise ArmError(400, "InvalidResourceName", f"The service's name is default, not {call.id.name}.")
    body = call.stored.body | {"properties": targets.merge(call.stored.properties, call.properties)}
    return Response(200, call.world.show(call.world.save(call.id, body)))


def put(call: Call) -> Response:
    """Create a container, share, queue or table: 201; change it: 200."""
    content = SERVICES[call.type.name.split("/")[2]]
    if content.names.fullmatch(call.id.name) is None:
        raise ArmError(400, "InvalidResourceName", "The specified resource name contains invalid characters.")
    kept = call.existing.properties if call.existing else deepcopy(content.defaults)
    properties = targets.merge(kept, call.properties) | {"lastModifiedTime": call.world.timestamp()}
    saved = call.world.save(call.id, {"properties": properties})
    return Response(200 if call.existing else 201, call.world.show(saved))


def delete(call: Call) -> Response:
    """Delete at once: 200."""
    call.world.remove(call.id)
    return Response(200)
