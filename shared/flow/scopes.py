"""Reading which subscriptions are watched, where the policy names management groups.

One reading serves a process for minutes, because Azure itself caches the hierarchy. A policy that names no
management group costs no request and no row. What the last good reading showed is recorded: a process that
begins while the hierarchy cannot be read works by that.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from urllib.parse import quote

from shared.core.base.errors import BlockedError, CausewayError, PermanentError, TransientError
from shared.core.base.log_lines import line
from shared.core.policy.hierarchy import Branch, Names, above, places
from shared.core.policy.policy import Policy
from shared.core.policy.scope import REMEDY, UNREAD, Scope, asks_for_groups
from shared.ports import ArmReader, Branches, Clock

log = logging.getLogger("causeway.scope")

API = "2023-04-01"  # Microsoft.Management: REST reference "Management Groups - Get Descendants"
SECONDS = 600.0  # for which a reading serves
MISSED = 60.0  # ... where a subscription is asked for that it does not have
FAILED = 5.0  # ... where something could not be read: a person may have granted the right meanwhile
ABOVE_EACH = 16  # requests at once


class Scopes:
    """Which subscriptions are watched. One per process."""

    def __init__(self, policy: Policy, arm: ArmReader, branches: Branches, clock: Clock) -> None:
        self._policy = policy
        self._arm = arm
        self._branches = branches
        self._clock = clock
        self._asks = asks_for_groups(policy)
        self._reading = asyncio.Lock()
        self._known = Scope(policy)

    async def scope(self, max_age: float = SECONDS) -> Scope:
        """The scope by a reading that is no older, in seconds. Raises what the tables raise."""
        if not self._names:
            return self._known
        async with self._reading:
            age = min(max_age, FAILED) if self._known.unread else max_age
            if self._now() - self._known.now > age:
                self._known = await self._read(self._now() - age)
            return self._known

    async def scope_since(self, not_older_than: float) -> Scope:
        """The scope for readings of networks. Azure's own cache can be older than what a pass asks for."""
        return await self.scope()

    async def including(self, subscription: str) -> Scope:
        """The scope, read again if it lacks this subscription: a new one may be below a management group."""
        found = await self.scope()
        return found if found.watches(subscription) else await self.scope(MISSED)

    @property
    def _names(self) -> tuple[str, ...]:
        """The management groups, and the subscriptions of which the groups above are asked for."""
        listed = self._policy.subscriptions if self._asks else ()
        return tuple(dict.fromkeys(one.lower() for one in (*self._policy.management_groups, *listed)))

    async def _read(self, since: float) -> Scope:
        found, unread = dict[str, Branch](), dict[str, CausewayError]()
        slots = asyncio.Semaphore(ABOVE_EACH)

        async def read(name: str) -> None:
            async with slots:
                known = await self._branches.load(name)
                try:
                    found[name] = known if known and known.read > since else await self._branch(name)
                except CausewayError as error:
                    unread[name] = _explained(name, error)
                    if known:
                        found[name] = known
                    log.error(line("management group not read", name=name, why=str(error)))

        await asyncio.gather(*(read(name) for name in self._names))
        ordered = {name: found[name] for name in self._names if name in found}
        return Scope(self._policy, ordered, unread, self._now())

    async def _branch(self, name: str) -> Branch:
        now = self._now()
        below = await self._below(name)
        line_above = above(name, await self._arm.entities(name)) if self._asks else None
        return await self._branches.update(name, lambda known: known.after(below, line_above, now))

    async def _below(self, name: str) -> Mapping[str, Names]:
        """The subscriptions below a management group; none for a subscription."""
        if name not in {one.lower() for one in self._policy.management_groups}:
            return {}
        path = f"/providers/Microsoft.Management/managementGroups/{quote(name)}/descendants"
        pages = self._arm.pages(path, api_version=API)
        return places(name, [one async for page in pages for one in page])

    def _now(self) -> float:
        return self._clock.now().timestamp()


def _explained(name: str, error: CausewayError) -> CausewayError:
    """As an outcome has it. A group that does not exist is refused as one without rights (MG-03)."""
    text = f"management group {name} cannot be read: {error}"
    if isinstance(error, BlockedError | PermanentError):
        return BlockedError(UNREAD, text, REMEDY)
    return TransientError(text, getattr(error, "retry_after", None), UNREAD)
