"""The gateway of ARM: it checks each request, calls the handler of the resource type, and answers.

The simulator calls `Gateway.answer` after faults and rate limits.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl

from sandbox.azure.front import (
    deny_assignments,
    graph,
    listing,
    members,
    moves,
    network_locations,
    services,
    subscriptions,
    tags,
    usages,
)
from sandbox.azure.front.access import Access
from sandbox.azure.front.admission import admit
from sandbox.azure.front.asked import Asked
from sandbox.azure.front.roles import Roles
from sandbox.azure.front.routing import Route, route
from sandbox.azure.kernel import refusals, tenants
from sandbox.azure.kernel.changes import ChangeKind
from sandbox.azure.kernel.ids import GROUP_TYPE, SUBSCRIPTION_TYPE, ArmId
from sandbox.azure.kernel.manners import Style
from sandbox.azure.kernel.model import ArmError, Request, Response
from sandbox.azure.kernel.operations import Operation
from sandbox.azure.kernel.provider import Call, Handler, Registry, ResourceType
from sandbox.azure.kernel.world import World
from sandbox.azure.providers import groups
from sandbox.azure.providers.network import preconditions
from sandbox.azure.providers.services import soft_delete

VERSION = re.compile(r"^\d{4}-\d{2}-\d{2}(-[A-Za-z0-9.]+)?$")
VERBS = {"GET": "read", "HEAD": "read", "PUT": "write", "PATCH": "write", "DELETE": "delete"}
# Services that answer the status at the URL of the result.
ONE_URL = (Style.COGNITIVE, Style.WEB)
ROLE_ACTIONS = {
    "roledefinitions": "roleDefinitions",
    "roleassignments": "roleAssignments",
    "permissions": "permissions",
}
STATUS_COLLECTIONS = {
    "operations",
    "operationsstatus",
    "operationstatuses",
    "serverazureasyncoperation",
    "privatednsoperationstatuses",
    "diskoperations",
    "dnsresolveroperationstatuses",
    "nfvoperations",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """A response, and for a poll the resource its operation works on."""

    response: Response
    polled: ArmId | None = None


class Gateway:
    """Answers requests to the simulated ARM: one method per kind of route."""

    def __init__(self, world: World, registry: Registry, access: Access) -> None:
        self._world = world
        self._registry = registry
        self.access = access
        self._roles = Roles(world, access)

    def answer(self, request: Request, principal: str | None, lro_failure: ArmError | None = None) -> Answer:
        """Answer one request. Raises ArmError for every refusal."""
        found = route(request.method, request.path)
        service = services.find(request.method, request.path)
        if found.kind == "metadata":
            return Answer(subscriptions.metadata(request))
        about_directory = request.path.startswith(graph.PREFIX)
        if found.kind == "unknown" and service is None and not about_directory:
            raise refusals.unknown_path(request.path)
        if principal is None:
            raise refusals.unauthenticated(request.origin)
        if about_directory:
            return Answer(graph.answer(request))
        self._check_version(request)
        if found.id is not None or service is not None:
            self._check_subscription(request)
        if service is not None:
            question, names = service
            return Answer(question.answer(Asked(self._world, request, principal, names, self._send)))
        answer = self._routed(found, request, principal, lro_failure)
        about = answer.polled.type if answer.polled else found.type_name
        members.of_version(about, request.query.get("api-version", ""), answer.response.body)
        return answer

    def _routed(self, found: Route, request: Request, principal: str, lro_failure: ArmError | None) -> Answer:
        """The answer of the kind of route, with every member that is known."""
        match found.kind:
            case "instance":
                return Answer(self._instance(found, request, principal, lro_failure))
            case "action":
                return Answer(self._action(found, request, principal, lro_failure))
            case "move":
                return Answer(self._move(found, request, principal, lro_failure))
            case "collection":
                return Answer(self._collection(found, request, principal))
            case "poll":
                return self._poll(found, request, principal)
            case "tags":
                return Answer(self._tags(found, request, principal))
            case "lock" | "locks":
                return Answer(self._locks(found, request, principal))
            case "deny assignments":
                return Answer(self._deny_assignments(found, request, principal))
            case "roles":
                return Answer(self._role(found, request, principal))
            case "deleted":
                return Answer(self._deleted(found, request, principal))
            case "resources":
                return Answer(self._resources(found, request, principal))
            case "usages":
                return Answer(usages.answer(self._world, found, request, principal))
            case "network location":
                return Answer(network_locations.answer(self._world, found, request, principal))
            case _:
                return Answer(subscriptions.answer(self._world, found, request, principal))

    def _send(self, request: Request, principal: str) -> Response:
        """A request of ARM itself, in the name of a caller: what a deployment sends."""
        return self.answer(request, principal).response

    def _check_subscription(self, request: Request) -> None:
        """Refuse a path below a subscription that does not exist, or is in another tenant than the token."""
        first, _, rest = request.path.strip("/").partition("/")
        subscription = rest.partition("/")[0]
        if first.lower() != "subscriptions":
            return
        if subscription.lower() not in self._world.subscriptions:
            raise refusals.no_subscription(ArmId(subscription))
        tenants.refuse_foreign(self._world.subscriptions, request, subscription)

    def _check_version(self, request: Request) -> None:
        version = request.query.get("api-version")
        if not version:
            raise refusals.no_api_version()
        if not VERSION.match(version):
            raise refusals.bad_api_version(version)

    # Resources

    def _instance(
        self, found: Route, request: Request, principal: str, lro_failure: ArmError | None
    ) -> Response:
        call = self._call(found, request, principal, lro_failure)
        self._authorize(principal, call.type.name, VERBS.get(request.method, "action"), call.id)
        self._require_scope(call)
        if request.method in ("GET", "HEAD"):
            return self._get(call)
        handler = {"PUT": call.type.put, "PATCH": call.type.patch, "DELETE": call.type.delete}.get(
            request.method
        )
        if request.method == "PATCH" and handler is None and call.type.tracked:
            handler = patch_tags
        if handler is None:
            raise refusals.no_method(request.method)
        if call.existing is None and request.method != "PUT":
            return self._missing(call, handler)
        joined = self._being_deleted(call)
        if joined is not None:
            return joined
        admit(call)
        preconditions.refuse_stale(call)
        if request.method == "DELETE" and call.type.check_delete is not None:
            call.type.check_delete(self._world, call.stored)
        return self._run(call, handler, "delete" if request.method == "DELETE" else "write")

    def _call(
        self, found: Route, request: Request, principal: str, lro_failure: ArmError | None = None
    ) -> Call:
        known = self._type(found.type_name, request)
        self._imply(found.about)
        id = self._stored_case(self._registry.canonical(found.about))
        existing = self._world.find(id)
        return Call(
            self._world,
            request,
            existing.id if existing else id,
            known,
            existing,
            principal,
            action=found.action,
            lro_failure=lro_failure,
        )

    def _imply(self, id: ArmId) -> None:
        """Store what exists with its parent, if the id is one of these or below one."""
        if id.parent is None:
            return
        self._imply(id.parent)
        known, parent = self._registry.get(id.type), self._world.find(id.parent)
        if known is None or known.implied is None or parent is None or self._world.find(id) is not None:
            return
        name, body = known.implied
        if name.lower() == id.name.lower():
            child = parent.id.child(known.name.rsplit("/", 1)[1], name)
            self._world.save(child, body(self._world, parent))

    def _type(self, name: str, request: Request) -> ResourceType:
        known = self._registry.get(name)
        if known is None:
            raise refusals.no_type(name, request.query.get("api-version", ""))
        return known

    def _stored_case(self, id: ArmId) -> ArmId:
        """The id with its parent or group in the case that was stored.

        A PUT of a subnet may write its network in another case.
        """
        parent = self._world.find(id.parent) if id.parent else None
        if parent is not None:
            return parent.id.child(id.type.rsplit("/", 1)[1], id.name)
        group = self._world.find(id.group_id) if id.names else None
        return ArmId(group.id.subscription, group.id.group, id.type, id.names) if group else id

    def _authorize(self, principal: str, type_name: str, verb: str, id: ArmId) -> None:
        about = {
            GROUP_TYPE: "Microsoft.Resources/subscriptions/resourceGroups",
            SUBSCRIPTION_TYPE: SUBSCRIPTION_TYPE,
        }.get(type_name, type_name)
        self._world.authorize(principal, f"{about}/{verb}", id.text)

    def _require_scope(self, call: Call) -> None:
        """Refuse a missing group or parent (source: docs/azure/resource-manager.md, ARM-11 and ARM-14).

        Reading in a group that was just deleted, and deleting a child in a missing group, were recorded with
        several kinds of 404, so the seed chooses.
        """
        id, world, method = call.id, self._world, call.request.method
        if id.names and world.find(id.group_id) is None:
            lagging = method == "GET" and groups.recently_deleted(
                world, id.group_id, nested=id.parent is not None
            )
            nested = method == "DELETE" and id.parent is not None and world.rng.random() < 0.5
            if lagging or nested:
                raise self._without_parent(call, None if call.type.owns_parent else self._registry.keeper(id))
            raise refusals.no_group(id)
        missing = None if call.type.owns_parent else self._missing_parent(id)
        if missing is None:
            return
        if method in ("PUT", "PATCH", "POST"):
            raise refusals.no_parent(missing)
        if method == "DELETE" and world.rng.random() < 0.5:
            raise refusals.failed_without_parent("delete", id, missing)
        raise refusals.no_resource(missing)

    def _missing_parent(self, id: ArmId) -> ArmId | None:
        """What is missing above the id: what ARM knows, or a parent that does not exist by itself."""
        keeper = self._registry.keeper(id)
        if keeper is not None and self._world.find(keeper) is None:
            return keeper
        parent = id.parent
        return parent if parent is not None and self._world.find(parent) is None else None

    def _without_parent(self, call: Call, keeper: ArmId | None) -> ArmError:
        """The 404 of something whose group was deleted; texts and shares: docs/azure/services.md, SVC-02."""
        verb = VERBS.get(call.request.method, "action")
        if keeper is None or call.type.tracked:
            return refusals.no_resource(call.id)
        ways = ("resource",) * 17 + ("parent",) * 3
        if verb == "delete":
            ways = ("resource",) * 14 + ("parent",) * 10 + ("nested",) * 4
        match self._world.rng.choice(ways):
            case "parent":
                return refusals.failed_without_parent(verb, call.id, keeper)
            case "nested":
                return refusals.no_parent(keeper)
        return refusals.no_resource(keeper)

    def _get(self, call: Call) -> Response:
        if call.type.get is not None:
            return call.type.get(call)
        if call.existing is None:
            raise self._not_found(call)
        if call.request.method == "HEAD" and call.id.is_type(GROUP_TYPE):
            return Response(204)
        body = self._world.show(call.existing)
        response = Response(200, body)
        if call.type.etag not in ("bare", "none") and call.existing.etag and not self._omits_etag(call):
            response.headers["ETag"] = call.existing.etag
        return response

    def _omits_etag(self, call: Call) -> bool:
        """38 of 178 recorded network GETs had no ETag header (source: docs/azure/resource-manager.md,
        ARM-06).
        """
        is_network = call.id.is_type("Microsoft.Network/virtualNetworks")
        return is_network and self._world.rng.random() < 38 / 178

    def _not_found(self, call: Call) -> ArmError:
        if call.type.not_found is not None:
            return call.type.not_found(call)
        if call.id.is_type(GROUP_TYPE):
            return refusals.no_group(call.id)
        if call.id.parent is not None and call.id.namespace.lower() == "microsoft.network":
            return refusals.no_child(call.id)
        return refusals.no_resource(call.id)

    def _missing(self, call: Call, handler: Handler) -> Response:
        if call.request.method == "DELETE" and call.type.missing_delete < 400:
            return Response(call.type.missing_delete)
        raise self._not_found(call)

    def _being_deleted(self, call: Call) -> Response | None:
        """A second DELETE joins the running one; other writes get AnotherOperationInProgress."""
        running = self._world.running(call.id)
        if running is None or running.change != "delete":
            return None
        if call.request.method == "DELETE":
            return running.answer(202)
        if call.id.is_type(GROUP_TYPE):
            raise refusals.group_being_deleted(call.id)
        raise self._world.lock(call.id).conflict(running)

    def _run(self, call: Call, handler: Handler, kind: ChangeKind) -> Response:
        """Run a handler. Make the event at once unless the handler started a long operation."""
        response = handler(call)
        if not call.operations and 200 <= response.status < 300:
            call.publish(kind)
        return response

    def _action(
        self, found: Route, request: Request, principal: str, lro_failure: ArmError | None
    ) -> Response:
        call = self._call(found, request, principal, lro_failure)
        self._authorize(principal, call.type.name, f"{found.action}/action", call.id)
        self._require_scope(call)
        handler = {name.lower(): one for name, one in call.type.actions.items()}.get(found.action)
        if handler is None:
            raise refusals.no_type(f"{call.type.name}/{found.action}", request.query.get("api-version", ""))
        if call.existing is None:
            raise self._not_found(call)
        admit(call)
        return self._run(call, handler, "action")

    def _move(self, found: Route, request: Request, principal: str, lro_failure: ArmError | None) -> Response:
        if request.method != "POST":
            raise refusals.no_method(request.method)
        call = self._call(found, request, principal, lro_failure)
        self._authorize(principal, GROUP_TYPE, f"{moves.ACTIONS[found.action]}/action", call.id)
        if call.existing is None:
            raise refusals.no_group(call.id)
        return moves.answer(call)

    # Lists

    def _collection(self, found: Route, request: Request, principal: str) -> Response:
        known = self._type(found.type_name, request)
        owner = self._stored_case(self._registry.canonical(found.about))
        self._authorize(principal, known.name, "read", owner)
        if owner.names:
            below = known.implied[0] if known.implied else "default"
            self._imply(owner.child(known.name.rsplit("/", 1)[1], below))
        if request.method != "GET":
            raise refusals.no_method(request.method)
        if owner.group and self._world.find(owner.group_id) is None:
            raise refusals.no_group(owner)
        holder = self._world.find(owner) if owner.names else None
        if owner.names and holder is None:
            raise refusals.no_resource(owner)
        if known.list is not None:
            call = Call(self._world, request, owner, known, holder, principal)
            return known.list(call)
        if known.name == GROUP_TYPE:
            return listing.groups(self._world, owner, request)
        return listing.of_type(self._world, known.name, owner, request, principal)

    def _resources(self, found: Route, request: Request, principal: str) -> Response:
        scope = found.about
        inner = "resourceGroups/resources" if scope.group else "resources"
        self._world.authorize(principal, f"Microsoft.Resources/subscriptions/{inner}/read", scope.text)
        if scope.group and self._world.find(scope) is None:
            raise refusals.no_group(scope)
        return listing.resources(self._world, scope, request)

    # Operations, tags, locks, subscriptions

    def _poll(self, found: Route, request: Request, principal: str) -> Answer:
        """35 of 507 running polls of group deletions had no Location (source:
        docs/azure/resource-manager.md, ARM-10)."""
        self._world.authorize(principal, f"{found.type_name}/read", found.about.text)
        operation = self._operation(found.action)
        for name, value in parse_qsl(operation.token):
            if request.query.get(name) != value:
                raise refusals.wrong_signature()
        collection = found.type_name.rsplit("/", 1)[1].lower()
        says_status = collection in STATUS_COLLECTIONS or collection.endswith("azureasyncoperation")
        says_status = says_status or operation.style in ONE_URL
        response = operation.poll(self._world.now) if says_status else operation.final()
        self._add_etag(response, operation)
        if operation.style is Style.GROUP and self._world.rng.random() < 35 / 507:
            response.headers.pop("Location", None)
        return Answer(response, operation.resource)

    def _add_etag(self, response: Response, operation: Operation) -> None:
        """The result of a creation is the resource; a Batch account's has its ETag (TGT-31)."""
        known, made = self._registry.get(operation.resource.type), self._world.find(operation.resource)
        if known is None or known.etag != "stamp" or made is None or made.etag is None:
            return
        if isinstance(response.body, dict) and "id" in response.body:
            response.headers["ETag"] = made.etag

    def _operation(self, id: str) -> Operation:
        operation = self._world.operations.find(id)
        if operation is None:
            raise refusals.no_operation(id)
        return operation

    def _tags(self, found: Route, request: Request, principal: str) -> Response:
        verb = VERBS.get(request.method, "action")
        self._world.authorize(principal, f"Microsoft.Resources/tags/{verb}", found.about.text)
        resource = tags.tagged(self._world, found.about)
        known = self._type(resource.type, request)
        return tags.handle_tags(Call(self._world, request, resource.id, known, resource, principal))

    def _locks(self, found: Route, request: Request, principal: str) -> Response:
        verb = VERBS.get(request.method, "action")
        self._world.authorize(principal, f"Microsoft.Authorization/locks/{verb}", found.about.text)
        return tags.handle_locks(self._world, found.about, found.action, request)

    def _deny_assignments(self, found: Route, request: Request, principal: str) -> Response:
        self._world.authorize(principal, "Microsoft.Authorization/denyAssignments/read", found.about.text)
        return deny_assignments.answer(self._world, found.about, request)

    def _deleted(self, found: Route, request: Request, principal: str) -> Response:
        self._type(found.type_name, request)
        return soft_delete.answer(self._world, found.about, found.type_name, found.action, request, principal)

    def _role(self, found: Route, request: Request, principal: str) -> Response:
        scope = self._stored_case(found.id) if found.id is not None else None
        verb = VERBS.get(request.method, "action")
        action = f"Microsoft.Authorization/{ROLE_ACTIONS[found.type_name]}/{verb}"
        self._world.authorize(principal, action, scope.text if scope is not None else "/")
        return self._roles.answer(found.type_name, scope, found.action, request, principal)


def patch_tags(call: Call) -> Response:
    """PATCH of a tracked type that has no handler for it: replace the tags at once."""
    if "tags" in call.body:
        call.stored.body["tags"] = call.body["tags"] or {}
        call.world.touch(call.stored)
    return Response(200, call.world.show(call.stored))
