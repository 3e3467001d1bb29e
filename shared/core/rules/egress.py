"""Rules on the clients' own subnets: whether those who must reach an endpoint get out of where they are.

Place in the data's way: the part of `Proof` that judges the outbound half of the way; `filtering.py` has the
endpoint's half. Such rules belong to the clients' owners: they are read, judged and named, never written.
Sources: Microsoft Learn, "Network security groups" (what goes out is judged by the group of the sender's
subnet), and the pages of the services that stand alone in a subnet of a fixed name.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from shared.core.base.bodies import Seen, mapping, reference, sequence
from shared.core.base.ids import ResourceId
from shared.core.catalogue.catalogue import Port
from shared.core.kinds.peering import virtual_network
from shared.core.kinds.subnet_policy import group_of, prefixes_in
from shared.core.policy.intent import Connect
from shared.core.readings.observed import Observed
from shared.core.rules.nsg import Rule, rules_of
from shared.core.rules.traffic import box, common
from shared.core.rules.verdict import Traffic, Verdict, decide, shut

CODE = "DeniedByRule"
AZURES_OWN = frozenset(
    {
        "gatewaysubnet",
        "azurefirewallsubnet",
        "azurefirewallmanagementsubnet",
        "azurebastionsubnet",
        "routeserversubnet",
    }
)


@dataclass(frozen=True, slots=True)
class Way:
    """The far end of one leg: its subnet, all addresses that clients must reach, on any one of these ports.

    The catalogue's ports are alternatives (AMQP or HTTPS, gateway or direct mode): who has one gets through.
    """

    subnet: ResourceId
    addresses: tuple[str, ...]
    ports: tuple[Port, ...]


@dataclass(frozen=True, slots=True)
class Stop:
    """What a client subnet's group has against one port of a way, whole or in part.

    `final`: nobody in the subnet gets through there. Otherwise a part does, or nobody can tell.
    """

    subnet: ResourceId
    group: ResourceId
    address: str
    port: Port
    verdict: Verdict
    final: bool

    @property
    def end(self) -> str:
        """Where it does not lead to: `10.0.1.4 port 443`."""
        mode = f" ({self.port.when})" if self.port.when else ""
        return f"{self.address} port {self.port}{mode}"

    @property
    def remedy(self) -> str:
        """What the group's owner can do."""
        ahead = f"let {self.group.name} allow {self.end} ahead of {self.verdict.by}"
        return f"{ahead}, or except it from that rule: the group is its owner's, Causeway never writes it"

    def __str__(self) -> str:
        who, rule = _named(self.subnet), f"rule {self.verdict.by} of {self.group.name}"
        if self.verdict.allowed is None:
            return f"whether {who} reaches {self.end} cannot be told: it hangs on {rule}"
        part = f" for {self.verdict.part}" if self.verdict.part else ""
        return f"{who} cannot reach {self.end}: {rule} denies it{part}"


@dataclass(frozen=True, slots=True)
class Exit:
    """Whether clients get out of one network: `shut` is what keeps every subnet of it from some way.

    `told` is what keeps some clients and not all of them, or may.
    """

    network: ResourceId
    shut: tuple[Stop, ...]
    told: tuple[str, ...]


def judged(connect: Connect) -> tuple[ResourceId, ...]:
    """The client networks whose own rules count: none where the operator lets rules alone."""
    return () if connect.profile.nsg.mode == "ignore" else tuple(dict.fromkeys(connect.profile.clients))


def groups_in(networks: Iterable[Seen | None]) -> tuple[ResourceId, ...]:
    """The security groups of all subnets that can hold clients."""
    subnets = (subnet for network in networks if network for subnet in client_subnets(network))
    return tuple(dict.fromkeys(group for subnet in subnets if (group := group_of(subnet))))


def client_subnets(network: Seen) -> Iterator[Seen]:
    """Subnets with addresses for anybody: neither empty of prefixes, nor for Azure's own services alone."""
    for entry in map(mapping, sequence(network.properties.get("subnets"))):
        at = reference(entry)
        if at and at.name.lower() not in AZURES_OWN and prefixes_in(mapping(entry.get("properties"))):
            yield Seen(at, entry)


def exits(clients: Iterable[ResourceId], ways: Sequence[Way], observed: Observed) -> tuple[Exit, ...]:
    """Judge every client network that exists, once there is an address to reach."""
    reachable = [way for way in ways if way.addresses]
    networks = [network for client in clients if (network := observed.around.networks.get(client))]
    return tuple(_exit(network, reachable, observed) for network in networks if reachable)


def _exit(network: Seen, ways: Sequence[Way], observed: Observed) -> Exit:
    """A way is shut where no subnet has it; whoever lacks it while others have it is told of."""
    homes = {way.subnet for way in ways}
    subnets = [subnet for subnet in client_subnets(network) if subnet.id not in homes]
    # A peering of this very walk is in the newer reading.
    inside = virtual_network(observed.objects.get(network.id) or network)
    shutting: list[Stop] = []
    told = list(_unknown(subnets, observed))
    for way in ways:
        found = [tuple(_stops(subnet, way, inside, observed)) for subnet in subnets]
        closed = [stops for stops in found if sum(stop.final for stop in stops) == len(way.ports)]
        if subnets and len(closed) == len(subnets):
            shutting += [stops[0] for stops in closed]
        else:
            told += [str(stop) for stops in found for stop in stops]
    return Exit(network.id, tuple(shutting), tuple(dict.fromkeys(told)))


def _unknown(subnets: Iterable[Seen], observed: Observed) -> Iterator[str]:
    hidden = observed.around.hidden
    for subnet in subnets:
        group = group_of(subnet)
        if group and group in hidden:
            yield f"the rules of {_named(subnet.id)} are not known: {hidden[group]}"


def _stops(subnet: Seen, way: Way, inside: Sequence[str], observed: Observed) -> Iterator[Stop]:
    """For each port the first address that it is not open to for all of the subnet, the surest first."""
    at = group_of(subnet)
    group = observed.around.groups.get(at) if at else None
    if group is None:
        return
    rules = rules_of(group)
    for port in way.ports:
        asked = {address: _leaving(subnet, address, port, inside) for address in way.addresses}
        stops = [
            Stop(subnet.id, group.id, address, port, verdict, all(shut(rules, one) for one in meanings))
            for address, meanings in asked.items()
            if (verdict := _verdict(rules, meanings)).allowed is not True
        ]
        yield from sorted(stops, key=lambda stop: (not stop.final, stop.verdict.allowed is None))[:1]


def _verdict(rules: Sequence[Rule], meanings: Sequence[Traffic]) -> Verdict:
    """What all meanings agree on; a doubt where they differ."""
    first, *rest = verdicts = [decide(rules, traffic) for traffic in meanings]
    if all(one.allowed == first.allowed for one in rest):
        return verdicts[-1]
    doubt = next(one for one in verdicts if not one.allowed)
    return Verdict(None, doubt.by, doubt.foreign)


def _leaving(subnet: Seen, address: str, port: Port, inside: Sequence[str]) -> tuple[Traffic, ...]:
    """What leaves a subnet for one address and port, once for each meaning that VirtualNetwork may have.

    Where the address is in no peered network, a route or a gateway may lead to it all the same, and then the
    tag holds it.
    """
    version = ip_address(address).version
    every = prefixes_in(subnet.properties)
    sources = tuple(text for text in every if ip_network(text, strict=False).version == version)
    peered = common((box(address),), map(box, inside))
    tags = (tuple(inside),) if peered else (tuple(inside), (*inside, address))
    return tuple(Traffic("Outbound", sources, address, str(port), tag) for tag in tags)


def _named(subnet: ResourceId) -> str:
    network = subnet.parent
    return f"subnet {subnet.name} of {network.name}" if network else f"subnet {subnet.name}"
