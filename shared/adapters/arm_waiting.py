"""Waiting for long operations: poll at a pace until the resource has settled.

A poll that fails with a transient error is repeated: the operation runs in Azure whatever we read. Only the
deadline of the reconcile pass ends the wait.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass

from shared.adapters.arm_calls import Answer, ArmCalls
from shared.adapters.arm_errors import Missing, failure
from shared.adapters.clock import Clock
from shared.adapters.polling import pace, settling
from shared.adapters.shared_polls import SharedPolls
from shared.core.base.bodies import Json, Seen
from shared.core.base.errors import CausewayError, StillRunning, TransientError
from shared.core.base.ids import ResourceId
from shared.ports import Body

ABSENT_READS = 3  # 404s in a row after which a resource that was just written counts as deleted


@dataclass(frozen=True, slots=True)
class Begun:
    """A long operation: its resource, the first response, when the request was sent, and the deadline.

    Both times are moments of `Clock.monotonic`. The pace counts from the request, not from the response: the
    endpoint's PUT itself takes up to 20 s (docs/azure/private-endpoints.md, PE-28), and the operation runs
    meanwhile.
    """

    at: ResourceId
    answer: Answer
    since: float
    deadline: float


class Waiting:
    """Awaits operations by reading their resource."""

    def __init__(self, calls: ArmCalls, clock: Clock) -> None:
        self._calls = calls
        self._clock = clock
        self._shared = SharedPolls(calls.beside, clock)

    async def written(self, begun: Begun) -> Body:
        """The body of a written resource once its provisioningState has settled.

        Raises the error of its operation.
        """
        body: Body | None = begun.answer.body
        if body and not Seen(begun.at, body).busy:
            return await self._raise_if_failed(begun, body)
        moments = pace(begun.at.type, "update" if begun.answer.status == 200 else "create")
        absent = 0
        with self._shared.awaiting(begun.at):
            async for body in self._polls(begun, moments.moments(begun.answer.hint), self._poll(begun)):
                absent = absent + 1 if body is None else 0
                if body is not None and not Seen(begun.at, body).busy:
                    return await self._raise_if_failed(begun, body)
                if absent == ABSENT_READS:
                    raise TransientError(f"{begun.at.name} was deleted while it was written", code="Vanished")
        raise AssertionError("polling ends with a result or an error")

    async def operated(self, begun: Begun) -> Body:
        """The body of a resource whose result only the operation shows: private DNS."""
        if (
            begun.answer.operation is None
            and begun.answer.body
            and not _unsettled(Seen(begun.at, begun.answer.body))
        ):
            return begun.answer.body
        moments = pace(begun.at.type, "create").moments(begun.answer.hint)
        await self._operation(begun, moments)
        async for body in self._polls(begun, moments, self._reader(begun.at), at_once=True):
            if body is not None and not _unsettled(Seen(begun.at, body)):
                return body
        raise AssertionError("polling ends with a result or an error")

    async def gone(self, begun: Begun) -> None:
        """Return once a read gives 404. Raises the error of the delete."""
        moments = pace(begun.at.type, "delete").moments(begun.answer.hint)
        async for body in self._polls(begun, moments, self._reader(begun.at)):
            if body is None:
                return
            if not Seen(begun.at, body).busy and (error := await self._failure(begun.answer)):
                raise error
        raise AssertionError("polling ends with a result or an error")

    async def settled(self, at: ResourceId, deadline: float, api_version: str | None = None) -> Body | None:
        """The body once no operation runs on the resource, whatever its result; None if it was deleted.

        For an operation that an earlier pass or another client began: polls are close together at first.
        """
        begun = Begun(at, Answer(200, {}, {}), self._clock.monotonic(), deadline)
        async for body in self._polls(begun, settling(), self._reader(at, api_version), at_once=True):
            if body is None or not _unsettled(Seen(at, body)):
                return body
        raise AssertionError("polling ends with a result or an error")

    async def changed(self, begun: Begun, api_version: str) -> Body:
        """The body of a resource of any type after a PATCH. Raises the error of its operation."""
        if begun.answer.operation:
            await self._operation(begun, pace(begun.at.type, "update").moments(begun.answer.hint))
        elif begun.answer.status == 202 and begun.answer.location:
            await self._accepted(begun, begun.answer.location)
        elif begun.answer.status != 202 and not Seen(begun.at, begun.answer.body).busy:
            return begun.answer.body
        body = await self.settled(begun.at, begun.deadline, api_version)
        if body is None:
            raise TransientError(f"{begun.at.name} was deleted while it was changed", code="Vanished")
        return body

    async def _operation(self, begun: Begun, moments: Iterator[float]) -> None:
        url = begun.answer.operation
        if url is None:
            return
        async for status in self._polls(begun, moments, lambda: self._calls.request("GET", url)):
            state = _state(status.body)
            if state == "succeeded":
                return
            if state in ("failed", "canceled"):
                raise failure(status.body.get("error"), state).error()
        raise AssertionError("polling ends with a result or an error")

    async def _accepted(self, begun: Begun, url: str) -> None:
        """Wait until a Location no longer returns 202."""
        moments = pace(begun.at.type, "update").moments(begun.answer.hint)
        async for status in self._polls(begun, moments, lambda: self._calls.request("GET", url)):
            if status.status != 202:
                return

    async def _raise_if_failed(self, begun: Begun, body: Body) -> Body:
        """The body, unless the operation failed: then raises its error, or one that says that it gave none.

        The same PUT repairs a failed endpoint, so a failure without a reason counts as transient.
        """
        state = Seen(begun.at, body).state
        if state not in ("failed", "canceled"):
            return body
        raise await self._failure(begun.answer) or failure(None, state).error()

    async def _failure(self, answer: Answer) -> CausewayError | None:
        """The error of a failed operation; None if it runs, succeeded, or can no longer be read."""
        if not answer.operation:
            return None
        try:
            status = (await self._calls.request("GET", answer.operation)).body
        except (TransientError, Missing):
            return None
        state = _state(status)
        return failure(status.get("error"), state).error() if state in ("failed", "canceled") else None

    def _poll(self, begun: Begun) -> Callable[[], Awaitable[Body | None]]:
        """Reads the resource, in a list with others where many are awaited, and alone for the result."""

        async def poll() -> Body | None:
            elapsed = self._clock.monotonic() - begun.since
            return await self._shared.still_busy(begun.at, elapsed) or await self._calls.get(begun.at)

        return poll

    def _reader(self, at: ResourceId, api_version: str | None = None) -> Callable[[], Awaitable[Body | None]]:
        return lambda: self._calls.get(at, api_version)

    async def _polls[T](
        self,
        begun: Begun,
        moments: Iterator[float],
        read: Callable[[], Awaitable[T]],
        *,
        at_once: bool = False,
    ) -> AsyncIterator[T]:
        """The result of each poll. Raises StillRunning once the next one would come after the deadline.

        That error has the wait that Azure asked for, so that a later pass does not poll too early.
        """
        last: CausewayError | None = None
        wait = 0.0
        earliest = self._clock.monotonic()
        due = earliest if at_once else _next(begun.since, moments, earliest)
        while due <= begun.deadline:
            await self._clock.sleep(due - self._clock.monotonic())
            try:
                result = await read()
            except (TransientError, Missing) as error:
                last, wait = error, getattr(error, "retry_after", None) or 0.0
            else:
                yield result
                wait = 0.0
            earliest = self._clock.monotonic() + wait
            due = earliest if earliest > begun.deadline else _next(begun.since, moments, earliest)
        raise StillRunning(
            f"an operation still runs on {begun.at.name}", wait or None, "StillRunning"
        ) from last


def _next(since: float, moments: Iterator[float], earliest: float) -> float:
    """The next moment of the pace that is not past."""
    return next(since + moment for moment in moments if since + moment >= earliest)


def _state(status: Json) -> str:
    return str(status.get("status") or "").lower()


def _unsettled(seen: Seen) -> bool:
    """An operation runs, or a link does not resolve names yet: its state follows that of its operation."""
    return seen.busy or seen.properties.get("virtualNetworkLinkState") == "InProgress"
