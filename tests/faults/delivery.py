"""The app's queues as Azure delivers them, to one process at a time that a fault may end.

Microsoft Learn, "Azure Queue storage trigger": a message is invisible while it is handled, visible again
after an error, and moved to a poison queue after five attempts. Of a process that died it is visible again
when its invisibility ends, for which the host asks for ten minutes (docs/operations.md).
"""

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import ContextVar, copy_context
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import azure.functions as func

from handlers import work
from shared.core.events.work_item import WorkItem
from shared.wiring import Flow
from tests.faults.gate import Gate

INVISIBLE, AGAIN, MOST_TRIES = 600.0, 90.0, 5
MOST_DELIVERIES = 80  # of one case; a case needs ten or so

_owner: ContextVar[Gate | None] = ContextVar("owner", default=None)


@dataclass(slots=True)
class Message:
    """`visible`: from which moment on it can be taken."""

    queue: str
    text: str
    visible: float
    tries: int = 0


@dataclass(slots=True)
class Queues:
    """Implements `ports.WorkQueue`; tests put events and ticks into it."""

    left_out: frozenset[str] = frozenset()  # ids in lower case of resources whose passes are not run
    messages: list[Message] = field(default_factory=list)
    poisoned: list[Message] = field(default_factory=list)

    async def send(self, item: str, *, delay: timedelta = timedelta()) -> None:
        if WorkItem.parse(item).resource_id.lower() not in self.left_out:
            self.put("work", item, delay.total_seconds())

    async def oldest(self) -> datetime | None:
        return None  # moments of these messages are of the loop, and no case asks for one

    def put(self, queue: str, text: str, delay: float = 0.0) -> None:
        """Send a message to one of the queues. `tick`: the drift timer's."""
        self.messages.append(Message(queue, text, asyncio.get_running_loop().time() + delay))


class Process:
    """A process of the app: a flow and the gate through which its calls leave."""

    def __init__(self, flow: Flow, gate: Gate) -> None:
        self.flow = flow
        self.gate = gate

    async def handle(self, message: Message) -> None:
        """Handle one message as the triggers do. Raises what the app raises, or `Died`."""
        context = copy_context()
        context.run(_owner.set, self.gate)
        task = asyncio.get_running_loop().create_task(self._act(message), context=context)
        death = asyncio.ensure_future(self.gate.died.wait())
        await asyncio.wait([task, death], return_when=asyncio.FIRST_COMPLETED)
        death.cancel()
        if self.gate.died.is_set():
            await self._end()
            return
        await task

    def _act(self, message: Message) -> Coroutine[Any, Any, object]:
        match message.queue:
            case "work":
                return work.handle(self.flow, func.QueueMessage(body=message.text))
            case _:
                return self.flow.sweeper.sweep()

    async def _end(self) -> None:
        """Nothing of the process runs any more; its calls raise `Died` meanwhile."""
        mine = [task for task in asyncio.all_tasks() if task.get_context().get(_owner) is self.gate]
        for task in mine:
            task.cancel()
        await asyncio.gather(*mine, return_exceptions=True)


async def drain(queues: Queues, process: Process, another: Callable[[], Process]) -> Process:
    """Deliver messages until none is left. The process that lives in the end."""
    for _ in range(MOST_DELIVERIES):
        if not queues.messages:
            return process
        message = min(queues.messages, key=lambda one: one.visible)
        now = asyncio.get_running_loop().time()
        await asyncio.sleep(max(0.0, message.visible - now))
        process = await _delivered(message, queues, process, another)
    raise AssertionError(f"still {len(queues.messages)} messages after {MOST_DELIVERIES} deliveries")


async def _delivered(
    message: Message, queues: Queues, process: Process, another: Callable[[], Process]
) -> Process:
    began = asyncio.get_running_loop().time()
    message.tries += 1
    message.visible = began + INVISIBLE
    try:
        await process.handle(message)
    except Exception:  # noqa: BLE001 - whatever the app raises, the host makes the message visible again
        message.visible = asyncio.get_running_loop().time() + AGAIN
        if message.tries == MOST_TRIES:
            queues.poisoned.append(message)
            queues.messages.remove(message)
        return process
    if process.gate.died.is_set():
        message.visible = max(message.visible, asyncio.get_running_loop().time())
        return another()
    queues.messages.remove(message)
    return process
