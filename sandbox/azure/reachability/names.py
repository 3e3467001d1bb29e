"""What a name resolves to for a machine in a network: it asks the DNS servers that the network gives it.

Azure's DNS (168.63.129.16) answers from the zones linked to the network that asks, then by the rules of the
forwarding ruleset linked to it, else as public DNS does (source: docs/azure/dns-resolver.md, RES-10). A
network with other servers in `dhcpOptions` asks these alone (docs/azure/dns.md, DNS-27): inbound endpoints of
resolvers, and machines that the control API declares. Public DNS points a connected resource's name to its
privatelink name; a linked zone answers for every name in it, also with "no such name" (DNS-26).

Rules of security groups and routes are not evaluated for DNS queries.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from sandbox.azure.kernel.ids import ArmId
from sandbox.azure.kernel.model import Resource
from sandbox.azure.kernel.world import World
from sandbox.azure.providers.dns_resolver import forwarding, resolvers
from sandbox.azure.providers.network import addresses
from sandbox.azure.providers.private_link import link_services
from sandbox.azure.reachability import connections, dns_servers, zones
from sandbox.azure.reachability.zones import Resolution

AZURE_DNS = forwarding.AZURE_DNS
ALIASES = 8
HOPS = 6  # servers that pass a query on before it counts as a loop


@dataclass(frozen=True, slots=True)
class Asker:
    """Who sends a query. network: None on premises. address: of the machine or of the outbound endpoint."""

    network: Resource | None
    address: str


def resolve(world: World, network: str | ArmId, name: str, source: str = "") -> Resolution:
    """Resolve a name for a machine in this network. Raises LookupError for an unknown network.

    source: the machine's address, which decides where the network is peered for some subnets only.
    """
    home = world.find(network)
    if home is None:
        raise LookupError(f"there is no network {network}")
    asked = name.rstrip(".").lower()
    servers = [str(one) for one in (home.properties.get("dhcpOptions") or {}).get("dnsServers") or []]
    return _ask_each(world, Asker(home, source or _first(home)), servers or [AZURE_DNS], asked, ())


def _first(network: Resource) -> str:
    """The first address that a machine in the network could have."""
    prefix = ipaddress.ip_network(connections.space(network)[0])
    return str(prefix[min(4, prefix.num_addresses - 1)])


# Servers


def _ask_each(
    world: World, asker: Asker, servers: Iterable[str], name: str, asked: tuple[str, ...]
) -> Resolution:
    """Ask servers in order; the first that answers counts."""
    silent = []
    for server in servers:
        answer = _ask(world, asker, server, name, (*asked, server))
        if answer.kind != "unanswered":
            return answer
        silent.append(answer.why)
    return Resolution("unanswered", name, servers=asked, why="; ".join(silent))


def _ask(world: World, asker: Asker, server: str, name: str, asked: tuple[str, ...]) -> Resolution:
    """The answer of one server: Azure's own, an inbound endpoint, or one that was declared."""
    if len(asked) > HOPS:
        return _silent(name, asked, f"the query goes round: {', '.join(asked)}")
    if server == AZURE_DNS and asker.network is None:
        return _silent(name, asked, f"{AZURE_DNS} answers in virtual networks only")
    if server == AZURE_DNS and asker.network is not None:
        return _azure(world, asker.network, name, asked)
    answers = [
        *_of_endpoints(world, asker, server, name, asked),
        *_of_machines(world, asker, server, name, asked),
    ]
    if not answers:
        return Resolution("unknown", name, servers=asked, why=f"no DNS server is known at {server}")
    return next((one for one in answers if one.kind != "unanswered"), answers[0])


def _of_endpoints(
    world: World, asker: Asker, server: str, name: str, asked: tuple[str, ...]
) -> Iterator[Resolution]:
    """The answers of the inbound endpoints with this address: Azure's DNS in the resolver's network."""
    for endpoint in resolvers.inbound_at(world, server):
        network = resolvers.network_of(world, world.find(endpoint.id.parent))
        away = _away(world, asker, network, server)
        if network is None:
            yield _silent(name, asked, f"the network of {endpoint.id.text} is gone")
        elif away:
            yield _silent(name, asked, f"{server} does not answer: {away}")
        else:
            yield _azure(world, network, name, asked)


def _of_machines(
    world: World, asker: Asker, server: str, name: str, asked: tuple[str, ...]
) -> Iterator[Resolution]:
    """The answers of the declared servers with this address."""
    for machine in dns_servers.at(world, server):
        home = _home_of(world, machine, asker)
        away = "it is down" if machine.down else _away(world, asker, home, server)
        if away:
            yield _silent(name, asked, f"{server} does not answer: {away}")
        else:
            yield _forwarded(world, machine, Asker(home, server), name, asked)


def _silent(name: str, asked: tuple[str, ...], why: str) -> Resolution:
    return Resolution("unanswered", name, servers=asked, why=why)


def _away(world: World, asker: Asker, there: Resource | None, address: str) -> str:
    """Why a server is not reached; gateways are not simulated, so that on premises is always reached."""
    if asker.network is None or there is None:
        return ""
    return connections.apart(world, asker.network.id, asker.address, there.id, address)


def _home_of(world: World, machine: dns_servers.DnsServer, asker: Asker) -> Resource | None:
    """The network of a declared server: the declared one, else the asker's or a peer that has its address."""
    if machine.network or asker.network is None:
        return world.find(machine.network) if machine.network else None
    near = asker.network
    peers = (
        world.find(half.properties["remoteVirtualNetwork"]["id"])
        for half in connections.halves(world, near.id)
    )
    around = (one for one in (near, *peers) if one is not None)
    return next((one for one in around if connections.holds(connections.space(one), machine.address)), None)


def _forwarded(
    world: World, machine: dns_servers.DnsServer, place: Asker, name: str, asked: tuple[str, ...]
) -> Resolution:
    """A declared server's own answer, or that of the server it forwards to. place: where it is."""
    if name in machine.records:
        return replace(_recorded(name, machine.records[name]), servers=asked)
    to = machine.destination(name)
    if to == dns_servers.INTERNET:
        return replace(zones.public(world, name), servers=asked)
    if not to:
        return Resolution("nxdomain", name, servers=asked, why=f"{machine.address} forwards no names")
    return _ask_each(world, place, [to], name, asked)


def _recorded(name: str, found: tuple[str, ...]) -> Resolution:
    if not found:
        return Resolution("nxdomain", name)
    private = any(ipaddress.ip_address(one).is_private for one in found)
    return Resolution("private", name, found) if private else Resolution("public", name)


# Azure's DNS


def _azure(world: World, network: Resource, name: str, asked: tuple[str, ...]) -> Resolution:
    """What Azure's DNS answers in a network."""
    for _ in range(ALIASES):
        link = zones.link_for(world, network, name)
        if link is None:
            rule = forwarding.rule_for(world, network, name, reserved=_is_reserved(name))
            if rule is not None:
                return _by_rule(world, rule, name, asked)
            alias = zones.public_alias(world, name)
            if alias is None:
                return Resolution("public", name, servers=asked)
            name = alias
            continue
        answer = zones.in_zone(world, link, name)
        if isinstance(answer, Resolution):
            return replace(answer, servers=asked)
        name = answer
    return Resolution("nxdomain", name, servers=asked)


def _is_reserved(name: str) -> bool:
    return ".".join(name.split(".")[-2:]) in link_services.reserved_domains()


def _by_rule(world: World, rule: Resource, name: str, asked: tuple[str, ...]) -> Resolution:
    """The answer of a forwarding rule's servers; its queries leave from the outbound endpoint."""
    endpoint = forwarding.outbound_of(world, rule)
    network = resolvers.network_of(world, world.find(endpoint.id.parent)) if endpoint is not None else None
    subnet = world.find(endpoint.properties["subnet"]["id"]) if endpoint is not None else None
    if network is None or subnet is None:
        return _silent(name, asked, f"{rule.id.text} has no outbound endpoint")
    targets = [str(one["ipAddress"]) for one in rule.properties["targetDnsServers"]]
    source = str(ipaddress.ip_network(addresses.prefixes(subnet)[0])[4])
    return _ask_each(world, Asker(network, source), targets, name, asked)
