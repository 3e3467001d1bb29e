"""Publishing what changed, at least once, after the ledger has it.

An event stays in its target's row until the topic has taken it. What a broken off or refused attempt left
there is published by the next sweep, with the same id.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from shared.core.base.bodies import Json
from shared.core.base.errors import CausewayError
from shared.core.base.ids import ResourceId
from shared.core.base.log_lines import line
from shared.ports import Ledger, Publisher

log = logging.getLogger("causeway.announce")

REFUSALS = 3  # targets in a row whose events are refused, after which the topic is left alone


@dataclass(frozen=True, slots=True)
class Announcer:
    """Publishes events of the ledger. Without a publisher there are none."""

    ledger: Ledger
    publisher: Publisher | None = None

    async def announce(self, at: ResourceId, events: Sequence[Json]) -> bool:
        """Publish the events of one target. False: they stay in its row."""
        if self.publisher is None or not events:
            return True
        try:
            await self.publisher.publish(events)
            await self.ledger.published(at, [str(event["id"]) for event in events])
        except CausewayError as error:
            log.warning(line("events not published; a sweep tries again", target=at.text, why=str(error)))
            return False
        return True

    async def announce_left(self) -> None:
        """Publish what is left in any row. The topic may refuse one event and take the others."""
        if self.publisher is None:
            return
        try:
            left = await self.ledger.unpublished()
        except CausewayError as error:
            log.warning(line("events not read", why=str(error)))
            return
        refused = 0
        for at, events in left:
            refused = 0 if await self.announce(at, events) else refused + 1
            if refused == REFUSALS:
                return
