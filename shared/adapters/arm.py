"""Azure Resource Manager, one resource at a time, in raw JSON.

Place in the data's way: `flow` reads and writes Azure through this and nothing else. Writes are awaited
here: network resources by reading the resource until it settles, which is the same after a crash as after
a write; private DNS by its operation, because only that tells of a failure.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    HttpResponseError,
    ResourceNotFoundError,
)
from azure.core.rest import HttpRequest

from shared.adapters.arm_clients import OPERATIONS, ArmClients, Operations
from shared.adapters.arm_errors import failure, refusal, wait_hint
from shared.adapters.clock import SystemClock
from shared.adapters.pace import Change, pace, settling
from shared.core.errors import BlockedError, PermanentError, StillRunning, TransientError, clean
from shared.core.ids import ResourceId
from shared.core.kinds.kind import Seen

type Json = dict[str, Any]
type Page = list[Json]

READ_TRIES = 3
LONGEST_READ_WAIT = 30.0  # seconds that a read waits by itself; longer throttling goes back to the queue
RESOURCES_API = "2021-04-01"


@dataclass(frozen=True, slots=True)
class Answer:
    """A write's first answer."""

    body: Json
    headers: Mapping[str, str]
    updated: bool = False  # a 200: it was there before

    @property
    def hint(self) -> float | None:
        """Seconds after which the server suggests to look; None if it names none."""
        return wait_hint(self.headers)

    @property
    def operation(self) -> str | None:
        """Where the operation's status is found."""
        return self.headers.get("azure-asyncoperation") or self.headers.get("location")


class SdkArm:
    """Implements the flow's `Arm` with the Azure SDK."""

    def __init__(self, clients: ArmClients, clock: SystemClock) -> None:
        self._clients = clients
        self._clock = clock

    async def get(self, at: ResourceId, *, api_version: str | None = None) -> Json | None:
        async def once() -> Json | None:
            known = OPERATIONS.get(at.type.lower())
            try:
                if known is None:
                    return await self._request("GET", at.text, api_version or RESOURCES_API)
                operations = self._clients.operations(known, at.subscription)
                found = await operations.get(at.resource_group, *at.names, cls=_answer)
            except ResourceNotFoundError:
                return None
            return _body(found)

        return await self._read(once)

    async def list(self, parent: ResourceId, collection: str) -> Page:
        known = _known(f"{parent.type}/{collection}")

        async def once() -> Page:
            operations = self._clients.operations(known, parent.subscription)
            names = dict(zip(known.parents, parent.names, strict=True))
            try:
                found = operations.list(resource_group_name=parent.resource_group, **names)
                return [item.as_dict() async for item in found]
            except ResourceNotFoundError:
                return []

        return await self._read(once)

    async def put(
        self, at: ResourceId, body: Json, *, deadline: float, query: Mapping[str, str] | None = None
    ) -> Json:
        known = _known(at.type)
        operations = self._clients.operations(known, at.subscription)

        async def send() -> Answer:
            options = {"polling": False, "cls": _answer, "params": dict(query or {})}
            poller = await operations.begin_create_or_update(at.resource_group, *at.names, body, **options)
            answer = await poller.result()
            return answer if isinstance(answer, Answer) else Answer({}, {})

        answer = await self._called(send)
        if known.ends == "operation":
            return await self._ended(at, answer, deadline)
        if answer.body and not Seen(at, answer.body).busy:
            return _sound(at, answer.body)
        change: Change = "update" if answer.updated else "create"
        settled = await self._settled(at, pace(at.type, change).moments(answer.hint), deadline)
        if settled is None:
            raise TransientError(f"{at.name} went away while it was made", code="Vanished")
        if Seen(at, settled).state in ("failed", "canceled"):
            raise await self._failure(at, answer)
        return settled

    async def settle(self, at: ResourceId, *, deadline: float) -> Json | None:
        return await self._settled(at, settling(), deadline)

    async def delete(self, at: ResourceId, *, deadline: float) -> None:
        known = _known(at.type)
        operations = self._clients.operations(known, at.subscription)

        async def send() -> Answer | None:
            try:
                poller = await operations.begin_delete(
                    at.resource_group, *at.names, polling=False, cls=_answer
                )
                answer = await poller.result()
            except ResourceNotFoundError:
                return None
            return answer if isinstance(answer, Answer) else Answer({}, {})

        answer = await self._called(send)
        if answer is None:
            return
        async for _ in self._looks(at, pace(at.type, "delete").moments(answer.hint), deadline):
            if await self.get(at) is None:
                return

    async def patch(self, at: ResourceId, body: Json, *, api_version: str, deadline: float) -> Json:
        await self._called(lambda: self._request("PATCH", at.text, api_version, body))
        async for _ in self._looks(at, settling(), deadline):
            found = await self.get(at, api_version=api_version)
            if found is None:
                raise TransientError(f"{at.name} went away while it was changed", code="Vanished")
            if not Seen(at, found).busy:
                return found
        raise AssertionError("looks never end")

    async def resources(self, subscription: str) -> AsyncIterator[Page]:
        async for page in self._pages(f"/subscriptions/{subscription}/resources"):
            yield page

    async def resource_groups(self, subscription: str) -> dict[str, Mapping[str, str]]:
        found: dict[str, Mapping[str, str]] = {}
        async for page in self._pages(f"/subscriptions/{subscription}/resourcegroups"):
            found |= {str(group["name"]).lower(): group.get("tags") or {} for group in page}
        return found

    async def _pages(self, path: str) -> AsyncIterator[Page]:
        following: str | None = f"{path}?api-version={RESOURCES_API}"
        while following:
            url = following
            page = await self._read(lambda url=url: self._request("GET", url))  # type: ignore[misc]
            yield list(page.get("value") or [])
            following = page.get("nextLink")

    async def _settled(self, at: ResourceId, moments: Iterator[float], deadline: float) -> Json | None:
        """Read the resource until no operation runs on it. None: it is gone."""
        async for _ in self._looks(at, moments, deadline):
            body = await self.get(at)
            if body is None or not Seen(at, body).busy:
                return body
        raise AssertionError("looks never end")

    async def _ended(self, at: ResourceId, answer: Answer, deadline: float) -> Json:
        """Await a private DNS operation, then the resource's own state (a link lags behind its operation)."""
        succeeded = answer.operation is None
        async for _ in self._looks(at, pace(at.type, "create").moments(answer.hint), deadline):
            if not succeeded and answer.operation:
                succeeded = await self._operation(answer.operation)
            if succeeded:
                body = await self.get(at)
                if body is not None and not _lags(Seen(at, body)):
                    return body
        raise AssertionError("looks never end")

    async def _operation(self, url: str) -> bool:
        """True once the operation succeeded; raises what a failed one means."""
        status = await self._read(lambda: self._request("GET", url))
        state = str(status.get("status") or "").lower()
        if state in ("failed", "canceled"):
            raise failure(status.get("error")).error()
        return state == "succeeded"

    async def _failure(self, at: ResourceId, answer: Answer) -> Exception:
        """What a failed operation says of itself. Reported as passing if it cannot be read any more."""
        if answer.operation:
            status = await self._read(lambda: self._request("GET", str(answer.operation)))
            if isinstance(status.get("error"), Mapping):
                return failure(status["error"]).error()
        return TransientError(f"{at.name} failed without saying why", code="ProvisioningFailed")

    async def _request(
        self, method: str, url: str, api_version: str | None = None, body: Json | None = None
    ) -> Json:
        full = url if url.startswith("https://") else f"{self._clients.endpoint}{url}"
        params = {"api-version": api_version} if api_version else None
        request = HttpRequest(method, full, params=params, json=body)
        response = await self._clients.generic().send_request(request)
        if response.status_code == 404:
            raise ResourceNotFoundError(response=response)
        if response.status_code >= 400:
            raise HttpResponseError(response=response)
        text = response.text()
        return dict(response.json()) if text else {}

    async def _read[T](self, read_once: Callable[[], Awaitable[T]]) -> T:
        """Reads are repeated here, a few times: they change nothing."""
        for attempt in range(READ_TRIES):
            try:
                return await self._called(read_once)
            except TransientError as error:
                wait = error.retry_after if error.retry_after is not None else float(2**attempt)
                if attempt == READ_TRIES - 1 or wait > LONGEST_READ_WAIT:
                    raise
                await self._clock.sleep(wait)
        raise AssertionError("the last try returns or raises")

    async def _called[T](self, call: Callable[[], Awaitable[T]]) -> T:
        """Every SDK exception ends here, chained."""
        try:
            return await call()
        except ClientAuthenticationError as error:
            if error.response is None:
                remedy = "give the app a managed identity, or sign in"
                raise BlockedError("NoCredential", clean(str(error), 400), remedy) from error
            raise _meaning(error) from error
        except HttpResponseError as error:
            raise _meaning(error) from error
        except AzureError as error:
            raise TransientError(clean(str(error), 400), code=type(error).__name__) from error

    async def _looks(self, at: ResourceId, moments: Iterator[float], deadline: float) -> AsyncIterator[None]:
        """Wait for each moment, counted from now, until the walk's time is over (StillRunning)."""
        began = self._clock.monotonic()
        for moment in moments:
            if began + moment > deadline:
                raise StillRunning(f"Azure is still at work on {at.name}", code="StillRunning")
            await self._clock.sleep(max(0.0, began + moment - self._clock.monotonic()))
            yield


def _known(kind: str) -> Operations:
    known = OPERATIONS.get(kind.lower())
    if known is None:
        raise PermanentError("UnknownType", f"nothing here writes {kind}")
    return known


def _answer(response: Any, _model: Any, _headers: Any) -> Answer:
    """The SDK's `cls` callback: the wire's JSON instead of a model, so that unknown properties survive."""
    raw = response.http_response
    text = raw.text()
    body = raw.json() if text else {}
    return Answer(body if isinstance(body, dict) else {}, raw.headers, raw.status_code == 200)


def _body(answer: Any) -> Json:
    return answer.body if isinstance(answer, Answer) else {}


def _sound(at: ResourceId, body: Json) -> Json:
    if Seen(at, body).state == "failed":
        raise TransientError(f"{at.name} is in a failed state", code="ProvisioningFailed")
    return body


def _lags(seen: Seen) -> bool:
    state = seen.properties.get("virtualNetworkLinkState")
    return seen.busy or state == "InProgress"


def _meaning(error: HttpResponseError) -> Exception:
    response: Any = error.response
    if response is None:
        return TransientError(clean(str(error), 400), code="NoResponse")
    return refusal(int(response.status_code or 0), response.headers, response.text()).error()
