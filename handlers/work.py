"""The `work` queue: one message, one work item or one event that Event Grid wrote there.

Both in one queue, so that a quiet app on Flex Consumption starts one instance for an event and not two:
there, every function without an HTTP, blob or durable trigger scales alone (docs/azure/functions.md, FN-09).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import azure.functions as func

from shared.core.events.notification import is_event
from shared.core.events.work_item import WorkItem

if TYPE_CHECKING:
    from shared.wiring import Flow


async def handle(flow: Flow, message: func.QueueMessage) -> None:
    """Handle one message. After an error the queue delivers it again; after five it goes to `work-poison`."""
    body = message.get_body()
    if is_event(body):
        await flow.intake.accept(body)
    else:
        await flow.worker.work(WorkItem.parse(body))
