"""The drift timer: enqueue every resource that should be connected, or was."""

import azure.functions as func

from shared.flow.wiring import Flow


async def sweep(flow: Flow, tick: func.TimerRequest) -> None:
    """A late tick sweeps like any other: every walk reads the present."""
    await flow.sweeper.sweep()
