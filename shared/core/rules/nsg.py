"""Network security groups: their rules as values, whatever form ARM gives them, and their limits.

Place in the data's way: made from a group's body; read by `nsg_verdict.py`, which asks what they do to
some traffic, and by `kinds/rule.py`, which finds a place for ours among them.
Sources: Microsoft Learn, "Network security groups" (priorities, default rules), "Azure subscription and
service limits"; recorded ARM traffic (singular and plural forms, default rules in the body).
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network
from typing import Any, Literal, Self

from shared.core.base.bodies import Seen, mapping, sequence

MAX_RULES = 1000  # of one network security group
MAX_ADDRESSES = 4000  # of one rule, as source or as destination
MARK = "causeway-"
FIRST_DEFAULT = 65000  # priority of the first rule that every group has; people's rules end at 4096
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


def free_priority(
    rules: Iterable[Rule], band: tuple[int, int], direction: Direction, *, last: bool = False
) -> int | None:
    """The first (or last) priority of a band that no rule of this direction has; None if all are taken."""
    taken = {rule.priority for rule in rules if rule.direction == direction.lower()}
    first, end = band
    order = range(end, first - 1, -1) if last else range(first, end + 1)
    return next((priority for priority in order if priority not in taken), None)


@functools.lru_cache(maxsize=8192)
def is_prefix(text: str) -> bool:
    """An address or prefix, and no `*` or service tag."""
    try:
        ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def collapse(addresses: Iterable[str]) -> tuple[str, ...]:
    """The fewest prefixes for exactly these addresses and prefixes, single ones without a length.

    ValueError where one is neither.
    """
    networks = [ip_network(text, strict=False) for text in addresses]
    v4 = collapse_addresses(one for one in networks if isinstance(one, IPv4Network))
    v6 = collapse_addresses(one for one in networks if isinstance(one, IPv6Network))
    return (*(str(one).removesuffix("/32") for one in v4), *(str(one).removesuffix("/128") for one in v6))
