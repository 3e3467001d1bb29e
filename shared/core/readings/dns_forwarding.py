"""Private resolvers and forwarding rulesets: which DNS server an address is, and where names are sent.

Sources: docs/azure/dns-resolver.md, RES-03, RES-04, RES-07, RES-08, RES-10 and RES-14.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from shared.core.base.bodies import Seen, mapping, reference, sequence
from shared.core.base.ids import ResourceId

RESOLVER = "Microsoft.Network/dnsResolvers"
RULESET = "Microsoft.Network/dnsForwardingRulesets"
INBOUND, RULES, LINKS = "inboundEndpoints", "forwardingRules", "virtualNetworkLinks"


@dataclass(frozen=True, slots=True)
class Inbound:
    """An inbound endpoint of a resolver: at its addresses it answers as Azure's DNS does in `network`.

    `ready`: it is provisioned, and its resolver too.
    """

    id: ResourceId
    network: ResourceId
    addresses: tuple[str, ...]
    ready: bool


@dataclass(frozen=True, slots=True)
class ForwardingRule:
    """Names in `domain` (without its final dot; empty: all) are sent to these servers.

    `network`: from which the queries leave, where that is known.
    """

    ruleset: ResourceId
    domain: str
    servers: tuple[str, ...]
    network: ResourceId | None = None

    def holds(self, name: str) -> bool:
        """The rule is about this name. The rule for all names does not count there (RES-07)."""
        return bool(self.domain) and f".{name}".endswith(f".{self.domain}")


@dataclass(frozen=True, slots=True)
class Forwarding:
    """What was read of some subscriptions. `rules`: by the network to which their ruleset is linked.

    `read`: these subscriptions, in lower case, refused ones included. `unread`: why one could not be read.
    `at`: no reading is from before that moment, in seconds since 1970.
    """

    inbound: tuple[Inbound, ...] = ()
    rules: Mapping[ResourceId, tuple[ForwardingRule, ...]] = field(default_factory=dict)
    read: frozenset[str] = frozenset()
    unread: Mapping[str, str] = field(default_factory=dict)
    at: float = math.inf

    def joined(self, other: "Forwarding") -> "Forwarding":
        """What was read of both."""
        return Forwarding(
            (*self.inbound, *other.inbound),
            {**self.rules, **other.rules},
            self.read | other.read,
            {**self.unread, **other.unread},
            min(self.at, other.at),
        )

    def inbound_at(self, network: ResourceId, address: str) -> Inbound | None:
        """The inbound endpoint with this address in this network."""
        found = (one for one in self.inbound if one.network == network and address in one.addresses)
        return next(found, None)

    def rule_for(self, network: ResourceId, names: Iterable[str]) -> ForwardingRule | None:
        """The rule with the longest domain, of the ruleset linked to a network, that is about a name."""
        asked = tuple(names)
        fitting = (one for one in self.rules.get(network, ()) if any(map(one.holds, asked)))
        return max(fitting, key=lambda rule: len(rule.domain), default=None)


def inbound_of(resolver: Seen, endpoints: Iterable[Seen]) -> tuple[Inbound, ...]:
    """The inbound endpoints of a resolver; none where its network is not said."""
    network = reference(resolver.properties.get("virtualNetwork"))
    if network is None:
        return ()
    connected = str(resolver.properties.get("dnsResolverState") or "Connected").lower() == "connected"
    ready = resolver.state == "succeeded" and connected
    return tuple(
        Inbound(one.id, network, _addresses(one), ready and one.state == "succeeded") for one in endpoints
    )


def _addresses(endpoint: Seen) -> tuple[str, ...]:
    listed = map(mapping, sequence(endpoint.properties.get("ipConfigurations")))
    return tuple(str(one["privateIpAddress"]) for one in listed if one.get("privateIpAddress"))


def outbound_of(ruleset: Seen) -> ResourceId | None:
    """The resolver whose outbound endpoint a ruleset uses."""
    named = sequence(ruleset.properties.get("dnsResolverOutboundEndpoints"))
    found = (reference(one) for one in named)
    return next((one.parent for one in found if one), None)


def rules_of(ruleset: Seen, rules: Iterable[Seen], network: ResourceId | None) -> tuple[ForwardingRule, ...]:
    """The enabled rules of a ruleset."""
    enabled = (
        one for one in rules if str(one.properties.get("forwardingRuleState") or "Enabled") == "Enabled"
    )
    return tuple(
        ForwardingRule(
            ruleset.id,
            str(one.properties.get("domainName") or "").strip(".").lower(),
            tuple(
                str(mapping(server).get("ipAddress"))
                for server in sequence(one.properties.get("targetDnsServers"))
            ),
            network,
        )
        for one in enabled
    )


def linked_networks(links: Iterable[Seen]) -> tuple[ResourceId, ...]:
    """The networks that a ruleset is linked to."""
    done = (one for one in links if one.state == "succeeded")
    return tuple(at for one in done if (at := reference(one.properties.get("virtualNetwork"))))
