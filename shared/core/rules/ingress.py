"""Security rules between clients and endpoints: what is wished for, what stands in the way, what is in force.

Place in the data's way: the part of `Desired`, `Plan` and `Proof` that is about network security groups.
Rules name the clients' own prefixes and the endpoints' own addresses, never `*` and never the Internet;
they touch endpoints only where the subnet's network policies say so.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from ipaddress import ip_address, ip_network

from shared.core.base.bodies import Seen
from shared.core.base.ids import ResourceId
from shared.core.catalogue.catalogue import Group, Port
from shared.core.kinds import rule
from shared.core.kinds.endpoint import TYPE as ENDPOINT
from shared.core.kinds.endpoint import Endpoint
from shared.core.kinds.nic import Address
from shared.core.kinds.peering import address_space, virtual_network
from shared.core.kinds.rule import Rule, is_our_rule, rule_id
from shared.core.kinds.security_group import SecurityGroup, group_id
from shared.core.kinds.subnet_policy import SubnetPolicy, enforced, group_of
from shared.core.placement.sites import subnet_in
from shared.core.plan.actions import Block
from shared.core.policy.intent import Connect
from shared.core.readings.observed import Observed, Surroundings
from shared.core.rules.nsg import FIRST_DEFAULT, GROUPED, rules_of
from shared.core.rules.nsg import Rule as Parsed
from shared.core.rules.verdict import Traffic, Verdict, decide

ANYBODY = ("0.0.0.0/0", "::/0")

type Reported = Mapping[ResourceId, Sequence[Address]]
type NewGroups = Mapping[ResourceId, SecurityGroup]


def new_groups(connect: Connect, endpoints: Iterable[Endpoint], around: Surroundings) -> NewGroups:
    """The groups to make and attach, by subnet: where our endpoints have none, if the operator says so."""
    if not connect.profile.nsg.create_group:
        return {}
    found: dict[ResourceId, SecurityGroup] = {}
    for endpoint in endpoints:
        subnet = subnet_in(around.networks, endpoint.subnet)
        if subnet is not None and group_of(subnet) is None and not endpoint.adopted:
            found[endpoint.subnet] = SecurityGroup(group_id(endpoint.subnet), endpoint.location)
    return found


def changes_subnet(connect: Connect) -> bool:
    """Something in the endpoint's subnet may have to be written before the endpoint."""
    nsg = connect.profile.nsg
    return nsg.mode == "ensure" and (nsg.enforce_on_endpoints or nsg.create_group)


def subnet_policies(
    connect: Connect, endpoints: Iterable[Endpoint], groups: NewGroups
) -> tuple[SubnetPolicy, ...]:
    """The subnets in which rules must apply to endpoints, and those that get a group."""
    if not changes_subnet(connect):
        return ()
    enforce = connect.profile.nsg.enforce_on_endpoints
    return tuple(
        SubnetPolicy(subnet, groups[subnet].id if subnet in groups else None, enforce)
        for subnet in dict.fromkeys(endpoint.subnet for endpoint in endpoints if not endpoint.adopted)
        if enforce or subnet in groups
    )


def rules(
    connect: Connect,
    legs: Sequence[tuple[Group, Endpoint]],
    around: Surroundings,
    reported: Reported,
    groups: NewGroups,
) -> tuple[Rule, ...]:
    """One allow rule for each group of rules and set of ports, with the default deny behind it if asked.

    An endpoint whose addresses are not known yet, and a subnet that has and gets no group, have none. A rule
    is of one IP version, which Azure asks for: clients with both have a rule for each that endpoints have.
    """
    nsg, clients = connect.profile.nsg, connect.profile.clients
    sources = client_prefixes(clients, around)
    if nsg.mode == "ignore" or not sources:
        return ()
    found: dict[ResourceId, Rule] = {}
    for group, endpoint in legs:
        filters = _filters(endpoint.subnet, around, groups)
        addresses = tuple(address.ip for address in reported.get(endpoint.id, ()))
        if filters is None:
            continue
        for wanted in _wanted(connect, filters, sources, ports_of(group), addresses):
            known = found.get(wanted.id, wanted)
            both = tuple(dict.fromkeys((*known.destinations, *wanted.destinations)))
            behind = tuple(dict.fromkeys((*known.behind, *wanted.behind)))
            found[wanted.id] = replace(wanted, destinations=both, behind=behind)
    return tuple(found.values())


def _filters(at: ResourceId, around: Surroundings, groups: NewGroups) -> ResourceId | None:
    """The group that filters the subnet, or will."""
    subnet = subnet_in(around.networks, at)
    standing = group_of(subnet) if subnet else None
    return groups[at].id if standing is None and at in groups else standing


def _wanted(
    connect: Connect,
    filters: ResourceId,
    sources: tuple[str, ...],
    ports: tuple[str, ...],
    addresses: tuple[str, ...],
) -> Iterator[Rule]:
    """The rules for one endpoint. Another range of priorities means other rules: ours never move."""
    nsg = connect.profile.nsg
    clients = ",".join(sorted(client.key for client in connect.profile.clients))
    first, last = nsg.priorities
    for version in (4, 6):
        who = f"{clients}|{first}-{last}|IPv{version}"
        ends, froms = _of(version, addresses), _of(version, sources)
        write = nsg.mode == "ensure"
        allow = rule_id(filters, f"{who}|{','.join(ports)}", "Allow")
        if ends and froms:
            yield Rule(allow, filters, froms, ends, ports, "Allow", nsg.priorities, write)
        if ends and nsg.default_deny:
            at, behind = rule_id(filters, who, "Deny"), (allow,) if froms else ()
            yield Rule(at, filters, ("*",), ends, ("*",), "Deny", nsg.priorities, write, behind)


def _of(version: int, prefixes: Iterable[str]) -> tuple[str, ...]:
    return tuple(text for text in prefixes if ip_network(text, strict=False).version == version)


def ports_of(group: Group) -> tuple[str, ...]:
    """The group's TCP ports as rules write them, those that a wider range holds left out."""
    kept: list[Port] = []
    for port in sorted(used_ports(group), key=lambda one: (one.first, -one.last)):
        if not any(wide.first <= port.first and port.last <= wide.last for wide in kept):
            kept.append(port)
    return tuple(map(str, kept))


def used_ports(group: Group) -> tuple[Port, ...]:
    """The ports that the catalogue lists, each for some protocol or mode; HTTPS where it lists none."""
    return group.ports or (Port(443, 443),)


def client_prefixes(clients: Iterable[ResourceId], around: Surroundings) -> tuple[str, ...]:
    """The clients' own address prefixes, as their networks say now."""
    networks = (around.networks.get(client) for client in clients)
    return tuple(dict.fromkeys(str(p) for network in networks if network for p in address_space(network)))


def denied(want: Rule, observed: Observed) -> Block | None:
    """Somebody else's rule that would deny the traffic in spite of ours, evaluated as Azure does."""
    if want.access != "Allow":
        return None
    siblings = observed.listed(want.nsg, rule.COLLECTION)
    standing = next((one for one in siblings if one.id == want.id), None)
    ours = Parsed.parse({"name": want.id.name, **want.body(standing, siblings)})
    names = {one.id.name.lower() for one in siblings if is_our_rule(one)} | {want.id.name.lower()}
    others = [Parsed.parse(one.body) for one in siblings if one.id != want.id]
    for verdict in _verdicts(want, [*others, ours], observed):
        if verdict.allowed is False and verdict.by.lower() not in names:
            part = f" for {verdict.part}" if verdict.part else ""
            return Block(
                want.id,
                want.nsg.child(rule.COLLECTION, verdict.by),
                "DeniedByRule",
                f"the rule {verdict.by} of {want.nsg.name} denies the clients' traffic{part}",
                f"move {verdict.by} behind priority {want.priorities[1]}, or except the endpoints from it",
            )
    return None


def in_force(want: Rule, observed: Observed) -> Verdict | None:
    """What the rules, read anew, say of clients' traffic that may not pass; a denial before a doubt."""
    group = observed.objects.get(want.nsg)
    siblings = [Parsed.parse(one.body) for one in observed.listed(want.nsg, rule.COLLECTION)]
    defaults = [one for one in rules_of(group) if one.priority >= FIRST_DEFAULT] if group else []
    found = [v for v in _verdicts(want, [*siblings, *defaults], observed) if v.allowed is not True]
    return min(found, key=lambda verdict: verdict.allowed is None, default=None)


def shutting(
    wanted: Iterable[Rule], earlier: Collection[ResourceId], observed: Observed
) -> tuple[ResourceId, ...]:
    """Those of our own earlier rules that come before these and shut their clients out."""
    found = [
        want.nsg.child(rule.COLLECTION, verdict.by)
        for want in wanted
        if want.access == "Allow" and want.write
        if (verdict := in_force(want, observed)) and verdict.allowed is False
    ]
    return tuple(dict.fromkeys(at for at in found if at in earlier))


def unmet(want: Rule, observed: Observed) -> str:
    """Why the rules that stand, whoever wrote them, do not do what ours would; empty where they do."""
    if want.access == "Allow":
        verdict = in_force(want, observed)
        return f"its rule {verdict.by} does not let clients through" if verdict else ""
    standing = (Parsed.parse(one.body) for one in observed.listed(want.nsg, rule.COLLECTION))
    denials = [one for one in standing if not one.allows]
    for address in want.destinations:
        all_of = _of(ip_address(address).version, ANYBODY)
        everything = Traffic("Inbound", all_of, address, "*", protocol="*")
        asked = [decide([one], everything) for one in denials]
        if not any(verdict.allowed is False and not verdict.part for verdict in asked):
            return f"no rule of it denies {address} to everybody whom no rule before lets through"
    return ""


def _verdicts(want: Rule, every: Sequence[Parsed], observed: Observed) -> Iterator[Verdict]:
    inside = tuple(dict.fromkeys((*want.sources, *_virtual_network(observed))))
    known = every if _grouped(observed) else [one for one in every if one.destinations != (GROUPED,)]
    for address in want.destinations:
        for port in want.ports:
            yield decide(known, Traffic("Inbound", want.sources, address, port, inside))


def _grouped(observed: Observed) -> bool:
    """An endpoint is in an application security group, as only a person puts it: rules may be for that."""
    endpoints = (one for at, one in observed.objects.items() if one and at.is_type(ENDPOINT))
    return any(one.properties.get("applicationSecurityGroups") for one in endpoints)


def _virtual_network(observed: Observed) -> Iterator[str]:
    """The service tag VirtualNetwork: the networks in play and all that they are peered with."""
    for network in observed.around.networks.values():
        yield from virtual_network(network) if network else ()


def findings(connect: Connect, endpoints: Iterable[Endpoint], observed: Observed) -> tuple[str, ...]:
    """What an operator should hear though it is no fault: where rules do not filter what they seem to."""
    if connect.profile.nsg.mode == "ignore":
        return ()
    found: list[str] = []
    for endpoint in {endpoint.subnet: endpoint for endpoint in endpoints}.values():
        name, subnet = endpoint.subnet.name, _subnet(endpoint, observed)
        if subnet is None:
            continue
        if group_of(subnet) is None:
            bare = f"subnet {name} has no network security group: nothing filters its endpoints"
            found.append(bare + _advice(connect, endpoint))
        elif not enforced(subnet):
            found.append(f"network policies are off in subnet {name}: rules do not apply to endpoints")
    return tuple(found)


def _advice(connect: Connect, endpoint: Endpoint) -> str:
    """How the endpoint's subnet comes to a group, where Causeway is not to attach one."""
    nsg = connect.profile.nsg
    if nsg.create_group:
        return "; attach one by hand: the endpoint is someone else's" if endpoint.adopted else ""
    ensure = "" if nsg.mode == "ensure" else "nsg.mode: ensure and "
    return f"; attach one, or set {ensure}nsg.create_group: true to have it made"


def applies(endpoint: Endpoint, observed: Observed) -> bool:
    """Rules touch this endpoint: its subnet has a group, and network policies on."""
    subnet = _subnet(endpoint, observed)
    return subnet is not None and enforced(subnet) and group_of(subnet) is not None


def _subnet(endpoint: Endpoint, observed: Observed) -> Seen | None:
    """The endpoint's subnet as it was read last."""
    seen = observed.objects.get(endpoint.subnet)
    return seen or subnet_in(observed.around.networks, endpoint.subnet)
