"""Event Grid: subscriptions and delivery. At least once, unordered, retried, dead-lettered.

Sources: docs/azure/event-grid.md, EG-11 to EG-16.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from random import Random
from typing import Any

from sandbox.azure.events.event import Event, Schema, make
from sandbox.azure.kernel.changes import Change
from sandbox.azure.kernel.model import Json
from sandbox.azure.kernel.world import World

# Seconds before the 2nd, 3rd, ... attempt; then 12-hourly until the event is a day old (EG-13).
RETRY_SCHEDULE = (10, 30, 60, 300, 600, 1800, 3600, 10800, 21600)
LAST_INTERVAL, TIME_TO_LIVE, MAX_ATTEMPTS = 43200, 86400, 30
RESPONSE_TIMEOUT = 30.0
# The response timeout in simulated time would be shorter than real code can answer at high speed.
LEAST_REAL_TIMEOUT = 5.0
NEVER_RETRIED = {400, 413}
# 200 to 204 (EG-13), so the 202 of the Functions host counts as delivered. Only the validation handshake does
# not accept a 202 (EG-15).
SUCCESS = range(200, 205)

# Delivers one payload and returns an HTTP status. An exception counts as no answer.
type Destination = Callable[[Json], Awaitable[int]]
# Posts JSON to a URL: (url, body, headers) -> (status, parsed body).
type Post = Callable[[str, Any, dict[str, str]], Awaitable[tuple[int, Any]]]


class HandshakeError(Exception):
    """A webhook failed the validation handshake; the subscription is not created."""


@dataclass(slots=True)
class Subscription:
    """A destination and its filters. An empty filter passes every event; all others must match (EG-11)."""

    name: str
    destination: Destination
    schema: Schema = "EventGridSchema"
    event_types: Collection[str] = ()
    operations: Collection[str] = ()
    subject_contains: str = ""

    def wants(self, event: Event) -> bool:
        """Whether the filters pass the event; all comparisons without case (EG-11)."""
        types = {one.lower() for one in self.event_types}
        operations = {one.lower() for one in self.operations}
        return (
            (not types or event.type.lower() in types)
            and (not operations or event.change.operation.lower() in operations)
            and self.subject_contains.lower() in event.subject.lower()
        )


@dataclass(slots=True)
class Delivery:
    """The delivery of one event to one subscriber; `status` is pending, delivered, dropped, or dead."""

    event: Event
    subscription: str
    published: float
    attempts: int = 0
    status: str = "pending"
    last_outcome: str = ""
    ended: float | None = None

    @property
    def record(self) -> Json:
        return {
            "id": self.event.id,
            "type": self.event.type,
            "operation": self.event.change.operation,
            "subject": self.event.subject,
            "subscription": self.subscription,
            "published": self.published,
            "ended": self.ended,
            "attempts": self.attempts,
            "status": self.status,
            "outcome": self.last_outcome,
        }


@dataclass(slots=True)
class Settings:
    """How unreliable delivery is: seconds between publishing and the first attempt, share delivered twice,
    and share lost (0 unless a test sets it)."""

    latency: tuple[float, float] = (0.5, 4.0)
    duplicates: float = 0.05
    lost: float = 0.0


class EventGrid:
    """All event subscriptions of the simulated Azure, and their deliveries."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._rng = Random(f"{world.seed}|events")
        self._tasks: set[asyncio.Task[None]] = set()
        self.subscriptions: list[Subscription] = []
        self.settings = Settings()
        self.events: list[Event] = []
        self.deliveries: list[Delivery] = []
        self.dead_letters: list[Json] = []

    def subscribe(self, subscription: Subscription) -> None:
        """Add a subscription; one of the same name is replaced."""
        self.subscriptions = [one for one in self.subscriptions if one.name != subscription.name]
        self.subscriptions.append(subscription)

    async def subscribe_webhook(
        self, name: str, url: str, post: Post, schema: Schema = "EventGridSchema", **filters: Any
    ) -> None:
        """Add a webhook after the validation handshake. Raises HandshakeError when it does not answer as it
        must.

        The code must come back with status 200; 202 is not enough (EG-15). CloudEvents webhooks validate by
        OPTIONS in the transport, so only the Event Grid schema is checked here.
        """
        if schema == "EventGridSchema":
            code = self._world.new_guid()
            event = {
                "id": self._world.new_guid(),
                "topic": "/subscriptions/" + next(iter(self._world.subscriptions), ""),
                "subject": "",
                "data": {"validationCode": code},
                "eventType": "Microsoft.EventGrid.SubscriptionValidationEvent",
                "eventTime": self._world.timestamp(),
                "metadataVersion": "1",
                "dataVersion": "2",
            }
            status, body = await post(url, [event], {"aeg-event-type": "SubscriptionValidation"})
            echoed = body.get("validationResponse") if isinstance(body, dict) else None
            if status != 200 or echoed != code:
                raise HandshakeError(f"{url} answered {status} {body!r} to the validation event")
        self.subscribe(Subscription(name, webhook(url, post, schema), schema, **filters))

    def accept(self, change: Change) -> None:
        """Make the event of a change and start its deliveries."""
        self.publish(make(change, self._world.new_guid(), self._rng))

    def publish(self, event: Event) -> None:
        """Deliver an event; some of it twice, none of it in order (EG-12)."""
        self.events.append(event)
        for subscription in self.subscriptions:
            if subscription.wants(event):
                copies = 2 if self._rng.random() < self.settings.duplicates else 1
                for _ in range(copies):
                    self._start(event, subscription)

    def replay(self, event_id: str | None = None, times: int = 1) -> int:
        """Deliver published events again, one or all, in shuffled order; returns how many."""
        chosen = [one for one in self.events if event_id in (None, one.id)] * times
        self._rng.shuffle(chosen)
        for event in chosen:
            for subscription in self.subscriptions:
                if subscription.wants(event):
                    self._start(event, subscription)
        return len(chosen)

    async def send_raw(self, payload: Json) -> list[int]:
        """Hand any payload to every subscriber as it is (forged and malformed events of tests)."""
        return [await one.destination(payload) for one in self.subscriptions]

    @property
    def pending(self) -> int:
        """Deliveries that are neither delivered nor dead."""
        return sum(1 for one in self.deliveries if one.status == "pending")

    def close(self) -> None:
        """Stop delivering."""
        for task in self._tasks:
            task.cancel()
        self._tasks.clear()
        self.subscriptions.clear()

    def _start(self, event: Event, subscription: Subscription) -> None:
        delivery = Delivery(event, subscription.name, self._world.now)
        self.deliveries.append(delivery)
        if self._rng.random() < self.settings.lost:
            delivery.status = "dropped"
            return
        wait = self._rng.uniform(*self.settings.latency)
        seed = self._rng.random()
        task = asyncio.get_running_loop().create_task(
            self._deliver(delivery, subscription, wait, Random(seed))
        )
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver(self, delivery: Delivery, to: Subscription, wait: float, rng: Random) -> None:
        clock = self._world.clock
        while True:
            await clock.sleep(wait)
            delivery.attempts += 1
            status = await self._attempt(delivery, to)
            if status in SUCCESS:
                delivery.status, delivery.ended = "delivered", clock.now()
                return
            age = clock.now() - delivery.published
            if status in NEVER_RETRIED or delivery.attempts >= MAX_ATTEMPTS or age >= TIME_TO_LIVE:
                self._dead_letter(delivery, to, status)
                return
            place = delivery.attempts - 1
            wait = RETRY_SCHEDULE[place] if place < len(RETRY_SCHEDULE) else LAST_INTERVAL
            wait *= rng.uniform(0.9, 1.1)

    async def _attempt(self, delivery: Delivery, to: Subscription) -> int:
        """The status of one attempt; 0 after 30 s without an answer, or if the subscriber raised."""
        timeout = max(RESPONSE_TIMEOUT / self._world.clock.speed, LEAST_REAL_TIMEOUT)
        try:
            async with asyncio.timeout(timeout):
                status = await to.destination(delivery.event.render(to.schema))
        except Exception as error:  # noqa: BLE001 - any error of a subscriber is an undelivered event
            delivery.last_outcome = type(error).__name__
            return 0
        delivery.last_outcome = str(status)
        return status

    def _dead_letter(self, delivery: Delivery, to: Subscription, status: int) -> None:
        delivery.status, delivery.ended = "dead", self._world.clock.now()
        reason = (
            "MaxDeliveryAttemptsExceeded" if status not in NEVER_RETRIED else "UndeliverableDueToClientError"
        )
        record = delivery.event.render(to.schema) | {
            "deadLetterReason": reason,
            "deliveryAttempts": delivery.attempts,
            "lastDeliveryOutcome": delivery.last_outcome,
        }
        self.dead_letters.append(record)


def webhook(url: str, post: Post, schema: Schema) -> Destination:
    """A webhook: an array of one event (EG-12), or one CloudEvent."""

    async def deliver(payload: Json) -> int:
        if schema == "EventGridSchema":
            status, _ = await post(url, [payload], {"aeg-event-type": "Notification"})
        else:
            status, _ = await post(
                url, payload, {"content-type": "application/cloudevents+json; charset=utf-8"}
            )
        return status

    return deliver


def storage_queue(send: Callable[[str], Awaitable[object]]) -> Destination:
    """A storage queue: one event a message, base64 (EG-16). `send` puts one text into the queue."""

    async def deliver(payload: Json) -> int:
        text = base64.b64encode(json.dumps(payload).encode()).decode()
        if len(text) > 65536:
            return 413
        await send(text)
        return 200

    return deliver


def in_process(handle: Callable[[Json], Awaitable[object]]) -> Destination:
    """A coroutine in this process: what it raises is a failed attempt."""

    async def deliver(payload: Json) -> int:
        await handle(payload)
        return 200

    return deliver
