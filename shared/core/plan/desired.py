"""Every object that must exist for one target under one profile.

It is built from who asked for what, where the endpoints go, and what was read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from shared.core.base.bodies import Seen
from shared.core.base.errors import BlockedError, CausewayError, NotAttempted, PermanentError
from shared.core.base.ids import ResourceId
from shared.core.base.refusal import Refusal
from shared.core.base.target import Target
from shared.core.catalogue.catalogue import Catalogue
from shared.core.kinds import zone_configs, zone_group
from shared.core.kinds.kind import Wanted
from shared.core.kinds.peering import Peering
from shared.core.kinds.record import record_id, record_read
from shared.core.kinds.rule import Rule
from shared.core.kinds.security_group import SecurityGroup
from shared.core.kinds.subnet_policy import SubnetPolicy
from shared.core.placement.surroundings import judged, routed
from shared.core.plan.desired_peerings import peerings
from shared.core.plan.desired_rules import (
    new_groups,
    rules,
    subnet_policies,
    waits_for_addresses,
)
from shared.core.plan.group_path import GroupPath, Request, group_path, reported_addresses
from shared.core.policy.intent import Connect, Declined
from shared.core.policy.networks import Networks
from shared.core.readings.networks import dns_servers
from shared.core.readings.observed import Observed
from shared.core.readings.reading import Read
from shared.core.rules.path_ends import NO_PARTS, Parts


@dataclass(frozen=True, slots=True)
class Desired:
    """All paths of one target, and what lies between them and the clients.

    `addressed` is False while rules wait for an endpoint's addresses. `clients` are the networks whose own
    security rules must let the traffic out (none where the profile ignores rules), `resolvers` those whose
    clients have to resolve the names. `connections`: the target's list of its private endpoint connections.
    `missing`: client networks and subnets that do not exist. `parts`: the subnets that are clients, of those
    networks that are no clients as a whole. `linked`: the networks that are linked to the zones, `servers`:
    those from whose zones a DNS server answers, by its address. `unread`: why more networks may be clients.
    `routed`: client networks whose next hops are reported. `hubs`: the networks that peerings of the `peered`
    client networks go through.
    `denies`: everybody else is to be denied at the endpoints. `placements`: the same for each of several
    placements, with its own clients. `unplaced`: the placements without a place for an endpoint, and why.
    """

    target: Target
    profile: str
    paths: tuple[GroupPath, ...]
    peerings: tuple[Peering, ...] = ()
    rules: tuple[Rule, ...] = ()
    security_groups: tuple[SecurityGroup, ...] = ()
    subnet_policies: tuple[SubnetPolicy, ...] = ()
    addressed: bool = True
    clients: tuple[ResourceId, ...] = ()
    resolvers: tuple[ResourceId, ...] = ()
    connections: Read | None = None
    denies: bool = False
    missing: tuple[ResourceId, ...] = ()
    parts: Parts = NO_PARTS
    linked: tuple[ResourceId, ...] = ()
    servers: Mapping[str, tuple[ResourceId, ...]] = field(default_factory=dict)
    unread: tuple[str, ...] = ()
    routed: tuple[ResourceId, ...] = ()
    hubs: tuple[ResourceId, ...] = ()
    peered: tuple[ResourceId, ...] = ()
    placements: tuple[Desired, ...] = ()
    unplaced: Mapping[str, Declined | Refusal] = field(default_factory=dict)

    @property
    def each(self) -> tuple[Desired, ...]:
        """What must exist for each placement; itself where there is one."""
        return self.placements or (self,)

    @property
    def ids(self) -> frozenset[ResourceId]:
        """The ids of all objects."""
        return frozenset(want.id for want in self.objects())

    def beside(self, failed: Iterable[ResourceId]) -> frozenset[ResourceId]:
        """The ids of the objects of all placements in which none of these failed; none where that is not
        clear.
        """
        gone, each = frozenset(failed), [part.ids for part in self.each]
        if gone - frozenset().union(*each):  # an object under another name, which a placement waits for
            return frozenset()
        return frozenset(at for ids in each if not gone & ids for at in ids)

    @property
    def waiting(self) -> frozenset[ResourceId]:
        """Zone groups that are not written yet: until it is known which records they would write over, and
        until the rules are known, with which they are written together.
        """
        if self.placements:
            return frozenset(at for part in self.placements for at in part.waiting)
        known = {path.zone_group: path.complete for path in self.paths if path.zone_group}
        return frozenset(
            one.id for one, complete in known.items() if not (one.records and complete and self.addressed)
        )

    def unnamed(self, failed: Mapping[ResourceId, CausewayError]) -> tuple[ResourceId, ...]:
        """The endpoints that get no name, by what failed: only a person can change that."""
        return tuple(
            path.endpoint.id
            for path in self.paths
            if any(_is_final(failed.get(at)) for at in path.endpoint.completed_by)
            or any(
                isinstance(error := failed.get(at), BlockedError) and error.code == code
                for at, code in path.endpoint.harms.items()
            )
        )

    def objects(self) -> tuple[Wanted, ...]:
        """Every object once, in an order that respects needs; several paths may share zones and links."""
        own = (wanted for path in self.paths for wanted in _objects_of(path))
        every: tuple[Wanted, ...]
        every = (*self.security_groups, *self.subnet_policies, *own, *self.peerings, *self.rules)
        return tuple({wanted.id: wanted for wanted in every}.values())

    def reads(self, observed: Observed) -> Iterator[Read]:
        """All that has to be read, as far as that can be said by what was read already."""
        for wanted in self.objects():
            yield from wanted.reads(observed)
        if self.connections and not self.target.lists_connections and self._made(observed):
            yield self.connections
        yield from self._external_records(observed)
        for network in (*self.resolvers, *self.linked):
            yield Read(network, shared=True, tolerate="refusal")
        if self._needs_links(observed):
            for zone in self.external_zones(observed):
                yield Read(zone, "virtualNetworkLinks", shared=True, tolerate="refusal")

    def _needs_links(self, observed: Observed) -> bool:
        """A network asks Azure's DNS, or is to be linked for others, so that its link counts."""
        bodies = map(observed.present, self.resolvers)
        asks_azure = any(body is None or not dns_servers(body) for body in bodies)
        return asks_azure or not set(self.linked) <= set(self.resolvers)

    def _made(self, observed: Observed) -> bool:
        """Every endpoint exists, so that the target has to list it."""
        return all(observed.present(path.endpoint.id) for path in self.paths)

    def _external_records(self, observed: Observed) -> Iterator[Read]:
        """The records that zone groups of someone else report: what their zones have of them."""
        for group in self._external(observed):
            for reported in zone_configs.records_of(group):
                yield record_read(record_id(reported), tolerant=True)

    def _external(self, observed: Observed) -> Iterator[Seen]:
        """The zone groups of paths whose names someone else keeps."""
        for path in self.paths:
            if path.external:
                yield from observed.listed(path.endpoint.id, zone_configs.COLLECTION)

    def external_zones(self, observed: Observed) -> tuple[ResourceId, ...]:
        """The zones to which zone groups of someone else write, wherever those are."""
        found = {zone for group in self._external(observed) for zone in zone_configs.zone_ids(group)}
        return tuple(sorted(found, key=lambda zone: zone.key))


def _is_final(error: CausewayError | None) -> bool:
    return isinstance(error, BlockedError | PermanentError) and not isinstance(error, NotAttempted)


def _objects_of(path: GroupPath) -> Iterator[Wanted]:
    yield from path.zones
    yield from path.links
    yield path.endpoint
    if path.zone_group:
        yield path.zone_group


def desired(request: Request, observed: Observed, catalogue: Catalogue) -> Desired:
    """Build what must exist; the more endpoints report by now, the more of it is known."""
    connect = request.connect
    reported = reported_addresses(request, observed)
    clients = existing(connect.reach.clients, observed)
    manages = connect.profile.dns.mode != "none"
    to_link = connect.reach.linked.get(connect.placement, ()) if manages else ()
    linked = existing(to_link, observed)
    paths = tuple(
        group_path(request, group, catalogue, reported, linked, observed) for group in connect.groups
    )
    endpoints = [path.endpoint for path in paths]
    groups = new_groups(connect, endpoints, observed)
    addressed = not waits_for_addresses(connect) or all(one.id in reported for one in endpoints)
    return Desired(
        request.target,
        connect.profile_name,
        paths,
        peerings(connect, endpoints, clients, observed),
        rules(connect, [(path.group, path.endpoint) for path in paths], observed, reported, groups),
        tuple(groups.values()),
        subnet_policies(connect, endpoints, groups),
        addressed=addressed,
        clients=judged(connect),
        resolvers=connect.reach.clients if manages else (),
        missing=tuple(_missing(connect.reach, to_link, observed)),
        parts=connect.reach.parts,
        linked=linked,
        servers=connect.reach.servers,
        unread=connect.reach.unread,
        routed=routed(connect),
        hubs=connect.reach.hubs if connect.profile.peering.mode != "ignore" else (),
        peered=clients,
        connections=_connections_of(request.target.id, catalogue),
        denies=connect.profile.nsg.default_deny and connect.profile.nsg.mode != "ignore",
    )


def of_placements(parts: tuple[Desired, ...], unplaced: Mapping[str, Declined | Refusal]) -> Desired:
    """What must exist for all placements together. At least one has a place."""
    first = parts[0]
    if len(parts) == 1 and not unplaced:
        return first
    return replace(
        first,
        paths=tuple(path for part in parts for path in part.paths),
        peerings=_by_id(part.peerings for part in parts),
        rules=_by_id(part.rules for part in parts),
        security_groups=_by_id(part.security_groups for part in parts),
        subnet_policies=_policies(parts),
        addressed=all(part.addressed for part in parts),
        clients=_every(part.clients for part in parts),
        resolvers=_every(part.resolvers for part in parts),
        missing=_every(part.missing for part in parts),
        parts={network: subnets for part in parts for network, subnets in part.parts.items()},
        linked=_every(part.linked for part in parts),
        unread=_every(part.unread for part in parts),
        routed=_every(part.routed for part in parts),
        peered=_every(part.peered for part in parts),
        placements=parts,
        unplaced=unplaced,
    )


def _every[T](lists: Iterable[tuple[T, ...]]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(one for listed in lists for one in listed))


def _by_id[T: Wanted](lists: Iterable[tuple[T, ...]]) -> tuple[T, ...]:
    return tuple({one.id: one for listed in lists for one in listed}.values())


def _policies(parts: tuple[Desired, ...]) -> tuple[SubnetPolicy, ...]:
    """One policy for each subnet, which counts the endpoints of all placements as ours."""
    ours = frozenset(path.endpoint.id for part in parts for path in part.paths)
    every = {one.id: one for part in parts for one in part.subnet_policies}
    return tuple(replace(one, endpoints=ours) for one in every.values())


def _connections_of(target: ResourceId, catalogue: Catalogue) -> Read:
    version = catalogue.api_version(target.type)
    return Read(target, "privateEndpointConnections", tolerate="failure", api_version=version)


def existing(clients: tuple[ResourceId, ...], observed: Observed) -> tuple[ResourceId, ...]:
    """The client networks that are not known to be missing: the path of these is finished without the others.

    All of them where none exists: then no client would use the path, and each one stops it.
    """
    found = tuple(one for one in clients if not observed.absent(one))
    return found or clients


def _missing(reach: Networks, linked: Iterable[ResourceId], observed: Observed) -> Iterator[ResourceId]:
    """Networks and client subnets that do not exist."""
    for network in dict.fromkeys((*reach.clients, *linked)):
        if observed.absent(network):
            yield network
        else:
            yield from (
                one
                for one in sorted(reach.parts.get(network, ()), key=lambda at: at.key)
                if observed.absent(one)
            )


def without_zone(wanted: Desired, connect: Connect) -> tuple[str, ...]:
    """Groups without a private DNS zone in this cloud: clients go on resolving their public names."""
    if connect.profile.dns.mode != "manage":
        return ()
    bare = [path.group.group_id for path in wanted.paths if path.named and not path.zones]
    return tuple(
        f"no private DNS zone is known for {group}: clients resolve its public name" for group in bare
    )


def too_many_zones(wanted: Desired) -> Declined | None:
    """An endpoint's zone group takes five zones; Azure Monitor in Government would need six."""
    for path in wanted.paths:
        if path.zone_group and len(path.zone_group.zones) > zone_group.MAX_ZONES:
            count = len(path.zone_group.zones)
            return Declined(
                "TooManyZones",
                f"{path.group.group_id} needs {count} zones, a zone group takes {zone_group.MAX_ZONES}",
                "set dns.mode to external in its profile, and keep its records by other means",
            )
    return None
