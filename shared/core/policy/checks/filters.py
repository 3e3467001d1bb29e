"""Security rules: what they name in place of addresses, and whom that lets in.

The interfaces in an application security group must be in one virtual network (Microsoft Learn: application
security groups).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations

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
    """A rule for a subnet opens all that is in it, endpoints of other profiles too."""
    known = [(name, profile) for name, profile in draft.profiles.items() if profile is not None]
    subnets = {name: _subnets(profile) for name, profile in known}
    for (name, profile), (other, neighbour) in permutations(known, 2):
        if profile.nsg.mode != "ensure" or profile.nsg.destination != "subnet":
            continue
        more = {str(one) for one in profile.clients} - {str(one) for one in neighbour.clients}
        if more and (both := subnets[name] & subnets[other]):
            shown = min(both).rpartition("/")[2]
            clients = ", ".join(sorted(one.rpartition("/virtualNetworks/")[2] for one in more))
            problem = f"{clients} also get to the endpoints of profile {other} in {shown}"
            remedy = "set destination to addresses, or give each profile its own subnets"
            at: KeyPath = ("profiles", name, "nsg", "destination")
            yield Found(at, "subnet", problem, remedy, "warning")


def _subnets(profile: Profile) -> frozenset[str]:
    places = places_of((), profile)
    return frozenset(subnet.key for _, place in places for _, _, subnet in subnets_of(place))
