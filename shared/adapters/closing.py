"""Closing clients when the process ends.

The platform stops the event loop without calling the app, and aiohttp then logs each session that was not
closed, three lines for each client.
"""

import asyncio
import atexit
from typing import Protocol


class Closable(Protocol):
    """A client, credential or transport of the Azure SDK."""

    async def close(self) -> None:
        """Close its connections."""


def close_at_exit(*clients: Closable) -> None:
    """Close these once the interpreter ends. The loop on which they were used may be closed by then."""
    atexit.register(_close, clients)


def _close(clients: tuple[Closable, ...]) -> None:
    asyncio.run(_all(clients))


async def _all(clients: tuple[Closable, ...]) -> None:
    for client in clients:
        await client.close()
