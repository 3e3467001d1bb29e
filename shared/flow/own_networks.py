"""Reading the virtual networks of a target's own subscription or resource group.

One list serves every target there for a minute. What cannot be read raises: it does not count as none.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from shared.core.base.bodies import Seen, reference
from shared.core.base.errors import clean
from shared.core.base.ids import ResourceId
from shared.core.placement.find import OwnNetworks
from shared.core.policy.profile import Scope
from shared.core.readings.networks import NETWORK
from shared.flow.cached_reads import CachedReads
from shared.ports import ArmReader, Clock

API = "2024-05-01"  # Microsoft.Network: REST references "Virtual Networks - List" and "- List All"


@dataclass(frozen=True, slots=True)
class OwnNetworksReader:
    """Lists networks. One per process."""

    arm: ArmReader
    cached: CachedReads
    clock: Clock

    async def read(self, target: ResourceId, own: Scope, not_older_than: float = 0.0) -> OwnNetworks:
        """The networks of the target's subscription or resource group, by a list that began since then."""
        scope = (
            f"/subscriptions/{target.subscription.lower()}"
            if own == "subscription"
            else target.group.text.lower()
        )
        path = f"{scope}/providers/{NETWORK}"
        at, networks = await self.cached.computed(path, lambda: self._list(path), not_older_than)
        managed = await self._managed(networks)
        words = (
            f"subscription {target.subscription}" if own == "subscription" else f"group {target.group.text}"
        )
        return OwnNetworks(target, words, networks, managed, at)

    async def _list(self, path: str) -> tuple[float, tuple[Seen, ...]]:
        """When the list began, in seconds since 1970, and every network of all its pages."""
        at = self.clock.now().timestamp()
        pages = self.arm.pages(path, api_version=API)
        listed = [(reference(body), body) async for page in pages for body in page]
        return at, tuple(Seen(network, body) for network, body in listed if network)

    async def _managed(self, networks: Iterable[Seen]) -> dict[ResourceId, str]:
        """Those in resource groups that a service manages for itself, such as a Databricks workspace."""
        found = {one.id: (await self.cached.group(one.id)).managed_by for one in networks}
        return {at: clean(manager, 300) for at, manager in found.items() if manager}
