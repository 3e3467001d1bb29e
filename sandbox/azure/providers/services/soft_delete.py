"""Resources that a service keeps after their deletion: their names are in use until they are purged.

Source: docs/azure/targets.md, TGT-70 to TGT-72.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime, timedelta

from sandbox.azure.kernel import lifecycle, refusals
from sandbox.azure.kernel.ids import ArmId
from sandbox.azure.kernel.manners import Style
from sandbox.azure.kernel.model import ArmError, Json, Request, Resource, Response
from sandbox.azure.kernel.operations import OperationPlan
from sandbox.azure.kernel.provider import Call
from sandbox.azure.kernel.regions import normal
from sandbox.azure.kernel.world import World

PURGE_WAIT = 5.0
VAULT_TAKEN = (
    "The vault name '{name}' is already in use. Vault names are globally unique so it is possible that the "
    "name is already taken. If you are sure that the vault name was not taken then it is possible that a "
    "vault with the same name was recently deleted but not purged after being placed in a recoverable state."
)
VAULT_DELETED = (
    "A vault with the same name already exists in deleted state. You need to either recover or purge "
    "existing key vault."
)
CONFIGURATION_TAKEN = "The specified name is already in use."
API_DELETED = (
    "Api service {name} was soft-deleted. In order to create the new service with the same name, you have to "
    "either undelete the service or purge it."
)
ACCOUNT_DELETED = (
    "An existing resource with ID '{id}' has been soft-deleted. To restore the resource, you must specify "
    "'restore' to be 'true' in the property. If you don't want to restore existing resource, please purge "
    "it first."
)


@dataclass(frozen=True, slots=True)
class SoftDelete:
    """How a service keeps the deleted resources of one type.

    collection: where they are listed. days: until they are purged. recover: property of a PUT, with its
    value, that restores one. deleted: code and text for a name of a deleted resource that the caller could
    restore. taken: the same where it cannot. missing: code for a restoration without one; empty: a new
    resource is made. by_id: the name is in use in its own group alone.
    """

    type: str
    collection: str
    days: int
    recover: tuple[str, object]
    deleted: tuple[str, str]
    taken: tuple[str, str] = ("", "")
    missing: str = ""
    by_id: bool = False

    @property
    def listed_as(self) -> str:
        """`Microsoft.KeyVault/deletedVaults`."""
        return f"{self.type.split('/')[0]}/{self.collection}"


KINDS = (
    SoftDelete(
        "Microsoft.KeyVault/vaults",
        "deletedVaults",
        90,
        ("createMode", "recover"),
        ("ConflictError", VAULT_DELETED),
        ("VaultAlreadyExists", VAULT_TAKEN),
        "SoftDeletedVaultDoesNotExist",
    ),
    SoftDelete(
        "Microsoft.KeyVault/managedHSMs",
        "deletedManagedHSMs",
        90,
        ("createMode", "recover"),
        ("ConflictError", VAULT_DELETED),
        ("ConflictError", VAULT_TAKEN),
    ),
    SoftDelete(
        "Microsoft.AppConfiguration/configurationStores",
        "deletedConfigurationStores",
        7,
        ("createMode", "Recover"),
        ("NameUnavailable", CONFIGURATION_TAKEN),
    ),
    SoftDelete(
        "Microsoft.ApiManagement/service",
        "deletedservices",
        2,
        ("restore", True),
        ("ServiceAlreadyExistsInSoftDeletedState", API_DELETED),
    ),
    SoftDelete(
        "Microsoft.CognitiveServices/accounts",
        "deletedAccounts",
        2,
        ("restore", True),
        ("FlagMustBeSetForRestore", ACCOUNT_DELETED),
        by_id=True,
    ),
)
BY_TYPE = {one.type.lower(): one for one in KINDS}
BY_COLLECTION = {one.listed_as.lower(): one for one in KINDS}


@dataclass(frozen=True, slots=True)
class Deleted:
    """A resource that its service keeps."""

    id: ArmId
    body: Json
    at: datetime
    until: datetime

    def same_place(self, id: ArmId, location: str) -> bool:
        """Whether a resource with this id and location is the one that was deleted."""
        return self.id.subscription.lower() == id.subscription.lower() and normal(location) == normal(
            str(self.body.get("location") or "")
        )


def keep(world: World, resource: Resource) -> None:
    """A resource was deleted: its service keeps it. For `ResourceType.removed`."""
    kind = BY_TYPE[resource.type.lower()]
    asked = resource.properties.get("softDeleteRetentionInDays")
    if asked == 0 or resource.properties.get("enableSoftDelete") is False:
        return
    now = world.wall()
    until = now + timedelta(days=int(asked or kind.days))
    _kept(world, kind)[_key(kind, resource.id)] = Deleted(resource.id, deepcopy(resource.body), now, until)


def admit(call: Call) -> None:
    """Raise 409 for a new resource with the name of a deleted one, unless it restores it: then the service
    does not keep it any more.
    """
    kind = BY_TYPE.get(call.type.key)
    if kind is None or call.existing is not None:
        return
    member, value = kind.recover
    found, wanted = _find(call.world, kind, call.id), call.properties.get(member)
    restores = str(wanted).lower() == str(value).lower()
    if found is None:
        if restores and kind.missing:
            text = f"The specified soft deleted vault '{call.id.name}' does not exist."
            raise ArmError(400, kind.missing, text)
        return
    own = found.same_place(call.id, str(call.body.get("location") or ""))
    if not restores or not own:
        code, text = kind.deleted if own or not kind.taken[0] else kind.taken
        raise ArmError(409, code, text.format(name=call.id.name, id=call.id.text))
    del _kept(call.world, kind)[_key(kind, call.id)]


def keeps_name(world: World, type_name: str, name: str) -> bool:
    """Whether a deleted resource of the type keeps a name that is one in all of Azure."""
    kind = BY_TYPE.get(type_name.lower())
    return kind is not None and any(
        one.id.name.lower() == name.lower() and one.until > world.wall()
        for one in _kept(world, kind).values()
    )


def list_deleted(call: Call) -> Response:
    """`GET {subscription}/providers/{namespace}/{collection}`."""
    kind = BY_COLLECTION[call.type.key]
    return Response(200, {"value": [_shown(kind, one) for one in _all(call.world, kind, call.id)]})


def answer(
    world: World, subscription: ArmId, collection: str, path: str, request: Request, principal: str
) -> Response:
    """Answer a request to `locations/{location}/{collection}/{name}`, or to `purge` of it.

    path: location, name and action, joined by slashes. Raises ArmError.
    """
    kind = BY_COLLECTION[collection.lower()]
    location, name, *action = path.split("/")
    namespace = kind.type.split("/")[0]
    id = ArmId(subscription.subscription, "", f"{namespace}/locations/{kind.collection}", (location, name))
    right = "purge/action" if action or request.method == "DELETE" else "read"
    world.authorize(principal, f"{id.type}/{right}", id.text)
    found = [
        one
        for one in _all(world, kind, subscription)
        if one.id.name.lower() == name.lower() and one.same_place(subscription, location)
    ]
    if not found:
        raise _not_found(kind, name)
    if right == "read":
        return Response(200, _shown(kind, found[0]))
    if action not in ([], ["purge"]):
        raise refusals.unknown_path(request.path)
    return _purge(world, kind, found[0], id, request, principal)


def _purge(
    world: World, kind: SoftDelete, found: Deleted, id: ArmId, request: Request, principal: str
) -> Response:
    if found.body["properties"].get("enablePurgeProtection"):
        raise ArmError(405, "MethodNotAllowed", "Operation 'DeletedVaultPurge' is not allowed.")
    in_module = kind.type.endswith("managedHSMs")
    times: Json = {"createdDateTime": world.wall().strftime("%Y-%m-%d %H:%M:%SZ")}

    def result() -> Json:
        ended = world.wall().strftime("%Y-%m-%d %H:%M:%SZ")
        return times | {"lastActionDateTime": ended, "status": "Succeeded"}

    plan = OperationPlan(
        name="Purge",
        change="action",
        action="purge",
        style=Style.LOCATION,
        duration=world.duration("vaults/purge", id),
        region=id.names[0],
        complete=lambda: _forget(world, kind, found),
        result=None if in_module else result,
    )
    response = lifecycle.start(world, plan, id, request, principal).answer(202)
    response.retry_after = None if in_module else PURGE_WAIT
    return response


def _forget(world: World, kind: SoftDelete, found: Deleted) -> None:
    _kept(world, kind).pop(_key(kind, found.id), None)


def _kept(world: World, kind: SoftDelete) -> dict[str, Deleted]:
    found: dict[str, dict[str, Deleted]] = world.memory.setdefault("soft_deleted", {})
    return found.setdefault(kind.type, {})


def _key(kind: SoftDelete, id: ArmId) -> str:
    return id.key if kind.by_id else id.name.lower()


def _find(world: World, kind: SoftDelete, id: ArmId) -> Deleted | None:
    found = _kept(world, kind).get(_key(kind, id))
    return found if found is not None and found.until > world.wall() else None


def _all(world: World, kind: SoftDelete, scope: ArmId) -> Iterator[Deleted]:
    for one in _kept(world, kind).values():
        if one.until > world.wall() and one.id.subscription.lower() == scope.subscription.lower():
            yield one


def _not_found(kind: SoftDelete, name: str) -> ArmError:
    what = kind.collection.removeprefix("deleted").removesuffix("s")
    return ArmError(
        404,
        f"Deleted{what}NotFound",
        f"The specified deleted {what.lower()} '{name}' does not exist. Ensure that the {what.lower()} was "
        "indeed deleted and that it is in recoverable state. If soft delete was not enabled then the "
        f"{what.lower()} is permanently deleted. Follow this link for more information: "
        "https://go.microsoft.com/fwlink/?linkid=2149745",
    )


def _shown(kind: SoftDelete, one: Deleted) -> Json:
    location, about = normal(str(one.body.get("location") or "")), kind.type.rsplit("/", 1)[1]
    namespace, stamp = kind.type.split("/")[0], "%Y-%m-%dT%H:%M:%SZ"
    owner = {"vaults": "vaultId", "managedHSMs": "mhsmId"}.get(about, "serviceId")
    protected = bool(one.body["properties"].get("enablePurgeProtection"))
    always = about == "managedHSMs"
    properties: Json = {
        owner: one.id.text,
        "location": location,
        "tags": deepcopy(one.body.get("tags") or {}),
        "deletionDate": one.at.strftime(stamp),
        "scheduledPurgeDate": one.until.strftime(stamp),
    }
    base = f"/subscriptions/{one.id.subscription}/providers/{namespace}/locations/{location}"
    return {
        "id": f"{base}/{kind.collection}/{one.id.name}",
        "name": one.id.name,
        "type": kind.listed_as.replace("KeyVault", "Keyvault") if always else kind.listed_as,
        "properties": properties | ({"purgeProtectionEnabled": protected} if protected or always else {}),
    }
