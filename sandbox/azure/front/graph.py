"""Microsoft Graph, as far as az asks it: who a principal is. The directory has the app and the user.

Sources: docs/azure/clients.md, CLI-03. Every other question is refused in Graph's form.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from sandbox.azure.kernel.directory import CLIENT_IDS, OBJECT_IDS
from sandbox.azure.kernel.model import Json, Request, Response

PREFIX = "/v1.0/"
NAMES = {"app": "causeway", "user": "sandbox user"}
QUOTED = re.compile(r"'([^']*)'")


def answer(request: Request) -> Response:
    """`GET servicePrincipals` (with `$filter`, or by id), `GET users`, `POST directoryObjects/getByIds`."""
    match request.method, request.path.removeprefix(PREFIX).strip("/").lower().split("/"):
        case "POST", ["directoryobjects", "getbyids"]:
            wanted = (request.body or {}).get("ids", []) if isinstance(request.body, dict) else []
            return _list(one for one in _principals() if one["id"] in wanted)
        case "GET", ["serviceprincipals"]:
            named = QUOTED.findall(request.query.get("$filter", ""))
            return _list(one for one in _principals() if not named or _is_named(one, named))
        case "GET", ["serviceprincipals" | "directoryobjects", id]:
            found = [one for one in _principals() if one["id"] == id]
            return Response(200, found[0]) if found else _not_found(id)
        case "GET", ["me"]:
            text = "/me request is only valid with delegated authentication flow."
            return _refused(400, "BadRequest", text)
        case "GET", ["users"]:
            return _list(())
        case "GET", ["users", id]:
            return _not_found(id)
    return _refused(400, "BadRequest", f"Resource not found for the segment '{request.path}'.")


def _principals() -> list[Json]:
    return [
        {
            "@odata.type": "#microsoft.graph.servicePrincipal",
            "id": OBJECT_IDS[name],
            "appId": CLIENT_IDS[name],
            "displayName": NAMES[name],
            "servicePrincipalNames": [CLIENT_IDS[name]],
            "servicePrincipalType": "ManagedIdentity",
        }
        for name in OBJECT_IDS
    ]


def _is_named(principal: Json, named: list[str]) -> bool:
    return any(one in (principal["id"], principal["appId"], principal["displayName"]) for one in named)


def _list(found: Iterable[Json]) -> Response:
    return Response(200, {"value": list(found)})


def _not_found(id: str) -> Response:
    text = f"Resource '{id}' does not exist or one of its queried reference-property objects are not present."
    return _refused(404, "Request_ResourceNotFound", text)


def _refused(status: int, code: str, message: str) -> Response:
    return Response(status, {"error": {"code": code, "message": message}})
