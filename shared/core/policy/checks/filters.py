"""Security rules: what they name in place of addresses, and whom that lets in.

The interfaces in an application security group must be in one virtual network (Microsoft Learn: application
security groups).
"""

from __future__ import annotations

from collections.abc import Iterator

from shared.core.base.ids import ResourceId
from shared.core.policy.checks.peering import finds
from shared.core.policy.checks.placement import places_of, subnets_of
from shared.core.policy.draft import Draft
from shared.core.policy.faults import Found, KeyPath
from shared.core.policy.profile import Profile


def filters(draft: Draft) -> Iterator[Found]:
    """Everything about security rules."""
    for name, profile in draft.profiles.items():
        if profile is not None:
            yield from _groups(("profiles", name), profile)
    yield from _neighbours(draft)


def _groups(at: KeyPath, profile: Profile) -> Iterator[Found]:
    """A rule that names a group needs one in each region, and each in one network."""
    groups, by_group = profile.application_security_groups, profile.nsg.destination == "group"
    path = (*at, "nsg", "destination")
    instead = "set destination to addresses or subnet"
    if by_group and not groups:
        remedy = f"list a group by region under application_security_groups, or {instead}"
        yield Found(path, "group", "it needs application_security_groups", remedy)
    networks = _networks(profile)
    for region in networks if by_group and groups else ():
        if region not in groups:
            problem = f"application_security_groups has no group for {region}"
            yield Found(path, "group", problem, f"add one, or {instead}")
    for region in groups if not finds(profile) else ():
        if region not in networks:
            key = (*at, "application_security_groups", region)
            yield Found(key, "", "no subnet is in this region", "leave it out", "warning")
    several = [region for region, found in networks.items() if region in groups and len(found) > 1]
    if groups and (finds(profile) or several):
        where = "find can choose several" if finds(profile) else f"{several[0]} has subnets of several"
        problem = f"a security group takes the interfaces of one network only, and {where}"
        if by_group:
            yield Found(path, "group", problem, f"{instead}, and leave application_security_groups out")
        else:
            key = (*at, "application_security_groups")
            yield Found(key, "", problem, "leave it out, or use one network for a region", "warning")


def _networks(profile: Profile) -> dict[str, set[ResourceId | None]]:
    """The networks of the listed subnets by region."""
    found: dict[str, set[ResourceId | None]] = {}
    for _, place in places_of((), profile):
        for _, region, subnet in subnets_of(place):
            found.setdefault(region, set()).add(subnet.parent)
    return found


def _neighbours(draft: Draft) -> Iterator[Found]:
    """A rule for a subnet opens all that is in it, endpoints of other profiles too. One is named for each."""
    known = [(name, profile) for name, profile in draft.profiles.items() if profile is not None]
    inside: dict[str, dict[frozenset[str], str]] = {}  # by subnet: clients, each with a profile that has them
    for name, profile in known:
        for subnet in _subnets(profile):
            inside.setdefault(subnet, {}).setdefault(_clients(profile), name)
    for name, profile in known:
        if profile.nsg.mode == "ensure" and profile.nsg.destination == "subnet":
            mine = _clients(profile)
            others = ((at, one) for at in sorted(_subnets(profile)) for one in inside[at].items())
            found = next(
                ((at, mine - theirs, other) for at, (theirs, other) in others if mine - theirs), None
            )
            if found:
                yield _opened(name, *found)


def _opened(name: str, subnet: str, more: frozenset[str], other: str) -> Found:
    clients = ", ".join(sorted(one.rpartition("/virtualNetworks/")[2] for one in more))
    where = subnet.rpartition("/")[2]
    problem = f"{clients} also get to the endpoints of profile {other} in {where}"
    remedy = "set destination to addresses, or give each profile its own subnets"
    return Found(("profiles", name, "nsg", "destination"), "subnet", problem, remedy, "warning")


def _clients(profile: Profile) -> frozenset[str]:
    return frozenset(map(str, profile.clients))


def _subnets(profile: Profile) -> frozenset[str]:
    places = places_of((), profile)
    return frozenset(subnet.key for _, place in places for _, _, subnet in subnets_of(place))
