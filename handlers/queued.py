"""Queue messages while the app cannot be built, because its settings or its policy have faults.

The platform gives up on a message after five tries, and the resource would end as `Failed` although nothing
is wrong with it. So the message is put back and waits until the faults are corrected.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TYPE_CHECKING

import azure.functions as func

from shared.core.base.errors import FaultsError
from shared.core.base.log_lines import line

if TYPE_CHECKING:
    from shared.wiring import Flow

log = logging.getLogger("causeway.queued")

PAUSE = timedelta(minutes=5)

type PutBack = Callable[[str, str, timedelta], Awaitable[None]]  # queue, text, delay


async def handle(
    build: Callable[[], Awaitable[Flow]],
    put_back: PutBack,
    queue: str,
    act: Callable[[Flow, func.QueueMessage], Awaitable[None]],
    message: func.QueueMessage,
) -> None:
    """Handle one message of this queue, or put it back if the app cannot be built."""
    try:
        flow = await build()
    except FaultsError as faults:
        log.error(line("message put back until the faults are corrected", queue=queue, why=str(faults)))
        await put_back(queue, message.get_body().decode("utf-8", "replace"), PAUSE)
        return
    await act(flow, message)
