"""Reading Azure for one target: first what stands around it, then just the objects that are wished for.

Place in the data's way: makes `Surroundings` and `Observed`. Independent reads run at once. For a target
that is connected already, by one endpoint, this costs three requests beside the target's own:
endpoint, network interface, zone group.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace

from shared.core.base.bodies import Seen, mapping, reference, sequence
from shared.core.base.errors import BlockedError
from shared.core.base.ids import ResourceId
from shared.core.base.target import Target
from shared.core.kinds import link, peering, rule, zone_group
from shared.core.kinds.addresses import told_by
from shared.core.kinds.endpoint import Endpoint, nic_of
from shared.core.kinds.kind import Wanted
from shared.core.kinds.link import Link
from shared.core.kinds.peering import Peering, peerings_of
from shared.core.kinds.rule import Rule
from shared.core.kinds.security_group import SecurityGroup
from shared.core.kinds.subnet_policy import SubnetPolicy
from shared.core.kinds.zone import Zone
from shared.core.kinds.zone_group import ZoneGroup
from shared.core.placement.sites import subnet_in
from shared.core.plan.desired import Desired
from shared.core.readings.observed import Observed, Surroundings
from shared.core.rules.egress import groups_in
from shared.flow.cached_reads import SharedReads, seen, seen_all
from shared.flow.names import Names
from shared.ports import Arm


class Observer:
    """Reads through `arm` what one target owns, through `shared` what many targets use."""

    def __init__(self, arm: Arm, shared: SharedReads) -> None:
        self._arm = arm
        self._shared = shared
        self._names = Names(arm, shared)

    async def around(
        self,
        target: Target,
        subnets: Iterable[ResourceId],
        clients: Iterable[ResourceId],
        ours: Iterable[ResourceId],
        filtered: Iterable[ResourceId],
    ) -> Surroundings:
        """Networks of candidates and clients, and the endpoints that others connected to the target.

        `ours` are endpoint ids that need no look here: ours in every candidate subnet. `filtered` are the
        clients whose subnets' security groups count.
        """
        parents = {*(subnet.parent for subnet in subnets), *clients}
        wanted = sorted((parent for parent in parents if parent), key=lambda parent: parent.key)
        own = set(ours)
        others = {c.endpoint_id for c in target.connections if c.endpoint_id and c.endpoint_id not in own}
        ordered = sorted(others, key=lambda other: other.key)
        (networks, filters), rivals = await asyncio.gather(
            self._networks(wanted, filtered),
            asyncio.gather(*(self._rival(other) for other in ordered)),
        )
        found = [rival for rival in rivals if rival and not isinstance(rival, BlockedError)]
        read = (*filters.items(), *zip(ordered, rivals, strict=True))
        return Surroundings(
            networks=networks,
            rivals=tuple(endpoint for endpoint, _ in found),
            rival_zone_groups={endpoint.id: groups for endpoint, groups in found},
            groups={at: one for at, one in filters.items() if not isinstance(one, BlockedError)},
            hidden={at: str(one) for at, one in read if isinstance(one, BlockedError)},
        )

    async def renewed(self, around: Surroundings) -> Surroundings:
        """What stands around, with the networks as they are now and not as they are held."""
        bodies = await asyncio.gather(*(self._arm.get(network) for network in around.networks))
        newer = {at: seen(at, body) for at, body in zip(around.networks, bodies, strict=True)}
        return replace(around, networks=newer)

    async def _networks(
        self, wanted: Iterable[ResourceId], filtered: Iterable[ResourceId]
    ) -> tuple[dict[ResourceId, Seen | None], dict[ResourceId, Seen | BlockedError | None]]:
        """Networks, and the security groups of those whose rules count."""
        networks = await _each(self._shared.get, wanted)
        return networks, await _each(self._group, groups_in(networks[at] for at in filtered))

    async def _group(self, at: ResourceId) -> Seen | BlockedError | None:
        """A client's security group, or why it cannot be read: that is no fault of the endpoint's side."""
        try:
            return await self._shared.get(at)
        except BlockedError as error:
            return error

    async def observe(self, desired: Desired, known: Observed) -> Observed:
        """Read every wished-for object that nobody looked at yet in this walk.

        Links and zone groups are known by the collections that hold them, as any name may answer the need.
        """
        parts = await asyncio.gather(*(self._look(want, known) for want in desired.objects()))
        view = known
        for objects, collections in parts:
            for (parent, name), members in collections.items():
                view = view.listing(parent, name, members)
            view = view.having(objects)
        return await self._names.look(desired, view)

    async def interfaces(self, desired: Desired, view: Observed) -> Observed:
        """Read the network interfaces of endpoints that stand by now and do not tell their names themselves.

        Where an endpoint tells them, its interface is read by the next walk. An endpoint names its interface
        before everybody finds it there: a 404 is asked again.
        """
        endpoints = [view.objects.get(leg.endpoint.id) for leg in desired.legs]
        silent = [endpoint for endpoint in endpoints if endpoint and not told_by(endpoint)]
        nics = [nic for endpoint in silent if (nic := nic_of(endpoint))]
        unread = [nic for nic in nics if view.objects.get(nic) is None]
        bodies = await asyncio.gather(*(self._arm.get(nic) for nic in unread))
        return view.having({nic: seen(nic, body) for nic, body in zip(unread, bodies, strict=True)})

    async def _look(self, want: object, known: Observed) -> _Part:
        match want:
            case Endpoint() if not known.looked_at(want.id):
                return await self._endpoint(want)
            case Zone() if not known.looked_at(want.id):
                return {want.id: await self._shared.get(want.id)}, {}
            case Link() if (want.zone, link.COLLECTION) not in known.collections:
                return {}, {(want.zone, link.COLLECTION): await self._links(want.zone)}
            case Peering() if not known.looked_at(want.local) or not known.looked_at(want.remote):
                seen_networks = await asyncio.gather(*map(self._shared.get, (want.local, want.remote)))
                return peered(dict(zip((want.local, want.remote), seen_networks, strict=True)))
            case SubnetPolicy() if want.id.parent and not known.looked_at(want.id):
                network = await self._shared.get(want.id.parent)
                return {want.id: subnet_in({want.id.parent: network}, want.id)}, {}
            case SecurityGroup() if not known.looked_at(want.id):
                return ruled(want.id, await self._shared.get(want.id))
            case Rule() if not known.looked_at(want.nsg):
                return ruled(want.nsg, await self._shared.get(want.nsg))
            case Endpoint() | Zone() | Link() | ZoneGroup() | Peering():
                return {}, {}  # read already; a zone group with its endpoint
            case SecurityGroup() | SubnetPolicy() | Rule():
                return {}, {}  # read already
            case _:
                raise TypeError(f"nobody knows how to look at {type(want).__name__}")

    async def refreshed(self, view: Observed, written: Sequence[Wanted]) -> Observed:
        """Read anew what a write to something else has moved: both halves of a peering move together.

        A group that a neighbour made meanwhile may hold rules that nobody here has seen: its body lists them.
        """
        for want in written:
            if isinstance(want, SecurityGroup):
                view = _with_rules(view, want.id)
        networks = {at for want in written if isinstance(want, Peering) for at in (want.local, want.remote)}
        ordered = sorted(networks, key=lambda network: network.key)
        bodies = await asyncio.gather(*(self._arm.get(network) for network in ordered))
        objects, collections = peered({at: seen(at, b) for at, b in zip(ordered, bodies, strict=True)})
        for (parent, name), members in collections.items():
            view = view.listing(parent, name, members)
        return view.having(objects)

    async def _links(self, zone: ResourceId) -> tuple[Seen, ...]:
        if await self._shared.get(zone) is None:
            return ()
        return await self._shared.list(zone, link.COLLECTION)

    async def _endpoint(self, want: Endpoint) -> _Part:
        body = await self._arm.get(want.id)
        if body is None:
            return {want.id: None}, {(want.id, zone_group.COLLECTION): ()}
        endpoint = Seen(want.id, body)
        nic = nic_of(endpoint)
        groups, interface = await asyncio.gather(
            self._arm.list(want.id, zone_group.COLLECTION),
            self._arm.get(nic) if nic and not endpoint.busy else _nothing(),
        )
        objects: dict[ResourceId, Seen | None] = {want.id: endpoint}
        if nic and not endpoint.busy:
            objects[nic] = seen(nic, interface)
        return objects, {(want.id, zone_group.COLLECTION): seen_all(groups)}

    async def _rival(self, other: ResourceId) -> tuple[Seen, tuple[Seen, ...]] | BlockedError | None:
        """Somebody else's endpoint with its zone groups, or why it cannot be read: it may be anybody's."""
        try:
            body = await self._arm.get(other)
            if body is None:
                return None
            return Seen(other, body), seen_all(await self._arm.list(other, zone_group.COLLECTION))
        except BlockedError as error:
            return error


def peered(networks: dict[ResourceId, Seen | None]) -> _Part:
    """Networks with the peerings that their own bodies list."""
    halves = {(at, peering.COLLECTION): peerings_of(body) if body else () for at, body in networks.items()}
    return networks, halves


def ruled(group: ResourceId, body: Seen | None) -> _Part:
    """A network security group with the rules that its own body lists."""
    return {group: body}, {(group, rule.COLLECTION): rules_in(body) if body else ()}


def _with_rules(view: Observed, group: ResourceId) -> Observed:
    """The view with the rules that a group's body lists, and with what was read or written of them since."""
    body, known = view.objects.get(group), view.listed(group, rule.COLLECTION)
    listed = {one.id: one for one in (*(rules_in(body) if body else ()), *known)}
    return view.listing(group, rule.COLLECTION, tuple(listed.values()))


def rules_in(group: Seen) -> tuple[Seen, ...]:
    """The group's rules, each under its own id."""
    entries = (mapping(entry) for entry in sequence(group.properties.get(rule.COLLECTION)))
    return tuple(Seen(at, entry) for entry in entries if (at := reference(entry)))


async def _each[T](
    read: Callable[[ResourceId], Awaitable[T]], ids: Iterable[ResourceId]
) -> dict[ResourceId, T]:
    """Read these at once."""
    wanted = tuple(ids)
    return dict(zip(wanted, await asyncio.gather(*map(read, wanted)), strict=True))


type _Part = tuple[dict[ResourceId, Seen | None], dict[tuple[ResourceId, str], tuple[Seen, ...]]]


async def _nothing() -> None:
    return None
