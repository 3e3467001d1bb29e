"""Turns reads, which the core says as data, into one picture of Azure.

Independent reads are made at once. For a target that is connected already, by one endpoint, this costs three
requests beside the target's own: endpoint, network interface, zone group. Many networks, security groups or
route tables of one subscription are read by one list.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace

from shared.core.base.bodies import Seen
from shared.core.base.errors import BlockedError, CausewayError
from shared.core.readings.observed import Observed
from shared.core.readings.reading import Absent, Members, Present, Read, Reading, Unread
from shared.flow.cached_reads import CachedReads, Timed, read_members, read_object
from shared.ports import ArmReader, Clock

type Wanted = Callable[[Observed], Iterable[Read]]
type Listed = frozenset[tuple[str, str]]  # type and subscription, in lower case

LISTED_TYPES = frozenset(
    f"microsoft.network/{kind}" for kind in ("virtualnetworks", "networksecuritygroups", "routetables")
)
MANY = 5  # of one type and subscription: from here on one list takes the place of so many reads


class Reader:
    """Reads what one target alone owns from Azure, and what many targets use through the cache."""

    def __init__(self, arm: ArmReader, cached: CachedReads, clock: Clock) -> None:
        self._arm = arm
        self._cached = cached
        self._clock = clock

    async def complete(self, wanted: Wanted, observed: Observed, not_older_than: float = 0.0) -> Observed:
        """Make every read that is wanted and not made yet; each answer may make further ones wanted.

        Raises what reading Azure raises, unless the read tolerates it.
        """
        while pending := [one for one in dict.fromkeys(wanted(observed)) if not observed.answers(one)]:
            objects = {one.at for one in pending if not one.collection}
            # What is below an absent object does not exist: the object is read first.
            batch = [one for one in pending if not (one.collection and one.at in objects)]
            observed = await self._all(batch, observed, not_older_than)
        return observed

    async def fresh(self, reads: Iterable[Read], observed: Observed) -> Observed:
        """Make these reads now, whatever is cached or known."""
        alone = [replace(one, shared=False) for one in dict.fromkeys(reads)]
        return await self._all(alone, observed, self._clock.now().timestamp())

    async def _all(self, reads: list[Read], observed: Observed, not_older_than: float) -> Observed:
        objects = [one for one in reads if not one.collection]
        lists = [one for one in reads if one.collection]
        many = self._by_list(objects, not_older_than)
        found, listed = await asyncio.gather(
            asyncio.gather(*(self._object(one, not_older_than, many) for one in objects)),
            asyncio.gather(*(self._members(one, observed, not_older_than) for one in lists)),
        )
        for one, reading in zip(objects, found, strict=True):
            observed = observed.with_object(one.at, reading)
        for one, members in zip(lists, listed, strict=True):
            observed = observed.with_members(one.at, one.collection, members)
        return observed

    def _by_list(self, reads: list[Read], not_older_than: float) -> Listed:
        """What one list serves: many of one type and subscription, or any where there is such a list."""
        count = Counter(_kind(one) for one in reads if one.at.type.lower() in LISTED_TYPES)
        shared = {_kind(one) for one in reads if one.shared}
        return frozenset(
            one
            for one, times in count.items()
            if times >= MANY or (one in shared and self._cached.has_list(*one, not_older_than))
        )

    async def _object(self, read: Read, not_older_than: float, many: Listed) -> Reading[Seen]:
        if _kind(read) in many and (listed := await self._in_list(read, not_older_than)):
            return listed
        try:
            found = await self._read_object(read, not_older_than)
        except CausewayError as error:
            return _tolerated(read, error)
        return Absent(found.at) if found.value is None else Present(found.value, found.at)

    async def _in_list(self, read: Read, not_older_than: float) -> Present[Seen] | None:
        """The object as its subscription's list has it. None: it is read alone, whatever that means."""
        try:
            listed = await self._cached.of_type(*_kind(read), not_older_than)
        except CausewayError:
            return None
        found = listed.value.member(read.at)
        return Present(Seen(read.at, found.body), listed.at) if found else None

    async def _members(self, read: Read, observed: Observed, not_older_than: float) -> Reading[Members]:
        parent = observed.reading(read.at)
        if isinstance(parent, Absent):
            return parent
        try:
            found = await self._read_members(read, not_older_than)
        except CausewayError as error:
            return _tolerated(read, error)
        return Present(found.value, found.at)

    async def _read_object(self, read: Read, not_older_than: float) -> Timed[Seen | None]:
        if read.shared:
            return await self._cached.resource(read, not_older_than)
        at = self._clock.now().timestamp()
        return Timed(await read_object(self._arm, read), at)

    async def _read_members(self, read: Read, not_older_than: float) -> Timed[Members]:
        if read.shared:
            return await self._cached.members(read, not_older_than)
        at = self._clock.now().timestamp()
        return Timed(await read_members(self._arm, read), at)


def _kind(read: Read) -> tuple[str, str]:
    return read.at.type.lower(), read.at.subscription.lower()


def _tolerated(read: Read, error: CausewayError) -> Unread:
    """Why it is not known; raises the error where the read cannot do without."""
    if read.tolerate == "failure" or (read.tolerate == "refusal" and isinstance(error, BlockedError)):
        remedy = f"; {error.remedy}" if isinstance(error, BlockedError) else ""
        return Unread(f"{error}{remedy}", refused=True)
    raise error
