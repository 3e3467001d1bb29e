"""Network security groups: their rules as values, whatever form ARM gives them, and their limits.

Sources: Microsoft Learn, "Network security groups" (priorities, default rules), "Azure subscription and
service limits"; docs/azure/network-security.md, NSG-01, NSG-02 and NSG-05.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self

from shared.core.base.bodies import Seen, mapping, number, reference, sequence
from shared.core.base.ids import ResourceId, digest
from shared.core.readings.embedded import rules_of_group
from shared.core.rules.addresses import ASG, AddressSet
from shared.core.rules.traffic import is_port_range

MAX_RULES = 1000  # of one network security group
MAX_ADDRESSES = 4000  # of one rule, as source or as destination
MARK = "causeway-"
_SIGNED = re.compile(r"\[([0-9a-f]+)\.[0-9a-f]+\]$")
FIRST_DEFAULT = 65000  # priority of the first rule that every group has; people's rules end at 4096

type Direction = Literal["Inbound", "Outbound"]


@dataclass(frozen=True, slots=True)
class SecurityRule:
    """One security rule, singular and plural forms made one; words in lower case.

    `destination_groups`: application security groups, whose members alone are its destinations. `signed`: its
    description says that it is Causeway's, under whatever name.
    """

    name: str
    priority: int
    direction: str
    allows: bool
    protocol: str
    sources: AddressSet
    source_ports: tuple[str, ...]
    destinations: AddressSet
    destination_ports: tuple[str, ...]
    destination_groups: frozenset[ResourceId] = frozenset()
    signed: bool = False

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> Self:
        """Read a rule from its own body or from its group's list; what ARM leaves out is empty."""
        properties = mapping(body.get("properties"))
        return cls(
            str(body.get("name") or ""),
            number(properties.get("priority")),
            str(properties.get("direction") or "").lower(),
            str(properties.get("access") or "").lower() == "allow",
            str(properties.get("protocol") or "").lower(),
            AddressSet(tuple(_addresses(properties, "source"))),
            tuple(_ports(properties, "source")),
            AddressSet(tuple(_addresses(properties, "destination"))),
            tuple(_ports(properties, "destination")),
            groups_in(properties.get("destinationApplicationSecurityGroups")),
            bool(signed_key(str(body.get("name") or ""), str(properties.get("description") or ""))),
        )

    @property
    def foreign(self) -> bool:
        """A person or another program wrote it: neither Causeway, nor Azure with every group."""
        ours = self.signed or self.name.lower().startswith(MARK)
        return self.priority < FIRST_DEFAULT and not ours


def signature(name: str, key: str) -> str:
    """What the description of a rule of ours ends with, where its name is by the policy's template.

    It holds for this name alone: a copy of the rule is not ours. `key`: what the rule is for, as hex.
    """
    return f"[{key}.{digest(f'{name.lower()}|{key}')}]"


def signed_key(name: str, description: str) -> str:
    """The key in the description of a rule of ours; empty where it is not signed for this name."""
    found = _SIGNED.search(description)
    key = found[1] if found else ""
    return key if key and description.endswith(signature(name, key)) else ""


def groups_in(listed: object) -> frozenset[ResourceId]:
    """The application security groups of one side of a rule, or of an endpoint."""
    return frozenset(at for at in map(reference, sequence(listed)) if at)


def parsed_rule(seen: Seen) -> SecurityRule:
    """The rule that a body says, parsed once."""
    return seen.parsed(_parse)


def _parse(seen: Seen) -> SecurityRule:
    return SecurityRule.parse({"name": seen.id.name, **seen.body})


def _listed(properties: Mapping[str, Any], single: str, plural: str) -> Iterator[str]:
    if one := properties.get(single):
        yield str(one)
    yield from map(str, sequence(properties.get(plural)))


def _ports(properties: Mapping[str, Any], side: str) -> Iterator[str]:
    return filter(is_port_range, _listed(properties, f"{side}PortRange", f"{side}PortRanges"))


def _addresses(properties: Mapping[str, Any], side: str) -> Iterator[str]:
    yield from _listed(properties, f"{side}AddressPrefix", f"{side}AddressPrefixes")
    if properties.get(f"{side}ApplicationSecurityGroups"):
        yield ASG


def _default(name: str, priority: int, source: str, destination: str) -> SecurityRule:
    direction = "inbound" if name.endswith("InBound") else "outbound"
    allows = name.startswith("Allow")
    ends = AddressSet((source,)), AddressSet((destination,))
    return SecurityRule(name, priority, direction, allows, "*", ends[0], ("*",), ends[1], ("*",))


# What every group has (Microsoft Learn: "Network security groups", default security rules).
DEFAULTS = (
    _default("AllowVnetInBound", 65000, "VirtualNetwork", "VirtualNetwork"),
    _default("AllowAzureLoadBalancerInBound", 65001, "AzureLoadBalancer", "*"),
    _default("DenyAllInBound", 65500, "*", "*"),
    _default("AllowVnetOutBound", 65000, "VirtualNetwork", "VirtualNetwork"),
    _default("AllowInternetOutBound", 65001, "*", "Internet"),
    _default("DenyAllOutBound", 65500, "*", "*"),
)


def rules_of(group: Seen) -> tuple[SecurityRule, ...]:
    """All rules of a group in Azure's order: its default rules as its body lists them, or as documented."""
    return group.parsed(_rules_of)


def _rules_of(group: Seen) -> tuple[SecurityRule, ...]:
    own = map(parsed_rule, rules_of_group(group).items)
    defaults = sequence(group.properties.get("defaultSecurityRules"))
    listed = tuple(SecurityRule.parse(mapping(one)) for one in defaults) or DEFAULTS
    return in_order((*own, *listed))


def in_order(rules: Iterable[SecurityRule]) -> tuple[SecurityRule, ...]:
    """By priority: the first rule that matches decides."""
    return tuple(sorted(rules, key=lambda rule: rule.priority))


def free_priority(
    rules: Iterable[SecurityRule], band: tuple[int, int], direction: Direction, *, last: bool = False
) -> int | None:
    """The first (or last) priority of a band that no rule of this direction has; None if all are taken."""
    taken = {rule.priority for rule in rules if rule.direction == direction.lower()}
    first, end = band
    order = range(end, first - 1, -1) if last else range(first, end + 1)
    return next((priority for priority in order if priority not in taken), None)
