"""Sets of networks: what they select, who decides what is in them, and the words that name them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from shared.core.base.ids import ResourceId
from shared.core.policy.checks.rules import fences
from shared.core.policy.draft import Draft
from shared.core.policy.faults import Found, KeyPath, near
from shared.core.policy.globs import covers, normal
from shared.core.policy.profile import Profile
from shared.core.policy.selectors import NetworkSelector

RESERVED = {
    "clients": "in dns.link it means the profile's clients",
    "own": "it means the networks of the resource's own subscription",
    "none": "in dns.link it means no network",
}
MAX_NAMED = 10  # sets that a remedy names
_CHANGEABLE = ("resource_group", "name", "region", "tags")  # by the networks' owners


def networks(draft: Draft) -> Iterator[Found]:
    """Everything about sets of networks."""
    lists = [name for name, one in draft.networks.items() if isinstance(one, tuple)]
    for name, found in draft.networks.items():
        at: KeyPath = ("networks", name)
        if name in RESERVED:
            remedy = "give the set another name"
            yield Found(at, "", f"the word has a meaning of its own: {RESERVED[name]}", remedy)
        if isinstance(found, NetworkSelector):
            yield from _selects(at, found)
            yield from _fence(at, found)
            yield from _peered(at, found, draft, lists)
    for name, profile in draft.profiles.items():
        if profile is not None:
            yield from _words(("profiles", name), profile, draft)
    yield from _unused(draft)


def _selects(at: KeyPath, found: NetworkSelector) -> Iterator[Found]:
    if not found.patterns and not found.peered_with:
        remedy = "list ids, or write peered_with, management_group or subscription"
        yield Found(at, "", "it selects no network", remedy)
    left_out = [normal(pattern.lower()) for pattern in found.but_not or ()]
    names = [normal(pattern.lower()) for pattern in found.name or ("*",)]
    if left_out and all(any(covers(wide, name) for wide in left_out) for name in names):
        problem = "it selects no network: but_not leaves out all that it names"
        yield Found((*at, "but_not"), "", problem, "narrow but_not")


def _fence(at: KeyPath, found: NetworkSelector) -> Iterator[Found]:
    """Names, regions and tags are the choice of a network's owner. A fence is not."""
    changeable = [key for key in _CHANGEABLE if getattr(found, key)]
    above = fences(found.management_group) or found.subscription or found.peered_with
    if not above and (changeable or found.management_group):
        what = ", ".join(changeable) or "management_group"
        problem = f"{what} alone let everyone who can make a network add it to the set"
        if not changeable:
            problem = "it takes every network of every subscription"
        remedy = "add a fence: a management group's name, subscription, or peered_with"
        yield Found(at, "", problem, remedy)


def _peered(at: KeyPath, found: NetworkSelector, draft: Draft, lists: list[str]) -> Iterator[Found]:
    hubs = found.peered_with
    if hubs is None:
        return
    otherwise = f"name a set that lists ids{': ' if lists else ''}{', '.join(lists[:MAX_NAMED])}"
    if hubs not in draft.networks:
        remedy = near(hubs, lists, otherwise if lists else f"add {hubs} to networks, as a list of ids")
        yield Found((*at, "peered_with"), hubs, "no set is called so", remedy)
    elif isinstance(draft.networks[hubs], NetworkSelector):
        problem = "this set is a selector, and a fence has to be the operator's own list"
        yield Found((*at, "peered_with"), hubs, problem, otherwise)


def _words(at: KeyPath, profile: Profile, draft: Draft) -> Iterator[Found]:
    """Words that name no set. Those of clients and dns.link are checked with the profile's fields."""
    sets = draft.networks
    yield from _unknown((*at, "adopt_in"), profile.adopt_in, ("own", *sets))
    for address, word in profile.dns.servers.items():
        if isinstance(word, str) and word not in sets:
            remedy = near(word, sets, "add it to networks")
            yield Found((*at, "dns", "servers", address), word, "no set is called so", remedy)
    if (hubs := profile.peering.through) and hubs not in sets:
        yield Found((*at, "peering", "through"), hubs, "no set is called so", near(hubs, sets, "add it"))
    links: list[tuple[KeyPath, Iterable[ResourceId | str]]] = [((*at, "dns", "link"), profile.dns.link)]
    for name, place in profile.placements.items():
        link: KeyPath = (*at, "placements", name, "dns", "link")
        yield from _unknown(link, place.dns.link or (), ("clients", "none", *sets))
        links.append((link, place.dns.link or ()))
    for path, words in links:
        if "none" in words and len(tuple(words)) > 1:
            yield Found(path, "none", "beside other words it has no meaning", "leave it out, or the others")


def _unknown(at: KeyPath, words: Iterable[object], known: Iterable[str]) -> Iterator[Found]:
    names = tuple(known)
    for index, word in enumerate(words):
        if isinstance(word, str) and word not in names:
            yield Found((*at, index), word, "no set is called so", near(word, names, "add it to networks"))


def used_sets(profile: Profile) -> frozenset[str]:
    """The words by which a profile may name sets."""
    words: set[object] = {*profile.clients, *profile.adopt_in, *profile.dns.link}
    words |= {*profile.dns.servers.values(), profile.peering.through}
    for place in profile.placements.values():
        words |= {*(place.dns.link or ())}
    return frozenset(word for word in words if isinstance(word, str))


def _unused(draft: Draft) -> Iterator[Found]:
    if None in draft.profiles.values() or None in draft.networks.values():
        return  # the part that cannot be read may use it
    used = {word for profile in draft.profiles.values() if profile for word in used_sets(profile)}
    for found in draft.networks.values():
        used |= {found.peered_with} if isinstance(found, NetworkSelector) and found.peered_with else set()
    for name in draft.networks:
        if name not in used and name not in RESERVED:
            yield Found(("networks", name), "", "nothing uses this set", "remove it", "warning")
