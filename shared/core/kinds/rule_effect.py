"""What all rules of an endpoint's security group together do to its clients' traffic."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from shared.core.base.bodies import Seen
from shared.core.base.ids import ResourceId
from shared.core.kinds import endpoint
from shared.core.readings.embedded import rules_of_group
from shared.core.readings.networks import NETWORK, virtual_network
from shared.core.readings.observed import Observed
from shared.core.rules.addresses import ASG, AddressSet, ip_version
from shared.core.rules.nsg import FIRST_DEFAULT, SecurityRule, in_order, parsed_rule, rules_of
from shared.core.rules.verdict import Traffic, Verdict, evaluate

EVERYBODY = {4: "0.0.0.0/0", 6: "::/0"}


@dataclass(frozen=True, slots=True)
class ClientTraffic:
    """Connections from clients' prefixes to endpoints' addresses on some ports, filtered by one group."""

    nsg: ResourceId
    sources: tuple[str, ...]
    destinations: tuple[str, ...]
    ports: tuple[str, ...]


def with_rule(traffic: ClientTraffic, ours: SecurityRule, observed: Observed) -> Iterator[Verdict]:
    """What the group's own rules would do with this rule of ours in the place of the one of its name."""
    name = ours.name.lower()
    others = (rule for rule in _own_rules(traffic.nsg, observed) if rule.name.lower() != name)
    yield from _verdicts(traffic, in_order((*others, ours)), observed)


def in_force(traffic: ClientTraffic, observed: Observed) -> Verdict | None:
    """The verdict on traffic that may not pass by the group as it was read; a denial before a doubt."""
    group = observed.present(traffic.nsg)
    rules = rules_of(group) if group else ()
    found = [one for one in _verdicts(traffic, rules, observed) if one.allowed is not True]
    return min(found, key=lambda verdict: verdict.allowed is None, default=None)


def without_denial(traffic: ClientTraffic, observed: Observed) -> str | None:
    """The first address that no rule denies to everybody whom no earlier rule lets through."""
    rules = _with_members(_own_rules(traffic.nsg, observed), observed)
    denials = [rule for rule in rules if not rule.allows]
    for address in traffic.destinations:
        everyone = (EVERYBODY[ip_version(address)],)
        everything = Traffic("Inbound", everyone, address, "*", protocol="*")
        verdicts = [evaluate([rule], everything) for rule in denials]
        if not any(one.allowed is False and not one.part for one in verdicts):
            return address
    return None


def _own_rules(group: ResourceId, observed: Observed) -> Iterator[SecurityRule]:
    """The group's rules without the default ones."""
    body = observed.present(group)
    rules = map(parsed_rule, rules_of_group(body).items) if body else ()
    return (rule for rule in rules if rule.priority < FIRST_DEFAULT)


def _verdicts(traffic: ClientTraffic, rules: Sequence[SecurityRule], observed: Observed) -> Iterator[Verdict]:
    inside = tuple(dict.fromkeys((*traffic.sources, *_virtual_network(observed))))
    known = tuple(_with_members(rules, observed))
    for address in traffic.destinations:
        for port in traffic.ports:
            yield evaluate(known, Traffic("Inbound", traffic.sources, address, port, inside))


def _with_members(rules: Iterable[SecurityRule], observed: Observed) -> Iterator[SecurityRule]:
    """The rules with the addresses of endpoints in place of application security groups.

    A rule for a group in which no endpoint is does not count. One whose groups cannot be read is
    left as it is, in doubt, where an endpoint is in any group.
    """
    grouped = [(one, endpoint.security_groups(one)) for one in observed.of_type(endpoint.TYPE)]
    for rule in rules:
        if rule.destinations.texts != (ASG,):
            yield rule
            continue
        members = [one for one, groups in grouped if groups & rule.destination_groups]
        addresses = tuple(at.ip for one in members for at in endpoint.addresses_of(one, observed))
        if addresses:
            yield replace(rule, destinations=AddressSet(addresses))
        elif not rule.destination_groups and any(_in_a_group(one) for one, _ in grouped):
            yield rule


def _in_a_group(one: Seen) -> bool:
    return bool(one.properties.get(endpoint.GROUPS))


def _virtual_network(observed: Observed) -> Iterable[str]:
    """The service tag VirtualNetwork: the networks involved and all that they are peered with."""
    return (prefix for network in observed.of_type(NETWORK) for prefix in virtual_network(network))
