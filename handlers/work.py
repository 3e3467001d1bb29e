"""The `work` queue: one message, one work item."""

from __future__ import annotations

from typing import TYPE_CHECKING

import azure.functions as func

from shared.core.events.work_item import WorkItem

if TYPE_CHECKING:
    from shared.wiring import Flow


async def reconcile(flow: Flow, message: func.QueueMessage) -> None:
    """Handle one message. After an error the queue delivers it again; after five it goes to `work-poison`."""
    await flow.worker.work(WorkItem.parse(message.get_body()))
