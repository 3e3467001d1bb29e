"""Event subscriptions on any scope: `{scope}/providers/Microsoft.EventGrid/eventSubscriptions/{name}`.

Source: docs/azure/clients.md, CLI-11. Those below a system topic are resources of their own
(providers/event_subscriptions.py).
"""

from __future__ import annotations

from types import SimpleNamespace

from sandbox.azure.front.admission import refuse_locked
from sandbox.azure.front.asked import Asked
from sandbox.azure.front.role_definition import covers
from sandbox.azure.kernel import refusals
from sandbox.azure.kernel.changes import Change, ChangeKind
from sandbox.azure.kernel.ids import GROUP_TYPE, SUBSCRIPTION_TYPE, ArmId
from sandbox.azure.kernel.model import ArmError, Json, Response
from sandbox.azure.kernel.paging import page
from sandbox.azure.providers.event_subscriptions import described

TYPE = "Microsoft.EventGrid/eventSubscriptions"


def put(asked: Asked) -> Response:
    """Create or change: 201."""
    _begin(asked, "write")
    known = _kept(asked).get(asked.names["name"].lower())
    before = SimpleNamespace(properties=known["properties"]) if known else None
    given: Json = asked.body.get("properties") or {}
    if asked.request.method == "PATCH":
        _found(asked)
        given = asked.body
    properties = described(asked.names["name"], asked.scope.text, given, before)
    head = {"id": _path(asked), "name": asked.names["name"], "type": TYPE}
    _kept(asked)[asked.names["name"].lower()] = head | {"properties": properties}
    _announce(asked, "write")
    return Response(201, head | {"properties": properties})


def get(asked: Asked) -> Response:
    """One of them. Raises ArmError 404."""
    _begin(asked, "read")
    return Response(200, _found(asked))


def delete(asked: Asked) -> Response:
    """Delete: 200, or 204 when there is none."""
    _begin(asked, "delete")
    gone = _kept(asked).pop(asked.names["name"].lower(), None)
    if gone is None:
        return Response(204)
    _announce(asked, "delete")
    return Response(200)


def listed(asked: Asked) -> Response:
    """Those of a scope and below it; with a topic type in the path, those of such sources alone."""
    _begin(asked, "read")
    wanted = asked.names.get("kind", "").lower()
    found = [
        one
        for scope in list(_every(asked))
        if covers(asked.scope.key, scope) and (not wanted or topic_type(scope) == wanted)
        for one in _kept(asked.named(scope=scope)).values()
    ]
    return page(asked.request, found)


def topic_type(scope: str) -> str:
    """The topic type of a source in lower case: `microsoft.storage.storageaccounts` for an account."""
    id = ArmId.parse(scope)
    kinds = {
        SUBSCRIPTION_TYPE: "Microsoft.Resources.Subscriptions",
        GROUP_TYPE: "Microsoft.Resources.ResourceGroups",
    }
    return kinds.get(id.type, id.type.replace("/", ".")).lower()


def full_url(asked: Asked) -> Response:
    """The URL of a webhook; its keys are not kept here."""
    _begin(asked, "getFullUrl/action")
    about: Json = _found(asked)["properties"]["destination"]["properties"]
    return Response(200, {"endpointUrl": about.get("endpointBaseUrl")})


def _begin(asked: Asked, verb: str) -> None:
    """Check the right, the scope and its locks."""
    asked.authorize(f"{TYPE}/{verb}", asked.scope.text)
    if asked.scope.group and asked.world.find(asked.scope.group_id) is None:
        raise refusals.no_group(asked.scope)
    if asked.scope.names and asked.world.find(asked.scope) is None:
        raise refusals.no_resource(asked.scope)
    if verb in ("write", "delete"):
        refuse_locked(asked.world, asked.scope, verb)


def _every(asked: Asked) -> dict[str, tuple[object, dict[str, Json]]]:
    """For each scope its holder, and its event subscriptions by name."""
    found: dict[str, tuple[object, dict[str, Json]]]
    found = asked.world.memory.setdefault("event_subscriptions", {})
    return found


def _kept(asked: Asked) -> dict[str, Json]:
    """The event subscriptions of a scope by name. Those of a resource that was deleted went with it."""
    every, holder = _every(asked), asked.world.find(asked.scope)
    known = every.get(asked.scope.key)
    if known is None or known[0] is not holder:
        known = every[asked.scope.key] = (holder, {})
    return known[1]


def _found(asked: Asked) -> Json:
    known = _kept(asked).get(asked.names["name"].lower())
    if known is None:
        text = f"The event subscription '{asked.names['name']}' of '{asked.scope.text}' was not found."
        raise ArmError(404, "ResourceNotFound", text)
    return known


def _path(asked: Asked) -> str:
    return f"{asked.scope.text}/providers/{TYPE}/{asked.names['name']}"


def _announce(asked: Asked, kind: ChangeKind) -> None:
    change = Change(
        _path(asked), f"{TYPE}/{kind}", kind, "Success", asked.principal, asked.request, asked.world.wall()
    )
    asked.world.emit(change)
