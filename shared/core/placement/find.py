"""Finding a subnet for endpoints in a target's own networks.

What a team can choose lies within its own subscription or resource group. Nothing is guessed: of two networks
that fit, neither is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from shared.core.base.bodies import Seen
from shared.core.base.ids import ResourceId
from shared.core.base.refusal import Refusal
from shared.core.base.regions import region_key
from shared.core.placement.site import Candidates
from shared.core.policy.globs import fits
from shared.core.policy.profile import Find, Scope
from shared.core.readings.embedded import subnets_of
from shared.core.readings.networks import endpoints_in

NONE, SEVERAL = "NoOwnNetwork", "SeveralOwnNetworks"
SHOWN = 10  # networks in one reason; the rest is counted

type Holds = Callable[[ResourceId, frozenset[ResourceId]], bool]


@dataclass(frozen=True, slots=True)
class OwnNetworks:
    """The virtual networks of a target's own subscription or resource group (`own`; `scope`, in words).

    `target`: whose they are. `managed`: those in resource groups that a service manages, with its id: they
    are the service's. `at`: when their list was read, in seconds since 1970.
    """

    target: ResourceId
    scope: str
    networks: tuple[Seen, ...]
    managed: Mapping[ResourceId, str] = field(default_factory=dict)
    at: float = 0.0
    own: Scope = "subscription"

    def beside(self, more: Iterable[Seen]) -> OwnNetworks:
        """With those of these networks that are in the scope and that the list lacks."""
        known = {one.id for one in self.networks}
        new = tuple(one for one in more if one.id not in known and self._holds(one.id))
        return replace(self, networks=(*self.networks, *new))

    def _holds(self, at: ResourceId) -> bool:
        same = at.subscription.lower() == self.target.subscription.lower()
        return same and (self.own == "subscription" or at.group == self.target.group)


def found_in(own: OwnNetworks, find: Find, regions: Iterable[str], holds: Holds) -> Candidates | Refusal:
    """The subnets that fit in the first of these regions that has a network with any.

    `holds`: whether a subnet holds an endpoint of ours, by all that it lists.
    """
    wanted = tuple(regions)
    fitting = [one for one in own.networks if one.id not in own.managed and _subnets(one, find)]
    for region in wanted:
        here = [one for one in fitting if _region(one) == region]
        if len(here) > 1:
            here = [one for one in here if _holds_ours(one, find, holds)] or here
        if len(here) > 1:
            return _several(own, here, region)
        if here:
            return Candidates(region, _subnets(here[0], find))
    return _none(own, find, wanted)


def looked_for(find: Find) -> str:
    """What a network must be, in words."""
    group = f" in a resource group {_any(find.resource_group)}" if find.resource_group else ""
    return f"a network {_any(find.network)}{group} with a subnet {_any(find.subnet)}"


def _subnets(network: Seen, find: Find) -> tuple[ResourceId, ...]:
    """The network's subnets that fit, in the order of the patterns; none if the network does not fit."""
    if _unfit(network, find):
        return ()
    listed = [one.id for one in subnets_of(network).items]
    return tuple(dict.fromkeys(at for pattern in find.subnet for at in listed if _fits((pattern,), at.name)))


def _unfit(network: Seen, find: Find) -> str:
    if not _fits(find.network, network.id.name):
        return "another name"
    if find.resource_group and not _fits(find.resource_group, network.id.resource_group):
        return f"in resource group {network.id.resource_group}"
    return ""


def _fits(patterns: Iterable[str], text: str) -> bool:
    return any(fits(pattern.lower(), text.lower()) for pattern in patterns)


def _region(network: Seen) -> str:
    return region_key(str(network.body.get("location") or ""))


def _holds_ours(network: Seen, find: Find, holds: Holds) -> bool:
    chosen = frozenset(_subnets(network, find))
    subnets = (one for one in subnets_of(network).items if one.id in chosen)
    return any(holds(one.id, endpoints_in(one)) for one in subnets)


def _several(own: OwnNetworks, found: Iterable[Seen], region: str) -> Refusal:
    names = " and ".join(sorted(one.id.text for one in found))
    return Refusal(
        own.target,
        SEVERAL,
        f"several networks of {own.scope} in {region} fit, and none is guessed: {names}",
        "let find in the policy name the network or the resource group that is meant, or rename the other's "
        "subnet, then rerun the resource",
    )


def _none(own: OwnNetworks, find: Find, regions: tuple[str, ...]) -> Refusal:
    nearest = sorted(own.networks, key=lambda one: (bool(_unfit(one, find)), one.id.key))
    shown = [_what(one, own, find, regions) for one in nearest[:SHOWN]]
    more = f"; and {len(own.networks) - SHOWN} more" if len(own.networks) > SHOWN else ""
    return Refusal(
        own.target,
        NONE,
        f"no virtual network of {own.scope} in {' or '.join(regions)} fits: looked for {looked_for(find)}, "
        f"found {'; '.join(shown) or 'no network'}{more}",
        "create such a subnet, or correct find in the policy, or set fallback_region, or list a subnet under "
        "subnets, then rerun the resource",
    )


def _what(network: Seen, own: OwnNetworks, find: Find, regions: tuple[str, ...]) -> str:
    """Why this network does not fit."""
    name = network.id.name
    if manager := own.managed.get(network.id):
        return f"{name} (in a resource group that {manager} manages)"
    if why := _unfit(network, find):
        return f"{name} ({why})"
    if not _subnets(network, find):
        names = ", ".join(one.id.name for one in subnets_of(network).items) or "none"
        return f"{name} (its subnets: {names})"
    return f"{name} (in {_region(network)})"


def _any(patterns: Iterable[str]) -> str:
    return " or ".join(patterns)
