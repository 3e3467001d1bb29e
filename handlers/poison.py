"""The poison queue, to which the platform moves a message that failed on every attempt.

Work ends as a `Failed` outcome. An event is read once more: it failed because no work item could be queued.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import azure.functions as func

from shared.core.base.errors import clean
from shared.core.base.log_lines import line
from shared.core.events.notification import is_event

if TYPE_CHECKING:
    from shared.wiring import Flow

log = logging.getLogger("causeway.poison")


async def record(flow: Flow, message: func.QueueMessage) -> None:
    """Record the `Failed` outcome of work that the platform has given up on, or read the event again.

    If that fails too, the drift timer finds the event's resource.
    """
    body = message.get_body()
    if not is_event(body):
        await flow.worker.give_up(body)
        return
    text = clean(body.decode("utf-8", "replace"), 200)
    log.error(line("event failed on every attempt; reading it again", text=text))
    await flow.intake.accept(body)
