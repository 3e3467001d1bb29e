"""Network interfaces of endpoints: read only, never written.

The interface is where an endpoint's addresses are found at every moment: the endpoint's own
`customDnsConfigs` is empty while it is pending and once a zone group is attached
(docs/azure/private-endpoints.md, PE-04 and PE-09).
"""

from dataclasses import dataclass

from shared.core.base.bodies import Seen, mapping, reference, sequence
from shared.core.base.ids import ResourceId

NIC = "Microsoft.Network/networkInterfaces"


@dataclass(frozen=True, slots=True)
class Address:
    """One address of an endpoint: IPv4 text, the member that it serves, and its public names (FQDNs)."""

    ip: str
    member: str
    fqdns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StaticAddress:
    """The address that one member of a group gets."""

    member: str
    ip: str


def addresses_in(nic: Seen) -> tuple[Address, ...]:
    """The interface's addresses, names in lower case without a trailing dot."""
    return nic.parsed(_addresses)


def ips_in(nic: Seen, subnet: ResourceId) -> tuple[str, ...]:
    """The addresses that an interface of any owner has in a subnet."""
    parts = (
        mapping(mapping(one).get("properties")) for one in sequence(nic.properties.get("ipConfigurations"))
    )
    inside = (one for one in parts if reference(one.get("subnet")) == subnet)
    return tuple(str(one.get("privateIPAddress") or "") for one in inside)


def _addresses(nic: Seen) -> tuple[Address, ...]:
    found: list[Address] = []
    for entry in map(mapping, sequence(nic.properties.get("ipConfigurations"))):
        properties = mapping(entry.get("properties"))
        link = mapping(properties.get("privateLinkConnectionProperties"))
        ip = properties.get("privateIPAddress")
        if isinstance(ip, str) and ip:
            names = tuple(str(name).rstrip(".").lower() for name in sequence(link.get("fqdns")))
            found.append(Address(ip, str(link.get("requiredMemberName") or ""), names))
    return tuple(found)
