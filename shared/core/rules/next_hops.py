"""Where the clients' subnets send what is for an endpoint: the next hop, as far as it shows in what is read.

System routes follow from peerings, user-defined ones are in route tables. Routes that a gateway learns are in
no body that Causeway reads. Sources: docs/azure/routes.md, RT-08 to RT-15.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from shared.core.base.bodies import Seen
from shared.core.base.ids import ResourceId
from shared.core.readings.networks import connected_remotes, table_of
from shared.core.readings.observed import Observed
from shared.core.rules.path_ends import NO_PARTS, Destination, Parts, clients_in
from shared.core.rules.routes import Route, arrives, least, taking

ENDPOINT, APPLIANCE, GATEWAY, NOT_KNOWN = (
    "InterfaceEndpoint",
    "VirtualAppliance",
    "VirtualNetworkGateway",
    "not known",
)
_KINDS = {one.lower(): one for one in (APPLIANCE, GATEWAY, "VnetLocal", "Internet", "None")}  # RT-07, RT-15


@dataclass(frozen=True, slots=True)
class NextHop:
    """The next hop from one client subnet to one address of an endpoint in `home`.

    `kind`: Azure's name of its type, or that it is not known. `appliance`: its address, if it is one. `by`:
    the route and its table, or what the rest follows from.
    """

    subnet: ResourceId
    home: ResourceId
    address: str
    kind: str
    appliance: str = ""
    by: str = ""


def next_hops(
    network: Seen, destinations: Sequence[Destination], observed: Observed, parts: Parts = NO_PARTS
) -> tuple[NextHop, ...]:
    """One for each subnet of the network that holds clients, and each address."""
    homes = {one.subnet for one in destinations}
    subnets = [subnet for subnet in clients_in(network, parts) if subnet.id not in homes]
    return tuple(
        hop for subnet in subnets for one in destinations for hop in _hops(network, subnet, one, observed)
    )


def _hops(network: Seen, subnet: Seen, to: Destination, observed: Observed) -> Iterator[NextHop]:
    home = to.subnet.parent
    if home is None:
        return
    near = home in (network.id, *connected_remotes(network))
    at = table_of(subnet)
    table = observed.present(at) if at else None
    for address in to.addresses:
        if at and table is None:
            why = f"the table {at.name} could not be read: {observed.refused(at) or 'it does not exist'}"
            yield NextHop(subnet.id, home, address, NOT_KNOWN, by=why)
            continue
        route = taking(table, address, least(to, address, observed) if near else 0) if table else None
        yield _hop(subnet, home, address, route if route and not arrives(route, subnet, to) else None, near)


def _hop(subnet: Seen, home: ResourceId, address: str, route: Route | None, near: bool) -> NextHop:
    if route is not None:
        table = table_of(subnet)
        by = f"route {route.name} of {table.name if table else ''}"
        return NextHop(subnet.id, home, address, _KINDS.get(route.hop, route.hop), route.appliance, by)
    if near:
        by = "its own network" if subnet.id.parent == home else f"the peering with {home.name}"
        return NextHop(subnet.id, home, address, ENDPOINT, by=by)
    why = f"no peering with {home.name}, and no route of its own: a gateway's routes cannot be read"
    return NextHop(subnet.id, home, address, NOT_KNOWN, by=why)
