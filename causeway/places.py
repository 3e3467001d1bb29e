"""Where a profile would put the endpoints of a resource, and how they would be named."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from causeway.given import Given
from shared.core.base.ids import ResourceId
from shared.core.base.regions import region_key
from shared.core.base.target import Target
from shared.core.catalogue.catalogue import Catalogue
from shared.core.kinds.endpoint import endpoint_name
from shared.core.policy.intent import tag_value
from shared.core.policy.policy import Policy
from shared.core.policy.profile import Find, Placement, Profile


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
    """What an endpoint for this group in this subnet would be called."""

    group: str
    subnet: ResourceId
    endpoint: str


def places_of(given: Given, profile: Profile) -> tuple[Place, ...]:
    """The placements of a profile for a resource."""
    return tuple(_place(name, given, one) for name, one in profile.places.items())


def names_in(
    given: Given, places: tuple[Place, ...], policy: Policy, profile: str, catalogue: Catalogue
) -> tuple[Name, ...]:
    """Names of endpoints, for each group that is connected by default and each subnet that is known.

    Empty where the id, or which groups the resource has, is not known.
    """
    if given.id is None or policy.naming.endpoint is not None:
        return ()
    target = Target(given.id, given.region or "", "", given.sku or "", given.tags or {}, {})
    groups = asked_groups(given, policy, profile) or catalogue.default_groups(target)
    subnets = dict.fromkeys(at for place in places for several in place.subnets.values() for at in several)
    return tuple(Name(group, at, endpoint_name(given.id, group, at)) for group in groups for at in subnets)


def asked_groups(given: Given, policy: Policy, profile: str) -> tuple[str, ...]:
    """The groups that its tag asks for, else those of the profile for its type; empty: the catalogue's."""
    tag = tag_value(given.tags or {}, f"{policy.opt_in.tag}-groups")
    if tag is not None:
        return tuple(part.strip() for part in tag.split(",") if part.strip())
    by_policy = {kind.lower(): groups for kind, groups in policy.profiles[profile].groups.items()}
    return by_policy.get((given.type or "").lower(), ())


def _place(name: str, given: Given, placement: Placement) -> Place:
    find = _search(placement.find) if placement.find else ""
    by_type = {kind.lower(): regions for kind, regions in placement.types.items()}
    listed = by_type.get((given.type or "").lower(), placement.subnets)
    if given.region is None:
        return Place(name, find, dict(listed), "its region is not known: subnets of all regions")
    region = region_key(given.region)
    for one in (region, placement.fallback_region):
        if one and listed.get(one):
            note = "" if one == region else f"{region} has none: fallback_region {one}"
            return Place(name, find, {one: tuple(listed[one])}, note)
    return Place(name, find, {}, "" if find else f"no subnet for the region {region}, and no fallback")


def _search(find: Find) -> str:
    group = f" in groups {', '.join(find.resource_group)}" if find.resource_group else ""
    where = f"a network {', '.join(find.network)} of its own {find.own.replace('_', ' ')}{group}"
    return f"{where}, subnet {', '.join(find.subnet)}"
