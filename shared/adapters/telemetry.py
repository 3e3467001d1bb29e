"""Spans and metrics by the OpenTelemetry API.

Which SDK records them, and where they go, is decided in `shared/telemetry_wiring.py`. Attributes of metrics
are words of a bounded number; the target's id is on spans alone. Texts of errors are on neither: see the log.
Names and units follow OpenTelemetry's "Metrics semantic conventions" (UCUM: s, {request}).
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from opentelemetry.trace import Span, SpanKind, Status, StatusCode

from shared.adapters.arm_errors import Missing
from shared.adapters.call_record import CallRecord, recording
from shared.core.base.errors import BlockedError, CausewayError, PermanentError, TransientError
from shared.core.base.ids import ResourceId
from shared.core.events.asked import Asked
from shared.core.events.work_item import WorkItem
from shared.core.outcome.outcome import Outcome, Result
from shared.core.outcome.sweep_report import SweepReport

if TYPE_CHECKING:
    from opentelemetry.metrics import Meter
    from opentelemetry.trace import Tracer

QUIET = "Unchanged"  # the result of a pass that found nothing to report
EVENTS = ("event", "retry")  # reasons of a pass that answers an event


class OtelTelemetry:
    """Implements `shared.telemetry.Telemetry`. One per process."""

    def __init__(self, tracer: Tracer, meter: Meter) -> None:
        self._tracer = tracer
        self._events = meter.create_counter("causeway.events", "{event}", "Events by what became of them")
        self._waited = meter.create_histogram("causeway.queue.wait", "s", "From event or rerun to its worker")
        self._outcomes = meter.create_counter("causeway.outcomes", "{pass}", "Reconcile passes by result")
        self._passes = meter.create_histogram("causeway.pass.duration", "s", "Reconcile passes that wrote")
        self._connected = meter.create_histogram("causeway.connect.duration", "s", "From event to Connected")
        self._drift = meter.create_counter("causeway.drift", "{object}", "What sweeps repaired, by type")
        self._requests = meter.create_counter("causeway.arm.requests", "{request}", "Requests to Azure")
        self._calls = meter.create_histogram("causeway.arm.duration", "s", "Calls to Azure, with their polls")
        self._throttled = meter.create_counter("causeway.arm.throttled", "{request}", "Responses with 429")
        self._left = meter.create_gauge("causeway.arm.left", "{request}", "Least that is left of a limit")
        self._swept = meter.create_counter("causeway.sweeps", "{sweep}", "Sweeps that ended")

    def event(self, verdict: str) -> None:
        self._events.add(1, {"verdict": verdict})

    def started(self, item: WorkItem, waited: float) -> None:
        self._waited.record(max(0.0, waited), {"reason": item.reason})

    @contextmanager
    def reconciling(self, at: ResourceId, item: WorkItem) -> Iterator[_Pass]:
        attributes = {
            "causeway.target": at.text,
            "causeway.type": at.type.lower(),
            "causeway.reason": item.reason,
            "causeway.attempt": item.attempt,
            "causeway.correlation": item.correlation,
        }
        with self._span("reconcile", SpanKind.INTERNAL, attributes) as span:
            yield _Pass(self, span, at)

    @contextmanager
    def calling(self, method: str, kind: str) -> Iterator[None]:
        began, kind = time.monotonic(), kind.lower()
        attributes = {"arm.method": method, "arm.type": kind}
        with recording() as record, self._span(f"{method} {kind}", SpanKind.CLIENT, attributes) as span:
            try:
                yield
            finally:
                self._called(span, record, {"method": method, "type": kind}, time.monotonic() - began)

    def swept(self, report: SweepReport, limits: Sequence[Mapping[str, Any]]) -> None:
        self._swept.add(1, {"complete": not report.unread})
        least: dict[tuple[str, str], int] = {}
        for one in limits:
            key = str(one["scope"]), str(one["kind"])
            least[key] = min(int(one["left"]), least.get(key, int(one["left"])))
        for (scope, kind), left in least.items():
            self._left.set(left, {"scope": scope, "kind": kind})

    def outcome(self, at: ResourceId, outcome: Outcome | None, reason: str) -> None:
        """Count a pass by its result; what a sweep repaired counts as drift."""
        result = outcome.result.value if outcome else QUIET
        code = outcome.code if outcome else ""
        self._outcomes.add(1, {"result": result, "code": code, "reason": reason, "type": at.type.lower()})
        if outcome is None:
            return
        self._passes.record(outcome.seconds, {"result": result})
        for step in outcome.done if reason == "drift" else ():
            if step.verb not in ("Keep", "Adopt") and step.ended == "done":
                self._drift.add(1, {"type": step.id.type.lower(), "action": step.verb})

    def connected(self, at: ResourceId, seconds: float) -> None:
        """A target is Connected, so many seconds after its event."""
        self._connected.record(max(0.0, seconds), {"type": at.type.lower()})

    def _called(self, span: Span, record: CallRecord, words: Mapping[str, str], seconds: float) -> None:
        span.set_attribute("arm.status", record.status)
        span.set_attribute("arm.resends", max(0, record.requests - 1))
        self._calls.record(seconds, words)
        self._requests.add(record.requests, {**words, "status": record.status})
        if record.throttled:
            self._throttled.add(record.throttled, words)

    @contextmanager
    def _span(self, name: str, kind: SpanKind, attributes: Mapping[str, Any]) -> Iterator[Span]:
        """A span that keeps an error's class and code; its text may hold what must not leave the app."""
        with self._tracer.start_as_current_span(
            name, kind=kind, attributes=attributes, record_exception=False, set_status_on_exception=False
        ) as span:
            try:
                yield span
            except Missing:  # a normal result of a read
                raise
            except BaseException as error:
                span.set_attribute("error.type", _kind_of_error(error))
                span.set_status(Status(StatusCode.ERROR))
                raise


class _Pass:
    """Implements `shared.telemetry.PassTelemetry`."""

    def __init__(self, telemetry: OtelTelemetry, span: Span, at: ResourceId) -> None:
        self._telemetry, self._span, self._at = telemetry, span, at

    def ended(self, outcome: Outcome | None, asked: Asked, *, connected_before: bool) -> None:
        self._telemetry.outcome(self._at, outcome, asked.reason)
        self._span.set_attribute("causeway.result", outcome.result.value if outcome else QUIET)
        if outcome is None:
            return
        self._span.set_attribute("causeway.code", outcome.code)
        self._span.set_attribute("causeway.profile", outcome.profile)
        self._span.set_attribute("causeway.requests", outcome.requests)
        self._span.set_attribute("causeway.writes", outcome.writes)
        if outcome.result is Result.FAILED:
            self._span.set_status(Status(StatusCode.ERROR))
        new = outcome.result is Result.CONNECTED and not connected_before
        if new and asked.reason in EVENTS and asked.fresh_from:
            self._telemetry.connected(self._at, outcome.at.timestamp() - asked.fresh_from)


def _kind_of_error(error: BaseException) -> str:
    """Azure's own code, where there is one, or the class."""
    coded = isinstance(error, TransientError | BlockedError | PermanentError)
    code = str(getattr(error, "code", "")) if coded and isinstance(error, CausewayError) else ""
    return code or type(error).__name__
