"""One process of the app and its outgoing calls, each of which a fault can hit.

A call goes to Azure Resource Manager, to a table or to the queue. The storage SDKs repeat a request whose
answer was lost, so a lost answer is there a second request; where that is lost too, the call fails.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from sandbox.azure.kernel.model import Request, Response
from sandbox.azure.simulator import Simulator
from shared.adapters.tables import Changed, Exists, Row, Rows, Table, Values
from shared.core.base.errors import BlockedError, TransientError
from shared.ports import WorkQueue

LATE = 90.0  # seconds that a delayed answer takes: longer than a claim lasts
STOPPED = 75.0  # seconds that a paused process does nothing at least

CRASH, LOST, CUT, DELAY = "crash", "lost-answer", "cut", "delay"
PAUSES = ("pause-before", "pause-after")
REFUSALS = {"403": (403, "AuthorizationFailed"), "429": (429, "TooManyRequests"), "500": (500, "ServerError")}
KINDS = (CRASH, LOST, CUT, DELAY, *PAUSES, *REFUSALS)


class Died(BaseException):
    """The process is gone: nothing of it runs any more."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to the process's call number `at`, counted from 0.

    A crash comes behind the effect of its call: before it, it would be one behind the call before.
    """

    kind: str
    at: int


@dataclass(frozen=True, slots=True)
class Answers[T]:
    """How a call fails at its destination: what a client sees of a lost answer, and of a refusal."""

    lost: Callable[[Callable[[], Awaitable[T]]], Awaitable[T]]
    cut: Callable[[], T]
    refused: Callable[[int, str], T]


class Gate:
    """The calls of one process in their order, and the fault that hits one of them.

    `meanwhile` is run while the process is paused: it gets the time and returns when it ended.
    """

    def __init__(self, fault: Fault | None = None, meanwhile: Callable[[float], float] | None = None) -> None:
        self.calls: list[str] = []
        self.died = asyncio.Event()
        self._fault = fault
        self._meanwhile = meanwhile

    async def call[T](self, name: str, send: Callable[[], Awaitable[T]], answers: Answers[T]) -> T:
        if self.died.is_set():
            raise Died
        number = len(self.calls)
        self.calls.append(name)
        if self._fault is not None and number == self._fault.at:
            return await self._hit(self._fault.kind, send, answers)
        answer = await send()
        if self.died.is_set():
            raise Died
        return answer

    async def _hit[T](self, kind: str, send: Callable[[], Awaitable[T]], answers: Answers[T]) -> T:
        match kind:
            case "crash":
                with suppress(Exception):
                    await send()
                self.died.set()
                raise Died
            case "lost-answer":
                return await answers.lost(send)
            case "cut":
                with suppress(Changed, Exists):
                    await send()
                return answers.cut()
            case "delay":
                answer = await send()
                await asyncio.sleep(LATE)
                return answer
            case "pause-before":
                self._pause()
                return await send()
            case "pause-after":
                answer = await send()
                self._pause()
                return answer
            case _:
                return answers.refused(*REFUSALS[kind])

    def _pause(self) -> None:
        """Nothing of this process runs, timers included, while the others go on."""
        loop = asyncio.get_running_loop()
        until = self._meanwhile(loop.time()) if self._meanwhile else 0.0
        loop.pass_over(max(until - loop.time(), STOPPED))  # type: ignore[attr-defined]


class GatedAzure:
    """The simulator behind the gate, as `InProcessTransport` uses it."""

    def __init__(self, azure: Simulator, gate: Gate) -> None:
        self._azure = azure
        self._gate = gate

    async def handle(self, request: Request) -> Response:
        name = f"{request.method} {'/'.join(request.path.split('/')[-2:])}"
        return await self._gate.call(f"arm {name}", lambda: self._azure.handle(request), _ARM)


async def _dropped(send: Callable[[], Awaitable[Response]]) -> Response:
    await send()
    return Response(0, drop=True)


def _refused(status: int, code: str) -> Response:
    headers = {"Retry-After": "20"} if status == 429 else {}
    return Response(status, {"error": {"code": code, "message": "refused by the test"}}, headers)


_ARM = Answers(_dropped, lambda: Response(0, drop=True), _refused)


class GatedTable:
    """A table behind the gate."""

    def __init__(self, name: str, table: Table, gate: Gate) -> None:
        self._name = name
        self._table = table
        self._gate = gate

    def time(self) -> float:
        return self._table.time()

    async def get(self, partition: str, key: str) -> Row | None:
        return await self._call("get", lambda: self._table.get(partition, key))

    async def insert(self, partition: str, key: str, values: Values) -> Row:
        return await self._call("insert", lambda: self._table.insert(partition, key, values))

    async def replace(self, row: Row, values: Values) -> Row:
        return await self._call("replace", lambda: self._table.replace(row, values))

    async def delete(self, row: Row) -> None:
        return await self._call("delete", lambda: self._table.delete(row))

    async def page(self, where: Values, size: int, continuation: str | None = None) -> Rows:
        return await self._call("page", lambda: self._table.page(where, size, continuation))

    async def query(self, where: Values) -> AsyncIterator[Row]:
        async def listed() -> list[Row]:
            return [row async for row in self._table.query(where)]

        for row in await self._call("query", listed):
            yield row

    async def _call[T](self, what: str, send: Callable[[], Awaitable[T]]) -> T:
        return await self._gate.call(f"table {self._name} {what}", send, _storage())


class GatedQueue:
    """The work queue behind the gate."""

    def __init__(self, queue: WorkQueue, gate: Gate) -> None:
        self._queue = queue
        self._gate = gate

    async def send(self, item: str, *, delay: timedelta = timedelta()) -> None:
        await self._gate.call("queue send", lambda: self._queue.send(item, delay=delay), _storage())

    async def oldest(self) -> datetime | None:
        return await self._gate.call("queue oldest", self._queue.oldest, _storage())


def _storage[T]() -> Answers[T]:
    return Answers(_repeated, _unreachable, _storage_refusal)


async def _repeated[T](send: Callable[[], Awaitable[T]]) -> T:
    await send()
    return await send()


def _unreachable[T]() -> T:
    raise TransientError("storage cannot be reached", code="StorageUnreachable")


def _storage_refusal[T](status: int, code: str) -> T:
    if status == 403:
        raise BlockedError(code, "refused by the test", "grant the roles")
    raise TransientError("refused by the test", code=code)
