"""From events to work: what is for us goes on the `work` queue, the rest is counted and logged.

Place in the data's way: `event -> Notification -> WorkItem`. Nothing here reads Azure: an event only
says where to look, and deletion is believed by the walk alone, after a 404.
"""

import logging
from collections import Counter

from shared.core.base.log_lines import line
from shared.core.events.notification import Dropped, Notification, read
from shared.core.events.work_item import WorkItem
from shared.ports import WorkQueue

log = logging.getLogger("causeway.intake")


class Intake:
    """Reads events in either schema and enqueues one work item for each resource they name."""

    def __init__(self, queue: WorkQueue, known_types: frozenset[str]) -> None:
        self._queue = queue
        self._known_types = known_types
        self.dropped: Counter[str] = Counter()

    async def accept(self, payload: object) -> int:
        """Take one event, a list of them, or their JSON text. Returns how many work items it made.

        An event that cannot be read is a counted drop with its id and the reason. It never raises for
        what an event says, because one error makes Event Grid send the whole batch again.
        """
        sent: set[str] = set()
        for judged in read(payload, self._known_types):
            match judged:
                case Dropped(event_id, reason, detail):
                    self.dropped[reason] += 1
                    count = self.dropped[reason]
                    log.info(line("event dropped", event_id=event_id, why=reason, detail=detail, count=count))
                case Notification(resource_id=resource_id, event_id=event_id):
                    if resource_id.lower() not in sent:
                        sent.add(resource_id.lower())
                        await self._queue.send(WorkItem(resource_id, "event", event_id).text())
        return len(sent)
