"""Application security groups: names for the interfaces and private endpoints that join them.

Source: docs/azure/network-security.md, NSG-17 and NSG-18.
"""

from __future__ import annotations

from sandbox.azure.kernel.ids import ArmId
from sandbox.azure.kernel.model import ArmError, Json, Resource, Response
from sandbox.azure.kernel.operations import OperationPlan
from sandbox.azure.kernel.provider import Call, Registry, ResourceType
from sandbox.azure.kernel.regions import same_place
from sandbox.azure.kernel.world import World

TYPE = "Microsoft.Network/applicationSecurityGroups"
JOIN_CONFIGURATION = f"{TYPE}/joinIpConfiguration/action"
JOIN_RULE = f"{TYPE}/joinNetworkSecurityRule/action"
MEMBER = "application security group"


def register(registry: Registry) -> None:
    """Add application security groups."""
    registry.add(
        ResourceType(
            TYPE, put=put, delete=delete, check_delete=check_delete, tracked=True, group_delete_rank=95
        )
    )


def put(call: Call) -> Response:
    """Create a group, or replace its tags."""
    old = call.existing
    body: Json = {"location": call.body.get("location") or (old.location if old else ""), "properties": {}}
    if "tags" in call.body:
        body["tags"] = call.body["tags"] or {}
    group = call.world.save(call.id, body)
    group.state = "Succeeded" if old else "Updating"
    operation = call.start_operation(
        OperationPlan(
            name="PutApplicationSecurityGroupOperation",
            duration=0.0 if old else call.world.duration("networkSecurityGroups/write", group.id),
        )
    )
    return operation.answer(200 if old else 201, call.world.show(group))


def delete(call: Call) -> Response:
    """Delete a group that nothing uses."""
    operation = call.start_operation(
        OperationPlan(
            name="DeleteApplicationSecurityGroupOperation",
            change="delete",
            duration=call.world.duration("networkSecurityGroups/delete", call.id),
        )
    )
    return operation.answer(202)


def check_delete(world: World, group: Resource) -> None:
    """Refuse while a rule or a member names the group; the code is assumed (NSG-17)."""
    users = world.store.referring(MEMBER, group.id.key)
    if users:
        named = ", ".join(one.id.text for one in users)
        raise ArmError(
            400,
            "InUseApplicationSecurityGroupCannotBeDeleted",
            f"Application security group {group.id.text} cannot be deleted because it is in use by the "
            f"following resources: {named}.",
            details=[],
        )


def joined(call: Call, references: list[Json], action: str, location: str) -> list[str]:
    """Ids of the groups that a write names. Raises 400 for one that is missing or in another region."""
    found = []
    for one in references:
        group = call.linked(action, one.get("id"))
        if group is None or not group.id.is_type(TYPE) or not same_place(group, location):
            raise call.refuse_reference(str(one.get("id")))
        found.append(group.id.text)
    return found


def note(world: World, user: ArmId, groups: list[str]) -> None:
    """Note which groups a rule, an interface or an endpoint names."""
    world.store.refer(user, MEMBER, groups)
