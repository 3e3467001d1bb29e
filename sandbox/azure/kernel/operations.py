"""Long operations: what was accepted, when it ends, and how its polls are answered.

An operation ends by the clock, whether or not a client polls it (source:
docs/azure/long-running-operations.md, LRO-01 to LRO-12). `answer()` makes the accepting response
in the style of the service, `poll()` and `final()` the answers of its URLs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Literal

from sandbox.azure.kernel.changes import ChangeKind
from sandbox.azure.kernel.ids import ArmId
from sandbox.azure.kernel.model import ArmError, Json, Request, Response

type Status = Literal["InProgress", "Succeeded", "Failed", "Canceled"]

# Retry-After of one operation's polls. The recorded ladder 10, 10, 20, 20, 40, 40, 80, 160, 100 begins with
# the accepting answer: recordings of 2024 to 2026 show 10, 20 at the first two polls of a private endpoint
# (source: docs/azure/long-running-operations.md, LRO-09).
LADDER = (10, 20, 20, 40, 40, 80, 160, 100)


class Style(Enum):
    """How a service reports that it is still working. Sources: docs/azure/long-running-operations.md, LRO-01
    to LRO-17, and docs/azure/resource-manager.md, ARM-10 for groups.

    NETWORK: 201/200 + Azure-AsyncOperation; poll 200 InProgress; DELETE 202 with Location too.
    PRIVATE_DNS: 202 `{}` + both headers, under the resource group; poll 202 while running, then 200.
    STORAGE: 202 empty + Location only; poll 202 empty until 200 with the resource as body.
    SQL: 202 {"operation", "startTime"} + both headers; poll 200 {"name", "status", "startTime"}.
    GROUP: 202 + Location under the subscription; poll 202 empty until 200 empty.
    PLAIN: no headers; only the resource's provisioningState shows it (Key Vault connections).
    COSMOS: both headers, no waits; poll 200 Enqueued, then Dequeued.
    EVENT_GRID: Azure-AsyncOperation; poll 200 {"id", "name", "status"}.
    """

    NETWORK = "network"
    PRIVATE_DNS = "private_dns"
    STORAGE = "storage"
    SQL = "sql"
    GROUP = "group"
    PLAIN = "plain"
    COSMOS = "cosmos"
    EVENT_GRID = "event_grid"


QUEUED_SECONDS = 2.0
WITHOUT_WAIT = (Style.PLAIN, Style.COSMOS, Style.EVENT_GRID)


@dataclass(frozen=True, slots=True)
class OperationPlan:
    """What a handler asks for: an operation that ends by itself, and what happens then.

    name: the service's own name for it ("PutSubnetOperation"; for SQL the body's "UpsertLogicalServer").
    duration: simulated seconds from request to end, from `world.duration`; 0 ends it at once.
    blocked: seconds of `duration` that pass before the answer.
    first_wait: Retry-After of the accepting answer, in simulated seconds
        (docs/azure/long-running-operations.md, LRO-08).
    region: of the polling URLs; default the location of the resource or of its root.
    locks: ids of resources whose lock it holds while running.
    complete: what happens at the end; default for a write `world.succeed`, for a delete `world.remove`. An
        ArmError from it ends the operation as Failed.
    fail: the error it ends in, decided beforehand; `complete` does not run then.
    failed: what happens on an end in failure; default `world.fail`.
    result: body of the finished STORAGE poll; default the shown resource.
    """

    name: str
    duration: float
    change: ChangeKind = "write"
    style: Style = Style.NETWORK
    first_wait: float = 10.0
    blocked: float = 0.0
    region: str = ""
    locks: tuple[ArmId, ...] = ()
    complete: Callable[[], None] | None = None
    failed: Callable[[ArmError], None] | None = None
    fail: ArmError | None = None
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
        if self.running and self.style not in WITHOUT_WAIT:
            response.retry_after = self.plan.first_wait
        if self.style is Style.SQL and body is None:
            response.body = {"operation": self.name, "startTime": self.started_text}
        if self.style is Style.PRIVATE_DNS and body is None and self.change != "delete":
            response.body = {}
        return response

    def headers(self, *, deleting: bool = False) -> dict[str, str]:
        """The URLs to poll, on the host of the request that started the operation."""
        status_url, result_url = self._urls()
        match self.style:
            case Style.NETWORK if deleting:
                return {
                    "Azure-AsyncOperation": status_url,
                    "Azure-AsyncNotification": "Enabled",
                    "Location": result_url,
                }
            case Style.NETWORK:
                return {"Azure-AsyncOperation": status_url, "Azure-AsyncNotification": "Enabled"}
            case Style.EVENT_GRID if not deleting:
                return {"Azure-AsyncOperation": status_url}
            case Style.PRIVATE_DNS | Style.SQL | Style.COSMOS | Style.EVENT_GRID:
                return {"Azure-AsyncOperation": status_url, "Location": result_url}
            case Style.STORAGE | Style.GROUP:
                return {"Location": result_url}
            case Style.PLAIN:
                return {}

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
            case Style.STORAGE:
                url = f"{where}/asyncoperations/{self.id}?monitor=true&{tail}"
                return url, url
            case Style.SQL:
                return (
                    f"{where}/serverAzureAsyncOperation/{self.id}?{tail}",
                    f"{where}/serverOperationResults/{self.id}?{tail}",
                )
            case Style.COSMOS | Style.EVENT_GRID:
                return (
                    f"{where}/operationsStatus/{self.id}?{tail}",
                    f"{where}/operationResults/{self.id}?{tail}",
                )
            case Style.GROUP:
                url = f"{subscription}/operationresults/{self.id}?{tail}"
                return url, url
            case _:
                return f"{where}/operations/{self.id}?{tail}", f"{where}/operationResults/{self.id}?{tail}"

    def next_wait(self) -> float:
        """Retry-After of the next poll answer: the fixed ladder of the network service, else the first
        wait.
        """
        self.polls += 1
        if self.style is Style.NETWORK:
            return LADDER[min(self.polls, len(LADDER)) - 1]
        return 15.0 if self.style is Style.SQL else self.plan.first_wait

    def poll(self, now: float) -> Response:
        """The answer of the Azure-AsyncOperation URL at `now`, in simulated seconds.

        HTTP 200 also for failures (source: docs/azure/long-running-operations.md, LRO-06 and LRO-07).
        """
        body: Json = {"status": self.status}
        if self.style is Style.SQL:
            body = {"name": self.id, "status": self.status, "startTime": self.started_text}
        if self.style is Style.EVENT_GRID:
            body |= {"id": self._urls()[0], "name": self.id}
        if self.error is not None:
            body["error"] = self.error.error
        if not self.running:
            response = Response(200, body)
            if self.superseded_by:
                response.headers["Canceled-By-Azure-AsyncOperation"] = self.superseded_by
            return response
        response = Response(200, body, retry_after=self.next_wait())
        if self.style in WITHOUT_WAIT:
            response.retry_after = None
        if self.style is Style.COSMOS:
            body["status"] = "Enqueued" if now < self.started + QUEUED_SECONDS else "Dequeued"
        if self.style is Style.PRIVATE_DNS:
            response.status = 202
            response.headers |= self.headers()
        return response

    def final(self) -> Response:
        """The answer of the Location URL: 202 while running, then 200 or 204, or the error itself."""
        if self.running:
            headers = {} if self.style is Style.NETWORK else self.headers()
            return Response(202, None, headers, retry_after=self.next_wait())
        if self.error is not None:
            raise self.error
        if self.style is Style.NETWORK and self.change == "delete":
            return Response(204, None, self.headers(deleting=True))
        if self.style is Style.GROUP:
            return Response(200, None)
        body = self.plan.result() if self.plan.result else None
        return Response(200, body) if body is not None else Response(204)
