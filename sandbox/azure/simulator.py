"""The simulated Azure behind any transport: one request in, one response out.

For an ARM request: run what is due, find the caller, apply a fault, let the gateway answer, delay the answer
as long as Azure would, add headers, log.
"""

from __future__ import annotations

import math
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from functools import partial
from typing import Any

from sandbox.azure.control import Control, Parts
from sandbox.azure.events.event_grid import EventGrid
from sandbox.azure.events.topics import Topics
from sandbox.azure.front import activity_log, deny_assignments, identity, sign_in
from sandbox.azure.front.access import Access, Role
from sandbox.azure.front.dispatch import Answer, Gateway
from sandbox.azure.front.faults import Faults, Rule, is_read
from sandbox.azure.front.request_log import RequestKind, RequestLog
from sandbox.azure.front.throttling import Throttling
from sandbox.azure.kernel import tenants
from sandbox.azure.kernel.changes import Change
from sandbox.azure.kernel.clock import Clock, RealClock
from sandbox.azure.kernel.directory import SUBSCRIPTIONS
from sandbox.azure.kernel.model import ArmError, Json, Request, Response
from sandbox.azure.kernel.world import World
from sandbox.azure.providers.registry import registry
from sandbox.azure.scenario import apply as apply_scenario

# The value of X-IDENTITY-HEADER is all that says whose identity a process has.
IDENTITY_HEADERS = {"app": "sandbox-identity", "user": "sandbox-user"}


class Simulator:
    """One simulated Azure.

    seed: every draw (durations, races, ids) repeats with it. speed: simulated seconds per real second;
    ignored when a clock is given. role: what the principal "app" may do, by default by the roles of
    infra/roles.json.
    """

    def __init__(
        self, seed: int = 0, speed: float = 1.0, clock: Clock | None = None, role: Role | None = None
    ) -> None:
        self.seed = seed
        self.clock = clock or RealClock(speed)
        self.identity_headers = dict(IDENTITY_HEADERS)
        self._given_role = role
        self._scenario: Json | None = None
        self._begin()

    def apply(self, scenario: Json) -> None:
        """Put a scenario's resources, at once and without events; `reset` puts them again.

        Raises ScenarioError.
        """
        apply_scenario(self.world, self.gateway, scenario)
        self._scenario = scenario

    def reset(self, seed: int | None = None) -> None:
        """Begin again with the same or another seed: the scenario's world, empty logs, no faults.

        Event subscriptions are kept, and the clock goes on.
        """
        if seed is not None:
            self.seed = seed
        subscriptions = list(self.events.subscriptions)
        self.events.close()
        self._begin()
        for subscription in subscriptions:
            self.events.subscribe(subscription)
        if self._scenario is not None:
            apply_scenario(self.world, self.gateway, self._scenario)

    def _begin(self) -> None:
        self.registry = registry()
        self.world = World(self.seed, self.clock, self.registry)
        for number, subscription in enumerate(SUBSCRIPTIONS, 1):
            self.world.subscriptions[subscription] = {"name": f"Sandbox {number}"}
        self.access = Access(
            self._given_role and Role(list(self._given_role.actions)),
            lambda: self.world.now,
            lambda scope: self.world.hierarchy.above(scope),
        )
        self.faults = Faults(self.world.rng, self.world.remember)
        self.requests = RequestLog()
        self.throttling = Throttling(self.clock)
        self.events = EventGrid(self.world)
        self.topics = Topics()
        self.world.check_access = self.access.allows
        self.world.refuse_denied = partial(deny_assignments.refuse, self.world)
        self.world.forget_rights = self.access.forget
        self.world.emit = self._publish
        self.gateway = Gateway(self.world, self.registry, self.access)
        parts = Parts(
            self.world, self.access, self.faults, self.requests, self.events, self.topics, self.reset
        )
        self._control = Control(parts)

    def _publish(self, change: Change) -> None:
        """A finished change goes into the activity log, and to Event Grid."""
        activity_log.record(self.world, change)
        self.events.accept(change)

    async def handle(self, request: Request) -> Response:
        """Answer one request. Never raises for a client's error; `Response.drop` asks for a reset
        connection.
        """
        self.world.settle()
        if request.path.startswith("/_sandbox"):
            return await self._control.handle(request)
        signing_in = self._sign_in(request)
        if signing_in is not None:
            return signing_in
        arrived = self.clock.now()
        principal = identity.principal_of(request)
        answer = await self._with_faults(request, principal)
        response = answer.response
        await self.clock.sleep(response.delay) if response.delay else None
        if self.topics.is_topic(request.path):
            return response
        self._add_headers(request, principal, response)
        self._log(request, principal, answer, arrived)
        if request.method == "HEAD":
            response.body = None
        return response

    async def _with_faults(self, request: Request, principal: str | None) -> Answer:
        rule = self.faults.for_request(request, principal or "")
        if rule is None:
            return self._answer(request, principal, None)
        if rule.delay:
            await self.clock.sleep(rule.delay)
            self.world.settle()
        if rule.drop == "before":
            return Answer(Response(0, drop=True))
        injected = rule.response()
        answer = Answer(injected) if injected is not None else self._answer(request, principal, rule)
        answer.response.drop = rule.drop == "after"
        return answer

    def _answer(self, request: Request, principal: str | None, rule: Rule | None) -> Answer:
        if self.topics.is_topic(request.path):
            return Answer(self.topics.receive(request, principal))
        failure = rule.operation_error() if rule else None
        try:
            self.throttling.spend(request, principal or "")
            with self._moment(request, rule):
                return self.gateway.answer(request, principal, failure)
        except ArmError as error:
            headers = {"x-ms-failure-cause": error.cause} | error.headers
            return Answer(Response(error.status, error.body, headers, retry_after=error.retry_after))

    def _moment(self, request: Request, rule: Rule | None) -> AbstractContextManager[None]:
        """When a request is answered: now, or for a read that is behind some seconds ago."""
        if not is_read(request):
            return self.world.step()
        return self.world.past(rule.stale_seconds) if rule and rule.stale_seconds else nullcontext()

    def _sign_in(self, request: Request) -> Response | None:
        """The answer of the directory: a token, or a page that leads to one. None for all other requests."""
        page = sign_in.page_of(request.path)
        if page is not None:
            response = sign_in.answer(request, page, tenants.known(self.world.subscriptions))
            return self._noted(request, response, "user") if page == "token" else response
        if request.path != identity.PATH:
            return None
        principal = identity.owner(request, self.identity_headers)
        return self._noted(request, identity.token_response(request, self.identity_headers), principal or "")

    def _noted(self, request: Request, response: Response, principal: str) -> Response:
        """A token's answer, in the request log as well."""
        self.requests.add(
            time=self.clock.now(),
            seconds=0.0,
            method=request.method,
            path=request.path,
            kind="token",
            status=response.status,
            code=None,
            principal=principal,
            client=request.headers.get("user-agent", ""),
            resource=None,
        )
        return response

    def _add_headers(self, request: Request, principal: str | None, response: Response) -> None:
        """Ids, dates, what is left of the rate limits, and the wait in the form that the speed allows.

        Whole seconds in Retry-After at speed 1; else `x-ms-retry-after-ms`, which SDKs honour first.
        """
        request_id = self.world.new_guid()
        headers = response.headers
        headers["x-ms-request-id"] = request_id
        headers["x-ms-correlation-request-id"] = request.headers.get(
            "x-ms-correlation-request-id", request_id
        )
        headers["Date"] = datetime.now(UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")
        headers["Cache-Control"] = "no-cache"
        headers |= self.throttling.headers(request, principal or "")
        if response.retry_after is None:
            return
        if self.clock.speed == 1:
            headers["Retry-After"] = str(max(1, math.ceil(response.retry_after)))
        else:
            headers["x-ms-retry-after-ms"] = str(
                max(1, round(response.retry_after * 1000 / self.clock.speed))
            )

    def _log(self, request: Request, principal: str | None, answer: Answer, arrived: float) -> None:
        response = answer.response
        kind: RequestKind = "read" if request.method in ("GET", "HEAD") else "write"
        self.requests.add(
            time=arrived,
            seconds=self.clock.now() - arrived,
            method=request.method,
            path=request.path,
            kind="poll" if answer.polled else kind,
            status=0 if response.drop else response.status,
            code=error_code(response.body),
            principal=principal or "",
            client=request.headers.get("user-agent", ""),
            resource=answer.polled.text if answer.polled else None,
        )


def error_code(body: Any) -> str | None:
    """The error code in any of the envelopes, None when the body is no error."""
    if not isinstance(body, dict):
        return None
    inner = body.get("error")
    source = inner if isinstance(inner, dict) else body
    code = source.get("code") or source.get("Code")
    return code if isinstance(code, str) and ("message" in source or "Message" in source) else None
