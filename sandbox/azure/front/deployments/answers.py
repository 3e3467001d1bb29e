"""Deployments of a subscription or a resource group, as ARM answers them.

Sources: docs/azure/deployments.md, DEP-01 to DEP-06.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from sandbox.azure.front.admission import refuse_locked
from sandbox.azure.front.asked import Asked
from sandbox.azure.front.deployments import bodies
from sandbox.azure.front.deployments.expressions import Functions, TemplateError
from sandbox.azure.front.deployments.run import Deployment, deployments
from sandbox.azure.front.deployments.template import NESTED, Planned, plan
from sandbox.azure.kernel import refusals
from sandbox.azure.kernel.changes import Change
from sandbox.azure.kernel.directory import TENANT, client_text
from sandbox.azure.kernel.ids import GROUP_TYPE, ArmId
from sandbox.azure.kernel.model import ArmError, Json, Resource, Response
from sandbox.azure.kernel.paging import page
from sandbox.azure.kernel.regions import normal

POLL_SECONDS = 5.0
RIGHT = "Microsoft.Resources/deployments"


def put(asked: Asked) -> Response:
    """Begin a deployment: 201, or 200 in place of an ended one. Raises ArmError."""
    asked.authorize(f"{RIGHT}/write", asked.scope.text)
    holder = _holder(asked)
    known = _find(asked)
    if known is not None and known.running:
        raise ArmError(
            409,
            "DeploymentActive",
            f"Unable to edit or replace deployment '{asked.names['name']}': previous deployment from "
            f"'{asked.world.timestamp(at=known.started)}' is still active. Please see "
            "https://aka.ms/arm-deploy for usage details.",
            cause="gateway",
        )
    refuse_locked(asked.world, asked.scope, "write")
    if holder is not None and holder.state == "Deleting":
        raise refusals.group_being_deleted(asked.scope)
    made = _checked(asked, holder)
    deployments(asked.world)[made.id.lower()] = made
    made.begin()
    _announce(asked, made)
    body = bodies.deployment(made)
    body["properties"] |= {"provisioningState": "Accepted", "duration": bodies.duration(0.0)}
    for later in ("outputs", "outputResources", "error"):
        body["properties"].pop(later, None)
    return Response(200 if known else 201, body, _headers(made), retry_after=POLL_SECONDS)


def validate(asked: Asked) -> Response:
    """What a deployment would do, without doing it: 200 with its resources. Raises ArmError."""
    asked.authorize(f"{RIGHT}/validate/action", asked.scope.text)
    made = _checked(asked, _holder(asked))
    made.state, made.started = "Succeeded", asked.world.now
    made.ended = made.started
    chosen = [one for one in made.plan.resources if not one.skipped]
    body = bodies.deployment(made)
    body["properties"]["validatedResources"] = [{"id": one.id} for one in chosen]
    return Response(200, body)


def what_if(asked: Asked) -> Response:
    """Not simulated, because a guess at changes would be worse than none: a result that failed (DEP-06)."""
    asked.authorize(f"{RIGHT}/whatIf/action", asked.scope.text)
    _checked(asked, _holder(asked))
    error = {
        "code": "DeploymentWhatIfNotSupported",
        "message": "The simulator does not predict changes. Validate the template, or deploy it.",
    }
    return Response(200, {"status": "Failed", "error": error})


def get(asked: Asked) -> Response:
    """One deployment. Raises ArmError 404 DeploymentNotFound."""
    asked.authorize(f"{RIGHT}/read", asked.scope.text)
    return Response(200, bodies.deployment(_found(asked)))


def head(asked: Asked) -> Response:
    """Whether a deployment exists: 204 or 404."""
    asked.authorize(f"{RIGHT}/read", asked.scope.text)
    return Response(204 if _find(asked) else 404)


def listed(asked: Asked) -> Response:
    """All of a scope, the last one first."""
    asked.authorize(f"{RIGHT}/read", asked.scope.text)
    holder = _holder(asked)
    start = f"{asked.scope.key}/providers/microsoft.resources/deployments/"
    here = [one for key, one in deployments(asked.world).items() if key.startswith(start)]
    return page(asked.request, [bodies.deployment(one) for one in reversed(here) if one.holder is holder])


def delete(asked: Asked) -> Response:
    """Forget a deployment, not its resources: 204. One that runs is 409."""
    asked.authorize(f"{RIGHT}/delete", asked.scope.text)
    refuse_locked(asked.world, asked.scope, "delete")
    known = _find(asked)
    if known is not None and known.running:
        raise ArmError(
            409,
            "DeploymentActive",
            f"Unable to delete deployment '{asked.names['name']}': it is still active.",
            cause="gateway",
        )
    if known is not None:
        del deployments(asked.world)[known.id.lower()]
    return Response(204)


def cancel(asked: Asked) -> Response:
    """Start nothing more: 204. An ended deployment is 409."""
    asked.authorize(f"{RIGHT}/cancel/action", asked.scope.text)
    known = _found(asked)
    if not known.running:
        raise ArmError(
            409,
            "DeploymentCannotBeCancelled",
            f"The deployment '{asked.names['name']}' cannot be cancelled because it is not active.",
            cause="gateway",
        )
    known.cancel()
    return Response(204)


def export(asked: Asked) -> Response:
    """The template of a deployment."""
    asked.authorize(f"{RIGHT}/exportTemplate/action", asked.scope.text)
    return Response(200, {"template": _found(asked).plan.template})


def operations(asked: Asked) -> Response:
    """What became of each resource."""
    asked.authorize(f"{RIGHT}/operations/read", asked.scope.text)
    made = _found(asked)
    begun = [step for step in made.steps if step.state != "Waiting"]
    return page(asked.request, [bodies.operation(made, step) for step in begun])


def operation(asked: Asked) -> Response:
    """One of them. Raises ArmError 404."""
    asked.authorize(f"{RIGHT}/operations/read", asked.scope.text)
    made = _found(asked)
    for step in made.steps:
        if step.id == asked.names["operation"]:
            return Response(200, bodies.operation(made, step))
    raise refusals.no_operation(asked.names["operation"])


def status(asked: Asked) -> Response:
    """The poll of the operation that a PUT began."""
    asked.authorize(f"{RIGHT}/operationStatuses/read", asked.scope.text)
    made = _found(asked)
    if made.token != asked.names["operation"]:
        raise refusals.no_operation(asked.names["operation"])
    body = {"status": made.state} | ({"error": made.error} if made.error else {})
    return Response(200, body, retry_after=POLL_SECONDS if made.running else None)


# What a request asks for


def _holder(asked: Asked) -> Resource | None:
    """The resource group; None for a subscription. Raises ArmError 404 without it."""
    if asked.scope.is_type(GROUP_TYPE):
        group = asked.world.find(asked.scope)
        if group is None:
            raise refusals.no_group(asked.scope)
        return group
    if asked.scope.names:
        raise refusals.unknown_path(asked.request.path)
    return None


def _find(asked: Asked) -> Deployment | None:
    """The deployment of the path. One of a group that was deleted since is no more."""
    key = f"{asked.scope.key}/providers/microsoft.resources/deployments/{asked.names['name'].lower()}"
    found = deployments(asked.world).get(key)
    return found if found is not None and found.holder is _holder(asked) else None


def _found(asked: Asked) -> Deployment:
    found = _find(asked)
    if found is None:
        name = asked.names["name"]
        text = f"Deployment '{name}' could not be found."
        raise ArmError(404, "DeploymentNotFound", text, cause="gateway")
    return found


def _checked(asked: Asked, holder: Resource | None) -> Deployment:
    """The deployment that a body describes, after what ARM checks before it begins (DEP-04)."""
    properties = asked.body.get("properties") or {}
    if holder is None and not asked.body.get("location"):
        raise refusals.no_location()
    _refuse_unsupported(properties)
    try:
        made = plan(
            properties.get("template") or {},
            properties.get("parameters") or {},
            asked.scope.text,
            _environment(asked, holder),
        )
    except TemplateError as error:
        text = f"Deployment template validation failed: '{error}'."
        raise ArmError(400, "InvalidTemplate", text, cause="gateway") from error
    for one in made.resources:
        if not one.skipped:
            _check_resource(asked, one)
    world = asked.world
    return Deployment(
        id=f"{asked.scope.text}/providers/{NESTED}/{asked.names['name']}",
        plan=made,
        asked=asked,
        holder=holder,
        location=normal(str(asked.body.get("location") or "")),
        tags=asked.body.get("tags") or {},
        correlation=world.new_guid(),
        token=world.new_guid(),
    )


def _refuse_unsupported(properties: Json) -> None:
    """Links and the mode Complete, which deletes what a template does not name, are not simulated."""
    if properties.get("templateLink") or properties.get("parametersLink"):
        text = "The simulator reads no links: send the template and its parameters in the request."
        raise ArmError(400, "InvalidContentLink", text, cause="gateway")
    mode = str(properties.get("mode")).capitalize()  # az sends it in lower case
    if mode not in ("Incremental", "Complete"):
        text = f"The deployment mode '{mode}' is not valid."
        raise ArmError(400, "InvalidRequestContent", text, cause="gateway")
    if mode == "Complete":
        text = "The simulator deploys in the mode Incremental only: Complete deletes resources."
        raise ArmError(400, "DeploymentModeNotSupported", text, cause="gateway")


def _check_resource(asked: Asked, one: Planned) -> None:
    """The caller's right to write a resource (DEP-04)."""
    action = f"{one.type}/write"
    if asked.world.check_access(asked.principal, action, one.id):
        return
    raise ArmError(
        403,
        "InvalidTemplateDeployment",
        f"Deployment failed with multiple errors: 'Authorization failed for template resource '{one.name}' "
        f"of type '{one.type}'. {client_text(asked.principal)} does not have permission to perform action "
        f"'{action}' at scope '{one.id}'.'",
        cause="gateway",
    )


def _environment(asked: Asked, holder: Resource | None) -> Functions:
    """Functions about the place of a deployment."""
    subscription = ArmId(asked.scope.subscription)
    found: dict[str, Any] = {
        "subscription": lambda: {
            "id": subscription.text,
            "subscriptionId": subscription.subscription,
            "tenantId": TENANT,
            "displayName": asked.world.subscriptions[subscription.subscription.lower()]["name"],
        },
        "tenant": lambda: {"tenantId": TENANT},
        "environment": partial(_cloud, asked.request.origin),
        "utcnow": lambda pattern="": asked.world.timestamp(),
        "newguid": asked.world.new_guid,
        "deployment": lambda: {"name": asked.names["name"], "location": asked.body.get("location")},
    }
    if holder is not None:
        found["resourcegroup"] = lambda: {
            "id": holder.id.text,
            "name": holder.name,
            "type": GROUP_TYPE,
            "location": holder.location,
            "tags": dict(holder.tags),
            "properties": {"provisioningState": "Succeeded"},
        }
    return found


def _cloud(origin: str) -> Json:
    return {
        "name": "Sandbox",
        "resourceManager": f"{origin}/",
        "authentication": {"loginEndpoint": f"{origin}/", "tenant": TENANT},
        "suffixes": {
            "storage": "core.windows.net",
            "keyvaultDns": ".vault.azure.net",
            "sqlServerHostname": ".database.windows.net",
            "acrLoginServer": ".azurecr.io",
        },
    }


def _announce(asked: Asked, made: Deployment) -> None:
    """The event of the deployment itself; those of its resources come by themselves."""
    change = Change(
        made.id, f"{RIGHT}/write", "write", "Success", asked.principal, asked.request, asked.world.wall()
    )
    asked.world.emit(change)


def _headers(made: Deployment) -> dict[str, str]:
    request = made.asked.request
    version = request.query.get("api-version", "")
    return {
        "Azure-AsyncOperation": f"{request.origin}{made.id}/operationStatuses/{made.token}"
        f"?api-version={version}"
    }
