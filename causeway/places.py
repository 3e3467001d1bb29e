"""Where a profile would put the endpoints of a resource, and how they would be named."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from causeway.given import Given
from shared.core.base.ids import ResourceId
from shared.core.base.regions import region_key
from shared.core.base.target import Target
from shared.core.catalogue.catalogue import Catalogue
from shared.core.kinds.zone_group import NAME as USUAL_ZONE_GROUP
from shared.core.placement.candidates import candidates, endpoint_fields, own_id
from shared.core.policy.intent import Connect, Declined, tag_value
from shared.core.policy.policy import Policy
from shared.core.policy.profile import Find, Placement, Profile
from shared.core.policy.style import Style
from shared.core.policy.templates import TemplateKind

TEMPLATES: tuple[TemplateKind, ...] = ("endpoint", "network_interface", "zone_group")


@dataclass(frozen=True, slots=True)
class Place:
    """One placement. `name`: empty for a profile's only one. `find`: where a network is searched first.

    `subnets` by region, in order of preference: those that can take the endpoint, or those of every region
    where the resource's region is not known. `note`: why it is another region's, or that there is none.
    """

    name: str
    find: str
    subnets: Mapping[str, tuple[ResourceId, ...]]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Name:
    """What an endpoint for this group in this subnet would be called, with what belongs to it.

    `placement`: as in `Place`. `interface`: empty where Azure chooses the name.
    """

    group: str
    subnet: ResourceId
    placement: str
    endpoint: str
    interface: str
    zone_group: str


def places_of(given: Given, profile: Profile) -> tuple[Place, ...]:
    """The placements of a profile for a resource."""
    return tuple(_place(name, given, one) for name, one in profile.places.items())


def names_in(
    given: Given, places: Iterable[Place], policy: Policy, profile: str, catalogue: Catalogue
) -> tuple[Name, ...]:
    """Names of endpoints, for each group that is connected by default and each subnet that is known.

    Empty where the id, or what the policy's templates ask for, is not known.
    """
    connect = Connect(profile, policy.profiles[profile], (), policy.cloud, style=_style(given, policy))
    unknown = [field for field, value in (("region", given.region), ("tag", given.tags)) if value is None]
    if given.id is None or any(connect.style.has(kind, field) for kind in TEMPLATES for field in unknown):
        return ()
    target = _target(given, given.id)
    groups = asked_groups(given, policy, profile) or catalogue.default_groups(target)
    by_name = {one.placement: one for one in connect.each}
    return tuple(
        _name(target, by_name[place.name], group, region, at)
        for place in places
        for group in groups
        for region, at in _each_subnet(place)
    )


def _name(target: Target, connect: Connect, group: str, region: str, at: ResourceId) -> Name:
    endpoint = own_id(target, connect, group, at, region).name
    fields = {**endpoint_fields(target, connect, group, at), "endpoint": endpoint}
    interface = connect.style.name("network_interface", fields) or ""
    zone_group = connect.style.name("zone_group", fields) or USUAL_ZONE_GROUP
    return Name(group, at, connect.placement, endpoint, interface, zone_group)


def asked_groups(given: Given, policy: Policy, profile: str) -> tuple[str, ...]:
    """The groups that its tag asks for, else those of the profile for its type; empty: the catalogue's."""
    tag = tag_value(given.tags or {}, f"{policy.opt_in.tag}-groups")
    if tag is not None:
        return tuple(part.strip() for part in tag.split(",") if part.strip())
    by_policy = {kind.lower(): groups for kind, groups in policy.profiles[profile].groups.items()}
    return by_policy.get((given.type or "").lower(), ())


def _target(given: Given, at: ResourceId) -> Target:
    return Target(at, given.region or "", "", given.sku or "", given.tags or {}, {})


def _some(kind: str) -> ResourceId:
    """Any resource of a type, where nothing but that is known of it."""
    return ResourceId("some", "some", kind, ("some",) * kind.count("/"))


def _style(given: Given, policy: Policy) -> Style:
    return Style(policy.naming, policy.tags, given.tags_under(policy) or {})


def _each_subnet(place: Place) -> Iterator[tuple[str, ResourceId]]:
    for region, several in place.subnets.items():
        yield from ((region, at) for at in several)


def _place(name: str, given: Given, placement: Placement) -> Place:
    find = _search(placement.find) if placement.find else ""
    if given.region is None:
        note = "its region is not known: subnets of all regions" if not find else ""
        return Place(name, find, _all(given, placement), note)
    found = candidates(_target(given, given.id or _some(given.type or "")), placement)
    if isinstance(found, Declined):
        return Place(name, find, {}, "" if find else found.reason)
    own = found.region == region_key(given.region)
    note = "" if own else f"{given.region} has none: fallback_region {found.region}"
    return Place(name, find, {found.region: found.subnets}, note)


def _all(given: Given, placement: Placement) -> dict[str, tuple[ResourceId, ...]]:
    """The subnets of all regions: those of its type first."""
    by_type = {kind.lower(): regions for kind, regions in placement.types.items()}
    of_type = by_type.get((given.type or "").lower(), {})
    regions = dict.fromkeys([*of_type, *placement.subnets])
    return {one: tuple(of_type.get(one) or placement.subnets[one]) for one in regions}


def _search(find: Find) -> str:
    group = f" in groups {', '.join(find.resource_group)}" if find.resource_group else ""
    where = f"a network {', '.join(find.network)} of its own {find.own.replace('_', ' ')}{group}"
    return f"{where}, subnet {', '.join(find.subnet)}"
