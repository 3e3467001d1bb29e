"""The `work-poison` queue: work that failed on every try ends as an outcome that says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import azure.functions as func

if TYPE_CHECKING:
    from shared.wiring import Flow


async def record(flow: Flow, message: func.QueueMessage) -> None:
    """Write the `Failed` outcome of a message that the platform gave up on."""
    await flow.worker.give_up(message.get_body())
