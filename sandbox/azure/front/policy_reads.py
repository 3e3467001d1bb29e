"""Policy assignments and definitions, as ARM lists them: those of the rules that the control API has set.

Sources: docs/azure/clients.md, CLI-13. They are read; the control API writes them (policies.py).
"""

from __future__ import annotations

from collections.abc import Iterator

from sandbox.azure.front.asked import Asked
from sandbox.azure.front.policy_rules import Rule
from sandbox.azure.front.role_definition import covers
from sandbox.azure.kernel.model import ArmError, Json, Response
from sandbox.azure.kernel.paging import page

AUTHORIZATION = "providers/Microsoft.Authorization"


def assignments(asked: Asked) -> Response:
    """`GET {scope}/.../policyAssignments`: at the scope, above it, and below it."""
    asked.authorize("Microsoft.Authorization/policyAssignments/read", asked.scope.text)
    scope = asked.scope.text
    found = [_assignment(one, _scope(one, asked)) for one in _rules(asked)]
    above = asked.world.hierarchy.above(scope)
    about = [one for one in found if _related(scope, above, one["properties"]["scope"])]
    return page(asked.request, about)


def assignment(asked: Asked) -> Response:
    """One of a scope. Raises ArmError 404 PolicyAssignmentNotFound."""
    asked.authorize("Microsoft.Authorization/policyAssignments/read", asked.scope.text)
    for one in _rules(asked):
        if one.name.lower() == asked.names["name"].lower() and _is_at(one, asked):
            return Response(200, _assignment(one, _scope(one, asked)))
    text = f"The policy assignment '{asked.names['name']}' is not found."
    raise ArmError(404, "PolicyAssignmentNotFound", text, cause="gateway")


def definitions(asked: Asked) -> Response:
    """`GET /subscriptions/{id}/.../policyDefinitions`."""
    asked.authorize("Microsoft.Authorization/policyDefinitions/read")
    return page(asked.request, [_definition(one, asked) for one in _rules(asked)])


def definition(asked: Asked) -> Response:
    """One of a subscription. Raises ArmError 404 PolicyDefinitionNotFound."""
    asked.authorize("Microsoft.Authorization/policyDefinitions/read")
    for one in _rules(asked):
        shown = _definition(one, asked)
        if shown["name"].lower() == asked.names["name"].lower():
            return Response(200, shown)
    text = f"The policy definition '{asked.names['name']}' could not be found."
    raise ArmError(404, "PolicyDefinitionNotFound", text, cause="gateway")


def _rules(asked: Asked) -> Iterator[Rule]:
    for rules in asked.world.memory.get("policies", {}).values():
        yield from rules


def _scope(rule: Rule, asked: Asked) -> str:
    """The assignment's scope; a rule for everywhere is assigned to each subscription."""
    return rule.scope or "/".join(asked.request.path.split("/")[:3])


def _is_at(rule: Rule, asked: Asked) -> bool:
    return _scope(rule, asked).lower() == asked.scope.key


def _related(scope: str, above: list[str], assigned: str) -> bool:
    return covers(assigned, scope) or covers(scope, assigned) or assigned.lower() in above


def _definition_id(rule: Rule, scope: str) -> str:
    subscription = "/".join(scope.split("/")[:3])
    return rule.definition or f"{subscription}/{AUTHORIZATION}/policyDefinitions/{rule.name}"


def _assignment(rule: Rule, scope: str) -> Json:
    properties: Json = {
        "displayName": rule.name,
        "policyDefinitionId": _definition_id(rule, scope),
        "scope": scope,
        "notScopes": [],
        "enforcementMode": "Default",
    }
    if rule.message:
        properties["nonComplianceMessages"] = [{"message": rule.message}]
    return {
        "id": f"{scope}/{AUTHORIZATION}/policyAssignments/{rule.name}",
        "type": "Microsoft.Authorization/policyAssignments",
        "name": rule.name,
        "properties": properties,
    }


def _definition(rule: Rule, asked: Asked) -> Json:
    id = _definition_id(rule, asked.subscription.text)
    condition: Json = {"field": "type", "equals": rule.type}
    unless: list[Json] = [{"field": field, "notEquals": value} for field, value in rule.unless]
    unless += [{"field": field, "exists": "false"} for field in rule.exists]
    return {
        "id": id,
        "type": "Microsoft.Authorization/policyDefinitions",
        "name": id.rsplit("/", 1)[1],
        "properties": {
            "displayName": rule.name,
            "policyType": "Custom",
            "mode": "Indexed" if rule.type == "*" else "All",
            "policyRule": {
                "if": {"allOf": [condition, {"anyOf": unless}]} if unless else condition,
                "then": {"effect": rule.effect},
            },
        },
    }
