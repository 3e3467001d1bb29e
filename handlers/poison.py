"""The `work-poison` queue: a message that failed on every attempt ends as a `Failed` outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING

import azure.functions as func

if TYPE_CHECKING:
    from shared.wiring import Flow


async def record(flow: Flow, message: func.QueueMessage) -> None:
    """Record the `Failed` outcome of a message that the platform has given up on."""
    await flow.worker.give_up(message.get_body())
