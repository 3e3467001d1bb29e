"""From events to work items: queue what concerns a target, count and log the rest.

Nothing here reads Azure. An event only says which resource to read; whether that is deleted, the reconcile
pass finds out.
"""

import logging
from collections import Counter

from shared.core.base.log_lines import line
from shared.core.events.notification import Dropped, Notification, read
from shared.core.events.work_item import WorkItem
from shared.ports import Clock, WorkQueue
from shared.telemetry import NO_TELEMETRY, Telemetry

log = logging.getLogger("causeway.intake")


class Intake:
    """Reads events in either schema and queues one work item for each resource they name."""

    def __init__(
        self,
        queue: WorkQueue,
        clock: Clock,
        known_types: frozenset[str],
        telemetry: Telemetry = NO_TELEMETRY,
    ) -> None:
        self._telemetry = telemetry
        self._queue = queue
        self._clock = clock
        self._known_types = known_types
        self.dropped: Counter[str] = Counter()

    async def accept(self, payload: object) -> int:
        """Accept one event, a list of them, or their JSON text. Returns how many work items were queued.

        An event that cannot be read is dropped, counted and logged with its id and the reason. Nothing that
        an event contains raises: one error would make Event Grid send the whole batch again.
        """
        sent: set[str] = set()
        now = self._clock.now().timestamp()  # what the events report happened before: older reads lack it
        for judged in read(payload, self._known_types):
            match judged:
                case Dropped(event_id, reason, detail):
                    self.dropped[reason] += 1
                    count = self.dropped[reason]
                    self._telemetry.event(reason)
                    log.info(line("event dropped", event_id=event_id, why=reason, detail=detail, count=count))
                case Notification(resource_id=resource_id, event_id=event_id):
                    if resource_id.lower() not in sent:
                        sent.add(resource_id.lower())
                        item = WorkItem(resource_id, "event", event_id, fresh_from=now)
                        await self._queue.send(item.text())
                        self._telemetry.event("queued")
                        log.info(line("event queued", target=resource_id, correlation=event_id))
        return len(sent)
