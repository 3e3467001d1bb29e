"""Where each endpoint goes: an endpoint that already answers the need, or the first subnet that can take one.

Place in the data's way: between `Intent` and `Desired`. It needs what stands around the target
(`Surroundings`), because only the networks themselves know their region, delegations and free addresses.
"""

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from shared.core.actions import Block
from shared.core.capacity import crowded, endpoints_in
from shared.core.ids import GroupId, ResourceId
from shared.core.intent import Connect, Declined
from shared.core.kinds.endpoint import connection_of, endpoint_id, subnet_of
from shared.core.kinds.kind import Json, Seen, mapping, reference, sequence
from shared.core.kinds.peering import peerings_of, remote_of
from shared.core.kinds.subnet_policy import prefixes_in
from shared.core.observed import Surroundings
from shared.core.policy import Limits, Profile
from shared.core.regions import region_key
from shared.core.target import Target

RESERVED = 5  # Azure keeps the first four addresses and the last of every subnet (Microsoft Learn: VNet FAQ)


@dataclass(frozen=True, slots=True)
class Site:
    """An endpoint of this id belongs into this subnet, in the subnet's network's region.

    `adopted`: someone else's endpoint stands there already and answers the need.
    """

    endpoint: ResourceId
    subnet: ResourceId
    location: str
    adopted: bool = False


def candidates(target: Target, profile: Profile) -> tuple[str, tuple[ResourceId, ...]] | Declined:
    """The region whose subnets serve the target, and those subnets in the operator's order."""
    for region in (region_key(target.location), profile.fallback_region):
        if region and profile.subnets.get(region):
            return region, tuple(profile.subnets[region])
    return Declined(
        "NoSubnetForRegion",
        f"the profile has no subnet for the region '{region_key(target.location)}' and no fallback",
        f"add a subnet under subnets.{region_key(target.location)}, or set fallback_region",
    )


def sites(
    target: Target,
    connect: Connect,
    region: str,
    subnets: tuple[ResourceId, ...],
    around: Surroundings,
    limits: Limits,
) -> Mapping[str, Site] | Block:
    """One site for each group id. All new endpoints of a target go into one subnet.

    Our own endpoint in a candidate keeps its subnet whatever the free addresses say.
    """
    found: dict[str, Site] = {}
    for group in connect.groups:
        if adopted := _answered(target, group.group_id, subnets, around):
            found[group.group_id] = adopted
    missing = [group.group_id for group in connect.groups if group.group_id not in found]
    if not missing:
        return found
    faults: list[Block] = []
    for subnet in subnets:
        home = connect.profile.endpoints_resource_group or subnet.group
        fault = _fault(target, missing, region, subnet, home, around.networks, limits)
        if fault is None:
            location = str(_body(subnet.parent, around.networks).get("location") or region)
            made = {group: endpoint_id(home, target.id, group, subnet) for group in missing}
            return found | {group: Site(made[group], subnet, location) for group in missing}
        faults.append(fault)
    rest = "".join(f"; {fault.reason}" for fault in faults[1:])
    return Block(target.id, faults[0].found, faults[0].code, faults[0].reason + rest, faults[0].remedy)


def _answered(target: Target, group: str, subnets: Iterable[ResourceId], around: Surroundings) -> Site | None:
    """An approved endpoint of someone else to this target and group, in an accepted subnet."""
    for rival in around.rivals:
        connection, subnet = connection_of(rival), subnet_of(rival)
        if connection is None or subnet not in set(subnets) or connection.target != target.id:
            continue
        if connection.group.lower() == group.lower() and connection.status.lower() == "approved":
            return Site(rival.id, subnet, str(rival.body.get("location") or ""), adopted=True)
    return None


def _fault(
    target: Target,
    groups: list[str],
    region: str,
    subnet: ResourceId,
    home: GroupId,
    networks: Mapping[ResourceId, Seen | None],
    limits: Limits,
) -> Block | None:
    network = _body(subnet.parent, networks)
    body = _subnet_body(network, subnet)
    if not body:
        return Block(
            target.id,
            subnet,
            "SubnetNotFound",
            f"the subnet {subnet.text} does not exist",
            "correct the policy, or create it",
        )
    if region_key(str(network.get("location"))) != region:
        return Block(
            target.id,
            subnet,
            "SubnetInOtherRegion",
            f"the subnet {subnet.text} is in {network.get('location')}, the policy lists it under {region}",
            "list the subnet under its own region, or name one in this region",
        )
    properties = mapping(body.get("properties"))
    services = [
        mapping(mapping(entry).get("properties")).get("serviceName")
        for entry in sequence(properties.get("delegations"))
    ]
    if services:
        return Block(
            target.id,
            subnet,
            "SubnetIsDelegated",
            f"the subnet {subnet.text} is delegated to {services[0]}",
            "name a subnet without delegation in the policy",
        )
    standing = {reference(entry) for entry in sequence(properties.get("privateEndpoints"))}
    new = [group for group in groups if endpoint_id(home, target.id, group, subnet) not in standing]
    free = free_addresses(body)
    if len(new) > free:
        return Block(
            target.id,
            subnet,
            "SubnetFull",
            f"the subnet {subnet.text} has {free} free addresses, {len(new)} are needed",
            "add a subnet to the policy for this region, or make room in this one",
        )
    if new and len(standing) + len(new) > limits.max_endpoints_per_subnet:
        return Block(
            target.id,
            subnet,
            "SubnetAtLimit",
            f"the subnet {subnet.text} holds {len(standing)} endpoints, the policy lets it hold "
            f"{limits.max_endpoints_per_subnet}",
            "raise limits.max_endpoints_per_subnet, or add a subnet to the policy for this region",
        )
    return _crowded(target, subnet, len(new), networks)


def _crowded(
    target: Target, subnet: ResourceId, new: int, networks: Mapping[ResourceId, Seen | None]
) -> Block | None:
    """The limits of Azure on endpoints in a network, and over the networks that are peered with it."""
    network = networks.get(subnet.parent) if subnet.parent else None
    if network is None or not new:
        return None
    remotes = {remote_of(half) for half in peerings_of(network)}
    peered = {at: endpoints_in(seen) for at, seen in networks.items() if seen and at in remotes}
    if text := crowded(network, peered, new):
        remedy = "spread the endpoints over more networks, or ask for the high-scale mode"
        return Block(target.id, network.id, "NetworkCrowded", text, remedy)
    return None


def free_addresses(subnet: Json) -> int:
    """IPv4 addresses that Azure could still hand out in a subnet's body, as a virtual network lists it."""
    properties = mapping(subnet.get("properties"))
    sizes = [
        network.num_addresses - RESERVED
        for network in (ipaddress.ip_network(prefix, strict=False) for prefix in prefixes_in(properties))
        if network.version == 4
    ]
    return max(0, sum(sizes) - len(sequence(properties.get("ipConfigurations"))))


def _body(network: ResourceId | None, networks: Mapping[ResourceId, Seen | None]) -> Json:
    seen = networks.get(network) if network else None
    return seen.body if seen else {}


def subnet_in(networks: Mapping[ResourceId, Seen | None], subnet: ResourceId) -> Seen | None:
    """A subnet as its network's body lists it; None where either does not exist."""
    body = _subnet_body(_body(subnet.parent, networks), subnet)
    return Seen(subnet, body) if body else None


def with_subnet(networks: Mapping[ResourceId, Seen | None], subnet: Seen) -> Mapping[ResourceId, Seen | None]:
    """The networks with a newer reading of one subnet in its network's body."""
    network = networks.get(subnet.id.parent) if subnet.id.parent else None
    if network is None:
        return networks
    subnets = sequence(network.properties.get("subnets"))
    newer = [{**body, **subnet.body} if _named(body, subnet.id) else body for body in subnets]
    body = {**network.body, "properties": {**network.properties, "subnets": newer}}
    return {**networks, network.id: Seen(network.id, body)}


def _subnet_body(network: Json, subnet: ResourceId) -> Json:
    subnets = sequence(mapping(network.get("properties")).get("subnets"))
    return next((body for body in map(mapping, subnets) if _named(body, subnet)), {})


def _named(body: object, subnet: ResourceId) -> bool:
    return str(mapping(body).get("name") or "").lower() == subnet.name.lower()
