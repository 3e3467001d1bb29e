"""Event Grid, by webhook or through a storage queue: parse, drop what is not for us, enqueue the rest.

The webhook must answer within 30 seconds and is called again for the whole batch if one event fails, so
nothing here waits for Azure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import azure.functions as func

if TYPE_CHECKING:
    from shared.wiring import Flow


async def on_event(flow: Flow, event: func.EventGridEvent | func.CloudEvent) -> None:
    """One event, as the Event Grid extension hands it over."""
    await flow.intake.accept(envelope(event))


async def on_notification(flow: Flow, message: func.QueueMessage) -> None:
    """One queue message: the event as JSON text, one to a message."""
    await flow.intake.accept(message.get_body().decode("utf-8", "replace"))


def envelope(event: func.EventGridEvent | func.CloudEvent) -> dict[str, Any]:
    """The event in the schema it came in; the trigger has taken it apart."""
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
