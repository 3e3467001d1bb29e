"""How many addresses and endpoints fit: what an endpoint takes, and what a subnet and a network have left.

An endpoint takes one address for each member that its group requires, and only the target's own list names
those (docs/azure/private-endpoints.md, PE-26; docs/azure/targets.md, TGT-12: Cosmos DB one for the account
and one for each region, a container registry two and more). Endpoints over peered networks are limited
together, and beyond that limit Azure refuses nothing: connections get worse, so it is counted here.
Sources: Microsoft Learn, "Azure subscription and service limits" (private link) and "Increase private
endpoint virtual network limits" (`privateEndpointVNetPolicies: Basic`, the high-scale mode).
"""

import ipaddress
from collections.abc import Iterable, Mapping

from shared.core.base.bodies import Json, Seen, mapping, sequence
from shared.core.base.ids import ResourceId
from shared.core.readings.embedded import subnets_of
from shared.core.readings.networks import endpoints_in, prefixes_in

RESERVED = 5  # Azure keeps the first four addresses and the last of every subnet (Microsoft Learn: VNet FAQ)
# With so many free addresses for each new endpoint it need not be asked how many it takes: the most that is
# documented for one group are the 25 of Azure Backup in some regions (Microsoft Learn: "Private endpoints for
# Azure Backup"; its second version takes 10).
PLENTY = 32
PER_NETWORK, PER_NETWORK_HIGH_SCALE = 1000, 5000
OVER_PEERED, OVER_PEERED_HIGH_SCALE = 4000, 20_000

# What an endpoint takes at least, for types whose list cannot be read; one for every other type. Sources:
# Microsoft Learn, "Design your Azure Monitor private link setup" (11), "Connect privately to an Azure
# container registry" (registry and data endpoint), "Replicate machines with private endpoints" (Site
# Recovery: five), "Configure Azure Private Link for Azure Cosmos DB" (account and region);
# docs/azure/targets.md, TGT-20 (Storage Sync: four).
_LEAST = {
    "microsoft.insights/privatelinkscopes": 11,
    "microsoft.containerregistry/registries": 2,
    "microsoft.recoveryservices/vaults": 5,
    "microsoft.documentdb/databaseaccounts": 2,
    "microsoft.storagesync/storagesyncservices": 4,
}


def addresses_needed(kind: str, groups: Iterable[str], listed: Iterable[Json] | None) -> dict[str, int]:
    """Addresses for each group id, from `privateLinkResources`; `listed` is None where it cannot be read.

    Storage's secondaries and Cosmos DB's dedicated gateway are never listed (docs/azure/targets.md, TGT-13):
    they count as their primary. What is not listed either way counts one.
    """
    keys = [group.lower() for group in groups]
    if listed is None:
        return dict.fromkeys(keys, _LEAST.get(kind.lower(), 1))
    known: dict[str, int] = {}
    for properties in (mapping(mapping(entry).get("properties")) for entry in listed):
        group = str(properties.get("groupId") or "").lower()
        known[group] = max(known.get(group, 1), len(sequence(properties.get("requiredMembers"))))
    return {key: known.get(key) or known.get(_primary(key), 1) for key in keys}


def required_members(listed: Iterable[Json] | None) -> dict[str, tuple[str, ...]]:
    """The members that each group requires, from `privateLinkResources`, by lower-case group id."""
    entries = [mapping(mapping(entry).get("properties")) for entry in listed or ()]
    return {
        str(one.get("groupId") or "").lower(): tuple(map(str, sequence(one.get("requiredMembers"))))
        for one in entries
    }


def _primary(group: str) -> str:
    return "sql" if group == "sqldedicated" else group.removesuffix("_secondary")


def free_addresses(subnet: Seen) -> int:
    """IPv4 addresses that Azure could still assign in a subnet, as a virtual network lists it."""
    return subnet.parsed(_free_addresses)


def _free_addresses(subnet: Seen) -> int:
    networks = (ipaddress.ip_network(text, strict=False) for text in prefixes_in(subnet.properties))
    sizes = [network.num_addresses - RESERVED for network in networks if network.version == 4]
    return max(0, sum(sizes) - len(sequence(subnet.properties.get("ipConfigurations"))))


def endpoint_count(network: Seen) -> int:
    """The private endpoints in a network, from the lists of its subnets; each counted once."""
    return network.parsed(_endpoint_count)


def _endpoint_count(network: Seen) -> int:
    return len({at for subnet in subnets_of(network).items for at in endpoints_in(subnet)})


def high_scale(network: Seen) -> bool:
    """The network was opted in to higher limits."""
    return str(network.properties.get("privateEndpointVNetPolicies") or "").lower() == "basic"


def crowded(network: Seen, peered: Mapping[ResourceId, int], new: int = 1) -> str | None:
    """Why the network cannot take so many new endpoints, with the numbers; None if it can.

    `peered`: how many endpoints each network has that this one is peered with.
    """
    wide = high_scale(network)
    own, limit = endpoint_count(network), PER_NETWORK_HIGH_SCALE if wide else PER_NETWORK
    if own + new > limit:
        return f"{network.id.name} has {own} private endpoints and would get {new} more; Azure allows {limit}"
    others = sum(count for at, count in peered.items() if at != network.id)
    limit = OVER_PEERED_HIGH_SCALE if wide else OVER_PEERED
    if own + others + new > limit:
        return (
            f"{network.id.name} and the networks peered with it have {own + others} private endpoints and "
            f"would get {new} more; connections degrade beyond {limit}"
        )
    return None
