"""Deny assignments: actions that are refused below a scope to all but the excluded principals.

Source: docs/azure/resource-manager.md, ARM-34 and ARM-35. The control API sets them (docs/sandbox.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from sandbox.azure.front.role_definition import covers, matches
from sandbox.azure.kernel import refusals
from sandbox.azure.kernel.directory import OBJECT_IDS
from sandbox.azure.kernel.ids import ArmId
from sandbox.azure.kernel.model import ArmError, Json, Request, Response
from sandbox.azure.kernel.world import World

EVERYONE = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True, slots=True)
class DenyAssignment:
    """One deny assignment. excluded: object ids. An action is denied that is in `actions` but not in
    `not_actions`.
    """

    guid: str
    name: str
    scope: str
    actions: tuple[str, ...]
    not_actions: tuple[str, ...]
    excluded: tuple[str, ...]

    @classmethod
    def parse(cls, guid: str, given: Json) -> Self:
        """Read one of the control API. Raises ValueError without name, scope or actions."""
        if not (given.get("name") and given.get("scope") and given.get("actions")):
            raise ValueError("a deny assignment needs name, scope and actions")
        excluded = [OBJECT_IDS.get(str(one), str(one)) for one in given.get("excludePrincipals", [])]
        actions, not_actions = tuple(given["actions"]), tuple(given.get("notActions", ()))
        return cls(guid, str(given["name"]), str(given["scope"]), actions, not_actions, tuple(excluded))

    def denies(self, principal: str, action: str, scope: str) -> bool:
        """Whether this principal is refused this action there."""
        if OBJECT_IDS.get(principal, principal) in self.excluded or not covers(self.scope, scope):
            return False
        return _in(self.actions, action) and not _in(self.not_actions, action)

    @property
    def shown(self) -> Json:
        """The assignment as lists show it."""
        permission = {"actions": list(self.actions), "notActions": list(self.not_actions)}
        return {
            "properties": {
                "denyAssignmentName": self.name,
                "permissions": [permission | {"dataActions": [], "notDataActions": []}],
                "scope": self.scope,
                "doNotApplyToChildScopes": False,
                "principals": [{"id": EVERYONE, "type": "SystemDefined"}],
                "excludePrincipals": [{"id": one, "type": "ServicePrincipal"} for one in self.excluded],
                "isSystemProtected": True,
            },
            "id": f"{self.scope}/providers/Microsoft.Authorization/denyAssignments/{self.guid}",
            "type": "Microsoft.Authorization/denyAssignments",
            "name": self.guid,
        }


def configure(world: World, given: list[Json]) -> Json:
    """Replace all deny assignments. Raises ValueError for one that cannot be read."""
    parsed = [DenyAssignment.parse(world.new_guid(), one) for one in given]
    world.memory["deny_assignments"] = parsed
    return {"deny": [one.shown for one in parsed]}


def refuse(world: World, principal: str, action: str, scope: str) -> None:
    """Raise 403 DenyAssignmentAuthorizationFailed when a deny assignment forbids this."""
    for one in _assigned(world):
        if one.denies(principal, action, scope):
            raise refusals.denied_by_assignment(principal, action, scope, one.name, one.guid, one.scope)


def answer(world: World, scope: ArmId, request: Request) -> Response:
    """GET of the list at a scope: those at, above and below it; with `$filter=atScope()` none below it."""
    if request.method != "GET":
        raise refusals.no_method(request.method)
    wanted = request.query.get("$filter", "").lower()
    if wanted not in ("", "atscope()"):
        raise ArmError(400, "InvalidFilter", f"The filter '{wanted}' is not supported.", cause="gateway")
    found = [
        one.shown
        for one in _assigned(world)
        if covers(one.scope, scope.text) or (not wanted and covers(scope.text, one.scope))
    ]
    return Response(200, {"value": found})


def _assigned(world: World) -> list[DenyAssignment]:
    return world.memory.get("deny_assignments", [])


def _in(patterns: tuple[str, ...], action: str) -> bool:
    return any(matches(one.lower(), action.lower()) for one in patterns)
