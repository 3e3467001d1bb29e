"""Peerings: a mesh that is not meant, and the flags of gateways.

Which side has which flag, and that a network uses the gateways of one other network at most: Microsoft Learn,
"Create, change, or delete a virtual network peering".
"""

from __future__ import annotations

from collections.abc import Iterator

from shared.core.policy.checks.placement import places_of, subnets_of
from shared.core.policy.draft import Draft
from shared.core.policy.faults import Found, KeyPath
from shared.core.policy.profile import Profile
from shared.core.policy.selectors import NetworkSelector

GATEWAY, REMOTE = "gateway_transit", "remote_gateways"


def peering(draft: Draft) -> Iterator[Found]:
    """Everything about peerings."""
    for name, profile in draft.profiles.items():
        if profile is not None:
            at: KeyPath = ("profiles", name, "peering")
            yield from _mesh(at, profile, draft)
            yield from _flags(at, profile)
            yield from _gateways(at, profile, draft)


def wide_clients(profile: Profile, draft: Draft) -> tuple[str, ...]:
    """Sets of clients that a selector chooses: they can be hundreds of networks."""
    words = (word for word in profile.clients if isinstance(word, str))
    return tuple(word for word in words if isinstance(draft.networks.get(word), NetworkSelector))


def finds(profile: Profile) -> bool:
    """Endpoints can be in many networks."""
    return any(place.find for _, place in places_of((), profile))


def _mesh(at: KeyPath, profile: Profile, draft: Draft) -> Iterator[Found]:
    """With n networks there are n * (n - 1) / 2 peerings, and Azure allows 500 a network."""
    wide = wide_clients(profile, draft)
    if profile.peering.mode == "ensure" and profile.peering.through is None and finds(profile) and wide:
        problem = f"endpoints are in every network and clients are {wide[0]}: each would be peered with every"
        remedy = "write `through` with the set of the hubs, or set mode to require"
        yield Found((*at, "through"), "", f"{problem} other one", remedy)


def _flags(at: KeyPath, profile: Profile) -> Iterator[Found]:
    found = profile.peering
    for key, flags, wrong, other in (
        ("hub", found.hub, REMOTE, "spoke"),
        ("spoke", found.spoke, GATEWAY, "hub"),
    ):
        if wrong in flags:
            problem = f"it is a flag of the {other}'s side"
            yield Found((*at, key, flags.index(wrong)), wrong, problem, f"move it to {other}")
    if REMOTE in found.spoke and GATEWAY not in found.hub:
        problem = f"it needs {GATEWAY} on the hub's side: Azure refuses the peering otherwise"
        remedy = f"add {GATEWAY} to hub, or leave it out"
        yield Found((*at, "spoke", found.spoke.index(REMOTE)), REMOTE, problem, remedy)


def _gateways(at: KeyPath, profile: Profile, draft: Draft) -> Iterator[Found]:
    found = profile.peering
    hubs = draft.networks.get(found.through) if found.through else None
    listed = hubs if isinstance(hubs, tuple) else ()
    networks = {subnet.parent for _, place in places_of((), profile) for _, _, subnet in subnets_of(place)}
    several = len(set(listed)) > 1 if found.through else len(networks) > 1
    if found.mode == "ensure" and REMOTE in found.spoke and several:
        problem = "a network can use the gateways of one other network, and it may be peered with several"
        remedy = "make sure that each client is peered with one, or leave it out"
        yield Found((*at, "spoke", found.spoke.index(REMOTE)), REMOTE, problem, remedy, "warning")
