"""Private DNS zones: one record for a resource in each, and one zone of a name for each network."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice, product

from shared.core.base.ids import ResourceId
from shared.core.policy.checks.rules import NONE, fields_of
from shared.core.policy.draft import AnySet, Draft
from shared.core.policy.faults import Found, KeyPath, shown
from shared.core.policy.profile import Dns, OnePlacement, Placement, PlacementDns, Profile, zones_of

MAX_PLACES = 200  # placements of all profiles that are compared with each other
_GROUP = ("zones_resource_group", "its own zones_resource_group")


def zones(draft: Draft) -> Iterator[Found]:
    """Everything about zones."""
    served = _served(draft)
    for name, profile in draft.profiles.items():
        if profile is not None:
            found = list(_one_record(("profiles", name), profile))
            yield from found or _one_zone(("profiles", name), profile, served.get(name, frozenset()), draft)
            yield from _one_link(("profiles", name), profile, draft.networks)
    yield from _two_profiles(draft)


def _one_record(at: KeyPath, profile: Profile) -> Iterator[Found]:
    """Two endpoints of a resource in one zone: the second overwrites the first one's record, and removing
    either deletes it (azure-quickstart-templates#12091)."""
    if profile.dns.mode != "manage":
        return
    first: dict[tuple[str, str], str] = {}
    for name, place in profile.placements.items():
        path: KeyPath = (*at, "placements", name, "dns")
        every = place.dns.zones_resource_group or profile.dns.zones_resource_group
        single = zones_of(profile, place)
        for kind, group in {**single, **({"": every} if every else {})}.items():
            if (before := first.setdefault((kind, group.key), name)) != name:
                what = f"the same records of {kind}" if kind else "the same records"
                problem = f"the placements {before} and {name} would write {what}"
                key, remedy = ("zones", "its own group under zones") if kind else _GROUP
                yield Found((*path, key), shown(group.text), problem, f"give each placement {remedy}")


def _one_zone(at: KeyPath, profile: Profile, kinds: frozenset[str], draft: Draft) -> Iterator[Found]:
    """The same where one placement names a zone, or its type, and another one has all zones there."""
    if profile.dns.mode != "manage":
        return
    first: dict[tuple[str, str], str] = {}
    for name, place in profile.placements.items():
        for zone, group in sorted(_named(kinds, place, profile, draft)):
            if (before := first.setdefault((zone, group), name)) != name:
                problem = f"the placements {before} and {name} would write the same records in {zone}"
                remedy = "give each placement other groups under zones_resource_group and zones"
                path = (*at, "placements", name, "dns")
                yield Found(path, shown(group), problem, remedy)
                break


def _one_link(at: KeyPath, profile: Profile, sets: Mapping[str, AnySet | None]) -> Iterator[Found]:
    """Azure links a network to one zone of a name (azure-docs PR 122956)."""
    if profile.dns.mode != "manage":
        return
    first: dict[str, str] = {}
    for name, place in profile.placements.items():
        twice: dict[str, list[str]] = {}
        for network in sorted(linked(place, profile, sets)):
            if (before := first.setdefault(network, name)) != name:
                twice.setdefault(before, []).append(network.rpartition("/")[2])
        for before, names in twice.items():
            problem = f"the placements {before} and {name} link {', '.join(names)} to two zones of one name"
            path: KeyPath = (*at, "placements", name)
            path = path if place.dns.link is None else (*path, "dns", "link")
            yield Found(path, "", problem, "a network takes one: give each placement other networks")


def linked(place: Placement, profile: Profile, sets: Mapping[str, AnySet | None]) -> frozenset[str]:
    """The networks that are linked to a placement's zones, by id; those of a selector by the set's name."""
    own = place.dns.link if isinstance(place, OnePlacement) else None
    words: Iterable[object] = own if own is not None else profile.dns.link
    found: set[str] = set()
    for word in words:
        for one in profile.clients if word == "clients" else (word,):
            listed = sets.get(one) if isinstance(one, str) else None
            if isinstance(listed, tuple):
                found |= {network.key for network in listed}
            elif isinstance(one, ResourceId):
                found.add((one.parent or one).key)
            elif isinstance(one, str) and one != NONE:
                found.add(one)
    return frozenset(found)


@dataclass(frozen=True, slots=True)
class Zones:
    """The zones of one placement: the resource group by the zone's name, and the networks linked to them."""

    profile: str
    at: KeyPath
    groups: Mapping[str, str]
    linked: frozenset[str]


def _two_profiles(draft: Draft) -> Iterator[Found]:
    """Two profiles that link one network to two zones of one name: Azure refuses the second link."""
    if len({group for profile in draft.profiles.values() for group in _groups_of(profile)}) < 2:
        return
    first: dict[tuple[str, str], Zones] = {}
    for one in islice(_zones_of_all(draft), MAX_PLACES):
        other = None
        for network, zone in product(sorted(one.linked), sorted(one.groups)):
            before = first.setdefault((network, zone), one)
            if before.profile != one.profile and before.groups[zone] != one.groups[zone] and not other:
                other, name = before, network.rpartition("/")[2]
                problem = f"{name} would be linked to two zones of one name, such as {zone}: profile"
                remedy = "use one group for the zones, or link other networks"
                yield Found((*one.at, "dns"), "", f"{problem} {before.profile} has others", remedy, "warning")


def _groups_of(profile: Profile | None) -> Iterator[str]:
    """The resource groups in which a profile has zones."""
    if profile is not None and profile.dns.mode == "manage":
        parts: list[Dns | PlacementDns] = [profile.dns, *(one.dns for one in profile.placements.values())]
        for part in parts:
            yield from (group.key for group in (part.zones_resource_group, *part.zones.values()) if group)


def _zones_of_all(draft: Draft) -> Iterator[Zones]:
    served = _served(draft)
    for name, profile in draft.profiles.items():
        if profile is None or profile.dns.mode != "manage":
            continue
        for placement, place in profile.places.items():
            at: KeyPath = ("profiles", name, *(("placements", placement) if placement else ()))
            groups = dict(_named(served.get(name, frozenset()), place, profile, draft))
            yield Zones(name, at, groups, linked(place, profile, draft.networks))


def _named(
    kinds: frozenset[str], place: Placement, profile: Profile, draft: Draft
) -> Iterator[tuple[str, str]]:
    """The names of the zones for these types, each with its resource group."""
    own = place.dns if isinstance(place, OnePlacement) else profile.dns
    single = {key.lower(): group.key for key, group in zones_of(profile, place).items()}
    every = own.zones_resource_group or profile.dns.zones_resource_group
    shared = {kind.lower() for kind in profile.dns.shared_names}
    for kind in kinds:
        rows = draft.catalogue.groups(kind)
        if kind not in shared and any(row.for_all for row in rows):
            continue  # not connected without shared_names
        for row in rows:
            for zone in row.zones.get(draft.cloud or "AzureCloud", ()):
                if group := single.get(zone) or single.get(kind) or (every.key if every else ""):
                    yield zone, group


def _served(draft: Draft) -> Mapping[str, frozenset[str]]:
    """The types that each profile can be chosen for."""
    every = left = frozenset(kind.lower() for kind in draft.catalogue.types)
    found: dict[str, frozenset[str]] = {}
    for rule in draft.rules:
        fields = fields_of(rule.match, draft) if rule else {}
        kinds = fields.get("type", every) & left
        if rule:
            found[rule.profile] = found.get(rule.profile, frozenset()) | kinds
            left -= kinds if not fields.keys() - {"type"} else frozenset()
    found["default"] = found.get("default", frozenset()) | left
    allowed = draft.opt_in.tag_may_choose if draft.opt_in else ()
    return found | dict.fromkeys(draft.profiles if allowed is None else allowed, every)
