"""The queue listener against a queue in memory: what real storage would show only now and then."""

import asyncio
from contextlib import suppress

from azure.core.exceptions import ServiceRequestError

from sandbox.host.functions import Function, Result
from sandbox.host.listener import QueueListener
from sandbox.host.options import QueueOptions
from sandbox.host.storage_queue import Message, Queues

TRIGGER = {"type": "queueTrigger", "direction": "in", "name": "m", "queueName": "work", "connection": "S"}
FUNCTION = Function("work", "id", (TRIGGER,))


class MemoryQueue:
    """A queue whose `take` waits until it may answer; `errors` come first."""

    def __init__(self, name, messages=(), errors=()):
        self.name = name
        self.messages = list(messages)
        self.errors = list(errors)
        self.deleted = []
        self.asked = asyncio.Event()
        self.answer = asyncio.Event()
        self._woken = asyncio.Event()

    async def take(self, most, hold):
        self.asked.set()
        await self.answer.wait()
        if self.errors:
            raise self.errors.pop()
        taken, self.messages = self.messages[:most], self.messages[most:]
        return taken

    def text(self, message):
        return message.content

    async def delete(self, message):
        self.deleted.append(message.id)

    def wake(self):
        self._woken.set()

    async def written(self, wait):
        with suppress(TimeoutError):
            async with asyncio.timeout(wait):
                return await self._woken.wait()
        return False


class MemoryQueues:
    def __init__(self, *queues):
        self._queues = {one.name: one for one in queues}

    def get(self, connection, name):
        return self._queues.get(name) or MemoryQueue(name)


class Invoker:
    """Runs nothing and counts; holds every invocation until `free`."""

    def __init__(self, free=True):
        self.running = self.most = 0
        self.ran = []
        self.free = asyncio.Event()
        if free:
            self.free.set()

    async def run(self, function, inputs, cause, metadata):
        self.running += 1
        self.most = max(self.most, self.running)
        self.ran.append(inputs["m"][1])
        await self.free.wait()
        self.running -= 1
        return Result()


def message(number):
    return Message(str(number), "receipt", f"text {number}", 1, None, None, None)


def listener_of(queue, invoker, **options):
    fast = {"min_polling_interval": 0.001, "max_polling_interval": 0.001}
    return QueueListener(FUNCTION, MemoryQueues(queue), QueueOptions(**fast | options), invoker, {})


async def test_a_listener_that_waits_for_a_queue_is_woken_by_a_message_of_this_process(azurite):
    queues = Queues({"S": azurite.connection_string}, base64_encoded=True)
    queue = queues.get("S", "woken")
    waiting = asyncio.create_task(queue.written(30))
    await queue.send("a")
    assert await waiting
    await queues.close()


async def test_a_batch_that_arrives_after_the_stop_is_still_worked_off():
    queue, invoker = MemoryQueue("work", [message(1)]), Invoker()
    listener = listener_of(queue, invoker)
    listening = asyncio.create_task(listener.listen())
    await queue.asked.wait()
    listener.stop()
    queue.answer.set()
    await listening
    await listener.drain(10)
    assert (invoker.ran, queue.deleted) == (["text 1"], ["1"])


async def test_a_new_batch_is_taken_only_below_the_threshold():
    queue, invoker = MemoryQueue("work", map(message, range(20))), Invoker(free=False)
    queue.answer.set()
    listener = listener_of(queue, invoker, batch_size=4, new_batch_threshold=2)
    listening = asyncio.create_task(listener.listen())
    while len(invoker.ran) < 4:
        await asyncio.sleep(0)
    for _ in range(100):
        await asyncio.sleep(0)
    assert len(queue.messages) == 16, "it took a batch while four were in work"
    invoker.free.set()
    while len(queue.deleted) < 20:
        await asyncio.sleep(0)
    assert invoker.most <= 6
    listener.stop()
    await listening


async def test_a_queue_that_cannot_be_read_is_read_again():
    queue = MemoryQueue("work", [message(1)], [ServiceRequestError("no answer")])
    queue.answer.set()
    listener = listener_of(queue, Invoker())
    listening = asyncio.create_task(listener.listen())
    while not queue.deleted:
        await asyncio.sleep(0.001)
    listener.stop()
    await listening
    assert queue.errors == []


async def test_a_message_that_outlasts_the_grace_time_is_left_to_other_hosts():
    queue, invoker = MemoryQueue("work", [message(1)]), Invoker(free=False)
    queue.answer.set()
    listener = listener_of(queue, invoker)
    listening = asyncio.create_task(listener.listen())
    while not invoker.ran:
        await asyncio.sleep(0)
    listener.stop()
    await listening
    await listener.drain(0.001)
    assert queue.deleted == []
