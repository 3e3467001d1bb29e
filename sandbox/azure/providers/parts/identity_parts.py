"""User-assigned identities, and the keys of a vault. Source: docs/azure/services.md, SVC-14."""

from __future__ import annotations

from sandbox.azure.kernel.directory import TENANT
from sandbox.azure.kernel.model import Json, Resource
from sandbox.azure.kernel.provider import Call, Registry
from sandbox.azure.kernel.world import World
from sandbox.azure.providers.parts.part import Part

OPERATIONS = ["encrypt", "decrypt", "sign", "verify", "wrapKey", "unwrapKey"]


def register(registry: Registry) -> None:
    """Add both types."""
    for part in PARTS:
        part.register(registry)


def _ids(world: World, identity: Resource) -> Json:
    """The ids that the directory gave it, which stay."""
    made = identity.private
    return {
        "tenantId": TENANT,
        "principalId": made.setdefault("principal", world.new_guid()),
        "clientId": made.setdefault("client", world.new_guid()),
    }


def _tags(world: World, identity: Resource) -> Json:
    return {"tags": identity.tags}


def _key(call: Call, asked: Json) -> Json:
    """A key has an attribute for each date, in seconds of the epoch."""
    now = int(call.world.wall().timestamp())
    known = (call.existing.properties.get("attributes") or {}) if call.existing else {}
    fixed: Json = {"created": known.get("created", now), "updated": now}
    given: Json = {"enabled": True, "exportable": False} | (asked.get("attributes") or {})
    recovery: Json = {"recoveryLevel": "Recoverable+Purgeable"}
    return {"keyOps": list(OPERATIONS)} | asked | {"attributes": given | fixed | recovery}


def _uris(world: World, key: Resource) -> Json:
    """The key's address in the vault, and that of its version."""
    uri = f"https://{key.id.root.name.lower()}.vault.azure.net/keys/{key.name}"
    version = key.private.setdefault("version", world.new_guid().replace("-", ""))
    return {"keyUri": uri, "keyUriWithVersion": f"{uri}/{version}"}


def _place(world: World, key: Resource) -> Json:
    vault = world.find(key.id.root)
    return {"location": vault.location if vault is not None else ""}


PARTS = (
    Part(
        "Microsoft.ManagedIdentity/userAssignedIdentities",
        tracked=True,
        computed=_ids,
        head=_tags,
        named=True,
    ),
    Part(
        "Microsoft.KeyVault/vaults/keys",
        created=200,
        changed=0,
        deleted=0,
        stored=_key,
        computed=_uris,
        head=_place,
    ),
)
