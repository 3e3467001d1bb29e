"""Deployments and their operations as ARM shows them.

Source: docs/azure/deployments.md, DEP-01 to DEP-06.
"""

from __future__ import annotations

import json
from hashlib import sha256

from sandbox.azure.front.deployments import parameters
from sandbox.azure.front.deployments.expressions import TemplateError, resolve
from sandbox.azure.front.deployments.run import Deployment, Step
from sandbox.azure.front.deployments.template import NESTED, Plan, Planned
from sandbox.azure.kernel.model import Json
from sandbox.azure.kernel.regions import normal


def deployment(made: Deployment) -> Json:
    """A deployment as GET shows it."""
    world, ended = made.world, made.world.now if made.running else made.ended
    head: Json = {"id": made.id, "name": made.id.rsplit("/", 1)[1], "type": NESTED}
    if made.location:
        head["location"] = made.location
    if made.tags:
        head["tags"] = made.tags
    properties: Json = {
        "templateHash": _hash(made.plan.template),
        "parameters": parameters.shown(made.plan.template, made.plan.parameters),
        "mode": "Incremental",
        "provisioningState": made.state,
        "timestamp": world.timestamp(at=ended),
        "duration": duration(ended - made.started),
        "correlationId": made.correlation,
        "providers": _providers(made.plan),
        "dependencies": _dependencies(made.plan),
    }
    if made.state == "Succeeded":
        properties["outputs"] = made.outputs
        properties["outputResources"] = [{"id": step.planned.id} for step in made.steps]
    if made.error:
        properties["error"] = made.error
    return head | {"properties": properties}


def duration(seconds: float) -> str:
    """A duration as ARM writes it, with seven digits."""
    return f"PT{max(seconds, 0.0):.7f}S"


def _hash(template: Json) -> str:
    """A number of 64 bits from the template; ARM makes another one."""
    return str(int.from_bytes(sha256(json.dumps(template, sort_keys=True).encode()).digest()[:8]))


def _providers(found: Plan) -> list[Json]:
    """The types by namespace, each with the regions that its resources are in."""
    kinds: dict[str, dict[str, list[str | None]]] = {}
    for one in found.resources:
        namespace, _, kind = one.type.partition("/")
        regions = kinds.setdefault(namespace, {}).setdefault(kind, [])
        if (region := _region(one)) not in regions:
            regions.append(region)
    return [
        {
            "namespace": namespace,
            "resourceTypes": [
                {"resourceType": kind, "locations": regions} for kind, regions in types.items()
            ],
        }
        for namespace, types in kinds.items()
    ]


def _region(one: Planned) -> str | None:
    """The region that a resource asks for; None without one, and for one that is known only later."""
    try:
        asked = resolve(one.body.get("location"), one.functions)
    except TemplateError:
        return None
    return normal(str(asked)) if asked else None


def _dependencies(found: Plan) -> list[Json]:
    return [
        {"dependsOn": [_target(other) for other in needed]} | _target(one)
        for one in found.resources
        if (needed := [it for named in one.depends for it in found.resources if it.is_named(named)])
    ]


def _target(one: Planned) -> Json:
    return {"id": one.id, "resourceType": one.type, "resourceName": one.name}


def operation(made: Deployment, step: Step) -> Json:
    """What a deployment did for one resource."""
    world, ended = made.world, made.world.now if step.running else step.ended
    properties: Json = {
        "provisioningOperation": "Create",
        "provisioningState": step.state,
        "timestamp": world.timestamp(at=ended),
        "duration": duration(ended - step.started),
        "trackingId": step.id,
        "statusCode": _status_code(step),
        "targetResource": _target(step.planned),
    }
    if step.error:
        properties["statusMessage"] = {"status": "Failed", "error": step.error}
    return {"id": f"{made.id}/operations/{step.id}", "operationId": step.id, "properties": properties}


def _status_code(step: Step) -> str:
    names = {200: "OK", 201: "Created", 202: "Accepted", 400: "BadRequest", 403: "Forbidden"}
    names |= {404: "NotFound", 409: "Conflict"}
    return "OK" if step.state == "Succeeded" and step.status == 202 else names.get(step.status, "OK")
