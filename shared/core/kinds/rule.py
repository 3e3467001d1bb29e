"""Security rules: `Microsoft.Network/networkSecurityGroups/securityRules`, shared by many endpoints.

One rule lets one set of clients reach all endpoints that they use on the same ports, so it belongs to no
target alone: each adds its addresses, and later takes them out again. A rule has no tags; ours is recognised
by its name and the beginning of its description.
Sources: Microsoft Learn, REST reference "Security Rules" (forms, 140 characters of description) and "Azure
subscription and service limits"; docs/azure/network-security.md, NSG-04 and NSG-05.
"""

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any, Literal, Self

from shared.core.base.bodies import Seen, number, reference, sequence
from shared.core.base.errors import BlockedError
from shared.core.base.ids import ResourceId, digest
from shared.core.base.refusal import Refusal
from shared.core.kinds.kind import Managed
from shared.core.kinds.rule_effect import ClientTraffic, in_force, with_rule
from shared.core.readings.embedded import rules_of_group
from shared.core.readings.observed import Observed
from shared.core.readings.reading import Absent, Present, Read, Reading
from shared.core.rules import nsg
from shared.core.rules.addresses import collapse, is_prefix, normalized
from shared.core.rules.nsg import MAX_ADDRESSES, MAX_RULES, SecurityRule, free_priority, parsed_rule

TYPE = "Microsoft.Network/networkSecurityGroups/securityRules"
COLLECTION = "securityRules"
MARK = "Managed by Causeway."
DENIED = "DeniedByRule"

type Access = Literal["Allow", "Deny"]
type Network = IPv4Network | IPv6Network

_PURPOSE = {
    "Allow": "Lets clients reach private endpoints. Its destinations follow the endpoints.",
    "Deny": "Denies what no rule before it allows to private endpoints.",
}
WIDE = "Lets clients reach all private endpoints that its destinations hold."
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


@functools.lru_cache(maxsize=4096)
def rule_id(group: ResourceId, key: str, access: Access) -> ResourceId:
    """The id of our rule in its network security group. `key` says for which clients, ports and range.

    It must not hold the clients' prefixes: they change, and the rule then follows them under its name.
    """
    return group.child(COLLECTION, f"{nsg.MARK}{access.lower()}-{digest(key.lower())}")


def is_wide(have: Seen) -> bool:
    """A rule of ours whose destinations do not follow endpoints (`wide_rule.py`)."""
    return str(have.properties.get("description") or "").startswith(f"{MARK} {WIDE}")


def is_our_rule(have: Seen) -> bool:
    """A rule has no tags: ours is recognised by its description, with its name or signed for that."""
    description = str(have.properties.get("description") or "")
    if not description.startswith(MARK) or not have.id.is_type(TYPE):
        return False
    return have.id.name.lower().startswith(nsg.MARK) or bool(nsg.signed_key(have.id.name, description))


def rule_named(group: Seen, key: str) -> ResourceId | None:
    """The rule of ours in a group that was signed for this key, whatever its name."""
    for one in rules_of_group(group).items:
        if nsg.signed_key(one.id.name, str(one.properties.get("description") or "")) == key:
            return one.id
    return None


@dataclass(frozen=True, slots=True)
class Rule(Managed):
    """One inbound rule of ours in a network security group, as one target needs it.

    `sources` are the clients' prefixes (or `*`), whole; `destinations` only the addresses or prefixes that
    this target adds; `ports` are `443` or `1433-65535` (or `*`). `priorities`: first and last that it may
    take. An Allow is for TCP and takes the first one free; a Deny is for all protocols and takes the last.
    `behind` are the allow rules that precede a Deny: without them it would shut everybody out. `partial`: a
    client network is not known, so prefixes that the rule has stay, as they may be that one's. `key`: what a
    rule that is named by the policy's template is signed with; empty for one of the usual name.
    """

    TYPE = TYPE
    REPAIR = "rules"
    SHARED = True

    id: ResourceId
    nsg: ResourceId
    sources: tuple[str, ...]
    destinations: tuple[str, ...]
    ports: tuple[str, ...]
    access: Access = "Allow"
    priorities: tuple[int, int] = (1000, 1999)
    behind: tuple[ResourceId, ...] = ()
    partial: bool = False
    key: str = ""

    @property
    def needs(self) -> tuple[ResourceId, ...]:
        return (self.nsg, *self.behind)

    @property
    def locks(self) -> tuple[str, ...]:
        """The whole group: two new rules must not take one priority."""
        return (self.nsg.key,)

    @property
    def recorded(self) -> bool:
        return True  # its addresses are withdrawn when the target is removed

    @property
    def adds(self) -> tuple[str, ...]:
        return self.destinations

    @property
    def invalidates(self) -> tuple[ResourceId, ...]:
        """Adding to an allow rule cannot make a cached copy unsafe, so it is kept. A new deny rule can."""
        return (self.id,) if self.access == "Deny" else ()

    @property
    def protocol(self) -> str:
        return "Tcp" if self.access == "Allow" else "*"

    @property
    def traffic(self) -> ClientTraffic:
        """What it lets through, or denies."""
        return ClientTraffic(self.nsg, self.sources, self.destinations, self.ports)

    def reads(self, observed: Observed) -> Iterable[Read]:
        return (Read(self.nsg, shared=True),)

    def found(self, observed: Observed) -> Reading[Seen]:
        group = observed.reading(self.nsg)
        if not isinstance(group, Present):
            return group
        have = rules_of_group(group.value).member(self.id)
        return Present(have, group.at) if have else Absent(group.at)

    def is_managed(self, have: Seen) -> bool:
        return have.id == self.id and is_our_rule(have)

    def drift(self, have: Seen, observed: Observed) -> tuple[str, ...]:
        """Destinations of other targets are no drift; a destination that is no address is."""
        rule = parsed_rule(have)
        inbound = rule.direction == "inbound" and rule.protocol == self.protocol.lower()
        sources = normalized(rule.sources.texts) == normalized(self._sources(have))
        found = (
            (have.state == "failed", "provisioning failed"),
            (rule.allows != (self.access == "Allow"), f"it does not {self.access.lower()}"),
            (not inbound, f"it is not for inbound {self.protocol}"),
            (not sources, "its sources are not the clients' prefixes"),
            (set(rule.destination_ports) != set(self.ports), f"its ports are not {', '.join(self.ports)}"),
            (not self._in_range(have.properties), "its priority is not in the policy's range"),
            (rule.source_ports != ("*",), "it is not for every source port"),
        )
        return (*(text for differs, text in found if differs), *self._other_ends(have))

    def _other_ends(self, have: Seen) -> tuple[str, ...]:
        """What differs in its destinations."""
        destinations = parsed_rule(have).destinations
        found = (
            (bool(destinations.words), "its destinations are not addresses alone"),
            (
                not all(map(destinations.covers, self.destinations)),
                "addresses are missing from its destinations",
            ),
        )
        return tuple(text for differs, text in found if differs)

    def refused(self, have: Seen | None, observed: Observed) -> Refusal | None:
        """Another owner's rule that would outweigh it, or no place for it in its group."""
        return self._ineffective(observed) if have is None else None

    def shortfall(self, have: Seen, observed: Observed) -> Refusal | None:
        return self._ineffective(observed)

    def joined(self, adds: Iterable[str]) -> Self:
        return replace(self, destinations=tuple(sorted({*adds, *self.destinations})))

    def together(self, other: Self) -> Self:
        """One rule for the endpoints of both, which are in one group and have the same ports."""
        behind = tuple(dict.fromkeys((*other.behind, *self.behind)))
        both = tuple(dict.fromkeys((*other.destinations, *self.destinations)))
        return replace(self, destinations=both, behind=behind)

    def body(self, have: Seen | None, observed: Observed) -> dict[str, Any]:
        """Ours over what exists: its destinations and ours together.

        Raises BlockedError where a limit of Azure, or the policy's range of priorities, leaves no place.
        """
        sources = self._sources(have)
        self._check_size(sources, "sources")
        kept = {name: value for name, value in have.properties.items() if name not in _SIDES} if have else {}
        beside = observed.listed(self.nsg, COLLECTION)
        return {
            "properties": {
                **kept,
                "description": self._description,
                "direction": "Inbound",
                "access": self.access,
                "protocol": self.protocol,
                "priority": kept["priority"] if self._in_range(kept) else self._priority(beside),
                "sourcePortRange": "*",
                **_form("destinationPortRange", "destinationPortRanges", self.ports),
                **_form("sourceAddressPrefix", "sourceAddressPrefixes", sources),
                **self._ends(have),
            }
        }

    @property
    def _description(self) -> str:
        signed = f" {nsg.signature(self.id.name, self.key)}" if self.key else ""
        return f"{MARK} {self._purpose}{signed}"

    @property
    def _purpose(self) -> str:
        return _PURPOSE[self.access]

    def _ends(self, have: Seen | None) -> dict[str, Any]:
        """Its destinations and ours together."""
        existing = parsed_rule(have).destinations.texts if have else ()
        destinations = collapse((*filter(is_prefix, existing), *self.destinations))
        self._check_size(destinations, "destinations")
        return _form("destinationAddressPrefix", "destinationAddressPrefixes", destinations)

    def blocking(self, observed: Observed) -> ResourceId | None:
        """The rule of the group, as it was read, that denies its clients' traffic."""
        verdict = in_force(self.traffic, observed) if self.access == "Allow" else None
        if verdict is None or verdict.allowed is not False:
            return None
        return self.nsg.child(COLLECTION, verdict.by) if verdict.by != "no rule" else None

    def strays(
        self, observed: Observed, addresses: Iterable[str], known: Iterable[ResourceId]
    ) -> tuple[ResourceId, ...]:
        """Our rules for other targets that hold addresses which are this target's by now.

        The other one's endpoint was lost, and it was not reconciled since. Only where the group serves one
        network: in another one the same address may be another owner's.
        """
        group, excluded, mine = observed.present(self.nsg), frozenset(known), tuple(addresses)
        if group is None or not _serves_one_network(group):
            return ()
        rules = (one for one in rules_of_group(group).items if one.id not in excluded)
        return tuple(one.id for one in rules if is_our_rule(one) and self.holds(one, mine))

    @staticmethod
    def is_marked(have: Seen, target: ResourceId) -> bool:
        return is_our_rule(have)

    @staticmethod
    def holds(have: Seen, adds: Iterable[str]) -> bool:
        destinations = parsed_rule(have).destinations
        return not is_wide(have) and any(destinations.overlaps(address) for address in adds)

    @staticmethod
    def without(have: Seen, adds: Iterable[str]) -> dict[str, Any] | None:
        rest = [ip_network(text) for text in parsed_rule(have).destinations.texts if is_prefix(text)]
        for address in adds:
            rest = [part for one in rest for part in _minus(one, ip_network(address))]
        left = collapse(str(one) for one in rest)
        if not left:
            return None
        one, several = "destinationAddressPrefix", "destinationAddressPrefixes"
        kept = {name: value for name, value in have.properties.items() if name != one}
        return {"properties": {**kept, several: list(left)}}

    @staticmethod
    def leaves_first(have: Seen) -> bool:
        """A denial is left before the rules that precede it.

        The other way round clients would be shut out meanwhile, and for good where the second write fails.
        """
        return not parsed_rule(have).allows

    def _sources(self, have: Seen | None) -> tuple[str, ...]:
        """The clients' prefixes; while one is not found, with those that the rule has."""
        if "*" in self.sources:
            return self.sources
        kept = parsed_rule(have).sources.texts if have and self.partial else ()
        return collapse((*filter(is_prefix, kept), *self.sources))

    def _ineffective(self, observed: Observed) -> Refusal | None:
        try:
            return self.denial(observed)
        except BlockedError as full:
            return Refusal(self.nsg, full.code, str(full), full.remedy)

    def denial(self, observed: Observed) -> Refusal | None:
        """Another owner's rule that would deny the traffic in spite of ours, evaluated as Azure does.

        Raises BlockedError where there is no place for ours.
        """
        if self.access != "Allow":
            return None
        siblings = observed.listed(self.nsg, COLLECTION)
        existing = next((one for one in siblings if one.id == self.id), None)
        ours = self._as_written(existing, observed)
        names = {one.id.name.lower() for one in siblings if is_our_rule(one)} | {self.id.name.lower()}
        for verdict in with_rule(self.traffic, ours, observed):
            if verdict.allowed is False and verdict.by.lower() not in names:
                part = f" for {verdict.part}" if verdict.part else ""
                return Refusal(
                    self.nsg.child(COLLECTION, verdict.by),
                    DENIED,
                    f"the rule {verdict.by} of {self.nsg.name} denies the clients' traffic{part}",
                    f"move {verdict.by} behind priority {self.priorities[1]}, or except the endpoints",
                )
        return None

    def _as_written(self, existing: Seen | None, observed: Observed) -> SecurityRule:
        """The rule as it will be; what exists already is parsed once."""
        if existing is not None and not self.drift(existing, observed):
            return parsed_rule(existing)
        return SecurityRule.parse({"name": self.id.name, **self.body(existing, observed)})

    def _in_range(self, properties: Mapping[str, Any]) -> bool:
        first, last = self.priorities
        return first <= number(properties.get("priority")) <= last

    def _priority(self, beside: tuple[Seen, ...]) -> int:
        others = [parsed_rule(one) for one in beside if one.id != self.id]
        if len(others) >= MAX_RULES:
            raise BlockedError(
                "TooManyRules",
                f"{self.nsg.name} has {len(others)} rules, Azure allows {MAX_RULES}",
                "remove rules that are not needed, then rerun the resource",
            )
        first, last = self.priorities
        if self.access == "Allow":  # behind a deny rule of ours it would let nothing through
            denials = [parsed_rule(one) for one in beside if is_our_rule(one) and self.leaves_first(one)]
            last = min((one.priority - 1 for one in denials if one.priority > first), default=last)
        band = first, min(last, self.priorities[1])
        free = free_priority(others, band, "Inbound", last=self.access == "Deny")
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


def _serves_one_network(group: Seen) -> bool:
    return group.parsed(_network_count) == 1


def _network_count(group: Seen) -> int:
    subnets = map(reference, sequence(group.properties.get("subnets")))
    return len({subnet.parent for subnet in subnets if subnet})


def _minus(one: Network, cut: Network) -> list[Network]:
    if one.version != cut.version or not one.overlaps(cut):
        return [one]
    if one.prefixlen >= cut.prefixlen:
        return []
    return [part for half in one.subnets() for part in _minus(half, cut)]


def _form(single: str, plural: str, values: tuple[str, ...]) -> dict[str, Any]:
    """`*` is documented for the singular form alone."""
    return {single: "*"} if "*" in values else {plural: list(values)}
