"""The `work` queue in Azure Storage.

Place in the data's way: where work items wait. Messages are base64 text, as the Functions queue trigger
expects by default; text in another encoding goes to the poison queue without a run.
"""

from __future__ import annotations

import asyncio
import contextlib
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from azure.storage.queue.aio import QueueClient

TIME_TO_LIVE = timedelta(days=7)


class StorageQueue:
    """Sends to one queue, which is made when it is first missed."""

    def __init__(self, client: QueueClient) -> None:
        self._client = client
        self._made = asyncio.Lock()
        self._exists = False

    async def send(self, item: str, *, delay: timedelta = timedelta()) -> None:
        """Enqueue one message's text, visible after `delay` (whole seconds, at most 7 days)."""
        await self._ensure()
        await self._client.send_message(
            item,
            visibility_timeout=int(min(delay, TIME_TO_LIVE / 2).total_seconds()),
            time_to_live=int(TIME_TO_LIVE.total_seconds()),
        )

    async def _ensure(self) -> None:
        from azure.core.exceptions import ResourceExistsError

        async with self._made:
            if not self._exists:
                with contextlib.suppress(ResourceExistsError):
                    await self._client.create_queue()
                self._exists = True
