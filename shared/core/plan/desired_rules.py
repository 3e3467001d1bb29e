"""The security rules, groups and subnet policies that must exist between clients and endpoints.

Rules name the clients' own prefixes and the endpoints' own addresses, never `*` and never the Internet; they
apply to endpoints only where the subnet's network policies say so.
"""

import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from shared.core.base.ids import ResourceId
from shared.core.catalogue.catalogue import Group, Port
from shared.core.kinds.endpoint import Endpoint
from shared.core.kinds.nic import Address
from shared.core.kinds.required_rule import RequiredRule
from shared.core.kinds.rule import Rule, rule_id
from shared.core.kinds.security_group import SecurityGroup, group_id
from shared.core.kinds.subnet_policy import SubnetPolicy
from shared.core.policy.intent import Connect
from shared.core.policy.values import Client
from shared.core.readings.networks import group_of, prefixes
from shared.core.readings.observed import Observed
from shared.core.rules.addresses import ip_version

HTTPS = (Port(443, 443),)

type Reported = Mapping[ResourceId, Sequence[Address]]  # addresses that endpoints have by now
type NewGroups = Mapping[ResourceId, SecurityGroup]  # by subnet


def new_groups(connect: Connect, endpoints: Iterable[Endpoint], observed: Observed) -> NewGroups:
    """The groups to create and attach: where our endpoints' subnets have none, if the operator says so."""
    if not connect.profile.nsg.create_group:
        return {}
    found: dict[ResourceId, SecurityGroup] = {}
    for endpoint in endpoints:
        subnet = observed.present(endpoint.subnet)
        if subnet is not None and group_of(subnet) is None and not endpoint.adopted:
            found[endpoint.subnet] = SecurityGroup(group_id(endpoint.subnet), endpoint.location)
    return found


def changes_subnet(connect: Connect) -> bool:
    """Something in the endpoint's subnet may have to be written before the endpoint."""
    nsg = connect.profile.nsg
    return nsg.mode == "ensure" and (nsg.enforce_on_endpoints or nsg.create_group)


def subnet_policies(
    connect: Connect, endpoints: Sequence[Endpoint], groups: NewGroups
) -> tuple[SubnetPolicy, ...]:
    """The subnets in which rules must apply to endpoints, and those that get a group."""
    if not changes_subnet(connect):
        return ()
    enforce = connect.profile.nsg.enforce_on_endpoints
    own = frozenset(endpoint.id for endpoint in endpoints)
    return tuple(
        SubnetPolicy(subnet, groups[subnet].id if subnet in groups else None, enforce, endpoints=own)
        for subnet in dict.fromkeys(endpoint.subnet for endpoint in endpoints if not endpoint.adopted)
        if enforce or subnet in groups
    )


def rules(
    connect: Connect,
    endpoints: Sequence[tuple[Group, Endpoint]],
    observed: Observed,
    reported: Reported,
    groups: NewGroups,
) -> tuple[Rule, ...]:
    """One allow rule for each security group and set of ports, with the default deny behind it if asked.

    An endpoint whose addresses are not known yet, and a subnet that has and gets no group, have none. A rule
    is of one IP version, as Azure requires: clients with both have a rule for each that endpoints have.
    """
    sources = client_prefixes(connect.reach.clients, observed)
    if connect.profile.nsg.mode == "ignore" or not sources:
        return ()
    found: dict[ResourceId, Rule] = {}
    partial = any(map(observed.absent, connect.reach.clients))
    for group, endpoint in endpoints:
        nsg = _group_for(endpoint.subnet, observed, groups)
        addresses = tuple(address.ip for address in reported.get(endpoint.id, ()))
        if nsg is None or not addresses:
            continue
        for wanted in _for_endpoint(connect, nsg, sources, rule_ports(group), addresses):
            found[wanted.id] = replace(_both(found.get(wanted.id, wanted), wanted), partial=partial)
    return tuple(found.values())


def rule_ports(group: Group) -> tuple[str, ...]:
    """The group's TCP ports as rules write them, those that a wider range holds left out."""
    return _merged_ports(used_ports(group))


def used_ports(group: Group) -> tuple[Port, ...]:
    """The ports that the catalogue lists, each for some protocol or mode; HTTPS where it lists none."""
    return group.ports or HTTPS


def client_prefixes(clients: Iterable[ResourceId], observed: Observed) -> tuple[str, ...]:
    """The clients' own address prefixes, as their networks have them."""
    networks = map(observed.present, clients)
    return tuple(dict.fromkeys(prefix for network in networks if network for prefix in prefixes(network)))


def _group_for(at: ResourceId, observed: Observed, groups: NewGroups) -> ResourceId | None:
    """The security group that filters the subnet, or will."""
    subnet = observed.present(at)
    existing = group_of(subnet) if subnet else None
    return groups[at].id if existing is None and at in groups else existing


def _both(known: Rule, more: Rule) -> Rule:
    if known is more:
        return more
    destinations = tuple(dict.fromkeys((*known.destinations, *more.destinations)))
    return replace(
        more, destinations=destinations, behind=tuple(dict.fromkeys((*known.behind, *more.behind)))
    )


def _for_endpoint(
    connect: Connect,
    nsg: ResourceId,
    sources: tuple[str, ...],
    ports: tuple[str, ...],
    addresses: tuple[str, ...],
) -> Iterator[Rule]:
    """The rules for one endpoint. Another range of priorities means other rules: ours never move.

    So does another placement, which has clients of its own.
    """
    profile, among = connect.profile, f"|{connect.placement}" if connect.placement else ""
    make = Rule if profile.nsg.mode == "ensure" else RequiredRule
    band = profile.nsg.priorities
    clients = ",".join(sorted(map(_key, profile.clients)))  # a set's rule is the same one when it grows
    for version in (4, 6):
        reachable, allowed = _of(version, addresses), _of(version, sources)
        if not reachable:
            continue
        name = f"{clients}|{band[0]}-{band[1]}|IPv{version}{among}"
        allow = rule_id(nsg, f"{name}|{','.join(ports)}", "Allow")
        if allowed:
            yield make(allow, nsg, allowed, reachable, ports, "Allow", band)
        if profile.nsg.default_deny:
            behind = (allow,) if allowed else ()
            yield make(rule_id(nsg, name, "Deny"), nsg, ("*",), reachable, ("*",), "Deny", band, behind)


def _key(client: Client) -> str:
    return client.key if isinstance(client, ResourceId) else str(client)


def _of(version: int, prefixes: Iterable[str]) -> tuple[str, ...]:
    return tuple(text for text in prefixes if ip_version(text) == version)


@functools.lru_cache(maxsize=256)
def _merged_ports(ports: tuple[Port, ...]) -> tuple[str, ...]:
    kept: list[Port] = []
    for port in sorted(ports, key=lambda one: (one.first, -one.last)):
        if not any(wide.first <= port.first and port.last <= wide.last for wide in kept):
            kept.append(port)
    return tuple(map(str, kept))
