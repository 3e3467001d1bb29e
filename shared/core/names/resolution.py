"""Who resolves the names: zones that somebody else keeps, and networks that ask DNS servers of their own.

Place in the data's way: between `Observed` and the proof, which checks the links of such zones, and the
ending, which tells what no check can see.
"""

from collections.abc import Iterator

from shared.core.base.bodies import Seen, mapping, sequence
from shared.core.base.ids import ResourceId
from shared.core.kinds import zone_group
from shared.core.kinds.zone_group import zone_ids
from shared.core.plan.desired import Desired
from shared.core.readings.observed import Observed

AZURE_DNS = "168.63.129.16"  # Microsoft Learn: "What is IP address 168.63.129.16?"


def kept_elsewhere(desired: Desired, observed: Observed) -> tuple[ResourceId, ...]:
    """The zones to which zone groups of somebody else write, wherever those are."""
    groups = (
        group
        for leg in desired.legs
        if leg.external
        for group in observed.listed(leg.endpoint.id, zone_group.COLLECTION)
    )
    return tuple(sorted({zone for group in groups for zone in zone_ids(group)}, key=lambda zone: zone.key))


def own_servers(network: Seen | None) -> tuple[str, ...]:
    """The DNS servers that a network's clients ask in place of Azure's; a link says nothing about them."""
    options = mapping(network.properties.get("dhcpOptions")) if network else {}
    servers = tuple(map(str, sequence(options.get("dnsServers"))))
    return servers if set(servers) - {AZURE_DNS} else ()


def findings(desired: Desired, observed: Observed) -> tuple[str, ...]:
    """What an operator should hear though it is no fault: where nobody here can see how names resolve."""
    zones = [zone for leg in desired.legs for zone in (one.id for one in leg.zones)]
    named = sorted({zone.name for zone in (*zones, *kept_elsewhere(desired, observed))})
    return (
        *(_forwarding(network, named, observed) for network in _asking_others(desired, observed) if named),
        *(_unseen(at, why) for at, why in _unseen_rivals(desired, observed)),
        *(
            f"the records of {zone.text} could not be listed, so the zone group was believed: {why}"
            for zone, why in observed.unlisted.items()
        ),
        *(
            f"{at.text} could not be read, so it was not checked that clients resolve the names: {why}"
            for at, why in observed.unreadable.items()
        ),
    )


def _unseen_rivals(desired: Desired, observed: Observed) -> Iterator[tuple[ResourceId, str]]:
    """Endpoints that others connected to the same groups of the target, as far as it tells."""
    ours = {leg.group.group_id.lower() for leg in desired.legs}
    for connection in desired.target.connections:
        groups = {group.lower() for group in connection.group_ids}
        at = connection.endpoint_id
        if at and at in observed.around.hidden and (not groups or groups & ours):
            yield at, observed.around.hidden[at]


def _unseen(rival: ResourceId, why: str) -> str:
    return (
        f"the endpoint {rival.text}, connected to the same resource, could not be read, so nobody here knows "
        f"whether it keeps the resource's name: {why}"
    )


def _asking_others(desired: Desired, observed: Observed) -> tuple[ResourceId, ...]:
    return tuple(one for one in desired.resolvers if own_servers(observed.objects.get(one)))


def _forwarding(network: ResourceId, zones: list[str], observed: Observed) -> str:
    servers = ", ".join(own_servers(observed.objects.get(network)))
    return (
        f"clients in {network.name} ask the DNS servers {servers}: those must forward {', '.join(zones)} to "
        f"Azure DNS ({AZURE_DNS}) from a network that is linked there"
    )
