"""Which clients belong to one of several placements: those that resolve its zones."""

from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_address

from shared.core.base.ids import ResourceId
from shared.core.policy.intent import Connect
from shared.core.policy.networks import Networks
from shared.core.readings.networks import address_space, dns_servers
from shared.core.readings.observed import Observed


def with_own_clients(connect: Connect, observed: Observed) -> Connect:
    """The request without clients whose DNS servers are in networks of other placements.

    A client that is linked to no placement and asks a server of none may get any address: it belongs to all.
    """
    if not connect.placement:
        return connect
    reach = connect.reach
    others = frozenset(at for at in reach.clients if _is_of_others(at, connect.placement, reach, observed))
    clients = tuple(at for at in reach.clients if at not in others)
    parts = {at: subnets for at, subnets in reach.parts.items() if at not in others}
    return replace(connect, networks=replace(reach, clients=clients, parts=parts))


def _is_of_others(client: ResourceId, placement: str, reach: Networks, observed: Observed) -> bool:
    if client in reach.linked.get(placement, ()):
        return False
    asked = frozenset(_asked(client, reach, observed))
    found = {name for name, linked in reach.linked.items() if asked.intersection(linked)}
    return bool(found) and placement not in found


def _asked(client: ResourceId, reach: Networks, observed: Observed) -> Iterator[ResourceId]:
    """The networks that answer a client: as the policy says of a server, or where its address is."""
    body = observed.present(client)
    linked = dict.fromkeys(at for ids in reach.linked.values() for at in ids)
    for address in dns_servers(body) if body else ():
        yield from reach.servers.get(address, ())
        yield from (at for at in linked if _holds(at, address, observed))


def _holds(network: ResourceId, address: str, observed: Observed) -> bool:
    body = observed.present(network)
    try:
        return body is not None and any(ip_address(address) in one for one in address_space(body))
    except ValueError:
        return False
