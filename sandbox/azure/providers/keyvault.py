"""Key Vaults. Sources: docs/azure/long-running-operations.md, LRO-17; docs/azure/targets.md, TGT-04 and
TGT-33."""

from __future__ import annotations

from copy import deepcopy

from sandbox.azure.kernel.manners import Style
from sandbox.azure.kernel.model import ArmError, Json, Response
from sandbox.azure.kernel.operations import OperationPlan
from sandbox.azure.kernel.provider import Call, Registry, ResourceType
from sandbox.azure.providers.private_link import link_services, targets
from sandbox.azure.providers.services import soft_delete
from sandbox.azure.providers.services.making import system_data

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
            removed=soft_delete.keep,
            tracked=True,
            etag="none",
        )
    )
    targets.register_children(registry, TYPE)


def put(call: Call) -> Response:
    """Create or replace a vault: 200. A new one registers its name for some seconds; one that is recovered
    has it already.
    """
    properties = call.properties
    if not properties.get("tenantId") or not isinstance(properties.get("sku"), dict):
        raise ArmError(400, "BadRequest", "The parameters tenantId and sku are required to create a vault.")
    targets.refuse_taken(call, "VaultAlreadyExists", soft_delete.VAULT_TAKEN)
    soft_delete.admit(call)
    body = _body(call, call.body, properties)
    if call.existing is not None or properties.get("createMode") == "recover":
        return _store(call, body)
    return _create(call, body)


def _create(call: Call, body: Json) -> Response:
    """No header names an operation; only the vault's own state shows it (LRO-17)."""
    vault = call.world.save(call.id, body)
    vault.state = "RegisteringDns"
    operation = call.start_operation(
        OperationPlan(
            name="CreateVault", style=Style.PLAIN, duration=call.world.duration("vaults/write", call.id)
        )
    )
    shown = call.world.show(vault)
    if operation.running:
        uri = str(shown["properties"]["vaultUri"]).rstrip("/")
        shown["properties"]["vaultUri"] = uri.replace(f"//{call.id.name.lower()}.", f"//{call.id.name}.")
    return operation.answer(200, shown)


def patch(call: Call) -> Response:
    """Change the members given: 200."""
    merged = targets.patched(call)
    return _store(call, _body(call, merged, merged["properties"]))


def delete(call: Call) -> Response:
    """Delete at once: 200. The vault is kept as a deleted one."""
    call.world.remove(call.id)
    return Response(200)


def _store(call: Call, body: Json) -> Response:
    return Response(200, call.world.show(call.world.save(call.id, body)))


def _body(call: Call, whole: Json, properties: Json) -> Json:
    location = str(whole.get("location") or (call.existing.location if call.existing else ""))
    suffix = SUFFIXES[link_services.cloud(location.replace(" ", "").lower())]
    asked = {
        name: value for name, value in targets.without_connections(properties).items() if value is not None
    }
    asked |= {"enableSoftDelete": True}
    asked.pop("createMode", None)
    if "networkAcls" in asked:
        asked |= {"publicNetworkAccess": asked.get("publicNetworkAccess", "Enabled")}
        asked["networkAcls"] = _rules(asked["networkAcls"])
    defaults: Json = {"accessPolicies": [], "enabledForDeployment": False}
    fixed = {"vaultUri": f"https://{call.id.name.lower()}.{suffix}/", "provisioningState": "Succeeded"}
    return {
        "location": location,
        "tags": deepcopy(whole.get("tags")) or {},
        "systemData": system_data(call, 3),
        "properties": {name: one for name, one in (defaults | asked | fixed).items() if one is not None},
    }


def _rules(asked: Json) -> Json | None:
    """Network rules with both lists; rules that let everything in are not shown (TGT-33)."""
    rules: Json = {"ipRules": [], "virtualNetworkRules": []} | asked
    open_to_all = rules.get("defaultAction") == "Allow" and not (
        rules["ipRules"] or rules["virtualNetworkRules"]
    )
    return None if open_to_all else rules
