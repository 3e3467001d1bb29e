"""Rights in Azure: what permissions allow, and the commands that grant what is missing.

Sources: Microsoft Learn, REST reference "Permissions - List For Resource Group" and "Permissions - List For
Resource", "Understand Azure role definitions" (`notActions` is taken out of the same permission, several
permissions add up, `*` is any text), "Azure built-in roles for Networking" (Private DNS Zone Contributor).
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from shared.core.base.bodies import Json, sequence
from shared.core.base.ids import GroupId, ResourceId, digest
from shared.core.base.role_table import row_of

DNS_ROLE = "Private DNS Zone Contributor"
# What that role allows, as far as Causeway needs it.
_DNS_ACTIONS = ("microsoft.network/privatednszones/*", "microsoft.network/virtualnetworks/join/action")
NOBODY = "<object-id-of-the-identity>"
_OBJECT = re.compile(r"object id '([0-9a-fA-F-]{36})'")


@dataclass(frozen=True, slots=True)
class Right:
    """One action on one object."""

    action: str
    scope: ResourceId


def to_write(at: ResourceId, *joined: ResourceId) -> tuple[Right, ...]:
    """What a PUT of this object needs: on itself, and on the objects that its body refers to.

    Raises LookupError for what is not in the table of roles.
    """
    links = (Right(row_of("PUT", at.type, one.type).on(one.type), one) for one in joined)
    return (Right(row_of("PUT", at.type).action, at), *links)


def allows(permissions: Iterable[Json], action: str) -> bool:
    """One of the permissions has the action and does not take it out again."""
    return any(
        _among(one.get("actions"), action) and not _among(one.get("notActions"), action)
        for one in permissions
    )


def principal_in(text: str) -> str:
    """The object id of the app's identity, as Azure's refusals name it."""
    found = _OBJECT.search(text)
    return found[1] if found else NOBODY


def grants(rights: Iterable[Right], principal: str = NOBODY) -> str:
    """The commands that grant these rights: one role assignment for each resource group that has any.

    A built-in role where one fits, else a role of just these actions.
    """
    by_group: dict[GroupId, list[str]] = {}
    for right in rights:
        by_group.setdefault(right.scope.group, []).append(right.action)
    lines = [_assignment(_unique(actions), group.text, principal) for group, actions in by_group.items()]
    return "; ".join(lines)


def assignment(actions: Iterable[str], scope: str, principal: str = NOBODY) -> str:
    """The commands that grant these actions at one scope."""
    return _assignment(_unique(actions), scope, principal)


def _assignment(actions: tuple[str, ...], scope: str, principal: str) -> str:
    fits = all(any(fnmatchcase(one.lower(), known) for known in _DNS_ACTIONS) for one in actions)
    role = DNS_ROLE if fits else f"Causeway {digest('|'.join(actions).lower())}"
    # A role can be assigned within its assignable scopes; a resource group is the smallest of these.
    made = definition_of(role, actions, "/".join(scope.split("/")[:5]))
    assigned = role_assignment(role, scope, principal)
    return assigned if fits else f"{role_definition(made)} && {assigned}"


def definition_of(name: str, actions: Iterable[str], within: str, description: str = "") -> dict[str, Any]:
    """A custom role that can be assigned within this scope, as `az role definition create` takes it."""
    about = {"Description": description} if description else {}
    return {"Name": name, **about, "Actions": list(actions), "AssignableScopes": [within]}


def role_definition(role: Json, verb: str = "create") -> str:
    """The command that creates a custom role, or updates the one of its name (`verb`)."""
    return f"az role definition {verb} --role-definition {_quoted(json.dumps(role))}"


def role_assignment(role: str, scope: str, principal: str = NOBODY) -> str:
    """The command that assigns a role, by its name, to the app's identity."""
    return (
        f"az role assignment create --assignee-object-id {principal} --assignee-principal-type "
        f"ServicePrincipal --role {_quoted(role)} --scope {_quoted(scope)}"
    )


def _quoted(text: str) -> str:
    """One word of a shell."""
    return "'" + text.replace("'", "'\"'\"'") + "'"


def _among(patterns: object, action: str) -> bool:
    return any(fnmatchcase(action.lower(), str(one).lower()) for one in sequence(patterns))


def _unique(actions: Iterable[str]) -> tuple[str, ...]:
    return tuple({one.lower(): one for one in actions}.values())
