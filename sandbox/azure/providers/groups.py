"""Subscriptions and resource groups as resource types of their own.

Sources: docs/azure/resource-manager.md, ARM-09, ARM-10 and ARM-26.
"""

from __future__ import annotations

from sandbox.azure.kernel import tenants
from sandbox.azure.kernel.ids import GROUP_TYPE, SUBSCRIPTION_TYPE, ArmId
from sandbox.azure.kernel.manners import Style
from sandbox.azure.kernel.model import ArmError, Json, Resource, Response
from sandbox.azure.kernel.operations import OperationPlan
from sandbox.azure.kernel.provider import Call, Registry, ResourceType
from sandbox.azure.kernel.regions import normal
from sandbox.azure.kernel.world import World

# The list that the refusal names (docs/azure/resource-manager.md, ARM-09), and regions that came later.
# fmt: off
NAMED_REGIONS = (
    "centralus", "eastasia", "southeastasia", "eastus", "eastus2", "westus", "westus2", "northcentralus",
    "southcentralus", "westcentralus", "northeurope", "westeurope", "japaneast", "japanwest",
    "brazilsouth", "australiasoutheast", "australiaeast", "westindia", "southindia", "centralindia",
    "canadacentral", "canadaeast", "uksouth", "ukwest", "koreacentral", "koreasouth", "francecentral",
    "southafricanorth", "uaenorth", "australiacentral", "switzerlandnorth", "germanywestcentral",
    "norwayeast", "jioindiawest", "westus3", "australiacentral2",
)
NEWER_REGIONS = (
    "swedencentral", "qatarcentral", "polandcentral", "italynorth", "israelcentral", "spaincentral",
    "mexicocentral", "newzealandnorth", "austriaeast", "centraluseuap", "eastus2euap",
)
# fmt: on


def register(registry: Registry) -> None:
    """Add subscriptions and resource groups."""
    registry.add(
        ResourceType(SUBSCRIPTION_TYPE, get=get_subscription, etag="none"),
        ResourceType(
            GROUP_TYPE, put=put, patch=patch, delete=delete, show=show, etag="none", missing_delete=404
        ),
    )


def get_subscription(call: Call) -> Response:
    """One subscription."""
    return Response(200, show_subscription(call.world, call.id.subscription))


def show_subscription(world: World, subscription: str) -> Json:
    """A subscription as GET and list show it."""
    known = world.subscriptions[subscription.lower()]
    return {
        "id": f"/subscriptions/{subscription}",
        "authorizationSource": "RoleBased",
        "managedByTenants": [{"tenantId": one} for one in known.get("managers", [])],
        "subscriptionId": subscription,
        "tenantId": tenants.tenant_of(world.subscriptions, subscription),
        "displayName": known["name"],
        "state": "Enabled",
        "subscriptionPolicies": {
            "locationPlacementId": "Public_2014-09-01",
            "quotaId": "PayAsYouGo_2014-09-01",
            "spendingLimit": "Off",
        },
    }


def put(call: Call) -> Response:
    """Create or update a group: synchronous, 201 or 200."""
    location = str(call.body.get("location") or "")
    if normal(location) not in NAMED_REGIONS + NEWER_REGIONS:
        raise ArmError(
            400,
            "LocationNotAvailableForResourceGroup",
            f"The provided location '{location}' is not available for resource group. List of available "
            f"regions is '{','.join(NAMED_REGIONS)}'.",
            cause="gateway",
        )
    existing = call.existing
    if existing is not None and existing.state == "Deleting":
        raise ArmError(
            409,
            "ResourceGroupBeingDeleted",
            f"The resource group '{call.id.group}' is in deprovisioning state and cannot perform this "
            "operation.",
            cause="gateway",
        )
    if existing is not None and existing.location != normal(location):
        raise ArmError(
            409,
            "InvalidResourceGroupLocation",
            f"Invalid resource group location '{location}'. The Resource group already exists in location "
            f"'{existing.location}'.",
            cause="gateway",
        )
    body: Json = {"location": location, "properties": {"provisioningState": "Succeeded"}}
    body |= _managed_by(call)
    if "tags" in call.body:
        body["tags"] = call.body["tags"] or {}
    group = call.world.save(call.id, body)
    return Response(200 if existing else 201, call.world.show(group))


def _managed_by(call: Call) -> Json:
    """The resource that manages the group. A later PUT with another one, or without it, is refused
    (docs/azure/resource-manager.md, ARM-36).
    """
    sent = call.body.get("managedBy")
    now = call.existing.body.get("managedBy") if call.existing else sent
    if sent != now:
        raise ArmError(
            400,
            "ResourceGroupManagedByMismatch",
            "The managed by property of the resource group cannot be changed from its current value "
            f"'{'<null>' if now is None else now}'.",
            cause="gateway",
        )
    return {} if now is None else {"managedBy": now}


def patch(call: Call) -> Response:
    """Replace the tags, if they are given. `managedBy` is no more changed than by PUT (ARM-36)."""
    if "managedBy" in call.body:
        _managed_by(call)
    if "tags" in call.body:
        call.stored.body["tags"] = call.body["tags"] or {}
    return Response(200, call.world.show(call.stored))


def delete(call: Call) -> Response:
    """Delete the group with all in it: 202, about two minutes, Location only.

    A resource that cannot be deleted (a network whose subnet has an endpoint of another group) fails the
    operation; the group and that resource remain. Whether contained resources raise events of their own is
    not documented, so the seed decides (source: docs/azure/event-grid.md, EG-07).
    """
    world, group = call.world, call.stored
    announce_each = world.rng.random() < 0.5

    def complete() -> None:
        stuck = [one for one in _in_order(world, call.id) if not _remove(call, one, announce=announce_each)]
        if stuck:
            raise _blocked(call, stuck)
        world.remove(call.id)
        world.memory.setdefault("deleted_groups", {})[call.id.key] = world.now

    def failed(error: ArmError) -> None:
        group.state = "Succeeded"

    group.state = "Deleting"
    operation = call.start_operation(
        OperationPlan(
            name="ResourceGroupDeletion",
            change="delete",
            duration=world.duration("resourceGroups/delete", call.id),
            style=Style.GROUP,
            first_wait=15,
            complete=complete,
            failed=failed,
        )
    )
    return operation.answer(202)


LAG_SECONDS, NESTED_LAG_SECONDS = 10.0, 16.0


def recently_deleted(world: World, group: ArmId, *, nested: bool = False) -> bool:
    """Whether a group's deletion ended within the last seconds.

    ARM's caches lag: reads in such a group answered ResourceNotFound 24 times and ResourceGroupNotFound 3
    times in the six seconds after (docs/azure/resource-manager.md, ARM-26); one of a child said so 15 seconds
    after (docs/azure/services.md, SVC-02).
    """
    ended: float | None = world.memory.get("deleted_groups", {}).get(group.key)
    lag = NESTED_LAG_SECONDS if nested else LAG_SECONDS
    return ended is not None and world.now - ended < lag and world.rng.random() < 24 / 27


def _remove(call: Call, resource: Resource, *, announce: bool) -> bool:
    """Delete one resource of a group in deletion; False when it cannot be deleted."""
    world = call.world
    if world.find(resource.id) is None:
        return True
    if _obstacle(call, resource) is not None:
        return False
    world.remove(resource.id)
    if announce:
        call.publish("delete", resource.id)
    return True


def _blocked(call: Call, stuck: list[Resource]) -> ArmError:
    """Source: MicrosoftDocs/azure-docs#52282 (ResourceGroupDeletionBlocked)."""
    names = ",".join(f"{one.type}/{one.name}" for one in stuck)
    return ArmError(
        409,
        "ResourceGroupDeletionBlocked",
        f"Deletion of resource group '{call.id.group}' failed as resources with identifiers '{names}' could "
        "not be deleted. The provisioning state of the resource group will be rolled back.",
        details=[{"code": None, "target": one.id.text, "message": _why(call, one)} for one in stuck],
        cause="gateway",
    )


def _why(call: Call, resource: Resource) -> str:
    obstacle = _obstacle(call, resource)
    return obstacle.message if obstacle is not None else ""


def _obstacle(call: Call, resource: Resource) -> ArmError | None:
    """What keeps a resource from being deleted with its group: use by others, a lock on the target of an
    endpoint (docs/azure/private-endpoints.md, PE-50), or a deny assignment (docs/azure/resource-manager.md,
    ARM-56).
    """
    world, known = call.world, call.world.types.get(resource.type)
    try:
        if known is not None:
            world.refuse_denied(call.principal, f"{known.name}/delete", resource.id.text)
        for check in (known.check_delete, known.check_removal) if known is not None else ():
            if check is not None:
                check(world, resource)
    except ArmError as error:
        return error
    return None


def show(world: World, group: Resource) -> Json:
    """The group, with its members in ARM's order."""
    return {"id": group.id.text, "name": group.name, "type": GROUP_TYPE} | group.shown()


def _in_order(world: World, group: ArmId) -> list[Resource]:
    """Top-level resources of a group, those that others depend on last."""
    inside = [one for one in world.store.below(group) if one.id.parent is None]

    def rank(resource: Resource) -> int:
        known = world.types.get(resource.type)
        return known.group_delete_rank if known else 50

    return sorted(inside, key=rank)
