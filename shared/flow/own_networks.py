"""Reading the virtual networks of a target's own subscription or resource group.

One list of the subscription serves every target there for a minute. What cannot be read raises: it does not
count as none.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from shared.core.base.errors import clean
from shared.core.base.ids import ResourceId
from shared.core.placement.find import OwnNetworks
from shared.core.policy.profile import Scope
from shared.core.readings.networks import NETWORK
from shared.flow.cached_reads import CachedReads


@dataclass(frozen=True, slots=True)
class OwnNetworksReader:
    """Lists networks. One per process."""

    cached: CachedReads

    async def read(self, target: ResourceId, own: Scope, not_older_than: float = 0.0) -> OwnNetworks:
        """The networks of the target's subscription or resource group, by a list that began since then."""
        listed = await self.cached.of_type(NETWORK, target.subscription, not_older_than)
        networks = tuple(
            one for one in listed.value.items if own == "subscription" or one.id.group == target.group
        )
        managed = await managed_among(self.cached, (one.id for one in networks))
        name = f"subscription {target.subscription}" if own == "subscription" else target.group.text
        return OwnNetworks(target, name, networks, managed, listed.at, own)


async def managed_among(cached: CachedReads, networks: Iterable[ResourceId]) -> dict[ResourceId, str]:
    """Those in resource groups that a service manages for itself, and what manages them.

    The workers of Databricks and the nodes of AKS are in such networks. Raises what listing groups raises.
    """
    found = {at: (await cached.group(at)).managed_by for at in networks}
    return {at: clean(manager, 300) for at, manager in found.items() if manager}
