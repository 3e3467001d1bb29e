"""What telemetry costs: CPU seconds of a pass without it, and with spans and metrics recorded by the SDK.

The exporter is replaced by one that drops everything: it runs in a thread and depends on the network.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Sequence

from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

from shared.telemetry import NO_TELEMETRY, Telemetry
from shared.telemetry_wiring import over
from tests.builders.world import World, play

TARGETS = 12  # connected in a world, one after the other
ROUNDS = 9  # worlds of each kind, in turn, so that load on the machine meets both
MOST = 1.25  # times the CPU time without telemetry


class Dropped(SpanExporter):
    """Takes spans and keeps none."""

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        return SpanExportResult.SUCCESS


def recording() -> Telemetry:
    """As in the app, with nothing behind it."""
    return over(lambda _: BatchSpanProcessor(Dropped()), InMemoryMetricReader(), {})


def measure(telemetry: Telemetry) -> float:
    """CPU milliseconds of a pass that connects a storage account, the simulated Azure's share included."""
    spent = 0.0

    async def story() -> None:
        nonlocal spent
        world = World(telemetry=telemetry)
        names = [await world.create_account(f"account{number}") for number in range(TARGETS)]
        gc.collect()
        began = time.process_time()
        for at in names:
            state = await world.reconcile(at)
            if state["result"] != "Connected":
                raise AssertionError(state)
        spent = time.process_time() - began

    play(story)
    return spent / TARGETS * 1000


def report() -> bool:
    """Print both and their ratio; True if that is small."""
    measure(NO_TELEMETRY), measure(recording())
    pairs = [(measure(NO_TELEMETRY), measure(recording())) for _ in range(ROUNDS)]
    without, with_it = (statistics.median(side) for side in zip(*pairs, strict=True))
    ratio = statistics.median(b / a for a, b in pairs)
    print(f"CPU of a pass that connects an account, Azure simulated, median of {ROUNDS} x {TARGETS}")
    print(f"  without telemetry: {without:.1f} ms")
    print(f"  with it:           {with_it:.1f} ms ({ratio:.2f} times)")
    return ratio <= MOST
