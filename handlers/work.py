"""The `work` queue: one message, one reconcile."""

from __future__ import annotations

from typing import TYPE_CHECKING

import azure.functions as func

from shared.core.events.work_item import WorkItem

if TYPE_CHECKING:
    from shared.wiring import Flow


async def reconcile(flow: Flow, message: func.QueueMessage) -> None:
    """An error leaves the message for another try; the queue counts them and ends in `work-poison`."""
    await flow.worker.work(WorkItem.parse(message.get_body()))
