"""Rights: what a principal may do where, by the app's own role and by role assignments.

The gateway checks rights for a request's own action, handlers check linked scopes. Principals:
"app" (the managed identity), which has the actions of the roles in infra/roles.json but for those that are
off by default, and "user", who may do everything. Role assignments give the app more; they take effect, and
end, after `delay` seconds (docs/azure/resource-manager.md, ARM-51).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Container, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.azure.front.built_in_roles import BUILT_IN
from sandbox.azure.front.role_definition import RoleDefinition, covers, matches
from sandbox.azure.kernel.directory import OBJECT_IDS
from sandbox.azure.kernel.hierarchy import ROOT
from sandbox.azure.kernel.model import Json

ROLES = Path(__file__).parents[3] / "infra" / "roles.json"
OFF = frozenset({"public"})  # roles that a deployment has to ask for

# The definition under which the app's own role is shown.
OWN_ROLE = "0ca05e3a-0000-4000-8000-000000000001"


@dataclass(slots=True)
class Role:
    """Allowed actions, and those that a test removed.

    actions: "*" matches any characters, as in Azure roles. removed: (action, scope) pairs; an empty scope
    means everywhere.
    """

    actions: list[str]
    removed: list[tuple[str, str]] = field(default_factory=list)

    @classmethod
    def load(cls, path: Path = ROLES, without: Container[str] = OFF) -> Role:
        """Read the actions of all roles in a file, {key: {"actions": [...]}}, but for these keys."""
        roles = json.loads(path.read_text())
        every = (action for key, role in roles.items() if key not in without for action in role["actions"])
        return cls(list(dict.fromkeys(every)))

    def allows(self, action: str, scope: str, above: Container[str] = ()) -> bool:
        """Whether the role allows the action on the scope (both without case). above: the management groups
        that the scope is in.
        """
        action, scope = action.lower(), scope.lower()
        for taken, where in self.removed:
            if matches(taken, action) and (not where or covers(where, scope) or where in above):
                return False
        return any(matches(allowed.lower(), action) for allowed in self.actions)

    def remove(self, actions: Iterable[str], scope: str = "") -> None:
        """Remove rights, everywhere or below one scope."""
        self.removed += [(action.lower(), scope.lower()) for action in actions]

    def restore(self) -> None:
        """Restore the removed rights."""
        self.removed.clear()


@dataclass(slots=True)
class Assignment:
    """A role of a principal (object id) at a scope. Effective from `since` until `until`, in seconds.

    shown: members that only answers have.
    """

    name: str
    scope: str
    role: str
    principal: str
    since: float
    until: float | None = None
    shown: Json = field(default_factory=dict)

    @property
    def id(self) -> str:
        return f"{self.scope}/providers/Microsoft.Authorization/roleAssignments/{self.name}"

    @property
    def key(self) -> str:
        return self.id.lower()

    def applies(self, principal: str, scope: str, above: Container[str], now: float) -> bool:
        """Whether it gives this principal rights on the scope at this time. above: the management groups that
        the scope is in.
        """
        if self.principal != principal or not (covers(self.scope, scope) or self.scope.lower() in above):
            return False
        return self.since <= now and (self.until is None or now < self.until)


class Access:
    """Roles by principal; a principal without one may do everything.

    delay: seconds until a change of rights is effective. assignments: those that exist; ended: those that are
    deleted and perhaps still effective. own: where the app's own role is assigned, in lower case; None: at
    each subscription and, once there are management groups, at the tenant root group. withdrawn: when it ends
    there. above: the management groups that a scope is in (docs/azure/management-groups.md, MG-04).
    """

    def __init__(
        self,
        app: Role | None = None,
        now: Callable[[], float] = lambda: 0.0,
        above: Callable[[str], list[str]] = lambda scope: [],
    ) -> None:
        self.roles: dict[str, Role] = {"app": app or Role.load()}
        self.own: list[str] | None = None
        self._above = above
        self.used: set[str] = set()
        self.delay = 0.0
        self.custom: dict[str, RoleDefinition] = {}
        self.assignments: dict[str, Assignment] = {}
        self.withdrawn: dict[str, float] = {}
        self._ended: list[Assignment] = []
        self._now = now

    def allows(self, principal: str, action: str, scope: str) -> bool:
        """The check behind AuthorizationFailed and LinkedAuthorizationFailed; notes the app's actions in
        `used`.
        """
        role = self.roles.get(principal)
        if role is None:
            return True
        allowed = (self._owns(scope) and role.allows(action, scope, self._above(scope))) or any(
            one.allows(action) for one in self.assigned(principal, scope)
        )
        if allowed:
            self.used.add(action)
        return allowed

    def assigned(self, principal: str, scope: str) -> Iterator[RoleDefinition]:
        """The roles that assignments give a principal on a scope now."""
        person, now, above = OBJECT_IDS.get(principal, principal), self._now(), self._above(scope)
        for one in [*self.assignments.values(), *self._ended]:
            found = self.definition(one.role)
            if found is not None and one.applies(person, scope, above, now):
                yield found

    def permissions(self, principal: str, scope: str) -> list[Json]:
        """What a principal may do on a scope now, as a list of permissions."""
        role = self.roles.get(principal)
        if role is None:
            return [BUILT_IN[0].permission]
        removed = [action for action, where in role.removed if not where or covers(where, scope)]
        own = [self.own_role.permission | {"notActions": removed}] if self._owns(scope) else []
        return own + [one.permission for one in self.assigned(principal, scope)]

    def definition(self, guid: str) -> RoleDefinition | None:
        """The role with this id."""
        return next((one for one in self.definitions if one.guid == guid.lower()), None)

    @property
    def definitions(self) -> list[RoleDefinition]:
        """Built-in roles, the app's own role, and custom roles."""
        return [*BUILT_IN, self.own_role, *self.custom.values()]

    @property
    def own_role(self) -> RoleDefinition:
        """The app's own role without what was removed, as a definition."""
        return RoleDefinition(OWN_ROLE, "Causeway", tuple(self.roles["app"].actions))

    def assign(self, assignment: Assignment) -> None:
        """Add an assignment. It is listed at once."""
        assignment.since = self._now() + self.delay
        self.assignments[assignment.key] = assignment

    def withdraw(self, assignment: Assignment) -> None:
        """Delete an assignment. It is listed no more at once."""
        end = self._now() + self.delay
        if self.assignments.pop(assignment.key, None) is None:
            self.withdrawn[assignment.scope.lower()] = end
            return
        assignment.until = end
        self._ended = [one for one in self._ended if one.until and one.until > self._now()] + [assignment]

    def forget(self, scope: str) -> None:
        """A resource was deleted: assignments at it and below it are deleted with it."""
        for one in [one for one in self.assignments.values() if covers(scope, one.scope)]:
            del self.assignments[one.key]

    def _owns(self, scope: str) -> bool:
        """Whether the app has its own role there."""
        return scope == "/" or any(self._is_own(at) for at in self._at(scope.lower()))

    def _at(self, scope: str) -> Iterator[str]:
        """Where a role can be assigned to be effective on a scope: its subscription, group, and all above."""
        parts = scope.split("/")
        yield from ("/".join(parts[:length]) for length in (3, 5) if parts[1:2] == ["subscriptions"])
        yield from self._above(scope)

    def _is_own(self, at: str) -> bool:
        end = self.withdrawn.get(at)
        if end is not None and self._now() >= end:
            return False
        return at in self.own if self.own is not None else at.count("/") == 2 or at == ROOT.id.lower()
