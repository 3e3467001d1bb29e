"""Private resolvers, rulesets and the DNS servers of networks, as a user makes them."""

from typing import Any

from tests.builders.world import HUB, NETWORKS, World

RESOLVER = f"{NETWORKS}/dnsResolvers/resolver"
INBOUND, OUTBOUND = f"{RESOLVER}/inboundEndpoints/in", f"{RESOLVER}/outboundEndpoints/out"
RULESET = f"{NETWORKS}/dnsForwardingRulesets/rules"
ADDRESS = "10.0.20.4"  # the inbound endpoint's


async def make(world: World, at: str, properties: dict[str, Any]) -> None:
    await world.send("PUT", at, {"location": "westeurope", "properties": properties}, "2025-05-01")
    await world.sleep(140)


async def make_resolver(world: World, network: str = HUB, *, outbound: bool = False) -> None:
    """A resolver of the network with an inbound endpoint; `outbound`: and a ruleset without rules."""
    subnet = f"{network}/subnets/inbound"
    await make(world, subnet, {"addressPrefix": "10.0.20.0/28"})
    await make(world, RESOLVER, {"virtualNetwork": {"id": network}})
    await make(world, INBOUND, {"ipConfigurations": [{"subnet": {"id": subnet}}]})
    if outbound:
        away = f"{network}/subnets/outbound"
        await make(world, away, {"addressPrefix": "10.0.21.0/28"})
        await make(world, OUTBOUND, {"subnet": {"id": away}})
        await make(world, RULESET, {"dnsResolverOutboundEndpoints": [{"id": OUTBOUND}]})


async def make_rule(world: World, domain: str, *servers: str, name: str = "rule") -> None:
    targets = [{"ipAddress": one} for one in servers]
    body = {"properties": {"domainName": domain, "targetDnsServers": targets}}
    await world.send("PUT", f"{RULESET}/forwardingRules/{name}", body, "2025-05-01")


async def link_ruleset(world: World, network: str) -> None:
    at = f"{RULESET}/virtualNetworkLinks/{network.rpartition('/')[2]}"
    await make(world, at, {"virtualNetwork": {"id": network}})


async def use_servers(world: World, network: str, *servers: str) -> None:
    """Give a network these DNS servers."""
    body = await world.send("GET", network)
    body["properties"]["dhcpOptions"] = {"dnsServers": list(servers)}
    await world.send("PUT", network, body)
    await world.sleep(60)
