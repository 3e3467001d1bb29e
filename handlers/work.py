"""The `work` queue: one message, one reconcile."""

import azure.functions as func

from shared.core.work import WorkItem
from shared.flow.wiring import Flow


async def reconcile(flow: Flow, message: func.QueueMessage) -> None:
    """An error leaves the message for another try; the queue counts them and ends in `work-poison`."""
    await flow.worker.work(WorkItem.parse(message.get_body()))
