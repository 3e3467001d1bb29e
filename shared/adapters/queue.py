"""The `work` queue in Azure Storage.

Messages are base64 text, as the Functions queue trigger expects by default. A message in another encoding
goes to the poison queue without a run.
"""

import asyncio
import contextlib
from datetime import datetime, timedelta

from azure.core.exceptions import ResourceExistsError
from azure.storage.queue.aio import QueueClient

from shared.adapters.storage_errors import storage_errors

# Microsoft Learn, "Put Message": hidden for 7 days at most, and visible before it expires, at any time.
LONGEST_DELAY = timedelta(days=7)
TIME_TO_LIVE = timedelta(days=7)  # of a message once it is visible; a sweep queues again what expired


class StorageQueue:
    """Sends to one queue, which is created at first use. The client encodes (`storage.open_queue`)."""

    def __init__(self, client: QueueClient) -> None:
        self._client = client
        self._making = asyncio.Lock()
        self._made = False

    async def send(self, item: str, *, delay: timedelta = timedelta()) -> None:
        """Send one message, visible after `delay` (in whole seconds, rounded up)."""
        await self._ensure()
        hidden = max(0, -(-min(delay, LONGEST_DELAY) // timedelta(seconds=1)))
        lives = hidden + int(TIME_TO_LIVE.total_seconds())
        with storage_errors(f"queue {self._client.queue_name}"):
            await self._client.send_message(item, visibility_timeout=hidden, time_to_live=lives)

    async def oldest(self) -> datetime | None:
        """When the first visible message was sent; None if there is none."""
        await self._ensure()
        with storage_errors(f"queue {self._client.queue_name}"):
            found = await self._client.peek_messages(max_messages=1)
        return found[0].inserted_on if found else None

    async def _ensure(self) -> None:
        if self._made:
            return
        async with self._making:
            if not self._made:
                with (
                    storage_errors(f"queue {self._client.queue_name}"),
                    contextlib.suppress(ResourceExistsError),
                ):
                    await self._client.create_queue()
                self._made = True
