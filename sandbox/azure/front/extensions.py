"""What providers keep on any scope: event subscriptions, and settings of diagnostics.

Sources: docs/azure/clients.md, CLI-11 and CLI-16. Their ids are `{scope}/providers/{type}/{name}`. What is
below a system topic is a resource of its own (providers/event_subscriptions.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sandbox.azure.front.admission import refuse_locked
from sandbox.azure.front.asked import Asked
from sandbox.azure.front.role_definition import covers
from sandbox.azure.kernel import refusals
from sandbox.azure.kernel.changes import Change, ChangeKind
from sandbox.azure.kernel.ids import GROUP_TYPE, SUBSCRIPTION_TYPE, ArmId
from sandbox.azure.kernel.model import ArmError, Json, Response
from sandbox.azure.kernel.paging import page
from sandbox.azure.providers import event_subscriptions

TOPIC_TYPES = {
    SUBSCRIPTION_TYPE: "Microsoft.Resources.Subscriptions",
    GROUP_TYPE: "Microsoft.Resources.ResourceGroups",
}
DESTINATIONS = ("workspaceId", "storageAccountId", "eventHubAuthorizationRuleId", "marketplacePartnerId")


@dataclass(frozen=True, slots=True)
class Extension:
    """One type. describe: the properties as GET shows them, from name, scope, those given and those before;
    it raises ArmError for wrong ones. created: status of a PUT. below: whether a list has those below a scope
    too.
    """

    type: str
    describe: Callable[[str, str, Json, Json], Json]
    created: int = 201
    below: bool = True

    def put(self, asked: Asked) -> Response:
        """Create or change."""
        self._begin(asked, "write")
        known = self._kept(asked).get(asked.names["name"].lower())
        given: Json = asked.body.get("properties") or {}
        if asked.request.method == "PATCH":
            known, given = self._found(asked), asked.body
        before: Json = known["properties"] if known else {}
        properties = self.describe(asked.names["name"], asked.scope.text, given, before)
        head = {"id": self._path(asked), "name": asked.names["name"], "type": self.type}
        self._kept(asked)[asked.names["name"].lower()] = head | {"properties": properties}
        self._announce(asked, "write")
        return Response(self.created, head | {"properties": properties})

    def get(self, asked: Asked) -> Response:
        """One of them. Raises ArmError 404."""
        self._begin(asked, "read")
        return Response(200, self._found(asked))

    def delete(self, asked: Asked) -> Response:
        """Delete: 200, or 204 when there is none."""
        self._begin(asked, "delete")
        gone = self._kept(asked).pop(asked.names["name"].lower(), None)
        if gone is None:
            return Response(204)
        self._announce(asked, "delete")
        return Response(200)

    def listed(self, asked: Asked) -> Response:
        """Those of a scope, and below it; with a topic type in the path, those of such sources alone."""
        self._begin(asked, "read")
        wanted, here = asked.names.get("kind", "").lower(), asked.scope.key
        scopes = [one for one in self._every(asked) if (covers(here, one) if self.below else one == here)]
        found = [
            one
            for scope in scopes
            if not wanted or topic_type(scope) == wanted
            for one in self._kept(asked.named(scope=scope)).values()
        ]
        return page(asked.request, found)

    def full_url(self, asked: Asked) -> Response:
        """The URL of a webhook; its keys are not kept here."""
        self._begin(asked, "getFullUrl/action")
        about: Json = self._found(asked)["properties"]["destination"]["properties"]
        return Response(200, {"endpointUrl": about.get("endpointBaseUrl")})

    def _begin(self, asked: Asked, verb: str) -> None:
        """Check the right, the scope and its locks."""
        asked.authorize(f"{self.type}/{verb}", asked.scope.text)
        if asked.scope.group and asked.world.find(asked.scope.group_id) is None:
            raise refusals.no_group(asked.scope)
        if asked.scope.names and asked.world.find(asked.scope) is None:
            raise refusals.no_resource(asked.scope)
        if verb in ("write", "delete"):
            refuse_locked(asked.world, asked.scope, verb)

    def _every(self, asked: Asked) -> dict[str, tuple[object, dict[str, Json]]]:
        """For each scope its holder, and what is kept there by name."""
        found: dict[str, tuple[object, dict[str, Json]]]
        found = asked.world.memory.setdefault(self.type, {})
        return found

    def _kept(self, asked: Asked) -> dict[str, Json]:
        """What a scope has by name. What a deleted resource had went with it."""
        every, holder = self._every(asked), asked.world.find(asked.scope)
        known = every.get(asked.scope.key)
        if known is None or known[0] is not holder:
            known = every[asked.scope.key] = (holder, {})
        return known[1]

    def _found(self, asked: Asked) -> Json:
        known = self._kept(asked).get(asked.names["name"].lower())
        if known is None:
            kind = self.type.rsplit("/", 1)[1]
            text = f"The {kind} '{asked.names['name']}' of '{asked.scope.text}' was not found."
            raise ArmError(404, "ResourceNotFound", text)
        return known

    def _path(self, asked: Asked) -> str:
        return f"{asked.scope.text}/providers/{self.type}/{asked.names['name']}"

    def _announce(self, asked: Asked, kind: ChangeKind) -> None:
        action, at = f"{self.type}/{kind}", asked.world.wall()
        made = Change(self._path(asked), action, kind, "Success", asked.principal, asked.request, at)
        asked.world.emit(made)


def topic_type(scope: str) -> str:
    """The topic type of a source in lower case: `microsoft.storage.storageaccounts` for an account."""
    id = ArmId.parse(scope)
    return TOPIC_TYPES.get(id.type, id.type.replace("/", ".")).lower()


def _diagnostics(name: str, scope: str, given: Json, before: Json) -> Json:
    """Logs and metrics that go somewhere. Raises ArmError 400 without a destination."""
    if not any(given.get(one) for one in DESTINATIONS):
        raise ArmError(400, "BadRequest", "At least one data sink needs to be specified.")
    return {"logs": [], "metrics": []} | given


EVENTS = Extension("Microsoft.EventGrid/eventSubscriptions", event_subscriptions.described)
DIAGNOSTICS = Extension("Microsoft.Insights/diagnosticSettings", _diagnostics, created=200, below=False)
