"""Who resolves the names: zones that someone else keeps, and networks that ask custom DNS servers."""

from collections.abc import Iterator

from shared.core.base.ids import ResourceId
from shared.core.kinds import record
from shared.core.kinds.link import COLLECTION as LINKS
from shared.core.plan.desired import Desired
from shared.core.readings.networks import AZURE_DNS, dns_servers
from shared.core.readings.observed import Observed


def unprovable(network: ResourceId, observed: Observed) -> str | None:
    """Why it cannot be shown whom the network's clients ask for names; None where they ask Azure's own DNS.

    The answers of other DNS servers cannot be read through Azure Resource Manager. Servers that are known to
    forward to a linked network (inbound endpoints of a Private Resolver, for example) would be judged here.
    """
    if not observed.known(network):
        return f"{network.text} could not be read: {observed.refused(network) or 'it was not asked for'}"
    servers = ", ".join(custom_servers(network, observed))
    return f"the clients of {network.name} ask the DNS servers {servers}" if servers else None


def custom_servers(network: ResourceId, observed: Observed) -> tuple[str, ...]:
    """The DNS servers that a network's clients ask in place of Azure's; a link says nothing about them."""
    body = observed.present(network)
    return dns_servers(body) if body else ()


def findings(desired: Desired, observed: Observed) -> tuple[str, ...]:
    """What an operator should know though it is no failure: where it cannot be seen how names resolve."""
    managed = [zone.id for path in desired.paths for zone in path.zones]
    external = desired.external_zones(observed)
    names = sorted({zone.name for zone in (*managed, *external)})
    asking = [network for network in desired.resolvers if custom_servers(network, observed)]
    return (
        *(_forwarding(network, names, observed) for network in asking if names),
        *(_unseen(at, why) for at, why in _unread_endpoints(desired, observed)),
        *(
            f"the records of {zone.text} could not be listed, so the zone group's report was taken: {why}"
            for zone in dict.fromkeys(managed)
            if (why := observed.refused(zone, record.COLLECTION))
        ),
        *(
            f"{at.text} could not be read, so it was not checked that clients resolve the names: {why}"
            for at, why in _unread_networks_and_zones(desired, external, observed)
        ),
    )


def _unread_networks_and_zones(
    desired: Desired, external: tuple[ResourceId, ...], observed: Observed
) -> Iterator[tuple[ResourceId, str]]:
    for network in desired.resolvers:
        if why := observed.refused(network):
            yield network, why
    for zone in external:
        if why := observed.refused(zone, LINKS):
            yield zone, why


def _unread_endpoints(desired: Desired, observed: Observed) -> Iterator[tuple[ResourceId, str]]:
    """Endpoints that others connected to the same groups of the target, as far as it reports them."""
    ours = {path.group.group_id.lower() for path in desired.paths}
    for connection in desired.target.connections:
        groups = {group.lower() for group in connection.group_ids}
        at = connection.endpoint_id
        if at and (not groups or groups & ours) and (why := observed.refused(at)):
            yield at, why


def _unseen(at: ResourceId, why: str) -> str:
    return (
        f"the endpoint {at.text}, connected to the same resource, could not be read, so it is not known "
        f"whether it keeps the resource's name: {why}"
    )


def _forwarding(network: ResourceId, zones: list[str], observed: Observed) -> str:
    servers = ", ".join(custom_servers(network, observed))
    return (
        f"clients in {network.name} ask the DNS servers {servers}: those must forward {', '.join(zones)} to "
        f"Azure DNS ({AZURE_DNS}) from a network that is linked there"
    )
