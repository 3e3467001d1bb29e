"""Requests and time beside the plain Azure SDK: the same ten accounts, the same simulated Azure, one run.

The SDK's program does what a careful person would write: what is shared is made once and first, then ten
endpoints at once, each with its zone group. It checks nothing before and proves nothing afterwards. With
peering and a rule it also peers both networks and writes one rule for all ten addresses.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from azure.mgmt.network.aio import NetworkManagementClient
from azure.mgmt.privatedns.aio import PrivateDnsManagementClient

from benchmarks.requests import filtered
from sandbox.azure.transports.in_process import InProcessTransport
from shared.core.events.work_item import WorkItem
from tests.builders.policies import a_policy
from tests.builders.world import ENDPOINTS, HUB, SPOKE, SUB, ZONES, Token, World, play

ACCOUNTS = 10
MOST, FASTER = 1.3, 1.0  # claimed: requests at most so many times the SDK's, time below it
ZONE = "privatelink.blob.core.windows.net"


@dataclass(frozen=True, slots=True)
class Cost:
    """Requests that reached Azure, by method and type, and simulated seconds until all was done."""

    requests: int
    writes: int
    rule_writes: int
    not_found: int
    seconds: float
    kinds: Counter[str]


def measure(act: Callable[[World, list[str]], Awaitable[None]], *, full: bool) -> Cost:
    """What the act costs in a fresh world with ten accounts."""
    found: list[Cost] = []

    async def story() -> None:
        more: dict[str, Any] = {"peering": "ensure", "nsg": {"mode": "ensure"}} if full else {}
        world = World(a_policy(**more), seed=7)
        if full:
            await filtered(world)
        targets = list(await asyncio.gather(*(world.create_account(f"ten{n}") for n in range(ACCOUNTS))))
        world.azure.requests.entries.clear()
        began = asyncio.get_running_loop().time()
        await act(world, targets)
        found.append(_cost(world, asyncio.get_running_loop().time() - began))

    play(story)
    return found[0]


def _cost(world: World, seconds: float) -> Cost:
    sent = [e for e in world.azure.requests.entries if e.principal == "app" and e.kind != "token"]
    writes = [entry for entry in sent if entry.method != "GET"]
    return Cost(
        len(sent),
        len(writes),
        sum("/securityrules/" in entry.path.lower() for entry in writes),
        sum(entry.status == 404 for entry in sent),
        seconds,
        Counter(f"{entry.method} {_type(entry.path)} {entry.status}" for entry in sent),
    )


def _type(path: str) -> str:
    return "/".join(path.partition("/providers/")[2].split("/")[1::2])


async def product(world: World, targets: list[str]) -> None:
    """Ten events at once."""
    await asyncio.gather(*(world.work(WorkItem(at, "event", "e")) for at in targets))
    await world.drain()
    results = [(await world.state(at))["result"] for at in targets]
    if set(results) != {"Connected"}:
        raise RuntimeError(f"not connected: {results}")


class Sdk:
    """The plain SDK, with its own pollers."""

    def __init__(self, world: World) -> None:
        options: dict[str, Any] = {
            "base_url": "https://arm.test",
            "credential_scopes": ["https://arm.test/.default"],
            "transport": InProcessTransport(world.azure),
        }
        subscription = SUB.rpartition("/")[2]
        self.network = NetworkManagementClient(Token(), subscription, **options)  # type: ignore[arg-type]
        self.dns = PrivateDnsManagementClient(Token(), subscription, **options)  # type: ignore[arg-type]

    async def names(self) -> None:
        """The zone, and its link to the client network."""
        await _done(self.dns.private_zones.begin_create_or_update("rg-dns", ZONE, {"location": "global"}))
        link = {
            "location": "global",
            "properties": {"virtualNetwork": {"id": SPOKE}, "registrationEnabled": False},
        }
        await _done(self.dns.virtual_network_links.begin_create_or_update("rg-dns", ZONE, "spoke-a", link))

    async def endpoint(self, target: str) -> list[str]:
        """One endpoint with its zone group; its addresses."""
        name, connection = (
            f"pe-{target.rpartition('/')[2]}",
            {"privateLinkServiceId": target, "groupIds": ["blob"]},
        )
        body = {
            "location": "westeurope",
            "properties": {
                "subnet": {"id": ENDPOINTS},
                "privateLinkServiceConnections": [{"name": name, "properties": connection}],
            },
        }
        made = await _done(self.network.private_endpoints.begin_create_or_update("rg-network", name, body))
        config = {"name": "blob", "properties": {"privateDnsZoneId": f"{ZONES}/{ZONE}"}}
        group = {"properties": {"privateDnsZoneConfigs": [config]}}
        groups = self.network.private_dns_zone_groups
        await _done(groups.begin_create_or_update("rg-network", name, "default", group))
        return [ip for config in made.custom_dns_configs or () for ip in config.ip_addresses or ()]

    async def peerings(self) -> None:
        """Both halves."""
        for here, there in ((HUB, SPOKE), (SPOKE, HUB)):
            body = {"properties": {"remoteVirtualNetwork": {"id": there}, "allowVirtualNetworkAccess": True}}
            name, remote = here.rpartition("/")[2], there.rpartition("/")[2]
            peerings = self.network.virtual_network_peerings
            await _done(peerings.begin_create_or_update("rg-network", name, f"to-{remote}", body))

    async def subnet(self) -> None:
        """Network policies of the endpoints' subnet, without which no rule applies."""
        subnet = (await self.network.subnets.get("rg-network", "hub-we", "endpoints")).as_dict()
        subnet["properties"]["privateEndpointNetworkPolicies"] = "Enabled"
        await _done(self.network.subnets.begin_create_or_update("rg-network", "hub-we", "endpoints", subnet))

    async def rule(self, addresses: list[str]) -> None:
        """One rule that lets the client network through to all endpoints."""
        spoke = await self.network.virtual_networks.get("rg-network", "spoke-a")
        body = {
            "properties": {
                "priority": 1000,
                "direction": "Inbound",
                "access": "Allow",
                "protocol": "Tcp",
                "sourceAddressPrefixes": list(spoke.address_space.address_prefixes),
                "sourcePortRange": "*",
                "destinationAddressPrefixes": addresses,
                "destinationPortRange": "443",
            }
        }
        rules = self.network.security_rules
        await _done(rules.begin_create_or_update("rg-network", "nsg-endpoints", "allow-clients", body))


async def sdk_names(world: World, targets: list[str]) -> None:
    """Endpoints and names."""
    sdk = Sdk(world)
    await sdk.names()
    await asyncio.gather(*(sdk.endpoint(at) for at in targets))


async def sdk_full(world: World, targets: list[str]) -> None:
    """The same with peering and one rule."""
    sdk = Sdk(world)
    await asyncio.gather(sdk.names(), sdk.peerings())
    await sdk.subnet()
    addresses = await asyncio.gather(*(sdk.endpoint(at) for at in targets))
    await sdk.rule([ip for found in addresses for ip in found])


async def _done(begun: Awaitable[Any]) -> Any:
    return await (await begun).result()


def report() -> bool:
    """Print the figures; True if they keep what is promised."""
    print(f"{ACCOUNTS} accounts at once beside the plain SDK with {ACCOUNTS} at once (virtual time)")
    held = [
        _beside("endpoints and names", sdk_names, full=False),
        _beside("with peering and a rule", sdk_full, full=True),
    ]
    return all(held)


def _beside(what: str, sdk: Callable[[World, list[str]], Awaitable[None]], *, full: bool) -> bool:
    ours, theirs = measure(product, full=full), measure(sdk, full=full)
    ratio = ours.requests / theirs.requests
    print(f"  {what}:")
    for name, one in (("Causeway", ours), ("the SDK ", theirs)):
        print(
            f"    {name}: {one.requests} requests, {one.writes} writes, {one.rule_writes} of the rule,"
            f" {one.not_found} answered 404; {one.seconds:.0f} s"
        )
    print(f"    {ratio:.2f} times the requests in {ours.seconds / theirs.seconds:.2f} times the time")
    return ratio <= MOST and ours.seconds < FASTER * theirs.seconds and ours.rule_writes <= 2 * full


if __name__ == "__main__":
    raise SystemExit(0 if report() else 1)
