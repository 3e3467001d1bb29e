"""Rules and routes on the clients' own subnets: whether clients can reach an endpoint from where they are.

This is the outbound half of a path; `kinds/rule_effect.py` has the endpoint's half, `routes.py` the routes.
Rules and routes belong to the clients' owners: they are read, evaluated and named, never written.
Source: Microsoft Learn, "Network security groups" (outbound traffic is evaluated by the group of the sender's
subnet).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from shared.core.base.bodies import Seen
from shared.core.base.ids import ResourceId
from shared.core.catalogue.catalogue import Port
from shared.core.readings.networks import group_of, prefixes_in, table_of, virtual_network
from shared.core.readings.observed import Observed
from shared.core.rules import routes
from shared.core.rules.addresses import ip_version
from shared.core.rules.nsg import SecurityRule, rules_of
from shared.core.rules.path_ends import NO_PARTS, Destination, Parts, clients_in, is_near, named
from shared.core.rules.routes import Detour, detours
from shared.core.rules.verdict import Traffic, Verdict, evaluate, shut

CODE = "DeniedByRule"


@dataclass(frozen=True, slots=True)
class Blockage:
    """A rule of a client subnet's group that blocks one port to the endpoint, for all or part of the subnet.

    `final`: no client in the subnet gets through there. Otherwise some do, or it cannot be decided.
    """

    subnet: ResourceId
    group: ResourceId
    address: str
    port: Port
    verdict: Verdict
    final: bool

    @property
    def code(self) -> str:
        """Of the check that does not hold."""
        return CODE

    @property
    def end(self) -> str:
        """What cannot be reached: `10.0.1.4 port 443`."""
        mode = f" ({self.port.when})" if self.port.when else ""
        return f"{self.address} port {self.port}{mode}"

    @property
    def remedy(self) -> str:
        """What the group's owner can do."""
        ahead = f"let {self.group.name} allow {self.end} ahead of {self.verdict.by}"
        return f"{ahead}, or except it from that rule: the group is its owner's, Causeway never writes it"

    def __str__(self) -> str:
        who, rule = named(self.subnet), f"rule {self.verdict.by} of {self.group.name}"
        if self.verdict.allowed is None:
            return f"whether {who} reaches {self.end} cannot be decided: it depends on {rule}"
        part = f" for {self.verdict.part}" if self.verdict.part else ""
        return f"{who} cannot reach {self.end}: {rule} denies it{part}"


type Stop = Blockage | Detour


@dataclass(frozen=True, slots=True)
class Egress:
    """Whether clients of one network reach the endpoints, by the rules and routes of their own subnets.

    `blocked`: what keeps every subnet of it from some endpoint. `findings`: what keeps some clients and not
    all of them, or may. `unread`: rules and routes that could not be read, by the code of their
    check, and why.
    """

    network: ResourceId
    blocked: tuple[Stop, ...]
    findings: tuple[str, ...]
    unread: tuple[tuple[str, str], ...] = ()


def egress(
    clients: Iterable[ResourceId],
    destinations: Sequence[Destination],
    observed: Observed,
    parts: Parts = NO_PARTS,
) -> tuple[Egress, ...]:
    """Evaluate every client network that exists, once there is an address to reach."""
    reachable = [one for one in destinations if one.addresses]
    networks = [network for client in clients if (network := observed.present(client))]
    return tuple(_egress(network, reachable, observed, parts) for network in networks if reachable)


def _egress(network: Seen, destinations: Sequence[Destination], observed: Observed, parts: Parts) -> Egress:
    """An endpoint is blocked where no subnet reaches it; where only some do, that is a finding."""
    homes = {one.subnet for one in destinations}
    subnets = [subnet for subnet in clients_in(network, parts) if subnet.id not in homes]
    inside = virtual_network(network)
    blocked: list[Stop] = []
    unread = tuple(_unknown(subnets, observed))
    findings = [why for _, why in unread]
    for one in destinations:
        stops = [_stops(subnet, one, inside, observed) for subnet in subnets]
        if stops and all(closing for closing, _ in stops):
            blocked += [stop for closing, _ in stops for stop in closing]
        else:
            findings += [str(stop) for _, every in stops for stop in every]
    return Egress(network.id, tuple(blocked), tuple(dict.fromkeys(findings)), unread)


def _unknown(subnets: Iterable[Seen], observed: Observed) -> Iterator[tuple[str, str]]:
    for subnet in subnets:
        parts = (("rules", CODE, group_of(subnet)), ("routes", routes.CODE, table_of(subnet)))
        for what, code, at in parts:
            if at and (why := observed.refused(at)):
                yield code, f"the {what} of {named(subnet.id)} are not known: {why}"


def _stops(
    subnet: Seen, destination: Destination, inside: tuple[str, ...], observed: Observed
) -> tuple[tuple[Stop, ...], tuple[Stop, ...]]:
    """What by itself keeps all of the subnet's clients from the endpoint, and all that was found.

    Rules close a subnet if they do on every port; a route does for every port at once.
    """
    by_rules = tuple(_blockages(subnet, destination, inside, observed))
    by_routes = detours(subnet, destination, inside, observed)
    closed = sum(stop.final for stop in by_rules) == len(destination.ports)
    drops = tuple(stop for stop in by_routes if stop.final)
    return (*by_rules[: int(closed)], *drops[:1]), (*by_rules, *by_routes)


def _blockages(
    subnet: Seen, destination: Destination, inside: tuple[str, ...], observed: Observed
) -> Iterator[Blockage]:
    """For each port the first address that is not open to all of the subnet; the most certain one first."""
    at = group_of(subnet)
    group = observed.present(at) if at else None
    if group is None:
        return
    rules = rules_of(group)
    for port in destination.ports:
        asked = {address: _outbound(subnet, address, port, inside) for address in destination.addresses}
        found = [
            Blockage(subnet.id, group.id, address, port, verdict, all(shut(rules, one) for one in meanings))
            for address, meanings in asked.items()
            if (verdict := _verdict(rules, meanings)).allowed is not True
        ]
        yield from sorted(found, key=lambda stop: (not stop.final, stop.verdict.allowed is None))[:1]


def _verdict(rules: Sequence[SecurityRule], meanings: Sequence[Traffic]) -> Verdict:
    """What all meanings agree on; undecided where they differ."""
    first, *rest = verdicts = [evaluate(rules, traffic) for traffic in meanings]
    if all(one.allowed == first.allowed for one in rest):
        return verdicts[-1]
    doubt = next(one for one in verdicts if not one.allowed)
    return Verdict(None, doubt.by, doubt.foreign)


def _outbound(subnet: Seen, address: str, port: Port, inside: tuple[str, ...]) -> tuple[Traffic, ...]:
    """What leaves a subnet for one address and port, once for each meaning that VirtualNetwork may have.

    Where the address is in no peered network, a route or a gateway may lead to it all the same, and then the
    tag covers it.
    """
    version = ip_version(address)
    sources = tuple(text for text in prefixes_in(subnet.properties) if ip_version(text) == version)
    tags = (inside,) if is_near(address, inside) else (inside, (*inside, address))
    return tuple(Traffic("Outbound", sources, address, str(port), tag) for tag in tags)
