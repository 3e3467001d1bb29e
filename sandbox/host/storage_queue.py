"""Storage queues as the host uses them: take, hide, delete, send, in the app's message encoding.

Listeners and queue output bindings use it. Errors of the service are raised as the SDK raises them.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError
from azure.storage.queue.aio import QueueClient

from sandbox.host.app_settings import connection_string


class UndecodableError(Exception):
    """A message is not in the encoding that host.json names."""


@dataclass(slots=True)
class Message:
    """A message that was taken. `receipt` changes with each change of its visibility."""

    id: str
    receipt: str
    content: str
    dequeue_count: int
    inserted: datetime | None
    expires: datetime | None
    next_visible: datetime | None


class StorageQueue:
    """One queue."""

    def __init__(self, client: QueueClient, base64_encoded: bool) -> None:
        self._client = client
        self._base64 = base64_encoded
        self._written = asyncio.Event()

    @property
    def name(self) -> str:
        return str(self._client.queue_name)

    async def create(self) -> None:
        """Create the queue unless it exists."""
        with contextlib.suppress(ResourceExistsError):
            await self._client.create_queue()

    async def take(self, most: int, hold: float) -> list[Message]:
        """Up to `most` visible messages, hidden from other workers for `hold` seconds."""
        taken = self._client.receive_messages(
            messages_per_page=most, max_messages=most, visibility_timeout=math.ceil(hold)
        )
        return [
            Message(
                one.id,
                str(one.pop_receipt),
                one.content,
                one.dequeue_count or 1,
                one.inserted_on,
                one.expires_on,
                one.next_visible_on,
            )
            async for one in taken
        ]

    def text(self, message: Message) -> str:
        """The message's text. Raises UndecodableError."""
        if not self._base64:
            return message.content
        try:
            return base64.b64decode(message.content, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError) as error:
            raise UndecodableError(f"message {message.id} in {self.name} is not base64 text") from error

    async def hide(self, message: Message, seconds: float) -> None:
        """Keep a taken message hidden for `seconds` from now; 0 shows it again."""
        updated = await self._client.update_message(
            message.id, message.receipt, visibility_timeout=math.ceil(seconds)
        )
        message.receipt = str(updated.pop_receipt)

    async def delete(self, message: Message) -> None:
        """Remove a taken message."""
        await self._client.delete_message(message.id, message.receipt)

    async def send(self, text: str) -> None:
        """Add a message with this text, in the app's encoding; creates a missing queue."""
        await self.send_content(base64.b64encode(text.encode()).decode() if self._base64 else text)

    async def send_content(self, content: str) -> None:
        """Add a message with this content as it is."""
        try:
            await self._client.send_message(content)
        except ResourceNotFoundError:
            await self.create()
            await self._client.send_message(content)
        self.wake()

    def wake(self) -> None:
        """End the waits for this queue."""
        self._written.set()

    async def written(self, wait: float) -> bool:
        """Wait until this process adds a message, at most `wait` seconds. Returns whether it did.

        Microsoft's host too wakes a listener when a function of the same instance writes to its queue.
        """
        try:
            async with asyncio.timeout(wait):
                await self._written.wait()
        except TimeoutError:
            return False
        self._written.clear()
        return True

    async def close(self) -> None:
        await self._client.close()


class Queues:
    """The queues of one app, each with one client."""

    def __init__(self, environment: Mapping[str, str], base64_encoded: bool) -> None:
        self._environment = environment
        self._base64 = base64_encoded
        self._open: dict[tuple[str, str], StorageQueue] = {}

    def get(self, connection: str | None, name: str) -> StorageQueue:
        """The queue of that name at the connection that a binding names. Raises AppLoadError."""
        account = connection_string(connection, self._environment)
        if (account, name) not in self._open:
            # The SDK's own retries wait for more than a minute when the emulator has ended.
            client = QueueClient.from_connection_string(
                account, name, retry_total=2, initial_backoff=0.1, increment_base=0.2
            )
            self._open[account, name] = StorageQueue(client, self._base64)
        return self._open[account, name]

    async def close(self) -> None:
        for one in self._open.values():
            await one.close()
