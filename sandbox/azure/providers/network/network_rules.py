"""Checks that all network resources share: address prefixes."""

from __future__ import annotations

import ipaddress

from sandbox.azure.kernel.ids import ArmId
from sandbox.azure.kernel.model import ArmError

type Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def parse_prefix(prefix: object, resource: ArmId) -> Network:
    """The network of a CIDR text.

    Raises 400 InvalidAddressPrefixFormat (source: docs/azure/virtual-networks.md, VNET-08), or
    InvalidCIDRNotation when host bits are set (source: public error text of the network service).
    """
    try:
        loose = ipaddress.ip_network(str(prefix), strict=False)
        well_formed = "/" in str(prefix)
    except ValueError:
        well_formed = False
    if not well_formed:
        raise ArmError(
            400,
            "InvalidAddressPrefixFormat",
            f"Address prefix {prefix} of resource {resource.text} is not formatted correctly. It should "
            "follow CIDR notation, for example 10.0.0.0/24.",
            details=[],
        )
    if str(loose.network_address) != str(prefix).split("/", 1)[0]:
        raise ArmError(
            400,
            "InvalidCIDRNotation",
            f"The address prefix {prefix} in resource {resource.text} has an invalid CIDR notation. For the "
            f"given prefix length, the address prefix should be {loose}.",
            details=[],
        )
    return loose


def inside(inner: str, outer: list[str]) -> bool:
    """Whether a prefix lies within one of the prefixes."""
    net = ipaddress.ip_network(inner)
    return any(net.version == big.version and net.subnet_of(big) for big in map(ipaddress.ip_network, outer))  # type: ignore[arg-type]


def overlap(left: list[str], right: list[str]) -> list[tuple[str, str]]:
    """The pairs of prefixes that share addresses."""
    return [(a, b) for a in left for b in right if ipaddress.ip_network(a).overlaps(ipaddress.ip_network(b))]
