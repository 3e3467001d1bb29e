"""Which networks are peered: clients with the endpoints' networks, or all of them with a hub."""

import functools
from collections.abc import Iterable
from dataclasses import replace

from shared.core.base.ids import ResourceId, digest
from shared.core.base.regions import region_key
from shared.core.kinds.endpoint import Endpoint
from shared.core.kinds.peering import COLLECTION, Peering, peering_id
from shared.core.policy.intent import Connect
from shared.core.policy.profile import Flag
from shared.core.policy.style import Style
from shared.core.readings.embedded import peerings_of
from shared.core.readings.networks import peering_to, remote_of
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
    flags = peering.hub, peering.spoke
    halves = _halves(pairs, (*subnets, *parts), *flags, write=peering.mode == "ensure")
    return tuple(_named(half, pair, connect.style, observed) for half, pair in halves)


type _Pair = tuple[ResourceId, ResourceId]  # a hub, and what is peered with it


def _named(half: Peering, pair: _Pair, style: Style, observed: Observed) -> Peering:
    """With the name of the policy's template, for a half that is yet to be made."""
    if not style.naming.peering:
        return half
    ways = _both_ways(half.local, half.remote)
    at, other = (_id(local, remote, pair, style, observed) for local, remote in ways)
    return replace(half, id=at, other=other, unique=style.has("peering", "hash"))


def _id(local: ResourceId, remote: ResourceId, pair: _Pair, style: Style, observed: Observed) -> ResourceId:
    """By the template; the usual one where a half to another network, as names repeat, has that name."""
    plain, (hub, spoke) = peering_id(local, remote), pair
    fields = {"local": local.name, "remote": remote.name, "hub": hub.name, "spoke": spoke.name}
    name = style.name("peering", {**fields, "hash": digest(remote.key)})
    named, body = local.child(COLLECTION, name or plain.name), observed.present(local)
    taken = peerings_of(body).member(named) if body else None
    return plain if taken and remote_of(taken) != remote else named


def _both_ways(one: ResourceId, other: ResourceId) -> tuple[_Pair, _Pair]:
    return (one, other), (other, one)


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
    pairs: tuple[_Pair, ...],
    subnets: tuple[ResourceId, ...],
    hub: tuple[Flag, ...],
    spoke: tuple[Flag, ...],
    *,
    write: bool,
) -> tuple[tuple[Peering, _Pair], ...]:
    """Each half, with the pair of networks that it is of."""
    return tuple(
        (Peering(peering_id(local, remote), local, remote, write=write, subnets=subnets, asked=flags), pair)
        for pair in pairs
        for (local, remote), flags in zip(_both_ways(*pair), (hub, spoke), strict=True)
    )
