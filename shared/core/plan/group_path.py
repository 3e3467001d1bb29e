"""The path to one group of a target: its endpoint, its zones and links, and the zone group that names it."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from shared.core.base.ids import GroupId, ResourceId, digest
from shared.core.base.target import Target
from shared.core.catalogue.catalogue import Catalogue, Group
from shared.core.catalogue.service_rules import public_names
from shared.core.kinds import zone_configs, zone_group
from shared.core.kinds.endpoint import Endpoint, addresses_of, endpoints_among
from shared.core.kinds.link import COLLECTION as LINKS
from shared.core.kinds.link import Link, link_id, network_of
from shared.core.kinds.nic import Address
from shared.core.kinds.record import records_under
from shared.core.kinds.zone import TYPE as ZONE_TYPE
from shared.core.kinds.zone import Zone
from shared.core.kinds.zone_group import ZoneGroup
from shared.core.placement.candidates import endpoint_fields
from shared.core.placement.site import Site
from shared.core.plan.desired_rules import (
    changes_subnet,
    security_groups,
)
from shared.core.policy.intent import Connect
from shared.core.policy.profile import Dns, PlacementDns
from shared.core.policy.style import Style, Tags
from shared.core.policy.templates import TemplateKind
from shared.core.policy.zone_homes import zone_home_of
from shared.core.readings.observed import Observed
from shared.core.readings.reading import Present


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked for and where it goes: the target, its profile and groups, a site for each group id.

    It is about one placement (`Connect.each`).

    `recorded`: the objects that the ledger had for the target when the pass began. `guids`: the resource
    guids of all that was ever made for it, by id.
    """

    target: Target
    connect: Connect
    sites: Mapping[str, Site]
    recorded: frozenset[ResourceId] = frozenset()
    guids: Mapping[ResourceId, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class GroupPath:
    """The path to one group. `named` is False while its zones cannot be known yet.

    Some types report their zone only by the names of a finished endpoint; their path is built again once
    those are known. `external`: someone else keeps the names; they are checked, never written. `complete`:
    all records of the zone group are known, not only those of names that many targets share. `kept_names`:
    the names of the zones, where Causeway does not manage them. `groups_by_others`: someone else writes zone
    groups on our endpoints; in `kept_zones`, as far as the policy says which. `placement`: which
    of several placements it is for.
    """

    group: Group
    endpoint: Endpoint
    zone_group: ZoneGroup | None
    zones: tuple[Zone, ...]
    links: tuple[Link, ...]
    named: bool
    external: bool = False
    complete: bool = True
    kept_names: tuple[str, ...] = ()
    groups_by_others: bool = False
    kept_zones: tuple[ResourceId, ...] = ()
    placement: str = ""


def reported_addresses(request: Request, observed: Observed) -> dict[ResourceId, tuple[Address, ...]]:
    """The addresses, with their names, that endpoints have by now."""
    found: dict[ResourceId, tuple[Address, ...]] = {}
    for site in request.sites.values():
        endpoint = observed.present(site.endpoint)
        if endpoint and (addresses := addresses_of(endpoint, observed)):
            found[site.endpoint] = addresses
    return found


def group_path(
    request: Request,
    group: Group,
    catalogue: Catalogue,
    reported: Mapping[ResourceId, Sequence[Address]],
    linked: tuple[ResourceId, ...],
    observed: Observed,
) -> GroupPath:
    """The path as far as it is known: `reported` are the addresses of endpoints, `linked` the networks that
    are linked to its zones.
    """
    target, connect = request.target, request.connect
    site, dns, placement = request.sites[group.group_id], connect.profile.dns, connect.placement
    fqdns = tuple(name for address in reported.get(site.endpoint, ()) for name in address.fqdns)
    if dns.mode != "manage":
        return _kept_path(request, group, catalogue.zones(group, target, connect.cloud, fqdns) or ())
    names = catalogue.zones(group, target, connect.cloud, fqdns)
    if names is None:
        endpoint = _endpoint(request, group)
        return GroupPath(group, endpoint, None, (), (), site.endpoint in reported, placement=placement)
    tags = connect.style.shared_tags
    zones = tuple(_zone(zone_home(target, dns, name), name, tags, create=dns.create_zones) for name in names)
    for_all = frozenset(zone.id for zone in zones if catalogue.answers_for_all(zone.id.name, connect.cloud))
    allowed = target.id.type.lower() in {kind.lower() for kind in dns.shared_names}
    links = _links(zones, linked, for_all, tags, fallback=dns.fallback_to_internet, allowed=allowed)
    links = _called(links, connect.style, observed)
    own = fqdns or public_names(target, group.group_id)
    shared = catalogue.shared_names(group, target, connect.cloud)
    endpoint = _endpoint(request, group)
    have = observed.present(endpoint.id)
    foreign = endpoint.adopted or (have is not None and not endpoint.is_managed(have))
    writes = _zone_group(request, group, zones, own or shared, shared=bool(shared), foreign=foreign)
    completed_by = (writes.id, *writes.zones) if writes else ()
    link_ids = tuple(link.id for link in links)
    endpoint = replace(endpoint, completed_by=completed_by, links=link_ids)
    writes = replace(writes, links=link_ids) if writes else None
    return GroupPath(group, endpoint, writes, zones, links, True, complete=bool(own), placement=placement)


def _kept_path(request: Request, group: Group, names: tuple[str, ...]) -> GroupPath:
    """The path to a group whose names Causeway does not manage."""
    dns = request.connect.profile.dns
    awaited = dns.mode == "external" and dns.external == "zone_groups"
    homes = ((zone_home_of(request.target.id, dns, name), name) for name in names if awaited)
    return GroupPath(
        group,
        _endpoint(request, group),
        None,
        (),
        (),
        named=True,
        external=dns.mode == "external",
        kept_names=names,
        groups_by_others=awaited,
        kept_zones=tuple(home.resource(ZONE_TYPE, name) for home, name in homes if home),
        placement=request.connect.placement,
    )


@functools.lru_cache(maxsize=1024)
def _zone(home: GroupId, name: str, tags: Tags, *, create: bool) -> Zone:
    return Zone(home.resource(ZONE_TYPE, name), create, tags)


@functools.lru_cache(maxsize=1024)
def _links(
    zones: tuple[Zone, ...],
    linked: tuple[ResourceId, ...],
    for_all: frozenset[ResourceId],
    tags: Tags,
    *,
    fallback: bool,
    allowed: bool,
) -> tuple[Link, ...]:
    return tuple(
        Link(link_id(zone.id, network), zone.id, network, fallback, zone.id in for_all, allowed, tags)
        for zone in zones
        for network in linked
    )


def _called(links: tuple[Link, ...], style: Style, observed: Observed) -> tuple[Link, ...]:
    """With the names of the policy's template, for links that are yet to be made.

    Where another network's link has the name, as networks of one name can, the usual name is left.
    """
    if not style.naming.link:
        return links
    return tuple(_link_called(one, style, observed) for one in links)


def _link_called(link: Link, style: Style, observed: Observed) -> Link:
    network = link.network
    name = style.name("link", {"network": network.name, "hash": digest(network.key)}) or link.id.name
    named = replace(link, id=link.zone.child(LINKS, name))
    listed = observed.members(link.zone, LINKS)
    taken = listed.value.member(named.id) if isinstance(listed, Present) else None
    return link if taken and network_of(taken) != network else named


def _zone_group(
    request: Request,
    group: Group,
    zones: tuple[Zone, ...],
    names: Iterable[str],
    *,
    shared: bool,
    foreign: bool,
) -> ZoneGroup | None:
    if not zones:
        return None
    site = request.sites[group.group_id]
    at = _zone_group_id(request, group, site)
    ids = tuple(zone.id for zone in zones)
    return ZoneGroup(
        at,
        site.endpoint,
        ids,
        records_under(ids, names),
        group.group_id,
        endpoints=endpoints_among(request.recorded - request.guids.keys()),
        guids=frozenset().union(*request.guids.values()),
        foreign_parent=foreign,
        recorded_before=at in request.recorded,
        shared=shared,
    )


def _zone_group_id(request: Request, group: Group, site: Site) -> ResourceId:
    """The one that the ledger has below the endpoint, whatever the policy's template says by now."""
    known = (at for at in request.recorded if at.parent == site.endpoint)
    return next(known, None) or site.endpoint.child(
        zone_configs.COLLECTION, _named(request, group, site, "zone_group") or zone_group.NAME
    )


def _named(request: Request, group: Group, site: Site, kind: TemplateKind) -> str:
    """The name by the policy's template of what belongs to an endpoint; empty where it has none."""
    style = request.connect.style
    if not getattr(style.naming, kind):
        return ""
    fields = endpoint_fields(request.target, request.connect, group.group_id, site.subnet)
    return style.name(kind, {**fields, "endpoint": site.endpoint.name}) or ""


def _endpoint(request: Request, group: Group) -> Endpoint:
    connect, site = request.connect, request.sites[group.group_id]
    approval = connect.profile.approval
    fields = endpoint_fields(request.target, connect, group.group_id, site.subnet)
    return Endpoint(
        site.endpoint,
        site.location,
        site.subnet,
        request.target.id,
        group.group_id,
        site.adopted,
        after=(site.subnet,) if changes_subnet(connect) and not site.adopted else (),
        groups=security_groups(connect, site.location) if not site.adopted else (),
        tags=connect.style.own_tags(fields) if not site.adopted else (),
        interface=_named(request, group, site, "network_interface"),
        request=approval.message if approval.mode == "request" else None,
        recorded_before=site.endpoint in request.recorded,
        guids=request.guids.get(site.endpoint, frozenset()),
        placement=connect.placement,
        static=site.static,
    )


def zone_home(target: Target, dns: Dns | PlacementDns, name: str) -> GroupId:
    """The resource group of a zone that Causeway manages."""
    home = zone_home_of(target.id, dns, name)
    assert home is not None, "the policy requires a group for zones when it manages DNS"  # noqa: S101
    return home
