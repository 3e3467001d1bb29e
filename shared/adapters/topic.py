"""A custom topic of Event Grid, to which outcomes are published as CloudEvents."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    HttpResponseError,
    ResourceNotFoundError,
)
from azure.core.messaging import CloudEvent
from azure.eventgrid.aio import EventGridPublisherClient

from shared.core.base.bodies import Json
from shared.core.base.errors import BlockedError, CausewayError, TransientError, clean

_REMEDY = (
    "grant the app's identity the role EventGrid Data Sender on the topic, let the app reach it, and give "
    "the topic the schema CloudEventSchemaV1_0"
)
# A pass ends before its events are published, but its invocation waits for them.
_ANSWER: dict[str, Any] = {"connection_timeout": 5, "read_timeout": 10}
_PATIENCE: dict[str, Any] = {"retry_total": 2, "retry_backoff_max": 4, **_ANSWER}


def open_topic(endpoint: str, credential: AsyncTokenCredential, **options: Any) -> EventGridPublisherClient:
    """A client of the topic at this URL. A redirect could lead to another host, so none is followed."""
    return EventGridPublisherClient(endpoint, credential, permit_redirects=False, **_PATIENCE, **options)


class EventTopic:
    """Implements `ports.Publisher`. `source`: of every event, which app it comes from."""

    def __init__(self, client: EventGridPublisherClient, source: str) -> None:
        self._client = client
        self._source = source

    async def publish(self, events: Sequence[Json]) -> None:
        """Send them in one request. An answer that is lost is an error, so they are sent again."""
        try:
            await self._client.send([self._event(one) for one in events])
        except HttpResponseError as error:
            raise _error(error) from error
        except (AzureError, OSError) as error:
            text = clean(f"the topic cannot be reached: {error}", 400)
            raise TransientError(text, code="NoAnswer") from error

    def _event(self, one: Json) -> CloudEvent[Any]:
        return CloudEvent(
            source=self._source,
            type=str(one["type"]),
            id=str(one["id"]),
            subject=str(one["subject"]),
            time=datetime.fromisoformat(str(one["time"])),
            data=one["data"],
        )


def _error(error: HttpResponseError) -> CausewayError:
    text = clean(f"the topic: {error.message}", 400)
    status = error.status_code or 0
    # The SDK raises the error of a topic that does not exist without its status.
    refused = isinstance(error, ClientAuthenticationError | ResourceNotFoundError)
    if refused or status in (400, 401, 403, 404, 413):
        return BlockedError("TopicRefused", text, _REMEDY)
    return TransientError(text, code=f"Http{status}")
