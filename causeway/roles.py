"""`roles`: the roles that a policy needs, as definitions and as `az` commands that create and assign them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from causeway.files import UnreadableError, text_of
from causeway.show import complain, safe, say, say_json
from shared.core.base.errors import PolicyError
from shared.core.base.rights import NOBODY, definition_of, role_assignment, role_definition
from shared.core.base.role_table import APPROVAL, ENDPOINT, POLICY_READER, TARGET, row_of
from shared.core.policy.policy import Policy
from shared.core.policy.roles import Asked, NeededRole, Needs, needed, root_of
from shared.core.policy.text import MAX_POLICY

GOOD, UNREAD, BAD = 0, 1, 2
UNCHECKED = (
    f"# Not in the role Approve, as no public source shows their action .../{APPROVAL}. If you connect such",
    "# resources, see whether Azure lists the action, then name the type with --checked.",
)


@dataclass(frozen=True, slots=True)
class Naming:
    """`principal`: the object id that roles are assigned to. `prefix`: how the names of roles begin.

    `container`: the id of the blob container with the policy; empty: the policy is a file. `update`: the
    roles exist already.
    """

    principal: str = NOBODY
    prefix: str = "Causeway"
    container: str = ""
    update: bool = False


@dataclass(frozen=True, slots=True)
class Definition:
    """A role of one subscription or management group, with the scopes in it at which it is assigned."""

    name: str
    json: dict[str, Any] | None
    scopes: tuple[str, ...]


def run(file: str, asked: Asked, naming: Naming, output: str) -> int:
    """Print the roles of a policy's file. Returns the exit code."""
    try:
        found = needed(Policy.parse(text_of(file, 4 * MAX_POLICY)), asked)
    except UnreadableError as error:
        complain(str(error))
        return UNREAD
    except PolicyError as wrong:
        complain("\n".join(safe(line) for line in str(wrong).splitlines()))
        return BAD
    say_json(as_json(found, naming)) if output == "json" else say(*as_text(found, naming))
    return GOOD


def as_json(found: Needs, naming: Naming) -> dict[str, Any]:
    """Definitions as `az role definition create` takes them, where to assign them, and all commands."""
    every = [one for role in found.roles for one in definitions(role, naming)]
    return {
        "definitions": [one.json for one in every if one.json],
        "assignments": [{"role": one.name, "scope": scope} for one in every for scope in one.scopes],
        "commands": [line for line in as_text(found, naming) if line.startswith("az ")],
        "unchecked": [_approval(kind) for kind in found.unchecked],
    }


def as_text(found: Needs, naming: Naming) -> list[str]:
    """The commands, each role under a comment: a shell can run all of it."""
    lines = [line for role in found.roles for line in _block(role, naming)]
    return [*lines, *_of_policy(naming), *_unchecked(found.unchecked)]


def definitions(role: NeededRole, naming: Naming) -> Iterator[Definition]:
    """One for each subscription and management group that it is assigned in.

    A definition that several subscriptions share takes rights in all of them to change, and can have one
    management group at most (Microsoft Learn, "Azure custom roles").
    """
    if role.role.built_in:
        yield Definition(role.role.called, None, role.scopes)
        return
    for root, scopes in _by_root(role.scopes).items():
        name = f"{naming.prefix} {role.role.title} ({root.rsplit('/', 1)[-1]})"
        yield Definition(name, definition_of(name, role.actions, root, role.role.purpose), scopes)


def _block(role: NeededRole, naming: Naming) -> Iterator[str]:
    yield f"# {role.role.title}: {role.role.purpose[0].lower()}{role.role.purpose[1:]}"
    for one in definitions(role, naming):
        if one.json:
            yield role_definition(one.json, "update" if naming.update else "create")
        yield from (role_assignment(one.name, scope, naming.principal) for scope in one.scopes)
    yield ""


def _of_policy(naming: Naming) -> list[str]:
    if not naming.container:
        return []
    line = role_assignment(POLICY_READER.called, naming.container, naming.principal)
    return [f"# {POLICY_READER.title}: read the policy from its blob", line, ""]


def _unchecked(kinds: Iterable[str]) -> list[str]:
    """Azure refuses a whole role for one action that it does not know."""
    lines = [f"# {kind}: az provider operation show --namespace {kind.partition('/')[0]}" for kind in kinds]
    return [*UNCHECKED, *lines] if lines else []


def _approval(kind: str) -> str:
    return row_of("PUT", ENDPOINT, TARGET).on(kind)


def _by_root(scopes: Iterable[str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for scope in scopes:
        root = root_of(scope)
        found[root] = (*found.get(root, ()), scope)
    return found
