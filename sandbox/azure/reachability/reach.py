"""Whether a client reaches a service: evaluates the path from a subnet and a name to the service, hop by hop.

It reads the stored resources only and shares no code with the app. Tests check with it what the app built.

Names: names.py; a client that has the address needs no DNS (docs/azure/dns.md, DNS-26).
Networks: connections.py. Rules: security_evaluation.py.
User-defined routes: routing_evaluation.py; what is behind their next hops is not simulated, so a client that
is sent there does not reach the endpoint.
"""

from __future__ import annotations

import ipaddress
from dataclasses import asdict, dataclass
from typing import Literal

from sandbox.azure.kernel.ids import ArmId
from sandbox.azure.kernel.model import Json, Resource
from sandbox.azure.kernel.world import World
from sandbox.azure.providers.network import addresses
from sandbox.azure.providers.private_link import endpoint_view
from sandbox.azure.reachability import connections, public_access
from sandbox.azure.reachability import routing_evaluation as routing
from sandbox.azure.reachability import security_evaluation as security
from sandbox.azure.reachability.names import Resolution, resolve

type Hop = Literal["", "client", "resolve", "endpoint", "approval", "peering", "outbound", "route", "inbound"]
SAID = {"public": "a public address", "nxdomain": "no address"}


@dataclass(frozen=True, slots=True)
class Reach:
    """Whether a client reaches a name privately. hop: where the path ends. why: the reason in words.

    public: whether the resource would also answer over the Internet. rule: id of the endpoint's subnet's rule
    that let the client in (a default rule by its name alone), empty without a security group.
    """

    reachable: bool
    hop: Hop
    why: str
    address: str = ""
    public: bool = False
    rule: str = ""

    def as_json(self) -> Json:
        """For the control API."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Client:
    """A machine in a subnet, with the application security groups that it is in."""

    subnet: Resource
    groups: tuple[str, ...] = ()


def reach(world: World, subnet: str | ArmId, name: str, port: int, groups: tuple[str, ...] = ()) -> Reach:
    """Whether a machine in this subnet reaches a service by name or address on a TCP port, privately.

    groups: ids of the application security groups that the machine's interface is in.
    """
    home = world.find(subnet)
    if home is None or home.id.parent is None:
        return Reach(False, "client", f"there is no subnet {subnet}")
    known = Resolution("private", "", (name,)) if _is_address(name) else None
    answer = known or resolve(world, home.id.parent, name, _client_address(home))
    if answer.kind != "private":
        target = _named(world, name)
        is_public = target is not None and public_access.is_open(target)
        said = answer.why or f"{name} resolves to {SAID[answer.kind]} ({answer.name})"
        return Reach(False, "resolve", said, public=is_public)
    client = Client(home, groups)
    verdicts = [_to_address(world, client, answer, address, port) for address in answer.addresses]
    return next((one for one in verdicts if not one.reachable), verdicts[0])


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _named(world: World, name: str) -> Resource | None:
    """The target of an endpoint with this public name, in any state of its connection."""
    found = endpoint_view.with_name(world, name)
    return world.find(found[0].private.get("target")) if found else None


def _to_address(world: World, client: Client, answer: Resolution, address: str, port: int) -> Reach:
    endpoints = _holders(world, address)
    if not endpoints:
        return Reach(False, "endpoint", f"no private endpoint has {address}", address)
    found = [_to_endpoint(world, client, one, answer, address, port) for one in endpoints]
    return min(found, key=lambda one: (not one.reachable, one.hop == "peering"))


def _holders(world: World, address: str) -> list[Resource]:
    return endpoint_view.with_address(world, address)


def _to_endpoint(
    world: World, client: Client, endpoint: Resource, answer: Resolution, address: str, port: int
) -> Reach:
    target = world.find(endpoint.private.get("target"))
    is_public = target is not None and public_access.is_open(target)

    def stopped(hop: Hop, why: str) -> Reach:
        return Reach(False, hop, why, address, is_public)

    there = world.find(endpoint.properties["subnet"]["id"])
    if there is None:
        return stopped("endpoint", f"the subnet of {endpoint.name} is gone")
    apart = _apart(world, client.subnet, there, address)
    if apart:
        return stopped("peering", apart)
    status = endpoint_view.state(endpoint)["status"]
    if status != "Approved" or target is None:
        return stopped("approval", f"the connection of {endpoint.name} is {status}")
    if world.find(endpoint.private.get("connection")) is None:
        return stopped("approval", f"{target.id.text} has no connection of {endpoint.name}")
    served = [one.name for one in endpoint_view.answers(endpoint) if one.address == address]
    names = {text.lower() for one in served for text in (one.fqdn, one.private_fqdn)}
    if answer.name and answer.name not in names:
        return stopped(
            "endpoint", f"{address} belongs to {endpoint.name}, which does not serve {answer.name}"
        )
    hop, why, rule = _filtered(world, client, there, endpoint, address, port)
    if hop != "outbound" and (away := routing.detour(world, client.subnet, there, address)):
        return stopped("route", away)
    return stopped(hop, why) if hop else Reach(True, "", "", address, is_public, rule)


def _apart(world: World, client: Resource, there: Resource, address: str) -> str:
    """Why the networks of two subnets are not connected; empty when they are."""
    return connections.apart(world, client.id.parent, _client_address(client), there.id.parent, address)


def _client_address(client: Resource) -> str:
    """An address that a machine in the subnet could have: the first that Azure assigns."""
    network = ipaddress.ip_network(addresses.prefixes(client)[0])
    return str(network[min(4, network.num_addresses - 1)])


def _filtered(
    world: World, client: Client, there: Resource, endpoint: Resource, address: str, port: int
) -> tuple[Hop, str, str]:
    """The hop at which a rule denies the flow, and why; else the rule that allows it inbound, if any."""
    groups = tuple(str(one["id"]) for one in endpoint.properties.get("applicationSecurityGroups") or [])
    hops: list[tuple[Hop, str, Resource]] = [("outbound", "Outbound", client.subnet)]
    if security.filters_endpoints(there):
        hops.append(("inbound", "Inbound", there))
    let_in = ""
    for hop, direction, subnet in hops:
        group = security.group_of(world, subnet)
        if group is None:
            continue
        flow = security.Flow(
            _client_address(client.subnet),
            address,
            port,
            _neighbourhood(world, subnet.id.parent),
            groups,
            client.groups,
        )
        verdict = security.judge(world, group, direction, flow)
        if not verdict.allowed:
            return hop, f"rule {verdict.rule} of {group.id.text} denies it", ""
        if hop == "inbound":
            own = world.find(group.id.child("securityRules", verdict.rule))
            let_in = own.id.text if own else verdict.rule
    return "", "", let_in


def _neighbourhood(world: World, network: ArmId | None) -> tuple[str, ...]:
    """The tag VirtualNetwork: the network and its peers with access."""
    own = world.find(network)
    if own is None:
        return ()
    halves = connections.open_halves(world, own.id)
    return (*connections.space(own), *(one for half in halves for one in connections.known(half)))
