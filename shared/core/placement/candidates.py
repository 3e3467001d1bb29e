"""Which subnets serve a target: those that the profile lists, or those of the target's own networks.

Azure requires an endpoint and its network in one region and one subscription; the target may be anywhere
(docs/azure/private-endpoints.md, PE-17).
"""

from collections.abc import Iterator

from shared.core.base.ids import GroupId, ResourceId
from shared.core.base.refusal import Refusal
from shared.core.base.regions import region_key
from shared.core.base.target import Target
from shared.core.kinds.endpoint import TYPE, endpoint_hash, endpoint_id
from shared.core.placement.find import SEVERAL, OwnNetworks, found_in
from shared.core.placement.site import Candidates
from shared.core.policy.intent import Connect, Declined
from shared.core.policy.profile import Placement


def regions_of(target: Target, place: Placement) -> tuple[str, ...]:
    """The regions whose subnets may serve the target, the better one first."""
    regions = (region_key(target.location), place.fallback_region)
    return tuple(dict.fromkeys(region for region in regions if region))


def candidates(target: Target, place: Placement) -> Candidates | Declined:
    """The listed subnets for the target's region or the fallback region, those of its type before others."""
    of_type = next((found for kind, found in place.types.items() if target.id.is_type(kind)), {})
    for listed in (of_type, place.subnets):
        for region in regions_of(target, place):
            if subnets := listed.get(region):
                return Candidates(region, tuple(subnets))
    return Declined(
        "NoSubnetForRegion",
        f"the profile has no subnet for the region '{region_key(target.location)}' and no fallback",
        f"add a subnet under subnets.{region_key(target.location)}, or set fallback_region",
    )


def candidates_of(
    target: Target, connect: Connect, own: OwnNetworks | None, recorded: frozenset[ResourceId]
) -> Candidates | Declined | Refusal:
    """Those of the target's own networks if the profile says `find`, else those that it lists.

    `own`: the target's own networks; None where the profile does not ask for them. `recorded`: endpoints that
    were made for the target before; one network of several that holds such a one is no guess.
    """
    place = connect.profile
    listed = candidates(target, place)
    if place.find is None or own is None:
        return listed
    connected = {
        one.endpoint_id for one in target.connections if one.endpoint_id and is_named_by_subnet(connect)
    }

    def holds(subnet: ResourceId, endpoints: frozenset[ResourceId]) -> bool:
        made = own_ids(target, connect, Candidates("", (subnet,)))
        return bool(endpoints & recorded) or any(at in endpoints or at in connected for at in made)

    found = found_in(own, place.find, regions_of(target, place), holds)
    if isinstance(found, Candidates) or found.code == SEVERAL or isinstance(listed, Declined):
        return found
    return listed


def own_ids(target: Target, connect: Connect, found: Candidates) -> Iterator[ResourceId]:
    """The ids of our new endpoints for all groups in these subnets, existing or not."""
    for subnet in found.subnets:
        for group in connect.groups:
            yield own_id(target, connect, group.group_id, subnet, found.region)


def own_id(target: Target, connect: Connect, group: str, subnet: ResourceId, region: str = "") -> ResourceId:
    """The id of our new endpoint in this subnet. `region`: the network's, where groups differ by it."""
    home, placement = _home(target, connect, subnet, region), connect.placement
    if not connect.style.naming.endpoint:
        return endpoint_id(home, target.id, group, subnet, placement)
    name = connect.style.name("endpoint", endpoint_fields(target, connect, group, subnet))
    return home.resource(TYPE, name) if name else endpoint_id(home, target.id, group, subnet, placement)


def endpoint_fields(target: Target, connect: Connect, group: str, subnet: ResourceId) -> dict[str, str]:
    """What the templates of an endpoint, and of what belongs to it, are filled in with."""
    unique = endpoint_hash(target.id, group, subnet, connect.placement)
    return connect.style.fields(target, group=group, placement=connect.placement, hash=unique)


def is_named_by_subnet(connect: Connect) -> bool:
    """Endpoints of one target in two subnets have different names."""
    return not connect.style.naming.endpoint or connect.style.has("endpoint", "hash")


def _home(target: Target, connect: Connect, subnet: ResourceId, region: str) -> GroupId:
    """The resource group of a new endpoint."""
    said = connect.profile.endpoints_resource_group
    if isinstance(said, GroupId):
        return said
    if isinstance(said, dict):
        return said.get(region, subnet.group)
    return target.id.group if said == "target" else subnet.group
