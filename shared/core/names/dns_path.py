"""Whom a client's network asks for names, followed as Azure Resource Manager shows it.

A network asks Azure's DNS, or the servers in its `dhcpOptions`. Azure's DNS answers from the zones that are
linked to the network, then by the forwarding ruleset linked to it. An inbound endpoint of a private resolver
answers as Azure's DNS does in the resolver's network. What any other server answers cannot be read: the
policy may say it (`dns.servers`). A single interface may have DNS servers of its own, which are not read.
Sources: docs/azure/dns-resolver.md, RES-07, RES-10 and RES-11; docs/azure/dns.md, DNS-26 and DNS-27.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Self

from shared.core.base.ids import ResourceId
from shared.core.catalogue.service_rules import public_suffix
from shared.core.kinds import link
from shared.core.readings.dns_forwarding import ForwardingRule
from shared.core.readings.networks import (
    AZURE_DNS,
    Network,
    address_space,
    connected,
    connected_remotes,
    dns_servers,
    known_space,
    peering_to,
)
from shared.core.readings.observed import Observed
from shared.core.readings.reading import Absent, Members, Present, Read

NO_PATH = "NoDnsPath"


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether clients resolve the zone; None: nothing shows it. `seen`: how, or why not.

    `remedy`: only a person can repair it, in this way.
    """

    holds: bool | None
    seen: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Ask:
    """Still to be read: resolvers and rulesets of these subscriptions, or these."""

    subscriptions: frozenset[str] = frozenset()
    reads: tuple[Read, ...] = ()

    @classmethod
    def all(cls, several: Iterable[Self]) -> Self:
        """All of these together."""
        listed = tuple(several)
        reads = dict.fromkeys(read for one in listed for read in one.reads)
        return cls(frozenset().union(*(one.subscriptions for one in listed)), tuple(reads))


type Result = Answer | Ask


@dataclass(frozen=True, slots=True)
class Asker:
    """Follows the queries for the names of one zone.

    `linked`: the networks that the policy links to it. `servers`: what the policy says of DNS servers.
    `names`: the public names of the endpoint, where they are known.
    """

    zone: ResourceId
    observed: Observed
    linked: tuple[ResourceId, ...] = ()
    servers: Mapping[str, tuple[ResourceId, ...]] = field(default_factory=dict)
    names: tuple[str, ...] = ()

    def from_network(self, network: ResourceId) -> Result:
        """What clients in a network get."""
        body = self.observed.present(network)
        if body is None:
            why = self.observed.refused(network) or "it was not asked for"
            return Answer(None, f"{network.text} could not be read: {why}")
        servers = dns_servers(body)
        if not servers:
            return self._azure(network, ())
        found = self._each(servers, network, ())
        if isinstance(found, Answer):
            asked = f"the clients of {network.name} ask the DNS servers {', '.join(servers)}"
            return Answer(found.holds, f"{asked}: {found.seen}", found.remedy)
        return found

    def _each(self, servers: Iterable[str], at: ResourceId, trail: tuple[str, ...]) -> Result:
        """The least of what the servers answer: which of them a client asks is its own choice."""
        found = [self._server(one, at, trail) for one in servers]
        if asks := [one for one in found if isinstance(one, Ask)]:
            return Ask.all(asks)
        answers = [one for one in found if isinstance(one, Answer)]
        order = (False, None, True)
        return min(answers, key=lambda one: order.index(one.holds), default=Answer(None, "no server"))

    def _server(self, address: str, at: ResourceId, trail: tuple[str, ...]) -> Result:
        if address == AZURE_DNS:
            return self._azure(at, trail)
        if address in trail:
            return self._wrong(f"the query goes round over {address}", "remove the rule that leads back")
        home = self._home_of(address, at)
        if home is None:
            return self._said(address) or Answer(
                None, f"{address} is in no network that is read here, so what it answers cannot be read"
            )
        return self._in_network(address, home, at, trail)

    def _in_network(self, address: str, home: ResourceId, at: ResourceId, trail: tuple[str, ...]) -> Result:
        forwarding, subscription = self.observed.forwarding, home.subscription.lower()
        if subscription not in forwarding.read:
            return Ask(frozenset({subscription}))
        inbound = forwarding.inbound_at(home, address)
        if inbound is None:
            unread = forwarding.unread.get(subscription)
            why = unread or f"it is in {home.name} and is no inbound endpoint of a private resolver"
            return self._said(address) or Answer(None, f"what {address} answers cannot be read: {why}")
        if not inbound.ready:
            return self._wrong(
                f"the inbound endpoint {inbound.id.text} is not provisioned", "repair or remake the endpoint"
            )
        if not self._reaches(at, home):
            text = f"whether {at.name} reaches {address} in {home.name} is not known: no peering shows it"
            return self._said(address) or Answer(None, text)
        found = self._azure(home, (*trail, address))
        if isinstance(found, Answer):
            seen = f"{address} is an inbound endpoint in {home.name}, {found.seen}"
            return Answer(found.holds, seen, found.remedy)
        return found

    def _said(self, address: str) -> Result | None:
        """What the policy says of a server, as far as Azure shows it."""
        networks = self.servers.get(_spelled(address))
        if networks is None:
            return None
        if isinstance(links := self._links(), Ask | Answer):
            return links
        without = [at.name for at in networks if not _is_linked(links, at)]
        names = ", ".join(at.name for at in networks)
        if without or not networks:
            return self._wrong(
                f"the policy says that {address} answers from the zones of {names or 'no network'}, and "
                f"{', '.join(without) or 'none'} is not linked to {self.zone.name}",
                f"link {', '.join(without) or 'a network'} to {self.zone.text}, or correct dns.servers",
            )
        return Answer(True, f"{address} answers from the zones of {names}, as the policy says")

    def _azure(self, network: ResourceId, trail: tuple[str, ...]) -> Result:
        """What Azure's DNS answers in a network; asked over a resolver, its ruleset counts too."""
        if isinstance(links := self._links(), Ask | Answer):
            return links
        found = link.link_to(links, network)
        if found is None and not trail and network in self.linked:
            return Answer(False, "no link")
        places = {at.subscription.lower() for at in (network, *self.linked, self.zone)}
        lacking = places - self.observed.forwarding.read
        if found is not None and not trail and lacking:  # rulesets are read only where paths lead over them
            return Answer(link.completed(found), link.state_of(found))
        if lacking:
            return Ask(frozenset(lacking))
        names = self.names or (f"any.{public_suffix(self.zone.name)}",)
        rule = self.observed.forwarding.rule_for(network, names)
        if rule is None and found is None:
            rule = self.observed.forwarding.rule_for(network, (f"any.{self.zone.name}",))
        if rule is not None:
            return self._by_rule(rule, network, trail)
        if found is not None:
            return Answer(link.completed(found), link.state_of(found))
        return self._unlinked(network, places)

    def _by_rule(self, rule: ForwardingRule, network: ResourceId, trail: tuple[str, ...]) -> Result:
        """A rule takes the names before public DNS leads them to the zone (RES-10)."""
        found = self._each(rule.servers, rule.network or network, trail)
        if isinstance(found, Ask):
            return found
        by = f"a rule of {rule.ruleset.name} sends {rule.domain} to {', '.join(rule.servers)}: {found.seen}"
        if found.holds:
            return Answer(True, by)
        return self._wrong(
            by,
            found.remedy
            or f"let the rule of {rule.ruleset.text} lead to an inbound endpoint in a linked network, remove "
            "it, or name the server under dns.servers",
        )

    def _unlinked(self, network: ResourceId, places: Iterable[str]) -> Answer:
        unread = self.observed.forwarding.unread
        lacking = [unread[one] for one in sorted(places) if one in unread]
        if lacking:
            return Answer(None, f"no link, and whether a ruleset is linked is not known: {lacking[0]}")
        return self._wrong(
            f"{network.name} has no link to {self.zone.name}, and no forwarding rule for its names",
            f"link {network.name} to {self.zone.text} (dns.link), or let its clients ask a DNS server in a "
            "linked network",
        )

    def _wrong(self, seen: str, remedy: str) -> Answer:
        return Answer(False, seen, f"{remedy}, then rerun the resource")

    def _links(self) -> Members | Result:
        """The zone's links; none where the zone does not exist."""
        links = self.observed.members(self.zone, link.COLLECTION)
        if why := self.observed.refused(self.zone, link.COLLECTION):
            return Answer(None, f"the zone's links could not be read: {why}")
        match links:
            case Present(value=found):
                return found
            case Absent():
                return Members()
            case _:
                return Ask(reads=(Read(self.zone, link.COLLECTION, shared=True, tolerate="refusal"),))

    def _home_of(self, address: str, at: ResourceId) -> ResourceId | None:
        """The network that has an address, as a network sees it: itself, its peers, those that are linked."""
        return next((home for home, space in self._around(at) if _holds(space, address)), None)

    def _around(self, at: ResourceId) -> Iterator[tuple[ResourceId, tuple[Network, ...]]]:
        body = self.observed.present(at)
        if body is not None:
            yield at, address_space(body)
            halves = ((remote, peering_to(body, remote)) for remote in connected_remotes(body))
            yield from ((remote, known_space(half)) for remote, half in halves if half)
        for network in self.linked:
            if other := self.observed.present(network):
                yield network, address_space(other)

    def _reaches(self, at: ResourceId, home: ResourceId) -> bool:
        """The networks are peered, or are one. A gateway may lead there too, which no body shows."""
        if at == home:
            return True
        body = self.observed.present(at)
        half = peering_to(body, home) if body else None
        return half is not None and connected(half)


def _spelled(address: str) -> str:
    """One spelling of an address, as the policy's keys have it: IPv6 has several."""
    try:
        return str(ip_address(address))
    except ValueError:
        return address


def _is_linked(links: Members, network: ResourceId) -> bool:
    found = link.link_to(links, network)
    return found is not None and link.completed(found)


def _holds(space: Iterable[Network], address: str) -> bool:
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    return any(ip in one for one in space)
