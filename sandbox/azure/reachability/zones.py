"""What the zones linked to a network answer for a name, and what public DNS says of it.

Sources: docs/azure/dns.md, DNS-05, DNS-06 and DNS-26; docs/azure/targets.md, TGT-65.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

from sandbox.azure.kernel.ids import ArmId
from sandbox.azure.kernel.model import Json, Resource
from sandbox.azure.kernel.world import World
from sandbox.azure.providers.dns import dns_links, dns_records
from sandbox.azure.providers.private_link import endpoint_view, public_names

type Kind = Literal["private", "public", "nxdomain", "unanswered", "unknown"]


@dataclass(frozen=True, slots=True)
class Resolution:
    """What a name resolves to in a network: private addresses, a public address, or nothing.

    unanswered: no server answered. unknown: what the asked server answers cannot be known here.
    name: the last name of the CNAME chain. zone: id of the zone that answered, empty for public DNS.
    servers: addresses of the servers that were asked, in order. why: the reason, where there is no answer.
    """

    kind: Kind
    name: str
    addresses: tuple[str, ...] = ()
    zone: str = ""
    servers: tuple[str, ...] = ()
    why: str = ""

    def as_json(self) -> Json:
        """For the control API."""
        return asdict(self) | {"addresses": list(self.addresses), "servers": list(self.servers)}


def link_for(world: World, network: Resource, name: str) -> Resource | None:
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


def in_zone(world: World, link: Resource, name: str) -> Resolution | str:
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
    redirects = link.properties.get("resolutionPolicy") == "NxDomainRedirect"
    if redirects and "privatelink" in _zone_name(link).split("."):  # docs/azure/dns.md, DNS-06
        return Resolution("public", name)
    return Resolution("nxdomain", name, zone=zone.text)


def _with_wildcards(own: str) -> list[str]:
    """The name itself, then the wildcards that cover it, nearest first."""
    labels = own.split(".")
    return [own, *(".".join(["*", *labels[index:]]) for index in range(1, len(labels))), "*"]


def public_alias(world: World, name: str) -> str | None:
    """The privatelink name that public DNS gives: for a connected resource, and for some names always."""
    for endpoint in endpoint_view.with_name(world, name):
        for answer in endpoint_view.answers(endpoint):
            if answer.name.fqdn.lower() == name and answer.name.private_fqdn.lower() != name:
                return answer.name.private_fqdn.lower()
    return public_names.always_private(name)


def public(world: World, name: str) -> Resolution:
    """What public DNS answers: the end of its CNAME chain."""
    return Resolution("public", public_alias(world, name) or name)
