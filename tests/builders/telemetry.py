"""Telemetry that a test can read: the SDK of OpenTelemetry, with what it records kept in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from shared.telemetry import Telemetry
from shared.telemetry_wiring import over


@dataclass
class Recorded:
    """`telemetry` is what the app gets; the rest is what it has recorded."""

    exporter: InMemorySpanExporter = field(default_factory=InMemorySpanExporter)
    reader: InMemoryMetricReader = field(default_factory=InMemoryMetricReader)
    telemetry: Telemetry = field(init=False)

    def __post_init__(self) -> None:
        self.telemetry = over(lambda _: SimpleSpanProcessor(self.exporter), self.reader, {})

    @property
    def spans(self) -> tuple[ReadableSpan, ...]:
        return self.exporter.get_finished_spans()

    def named(self, name: str) -> list[ReadableSpan]:
        return [span for span in self.spans if span.name == name]

    def points(self) -> dict[str, list[Any]]:
        """The data points of every metric, by its name."""
        data = self.reader.get_metrics_data()
        scopes = [scope for one in data.resource_metrics for scope in one.scope_metrics] if data else []
        return {metric.name: list(metric.data.data_points) for scope in scopes for metric in scope.metrics}

    def text(self) -> str:
        """All that was recorded, as text."""
        return "\n".join([*(span.to_json() for span in self.spans), repr(self.points())])
