"""Network security groups read as Azure reads them: which rule decides about some traffic.

Place in the data's way: between a network security group's body and whoever asks whether clients get
through to an endpoint, before our rules are planned and after they are written.
Sources: Microsoft Learn, "Network security groups" (order, default rules), "Virtual network service tags"
(VirtualNetwork, Internet, AzureLoadBalancer), "Azure subscription and service limits"; recorded ARM traffic
(singular and plural forms, default rules in the body).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self

from shared.core.boxes import EVERYTHING, LAST_PORT, PRIVATE, Box, box, common, minus, ports_of
from shared.core.kinds.kind import Seen, mapping, sequence

MAX_RULES = 1000  # of one network security group
MAX_ADDRESSES = 4000  # of one rule, as source or as destination
MARK = "causeway-"
FIRST_DEFAULT = 65000  # priority of the first rule that every group has; people's rules end at 4096
LOAD_BALANCER = "168.63.129.16"
GROUPED = "an application security group"  # stands in a rule's addresses for what the rule does not tell

type Direction = Literal["Inbound", "Outbound"]


@dataclass(frozen=True, slots=True)
class Rule:
    """One security rule, singular and plural forms made one; words in lower case."""

    name: str
    priority: int
    direction: str
    allows: bool
    protocol: str
    sources: tuple[str, ...]
    source_ports: tuple[str, ...]
    destinations: tuple[str, ...]
    destination_ports: tuple[str, ...]

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> Self:
        """Read a rule from its own body or from its group's list; what ARM leaves out is empty."""
        properties = mapping(body.get("properties"))
        return cls(
            str(body.get("name") or ""),
            int(properties.get("priority") or 0),
            str(properties.get("direction") or "").lower(),
            str(properties.get("access") or "").lower() == "allow",
            str(properties.get("protocol") or "").lower(),
            tuple(_addresses(properties, "source")),
            tuple(_listed(properties, "sourcePortRange", "sourcePortRanges")),
            tuple(_addresses(properties, "destination")),
            tuple(_listed(properties, "destinationPortRange", "destinationPortRanges")),
        )

    @property
    def foreign(self) -> bool:
        """A person or another program wrote it: neither Causeway, nor Azure with every group."""
        return self.priority < FIRST_DEFAULT and not self.name.lower().startswith(MARK)


def _listed(properties: Mapping[str, Any], single: str, plural: str) -> Iterator[str]:
    if one := properties.get(single):
        yield str(one)
    yield from map(str, sequence(properties.get(plural)))


def _addresses(properties: Mapping[str, Any], side: str) -> Iterator[str]:
    yield from _listed(properties, f"{side}AddressPrefix", f"{side}AddressPrefixes")
    if properties.get(f"{side}ApplicationSecurityGroups"):
        yield GROUPED


def _default(name: str, priority: int, source: str, destination: str) -> Rule:
    way = "inbound" if name.endswith("InBound") else "outbound"
    allows = name.startswith("Allow")
    return Rule(name, priority, way, allows, "*", (source,), ("*",), (destination,), ("*",))


# What every group has (Microsoft Learn: "Network security groups", default security rules).
DEFAULTS = (
    _default("AllowVnetInBound", 65000, "VirtualNetwork", "VirtualNetwork"),
    _default("AllowAzureLoadBalancerInBound", 65001, "AzureLoadBalancer", "*"),
    _default("DenyAllInBound", 65500, "*", "*"),
    _default("AllowVnetOutBound", 65000, "VirtualNetwork", "VirtualNetwork"),
    _default("AllowInternetOutBound", 65001, "*", "Internet"),
    _default("DenyAllOutBound", 65500, "*", "*"),
)


def rules_of(group: Seen) -> tuple[Rule, ...]:
    """All rules of a network security group: its default rules as its body lists them, or as documented."""
    own = sequence(group.properties.get("securityRules"))
    defaults = sequence(group.properties.get("defaultSecurityRules"))
    parsed = tuple(Rule.parse(mapping(one)) for one in (*own, *defaults))
    return parsed if defaults else (*parsed, *DEFAULTS)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether all of the traffic passes, and the rules that say so.

    `allowed` is None where it hangs on a rule that cannot be decided: one with application security groups,
    or with a service tag whose public addresses are not known here; `by` names it. `foreign`: a rule among
    these is a person's. `part`: what is denied, where the same rules do not deny all of it.
    """

    allowed: bool | None
    by: str
    foreign: bool
    part: str = ""


def decide(
    rules: Iterable[Rule],
    direction: Direction,
    source_prefixes: Sequence[str],
    destination_address: str,
    port: int | str,
    protocol: str = "Tcp",
    *,
    virtual_network: Iterable[str],
) -> Verdict:
    """Ask the rules in Azure's order about traffic from all of some prefixes to one address and port(s).

    Traffic that is denied in part is denied. `port` may be a range (`1433-65535`). `virtual_network` is what
    the tag VirtualNetwork stands for: the prefixes of the network and of all that it is peered with.
    """
    here = tuple(map(box, virtual_network))
    target = (box(destination_address),)
    whole = rest = tuple(box(prefix, ports_of(str(port))) for prefix in source_prefixes)
    allowing: list[Rule] = []
    doubts: list[tuple[Rule, tuple[Box, ...]]] = []
    for rule in sorted(rules, key=lambda rule: rule.priority):
        if rule.direction != direction.lower() or rule.protocol not in (protocol.lower(), "*"):
            continue
        matched, possible = _matched(rule, rest, target, here)
        if minus(possible, matched):
            doubts.append((rule, possible))
        if matched and not rule.allows:
            return _denied(rule, matched, whole, doubts)
        if matched:
            allowing.append(rule)
            rest = minus(rest, matched)
        if not rest:
            break
    return _passed(allowing, rest, doubts)


def _matched(
    rule: Rule, rest: tuple[Box, ...], target: tuple[Box, ...], here: tuple[Box, ...]
) -> tuple[tuple[Box, ...], tuple[Box, ...]]:
    """What of the traffic a rule surely matches, and what it may match.

    A rule for some source ports cannot let a client through, which takes any; but it can shut one out.
    """
    if rule.allows and not any(
        low <= 1 and high == LAST_PORT for low, high in map(ports_of, rule.source_ports)
    ):
        return (), ()
    ports = [Box(v, 0, EVERYTHING[v == 6].last, *ports_of(p)) for p in rule.destination_ports for v in (4, 6)]
    open_ports = common(rest, ports)
    to, to_maybe = _spans(rule.destinations, here)
    if not open_ports or not common(target, (*to, *to_maybe)):
        return (), ()
    sure, maybe = _spans(rule.sources, here)
    possible = common(open_ports, (*sure, *maybe))
    return (common(open_ports, sure) if common(target, to) else ()), possible


def _spans(texts: Iterable[str], here: tuple[Box, ...]) -> tuple[tuple[Box, ...], tuple[Box, ...]]:
    """The addresses that a rule surely means by its words, and those that it may mean besides."""
    sure: list[Box] = []
    maybe: list[Box] = []
    for text in texts:
        match text.lower():
            case "*" | "any":
                sure += EVERYTHING
            case "virtualnetwork":
                sure += here
            case "internet":
                sure += minus(EVERYTHING, (*here, *PRIVATE))
            case "azureloadbalancer":
                sure.append(box(LOAD_BALANCER))
            case grouped if grouped == GROUPED:
                maybe += EVERYTHING
            case _ if is_prefix(text):
                sure.append(box(text))
            case _:  # the service tags are sets of public addresses
                maybe += minus(EVERYTHING, PRIVATE)
    return tuple(sure), tuple(maybe)


def _denied(
    rule: Rule, matched: tuple[Box, ...], whole: tuple[Box, ...], doubts: list[tuple[Rule, tuple[Box, ...]]]
) -> Verdict:
    sure = matched
    for doubt, possible in doubts:
        sure = minus(sure, possible) if doubt.allows else sure
        if not sure:
            return Verdict(None, doubt.name, doubt.foreign)
    limited = "" if "*" in rule.source_ports else f" from source ports {', '.join(rule.source_ports)}"
    part = f"{sure[0]}{limited}" if limited or minus(whole, sure) else ""
    return Verdict(allowed=False, by=rule.name, foreign=rule.foreign, part=part)


def _passed(
    allowing: list[Rule], rest: tuple[Box, ...], doubts: list[tuple[Rule, tuple[Box, ...]]]
) -> Verdict:
    for doubt, _ in doubts:
        if rest or not doubt.allows:
            return Verdict(None, doubt.name, doubt.foreign)
    if rest:
        return Verdict(allowed=False, by="no rule", foreign=False, part=str(rest[0]))
    names = ", ".join(rule.name for rule in allowing)
    return Verdict(bool(allowing) or None, names or "no source", any(rule.foreign for rule in allowing))


def free_priority(
    rules: Iterable[Rule], band: tuple[int, int], direction: Direction, *, last: bool = False
) -> int | None:
    """The first (or last) priority of a band that no rule of this direction has; None if all are taken."""
    taken = {rule.priority for rule in rules if rule.direction == direction.lower()}
    first, end = band
    order = range(end, first - 1, -1) if last else range(first, end + 1)
    return next((priority for priority in order if priority not in taken), None)


def is_prefix(text: str) -> bool:
    """An address or prefix, and no `*` or service tag."""
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def collapse(addresses: Iterable[str]) -> tuple[str, ...]:
    """The fewest prefixes for exactly these addresses and prefixes, single ones without a length.

    ValueError where one is neither.
    """
    networks = [ipaddress.ip_network(text, strict=False) for text in addresses]
    v4 = ipaddress.collapse_addresses(one for one in networks if isinstance(one, ipaddress.IPv4Network))
    v6 = ipaddress.collapse_addresses(one for one in networks if isinstance(one, ipaddress.IPv6Network))
    return tuple(str(one).removesuffix(f"/{one.max_prefixlen}") for one in (*v4, *v6))
