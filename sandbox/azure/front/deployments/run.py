"""One deployment at work: it sends a PUT for each resource as soon as all that the resource needs is there.

Sources: docs/azure/deployments.md, DEP-01 and DEP-05. The requests go through the gateway in the name of the
caller, so that rights, locks and policies apply to each. Time passes by the simulator's clock.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sandbox.azure.front.asked import Asked
from sandbox.azure.front.deployments.expressions import Functions, TemplateError, member, resolve
from sandbox.azure.front.deployments.template import NESTED, Plan, Planned
from sandbox.azure.kernel.ids import ArmId
from sandbox.azure.kernel.model import ArmError, Json, Request
from sandbox.azure.kernel.world import World

STEP_SECONDS = 1.0
VERSION = "2025-04-01"


class NotYetError(Exception):
    """An expression refers to a resource of the same template that is not there yet."""


@dataclass(slots=True, eq=False)
class Step:
    """One resource of a deployment: waiting, running, or ended with a state."""

    planned: Planned
    id: str
    state: str = "Waiting"
    started: float = 0.0
    ended: float = 0.0
    status: int = 0
    error: Json | None = None

    @property
    def running(self) -> bool:
        return self.state == "Running"


@dataclass(slots=True, eq=False)
class Deployment:
    """A deployment of a plan. id: as text. holder: the resource group as it was then, None for a
    subscription's. asked: the request that began it.
    """

    id: str
    plan: Plan
    asked: Asked
    holder: object
    location: str
    tags: Json
    correlation: str
    token: str
    steps: list[Step] = field(default_factory=list)
    state: str = "Running"
    started: float = 0.0
    ended: float = 0.0
    outputs: Json = field(default_factory=dict)
    error: Json | None = None

    @property
    def running(self) -> bool:
        return self.state == "Running"

    @property
    def world(self) -> World:
        return self.asked.world

    def begin(self) -> None:
        """Start, and go on by the clock until the end."""
        self.started = self.world.now
        chosen = [one for one in self.plan.resources if not one.skipped]
        self.steps = [Step(one, self.world.new_guid()) for one in chosen]
        self._go_on()

    def cancel(self) -> None:
        """Start no more resources; what runs goes on."""
        self._end("Canceled", {"code": "DeploymentCanceled", "message": "The deployment was canceled."})

    def _go_on(self) -> None:
        if not self.running:
            return
        for step in self.steps:
            if step.running:
                self._follow(step)
        before = [step.state for step in self.steps]
        failed = [step for step in self.steps if step.state == "Failed"]
        for step in self.steps:
            if step.state == "Waiting" and not failed and self._is_free(step):
                self._start(step)
        if any(step.running for step in self.steps):
            self.world.at(STEP_SECONDS, self._go_on)
        elif any(step.state == "Failed" for step in self.steps):
            self._end("Failed", _failure([step.error or {} for step in self.steps if step.error]))
        elif before != [step.state for step in self.steps]:
            self.world.at(STEP_SECONDS, self._go_on)
        elif any(step.state == "Waiting" for step in self.steps):
            text = "Circular dependency detected: references of resources wait for each other."
            self._end("Failed", {"code": "InvalidTemplate", "message": text})
        else:
            self._finish()

    def _is_free(self, step: Step) -> bool:
        needed = [
            other
            for dependency in step.planned.depends
            for other in self.steps
            if other.planned.is_named(dependency)
        ]
        return all(other.state == "Succeeded" for other in needed)

    def _start(self, step: Step) -> None:
        try:
            body = self._body(step.planned)
        except NotYetError:
            return
        except TemplateError as error:
            step.started = self.world.now
            self._ended(step, 400, {"code": "InvalidTemplate", "message": str(error)})
            return
        step.started, step.state = self.world.now, "Running"
        try:
            response = self._send("PUT", step.planned.id, step.planned.version, body)
        except ArmError as error:
            self._ended(step, error.status, error.error)
            return
        step.status = response
        self._follow(step)

    def _send(self, method: str, path: str, version: str, body: Json | None = None) -> int:
        sent = self.asked.request
        request = Request(method, path, {"api-version": version}, {}, body, sent.origin)
        return self.asked.send(request, self.asked.principal).status

    def _follow(self, step: Step) -> None:
        """End a step whose resource is no longer worked on."""
        nested = deployments(self.world).get(step.planned.id.lower())
        if step.planned.type.lower() == NESTED.lower() and nested is not None:
            if not nested.running:
                self._ended(step, step.status, nested.error)
            return
        found = _id(step.planned.id)
        if found is not None and self.world.running(found) is not None:
            return
        last = self.world.operations.below(found.root)[-1:] if found is not None else []
        mine = [one for one in last if one.resource == found and one.started >= step.started]
        error = mine[0].error.error if mine and mine[0].error is not None else None
        self._ended(step, step.status, error)

    def _ended(self, step: Step, status: int, error: Json | None) -> None:
        step.status, step.error, step.ended = status, error, self.world.now
        step.state = "Failed" if error else "Succeeded"

    def _finish(self) -> None:
        try:
            self.outputs = self.plan.outputs(self._functions(self.plan.functions))
        except (TemplateError, NotYetError) as error:
            failure = {"code": "DeploymentOutputEvaluationFailed", "message": str(error)}
            self._end("Failed", _failure([failure]))
            return
        self._end("Succeeded", None)

    def _end(self, state: str, error: Json | None) -> None:
        self.state, self.error, self.ended = state, error, self.world.now

    # What expressions refer to

    def _body(self, planned: Planned) -> Json:
        functions = self._functions(planned.functions)
        if planned.type.lower() != NESTED.lower():
            return dict(resolve(planned.body, functions))
        properties = dict(planned.body.get("properties") or {})
        options = properties.pop("expressionEvaluationOptions", None) or {}
        is_inner = str(options.get("scope", "outer")).lower() == "inner"
        template = properties.pop("template", {})
        rest = {**planned.body, "properties": properties}
        body: Json = dict(resolve(rest, functions))
        body["properties"]["template"] = template if is_inner else resolve(template, functions)
        return body

    def _functions(self, functions: Functions) -> Functions:
        return {
            **functions,
            "reference": self._reference,
            "listkeys": self._list("listKeys"),
            "deployment": lambda: {"name": self.id.rsplit("/", 1)[1], "properties": {"mode": "Incremental"}},
        }

    def _planned(self, named: str) -> Planned | None:
        return next((one for one in self.plan.resources if one.is_named(named.lower())), None)

    def _reference(self, named: str, version: str = "", full: str = "") -> Any:
        """The properties of a resource, or with 'Full' all of it; of a nested deployment, its own."""
        planned = self._planned(named)
        id = planned.id if planned else named
        step = next((one for one in self.steps if planned is not None and one.planned is planned), None)
        if step is not None and step.state != "Succeeded":
            raise NotYetError(named)
        nested = deployments(self.world).get(id.lower())
        if nested is not None:
            return {"outputs": nested.outputs, "provisioningState": nested.state}
        body = self._read(id, version or (planned.version if planned else VERSION))
        return body if full.lower() == "full" else member(body, "properties")

    def _read(self, id: str, version: str) -> Json:
        sent = self.asked.request
        request = Request("GET", id, {"api-version": version}, {}, None, sent.origin)
        try:
            body = self.asked.send(request, self.asked.principal).body
        except ArmError as error:
            raise TemplateError(error.message) from error
        return body if isinstance(body, dict) else {}

    def _list(self, action: str) -> Callable[..., Any]:
        def called(named: str, version: str, *_: Any) -> Any:
            planned = self._planned(named)
            path = f"{planned.id if planned else named}/{action}"
            sent = self.asked.request
            request = Request("POST", path, {"api-version": version}, {}, None, sent.origin)
            try:
                return self.asked.send(request, self.asked.principal).body
            except ArmError as error:
                raise TemplateError(error.message) from error

        return called


def deployments(world: World) -> dict[str, Deployment]:
    """All deployments by id in lower case."""
    found: dict[str, Deployment] = world.memory.setdefault("deployments", {})
    return found


def _id(text: str) -> ArmId | None:
    """The id of a resource in a group; None for what has no such id, such as a role assignment."""
    try:
        return ArmId.parse(text)
    except ValueError:
        return None


def _failure(details: list[Json]) -> Json:
    return {
        "code": "DeploymentFailed",
        "target": None,
        "message": "At least one resource deployment operation failed. Please list deployment operations for "
        "details. Please see https://aka.ms/arm-deployment-operations for usage details.",
        "details": [{"code": one.get("code"), "message": one.get("message")} for one in details],
    }
