"""The drift timer: queue every resource that should be connected, or was."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import azure.functions as func

from shared.core.base.log_lines import line

if TYPE_CHECKING:
    from shared.wiring import Flow

log = logging.getLogger("causeway.timer")


async def sweep(flow: Flow, tick: func.TimerRequest) -> None:
    """Sweep. A late tick needs no special care: every reconcile pass reads the current state.

    Then log the health, which alerts are made from (`infra/alerts.json`).
    """
    await flow.sweeper.sweep()
    log.info(line("health", **(await flow.health.report()).record()))
