"""Long operations: what was accepted, when it ends, and how its polls are answered.

An operation ends by the clock, whether or not a client polls it (source:
docs/azure/long-running-operations.md, LRO-01 to LRO-12). `answer()` makes the accepting response
in the style of the service, `poll()` and `final()` the answers of its URLs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from sandbox.azure.kernel.changes import ChangeKind
from sandbox.azure.kernel.ids import ArmId
from sandbox.azure.kernel.manners import (
    COLLECTIONS,
    LADDER,
    MANNERS,
    QUEUED_SECONDS,
    RESULT,
    SQL_YOUNG_SECONDS,
    STATUS,
    Manner,
    Style,
)
from sandbox.azure.kernel.model import ArmError, Json, Request, Response

type Status = Literal["InProgress", "Succeeded", "Failed", "Canceled"]


@dataclass(frozen=True, slots=True)
class OperationPlan:
    """What a handler asks for: an operation that ends by itself, and what happens then.

    name: the service's own name for it ("PutSubnetOperation"; for SQL the body's "UpsertLogicalServer").
    duration: simulated seconds from request to end, from `world.duration`; 0 ends it at once.
    blocked: seconds of `duration` that pass before the answer.
    first_wait: Retry-After of the accepting answer, in simulated seconds
        (docs/azure/long-running-operations.md, LRO-08). polls_wait: whether its polls ask for a wait too.
    collection: first part of the polling URLs' names, where a service has one for each kind ("database").
    region: of the polling URLs; default the location of the resource or of its root.
    locks: ids of resources whose lock it holds while running.
    complete: what happens at the end; default for a write `world.succeed`, for a delete `world.remove`. An
        ArmError from it ends the operation as Failed.
    fail: the error it ends in, decided beforehand; `complete` does not run then.
    failed: what happens on an end in failure; default `world.fail`.
    action: for a POST action, its name in the Event Grid event ("moveResources").
    result: body of the finished STORAGE poll; default the shown resource.
    """

    name: str
    duration: float
    change: ChangeKind = "write"
    style: Style = Style.NETWORK
    first_wait: float = 10.0
    polls_wait: bool = True
    collection: str = ""
    blocked: float = 0.0
    region: str = ""
    locks: tuple[ArmId, ...] = ()
    complete: Callable[[], None] | None = None
    failed: Callable[[ArmError], None] | None = None
    fail: ArmError | None = None
    action: str = ""
    result: Callable[[], Json | None] | None = None


@dataclass(slots=True, eq=False)
class Operation:
    """One long operation, kept for ever in the operation log. Times are simulated seconds."""

    plan: OperationPlan
    id: str
    token: str
    resource: ArmId
    request: Request
    principal: str
    started: float
    started_text: str
    status: Status = "InProgress"
    ended: float | None = None
    error: ArmError | None = None
    superseded_by: str | None = None
    polls: int = 0

    @property
    def name(self) -> str:
        return self.plan.name

    @property
    def change(self) -> ChangeKind:
        return self.plan.change

    @property
    def style(self) -> Style:
        return self.plan.style

    @property
    def manner(self) -> Manner:
        return MANNERS[self.plan.style]

    @property
    def due(self) -> float:
        """When it ends by itself."""
        return self.started + self.plan.duration

    @property
    def running(self) -> bool:
        return self.status == "InProgress"

    @property
    def record(self) -> Json:
        """The entry of `/_sandbox/operations`."""
        return {
            "id": self.id,
            "resource": self.resource.text,
            "kind": f"{self.resource.type}/{self.change}",
            "name": self.name,
            "started": self.started,
            "ended": self.ended,
            "due": self.due,
            "blocked_before_answer": self.plan.blocked,
            "status": self.status,
            "error": self.error.code if self.error else None,
            "polls": self.polls,
        }

    def answer(self, status: int, body: Json | None = None) -> Response:
        """The response that accepts the request: status, `body`, and the style's headers and wait.

        A NETWORK operation that is already over (a tags-only PUT) keeps Azure-AsyncOperation but has no wait.
        SQL bodies are made here when `body` is None.
        """
        response = Response(
            status, body, self.headers(deleting=self.change == "delete"), delay=self.plan.blocked
        )
        if self.running and self.manner.waits:
            response.retry_after = self.plan.first_wait
        if self.style is Style.SQL and body is None:
            response.body = {"operation": self.name, "startTime": self.started_text}
        if self.style is Style.PRIVATE_DNS and body is None and self.change != "delete":
            response.body = {}
        return response

    def headers(self, *, deleting: bool = False) -> dict[str, str]:
        """The URLs to poll, on the host of the request that started the operation."""
        urls = dict(zip((STATUS, RESULT), self._urls(), strict=True))
        found = {name: urls[name] for name in (self.manner.delete if deleting else self.manner.write)}
        return found | ({"Azure-AsyncNotification": "Enabled"} if self.style is Style.NETWORK else {})

    def _urls(self) -> tuple[str, str]:
        version = self.request.query.get("api-version", "")
        subscription = f"{self.request.origin}/subscriptions/{self.resource.subscription}"
        tail = f"api-version={version}&{self.token}"
        where = f"{subscription}/providers/{self.resource.namespace}/locations/{self.plan.region or 'global'}"
        match self.style:
            case Style.PRIVATE_DNS:
                where = f"{subscription}/resourceGroups/{self.resource.group}/providers/Microsoft.Network"
                return (
                    f"{where}/privateDnsOperationStatuses/{self.id}?{tail}",
                    f"{where}/privateDnsOperationResults/{self.id}?{tail}",
                )
            case Style.DNS_RESOLVER:
                where = where.replace("/providers/", f"/resourceGroups/{self.resource.group}/providers/", 1)
                status, result = COLLECTIONS[self.style]
                return f"{where}/{status}/{self.id}?{tail}", f"{where}/{result}/{self.id}?{tail}"
            case Style.STORAGE:
                url = f"{where}/asyncoperations/{self.id}?monitor=true&{tail}"
                return url, url
            case Style.GROUP | Style.MOVE:
                url = f"{subscription}/operationresults/{self.id}?{tail}"
                return url, url
            case _:
                status, result = COLLECTIONS.get(self.style, ("operations", "operationResults"))
                if self.plan.collection:
                    status = f"{self.plan.collection}AzureAsyncOperation"
                    result = f"{self.plan.collection}OperationResults"
                return f"{where}/{status}/{self.id}?{tail}", f"{where}/{result}/{self.id}?{tail}"

    def next_wait(self) -> float:
        """Retry-After of the next poll answer: the fixed ladder of the network service, else the first
        wait.
        """
        self.polls += 1
        if self.style is Style.NETWORK:
            return LADDER[min(self.polls, len(LADDER)) - 1]
        return self.plan.first_wait

    def _wait(self, now: float) -> float | None:
        """Seconds that a poll asks for. SQL asks even at the end; a server's wait grows with time."""
        if not self.plan.polls_wait:
            return None
        if self.style is Style.SQL and self.plan.first_wait == 1:
            young = now < self.started + SQL_YOUNG_SECONDS
            return (1.0 if young else 20.0) if self.running else 15.0
        if self.style is Style.SQL:
            return self.plan.first_wait
        return self.next_wait() if self.running and self.manner.waits else None

    def poll(self, now: float) -> Response:
        """The answer of the Azure-AsyncOperation URL at `now`, in simulated seconds.

        HTTP 200 also for failures (source: docs/azure/long-running-operations.md, LRO-06 and LRO-07).
        """
        response = Response(200, self._poll_body(now), retry_after=self._wait(now))
        if self.superseded_by:
            response.headers["Canceled-By-Azure-AsyncOperation"] = self.superseded_by
        if self.running:
            response.status = self.manner.running_http
        if self.manner.always or (self.running and self.manner.repeats):
            response.headers |= self.headers(deleting=self.change == "delete")
        return response

    def _poll_body(self, now: float) -> Json:
        known: Json = {
            "id": urlsplit(self._urls()[0]).path,
            "url": self._urls()[0],
            "resource": self.resource.text,
            "below": self.resource.text + f"/operationStatus/{self.id}" * 2,
            "name": self.id,
            "startTime": self.started_text,
            "endTime": self.started_text,
            "retryAfter": 0,
            "output": True,
        }
        body: Json = {
            "id" if name in ("resource", "url", "below") else name: known[name]
            for name in self.manner.members
        }
        if self.running and self.style is not Style.MESSAGING:
            body.pop("endTime", None)
        if body.pop("output", None) is not None and not self.running and self.plan.result:
            body["properties"] = {"output": self.plan.result()}
        if self._is_network_action and not self.running and self.error is None:
            body["properties"] = self.plan.result() if self.plan.result else None
        body["status"] = self._status(now)
        return body | ({"error": self.error.error} if self.error is not None else {})

    @property
    def _is_network_action(self) -> bool:
        """A POST action of the network service that has a result (docs/azure/services.md, SVC-12)."""
        return self.style is Style.NETWORK and self.change == "action" and self.plan.result is not None

    def _status(self, now: float) -> str:
        if not self.running:
            return self.status
        if self.style is Style.COSMOS:
            return "Enqueued" if now < self.started + QUEUED_SECONDS else "Dequeued"
        return self.manner.running.get(self.change, self.status)

    def final(self) -> Response:
        """The answer of the Location URL: 202 while running, then 200 or 204, or the error itself."""
        if self.running:
            headers = {} if self.style is Style.NETWORK else self.headers(deleting=self.change == "delete")
            return Response(202, None, headers, retry_after=self.next_wait() if self.manner.waits else None)
        if self.error is not None:
            raise self.error
        if self.style is Style.NETWORK and self.change == "delete":
            return Response(204, None, self.headers(deleting=True))
        if self.style in (Style.GROUP, Style.REGISTRY_DECISION):
            return Response(200, None)
        if self._is_network_action and self.plan.result:
            return Response(200, self.plan.result() or None, self.headers(deleting=True))
        if self.style is Style.SQL and self.change == "action":
            return Response(200, None)
        if self.style is Style.LOCATION:
            return Response(200, self.plan.result() if self.plan.result else None)
        body = self.plan.result() if self.plan.result else None
        return Response(200, body) if body is not None else Response(204)
