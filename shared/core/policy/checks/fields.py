"""Rules between the fields of a profile, checked on the document itself.

pydantic skips such rules as soon as any field is at fault, and an operator wants every fault at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from shared.core.base.regions import region_key
from shared.core.catalogue.catalogue import Catalogue
from shared.core.policy.faults import PUBLIC_USERS, Found, KeyPath, near, shown


def across(document: Mapping[Any, Any], catalogue: Catalogue) -> Iterator[Found]:
    """Faults between fields. What has not the shape that a rule needs is left to the field's own fault."""
    if not document.get("subscriptions") and not document.get("management_groups"):
        remedy = "list a subscription's id, or a management group under management_groups"
        yield Found(("subscriptions",), "", "nothing is watched", remedy)
    profiles = document.get("profiles")
    if isinstance(profiles, Mapping) and "default" not in profiles and not document.get("rules"):
        remedy = "name one profile `default`: it serves `enabled` and the types under always"
        yield Found(("profiles", "default"), "", "it is missing", remedy)
    for name, profile in _mapping(profiles).items():
        if isinstance(profile, Mapping):
            yield from _of_profile(
                ("profiles", str(name)), profile, catalogue, tuple(_mapping(document.get("networks")))
            )


def _unknown_sets(at: KeyPath, profile: Mapping[Any, Any], sets: Iterable[str]) -> Iterator[Found]:
    """Words that name no set of networks."""
    link = _mapping(profile.get("dns")).get("link", ())
    used: list[tuple[KeyPath, object, tuple[str, ...]]] = [
        ((*at, "clients"), profile.get("clients"), ("own",)),
        ((*at, "dns", "link"), link, ("clients", "none")),
    ]
    for path, words, reserved in used:
        known = (*reserved, *sets)
        several = (
            [((*path, index), word) for index, word in enumerate(words)] if isinstance(words, list) else []
        )
        for where, word in several or [(path, words)]:
            if isinstance(word, str) and re.fullmatch(r"[a-z0-9][a-z0-9-]*", word) and word not in known:
                remedy = near(word, known, "add it to networks")
                yield Found(where, shown(word), "no set is called so", remedy)


def _of_profile(
    at: KeyPath, profile: Mapping[Any, Any], catalogue: Catalogue, sets: Iterable[str]
) -> Iterator[Found]:
    listed = (profile.get("subnets"), *_mapping(profile.get("types")).values())
    regions = [region_key(name) for one in listed for name in _mapping(one) if isinstance(name, str)]
    fallback = profile.get("fallback_region")
    alone = not profile.get("placements") and not profile.get("find")  # find looks in this region too
    if alone and isinstance(fallback, str) and region_key(fallback) not in regions:
        remedy = f"name one of: {', '.join(regions)}" if regions else "list subnets for it"
        path = (*at, "fallback_region")
        yield Found(path, shown(fallback), "the profile has no subnet in this region", remedy)
    for path, place in _places(at, profile):
        if not place.get("subnets") and not place.get("find"):
            remedy = "list subnets by region, or say with find where to look for one"
            yield Found((*path, "subnets"), "", "there is no place for endpoints", remedy)
    dns = profile.get("dns")
    yield from _unknown_sets(at, profile, sets)
    if (
        isinstance(dns, Mapping)
        and dns.get("mode", "manage") == "manage"
        and not _zones_everywhere(profile, dns)
    ):
        remedy = "give the resource group that holds the zones, or set mode to external or none"
        yield Found((*at, "dns", "zones_resource_group"), "", "mode manage needs it", remedy)
    yield from _filters(at, _mapping(profile.get("nsg")))
    yield from _homes(at, profile)
    yield from _groups(at, profile, "groups", catalogue)
    yield from _groups(at, profile, "may_lose_access", catalogue, PUBLIC_USERS)
    if profile.get("may_lose_access") and profile.get("public_access", "leave") == "leave":
        path, problem = (*at, "may_lose_access"), "public_access leave takes access from no user"
        yield Found(path, "", problem, "set public_access to disable, or leave may_lose_access out")
    yield from _shared(at, _mapping(dns), catalogue)


def _places(at: KeyPath, profile: Mapping[Any, Any]) -> Iterator[tuple[KeyPath, Mapping[Any, Any]]]:
    """Each placement; the profile itself where it has none. One that is no mapping has a fault of its own."""
    placements = _mapping(profile.get("placements"))
    for name, place in placements.items() if placements else [("", profile)]:
        if isinstance(place, Mapping):
            yield ((*at, "placements", str(name)) if placements else at), place


def _zones_everywhere(profile: Mapping[Any, Any], dns: Mapping[Any, Any]) -> bool:
    """The profile says where zones are, or each of its placements does."""
    places = [_mapping(_mapping(one).get("dns")) for one in _mapping(profile.get("placements")).values()]
    named = [bool(one.get("zones_resource_group")) for one in (dns, *places)]
    return named[0] or (len(named) > 1 and all(named[1:]))


def _shared(at: KeyPath, dns: Mapping[Any, Any], catalogue: Catalogue) -> Iterator[Found]:
    """Types whose zones answer for other resources: any other type needs no permission."""
    kinds = dns.get("shared_names")
    for index, kind in enumerate(kinds if isinstance(kinds, list) else []):
        known = isinstance(kind, str) and catalogue.knows(kind)
        path = (*at, "dns", "shared_names", index)
        if known and not any(group.for_all for group in catalogue.groups(kind)):
            yield Found(path, shown(kind), "its zones answer for its own resources alone", "leave it out")
        elif known and dns.get("mode", "manage") != "manage":
            yield Found(path, shown(kind), "only mode manage links zones", "leave shared_names out")


def _filters(at: KeyPath, nsg: Mapping[Any, Any]) -> Iterator[Found]:
    mode = nsg.get("mode", "ignore")
    if nsg.get("default_deny") is True and mode == "ignore":
        remedy = "set nsg.mode to ensure or require, or leave default_deny out"
        yield Found((*at, "nsg", "default_deny"), "true", "mode ignore denies nothing", remedy)
    if nsg.get("create_group") is True and mode in ("require", "ignore"):
        remedy = "set nsg.mode to ensure, or leave create_group out"
        yield Found((*at, "nsg", "create_group"), "true", f"mode {mode} writes nothing", remedy)


def _homes(at: KeyPath, profile: Mapping[Any, Any]) -> Iterator[Found]:
    """An endpoint must be in the subscription of its network (Microsoft Learn: private endpoints)."""
    home = _subscription(profile.get("endpoints_resource_group"))
    for region, subnets in _mapping(profile.get("subnets")).items():
        for index, subnet in enumerate(subnets if isinstance(subnets, list) else []):
            if home and (theirs := _subscription(subnet)) and theirs != home:
                path = (*at, "subnets", str(region), index)
                problem = "it is in another subscription than endpoints_resource_group"
                yield Found(
                    path, shown(subnet), problem, "use one subscription in a profile, or drop the group"
                )


def _groups(
    at: KeyPath, profile: Mapping[Any, Any], key: str, catalogue: Catalogue, also: tuple[str, ...] = ()
) -> Iterator[Found]:
    for kind, groups in _mapping(profile.get(key)).items():
        if not isinstance(kind, str) or not isinstance(groups, list) or not catalogue.knows(kind):
            continue
        for index, group in enumerate(groups):
            if isinstance(group, str) and group.lower() not in also and not catalogue.may_have(kind, group):
                names = [*(known.group_id for known in catalogue.groups(kind)), *also]
                path = (*at, key, kind, index)
                yield Found(
                    path, shown(group), "the type has no such sub-resource", f"known: {', '.join(names)}"
                )


def _mapping(value: object) -> Mapping[Any, Any]:
    return value if isinstance(value, Mapping) else {}


def _subscription(value: object) -> str | None:
    """The subscription in an id, in lower case; None where it is no GUID, which is a fault of its own."""
    found = re.match(r"/subscriptions/([0-9a-f-]{36})/", value, re.I) if isinstance(value, str) else None
    return found.group(1).lower() if found else None
