"""Asking Azure what the app may do, before an endpoint is created that could not be finished.

The endpoint changes what the target's public name means, so the right to write its name is asked for first.
One answer for a resource group serves a minute; a single object is asked about only where that is not enough.
What cannot be asked stops nothing: an endpoint that gets no name is deleted again.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

from shared.core.base.bodies import Json
from shared.core.base.errors import CausewayError, PermanentError
from shared.core.base.rights import NOBODY, Right, allows
from shared.flow.cached_reads import CachedReads
from shared.ports import ArmReader

API = "2022-04-01"  # Microsoft.Authorization: REST reference "Permissions - List For Resource Group"


@dataclass(frozen=True, slots=True)
class RightsReader:
    """Reads the permissions of the app's identity."""

    arm: ArmReader
    cached: CachedReads

    async def missing(self, rights: Iterable[Right], not_older_than: float) -> tuple[Right, ...] | None:
        """Those that the app does not have; None where that cannot be known."""
        asked = tuple(dict.fromkeys(rights))
        try:
            had = await asyncio.gather(*(self._has(right, not_older_than) for right in asked))
        except CausewayError:
            return None
        return tuple(right for right, has in zip(asked, had, strict=True) if not has)

    async def principal(self) -> str:
        """Whom the rights are to be granted to."""
        return await self.arm.principal() or NOBODY

    async def _has(self, right: Right, not_older_than: float) -> bool:
        group = await self._permissions(right.scope.group.text, not_older_than)
        if allows(group, right.action):
            return True
        try:
            return allows(await self._permissions(right.scope.text, not_older_than), right.action)
        except PermanentError as error:
            if error.code.lower().endswith("notfound"):  # it is to be created: the group's answer counts
                return False
            raise

    async def _permissions(self, scope: str, not_older_than: float) -> tuple[Json, ...]:
        path = f"{scope}/providers/Microsoft.Authorization/permissions"
        return await self.cached.computed(path, lambda: self._listed(path), not_older_than)

    async def _listed(self, path: str) -> tuple[Json, ...]:
        return tuple([one async for page in self.arm.pages(path, api_version=API) for one in page])
