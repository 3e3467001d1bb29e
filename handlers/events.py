"""Event Grid by webhook: read each event and queue work for it. The queue's events: `work.py`.

The webhook must answer within 30 seconds, and Event Grid sends the whole batch again if one event fails.
So nothing here waits for Azure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import azure.functions as func

if TYPE_CHECKING:
    from shared.wiring import Flow


async def on_event(flow: Flow, event: func.EventGridEvent | func.CloudEvent) -> None:
    """Handle one event as the Event Grid extension delivers it."""
    await flow.intake.accept(envelope(event))


def envelope(event: func.EventGridEvent | func.CloudEvent) -> dict[str, Any]:
    """Rebuild the event in its own schema: the trigger delivers it as separate attributes."""
    if isinstance(event, func.CloudEvent):
        moment = event.time.isoformat() if event.time else ""
        fields = {
            "specversion": event.specversion,
            "source": event.source,
            "type": event.type,
            "time": moment,
        }
        return {**fields, "id": event.id, "subject": event.subject, "data": event.get_json()}
    moment = event.event_time.isoformat() if event.event_time else ""
    fields = {"topic": event.topic, "eventType": event.event_type, "eventTime": moment}
    return {**fields, "id": event.id, "subject": event.subject, "data": event.get_json()}
