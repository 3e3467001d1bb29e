"""Who resolves the names: the clients' networks, each by its own DNS path, and what cannot be seen of it."""

from collections.abc import Iterator

from shared.core.base.ids import ResourceId
from shared.core.base.refusal import Refusal
from shared.core.catalogue.service_rules import public_suffix
from shared.core.kinds import record
from shared.core.kinds.endpoint import addresses_of
from shared.core.kinds.link import COLLECTION as LINKS
from shared.core.kinds.link import linked_elsewhere
from shared.core.names.dns_path import Answer, Ask, Asker
from shared.core.plan.desired import Desired
from shared.core.readings.networks import AZURE_DNS, dns_servers
from shared.core.readings.observed import Observed


def custom_servers(network: ResourceId, observed: Observed) -> tuple[str, ...]:
    """The DNS servers that a network's clients ask in place of Azure's; a link says nothing about them."""
    body = observed.present(network)
    return dns_servers(body) if body else ()


def asker(zone: ResourceId, desired: Desired, observed: Observed) -> Asker:
    """Follows how clients resolve the target's names in a zone."""
    suffix = f".{public_suffix(zone.name.lower())}"
    found = (observed.present(path.endpoint.id) for path in desired.paths)
    addresses = (one for endpoint in found if endpoint for one in addresses_of(endpoint, observed))
    names = sorted({name.lower() for one in addresses for name in one.fqdns})
    known = tuple(name for name in names if name.endswith(suffix))
    return Asker(zone, observed, desired.linked, desired.servers, known)


def clients(desired: Desired, observed: Observed) -> tuple[ResourceId, ...]:
    """The networks whose clients have to resolve the names, but for those that do not exist."""
    return tuple(one for one in dict.fromkeys(desired.resolvers) if not observed.absent(one))


def questions(desired: Desired, observed: Observed) -> Ask | None:
    """What has to be read before it is known who answers the clients; None where that is known."""
    answers = (one for part in desired.each for one in _answers(part, observed))
    asks = [one for one in answers if isinstance(one, Ask)]
    return Ask.all(asks) if asks else None


def _answers(part: Desired, observed: Observed) -> Iterator[Answer | Ask]:
    """What the clients of one placement get, for each of its zones."""
    networks = clients(part, observed)
    for zone in _zones(part, observed):
        asking = asker(zone, part, observed)
        yield from map(asking.from_network, networks)


def hidden_from(desired: Desired, observed: Observed) -> Refusal | None:
    """A client that the policy does not link, and that Azure's DNS answers from another zone of the name.

    Once the endpoint exists, that zone hides the resource's public name from it: nothing is begun.
    """
    asking_azure = (at for at in clients(desired, observed) if not custom_servers(at, observed))
    unlinked = [at for at in asking_azure if at not in desired.linked]
    for zone in dict.fromkeys(zone.id for path in desired.paths for zone in path.zones):
        known = observed.elsewhere.get(zone.name.lower())
        others = (known.of(at, zone) for at in unlinked) if known else ()
        if other := next((one for one in others if one and not one.fallback), None):
            return linked_elsewhere(other)
    return None


def _zones(desired: Desired, observed: Observed) -> tuple[ResourceId, ...]:
    managed = (zone.id for path in desired.paths for zone in path.zones)
    return tuple(dict.fromkeys((*managed, *desired.external_zones(observed))))


def _is_unproven(network: ResourceId, desired: Desired, observed: Observed) -> bool:
    """Nothing shows how clients resolve one of the zones."""
    found = (asker(zone, desired, observed).from_network(network) for zone in _zones(desired, observed))
    return any(isinstance(one, Answer) and one.holds is None for one in found)


def findings(desired: Desired, observed: Observed) -> tuple[str, ...]:
    """What an operator should know though it is no failure: where it cannot be seen how names resolve."""
    managed = [zone.id for path in desired.paths for zone in path.zones]
    external = desired.external_zones(observed)
    names = sorted({zone.name for zone in (*managed, *external)})
    custom = [network for network in desired.resolvers if custom_servers(network, observed)]
    parts = [(part, frozenset(part.resolvers)) for part in desired.each]
    asking = [
        network
        for network in custom
        if any(network in own and _is_unproven(network, part, observed) for part, own in parts)
    ]
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
