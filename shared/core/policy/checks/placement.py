"""Places of endpoints: placements beside other places, fallback regions, groups and addresses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from itertools import islice

from shared.core.base.ids import GroupId, ResourceId
from shared.core.policy.draft import Draft
from shared.core.policy.faults import Found, KeyPath, shown, written
from shared.core.policy.profile import Placement, Profile

SMALLEST = 8  # addresses of Azure's smallest subnet, a /29 (Microsoft Learn: virtual network FAQ)
MAX_OVERLAPS = 100  # of ranges in one region
_INSTEAD = ("find", "subnets", "types", "addresses")


def placement(draft: Draft) -> Iterator[Found]:
    """Everything about where endpoints are made."""
    for name, profile in draft.profiles.items():
        if profile is None:
            continue
        at: KeyPath = ("profiles", name)
        yield from _beside(at, profile)
        yield from _fallbacks(at, profile)
        for path, place in places_of(at, profile):
            yield from _homes(path, place, profile)
            yield from _elsewhere(path, place, profile, draft)
            yield from _addresses(path, place)
    yield from _shared_addresses(draft)


def places_of(at: KeyPath, profile: Profile) -> Iterator[tuple[KeyPath, Placement]]:
    """Each placement with its path; the profile itself where it has none."""
    for name, place in profile.placements.items():
        yield (*at, "placements", name), place
    if not profile.placements:
        yield at, profile


def subnets_of(place: Placement) -> Iterator[tuple[KeyPath, str, ResourceId]]:
    """All listed subnets: the keys to them, their region, their id."""
    maps: dict[KeyPath, Mapping[str, tuple[ResourceId, ...]]] = {("subnets",): place.subnets}
    maps |= {("types", kind): found for kind, found in place.types.items()}
    for keys, by_region in maps.items():
        for region, subnets in by_region.items():
            for index, subnet in enumerate(subnets):
                yield (*keys, region, index), region, subnet


def _beside(at: KeyPath, profile: Profile) -> Iterator[Found]:
    """Placements are in place of the profile's own place."""
    if profile.placements:
        for key in _INSTEAD:
            if getattr(profile, key):
                problem = "the profile has placements, and endpoints are made there alone"
                yield Found((*at, key), "", problem, f"move {key} into a placement, or leave it out")


def _fallbacks(at: KeyPath, profile: Profile) -> Iterator[Found]:
    """Those of placements; that the profile's own has subnets at all is checked with its fields."""
    for name, place in profile.places.items():
        own = place.fallback_region
        region = own or profile.fallback_region
        kinds = [kind for kind, by_region in place.types.items() if region in by_region]
        if region is None or place.find or region in place.subnets:
            continue
        inside = (*at, "placements", name) if name and own else at
        path = (*inside, "fallback_region")
        known = ", ".join(sorted({*place.subnets, *(one for found in place.types.values() for one in found)}))
        if kinds:
            problem = f"only {', '.join(kinds)} has subnets in this region"
            remedy = "list subnets for the other types too, or leave it out"
            yield Found(path, region, problem, remedy, "warning")
        elif name:
            problem = f"the placement {name} has no subnet in this region"
            yield Found(path, region, problem, f"name one of: {known}" if known else "list subnets for it")


def _homes(at: KeyPath, place: Placement, profile: Profile) -> Iterator[Found]:
    """An endpoint must be in the subscription of its network (Microsoft Learn: private endpoints).

    Subnets of a profile without placements are checked with its fields, where the group is one id.
    """
    own = place is profile or "endpoints_resource_group" in place.model_fields_set
    home = place.endpoints_resource_group if own else profile.endpoints_resource_group
    for keys, region, subnet in subnets_of(place):
        group = home.get(region) if isinstance(home, dict) else home
        if not isinstance(group, GroupId) or (
            place is profile and keys[0] == "subnets" and isinstance(home, GroupId)
        ):
            continue
        if group.subscription.lower() != subnet.subscription.lower():
            problem = "it is in another subscription than endpoints_resource_group"
            remedy = "use one subscription, or leave endpoints_resource_group out"
            yield Found((*at, *keys), shown(subnet.text), problem, remedy)
    regions = {region for _, region, _ in subnets_of(place)}
    for region in home if isinstance(home, dict) and own else ():
        if region not in regions and not place.find:
            path = (*at, "endpoints_resource_group", region)
            yield Found(path, "", "no subnet is in this region", "leave it out", "warning")


def _elsewhere(at: KeyPath, place: Placement, profile: Profile, draft: Draft) -> Iterator[Found]:
    """With `target` only resources of the subnets' own subscriptions can be connected."""
    own = place is profile or "endpoints_resource_group" in place.model_fields_set
    home = place.endpoints_resource_group if own else profile.endpoints_resource_group
    subscriptions = {subnet.subscription.lower() for _, _, subnet in subnets_of(place)}
    elsewhere = draft.watched is None or draft.watched - subscriptions
    if home == "target" and subscriptions and elsewhere and not _chosen_in(str(at[1]), subscriptions, draft):
        path = (*at, "endpoints_resource_group") if own else at
        problem = "an endpoint must be in its network's subscription, and resources of others are watched too"
        remedy = "write subnet, or choose the profile for that subscription alone"
        yield Found(path, "target", problem, remedy, "warning")


def _chosen_in(profile: str, subscriptions: set[str], draft: Draft) -> bool:
    """Only rules for resources of these subscriptions choose the profile."""
    by_tag = draft.opt_in is None or draft.opt_in.tag_may_choose is None
    if by_tag or profile == "default" or (draft.opt_in and profile in (draft.opt_in.tag_may_choose or ())):
        return False
    choosing = [rule.match.subscription or () for rule in draft.rules if rule and rule.profile == profile]
    return all(listed and {one.lower() for one in listed} <= subscriptions for listed in choosing)


def _addresses(at: KeyPath, place: Placement) -> Iterator[Found]:
    regions = {region for _, region, _ in subnets_of(place)}
    for region, found in place.addresses.items():
        path = (*at, "addresses", region)
        if isinstance(found, IPv6Network):
            remedy = "write a range of IPv4 addresses, such as 10.1.4.64/26"
            yield Found(path, str(found), "endpoints are given IPv4 addresses alone", remedy)
        elif found.num_addresses < SMALLEST:
            problem = f"it has {found.num_addresses} addresses, fewer than Azure's smallest subnet"
            yield Found(path, str(found), problem, f"give a range of {SMALLEST} or more", "warning")
        if region not in regions and not place.find:
            problem = "no subnet is in this region"
            yield Found(path, str(found), problem, "list a subnet for the region, or leave the range out")


@dataclass(frozen=True, slots=True)
class _Range:
    """A range of one region, where it is written, and the networks whose addresses it can have."""

    at: KeyPath
    found: IPv4Network
    networks: frozenset[ResourceId | None]


def _shared_addresses(draft: Draft) -> Iterator[Found]:
    """Two profiles, or two placements, that give the same addresses of a region."""
    by_region: dict[str, list[_Range]] = {}
    for name, profile in draft.profiles.items():
        for path, place in places_of(("profiles", name), profile) if profile else ():
            for region, found in place.addresses.items():
                networks = frozenset(one.parent for _, where, one in subnets_of(place) if where == region)
                if isinstance(found, IPv4Network):
                    by_region.setdefault(region, []).append(_Range(path, found, networks))
    for region, ranges in by_region.items():
        yield from islice(_overlapping(region, ranges), MAX_OVERLAPS)


def _overlapping(region: str, ranges: list[_Range]) -> Iterator[Found]:
    order = {one.at: number for number, one in enumerate(ranges)}
    in_order = sorted(ranges, key=lambda one: (one.found.network_address, order[one.at]))
    for number, one in enumerate(in_order):
        for other in in_order[number + 1 : number + 1 + MAX_OVERLAPS]:
            if not one.found.overlaps(other.found):
                break
            if not one.networks & other.networks:
                continue  # other networks can have the same addresses
            first, second = sorted((one, other), key=lambda each: order[each.at])
            problem = f"it has addresses of {written(first.at)}, {first.found}"
            path = (*second.at, "addresses", region)
            yield Found(path, str(second.found), problem, "give each its own range")
