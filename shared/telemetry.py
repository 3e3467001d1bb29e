"""What the app measures of itself, as a protocol, and an implementation that measures nothing.

The flow and the adapters call it; only `shared/adapters/telemetry.py` knows OpenTelemetry. It never raises,
waits or reads anything. Attributes of metrics are words of a bounded number: no ids, names or texts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from shared.core.base.ids import ResourceId
    from shared.core.events.asked import Asked
    from shared.core.events.work_item import WorkItem
    from shared.core.outcome.outcome import Outcome
    from shared.core.outcome.sweep_report import SweepReport


class PassTelemetry(Protocol):
    """One reconcile pass that runs."""

    def ended(self, outcome: Outcome | None, asked: Asked, *, connected_before: bool) -> None:
        """The pass has ended. None: it found nothing to report."""


class Telemetry(Protocol):
    """Spans and metrics of one process."""

    def event(self, verdict: str) -> None:
        """An event was `queued`, or was dropped for this reason."""

    def started(self, item: WorkItem, waited: float) -> None:
        """A worker has taken an item that waited so many seconds in the queue."""

    def reconciling(self, at: ResourceId, item: WorkItem) -> AbstractContextManager[PassTelemetry]:
        """Around one reconcile pass. Calls to Azure inside belong to it."""

    def calling(self, method: str, kind: str) -> AbstractContextManager[None]:
        """Around one call to Azure Resource Manager, its retries and polls included. `kind`: the type."""

    def swept(self, report: SweepReport, limits: Sequence[Mapping[str, Any]]) -> None:
        """A sweep has ended. `limits`: as `RequestLimits.left` returns them."""


class NoTelemetry:
    """Measures nothing."""

    def ended(self, outcome: Outcome | None, asked: Asked, *, connected_before: bool) -> None:
        """Nothing to do."""

    def event(self, verdict: str) -> None:
        """Nothing to do."""

    def started(self, item: WorkItem, waited: float) -> None:
        """Nothing to do."""

    @contextmanager
    def reconciling(self, at: ResourceId, item: WorkItem) -> Iterator[PassTelemetry]:
        yield self

    @contextmanager
    def calling(self, method: str, kind: str) -> Iterator[None]:
        yield

    def swept(self, report: SweepReport, limits: Sequence[Mapping[str, Any]]) -> None:
        """Nothing to do."""


NO_TELEMETRY = NoTelemetry()
