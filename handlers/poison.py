"""The poison queues, to which the platform moves a message that failed on every attempt.

Work ends as a `Failed` outcome. An event is read once more: it failed because no work item could be queued.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import azure.functions as func

from handlers import events
from shared.core.base.errors import clean
from shared.core.base.log_lines import line

if TYPE_CHECKING:
    from shared.wiring import Flow

log = logging.getLogger("causeway.poison")


async def record(flow: Flow, message: func.QueueMessage) -> None:
    """Record the `Failed` outcome of a message that the platform has given up on."""
    await flow.worker.give_up(message.get_body())


async def read_again(flow: Flow, message: func.QueueMessage) -> None:
    """Read an event from `notifications-poison`. If that fails too, the drift timer finds its resource."""
    text = message.get_body().decode("utf-8", "replace")
    log.error(line("event failed on every attempt; reading it again", text=clean(text, 200)))
    await events.on_notification(flow, message)
