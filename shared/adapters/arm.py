"""Azure Resource Manager, one resource at a time, in raw JSON.

The flow reads and writes Azure through this adapter alone. A read is retried here, because it changes
nothing. A write is sent once and awaited; the caller decides whether to send it again.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from urllib.parse import urlencode

from shared.adapters.arm_calls import ArmCalls, members_of
from shared.adapters.arm_clients import ArmClients
from shared.adapters.arm_types import writable
from shared.adapters.arm_waiting import Begun, Waiting
from shared.adapters.clock import Clock
from shared.core.base.backoff import Backoff
from shared.core.base.bodies import Json
from shared.core.base.errors import TransientError
from shared.core.base.ids import GroupId, ResourceId
from shared.core.base.only_if import ANYHOW, OnlyIf
from shared.ports import Bodies, Body
from shared.telemetry import NO_TELEMETRY, Telemetry

READ_TRIES = 3
BACKOFF = Backoff(first=0.5, growth=2.0, longest=30.0)  # where Azure does not say how long to wait
MANAGEMENT_API = "2023-04-01"  # Microsoft.Management: REST reference "Entities - List"
GROUPS = "Microsoft.Resources/resourceGroups"
RESOURCES_API = "2021-04-01"  # Microsoft.Resources: lists of resources and of groups


class SdkArm:
    """Implements `ports.Arm` with the Azure SDK. One per process."""

    def __init__(self, clients: ArmClients, clock: Clock, telemetry: Telemetry = NO_TELEMETRY) -> None:
        self._calling = telemetry.calling
        self._clients = clients
        self._calls = ArmCalls(clients)
        self._waiting = Waiting(self._calls, clock)
        self._clock = clock

    async def get(self, at: ResourceId, *, api_version: str | None = None) -> Body | None:
        with self._calling("GET", at.type):
            return await self._read(lambda: self._calls.get(at, api_version))

    async def list(self, parent: ResourceId, collection: str) -> Bodies:
        with self._calling("GET", f"{parent.type}/{collection}"):
            return await self._read(lambda: self._calls.list(parent, collection))

    async def of_type(self, subscription: str, kind: str) -> Bodies:
        return await self._read(lambda: self._calls.of_type(subscription, kind))

    async def put(
        self,
        at: ResourceId,
        body: Json,
        *,
        deadline: float,
        query: Mapping[str, str] | None = None,
        only_if: OnlyIf = ANYHOW,
    ) -> Body:
        known, since = writable(at.type), self._clock.monotonic()
        with self._calling("PUT", at.type):
            answer = await self._calls.put(at, body, query or {}, only_if.headers)
            begun = Begun(at, answer, since, deadline)
            if known.ends == "operation":
                return await self._waiting.operated(begun)
            return await self._waiting.written(begun)

    async def principal(self) -> str:
        return await self._clients.principal()

    async def settle(self, at: ResourceId, *, deadline: float) -> Body | None:
        with self._calling("GET", at.type):
            return await self._waiting.settled(at, deadline)

    async def delete(self, at: ResourceId, *, deadline: float, only_if: OnlyIf = ANYHOW) -> None:
        since = self._clock.monotonic()
        with self._calling("DELETE", at.type):
            answer = await self._calls.delete(at, only_if.headers)
            if answer is not None and answer.status != 204:
                await self._waiting.gone(Begun(at, answer, since, deadline))

    async def patch(self, at: ResourceId, body: Json, *, api_version: str, deadline: float) -> Body:
        since = self._clock.monotonic()
        with self._calling("PATCH", at.type):
            answer = await self._calls.request("PATCH", at.text, api_version=api_version, body=body)
            return await self._waiting.changed(Begun(at, answer, since, deadline), api_version)

    async def resources(self, subscription: str) -> AsyncIterator[Bodies]:
        async for page in self.pages(f"/subscriptions/{subscription}/resources", api_version=RESOURCES_API):
            yield page

    async def entities(self, name: str) -> Bodies:
        quoted = urlencode({"$filter": f"name eq '{name}'"})
        url = f"/providers/Microsoft.Management/getEntities?{quoted}"
        answer = await self._read(lambda: self._calls.request("POST", url, api_version=MANAGEMENT_API))
        return members_of(answer.body)

    async def group(self, at: GroupId) -> Body | None:
        with self._calling("GET", GROUPS):
            return await self._read(lambda: self._calls.group(at, RESOURCES_API))

    async def pages(self, path: str, *, api_version: str) -> AsyncIterator[Bodies]:
        """Every page, empty ones included: Azure may return one before the last page."""
        kind = _listed(path)
        page = await self._page(kind, path, api_version)
        yield members_of(page)
        while following := page.get("nextLink"):
            page = await self._page(kind, str(following))
            yield members_of(page)

    async def _page(self, kind: str, url: str, api_version: str | None = None) -> Body:
        with self._calling("GET", kind):
            answer = await self._read(lambda: self._calls.request("GET", url, api_version=api_version))
        return answer.body

    async def _read[T](self, once: Callable[[], Awaitable[T]]) -> T:
        for attempt in range(READ_TRIES):
            try:
                return await once()
            except TransientError as error:
                asked = error.retry_after
                pause = BACKOFF.delay(attempt) if asked is None else asked
                # A longer wait is left to the caller, which can do other work meanwhile.
                if attempt == READ_TRIES - 1 or pause > BACKOFF.longest:
                    raise
                await self._clock.sleep(pause)
        raise AssertionError("the last attempt returns or raises")


def _listed(path: str) -> str:
    """The type that a list of ARM has, or its last word (`resources`); never an id."""
    _, found, kind = path.partition("?")[0].rpartition("/providers/")
    namespace, *parts = kind.split("/")
    return "/".join((namespace, *parts[::2])) if found else parts[-1]
