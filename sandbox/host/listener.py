"""Queue triggers: takes messages, runs the function for each, and settles each by the result.

Follows Microsoft's queue listener and processor: docs/azure/functions.md, FN-01 to FN-03.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import random
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import datetime

from azure.core.exceptions import AzureError, HttpResponseError, ResourceNotFoundError

from sandbox.host.app_settings import resolve
from sandbox.host.functions import Function, Value
from sandbox.host.invoker import Invoker
from sandbox.host.options import QueueOptions
from sandbox.host.storage_queue import Message, Queues, UndecodableError

log = logging.getLogger("host.queues")

POISON = "-poison"
# Error codes for a message that another worker took, or that was deleted, or its queue.
NO_LONGER_HELD = {"PopReceiptMismatch", "MessageNotFound", "QueueNotFound"}


class QueueListener:
    """Listens to the queue of one function: `listen` until `stop`, then `drain` for running invocations."""

    def __init__(
        self,
        function: Function,
        queues: Queues,
        options: QueueOptions,
        invoker: Invoker,
        environment: Mapping[str, str],
    ) -> None:
        trigger = function.trigger
        name = resolve(trigger["queueName"], environment)
        self._function = function
        self._queue = queues.get(trigger.get("connection"), name)
        # A poison queue has no poison queue: a message that fails there stays hidden until its hold ends.
        self._poison = None if name.endswith(POISON) else queues.get(trigger.get("connection"), name + POISON)
        self._options = options
        self._invoker = invoker
        self._in_flight: set[asyncio.Task[None]] = set()
        self._stopping = False

    async def listen(self) -> None:
        """Take batches until stopped: without pause while there are messages, then at growing intervals."""
        pause = self._options.min_polling_interval
        while not self._stopping:
            if await self._take_batch():
                pause = self._options.min_polling_interval
                await self._wait_for_capacity()
            elif await self._queue.written(pause):
                pause = self._options.min_polling_interval
            else:
                # Spread, so that workers do not poll in step.
                pause = min(pause * 2 * random.uniform(0.8, 1.2), self._options.max_polling_interval)

    def stop(self) -> None:
        """Take no more messages. Does not cancel: messages of a batch in transfer would stay hidden."""
        self._stopping = True
        self._queue.wake()

    async def drain(self, grace: float) -> None:
        """Wait for running invocations, then cancel those that outlast `grace` seconds: their messages come
        back when their hold runs out."""
        if not self._in_flight:
            return
        _, late = await asyncio.wait(self._in_flight, timeout=grace)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    async def run_by_hand(self, text: str) -> None:
        """Run the function with a text that no queue held."""
        metadata = {"QueueTrigger": ("string", text), "Id": ("string", ""), "DequeueCount": ("json", "1")}
        await self._invoker.run(self._function, {self._argument: ("string", text)}, "admin", metadata)

    @property
    def _argument(self) -> str:
        return str(self._function.trigger["name"])

    async def _take_batch(self) -> bool:
        """Start an invocation for each visible message; False when there was none."""
        try:
            messages = await self._queue.take(self._options.batch_size, self._options.hold)
        except ResourceNotFoundError:
            await self._create()
            return False
        except AzureError as error:
            log.warning("queue %s cannot be read: %s", self._queue.name, error)
            return False
        for message in messages:
            task = asyncio.create_task(self._process(message))
            self._in_flight.add(task)
            task.add_done_callback(self._forget)
        return bool(messages)

    async def _create(self) -> None:
        try:
            await self._queue.create()
        except AzureError as error:
            log.warning("queue %s cannot be made: %s", self._queue.name, error)

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._in_flight.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("queue %s: a message could not be settled", self._queue.name, exc_info=error)

    async def _wait_for_capacity(self) -> None:
        """Wait until at most newBatchThreshold messages are in work; then a new batch may be taken."""
        while len(self._in_flight) > self._options.new_batch_threshold:
            await asyncio.wait(self._in_flight, return_when=asyncio.FIRST_COMPLETED)

    async def _process(self, message: Message) -> None:
        if message.dequeue_count > self._options.max_dequeue_count:
            await self._move_to_poison(message, f"taken {message.dequeue_count} times")
            return
        try:
            text = self._queue.text(message)
        except UndecodableError as error:
            await self._move_to_poison(message, str(error))
            return
        async with self._held(message):
            result = await self._invoker.run(
                self._function,
                {self._argument: ("string", text)},
                f"queue {self._queue.name}, attempt {message.dequeue_count}",
                _metadata(message, text),
            )
        await self._settle(message, result.ok)

    async def _settle(self, message: Message, succeeded: bool) -> None:
        """Delete a message that succeeded; show one that failed again, or move it to the poison queue."""
        if succeeded:
            with self._unless_taken_over(message):
                await self._queue.delete(message)
        elif message.dequeue_count >= self._options.max_dequeue_count:
            await self._move_to_poison(message, f"failed {message.dequeue_count} times")
        elif self._poison:
            with self._unless_taken_over(message):
                await self._queue.hide(message, self._options.visibility_timeout)

    async def _move_to_poison(self, message: Message, reason: str) -> None:
        """Move a message to the poison queue, as it is. Copied before deleted, so never lost."""
        if self._poison is None:
            return
        log.warning("message %s moves to %s: %s", message.id, self._poison.name, reason)
        await self._poison.send_content(message.content)
        with self._unless_taken_over(message):
            await self._queue.delete(message)

    @contextlib.asynccontextmanager
    async def _held(self, message: Message) -> AsyncIterator[None]:
        """Keep a message hidden while the block runs, renewed when half of its hold is over.

        Waits for a running renewal: if cancelled, it could leave an invalid receipt.
        """
        done = asyncio.Event()
        renewal = asyncio.create_task(self._renew(message, done))
        try:
            yield
        finally:
            done.set()
            await renewal

    async def _renew(self, message: Message, done: asyncio.Event) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._options.hold / 2):
                    await done.wait()
                    return
            try:
                with self._unless_taken_over(message):
                    await self._queue.hide(message, self._options.hold)
            except AzureError as error:
                log.warning("message %s in %s cannot be held: %s", message.id, self._queue.name, error)

    @contextlib.contextmanager
    def _unless_taken_over(self, message: Message) -> Iterator[None]:
        """Settle a message only while this worker holds it; another worker that took it settles it."""
        try:
            yield
        except HttpResponseError as error:
            if getattr(error, "error_code", None) not in NO_LONGER_HELD:
                raise
            log.warning("message %s in %s was taken over by another worker", message.id, self._queue.name)


def _metadata(message: Message, text: str) -> dict[str, Value]:
    """A queue trigger's metadata of its message; numbers and times are JSON."""
    return {
        "QueueTrigger": ("string", text),
        "Id": ("string", message.id),
        "PopReceipt": ("string", message.receipt),
        "DequeueCount": ("json", str(message.dequeue_count)),
        "InsertionTime": ("json", _time(message.inserted)),
        "ExpirationTime": ("json", _time(message.expires)),
        "NextVisibleTime": ("json", _time(message.next_visible)),
    }


def _time(moment: datetime | None) -> str:
    return json.dumps(moment.isoformat() if moment else None)
