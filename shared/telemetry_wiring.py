"""Chooses what records the telemetry and where it goes. Only this module imports the SDK and an exporter.

Application Insights is reached by the settings that the platform itself uses: its connection string, and for
Microsoft Entra ID `APPLICATIONINSIGHTS_AUTHENTICATION_STRING` (`ClientId=...;Authorization=AAD`), which the
exporter reads. No log handler is added: the Functions host exports the app's log lines (host.json,
telemetryMode).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from shared.settings import TELEMETRY_AZURE
from shared.telemetry import NO_TELEMETRY, Telemetry
from shared.version import VERSION

if TYPE_CHECKING:
    from shared.settings import Settings

NAME = "causeway"
# Of the exporter itself: the first go to another host of Microsoft, the others count items that were sent as
# dropped, because nothing is kept on disk.
OWN_STATISTICS = ("APPLICATIONINSIGHTS_STATSBEAT_DISABLED_ALL", "APPLICATIONINSIGHTS_SDKSTATS_DISABLED")
METRICS_EVERY = 60_000  # milliseconds between two exports of metrics


def open_telemetry(settings: Settings, environment: Mapping[str, str]) -> Telemetry:
    """The telemetry of this process, as the setting CAUSEWAY_TELEMETRY says."""
    if settings.telemetry != TELEMETRY_AZURE:
        return NO_TELEMETRY
    for name in OWN_STATISTICS:
        os.environ.setdefault(name, "true")
    from azure.monitor.opentelemetry.exporter import AzureMonitorMetricExporter, AzureMonitorTraceExporter
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    # What could not be sent is dropped: a file with it would outlive the process.
    metrics = AzureMonitorMetricExporter(disable_offline_storage=True)
    reader = PeriodicExportingMetricReader(metrics, export_interval_millis=METRICS_EVERY)

    def sending(tracers: Any) -> Any:
        spans = AzureMonitorTraceExporter(tracer_provider=tracers, disable_offline_storage=True)
        return BatchSpanProcessor(spans)

    return over(sending, reader, environment)


def over(processing: Callable[[Any], Any], reader: Any, environment: Mapping[str, str]) -> Telemetry:
    """Telemetry that ends in a span processor and a metric reader of the OpenTelemetry SDK.

    `processing` makes the processor for a tracer provider. Both providers send what is left when the process
    ends.
    """
    from opentelemetry.sdk.metrics import AlwaysOffExemplarFilter, MeterProvider
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider

    from shared.adapters.telemetry import OtelTelemetry

    resource = Resource.create(described(environment))
    tracers = TracerProvider(resource=resource)
    tracers.add_span_processor(processing(tracers))
    # Application Insights has no exemplars, and sampling them costs a third of a measurement.
    off = AlwaysOffExemplarFilter()
    meters = MeterProvider(metric_readers=[reader], resource=resource, exemplar_filter=off)
    return OtelTelemetry(tracers.get_tracer(NAME, VERSION), meters.get_meter(NAME, VERSION))


def described(environment: Mapping[str, str]) -> dict[str, str]:
    """The process, by OpenTelemetry's resource conventions and the platform's own settings."""
    return {
        "service.name": environment.get("WEBSITE_SITE_NAME") or NAME,
        "service.version": VERSION,
        "service.instance.id": environment.get("WEBSITE_INSTANCE_ID", ""),
    }
