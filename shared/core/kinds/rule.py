"""Security rules: `Microsoft.Network/networkSecurityGroups/securityRules`, shared by many endpoints.

One rule lets one set of clients reach all endpoints that they use on the same ports, so it belongs to
nobody's target alone: each adds its addresses, and later takes them out again. A rule has no tags; ours is
told by its name and the beginning of its description.
Sources: Microsoft Learn, REST reference "Security Rules" (forms, 140 characters of description) and "Azure
subscription and service limits"; recorded ARM traffic.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any, Literal

from shared.core.base.bodies import Seen, number
from shared.core.base.errors import BlockedError
from shared.core.base.ids import ResourceId
from shared.core.kinds.kind import Ordinary
from shared.core.rules import nsg
from shared.core.rules.nsg import MAX_ADDRESSES, MAX_RULES, collapse, free_priority, is_prefix

TYPE = "Microsoft.Network/networkSecurityGroups/securityRules"
COLLECTION = "securityRules"
MARK = "Managed by Causeway."

type Access = Literal["Allow", "Deny"]
type Network = IPv4Network | IPv6Network

_PURPOSE = {
    "Allow": "Lets clients reach private endpoints. Its destinations follow the endpoints.",
    "Deny": "Denies what no rule before it allows to private endpoints.",
}
# Every way to say whom a rule is about: singular and plural forms and application security groups.
_SIDES = frozenset(
    name
    for side in ("source", "destination")
    for name in (
        f"{side}AddressPrefix",
        f"{side}AddressPrefixes",
        f"{side}PortRange",
        f"{side}PortRanges",
        f"{side}ApplicationSecurityGroups",
    )
)


def rule_id(group: ResourceId, key: str, access: Access) -> ResourceId:
    """Where our rule stands in its network security group. `key` says for which clients, ports and range.

    It must not hold the clients' prefixes: they change, and the rule then follows them under its name.
    """
    digest = hashlib.sha256(key.lower().encode()).hexdigest()[:8]
    return group.child(COLLECTION, f"{nsg.MARK}{access.lower()}-{digest}")


def is_our_rule(have: Seen) -> bool:
    """A rule has no tags: ours is told by its name and what its description says."""
    if not have.id.is_type(TYPE):
        return False
    described = str(have.properties.get("description") or "").startswith(MARK)
    return described and have.id.name.lower().startswith(nsg.MARK)


def holds(have: Seen, addresses: Iterable[str]) -> bool:
    """Any of these addresses is among the rule's destinations."""
    standing = [ip_network(text) for text in nsg.Rule.parse(have.body).destinations if is_prefix(text)]
    return any(_less(one, ip_network(address)) != [one] for one in standing for address in addresses)


def without(have: Seen, addresses: Iterable[str]) -> dict[str, Any] | None:
    """The rule's body with these addresses withdrawn; None when nothing is left, and the rule can go."""
    rest = [ip_network(text) for text in nsg.Rule.parse(have.body).destinations if is_prefix(text)]
    for address in addresses:
        rest = [part for one in rest for part in _less(one, ip_network(address))]
    left = collapse(str(one) for one in rest)
    if not left:
        return None
    one, several = "destinationAddressPrefix", "destinationAddressPrefixes"
    kept = {name: value for name, value in have.properties.items() if name != one}
    return {"properties": {**kept, several: list(left)}}


def _less(one: Network, cut: Network) -> list[Network]:
    if one.version != cut.version or not one.overlaps(cut):
        return [one]
    if one.prefixlen >= cut.prefixlen:
        return []
    return [part for half in one.subnets() for part in _less(half, cut)]


@dataclass(frozen=True, slots=True)
class Rule(Ordinary):
    """One inbound rule of ours in a network security group, as one target needs it.

    `sources` are the clients' prefixes (or `*`), whole; `destinations` only the addresses or prefixes that
    this target adds; `ports` are `443` or `1433-65535` (or `*`). `priorities`: first and last that it may
    take. An Allow is for TCP and takes the first one free; a Deny is for all protocols and takes the last.
    `behind` are the allow rules that a Deny stands behind: without them it would shut everybody out. `write`
    is the policy's word: True for `ensure`, False for `require`, which only reports.
    """

    id: ResourceId
    nsg: ResourceId
    sources: tuple[str, ...]
    destinations: tuple[str, ...]
    ports: tuple[str, ...]
    access: Access = "Allow"
    priorities: tuple[int, int] = (1000, 1999)
    write: bool = True
    behind: tuple[ResourceId, ...] = ()

    @property
    def needs(self) -> tuple[ResourceId, ...]:
        return (self.nsg, *self.behind)

    @property
    def locks(self) -> tuple[str, ...]:
        """The whole group: two new rules must not take one priority."""
        return (self.nsg.key,)

    @property
    def noted(self) -> bool:
        return True  # its addresses are withdrawn when the target goes

    @property
    def protocol(self) -> str:
        return "Tcp" if self.access == "Allow" else "*"

    def is_ours(self, have: Seen) -> bool:
        return have.id == self.id and is_our_rule(have)

    def drift(self, have: Seen) -> tuple[str, ...]:
        """Destinations of other targets are no drift; a destination that is no address is nobody's."""
        stands = nsg.Rule.parse(have.body)
        ends = stands.direction == "inbound" and stands.protocol == self.protocol.lower()
        found = (
            (have.state == "failed", "provisioning failed"),
            (stands.allows != (self.access == "Allow"), f"it does not {self.access.lower()}"),
            (not ends, f"it is not for inbound {self.protocol}"),
            (_alike(stands.sources) != _alike(self.sources), "its sources are not the clients' prefixes"),
            (set(stands.destination_ports) != set(self.ports), f"its ports are not {', '.join(self.ports)}"),
            (not self._in_range(have.properties), "its priority is not in the policy's range"),
            (stands.source_ports != ("*",), "it is not for every source port"),
            (not all(map(is_prefix, stands.destinations)), "its destinations are not addresses alone"),
            (not self._covered(stands.destinations), "addresses are missing from its destinations"),
        )
        return tuple(text for differs, text in found if differs)

    def _covered(self, destinations: Iterable[str]) -> bool:
        """Every address of this target is among the rule's destinations, which are collapsed."""
        standing = tuple(filter(is_prefix, destinations))
        return set(collapse((*standing, *self.destinations))) == set(collapse(standing))

    def body(self, have: Seen | None, beside: tuple[Seen, ...] = ()) -> dict[str, Any]:
        """Ours over what stands: its destinations and ours together. `beside`: all rules of the group.

        Raises BlockedError where a limit of Azure, or the policy's band, leaves no room.
        """
        standing = nsg.Rule.parse(have.body).destinations if have else ()
        destinations = collapse((*filter(is_prefix, standing), *self.destinations))
        sources = self.sources if "*" in self.sources else collapse(self.sources)
        self._check_size(sources, "sources")
        self._check_size(destinations, "destinations")
        kept = {name: value for name, value in have.properties.items() if name not in _SIDES} if have else {}
        return {
            "properties": {
                **kept,
                "description": f"{MARK} {_PURPOSE[self.access]}",
                "direction": "Inbound",
                "access": self.access,
                "protocol": self.protocol,
                "priority": kept["priority"] if self._in_range(kept) else self._priority(beside),
                "sourcePortRange": "*",
                **_form("destinationPortRange", "destinationPortRanges", self.ports),
                **_form("sourceAddressPrefix", "sourceAddressPrefixes", sources),
                **_form("destinationAddressPrefix", "destinationAddressPrefixes", destinations),
            }
        }

    def _in_range(self, properties: Mapping[str, Any]) -> bool:
        first, last = self.priorities
        return first <= number(properties.get("priority")) <= last

    def _priority(self, beside: tuple[Seen, ...]) -> int:
        others = [nsg.Rule.parse(one.body) for one in beside if one.id != self.id]
        if len(others) >= MAX_RULES:
            raise BlockedError(
                "TooManyRules",
                f"{self.nsg.name} has {len(others)} rules, Azure allows {MAX_RULES}",
                "remove rules that nobody needs, then rerun the resource",
            )
        first, last = self.priorities
        if self.access == "Allow":  # behind a denial of ours it would let nobody through
            ours = [nsg.Rule.parse(one.body) for one in beside if is_our_rule(one)]
            last = min(
                (one.priority - 1 for one in ours if not one.allows and one.priority > first), default=last
            )
        free = free_priority(
            others, (first, min(last, self.priorities[1])), "Inbound", last=self.access == "Deny"
        )
        if free is None:
            raise BlockedError(
                "NoFreePriority",
                f"every inbound priority from {first} to {last} of {self.nsg.name} is taken",
                "widen nsg.priorities in the policy, or move other rules out of this range",
            )
        return free

    def _check_size(self, addresses: tuple[str, ...], side: str) -> None:
        if len(addresses) > MAX_ADDRESSES:
            raise BlockedError(
                "TooManyAddresses",
                f"the rule would have {len(addresses)} {side}, Azure allows {MAX_ADDRESSES}",
                "give the endpoints or clients neighbouring addresses, or split the profile",
            )


def _alike(prefixes: tuple[str, ...]) -> frozenset[str]:
    """Prefixes so that two spellings of the same addresses are equal."""
    words = (text.lower() for text in prefixes if not is_prefix(text))
    return frozenset((*words, *collapse(filter(is_prefix, prefixes))))


def _form(single: str, plural: str, values: tuple[str, ...]) -> dict[str, Any]:
    """`*` is documented for the singular form alone."""
    return {single: "*"} if "*" in values else {plural: list(values)}
