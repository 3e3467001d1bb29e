"""Whether a client reaches a service: evaluates the path from a subnet and a name to the service, hop by hop.

It reads the stored resources only and shares no code with the app. Tests check with it what the app built.

Names: public DNS points a connected resource's name to its privatelink name; a zone linked to the client's
network answers for every name in it, also with "no such name" (source: docs/azure/dns.md, DNS-26 and DNS-27).
A client that has the address needs no DNS (the same document uses a host file). Networks: the same one, or
both halves of one peering (source: docs/azure/peering.md, PEER-03). Rules: security_evaluation.py.
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
from sandbox.azure.providers.dns import dns_links, dns_records
from sandbox.azure.providers.network import addresses
from sandbox.azure.providers.private_link import endpoint_view
from sandbox.azure.reachability import public_access
from sandbox.azure.reachability import routing_evaluation as routing
from sandbox.azure.reachability import security_evaluation as security

type Hop = Literal["", "client", "resolve", "endpoint", "approval", "peering", "outbound", "route", "inbound"]
ALIASES = 8


@dataclass(frozen=True, slots=True)
class Resolution:
    """What a name resolves to in a network: private addresses, a public address, or nothing.

    name: the last name of the CNAME chain. zone: id of the zone that answered, empty for public DNS.
    """

    kind: Literal["private", "public", "nxdomain"]
    name: str
    addresses: tuple[str, ...] = ()
    zone: str = ""

    def as_json(self) -> Json:
        """For the control API."""
        return asdict(self) | {"addresses": list(self.addresses)}


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


# Names


def resolve(world: World, network: str | ArmId, name: str) -> Resolution:
    """Resolve a name for a machine in this network. Raises LookupError for an unknown network."""
    home = world.find(network)
    if home is None:
        raise LookupError(f"there is no network {network}")
    asked = name.rstrip(".").lower()
    for _ in range(ALIASES):
        link = _link_for(world, home, asked)
        if link is None:
            alias = _public_alias(world, asked)
            if alias is None:
                return Resolution("public", asked)
            asked = alias
            continue
        answer = _in_zone(world, link, asked)
        if isinstance(answer, Resolution):
            return answer
        asked = answer
    return Resolution("nxdomain", asked)


def _link_for(world: World, network: Resource, name: str) -> Resource | None:
    """The finished link whose zone holds the name; the longest zone name wins."""
    found = [
        link
        for link in dns_links.linked_to(world, network.id.text)
        if link.properties.get("virtualNetworkLinkState") == "Completed"
        and (name == _zone_name(link) or name.endswith(f".{_zone_name(link)}"))
    ]
    return max(found, key=lambda link: len(_zone_name(link)), default=None)


def _zone_name(link: Resource) -> str:
    return link.id.names[0].lower()


def _in_zone(world: World, link: Resource, name: str) -> Resolution | str:
    """The zone's answer, or the name that a CNAME points to."""
    zone = ArmId(link.id.subscription, link.id.group, dns_records.ZONE, link.id.names[:1])
    own = name[: -len(_zone_name(link))].rstrip(".") or "@"
    for candidate in _with_wildcards(own):
        alias = world.find(zone.child("CNAME", candidate))
        if alias is not None and alias.properties.get("cnameRecord"):
            return str(alias.properties["cnameRecord"]["cname"]).rstrip(".").lower()
        record = world.find(zone.child("A", candidate))
        if record is not None and record.properties["aRecords"]:
            found = tuple(str(one["ipv4Address"]) for one in record.properties["aRecords"])
            return Resolution("private", name, found, zone.text)
    if link.properties.get("resolutionPolicy") == "NxDomainRedirect":
        return Resolution("public", name)
    return Resolution("nxdomain", name, zone=zone.text)


def _with_wildcards(own: str) -> list[str]:
    """The name itself, then the wildcards that cover it, nearest first."""
    labels = own.split(".")
    return [own, *(".".join(["*", *labels[index:]]) for index in range(1, len(labels))), "*"]


def _public_alias(world: World, name: str) -> str | None:
    """The privatelink name that public DNS gives for a resource with an approved connection."""
    for endpoint in endpoint_view.with_name(world, name):
        for answer in endpoint_view.answers(endpoint):
            if answer.name.fqdn.lower() == name and answer.name.private_fqdn.lower() != name:
                return answer.name.private_fqdn.lower()
    return None


# Paths


def reach(world: World, subnet: str | ArmId, name: str, port: int) -> Reach:
    """Whether a machine in this subnet reaches a service by name or address on a TCP port, privately."""
    home = world.find(subnet)
    if home is None or home.id.parent is None:
        return Reach(False, "client", f"there is no subnet {subnet}")
    known = Resolution("private", "", (name,)) if _is_address(name) else None
    answer = known or resolve(world, home.id.parent, name)
    if answer.kind != "private":
        target = _named(world, name)
        is_public = target is not None and public_access.is_open(target)
        said = {"public": "a public address", "nxdomain": "no address"}[answer.kind]
        return Reach(False, "resolve", f"{name} resolves to {said} ({answer.name})", public=is_public)
    verdicts = [_to_address(world, home, answer, address, port) for address in answer.addresses]
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


def _to_address(world: World, client: Resource, answer: Resolution, address: str, port: int) -> Reach:
    endpoints = _holders(world, address)
    if not endpoints:
        return Reach(False, "endpoint", f"no private endpoint has {address}", address)
    found = [_to_endpoint(world, client, one, answer, address, port) for one in endpoints]
    return min(found, key=lambda one: (not one.reachable, one.hop == "peering"))


def _holders(world: World, address: str) -> list[Resource]:
    return endpoint_view.with_address(world, address)


def _to_endpoint(
    world: World, client: Resource, endpoint: Resource, answer: Resolution, address: str, port: int
) -> Reach:
    target = world.find(endpoint.private.get("target"))
    is_public = target is not None and public_access.is_open(target)

    def stopped(hop: Hop, why: str) -> Reach:
        return Reach(False, hop, why, address, is_public)

    there = world.find(endpoint.properties["subnet"]["id"])
    if there is None:
        return stopped("endpoint", f"the subnet of {endpoint.name} is gone")
    apart = _apart(world, client, there, address)
    if apart:
        return stopped("peering", apart)
    status = endpoint_view.state(endpoint)["status"]
    if status != "Approved" or target is None:
        return stopped("approval", f"the connection of {endpoint.name} is {status}")
    names = {
        one.name.private_fqdn.lower() for one in endpoint_view.answers(endpoint) if one.address == address
    }
    if answer.name and answer.name not in names:
        return stopped(
            "endpoint", f"{address} belongs to {endpoint.name}, which does not serve {answer.name}"
        )
    hop, why, rule = _filtered(world, client, there, endpoint, address, port)
    if hop != "outbound" and (away := routing.detour(world, client, there, address)):
        return stopped("route", away)
    return stopped(hop, why) if hop else Reach(True, "", "", address, is_public, rule)


def _apart(world: World, client: Resource, there: Resource, address: str) -> str:
    """Why the networks of two subnets are not connected; empty when they are."""
    if client.id.parent == there.id.parent:
        return ""
    own, other = client.id.parent, there.id.parent
    for near, far, wanted in ((own, other, address), (other, own, _client_address(client))):
        half = _half(world, near, far)
        if half is None:
            return f"{near} has no peering to {far}"
        if half.properties["peeringState"] != "Connected":
            return f"peering {half.id.text} is {half.properties['peeringState']}"
        if not half.properties.get("allowVirtualNetworkAccess", True):
            return f"peering {half.id.text} does not allow access"
        known = (half.properties.get("remoteAddressSpace") or {}).get("addressPrefixes") or []
        if not any(ipaddress.ip_address(wanted) in ipaddress.ip_network(one) for one in known):
            return f"peering {half.id.text} does not know {wanted} yet: not in sync"
    return ""


def _half(world: World, near: ArmId | None, far: ArmId | None) -> Resource | None:
    if near is None:
        return None
    for one in world.store.children(near, "virtualNetworkPeerings"):
        if str(one.properties["remoteVirtualNetwork"]["id"]).lower() == str(far).lower():
            return one
    return None


def _client_address(client: Resource) -> str:
    """An address that a machine in the subnet could have: the first that Azure assigns."""
    network = ipaddress.ip_network(addresses.prefixes(client)[0])
    return str(network[min(4, network.num_addresses - 1)])


def _filtered(
    world: World, client: Resource, there: Resource, endpoint: Resource, address: str, port: int
) -> tuple[Hop, str, str]:
    """The hop at which a rule denies the flow, and why; else the rule that allows it inbound, if any."""
    groups = tuple(str(one["id"]) for one in endpoint.properties.get("applicationSecurityGroups") or [])
    hops: list[tuple[Hop, str, Resource]] = [("outbound", "Outbound", client)]
    if security.filters_endpoints(there):
        hops.append(("inbound", "Inbound", there))
    let_in = ""
    for hop, direction, subnet in hops:
        group = security.group_of(world, subnet)
        if group is None:
            continue
        flow = security.Flow(
            _client_address(client), address, port, _neighbourhood(world, subnet.id.parent), groups
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
    found = list((own.properties.get("addressSpace") or {}).get("addressPrefixes") or [])
    for half in world.store.children(own.id, "virtualNetworkPeerings"):
        if half.properties["peeringState"] == "Connected" and half.properties.get(
            "allowVirtualNetworkAccess", True
        ):
            found += (half.properties.get("remoteAddressSpace") or {}).get("addressPrefixes") or []
    return tuple(found)
