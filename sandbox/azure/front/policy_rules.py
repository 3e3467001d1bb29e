"""The rules of Azure Policy that the control API sets: what each is for, and what a refusal shows of it.

Sources: docs/azure/resource-manager.md, ARM-18 and ARM-31 to ARM-33.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from sandbox.azure.front.fields import path_of
from sandbox.azure.front.role_definition import covers
from sandbox.azure.kernel.ids import GROUP_TYPE, ArmId
from sandbox.azure.kernel.model import Json
from sandbox.azure.kernel.provider import Call

OPERATIONS = ("add", "addOrReplace", "remove")
GROUPS_IN_POLICIES = "microsoft.resources/subscriptions/resourcegroups"


@dataclass(frozen=True, slots=True)
class Operation:
    """One change of a field: `operation` is one of OPERATIONS, or "append" for a detail of an append rule."""

    operation: str
    field: str
    value: Any = None

    @classmethod
    def parse(cls, given: Json) -> Self:
        """Read an entry of `operations` or `details`. Raises ValueError for what Azure has not."""
        found = cls(str(given.get("operation", "append")), str(given.get("field", "")), given.get("value"))
        if found.operation not in (*OPERATIONS, "append"):
            raise ValueError(f"unknown operation: {found.operation}")
        if not found.field or (found.value is None and found.operation != "remove"):
            raise ValueError("an operation needs field, and value unless it removes")
        if found.operation == "remove" and path_of(found.field)[0] != "tags":
            raise ValueError("modify removes tags only")
        return found


@dataclass(frozen=True, slots=True)
class Rule:
    """One assigned policy. type "*": all types with tags and location, as the mode Indexed has it.

    scope: the assignment's, empty for everywhere. message: its non-compliance message. definition: an id.
    unless: a deny rule refuses unless all these fields have these values. exists: it refuses what lacks one
    of these fields.
    """

    effect: str
    name: str
    type: str
    scope: str
    message: str
    definition: str
    operations: tuple[Operation, ...]
    unless: tuple[tuple[str, Any], ...]
    exists: tuple[str, ...] = ()

    @classmethod
    def parse(cls, effect: str, given: Json) -> Self:
        """Read a rule of the control API. Raises ValueError without a name, a type or operations."""
        if not given.get("name") or not given.get("type"):
            raise ValueError("a policy needs name and type")
        operations = given.get({"modify": "operations", "append": "details"}.get(effect, ""), [])
        if effect != "deny" and not operations:
            raise ValueError("modify needs operations, append needs details")
        texts = (str(given.get(key, "")) for key in ("name", "type", "scope", "message", "definition"))
        parsed = tuple(Operation.parse(one) for one in operations)
        unless, exists = tuple(given.get("unless", {}).items()), tuple(map(str, given.get("exists", ())))
        return cls(effect, *texts, parsed, unless, exists)

    def applies(self, call: Call) -> bool:
        """Whether scope and type are the request's. A PATCH of tags alone meets rules about tags alone
        (docs/azure/resource-manager.md, ARM-32).
        """
        if self.scope and not self._includes(call):
            return False
        return self._is_for(call) and (self._is_about_tags or not _changes_tags_alone(call))

    def _includes(self, call: Call) -> bool:
        """Whether the assignment's scope is the resource's: above it, or a management group that it is in."""
        id = call.id.text
        return covers(self.scope, id) or self.scope.lower() in call.world.hierarchy.above(id)

    def _is_for(self, call: Call) -> bool:
        if self.type == "*":
            return call.type.tracked
        is_group = call.id.is_type(GROUP_TYPE) and self.type.lower() == GROUPS_IN_POLICIES
        return is_group or call.id.is_type(self.type)

    @property
    def _is_about_tags(self) -> bool:
        fields = [one.field for one in self.operations] + [field for field, _ in self.unless]
        fields += self.exists
        return any(path_of(field)[0] == "tags" for field in fields)

    def info(self, id: ArmId) -> Json:
        """The `info` of a PolicyViolation in the refusal of a write to `id`."""
        subscription = ArmId(id.subscription).text
        scope, authorization = self.scope or subscription, "providers/Microsoft.Authorization"
        definition = self.definition or f"{subscription}/{authorization}/policyDefinitions/{self.name}"
        return {
            "evaluationDetails": self._evaluation(id),
            "policyDefinitionId": definition,
            "policyDefinitionName": definition.rsplit("/", 1)[1],
            "policyDefinitionEffect": self.effect,
            "policyAssignmentId": f"{scope}/{authorization}/policyAssignments/{self.name}",
            "policyAssignmentName": self.name,
            "policyAssignmentScope": scope,
            "policyAssignmentParameters": {},
            "policyExemptionIds": [],
        }

    def _evaluation(self, id: ArmId) -> Json:
        judged = {
            "result": "True",
            "expressionKind": "Field",
            "expression": "type",
            "path": "type",
            "expressionValue": id.type,
            "targetValue": id.type,
            "operator": "Equals",
        }
        return {"evaluatedExpressions": [judged]} | ({"reason": self.message} if self.message else {})


def _changes_tags_alone(call: Call) -> bool:
    return call.request.method == "PATCH" and set(call.body) <= {"tags"}
