"""One list in place of many polls, where many resources of one resource group are created at once.

A poll only asks whether an operation still runs. A list of the group answers that for all of its resources of
one type. What is finished by the list is then read alone: that reading is the result.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from shared.adapters.clock import Clock
from shared.core.base.bodies import Seen, reference
from shared.core.base.errors import CausewayError
from shared.core.base.ids import ResourceId
from shared.ports import Bodies, Body

FEWEST = 3  # polls at the same time that are worth a list
LARGEST = 100  # members of a list for each poll that it saves: Azure sends long lists in pages
WINDOW = 0.01  # of the time since a write, for which its poll waits for others

type Collection = tuple[str, str]  # of a resource group and a type, in lower case
type Lister = Callable[[ResourceId], Awaitable[Bodies]]  # what is beside this resource


class SharedPolls:
    """The polls of one process. `beside` lists a resource's group for its type."""

    def __init__(self, beside: Lister, clock: Clock) -> None:
        self._beside = beside
        self._clock = clock
        self._awaited: Counter[Collection] = Counter()
        self._sizes: dict[Collection, int] = {}
        self._rounds: dict[Collection, tuple[asyncio.Task[dict[ResourceId, Body]], list[ResourceId]]] = {}

    @contextmanager
    def awaiting(self, at: ResourceId) -> Iterator[None]:
        """The resource is polled inside."""
        self._awaited[_collection(at)] += 1
        try:
            yield
        finally:
            self._awaited[_collection(at)] -= 1

    async def still_busy(self, at: ResourceId, elapsed: float) -> Body | None:
        """The body, if a list that others need too shows that an operation runs. None: read it alone.

        `elapsed`: seconds since the write.
        """
        key = _collection(at)
        if at.parent is not None or self._awaited[key] < FEWEST:
            return None
        if key not in self._rounds:
            polls: list[ResourceId] = []
            task = asyncio.create_task(self._listed(key, polls, WINDOW * elapsed))
            self._rounds[key] = (task, polls)
        task, polls = self._rounds[key]
        polls.append(at)
        body = (await asyncio.shield(task)).get(at)
        return body if body is not None and Seen(at, body).busy else None

    async def _listed(self, key: Collection, polls: list[ResourceId], wait: float) -> dict[ResourceId, Body]:
        """What a list shows, after others had time to join; nothing where that is not worth it, or fails."""
        await self._clock.sleep(wait)
        del self._rounds[key]
        if len(polls) < FEWEST or self._sizes.get(key, 0) > LARGEST * len(polls):
            return {}
        try:
            found = await self._beside(polls[0])
        except CausewayError:  # then each is read alone, and says what is wrong
            return {}
        self._sizes[key] = len(found)
        return {one: body for body in found if (one := reference(body)) is not None}


def _collection(at: ResourceId) -> Collection:
    return at.group.text.lower(), at.type.lower()
