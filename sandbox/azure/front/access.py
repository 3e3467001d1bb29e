"""Rights: roles as lists of allowed actions, by scope.

The gateway checks rights for a request's own action, handlers check linked scopes. Principals:
"app" (the managed identity), whose role is the least-privilege list of role.json, and "user", who may do
everything.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.azure.kernel.model import Json

DEFAULT_ROLE = Path(__file__).with_name("role.json")


@dataclass(slots=True)
class Role:
    """Allowed actions, and those that a test removed.

    actions: "*" matches any characters, as in Azure roles. removed: (action, scope) pairs; an empty scope
    means everywhere.
    """

    actions: list[str]
    removed: list[tuple[str, str]] = field(default_factory=list)

    @classmethod
    def load(cls, path: Path = DEFAULT_ROLE) -> Role:
        """Read a role file: {"actions": [...]}, as custom roles are written."""
        return cls(list(json.loads(path.read_text())["actions"]))

    def allows(self, action: str, scope: str) -> bool:
        """Whether the role allows the action on the scope (both without case)."""
        action, scope = action.lower(), scope.lower()
        for taken, where in self.removed:
            if matches(taken, action) and (not where or covers(where, scope)):
                return False
        return any(matches(allowed.lower(), action) for allowed in self.actions)

    def remove(self, actions: Iterable[str], scope: str = "") -> None:
        """Remove rights, everywhere or below one scope."""
        self.removed += [(action.lower(), scope.lower()) for action in actions]

    def restore(self) -> None:
        """Restore the removed rights."""
        self.removed.clear()

    def shown(self, scope: str) -> list[Json]:
        """The role at a scope, as the list of permissions shows it."""
        taken = [action for action, where in self.removed if not where or covers(where, scope)]
        none: Json = {"dataActions": [], "notDataActions": []}
        return [{"actions": list(self.actions), "notActions": taken} | none]


class Access:
    """Roles by principal; a principal without a role may do everything."""

    def __init__(self, app: Role | None = None) -> None:
        self.roles: dict[str, Role] = {"app": app or Role.load()}
        self.used: set[str] = set()

    def permissions(self, principal: str, scope: str) -> list[Json]:
        """What a principal may do at a scope."""
        role = self.roles.get(principal)
        everything = {"actions": ["*"], "notActions": [], "dataActions": [], "notDataActions": []}
        return role.shown(scope) if role else [everything]

    def allows(self, principal: str, action: str, scope: str) -> bool:
        """The check behind AuthorizationFailed and LinkedAuthorizationFailed; notes the app's actions in
        `used`.
        """
        role = self.roles.get(principal)
        if role is None:
            return True
        allowed = role.allows(action, scope)
        if allowed:
            self.used.add(action)
        return allowed


def covers(scope: str, about: str) -> bool:
    """Whether an id is the scope or below it, without case."""
    return f"{about}/".lower().startswith(f"{scope.rstrip('/')}/".lower())


def matches(pattern: str, action: str) -> bool:
    """Azure's wildcard: `*` matches any characters, slashes too."""
    first, *rest = pattern.split("*")
    if not rest:
        return pattern == action
    if not action.startswith(first):
        return False
    position = len(first)
    for part in rest[:-1]:
        found = action.find(part, position)
        if found < 0:
            return False
        position = found + len(part)
    return action.endswith(rest[-1]) and len(action) - len(rest[-1]) >= position
