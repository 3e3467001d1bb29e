"""How the resolver's service accepts writes and refuses: the same for all its types.

Sources: docs/azure/dns-resolver.md, RES-01, RES-02 and RES-09.
"""

from __future__ import annotations

from sandbox.azure.kernel.ids import ArmId
from sandbox.azure.kernel.manners import Style
from sandbox.azure.kernel.model import ArmError, Json, Response
from sandbox.azure.kernel.operations import OperationPlan
from sandbox.azure.kernel.provider import Call

FIRST_WAIT = 5.0
HEADER = "x-ms-ratelimit-remaining-subscription-resource-requests"
# How the service names a type in its 404: a sentence, and a member.
NAMES = {
    "dnsresolvers": ("DNS resolver", "dnsResolverResourceId"),
    "inboundendpoints": ("Inbound endpoint", "inboundEndpointResourceId"),
    "outboundendpoints": ("Outbound endpoint", "outboundEndpointResourceId"),
    "dnsforwardingrulesets": ("DNS forwarding ruleset", "dnsForwardingRulesetResourceId"),
    "forwardingrules": ("Forwarding rule", "forwardingRuleIdentity"),
    "virtualnetworklinks": ("Virtual network link", "virtualNetworkLinkResourceId"),
}


def get(call: Call) -> Response:
    """GET of anything of the service. Raises its own 404."""
    if call.existing is None:
        raise missing(call)
    return Response(200, call.world.show(call.existing), {HEADER: "499"})


def missing(call: Call) -> ArmError:
    """The 404 of the service, whose ids have no `providers` (source: RES-02)."""
    sentence, member = NAMES[call.id.type.rpartition("/")[2].lower()]
    where = call.id.text.replace("/providers/Microsoft.Network", "")
    if "dnsForwardingRulesets/" in where:
        where = where.replace("/virtualNetworkLinks/", "/virtualNetworksLinks/")
    text = f"{sentence} not found in database. {member}={where}"
    return ArmError(404, "NotFound", text, details=None, extra={"details": None, "target": None})


def bad(message: str, status: int = 400, code: str = "BadRequest") -> ArmError:
    """A refusal of the service."""
    return ArmError(status, code, message, extra={"details": None, "target": None})


def refuse_precondition(call: Call) -> None:
    """Raise 412 for a failed `If-Match` or `If-None-Match` (source: RES-09)."""
    match, none_match = call.header("If-Match"), call.header("If-None-Match")
    now = call.existing.etag if call.existing is not None else None
    if (match and (now is None or match not in ("*", now))) or (none_match == "*" and now is not None):
        raise bad(f"The precondition of {call.id.text} failed.", 412, "PreconditionFailed")


def accept(call: Call, name: str, properties: Json, objection: ArmError | None = None) -> Response:
    """Accept a PUT with 202 `{}`. One with an objection fails in the poll, and stays as Failed (source:
    RES-01 and RES-05).
    """
    world, old = call.world, call.existing
    body: Json = {"location": call.body.get("location") or (old.location if old else "")}
    tags = call.body.get("tags", old.body.get("tags") if old else None)
    kept: Json = {"provisioningState": "Updating" if old else "Creating"}
    if not call.id.type.endswith("virtualNetworkLinks"):
        kept["resourceGuid"] = old.properties["resourceGuid"] if old else world.new_guid()
    body = {name: value for name, value in body.items() if value} | ({} if tags is None else {"tags": tags})
    world.save(call.id, body | {"properties": properties | kept, "systemData": stamped(call)})
    return _begin(call, f"Upsert{name}", "write", objection)


def remove(call: Call, name: str) -> Response:
    """Accept a DELETE: 202 without a body."""
    return _begin(call, f"Delete{name}", "delete", None)


def stamped(call: Call) -> Json:
    """`systemData`: who made the resource, and who changed it last."""
    now = call.world.timestamp()
    old = (call.existing.body.get("systemData") or {}) if call.existing else {}
    made = {"createdAt": old.get("createdAt", now), "createdByType": old.get("createdByType", "User")}
    return made | {"lastModifiedAt": now, "lastModifiedByType": "User"}


def region_of(call: Call, id: ArmId | None = None) -> str:
    """The region of the resource or of its root."""
    found = call.world.find((id or call.id).root)
    return found.location if found is not None else ""


def _begin(call: Call, name: str, verb: str, objection: ArmError | None) -> Response:
    deleting = verb == "delete"
    kind = f"{'/'.join(call.id.type.split('/')[1:])}/{verb}"
    operation = call.start_operation(
        OperationPlan(
            name=name,
            change="delete" if deleting else "write",
            style=Style.DNS_RESOLVER,
            duration=call.world.duration(kind, call.id),
            region=region_of(call),
            fail=objection,
        )
    )
    response = operation.answer(202, None if deleting else {})
    response.headers[HEADER] = "11999"
    if operation.running:
        response.retry_after = FIRST_WAIT
    return response
