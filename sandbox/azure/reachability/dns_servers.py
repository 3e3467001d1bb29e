"""DNS servers that are no resource of Azure: machines with a DNS service, in a network or on premises.

The control API declares them, because nothing in Resource Manager says what such a server answers. A server
that was not declared cannot be answered for.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Self

from sandbox.azure.kernel.model import Json
from sandbox.azure.kernel.world import World

INTERNET = "internet"


@dataclass(frozen=True, slots=True)
class DnsServer:
    """One declared server.

    address: where it listens. network: id of the network that it is in, empty for on premises. forward: where
    it sends names that it has no answer for: an address, "internet" (public DNS), or empty for nowhere.
    domains: other destinations by domain, without final dots. records: its own answers, addresses by name; an
    empty list is "no such name". down: it does not answer.
    """

    address: str
    network: str
    forward: str
    domains: dict[str, str]
    records: dict[str, tuple[str, ...]]
    down: bool

    @classmethod
    def parse(cls, given: Json) -> Self:
        """Read one of the control API. Raises ValueError for what is no address and no "internet"."""
        unknown = set(given) - {"address", "network", "forward", "domains", "records", "down"}
        if unknown:
            raise ValueError(f"unknown members of a DNS server: {', '.join(sorted(unknown))}")
        domains = {_name(domain): _destination(to) for domain, to in dict(given.get("domains", {})).items()}
        records = {_name(name): tuple(found) for name, found in dict(given.get("records", {})).items()}
        for address in (given.get("address"), *(one for found in records.values() for one in found)):
            ipaddress.ip_address(str(address))
        forward = _destination(given["forward"]) if given.get("forward") else ""
        return cls(
            str(given["address"]),
            str(given.get("network", "")),
            forward,
            domains,
            records,
            bool(given.get("down")),
        )

    def destination(self, name: str) -> str:
        """Where it sends a query for this name: by the longest domain that holds it, else `forward`."""
        fitting = [domain for domain in self.domains if f".{name}".endswith(f".{domain}")]
        return self.domains[max(fitting, key=len)] if fitting else self.forward


def configure(world: World, given: Json) -> Json:
    """Replace all declared servers: `{"servers": [..]}`. Raises ValueError for one that cannot be read."""
    servers = [DnsServer.parse(one) for one in given["servers"]]
    world.memory["dns servers"] = servers
    return {"servers": [one.address for one in servers]}


def at(world: World, address: str) -> list[DnsServer]:
    """The declared servers with this address, in any network."""
    declared: list[DnsServer] = world.memory.get("dns servers", [])
    return [one for one in declared if one.address == address]


def _name(text: str) -> str:
    return str(text).strip(".").lower()


def _destination(to: object) -> str:
    text = str(to)
    if text != INTERNET:
        ipaddress.ip_address(text)
    return text
