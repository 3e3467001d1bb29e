"""The report on routes (`routes: report`), and what it shows of paths that go through a hub."""

from collections.abc import Iterable, Iterator
from ipaddress import ip_address
from typing import Any

from shared.core.base.bodies import Seen
from shared.core.base.ids import ResourceId
from shared.core.kinds.endpoint import addresses_of
from shared.core.outcome.check import Check, not_provable
from shared.core.plan.desired import Desired
from shared.core.plan.desired_peerings import hub_of
from shared.core.plan.desired_rules import used_ports
from shared.core.readings.networks import address_space, connected, connected_remotes, peering_to
from shared.core.readings.observed import Observed
from shared.core.rules.addresses import is_prefix
from shared.core.rules.next_hops import APPLIANCE, GATEWAY, NextHop, next_hops
from shared.core.rules.path_ends import Destination

THROUGH = "clients reach the endpoints through the hub"


def route_report(desired: Desired, observed: Observed) -> tuple[NextHop, ...]:
    """The next hop of each client subnet to each address; none where the policy does not ask for it."""
    networks = (body for at in desired.routed if (body := observed.present(at)))
    ends = _destinations(desired, observed)
    return tuple(hop for one in networks for hop in next_hops(one, ends, observed, desired.parts))


def through_hub(desired: Desired, hops: Iterable[NextHop], observed: Observed) -> Iterator[Check]:
    """Clients and endpoints that are not peered with each other, and only with a hub."""
    reported = tuple(hops)
    homes = dict.fromkeys(home for path in desired.paths if (home := path.endpoint.subnet.parent))
    for home in homes if desired.hubs else ():
        hub = hub_of(home, desired.hubs, observed)
        for client in desired.peered:
            body = observed.present(client)
            if body and client not in (home, hub) and home != hub and home not in connected_remotes(body):
                own = [one for one in reported if one.home == home and one.subnet.parent == client]
                yield _through(body, hub, home, own, observed)


def _through(
    client: Seen, hub: ResourceId, home: ResourceId, hops: list[NextHop], observed: Observed
) -> Check:
    """Two peerings that let forwarded traffic pass, and routes that lead to the hub."""
    subject = f"{client.id.name} -> {hub.name} -> {home.name}"
    if not hops:
        why = "routes are reported only with routes: report, once the endpoint has an address"
        return not_provable(THROUGH, subject, why)
    doubt = next(_doubts(client, hub, home, hops, observed), None)
    if doubt:
        return not_provable(THROUGH, subject, doubt)
    ways = ", ".join(dict.fromkeys(f"{one.kind} {one.appliance}".strip() for one in hops))
    return Check(THROUGH, subject, True, f"{ways}, and both peerings let forwarded traffic pass")


def _doubts(
    client: Seen, hub: ResourceId, home: ResourceId, hops: list[NextHop], observed: Observed
) -> Iterator[str]:
    for local in (client.id, home):
        half = _half(local, hub, observed)
        if half is None or not connected(half):
            yield f"{local.name} has no peering with {hub.name} that is Connected and in sync"
        elif half.properties.get("allowForwardedTraffic") is not True:
            yield f"the peering {half.id.name} of {local.name} does not allow forwarded traffic"
    for hop in hops:
        if not _leads_to(hop, client.id, hub, observed):
            way = f"{hop.kind} {hop.appliance}".strip()
            yield f"the next hop of {hop.subnet.name} to {hop.address} is {way} ({hop.by})"


def _leads_to(hop: NextHop, client: ResourceId, hub: ResourceId, observed: Observed) -> bool:
    """The next hop is an appliance in the hub, or the hub's gateway, which the client's half uses."""
    body = observed.present(hub)
    if hop.kind == APPLIANCE and body and is_prefix(hop.appliance):
        return any(ip_address(hop.appliance) in one for one in address_space(body))
    half, other = _half(client, hub, observed), _half(hub, client, observed)
    used = half is not None and half.properties.get("useRemoteGateways") is True
    offered = other is not None and other.properties.get("allowGatewayTransit") is True
    return hop.kind == GATEWAY and used and offered


def _half(local: ResourceId, remote: ResourceId, observed: Observed) -> Seen | None:
    body = observed.present(local)
    return peering_to(body, remote) if body else None


def _destinations(desired: Desired, observed: Observed) -> list[Destination]:
    found: list[Destination] = []
    for path in desired.paths:
        endpoint = observed.present(path.endpoint.id)
        ips = tuple(one.ip for one in addresses_of(endpoint, observed)) if endpoint else ()
        found.append(Destination(path.endpoint.subnet, ips, used_ports(path.group)))
    return [one for one in found if one.addresses]


def record(hops: Iterable[NextHop]) -> list[dict[str, Any]]:
    """The report as JSON: subnets whose next hop to an address is the same are one entry."""
    grouped: dict[tuple[str, str, str, str], list[str]] = {}
    for one in hops:
        network = one.subnet.parent
        name = f"{network.name if network else ''}/{one.subnet.name}"
        grouped.setdefault((one.address, one.kind, one.appliance, one.by), []).append(name)
    return [
        {"to": to, "next_hop": kind, "appliance": appliance, "by": by, "subnets": subnets}
        for (to, kind, appliance, by), subnets in grouped.items()
    ]
