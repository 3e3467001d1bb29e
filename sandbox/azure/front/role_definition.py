"""A role: a named list of actions that it allows, as Azure defines roles."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.azure.kernel.model import Json


@dataclass(frozen=True, slots=True)
class RoleDefinition:
    """A built-in or a custom role. scopes: where it can be assigned, and below."""

    guid: str
    name: str
    actions: tuple[str, ...]
    not_actions: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ("/",)
    built_in: bool = False
    description: str = ""

    def allows(self, action: str) -> bool:
        """Whether an action is in `actions` and not in `not_actions`, in any case."""
        action = action.lower()
        if any(matches(one.lower(), action) for one in self.not_actions):
            return False
        return any(matches(one.lower(), action) for one in self.actions)

    @property
    def permission(self) -> Json:
        """What it allows, as definitions and lists of permissions show it."""
        return {
            "actions": list(self.actions),
            "notActions": list(self.not_actions),
            "dataActions": [],
            "notDataActions": [],
        }


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
