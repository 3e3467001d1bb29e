"""The security rules, groups and subnet policies that must exist between clients and endpoints.

Rules name the clients' own prefixes and the endpoints' own addresses, never `*` and never the Internet; they
apply to endpoints only where the subnet's network policies say so.
"""

import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from shared.core.base.bodies import Seen
from shared.core.base.ids import ResourceId, digest
from shared.core.base.regions import region_key
from shared.core.catalogue.catalogue import Group, Port
from shared.core.kinds.endpoint import Endpoint
from shared.core.kinds.nic import Address
from shared.core.kinds.required_rule import RequiredRule
from shared.core.kinds.rule import COLLECTION as RULES
from shared.core.kinds.rule import Access, Rule, rule_id, rule_named
from shared.core.kinds.security_group import SecurityGroup, group_id
from shared.core.kinds.subnet_policy import SubnetPolicy
from shared.core.kinds.wide_rule import WideRule
from shared.core.policy.intent import Connect
from shared.core.policy.networks import Networks
from shared.core.policy.profile import Profile
from shared.core.policy.style import Style
from shared.core.policy.templates import type_text
from shared.core.policy.values import Client
from shared.core.readings.embedded import rules_of_group
from shared.core.readings.networks import group_of, prefixes, prefixes_in
from shared.core.readings.observed import Observed
from shared.core.readings.reading import Members
from shared.core.rules.addresses import ip_version, is_prefix
from shared.core.rules.nsg import parsed_rule
from shared.core.rules.path_ends import clients_in

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
            found[endpoint.subnet] = SecurityGroup(
                group_id(endpoint.subnet), endpoint.location, connect.style.shared_tags
            )
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
    enforce, policies = connect.profile.nsg.enforce_on_endpoints, connect.profile.nsg.network_policies
    own = frozenset(endpoint.id for endpoint in endpoints)
    return tuple(
        SubnetPolicy(
            subnet, groups[subnet].id if subnet in groups else None, enforce, policies, endpoints=own
        )
        for subnet in dict.fromkeys(endpoint.subnet for endpoint in endpoints if not endpoint.adopted)
        if enforce or subnet in groups
    )


def security_groups(connect: Connect, location: str) -> tuple[ResourceId, ...]:
    """The application security groups of a new endpoint in this region."""
    found = connect.profile.application_security_groups.get(region_key(location))
    return (found,) if found else ()


def waits_for_addresses(connect: Connect) -> bool:
    """Rules cannot be written before the endpoints have their addresses."""
    nsg = connect.profile.nsg
    wide = nsg.mode == "ensure" and nsg.destination != "addresses"
    return nsg.mode != "ignore" and (not wide or nsg.default_deny)


def rules(
    connect: Connect,
    endpoints: Sequence[tuple[Group, Endpoint]],
    observed: Observed,
    reported: Reported,
    groups: NewGroups,
) -> tuple[Rule, ...]:
    """One allow rule for each security group and set of ports, with the default deny behind it if asked.

    Where rules name addresses, an endpoint whose addresses are not known yet has none; a subnet that has
    and gets no group has none either. A rule is of one IP version, as Azure requires: clients with both have
    a rule for each that endpoints have.
    """
    reach = connect.reach
    sources = client_prefixes(reach, observed)
    partial = reach.may_lack_some or not all(map(observed.present, reach.clients))
    denies_all = connect.profile.nsg.default_deny and not partial  # there are no clients to shut out
    if connect.profile.nsg.mode == "ignore" or not (sources or reach.may_lack_some or denies_all):
        return ()
    found: dict[ResourceId, Rule] = {}
    for group, endpoint in endpoints:
        nsg = _group_for(endpoint.subnet, observed, groups)
        addresses = tuple(address.ip for address in reported.get(endpoint.id, ()))
        if nsg is None:
            continue
        known = observed if reach.may_lack_some else Observed()
        subnet = observed.present(endpoint.subnet)
        end = _End(nsg, endpoint, addresses, subnet, rule_ports(group), known)
        for wanted in _for_endpoint(connect, end, sources, observed):
            other = found.get(wanted.id)
            found[wanted.id] = replace(wanted.together(other) if other else wanted, partial=partial)
    return tuple(found.values())


def rule_ports(group: Group) -> tuple[str, ...]:
    """The group's TCP ports as rules write them, those that a wider range holds left out."""
    return _merged_ports(used_ports(group))


def used_ports(group: Group) -> tuple[Port, ...]:
    """The ports that the catalogue lists, each for some protocol or mode; HTTPS where it lists none."""
    return group.ports or HTTPS


def client_prefixes(reach: Networks, observed: Observed) -> tuple[str, ...]:
    """The clients' own address prefixes, as their networks or subnets have them, and those without any."""
    networks = filter(None, map(observed.present, reach.clients))
    own = (prefix for network in networks for prefix in _prefixes_of(network, reach))
    return tuple(dict.fromkeys((*own, *reach.ranges)))


def _prefixes_of(network: Seen, reach: Networks) -> tuple[str, ...]:
    if network.id not in reach.parts:
        return prefixes(network)
    subnets = clients_in(network, reach.parts)
    return tuple(prefix for subnet in subnets for prefix in prefixes_in(subnet.properties))


def _group_for(at: ResourceId, observed: Observed, groups: NewGroups) -> ResourceId | None:
    """The security group that filters the subnet, or will."""
    subnet = observed.present(at)
    existing = group_of(subnet) if subnet else None
    return groups[at].id if existing is None and at in groups else existing


@dataclass(frozen=True, slots=True)
class _End:
    """One endpoint as rules see it: its addresses as far as they are known, and its subnet.

    `known`: the rules that exist, where client networks may be missing: one without known clients stays.
    """

    nsg: ResourceId
    endpoint: Endpoint
    addresses: tuple[str, ...]
    subnet: Seen | None
    ports: tuple[str, ...]
    known: Observed


def _for_endpoint(
    connect: Connect, end: _End, sources: tuple[str, ...], observed: Observed
) -> Iterator[Rule]:
    """The rules for one endpoint. Another range of priorities means other rules: ours never move.

    So does another placement, which has clients of its own. A denial names the endpoints' addresses where
    allow rules name the subnet: the subnet has others too.
    """
    profile, among = connect.profile, f"|{connect.placement}" if connect.placement else ""
    nsg, band = profile.nsg, profile.nsg.priorities
    target = end.endpoint.target
    clients = ",".join(sorted(_key(one, profile, target) for one in profile.clients))
    for version in (4, 6):
        name = f"{clients}|{band[0]}-{band[1]}|IPv{version}{among}"
        allow = _allow(connect, end, name, _of(version, sources), version, observed)
        if allow:
            yield allow
        reachable = _of(version, end.addresses)
        if nsg.default_deny and reachable:
            make = Rule if nsg.mode == "ensure" else RequiredRule
            behind = (allow.id,) if allow else ()
            at, key = _place(connect.style, end, name, "Deny", observed)
            yield make(at, end.nsg, ("*",), reachable, ("*",), "Deny", band, behind, key=key)


def _allow(
    connect: Connect,
    end: _End,
    name: str,
    sources: tuple[str, ...],
    version: int,
    observed: Observed,
) -> Rule | None:
    """The allow rule of one IP version, by what the policy lets it name as its destinations."""
    nsg, by_ports = connect.profile.nsg, f"{name}|{','.join(end.ports)}"
    prefixes = _of(version, prefixes_in(end.subnet.properties)) if end.subnet else ()
    make, place, ends = Rule if nsg.mode == "ensure" else RequiredRule, "", _of(version, end.addresses)
    wide: dict[str, Any] = {}
    if nsg.mode == "ensure" and nsg.destination == "group" and end.endpoint.groups:
        (group,) = end.endpoint.groups
        make, place, wide = WideRule, f"|{group.key}", {"group": group, "reached": ends}
        ends = ()
    elif nsg.mode == "ensure" and nsg.destination == "subnet" and prefixes:
        make, place, wide = WideRule, f"|{end.endpoint.subnet.key}", {"reached": ends}
        ends = prefixes
    at, key = _place(connect.style, end, f"{by_ports}{place}", "Allow", observed)
    allowed = sources or _sources_of(end.known.present(at))
    if not allowed or not (wide or ends):
        return None
    return make(at, end.nsg, allowed, ends, end.ports, priorities=nsg.priorities, key=key, **wide)


def _place(
    style: Style, end: _End, purpose: str, access: Access, observed: Observed
) -> tuple[ResourceId, str]:
    """The rule's id, and the key that it is signed with; empty for the usual name.

    A template that names the resource or its group means rules of their own. What exists keeps its name: an
    endpoint that is in a rule of the usual name stays there.
    """
    usual = rule_id(end.nsg, purpose, access)
    if not style.naming.rule:
        return usual, ""
    body = observed.present(end.nsg)
    known = rules_of_group(body) if body else Members()
    target, group = end.endpoint.target, end.endpoint.group
    own = {"name": target.key, "type": target.type, "group": group.lower()}
    among = [own[name] for name in own if style.has("rule", name)]
    if (have := known.member(usual)) and (not among or Rule.holds(have, end.addresses)):
        return usual, ""
    purpose = "|".join((purpose, *among))
    key = digest(f"{access}|{purpose}".lower())
    if signed := body and rule_named(body, key):
        return signed, key
    fields = {"name": target.name, "type": type_text(target.type, style.naming.types), "group": group}
    named = end.nsg.child(RULES, style.name("rule", {**fields, "hash": key}) or usual.name)
    # Where another rule has the name, the usual one is left.
    return (rule_id(end.nsg, purpose, access), "") if known.member(named) else (named, key)


def _sources_of(have: Seen | None) -> tuple[str, ...]:
    """The prefixes that a rule lets in."""
    return tuple(filter(is_prefix, parsed_rule(have).sources.texts)) if have else ()


def _key(client: Client, profile: Profile, target: ResourceId) -> str:
    """What a rule is known by: a set's rule is the same one when it grows, and each `own` has one."""
    if client == "own":
        return f"own of {target.group.key if profile.own_group else target.subscription.lower()}"
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
