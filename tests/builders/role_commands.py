"""`az role` commands, run against the simulator as a user with the Azure CLI would."""

import json
import re
import shlex
import uuid

from sandbox.azure.kernel.directory import OBJECT_IDS
from shared.core.base.rights import NOBODY
from tests.builders.world import World

AUTHORIZATION = "providers/Microsoft.Authorization"
VERSION = "2022-04-01"


async def run(world: World, remedy: str) -> None:
    """Run the role commands of a remedy."""
    for command in re.split(r" && |; (?=az )", remedy[remedy.index("az role") :]):
        await run_one(world, command)


async def run_one(world: World, command: str) -> None:
    """Run one command about a definition or an assignment. Raises AssertionError if refused."""
    words = shlex.split(command.replace(NOBODY, OBJECT_IDS["app"]))
    options = dict(zip(words[4::2], words[5::2], strict=True))
    match words[:4]:
        case ["az", "role", "definition", "create" | "update" as verb]:
            await _define(world, options, verb)
        case ["az", "role", "assignment", "create"]:
            await _assign(world, options)
        case _:
            raise AssertionError(command)


async def _define(world: World, options: dict[str, str], verb: str) -> None:
    role = json.loads(options["--role-definition"])
    scopes = role["AssignableScopes"]
    properties = {
        "roleName": role["Name"],
        "description": role.get("Description", ""),
        "permissions": [{"actions": role["Actions"], "notActions": []}],
        "assignableScopes": scopes,
        "type": "CustomRole",
    }
    new = f"{scopes[0]}/{AUTHORIZATION}/roleDefinitions/{uuid.uuid4()}"
    at = new if verb == "create" else await _named(world, role["Name"], scopes[0])
    await world.send("PUT", at, {"properties": properties}, VERSION)


async def _assign(world: World, options: dict[str, str]) -> None:
    principal = {"principalId": options["--assignee-object-id"], "principalType": "ServicePrincipal"}
    scope = options["--scope"]
    role = await _named(world, options["--role"], scope)
    body = {"properties": {"roleDefinitionId": role, **principal}}
    same = uuid.uuid5(uuid.NAMESPACE_URL, f"{scope} {role}")  # the CLI creates an assignment once
    await world.send("PUT", f"{scope}/{AUTHORIZATION}/roleAssignments/{same}", body, VERSION)


async def _named(world: World, name: str, scope: str) -> str:
    """The id of the only role of this name that can be assigned at the scope."""
    listed = await world.send("GET", f"{scope}/{AUTHORIZATION}/roleDefinitions", version=VERSION)
    (found,) = (one["id"] for one in listed["value"] if one["properties"]["roleName"] == name)
    return str(found)
