"""Network security groups and their rules.

Sources: docs/azure/network-security.md, NSG-01 to NSG-11;
hashicorp/terraform-provider-azurerm#1530 (port ranges), DataBiosphere/terra-workspace-manager#502 (group in
use).
"""

from __future__ import annotations

from copy import deepcopy

from sandbox.azure.kernel.ids import ArmId
from sandbox.azure.kernel.model import ArmError, Json, Resource, Response
from sandbox.azure.kernel.operations import OperationPlan
from sandbox.azure.kernel.provider import Call, Registry, ResourceType
from sandbox.azure.kernel.world import World
from sandbox.azure.providers.network import application_groups, security_rules
from sandbox.azure.providers.network.members import (
    bare,
    bare_members,
    finish_member,
    replace_members,
    touch_parent,
)

TYPE = "Microsoft.Network/networkSecurityGroups"
RULES = "securityRules"


def register(registry: Registry) -> None:
    """Add security groups, their rules, and the list of default rules."""
    registry.add(
        ResourceType(
            TYPE,
            put=put,
            delete=delete,
            show=show,
            check_delete=check_delete,
            tracked=True,
            group_delete_rank=90,
        ),
        ResourceType(f"{TYPE}/{RULES}", put=put_rule, delete=delete_rule),
        ResourceType(f"{TYPE}/defaultSecurityRules", list=list_defaults),
    )


def put(call: Call) -> Response:
    """Create or replace a group with its rules.

    A PUT that omits `securityRules` removes them, as a full replace does; for a group that has rules this is
    assumed (source: docs/azure/network-security.md, NSG-03): do not rely on it.
    """
    wanted = call.properties.get(RULES) or []
    rules = {str(one.get("name", "")): one.get("properties") or {} for one in wanted}
    stored: dict[ArmId, Json] = {}
    for name, properties in rules.items():
        id = call.id.child(RULES, name)
        stored[id] = security_rules.checked(id, properties)
        _joined(call, stored[id])
        security_rules.refuse_conflict(
            id, stored[id], {one: body for one, body in stored.items() if one != id}
        )
    before = bare_members(call.world, call.id, RULES) if call.existing else None
    old = call.existing.properties if call.existing else {}
    guid = old.get("resourceGuid") or call.world.new_guid()
    body: Json = {"location": call.body.get("location") or old.get("location")}
    if "tags" in call.body:
        body["tags"] = call.body["tags"] or {}
    group = call.world.save(call.id, body | {"properties": {"resourceGuid": guid}})
    replace_members(call.world, group, RULES, stored)
    for id, rule in stored.items():
        application_groups.note(call.world, id, [one["id"] for one in security_rules.groups_of(rule)])
    changed = before != bare_members(call.world, call.id, RULES)
    group.state = "Updating" if changed else "Succeeded"
    operation = call.start_operation(
        OperationPlan(
            name="PutNetworkSecurityGroupOperation",
            duration=call.world.duration("networkSecurityGroups/write", group.id) if changed else 0.0,
            first_wait=1,
            locks=(group.id,) if changed else (),
        )
    )
    return operation.answer(200 if call.existing else 201, call.world.show(group))


def _joined(call: Call, rule: Json, location: str = "") -> list[str]:
    """The application security groups of a rule, which have to be in the region of the rule's group."""
    where = location or str(call.body.get("location") or (call.existing.location if call.existing else ""))
    named = security_rules.groups_of(rule)
    return application_groups.joined(call, named, application_groups.JOIN_RULE, where)


def delete(call: Call) -> Response:
    """Delete the group with its rules."""
    operation = call.start_operation(
        OperationPlan(
            name="DeleteNetworkSecurityGroupOperation",
            change="delete",
            duration=call.world.duration("networkSecurityGroups/delete", call.id),
            first_wait=1,
            locks=(call.id,),
        )
    )
    return operation.answer(202)


def put_rule(call: Call) -> Response:
    """Create or change one rule. Two writes in one group at once both pass (source:
    docs/azure/network-security.md, NSG-06).
    """
    group = call.parent
    properties = security_rules.checked(call.id, call.properties)
    joined = _joined(call, properties, group.location)
    others = {
        one.id: one.properties for one in call.world.store.children(group.id, RULES) if one.id != call.id
    }
    security_rules.refuse_conflict(call.id, properties, others)
    if call.existing is None and len(others) >= security_rules.MOST_RULES:
        raise security_rules.too_many(group.id)
    unchanged = call.existing is not None and bare(call.existing.properties) == properties
    rule = call.world.save(call.id, {"properties": {"provisioningState": "Updating"} | properties})
    application_groups.note(call.world, rule.id, joined)
    rule.state = "Succeeded" if unchanged else "Updating"
    operation = call.start_operation(
        OperationPlan(
            name="PutSecurityRuleOperation",
            duration=0.0 if unchanged else call.world.duration("securityRules/write", rule.id),
            first_wait=1,
            region=group.location,
            complete=lambda: finish_member(call.world, rule.id),
        )
    )
    return operation.answer(200 if call.existing else 201, call.world.show(rule))


def delete_rule(call: Call) -> Response:
    """Delete one rule."""
    group = call.parent.id

    def complete() -> None:
        call.world.remove(call.id)
        touch_parent(call.world, group)

    operation = call.start_operation(
        OperationPlan(
            name="DeleteSecurityRuleOperation",
            change="delete",
            duration=call.world.duration("securityRules/delete", call.id),
            complete=complete,
        )
    )
    return operation.answer(202)


def list_defaults(call: Call) -> Response:
    """`GET {group}/defaultSecurityRules`."""
    group = call.existing
    return Response(200, {"value": _defaults(group) if group is not None else []})


def check_delete(world: World, group: Resource) -> None:
    """Refuse while something uses the group (source: docs/azure/network-security.md, NSG-11)."""
    users = [one.id.text for one in (*users_of(world, group.id), *interfaces_of(world, group.id))]
    if users:
        raise ArmError(
            400,
            "InUseNetworkSecurityGroupCannotBeDeleted",
            f"Network security group {group.id.text} cannot be deleted because it is in use by the "
            f"following resources: {', '.join(users)}. In order to delete the Network security group, "
            "remove the association with the resource(s). To learn how to do this, see aka.ms/deletensg.",
            details=[],
        )


def users_of(world: World, group: ArmId) -> list[Resource]:
    """The subnets that a security group filters."""
    return world.store.referring("security group", group.key)


def interfaces_of(world: World, group: ArmId) -> list[Resource]:
    """The network interfaces that a security group filters."""
    return world.store.referring("interface's security group", group.key)


def show(world: World, group: Resource) -> Json:
    """The group with its rules, the six defaults, and the subnets that use it."""
    body = group.shown()
    properties = body["properties"]
    properties[RULES] = [world.show(one) for one in world.store.children(group.id, RULES)]
    properties["defaultSecurityRules"] = _defaults(group)
    users = users_of(world, group.id)
    if users:
        properties["subnets"] = [{"id": one.id.text} for one in users]
    interfaces = interfaces_of(world, group.id)
    if interfaces:
        properties["networkInterfaces"] = [{"id": one.id.text} for one in interfaces]
    return body


def _defaults(group: Resource) -> list[Json]:
    state = group.state or "Succeeded"
    return [
        {
            "name": name,
            "id": f"{group.id.text}/defaultSecurityRules/{name}",
            "etag": group.etag,
            "type": f"{TYPE}/defaultSecurityRules",
            "properties": {"provisioningState": state} | deepcopy(properties),
        }
        for name, properties in security_rules.DEFAULTS.items()
    ]
