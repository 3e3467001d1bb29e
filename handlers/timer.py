"""The drift timer: queue every resource that should be connected, or was."""

from __future__ import annotations

from typing import TYPE_CHECKING

import azure.functions as func

if TYPE_CHECKING:
    from shared.wiring import Flow


async def sweep(flow: Flow, tick: func.TimerRequest) -> None:
    """Sweep. A late tick needs no special care: every reconcile pass reads the current state."""
    await flow.sweeper.sweep()
