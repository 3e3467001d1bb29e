"""Event Grid's events in the app's storage queue, as `infra/` deploys it: by the operations of its filters.

Needs the folder `infra/`, which a checkout has and a package of the app has not.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator

from azure.core.exceptions import ResourceExistsError
from azure.storage.queue.aio import QueueClient

from sandbox.azure.events.event_grid import EventGrid, Subscription, storage_queue
from sandbox.azurite import ROOT

QUEUE = "work"
TYPES = ROOT / "infra" / "watched-types.json"
# As in infra/modules/event-subscriptions.bicep: the app needs no events of failures, actions, other types.
EVENT_TYPES = ("Microsoft.Resources.ResourceWriteSuccess", "Microsoft.Resources.ResourceDeleteSuccess")
ALWAYS = ("Microsoft.Resources/tags", "Microsoft.Resources/subscriptions/resourceGroups")


def operations() -> tuple[str, ...]:
    """The operations whose events are delivered."""
    types = json.loads(TYPES.read_text("utf-8"))
    return tuple(f"{kind}/{verb}" for kind in (*ALWAYS, *types) for verb in ("write", "delete"))


@contextlib.asynccontextmanager
async def connected(events: EventGrid, connection_string: str) -> AsyncIterator[None]:
    """Deliver into the queue, which is created if the app has not done it yet."""
    async with QueueClient.from_connection_string(connection_string, QUEUE) as client:
        with contextlib.suppress(ResourceExistsError):
            await client.create_queue()
        send = storage_queue(client.send_message)
        events.subscribe(Subscription("causeway", send, event_types=EVENT_TYPES, operations=operations()))
        yield
