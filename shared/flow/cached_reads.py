"""Reads that many targets share: concurrent passes join one request.

What one target alone owns is read each time; virtual networks, security groups, zones and links are the same
for a hundred targets created in one minute. A caller says from when on a reading counts for it; one that
began before is never used. A write that depends on a shared object re-reads it, under a lease.
"""

from __future__ import annotations

import asyncio
import copy
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Self, cast

from shared.core.base.bodies import Json, Seen, child_id, mapping, reference
from shared.core.base.ids import ResourceId
from shared.core.base.turn import current_turn
from shared.core.readings.reading import Members, Read
from shared.ports import ArmReader, Clock

CACHED_SECONDS = 60.0
GROUPS_API = "2021-04-01"  # Microsoft.Resources: REST reference "Resource Groups - List"


@dataclass(frozen=True, slots=True)
class ResourceGroup:
    """A group's tags, and the id of the resource that manages it, if any.

    A service makes such a group for its own resources; people mostly cannot write there. `listed`: the list
    of groups has it.
    """

    tags: Mapping[str, str] = field(default_factory=dict)
    managed_by: str = ""
    listed: bool = False

    @classmethod
    def of(cls, body: Json) -> ResourceGroup:
        """A group as Azure shows it."""
        return cls(mapping(body.get("tags")), str(body.get("managedBy") or ""), listed=True)


@dataclass(frozen=True, slots=True)
class Timed[T]:
    """A value and when its reading began, in seconds since 1970."""

    value: T
    at: float


@dataclass(frozen=True, slots=True)
class _Cached:
    """`began` is a moment of `Clock.monotonic`, `at` in seconds since 1970. `place`: as in `Turn`."""

    began: float
    at: float
    task: asyncio.Task[object]
    place: int

    @property
    def is_behind(self) -> bool:
        """It is under way, and may wait for a request limit longer than the running pass would."""
        return not self.task.done() and self.place > current_turn().place


class CachedReads:
    """One read per id serves all who accept readings as old as it is, for a minute at most.

    One request per id is under way at a time. Those for whom it began too early await its end, and join the
    next one: a hundred passes that begin in a row do not send as many requests.
    """

    def __init__(self, arm: ArmReader, clock: Clock, seconds: float = CACHED_SECONDS) -> None:
        self._arm = arm
        self._clock = clock
        self._seconds = seconds
        self._readings: dict[tuple[ResourceId | str, str], _Cached] = {}
        self._label = "computed"

    def for_a_policy(self) -> Self:
        """The same readings; what is computed from them is its own, as it may depend on the policy."""
        found = copy.copy(self)
        found._label = f"computed {uuid.uuid4()}"
        return found

    async def resource(self, read: Read, not_older_than: float = 0.0) -> Timed[Seen | None]:
        """The resource; None where it does not exist."""
        found = await self._read(
            (read.at, ""), lambda: read_object(self._arm, read), not_older_than, read.max_age
        )
        return cast(Timed[Seen | None], found)

    async def members(self, read: Read, not_older_than: float = 0.0) -> Timed[Members]:
        """The members of a collection."""
        key = (read.at, read.collection.lower())
        found = await self._read(key, lambda: read_members(self._arm, read), not_older_than, read.max_age)
        return cast(Timed[Members], found)

    async def of_type(self, kind: str, subscription: str, not_older_than: float = 0.0) -> Timed[Members]:
        """Every resource of a type in a subscription, with its whole body.

        What the list lacks may exist all the same: a list is no evidence that something is absent.
        """
        key = list_key(kind, subscription)
        found = await self._read(key, lambda: self._of_type(kind, subscription), not_older_than)
        return cast(Timed[Members], found)

    async def _of_type(self, kind: str, subscription: str) -> Members:
        listed = await self._arm.of_type(subscription, kind)
        return Members(tuple(Seen(at, body) for body in listed if (at := reference(body))))

    def has_list(self, kind: str, subscription: str, not_older_than: float) -> bool:
        """A list of these is cached, or under way, that serves a caller who needs none older than this."""
        known = self._readings.get(list_key(kind, subscription))
        return known is not None and self._usable(known, not_older_than, None)

    async def group(self, at: ResourceId, not_older_than: float = 0.0) -> ResourceGroup:
        """The resource group that holds `at`; without tags where the list does not have it."""
        groups = await self.groups(at.subscription, not_older_than)
        return groups.get(at.resource_group.lower(), ResourceGroup())

    async def groups(self, subscription: str, not_older_than: float = 0.0) -> Mapping[str, ResourceGroup]:
        """The resource groups of a subscription by their lower-case name."""
        path = f"/subscriptions/{subscription.lower()}/resourcegroups"
        found = await self._read((path, "groups"), lambda: self._groups(path), not_older_than)
        return cast(Mapping[str, ResourceGroup], found.value)

    async def _groups(self, path: str) -> Mapping[str, ResourceGroup]:
        pages = self._arm.pages(path, api_version=GROUPS_API)
        listed = [body async for page in pages for body in page]
        return {str(body.get("name")).lower(): ResourceGroup.of(body) for body in listed}

    async def computed[T](
        self,
        name: str,
        read: Callable[[], Awaitable[T]],
        not_older_than: float = 0.0,
        max_age: float | None = None,
    ) -> T:
        """What `read` makes of several requests, cached like one read under this name."""
        return cast(T, (await self._read((name, self._label), read, not_older_than, max_age)).value)

    def forget(self, at: ResourceId) -> None:
        """Something at, or right below, this id was written: the next reader asks Azure."""
        lists = {list_key(one.type, one.subscription)[0] for one in (at, at.parent) if one}
        for key in [key for key in self._readings if key[0] in (at, at.parent) or key[0] in lists]:
            del self._readings[key]

    async def _read(
        self,
        key: tuple[ResourceId | str, str],
        read: Callable[[], Awaitable[object]],
        not_older_than: float,
        max_age: float | None = None,
    ) -> Timed[object]:
        known = self._readings.get(key)
        while known is not None and not self._usable(known, not_older_than, max_age):
            if known.task.done() or known.is_behind:
                known = None
            else:  # it began too early for this caller: what is read next serves all who wait for it
                await asyncio.wait([known.task])
                known = self._readings.get(key)
        if known is None:
            now = self._clock.monotonic()
            at, place = self._clock.now().timestamp(), current_turn().place
            known = _Cached(now, at, asyncio.ensure_future(read()), place)
            self._readings[key] = known
        try:
            return Timed(await asyncio.shield(known.task), known.at)
        except Exception:
            if self._readings.get(key) is known:  # a failed reading is not cached
                del self._readings[key]
            raise

    def _usable(self, known: _Cached, not_older_than: float, max_age: float | None) -> bool:
        limit = max(self._seconds, max_age or 0.0)
        recent = known.at >= not_older_than and self._clock.monotonic() < known.began + limit
        return recent and not known.is_behind


def list_key(kind: str, subscription: str) -> tuple[str, str]:
    """The name of a subscription's list of a type."""
    return f"/subscriptions/{subscription}/providers/{kind}".lower(), "list"


async def read_object(arm: ArmReader, read: Read) -> Seen | None:
    """One resource, read now."""
    body = await arm.get(read.at, api_version=read.api_version or None)
    return None if body is None else Seen(read.at, body)


async def read_members(arm: ArmReader, read: Read) -> Members:
    """The members of a collection, each under the id that it gives itself, read now.

    One without an id or a name that can be read is left out: it is nothing that Causeway manages.
    """
    if read.api_version:
        pages = arm.pages(f"{read.at.text}/{read.collection}", api_version=read.api_version)
        listed = [body async for page in pages for body in page]
        named = ((child_id(read.at, read.collection, body.get("name")), body) for body in listed)
        return Members(tuple(Seen(at, body) for at, body in named if at))
    listed = await arm.list(read.at, read.collection)
    own = ((reference(body), body) for body in listed)
    return Members(tuple(Seen(at, body) for at, body in own if at))
