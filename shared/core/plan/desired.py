"""Every object that must exist for one target under one profile.

Place in the data's way: made from the intent, the sites and the catalogue; compared with `Observed` by
the planner. One `Leg` is the way to one group: its endpoint, its names, and who may resolve them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from shared.core.base.ids import GroupId, ResourceId
from shared.core.base.target import Target
from shared.core.catalogue.catalogue import Catalogue, Cloud, Group
from shared.core.catalogue.service_rules import told_names
from shared.core.kinds import link, zone_group
from shared.core.kinds.endpoint import Endpoint
from shared.core.kinds.kind import Wanted
from shared.core.kinds.link import Link
from shared.core.kinds.peering import Peering, peering_id
from shared.core.kinds.record import records_under
from shared.core.kinds.rule import Rule
from shared.core.kinds.security_group import SecurityGroup
from shared.core.kinds.subnet_policy import SubnetPolicy
from shared.core.kinds.zone import TYPE as ZONE_TYPE
from shared.core.kinds.zone import Zone
from shared.core.kinds.zone_group import ZoneGroup
from shared.core.placement.sites import Site
from shared.core.policy.intent import Connect, Declined
from shared.core.readings.observed import Surroundings
from shared.core.rules.egress import judged
from shared.core.rules.ingress import Reported, changes_subnet, new_groups, rules, subnet_policies


@dataclass(frozen=True, slots=True)
class Leg:
    """The path to one group. `named` is False while its zones cannot be known yet.

    Some types tell their zone only by the names that a finished endpoint reports; their leg is built
    again once those are known. `external`: somebody else keeps the names; they are checked, never written.
    """

    group: Group
    endpoint: Endpoint
    zone_group: ZoneGroup | None
    zones: tuple[Zone, ...]
    links: tuple[Link, ...]
    named: bool
    external: bool = False


@dataclass(frozen=True, slots=True)
class Desired:
    """All legs of one target, and what lies between them and the clients.

    `addressed` is False while rules wait for an endpoint's addresses. `clients` are the networks whose own
    security rules must let the traffic out (none where the profile lets rules alone), `resolvers` those whose
    clients have to resolve the names.
    """

    target: Target
    profile: str
    legs: tuple[Leg, ...]
    peerings: tuple[Peering, ...] = ()
    rules: tuple[Rule, ...] = ()
    security_groups: tuple[SecurityGroup, ...] = ()
    subnet_policies: tuple[SubnetPolicy, ...] = ()
    addressed: bool = True
    clients: tuple[ResourceId, ...] = ()
    resolvers: tuple[ResourceId, ...] = ()

    @property
    def complete(self) -> bool:
        """Nothing waits for what an endpoint has still to report."""
        return self.addressed and not self.waiting and all(leg.named for leg in self.legs)

    @property
    def waiting(self) -> frozenset[ResourceId]:
        """Zone groups that are not written yet: until it is known which records they would write over, and
        until the rules are known, with which they go together.
        """
        groups = (leg.zone_group for leg in self.legs)
        return frozenset(one.id for one in groups if one and not (one.records and self.addressed))

    def objects(self) -> tuple[Wanted, ...]:
        """Every object once, in an order that respects needs; several legs may share zones and links."""
        own = (wanted for leg in self.legs for wanted in _objects_of(leg))
        every: tuple[Wanted, ...]
        every = (*self.security_groups, *self.subnet_policies, *own, *self.peerings, *self.rules)
        return tuple({wanted.id: wanted for wanted in every}.values())


def _objects_of(leg: Leg) -> Iterator[Wanted]:
    yield leg.endpoint
    yield from leg.zones
    yield from leg.links
    if leg.zone_group:
        yield leg.zone_group


def desired(
    target: Target,
    connect: Connect,
    sites: Mapping[str, Site],
    catalogue: Catalogue,
    cloud: Cloud,
    around: Surroundings,
    reported: Reported,
) -> Desired:
    """Build the wish. `reported`: the addresses, with their names, that endpoints have by now."""
    legs = tuple(
        _leg(target, connect, group, sites[group.group_id], catalogue, cloud, reported)
        for group in connect.groups
    )
    endpoints = [leg.endpoint for leg in legs]
    groups = new_groups(connect, endpoints, around)
    addressed = connect.profile.nsg.mode == "ignore" or all(e.id in reported for e in endpoints)
    return Desired(
        target,
        connect.profile_name,
        legs,
        _peerings(connect, legs),
        rules(connect, [(leg.group, leg.endpoint) for leg in legs], around, reported, groups),
        tuple(groups.values()),
        subnet_policies(connect, endpoints, groups),
        addressed=addressed,
        clients=judged(connect),
        resolvers=tuple(connect.profile.clients) if connect.profile.dns.mode != "none" else (),
    )


def nameless(wish: Desired, connect: Connect) -> tuple[str, ...]:
    """Groups without a private DNS zone in this cloud: clients go on resolving their public names."""
    if connect.profile.dns.mode != "manage":
        return ()
    bare = [leg.group.group_id for leg in wish.legs if leg.named and not leg.zones]
    return tuple(
        f"no private DNS zone is known for {group}: clients resolve its public name" for group in bare
    )


def too_many_zones(wish: Desired) -> Declined | None:
    """An endpoint's zone group takes five zones; Azure Monitor in Government would need six."""
    for leg in wish.legs:
        if leg.zone_group and len(leg.zone_group.zones) > zone_group.MAX_ZONES:
            count = len(leg.zone_group.zones)
            return Declined(
                "TooManyZones",
                f"{leg.group.group_id} needs {count} zones, a zone group takes {zone_group.MAX_ZONES}",
                "set dns.mode to external in its profile, and keep its records by other means",
            )
    return None


def _peerings(connect: Connect, legs: Sequence[Leg]) -> tuple[Peering, ...]:
    """Both halves between each client and each network that holds an endpoint; none within one network."""
    mode = connect.profile.peering
    if mode == "ignore":
        return ()
    homes = {leg.endpoint.subnet.parent: None for leg in legs}
    return tuple(
        Peering(peering_id(local, remote), local, remote, write=mode == "ensure")
        for home in homes
        for client in connect.profile.clients
        if home and client != home
        for local, remote in ((home, client), (client, home))
    )


def _leg(
    target: Target,
    connect: Connect,
    group: Group,
    site: Site,
    catalogue: Catalogue,
    cloud: Cloud,
    reported: Reported,
) -> Leg:
    profile = connect.profile
    endpoint = _endpoint(target, connect, group, site)
    if profile.dns.mode != "manage":
        return Leg(group, endpoint, None, (), (), named=True, external=profile.dns.mode == "external")
    told = tuple(name for address in reported.get(endpoint.id, ()) for name in address.fqdns)
    names = catalogue.zones(group, target, cloud, told)
    if names is None:
        return Leg(group, endpoint, None, (), (), named=site.endpoint in reported)
    home = _zones_home(connect)
    zones = tuple(Zone(home.resource(ZONE_TYPE, name), write=profile.dns.create_zones) for name in names)
    links = tuple(
        Link(link.link_id(zone.id, network), zone.id, network, profile.dns.fallback_to_internet)
        for zone in zones
        for network in profile.clients
    )
    group_id = endpoint.id.child(zone_group.COLLECTION, zone_group.NAME)
    ids = tuple(zone.id for zone in zones)
    records = records_under(ids, told or told_names(target, group.group_id))
    writes = ZoneGroup(group_id, endpoint.id, ids, records) if zones else None
    return Leg(group, endpoint, writes, zones, links, named=True)


def _endpoint(target: Target, connect: Connect, group: Group, site: Site) -> Endpoint:
    approval = connect.profile.approval
    return Endpoint(
        site.endpoint,
        site.location,
        site.subnet,
        target.id,
        group.group_id,
        site.adopted,
        after=(site.subnet,) if changes_subnet(connect) and not site.adopted else (),
        request=approval.message if approval.mode == "request" else None,
    )


def _zones_home(connect: Connect) -> GroupId:
    home = connect.profile.dns.zones_resource_group
    assert home is not None, "the policy requires a group for zones when it manages DNS"  # noqa: S101
    return home
