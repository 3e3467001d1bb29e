"""Role definitions, role assignments and permissions as ARM serves them below any scope.

Sources: docs/azure/resource-manager.md, ARM-51 to ARM-54. Rights are decided in access.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from uuid import NAMESPACE_URL, uuid5

from sandbox.azure.front import admission
from sandbox.azure.front.access import OWN_ROLE, Access, Assignment
from sandbox.azure.front.management_groups.common import required
from sandbox.azure.front.role_definition import RoleDefinition, covers
from sandbox.azure.kernel import refusals
from sandbox.azure.kernel.directory import OBJECT_IDS, TENANT
from sandbox.azure.kernel.hierarchy import ROOT
from sandbox.azure.kernel.ids import MANAGEMENT_GROUP_TYPE, ArmId
from sandbox.azure.kernel.model import ArmError, Json, Request, Response
from sandbox.azure.kernel.world import World

AUTHORIZATION = "providers/Microsoft.Authorization"
GUID = re.compile(r"[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
EQUALS = re.compile(r"(\w+) eq '?([^']*)'?", re.IGNORECASE)
ASSIGNED_TO = re.compile(r"assignedTo\('([^']*)'\)", re.IGNORECASE)


def _refusal(status: int, code: str, text: str) -> ArmError:
    return ArmError(status, code, text, cause="gateway")


class Roles:
    """The three collections: methods take the scope (None: the tenant) and the name after the collection."""

    def __init__(self, world: World, access: Access) -> None:
        self._world, self._access = world, access

    def answer(self, kind: str, scope: ArmId | None, name: str, request: Request, principal: str) -> Response:
        """Answer a request to `kind`: roledefinitions, roleassignments or permissions. Raises ArmError."""
        if scope is not None:
            self._require(scope)
        if kind == "permissions":
            found = self._access.permissions(principal, scope.text if scope else "/")
            return Response(200, {"value": found})
        one, many = {
            "roledefinitions": (self._definition, self._definitions),
            "roleassignments": (self._assignment, self._assignments),
        }[kind]
        if name:
            return one(scope, name, request, principal)
        if request.method != "GET":
            raise refusals.no_method(request.method)
        return Response(200, {"value": many(scope, request.query.get("$filter", ""))})

    def _require(self, scope: ArmId) -> None:
        if scope.is_type(MANAGEMENT_GROUP_TYPE):
            required(self._world, scope.name)
            return
        if scope.group and self._world.find(scope.group_id) is None:
            raise refusals.no_group(scope)
        if scope.names and self._world.find(scope) is None:
            raise refusals.no_resource(scope)

    # Definitions

    def _definitions(self, scope: ArmId | None, wanted: str) -> list[Json]:
        """`roleName eq '..'` and `type eq '..'` narrow the list; `atScopeAndBelow()` is accepted."""
        terms = {name.lower(): value for name, value in EQUALS.findall(wanted)}
        here = scope.text if scope else "/"
        return [
            _definition_shown(one, scope)
            for one in self._access.definitions
            if terms.get("rolename", one.name).lower() == one.name.lower()
            and terms.get("type", _kind(one)).lower() == _kind(one).lower()
            and any(covers(at, here) or covers(here, at) for at in one.scopes)
        ]

    def _definition(self, scope: ArmId | None, name: str, request: Request, principal: str) -> Response:
        known = self._access.definition(name)
        match request.method:
            case "GET" if known is not None:
                return Response(200, _definition_shown(known, scope))
            case "GET":
                raise _no_definition(name)
            case "PUT":
                return Response(201, _definition_shown(self._define(name, request), scope))
            case "DELETE" if known is None:
                return Response(204)
            case "DELETE":
                self._drop(known)
                return Response(200, _definition_shown(known, scope))
        raise refusals.no_method(request.method)

    def _define(self, name: str, request: Request) -> RoleDefinition:
        """Create a custom role, or replace one: that is effective at once."""
        given = (request.body or {}).get("properties") or {}
        permissions, scopes = given.get("permissions") or [{}], given.get("assignableScopes")
        if not GUID.fullmatch(name) or not given.get("roleName") or not scopes:
            raise _refusal(400, "BadRequestFormat", "The request was incorrectly formatted.")
        known = self._access.definition(name)
        if known is not None and name.lower() not in self._access.custom:
            raise _refusal(400, "RoleDefinitionUpdateNotPermitted", "A built-in role cannot be changed.")
        made = RoleDefinition(
            name.lower(),
            str(given["roleName"]),
            tuple(permissions[0].get("actions") or ()),
            tuple(permissions[0].get("notActions") or ()),
            tuple(scopes),
            description=str(given.get("description") or ""),
        )
        for other in self._access.definitions:
            if other.name.lower() == made.name.lower() and other.guid != made.guid:
                text = f"A custom role with the same name already exists in this directory. ({made.name})"
                raise _refusal(409, "RoleDefinitionWithSameNameExists", text)
        self._access.custom[made.guid] = made
        return made

    def _drop(self, known: RoleDefinition) -> None:
        if any(one.role == known.guid for one in self._access.assignments.values()):
            text = f"There are existing role assignments referencing role '{known.guid}'."
            raise _refusal(400, "RoleDefinitionHasAssignments", text)
        if self._access.custom.pop(known.guid, None) is None:
            raise _refusal(400, "RoleDefinitionUpdateNotPermitted", "A built-in role cannot be deleted.")

    # Assignments

    def _assignments(self, scope: ArmId | None, wanted: str) -> list[Json]:
        """At, above and below the scope; with `atScope()` none below; of a principal with `principalId eq
        '..'` or `assignedTo('..')`.
        """
        terms = {name.lower(): value for name, value in EQUALS.findall(wanted)}
        person = terms.get("principalid") or next(iter(ASSIGNED_TO.findall(wanted)), "")
        here, below = scope.text if scope else "/", "atscope()" not in wanted.lower()
        return [
            _assignment_shown(one)
            for one in [*self._own(), *self._access.assignments.values()]
            if (self._includes(one.scope, here) or (below and self._includes(here, one.scope)))
            and person.lower() in ("", one.principal.lower())
        ]

    def _includes(self, scope: str, about: str) -> bool:
        """Whether an id is the scope or below it, or in it as a management group."""
        return covers(scope, about) or scope.lower() in self._world.hierarchy.above(about)

    def _own_scopes(self) -> list[str]:
        """Where the app's own role is assigned, unless it was deleted there."""
        if self._access.own is not None:
            return self._access.own
        root = [ROOT.id] if self._world.hierarchy.is_used else []
        return [*root, *(ArmId(one).text for one in self._world.subscriptions)]

    def _own(self) -> Iterator[Assignment]:
        """The assignments of the app's own role."""
        for scope in self._own_scopes():
            if scope.lower() not in self._access.withdrawn:
                name = str(uuid5(NAMESPACE_URL, f"{scope}/{OWN_ROLE}"))
                yield Assignment(name, scope, OWN_ROLE, OBJECT_IDS["app"], 0.0)

    def _assignment(self, scope: ArmId | None, name: str, request: Request, principal: str) -> Response:
        if scope is None:
            raise refusals.unknown_path(request.path)
        wanted = Assignment(name, scope.text, "", "", 0.0).key
        known = next(
            (one for one in [*self._own(), *self._access.assignments.values()] if one.key == wanted), None
        )
        match request.method:
            case "GET" if known is None:
                raise _refusal(404, "RoleAssignmentNotFound", f"The role assignment '{name}' is not found.")
            case "GET":
                return Response(200, _assignment_shown(known))
            case "PUT":
                return self._assign(scope, name, known, request, principal)
            case "DELETE":
                admission.refuse_locked(self._world, scope, "delete")
                if known is None:
                    return Response(204)
                self._access.withdraw(known)
                return Response(200, _assignment_shown(known))
        raise refusals.no_method(request.method)

    def _assign(
        self, scope: ArmId, name: str, known: Assignment | None, request: Request, principal: str
    ) -> Response:
        admission.refuse_locked(self._world, scope, "write")
        given = (request.body or {}).get("properties") or {}
        role = str(given.get("roleDefinitionId") or "").rsplit("/", 1)[-1].lower()
        person = str(given.get("principalId") or "")
        if not GUID.fullmatch(name) or not person:
            raise _refusal(400, "BadRequestFormat", "The request was incorrectly formatted.")
        if self._access.definition(role) is None:
            raise _no_definition(role)
        if person not in OBJECT_IDS.values() and not given.get("principalType"):
            raise _no_principal(person)
        made = Assignment(name, scope.text, role, person, 0.0, shown=self._about(given, principal))
        if known is not None:
            return _unchanged(known, made)
        same = (made.scope.lower(), made.role, made.principal)
        for one in [*self._own(), *self._access.assignments.values()]:
            if (one.scope.lower(), one.role, one.principal) == same:
                raise _refusal(409, "RoleAssignmentExists", "The role assignment already exists.")
        self._access.assign(made)
        return Response(201, _assignment_shown(made))

    def _about(self, given: Json, principal: str) -> Json:
        now, person = self._world.timestamp(), OBJECT_IDS[principal]
        about: Json = {"description": given.get("description"), "condition": given.get("condition")}
        if given.get("principalType"):
            about["principalType"] = given["principalType"]
        return about | {"createdOn": now, "updatedOn": now, "createdBy": person, "updatedBy": person}


def _unchanged(known: Assignment, made: Assignment) -> Response:
    if (known.role, known.principal) != (made.role, made.principal):
        raise _refusal(
            400,
            "RoleAssignmentUpdateNotPermitted",
            "Tenant ID, application ID, principal ID, and scope are not allowed to be updated.",
        )
    return Response(200, _assignment_shown(known))


def _no_definition(name: str) -> ArmError:
    text = f"The specified role definition with ID '{name}' does not exist."
    return _refusal(404, "RoleDefinitionDoesNotExist", text)


def _no_principal(person: str) -> ArmError:
    return _refusal(
        400,
        "PrincipalNotFound",
        f"Principal {person} does not exist in the directory {TENANT}. Check that you have the correct "
        "principal ID. If you are creating this principal and then immediately assigning a role, this error "
        "might be related to a replication delay. In this case, set the role assignment principalType "
        "property to a value, such as ServicePrincipal, User, or Group.",
    )


def _kind(definition: RoleDefinition) -> str:
    return "BuiltInRole" if definition.built_in else "CustomRole"


def _definition_id(guid: str, scope: str) -> str:
    """Below the scope's subscription, as answers write it; without one at a management group."""
    subscription = "/".join(scope.split("/")[:3]) if scope.startswith("/subscriptions/") else ""
    return f"{subscription}/{AUTHORIZATION}/roleDefinitions/{guid}"


def _definition_shown(one: RoleDefinition, scope: ArmId | None) -> Json:
    return {
        "properties": {
            "roleName": one.name,
            "type": _kind(one),
            "description": one.description,
            "assignableScopes": list(one.scopes),
            "permissions": [one.permission],
        },
        "id": _definition_id(one.guid, scope.text if scope else ""),
        "type": "Microsoft.Authorization/roleDefinitions",
        "name": one.guid,
    }


def _assignment_shown(one: Assignment) -> Json:
    kinds = {OBJECT_IDS["app"]: "ServicePrincipal"}
    return {
        "properties": {
            "roleDefinitionId": _definition_id(one.role, one.scope),
            "principalId": one.principal,
            "principalType": kinds.get(one.principal, "User"),
            "scope": one.scope,
        }
        | one.shown,
        "id": one.id,
        "type": "Microsoft.Authorization/roleAssignments",
        "name": one.name,
    }
