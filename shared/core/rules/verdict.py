"""What the rules of a network security group do to some traffic, decided as Azure does.

Sources: Microsoft Learn, "Network security groups" (by priority, the first match decides; each direction by
itself) and "Virtual network service tags" (VirtualNetwork, Internet, AzureLoadBalancer).
"""

import functools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from shared.core.rules.addresses import ASG, AddressSet
from shared.core.rules.nsg import Direction, SecurityRule, in_order
from shared.core.rules.traffic import (
    EVERYTHING,
    LAST_PORT,
    PRIVATE,
    Ranges,
    TrafficRange,
    common,
    meet,
    minus,
    port_range,
    ranges,
    traffic_range,
)

FIRST_FREE = 1024  # clients take their own port from here on (RFC 6056)
LOAD_BALANCER = "168.63.129.16"  # the host's virtual address, from which Azure's load balancers probe

type Doubts = list[tuple[SecurityRule, Ranges]]  # undecidable rules, with the traffic that they may match


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether all of the traffic passes, and the rules that decide it.

    `allowed` is None where it depends on a rule that cannot be decided: one with application security groups,
    or with a service tag whose public addresses are not known here; `by` names it. `foreign`: a rule among
    these is a person's. `part`: what is denied, where the same rules do not deny all of it.
    """

    allowed: bool | None
    by: str
    foreign: bool
    part: str = ""


@dataclass(frozen=True, slots=True)
class Traffic:
    """What is asked about: connections from all of some prefixes to one address, on a port or range of them.

    `virtual_network` is what the tag VirtualNetwork covers: the prefixes of the network and of all networks
    that it is peered with.
    """

    direction: Direction
    sources: tuple[str, ...]
    address: str
    port: str
    virtual_network: tuple[str, ...] = ()
    protocol: str = "Tcp"

    @property
    def whole(self) -> Ranges:
        return ranges(self.sources, port_range(self.port))

    @property
    def inside(self) -> Ranges:
        return ranges(self.virtual_network)

    @property
    def target(self) -> TrafficRange:
        return traffic_range(self.address)


def evaluate(rules: Iterable[SecurityRule], traffic: Traffic) -> Verdict:
    """Ask the rules in Azure's order. Traffic that is denied in part is denied."""
    whole = rest = traffic.whole
    allowing: list[SecurityRule] = []
    doubts: Doubts = []
    for rule in _asked(rules, traffic):
        matched, possible = _matched(rule, rest, traffic)
        if possible and minus(possible, matched):
            doubts.append((rule, possible))
        if matched and not rule.allows:
            return _denied(rule, matched, whole, doubts)
        if matched:
            allowing.append(rule)
            rest = minus(rest, matched)
        if not rest:
            break
    return _passed(allowing, rest, doubts)


def shut(rules: Iterable[SecurityRule], traffic: Traffic) -> bool:
    """None of the traffic passes, whatever rules that cannot be decided turn out to mean."""
    rest = traffic.whole
    for rule in _asked(rules, traffic):
        matched, possible = _matched(rule, rest, traffic)
        if rule.allows and possible:
            return False
        if any(low <= FIRST_FREE and high == LAST_PORT for low, high in map(port_range, rule.source_ports)):
            rest = minus(rest, matched)
    return True


def _asked(rules: Iterable[SecurityRule], traffic: Traffic) -> Iterator[SecurityRule]:
    """The rules that concern the traffic's direction and protocol, in Azure's order."""
    direction, protocols = traffic.direction.lower(), (traffic.protocol.lower(), "*")
    for rule in in_order(rules):
        if rule.direction == direction and rule.protocol in protocols:
            yield rule


def _matched(rule: SecurityRule, rest: Ranges, traffic: Traffic) -> tuple[Ranges, Ranges]:
    """What of the traffic a rule certainly matches, and what it may match.

    A rule for some source ports cannot let a client through, which takes any; but it can shut one out.
    """
    if rule.allows and rule.source_ports != ("*",) and not _from_any_port(rule.source_ports):
        return (), ()
    to, to_maybe = _covered(rule.destinations, traffic.target, traffic.inside)
    if not (to or to_maybe):
        return (), ()
    open_ports = common(rest, _any_address(rule.destination_ports))
    sure, maybe = _spans(rule.sources, traffic.inside)
    certain = common(open_ports, sure)
    possible = (*certain, *common(open_ports, maybe)) if maybe else certain
    return (certain if to else ()), possible


def _from_any_port(source_ports: tuple[str, ...]) -> bool:
    return any(low <= 1 and high == LAST_PORT for low, high in map(port_range, source_ports))


@functools.lru_cache(maxsize=1024)
def _any_address(ports: tuple[str, ...]) -> Ranges:
    runs = tuple(map(port_range, ports))
    return tuple(replace(one, low=low, high=high) for one in EVERYTHING for low, high in runs)


def _covered(side: AddressSet, target: TrafficRange, inside: Ranges) -> tuple[bool, bool]:
    """Whether the target certainly, or perhaps, has an address in the set."""
    if side.meeting(target):
        return True, False
    sure, maybe = _meant(side.words, inside)
    return any(meet(target, one) for one in sure), any(meet(target, one) for one in maybe)


def _spans(side: AddressSet, inside: Ranges) -> tuple[Ranges, Ranges]:
    """The addresses that a rule certainly means, and those that it may mean besides."""
    sure, maybe = _meant(side.words, inside)
    return (*side.ranges(), *sure), maybe


@functools.lru_cache(maxsize=1024)
def _meant(words: tuple[str, ...], inside: Ranges) -> tuple[Ranges, Ranges]:
    """What words certainly mean, and what they may mean besides."""
    sure: list[TrafficRange] = []
    maybe: list[TrafficRange] = []
    for word in words:
        match word.lower():
            case "*" | "any":
                sure += EVERYTHING
            case "virtualnetwork":
                sure += inside
            case "internet":
                sure += minus(EVERYTHING, (*inside, *PRIVATE))
            case "azureloadbalancer":
                sure.append(traffic_range(LOAD_BALANCER))
            case grouped if grouped == ASG:
                maybe += EVERYTHING
            case _:  # the service tags are sets of public addresses
                maybe += PUBLIC
    return tuple(sure), tuple(maybe)


PUBLIC = minus(EVERYTHING, PRIVATE)


def _denied(rule: SecurityRule, matched: Ranges, whole: Ranges, doubts: Doubts) -> Verdict:
    sure = matched
    for doubt, possible in doubts:
        sure = minus(sure, possible) if doubt.allows else sure
        if not sure:
            return Verdict(None, doubt.name, doubt.foreign)
    limited = "" if "*" in rule.source_ports else f" from source ports {', '.join(rule.source_ports)}"
    part = f"{sure[0]}{limited}" if limited or minus(whole, sure) else ""
    return Verdict(allowed=False, by=rule.name, foreign=rule.foreign, part=part)


def _passed(allowing: list[SecurityRule], rest: Ranges, doubts: Doubts) -> Verdict:
    for doubt, _ in doubts:
        if rest or not doubt.allows:
            return Verdict(None, doubt.name, doubt.foreign)
    if rest:
        return Verdict(allowed=False, by="no rule", foreign=False, part=str(rest[0]))
    names = ", ".join(rule.name for rule in allowing)
    return Verdict(bool(allowing) or None, names or "no source", any(rule.foreign for rule in allowing))
