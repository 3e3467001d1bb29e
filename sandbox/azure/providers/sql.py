"""SQL logical servers. Sources: docs/azure/long-running-operations.md, LRO-15; docs/azure/targets.md, TGT-03
and TGT-19."""

from __future__ import annotations

from sandbox.azure.kernel.directory import TENANT
from sandbox.azure.kernel.manners import Style
from sandbox.azure.kernel.model import ArmError, Json, Resource, Response
from sandbox.azure.kernel.operations import OperationPlan
from sandbox.azure.kernel.provider import Call, Registry, ResourceType
from sandbox.azure.providers.private_link import link_services, targets

TYPE = "Microsoft.Sql/servers"
SECRETS = ("administratorLoginPassword",)
UPDATE_SECONDS = (1.5, 3.0)
POLICY_SECONDS = 3.0
SUFFIXES = {
    "public": "database.windows.net",
    "government": "database.usgovcloudapi.net",
    "china": "database.chinacloudapi.cn",
}


def register(registry: Registry) -> None:
    """Add servers with their link resources, connections and connection policy."""
    registry.add(
        ResourceType(
            TYPE,
            put=put,
            patch=patch,
            delete=delete,
            show=targets.with_connections,
            tracked=True,
            etag="none",
        ),
        ResourceType(f"{TYPE}/connectionPolicies", put=put_policy, get=get_policy, etag="none"),
    )
    targets.register_children(registry, TYPE)


def put(call: Call) -> Response:
    """Create (about 66 s) or update (about 2 s): 202 with the operation's name, Retry-After 1."""
    if call.existing is None and not call.properties.get("administratorLogin"):
        administrators = call.properties.get("administrators") or {}
        if not administrators.get("azureADOnlyAuthentication"):
            raise ArmError(
                400,
                "InvalidParameterValue",
                "Invalid value given for parameter Login. Specify a valid parameter value.",
            )
    targets.refuse_taken(
        call, "NameAlreadyExists", "The name '{name}' already exists. Choose a different name."
    )
    return _write(call, _body(call, call.body, call.properties))


def patch(call: Call) -> Response:
    """Change the members given: 202 as well."""
    merged = targets.patched(call)
    return _write(call, _body(call, merged, merged["properties"]))


def _write(call: Call, body: Json) -> Response:
    """Accept a write. An update shows at its end; the poll of a second one at once reports a failure
    (docs/azure/errors-and-locks.md, ERR-16)."""
    world, new = call.world, call.existing is None
    busy = None
    if world.running(call.id) is not None:
        busy = ArmError(
            409,
            "ConflictingServerOperation",
            f"Server '{call.id.name}' is busy with another operation. Please try your operation later.",
        )
    if new:
        world.save(call.id, body).properties["state"] = "Creating"
    seconds = world.duration("servers/write", call.id)
    if not new and seconds:
        seconds = min(seconds, world.rng.uniform(*UPDATE_SECONDS))

    def complete() -> None:
        world.save(call.id, body).properties["state"] = "Ready"

    operation = call.start_operation(
        OperationPlan(
            name="UpsertLogicalServer",
            style=Style.SQL,
            duration=seconds,
            first_wait=1,
            locks=(call.id,),
            complete=complete,
            failed=lambda error: None,
            fail=busy,
        )
    )
    return operation.answer(202)


def delete(call: Call) -> Response:
    """Delete: 202. It takes seconds or minutes (LRO-23)."""
    operation = call.start_operation(
        OperationPlan(
            name="DropLogicalServer",
            change="delete",
            style=Style.SQL,
            duration=call.world.duration("servers/delete", call.id),
            first_wait=1,
        )
    )
    return operation.answer(202)


def get_policy(call: Call) -> Response:
    """`connectionPolicies/default`: Default unless set. It decides which ports clients need."""
    policy = call.parent.private.get("connectionPolicy", "Default")
    return Response(200, _policy(call, policy))


def put_policy(call: Call) -> Response:
    """Set the policy: Default, Proxy or Redirect (source: public REST reference, Server Connection
    Policies); 202 (TGT-19).
    """
    policy = call.properties.get("connectionType")
    if policy not in ("Default", "Proxy", "Redirect"):
        raise ArmError(400, "InvalidServerConnectionPolicy", f"The connection type '{policy}' is invalid.")
    server = call.parent

    def complete() -> None:
        server.private["connectionPolicy"] = policy

    operation = call.start_operation(
        OperationPlan(
            name="UpdateServerConnectionPolicy",
            style=Style.SQL,
            duration=min(call.world.duration("servers/write", call.id), POLICY_SECONDS),
            first_wait=10,
            complete=complete,
            failed=lambda error: None,
        )
    )
    return operation.answer(202)


def _policy(call: Call, policy: str) -> Json:
    return {
        "id": call.id.text,
        "name": "default",
        "type": call.type.name,
        "location": call.parent.location,
        "properties": {"connectionType": policy},
    }


def _body(call: Call, whole: Json, properties: Json) -> Json:
    """The server as GET shows it: no provisioningState, always with `publicNetworkAccess`."""
    old = call.existing
    location = whole.get("location") or (old.location if old else "")
    body: Json = {"kind": "v12.0", "location": location}
    tags = whole.get("tags", old.tags if old else None)
    if tags:
        body["tags"] = tags
    if whole.get("identity") is not None:
        body["identity"] = _identity(call, whole["identity"], old)
    kept = dict(old.properties) if old else {}
    asked = {
        name: value
        for name, value in targets.without_connections(properties).items()
        if name not in SECRETS and value not in (None, {})
    }
    suffix = SUFFIXES[link_services.cloud(str(location).replace(" ", "").lower())]
    defaults: Json = {
        "version": "12.0",
        "minimalTlsVersion": "1.2",
        "publicNetworkAccess": "Enabled",
        "restrictOutboundNetworkAccess": "Disabled",
        "externalGovernanceStatus": "Disabled",
    }
    if not kept and "administratorLogin" not in asked:
        asked["administratorLogin"] = f"CloudSA{call.world.new_guid()[:8]}"
    fixed = {"state": "Ready", "fullyQualifiedDomainName": f"{call.id.name.lower()}.{suffix}"}
    return body | {"properties": defaults | kept | asked | fixed}


def _identity(call: Call, asked: Json, old: Resource | None) -> Json:
    known = (old.body.get("identity") if old else None) or {"principalId": call.world.new_guid()}
    from_tenant: Json = {"principalId": known["principalId"], "tenantId": TENANT}
    return from_tenant | {"type": asked.get("type", "SystemAssigned")}
