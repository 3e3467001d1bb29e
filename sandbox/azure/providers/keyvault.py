"""Key Vaults. Sources: docs/azure/long-running-operations.md, LRO-17; docs/azure/targets.md, TGT-04."""

from __future__ import annotations

from copy import deepcopy

from sandbox.azure.kernel.model import ArmError, Json, Response
from sandbox.azure.kernel.provider import Call, Registry, ResourceType
from sandbox.azure.providers.private_link import link_services, targets

TYPE = "Microsoft.KeyVault/vaults"
SUFFIXES = {"public": "vault.azure.net", "government": "vault.usgovcloudapi.net", "china": "vault.azure.cn"}


def register(registry: Registry) -> None:
    """Add vaults with their link resources and connections."""
    registry.add(
        ResourceType(
            TYPE,
            put=put,
            patch=patch,
            delete=delete,
            show=targets.with_connections,
            tracked=True,
            etag="none",
        )
    )
    targets.register_children(registry, TYPE)


def put(call: Call) -> Response:
    """Create (201) or replace (200) a vault: synchronous. Properties are kept as given."""
    properties = call.properties
    if not properties.get("tenantId") or not isinstance(properties.get("sku"), dict):
        raise ArmError(400, "BadRequest", "The parameters tenantId and sku are required to create a vault.")
    text = "The vault name '{name}' is already in use. Vault names are globally unique."
    targets.taken(call.world, call, "vault.azure.net", ("VaultAlreadyExists", text))
    return _store(call, _body(call, call.body, properties), 200 if call.existing else 201)


def patch(call: Call) -> Response:
    """Change the members given: 200."""
    merged = targets.patched(call)
    return _store(call, _body(call, merged, merged["properties"]), 200)


def delete(call: Call) -> Response:
    """Delete at once: 200. Soft-deleted vaults are not kept."""
    call.world.remove(call.id)
    return Response(200)


def _store(call: Call, body: Json, status: int) -> Response:
    return Response(status, call.world.show(call.world.save(call.id, body)))


def _body(call: Call, whole: Json, properties: Json) -> Json:
    location = str(whole.get("location") or (call.existing.location if call.existing else ""))
    suffix = SUFFIXES[link_services.cloud(location.replace(" ", "").lower())]
    defaults: Json = {
        "accessPolicies": [],
        "enabledForDeployment": False,
        "enableSoftDelete": True,
        "softDeleteRetentionInDays": 90,
        "publicNetworkAccess": "Enabled",
    }
    asked = {
        name: value for name, value in targets.without_connections(properties).items() if value is not None
    }
    fixed = {"vaultUri": f"https://{call.id.name.lower()}.{suffix}/", "provisioningState": "Succeeded"}
    return {
        "location": location,
        "tags": deepcopy(whole.get("tags")) or {},
        "systemData": _system_data(call),
        "properties": defaults | asked | fixed,
    }


def _system_data(call: Call) -> Json:
    now = call.world.timestamp(3)
    made = (call.existing.body.get("systemData") if call.existing else None) or {
        "createdBy": call.principal,
        "createdByType": "User",
        "createdAt": now,
    }
    return made | {
        "lastModifiedBy": call.principal,
        "lastModifiedByType": "User",
        "lastModifiedAt": now,
    }
