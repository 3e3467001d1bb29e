"""Keys that have no effect beside others, and profiles that nothing can choose."""

from __future__ import annotations

from collections.abc import Iterator

from shared.core.policy.checks.placement import places_of
from shared.core.policy.checks.rules import fields_of
from shared.core.policy.draft import Draft
from shared.core.policy.faults import Found, KeyPath
from shared.core.policy.profile import Profile

# Keys by part of a profile and its mode: nothing reads them there.
_DNS: dict[str, tuple[str, ...]] = {
    "none": (
        "external",
        "zones_resource_group",
        "zones",
        "create_zones",
        "link",
        "servers",
        "fallback_to_internet",
    ),
    "external": ("create_zones", "fallback_to_internet"),
    "manage": ("external",),
}
_PEERING: dict[str, tuple[str, ...]] = {
    "ignore": ("through", "hub", "spoke"),
    "require": ("hub", "spoke"),
    "ensure": (),
}
_NSG: dict[str, tuple[str, ...]] = {
    "ignore": ("destination", "network_policies", "priorities"),
    "require": ("destination", "network_policies", "priorities"),
    "ensure": (),
}


def effect(draft: Draft) -> Iterator[Found]:
    """Warnings alone: nothing that is said here changes what the policy means."""
    for name, profile in draft.profiles.items():
        if profile is not None:
            at: KeyPath = ("profiles", name)
            yield from _modes(at, profile)
            yield from _find(at, profile)
            yield from _of_placements(at, profile)
            yield from _limits(at, profile, draft)
    yield from _always(draft)
    yield from _unused(draft)


def _modes(at: KeyPath, profile: Profile) -> Iterator[Found]:
    parts = (
        ("dns", profile.dns, profile.dns.mode, _DNS),
        ("peering", profile.peering, profile.peering.mode, _PEERING),
        ("nsg", profile.nsg, profile.nsg.mode, _NSG),
    )
    for part, found, mode, without in parts:
        for key in without[mode]:
            if key in found.model_fields_set:
                problem = f"it has no effect with mode {mode}"
                yield Found((*at, part, key), "", problem, "leave it out, or set another mode", "warning")
    nsg = profile.nsg
    if nsg.mode == "ensure" and not nsg.enforce_on_endpoints and "network_policies" in nsg.model_fields_set:
        problem = "it has no effect with enforce_on_endpoints: false"
        yield Found((*at, "nsg", "network_policies"), "", problem, "leave one of the two out", "warning")


def _find(at: KeyPath, profile: Profile) -> Iterator[Found]:
    for path, place in places_of(at, profile):
        if place.find and place.find.own == "resource_group" and place.find.resource_group:
            problem = "it has no effect with own: resource_group, which names the only group already"
            yield Found((*path, "find", "resource_group"), "", problem, "leave it out", "warning")


def _of_placements(at: KeyPath, profile: Profile) -> Iterator[Found]:
    for name, place in profile.placements.items():
        if profile.dns.mode == "none" and "dns" in place.model_fields_set:
            path = (*at, "placements", name, "dns")
            yield Found(path, "", "it has no effect with dns.mode none", "leave it out", "warning")
    own = [place.dns.model_fields_set for place in profile.placements.values()]
    for key in ("link", "zones_resource_group"):
        if own and key in profile.dns.model_fields_set and all(key in one for one in own):
            problem = "it has no effect: each placement has its own"
            yield Found((*at, "dns", key), "", problem, "leave it out", "warning")


def _limits(at: KeyPath, profile: Profile, draft: Draft) -> Iterator[Found]:
    for key in ("creations_per_hour", "max_deletes_per_sweep"):
        own = getattr(profile.limits, key)
        if own is not None and draft.limits is not None and own > getattr(draft.limits, key):
            problem = f"it has no effect: the limit of the file is {getattr(draft.limits, key)}"
            remedy = "give a lower number, or raise the limit of the file"
            yield Found((*at, "limits", key), str(own), problem, remedy, "warning")


def _always(draft: Draft) -> Iterator[Found]:
    """`always` comes after all rules: a type that one of them takes whole never gets there."""
    always = draft.opt_in.always if draft.opt_in else ()
    taking: dict[str, int] = {}
    for number, rule in enumerate(draft.rules if always else ()):
        fields = fields_of(rule.match, draft) if rule else {"": frozenset[str]()}
        if fields.keys() <= {"type"}:
            for kind in fields.get("type", map(str.lower, always)):
                taking.setdefault(kind, number)
    for index, kind in enumerate(always):
        if kind.lower() in taking:
            problem = f"it has no effect: rules[{taking[kind.lower()]}] takes all resources of the type"
            yield Found(("opt_in", "always", index), kind, problem, "remove it", "warning")


def _unused(draft: Draft) -> Iterator[Found]:
    if draft.opt_in is None or draft.opt_in.tag_may_choose is None or None in draft.rules:
        return  # a tag may choose every profile, or what chooses one cannot be read
    used = {rule.profile for rule in draft.rules if rule} | {*draft.opt_in.tag_may_choose, "default"}
    for name in draft.profiles:
        if name not in used:
            problem = "no rule and no tag can choose this profile"
            remedy = "name it in a rule or in opt_in.tag_may_choose, or remove it"
            yield Found(("profiles", name), "", problem, remedy, "warning")
