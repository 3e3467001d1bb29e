"""Readings that many targets share, held for a stated, short time.

Place in the data's way: below `observe`. What a target alone owns is read anew each time; virtual
networks, zones and their links are the same for a hundred targets created in one minute. A write that
depends on one of them reads it anew, under a lease (`flow/apply.py`).
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import cast

from shared.core.base.bodies import Seen
from shared.core.base.ids import ResourceId
from shared.core.kinds.record import API_VERSION, COLLECTION, pointed_to
from shared.ports import Arm, Clock

HELD_SECONDS = 60.0
RECORDS_A_PAGE, SECONDS_A_PAGE = 100, 6.0  # Microsoft Learn: Private DNS REST reference, "Record Sets - List"

_oldest: ContextVar[float] = ContextVar("oldest", default=0.0)


@contextmanager
def no_older_than(moment: float) -> Iterator[None]:
    """Inside, take no reading from before this moment (seconds since 1970).

    A sweep or a person asks what is true now: all walks of one sweep share readings made after it began.
    """
    token = _oldest.set(moment)
    try:
        yield
    finally:
        _oldest.reset(token)


def seen(at: ResourceId, body: dict[str, object] | None) -> Seen | None:
    """A body as the planner sees it."""
    return None if body is None else Seen(at, body)


def seen_all(bodies: list[dict[str, object]]) -> tuple[Seen, ...]:
    """The members of a collection, each under the id that it gives itself."""
    return tuple(Seen(ResourceId.parse(str(body["id"])), body) for body in bodies)


class SharedReads:
    """One reading per id and minute, also when a hundred walks ask at once: they await the same request."""

    def __init__(self, arm: Arm, clock: Clock, held: float = HELD_SECONDS) -> None:
        self._arm = arm
        self._clock = clock
        self._held = held
        self._readings: dict[tuple[ResourceId | str, str], tuple[float, float, asyncio.Task[object]]] = {}

    async def get(self, at: ResourceId) -> Seen | None:
        """The resource, at most `held` seconds old; None where it does not exist."""
        result = await self._read((at, ""), lambda: self._get(at))
        assert result is None or isinstance(result, Seen)  # noqa: S101
        return result

    async def list(self, parent: ResourceId, collection: str) -> tuple[Seen, ...]:
        """The members of a collection, at most `held` seconds old."""
        result = await self._read((parent, collection), lambda: self._list(parent, collection))
        assert isinstance(result, tuple)  # noqa: S101
        return result

    async def group_tags(self, at: ResourceId) -> Mapping[str, str]:
        """The tags of the resource group that holds `at`."""
        result = await self._read(
            (at.subscription.lower(), "resourceGroups"), lambda: self._arm.resource_groups(at.subscription)
        )
        assert isinstance(result, dict)  # noqa: S101
        tags = result.get(at.resource_group.lower(), {})
        assert isinstance(tags, Mapping)  # noqa: S101
        return tags

    async def records(self, zone: ResourceId) -> Mapping[str, frozenset[str]]:
        """The addresses in a zone by the lower-case names of its records; empty if it does not exist.

        A zone is listed a hundred records a page, and private DNS allows 500 reads in 5 minutes for a whole
        subscription: the larger it is, the longer a list serves, so that one zone takes a tenth of them.
        """
        body = await self.get(zone)
        if body is None:
            return {}
        pages = int(body.properties.get("numberOfRecordSets") or 0) // RECORDS_A_PAGE + 1
        name, seconds = f"records of {zone.key}", max(self._held, pages * SECONDS_A_PAGE)
        return await self.held(name, lambda: self._records(zone), seconds)

    async def held[T](self, what: str, read: Callable[[], Awaitable[T]], seconds: float | None = None) -> T:
        """What `read` makes of several requests, kept like one reading; `what` is its name among them.

        `seconds`: how old it may be, where that is not the usual time.
        """
        return cast(T, await self._read((what, "made"), read, seconds))

    def anew(self) -> AbstractContextManager[None]:
        """Inside, take no reading that is older than this call."""
        return no_older_than(self._clock.now().timestamp())

    def forget(self, at: ResourceId) -> None:
        """Something at, or right below, this id was written: the next reader asks Azure."""
        for key in [key for key in self._readings if key[0] == at or key[0] == at.parent]:
            del self._readings[key]

    async def _records(self, zone: ResourceId) -> Mapping[str, frozenset[str]]:
        pages = self._arm.pages(f"{zone.text}/{COLLECTION}", api_version=API_VERSION)
        listed = [Seen(zone, one) async for page in pages for one in page]
        return {str(one.body.get("name")).lower(): pointed_to(one) for one in listed}

    async def _get(self, at: ResourceId) -> object:
        return seen(at, await self._arm.get(at))

    async def _list(self, parent: ResourceId, collection: str) -> object:
        return seen_all(await self._arm.list(parent, collection))

    async def _read(
        self,
        key: tuple[ResourceId | str, str],
        read: Callable[[], Awaitable[object]],
        seconds: float | None = None,
    ) -> object:
        now, limit = self._clock.monotonic(), self._held if seconds is None else seconds
        known = self._readings.get(key)
        if known is None or now >= known[0] + limit or known[1] < _oldest.get():
            known = (now, self._clock.now().timestamp(), asyncio.ensure_future(read()))
            self._readings[key] = known
        try:
            return await asyncio.shield(known[2])
        except Exception:
            if self._readings.get(key) is known:  # a failed reading is nobody's truth
                del self._readings[key]
            raise
