"""One limiter for every request that leaves the process: a request waits until all its limits allow it.

Requests of a pass that a person waits for go before those of events, and these before those of sweeps. A
service that asks for a wait gets it: nothing more is sent that counts against the same limit. What would wait
too long raises Throttled, so that its worker can do something else.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from shared.adapters.shares import Shares
from shared.core.base.azure_limits import LimitKey, limit_keys, limit_of
from shared.core.base.errors import Throttled
from shared.core.base.rate import Bucket, Limit
from shared.core.base.turn import FIRST, LAST, current_turn
from shared.ports import Bodies

BLOCK = 50  # tokens that are reserved at once, at most
SPARE = 8  # tokens that are reserved beyond the requests that wait
KEPT = 4  # of them, tokens that sweeps leave to requests that are more urgent
LIFE = 5.0  # seconds after which unused tokens are dropped
PAUSE = 1.0  # seconds between two reservations from a limit that is used up
LONGEST_PAUSE = 30.0  # seconds that a request waits here because a service asked for it
LOW = 20.0  # requests that a service says are left, below which a process slows down
LATER = 60.0  # seconds after which a pass tries again that got no turn in its time
FRONT = "subscriptionrequeststhrottled"  # Resource Manager's own code (ERR-12)
NO_HINT = 5.0  # seconds after a refusal that names no time

_REMAINING = re.compile(r"x-ms-ratelimit-remaining-subscription(?:-global)?-(?:reads|writes|deletes)")

type Keys = tuple[LimitKey, ...]


@dataclass(slots=True)
class _Pool:
    """What this process has of one limit. Moments are of the event loop."""

    tokens: int = 0
    drop: float = 0.0  # when the tokens are dropped
    ask: float = 0.0  # when to reserve again
    paused: float = 0.0  # nothing is sent before
    eased: float = 0.0  # only what a person waits for is sent before
    reserving: bool = False


@dataclass(order=True, slots=True)
class _Waiter:
    place: int
    number: int
    turn: asyncio.Future[None] = field(compare=False)


class Limiter:
    """One per process. `rate`: as in `limit_of`."""

    def __init__(self, shares: Shares, rate: float = 1.0) -> None:
        self._shares = shares
        self.rate = rate
        self._pools: dict[LimitKey, _Pool] = {}
        self._limits: dict[LimitKey, Limit | None] = {}
        self._waiters: dict[Keys, list[_Waiter]] = {}
        self._numbers = itertools.count()
        self._regions: dict[str, str] = {}
        self._changed = asyncio.Event()
        self._serving: asyncio.Task[None] | None = None

    def learn(self, resource: str, location: object) -> None:
        """Where a resource is, as its body says: Microsoft.Network counts by region."""
        if isinstance(location, str) and location:
            self._regions[resource.lower()] = location.lower().replace(" ", "")

    async def take(self, method: str, url: str) -> None:
        """Return when the request may be sent. Raises Throttled if that is too late for its pass."""
        keys, turn = self._keys(method, url), current_turn()
        self._raise_if_paused(keys, turn.place)
        if not self._waiters.get(keys) and await self._spent_at_once(keys, turn.place):
            return
        waiter = _Waiter(turn.place, next(self._numbers), asyncio.get_running_loop().create_future())
        heapq.heappush(self._waiters.setdefault(keys, []), waiter)
        self._serve()
        try:
            async with asyncio.timeout_at(None if math.isinf(turn.deadline) else turn.deadline):
                await waiter.turn
        except TimeoutError:
            self._leave(keys, waiter)
            raise Throttled("the request limits of Azure left no time", LATER, "RequestLimit") from None
        except BaseException:
            self._leave(keys, waiter)
            raise

    def answered(self, method: str, url: str, headers: Mapping[str, str]) -> None:
        """Slow down where the service says that little is left: others may use the same identity."""
        shown = [text for name, text in headers.items() if _REMAINING.fullmatch(name.lower())]
        left = min((float(text) for text in shown if text.isdigit()), default=math.inf)
        key = self._keys(method, url)[0]
        limit = self._limit(key)
        if left < LOW and isinstance(limit, Bucket):
            self._pause(key, (LOW - left) / limit.refill)

    def throttled(self, method: str, url: str, code: str, seconds: float | None) -> None:
        """A limit is reached, as the service says: nothing more is sent against it until it may be.

        Only Resource Manager says of which requests. What another service means may be one resource, so a
        person's rerun is sent all the same.
        """
        keys, wait = self._keys(method, url), NO_HINT if seconds is None else seconds
        if code.lower() == FRONT:
            self._pause(keys[0], wait)
        else:
            self._pause(keys[-1], wait, above=FIRST)

    async def left(self) -> Bodies:
        """What is left of every limit that this process has used, in all processes together."""
        limits = {key: limit for key in self._pools if (limit := self._limit(key))}
        found = await self._shares.left({key.text: limit for key, limit in limits.items()})
        now = _now()
        most = {key: int(limit.left((), 0.0)) for key, limit in limits.items()}
        return [
            {
                "subscription": key.subscription,
                "region": key.region,
                "scope": key.scope,
                "kind": key.kind,
                # What this process has reserved may be refilled by now.
                "left": min(most[key], int(found[key.text] + self._pools[key].tokens)),
                "of": most[key],
                "paused_seconds": round(max(0.0, self._pools[key].paused - now), 1),
            }
            for key in sorted(limits, key=lambda key: key.text)
        ]

    def _keys(self, method: str, url: str) -> Keys:
        return limit_keys(method, url, self._region(url))

    def _region(self, url: str) -> str:
        """The region of the resource, or of the nearest one around it that is known."""
        path = url.partition("?")[0].lower()
        path = path[path.find("/subscriptions/") :]
        while "/providers/" in path:
            if path in self._regions:
                return self._regions[path]
            path = path.rpartition("/")[0]
        return ""

    def _pool(self, key: LimitKey) -> _Pool:
        return self._pools.setdefault(key, _Pool())

    def _resumed(self, keys: Keys, place: int) -> float:
        """The moment from which on none of the limits is paused for requests of this place."""
        pools = [self._pool(key) for key in keys]
        return max(pool.paused if place <= FIRST else max(pool.paused, pool.eased) for pool in pools)

    def _raise_if_paused(self, keys: Keys, place: int) -> None:
        wait = self._resumed(keys, place) - _now()
        if wait > LONGEST_PAUSE:
            raise Throttled("Azure asked not to send such requests for a while", wait, "RequestLimit")

    def _pause(self, key: LimitKey, seconds: float, above: int = FIRST - 1) -> None:
        """Stop requests of places after this one."""
        pool, until = self._pool(key), _now() + seconds
        pool.eased = max(pool.eased, until)
        pool.paused = pool.paused if above >= FIRST else max(pool.paused, until)
        if seconds > LONGEST_PAUSE:
            for waiter in itertools.chain(*(found for keys, found in self._waiters.items() if key in keys)):
                if waiter.place > above:
                    self._refuse(waiter, seconds)

    def _refuse(self, waiter: _Waiter, seconds: float) -> None:
        if not waiter.turn.done():
            late = Throttled("Azure asked not to send such requests for a while", seconds, "RequestLimit")
            waiter.turn.set_exception(late)

    def _leave(self, keys: Keys, waiter: _Waiter) -> None:
        waiters = self._waiters.get(keys, [])
        if waiter in waiters:
            waiters.remove(waiter)
            heapq.heapify(waiters)
        if not waiters:
            self._waiters.pop(keys, None)

    async def _spent_at_once(self, keys: Keys, place: int) -> bool:
        """Take one token of each limit where no caller waits; reserve first what is lacking."""
        if self._resumed(keys, place) > _now():
            return False
        for key in keys:
            if self._is_due(key, _now(), place):
                await self._reserve_from(key)
        return self._spend(keys, place)

    def _spend(self, keys: Keys, place: int) -> bool:
        """Take one token of each limit, if all have one."""
        if not self._could(keys, place):
            return False
        for key in keys:
            self._pool(key).tokens -= self._limited(key)
        return True

    def _limit(self, key: LimitKey) -> Limit | None:
        if key not in self._limits:
            self._limits[key] = limit_of(key, self.rate)
        return self._limits[key]

    def _limited(self, key: LimitKey) -> bool:
        return self._limit(key) is not None

    def _serve(self) -> None:
        self._changed.set()
        if self._serving is None or self._serving.done():
            self._serving = asyncio.create_task(self._serve_all())

    async def _serve_all(self) -> None:
        """Give tokens to waiters, the most urgent first, and reserve more, until no caller waits."""
        try:
            while self._waiters:
                self._changed.clear()
                self._release()
                await self._reserve()
                self._release()
                if self._waiters:
                    await self._idle()
        except Exception as error:
            for waiter in itertools.chain(*self._waiters.values()):
                if not waiter.turn.done():
                    waiter.turn.set_exception(error)
            raise

    def _release(self) -> None:
        while (keys := min(self._ready(), key=lambda keys: self._waiters[keys][0], default=None)) is not None:
            waiter = heapq.heappop(self._waiters[keys])
            if not self._waiters[keys]:
                del self._waiters[keys]
            if not waiter.turn.done():
                self._spend(keys, waiter.place)
                waiter.turn.set_result(None)

    def _ready(self) -> Iterable[Keys]:
        return [
            keys for keys, waiters in self._waiters.items() if waiters and self._could(keys, waiters[0].place)
        ]

    def _could(self, keys: Keys, place: int) -> bool:
        now = _now()
        return self._resumed(keys, place) <= now and not any(self._lacks(key, now, place) for key in keys)

    def _lacks(self, key: LimitKey, now: float, place: int) -> bool:
        pool, kept = self._pool(key), KEPT if place >= LAST else 0
        return self._limited(key) and (pool.tokens < 1 + kept or pool.drop <= now)

    async def _reserve(self) -> None:
        """Reserve from every limit that a waiter lacks and that may be asked now."""
        now = _now()
        due = {
            key
            for keys, waiters in self._waiters.items()
            for key in keys
            if waiters and self._is_due(key, now, waiters[0].place)
        }
        await asyncio.gather(*(self._reserve_from(key) for key in due))

    def _is_due(self, key: LimitKey, now: float, place: int) -> bool:
        pool = self._pool(key)
        free = pool.ask <= now and pool.paused <= now and not pool.reserving
        return free and self._lacks(key, now, place)

    async def _reserve_from(self, key: LimitKey) -> None:
        limit, pool = self._limit(key), self._pool(key)
        if limit is None:
            return
        waiting = sum(len(waiters) for keys, waiters in self._waiters.items() if key in keys)
        had = pool.tokens if pool.drop > _now() else 0
        amount = min(BLOCK, waiting + SPARE - had)
        pool.reserving = True
        try:
            granted = await self._shares.reserve(key.text, limit, amount)
        finally:
            pool.reserving = False
            self._changed.set()
        now = _now()
        kept = pool.tokens if pool.drop > now else 0
        pool.tokens, pool.drop = kept + granted.amount, now + LIFE
        if granted.amount < amount:
            pool.ask = now + max(PAUSE / max(1.0, self.rate), min(granted.wait, LIFE))

    async def _idle(self) -> None:
        """Sleep until a limit may be asked, a pause ends, or another request comes."""
        now = _now()
        if self._ready():
            return
        pools = [self._pool(key) for keys in self._waiters for key in keys]
        moments = {moment for pool in pools for moment in (pool.ask, pool.paused, pool.eased)}
        later = [moment for moment in moments if moment > now]
        reserving = any(pool.reserving for pool in pools)
        try:
            async with asyncio.timeout_at(min(later, default=None if reserving else now)):
                await self._changed.wait()
        except TimeoutError:
            return


def _now() -> float:
    return asyncio.get_running_loop().time()
