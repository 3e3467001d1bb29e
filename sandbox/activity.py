"""What a running sandbox has left to do, so that a story or a test can wait until its results are final.

Work moves in a circle: an operation in Azure ends and makes an event, the event starts a function, the
function puts a message into a queue, the message starts a function, and that begins operations in Azure.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

from azure.storage.queue.aio import QueueServiceClient

from sandbox.up import Endpoints
from sandbox.user import User


class Activity:
    """Asks the simulator, the hosts and the storage account of one sandbox. Use it in `async with`."""

    def __init__(self, hosts: Sequence[str], queues: QueueServiceClient, user: User) -> None:
        self._hosts = hosts
        self._queues = queues
        self._user = user

    @classmethod
    def of(cls, endpoints: Endpoints, user: User) -> Self:
        """The activity of the sandbox that has these endpoints."""
        queues = QueueServiceClient.from_connection_string(endpoints.connection_string)
        return cls(endpoints.hosts, queues, user)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._queues.close()

    async def left(self) -> str:
        """One thing that is left to do, in words; empty if nothing happens before a user or a timer acts.

        The four places cannot be read at one moment. Empty is true all the same: if no function was running
        at the second read of the hosts, and none has ended since the first, then none ran in between, and so
        nothing could move from the queues or Azure to a place that was read already.
        """
        before = [await self._user.invocations(host) for host in self._hosts]
        found = _running(before) or await self._messages() or await self._azure()
        if found:
            return found
        pairs = zip(self._hosts, before, strict=True)
        after = [await self._user.invocations(host, since=ran["last"]) for host, ran in pairs]
        ended = any(ran["invocations"] for ran in after)
        return _running(after) or ("a function has just ended" if ended else "")

    async def _messages(self) -> str:
        """Messages in any queue: also those that are hidden, because they are in work or wait for a retry.

        Azure Storage's approximate count is never below the number of messages in the queue (Microsoft Learn:
        "Get Queue Metadata").
        """
        async for queue in self._queues.list_queues():
            async with self._queues.get_queue_client(queue) as client:
                count = (await client.get_queue_properties()).approximate_message_count
            if count:
                return f"{count} messages in queue {queue.name}"
        return ""

    async def _azure(self) -> str:
        state = await self._user.control("state")
        if state["running"]:
            return f"{state['running']} long operations in Azure"
        return f"{state['pending_events']} events not delivered yet" if state["pending_events"] else ""


def _running(hosts: list[Any]) -> str:
    count = sum(ran["running"] for ran in hosts)
    return f"{count} functions running" if count else ""
