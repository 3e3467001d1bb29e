"""The drift timer: enqueue every resource that should be connected, or was."""

from __future__ import annotations

from typing import TYPE_CHECKING

import azure.functions as func

if TYPE_CHECKING:
    from shared.wiring import Flow


async def sweep(flow: Flow, tick: func.TimerRequest) -> None:
    """A late tick sweeps like any other: every walk reads the present."""
    await flow.sweeper.sweep()
