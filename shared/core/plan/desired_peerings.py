"""Which networks are peered: clients with the endpoints' networks, or all of them with a hub."""

import functools
from collections.abc import Iterable, Iterator

from shared.core.base.ids import ResourceId
from shared.core.base.regions import region_key
from shared.core.kinds.endpoint import Endpoint
from shared.core.kinds.peering import Peering, peering_id
from shared.core.policy.intent import Connect
from shared.core.policy.profile import Flag
from shared.core.readings.networks import peering_to
from shared.core.readings.observed import Observed


def peerings(
    connect: Connect, endpoints: Iterable[Endpoint], clients: tuple[ResourceId, ...], observed: Observed
) -> tuple[Peering, ...]:
    """Both halves of each pair of networks that must be peered; none within one network.

    Without a hub (`peering.through`) each client is peered with each network that holds an endpoint. Beside
    one, each of these is peered with the hub alone.
    """
    peering = connect.profile.peering
    if peering.mode == "ignore":
        return ()
    subnets = tuple(dict.fromkeys(one.subnet for one in endpoints))
    every = (at for one in connect.reach.parts.values() for at in one)
    parts = tuple(sorted(every, key=lambda at: at.key))
    homes = dict.fromkeys(home for subnet in subnets if (home := subnet.parent))
    pairs = tuple(
        dict.fromkeys(
            (hub, other)
            for home in homes
            for hub in (hub_of(home, connect.reach.hubs, observed),)
            for other in (*clients, home)
            if other != hub
        )
    )
    return _halves(pairs, (*subnets, *parts), peering.hub, peering.spoke, write=peering.mode == "ensure")


def hub_of(home: ResourceId, hubs: tuple[ResourceId, ...], observed: Observed) -> ResourceId:
    """The network that a path to an endpoint in `home` goes through: without hubs, `home` itself.

    Of several hubs it is the one that `home` is peered with already, then one in its region, then the first.
    """
    if not hubs or home in hubs:
        return home
    body = observed.present(home)
    region = _region(home, observed)
    peered = (hub for hub in hubs if body and peering_to(body, hub))
    near = (hub for hub in hubs if region and _region(hub, observed) == region)
    return next(peered, None) or next(near, None) or hubs[0]


def _region(network: ResourceId, observed: Observed) -> str:
    body = observed.present(network)
    return region_key(str(body.body.get("location") or "")) if body else ""


@functools.lru_cache(maxsize=1024)
def _halves(
    pairs: tuple[tuple[ResourceId, ResourceId], ...],
    subnets: tuple[ResourceId, ...],
    hub: tuple[Flag, ...],
    spoke: tuple[Flag, ...],
    *,
    write: bool,
) -> tuple[Peering, ...]:
    return tuple(
        Peering(peering_id(local, remote), local, remote, write=write, subnets=subnets, asked=flags)
        for pair in pairs
        for local, remote, flags in _sides(*pair, hub, spoke)
    )


def _sides(
    hub: ResourceId, other: ResourceId, of_hub: tuple[Flag, ...], of_other: tuple[Flag, ...]
) -> Iterator[tuple[ResourceId, ResourceId, tuple[Flag, ...]]]:
    yield hub, other, of_hub
    yield other, hub, of_other
