"""The demo: a local Azure with the app in it, and a user who creates, tags and deletes resources.

Every act is a user's own request to Azure's REST API by plain HTTP. The table is filled from the app's own
HTTP API, and the simulated Azure decides whether a client reaches a resource. The exit code is 0 only if
every result is as expected.
"""

from __future__ import annotations

import asyncio
import sys
import textwrap
import time
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any

from sandbox.activity import Activity
from sandbox.story import HEADER, Story, last, row, say
from sandbox.up import Sandbox
from sandbox.user import TENANT, User

ONE = "/subscriptions/00000000-0000-0000-0000-000000000001"
TWO = "/subscriptions/00000000-0000-0000-0000-000000000002"
NETWORK = f"{ONE}/resourceGroups/rg-network/providers/Microsoft.Network"
GROUP = f"{NETWORK}/networkSecurityGroups/nsg-endpoints"
HUB = f"{NETWORK}/virtualNetworks/hub-we"
HUB_SUBNET = f"{HUB}/subnets/endpoints"
GUEST = f"{NETWORK}/virtualNetworks/guest"
GUEST_HALVES = (
    f"{GUEST}/virtualNetworkPeerings/to-hub",
    f"{HUB}/virtualNetworkPeerings/to-guest",
)
DENY_RULE = f"{GROUP}/securityRules/deny-the-rest"
CLIENTS = (
    f"{NETWORK}/virtualNetworks/spoke-a",
    f"{TWO}/resourceGroups/rg-spoke/providers/Microsoft.Network/virtualNetworks/spoke-b",
)
SQL_RIGHT = "Microsoft.Sql/servers/privateEndpointConnectionsApproval/action"
# The drift timer runs in chapter 4 only: at another time it would repair what the demo is about to show.
SETTINGS = {"CAUSEWAY_SWEEP_SCHEDULE": "0 0 0 29 2 *"}


def account(name: str, group: str = f"{ONE}/resourceGroups/rg-app") -> str:
    return f"{group}/providers/Microsoft.Storage/storageAccounts/{name}"


ORDERS, INVOICES = account("orders"), account("invoices", f"{ONE}/resourceGroups/rg-data")
LAKE = account("lake", f"{TWO}/resourceGroups/rg-app")
SQL = f"{ONE}/resourceGroups/rg-app/providers/Microsoft.Sql/servers/ledgerdb"
VAULT = f"{ONE}/resourceGroups/rg-data/providers/Microsoft.KeyVault/vaults/secrets"
EVERY = (ORDERS, INVOICES, LAKE, SQL, VAULT)


class Demo(Story):
    """The chapters of the demo. `foreign` are the network team's objects at the beginning."""

    foreign: list[Any]

    async def run_all(self) -> None:
        """Run all chapters, up to the first that fails."""
        chapters = (self.create, self.tag, self.blocked, self.repaired, self.reachable, self.removed)
        await self.run(self.prepare, *chapters, self.summary)

    async def prepare(self) -> None:
        """The network team's objects: a security group that denies all traffic, and a peered guest."""
        await self.user.put(GROUP, {"location": "westeurope", "properties": {}})
        deny = {
            "priority": 4000,
            "direction": "Inbound",
            "access": "Deny",
            "protocol": "*",
            "sourceAddressPrefix": "*",
            "sourcePortRange": "*",
            "destinationAddressPrefix": "*",
            "destinationPortRange": "*",
        }
        await self.user.settled(GROUP)
        await self.user.put(DENY_RULE, {"properties": deny})
        await self.user.settled(DENY_RULE)
        subnet = {"addressPrefix": "10.0.1.0/24", "networkSecurityGroup": {"id": GROUP}}
        await self.user.put(HUB_SUBNET, {"properties": subnet})
        await self.user.settled(HUB_SUBNET)
        guests = {"name": "clients", "properties": {"addressPrefix": "10.9.1.0/24"}}
        space = {"addressSpace": {"addressPrefixes": ["10.9.0.0/16"]}, "subnets": [guests]}
        await self.user.put(GUEST, {"location": "westeurope", "properties": space})
        await self.user.settled(GUEST)
        for half, other in zip(GUEST_HALVES, reversed(GUEST_HALVES), strict=True):
            remote = {"id": other.rpartition("/virtualNetworkPeerings/")[0]}
            await self.user.put(half, {"properties": {"remoteVirtualNetwork": remote}})
            await self.user.settled(half)
        self.foreign = await self.foreign_objects()
        await self.user.control("role", {"remove": [SQL_RIGHT]})

    async def foreign_objects(self) -> list[Any]:
        """The network team's objects as they are now."""
        return [(await self.user.get(at) or {}).get("properties") for at in (DENY_RULE, *GUEST_HALVES)]

    async def create(self) -> None:
        say("1. Teams create three storage accounts, a SQL server and a Key Vault, in two subscriptions and")
        say("   two regions. Nobody files a ticket. No client is peered, and the endpoints' subnet denies")
        say("   what no rule allows. (The app lacks the right to approve connections on SQL servers.)\n")
        hierarchical = {"isHnsEnabled": True}
        vault = {"tenantId": TENANT, "sku": {"family": "A", "name": "standard"}, "accessPolicies": []}
        await asyncio.gather(
            self.user.put(ORDERS, storage("westeurope")),
            self.user.put(INVOICES, {**storage("westeurope"), "tags": {"private-connectivity": "data"}}),
            self.user.put(LAKE, storage("northeurope", hierarchical)),
            self.user.put(SQL, {"location": "northeurope", "properties": {"administratorLogin": "dba"}}),
            self.user.put(VAULT, {"location": "westeurope", "properties": vault}),
        )
        row(*HEADER)
        # Until nothing is left to do: the event of the untagged Key Vault has had its effect then, if any.
        await self.until(dict.fromkeys((ORDERS, INVOICES, LAKE), "Connected") | {SQL: "Blocked"})

    async def tag(self) -> None:
        say("\n2. The Key Vault has no tag, so the app did not change it. Now it gets one tag.\n")
        self.check(not await self.user.connection(VAULT), "the untagged Key Vault was changed")
        await self.user.tag(VAULT, {"private-connectivity": "enabled"})
        await self.until({VAULT: "Connected"})

    async def blocked(self) -> None:
        state = await self.user.connection(SQL)
        say(f"\n3. The SQL server is {state.get('result')} ({state.get('code')}). Its remedy:")
        say(f"   {state.get('remedy')}")
        say("   The right is granted, and the resource rerun over HTTP.\n")
        before = await self.stamps(SQL)
        await self.user.control("role", {"restore": True})
        await self.user.rerun(SQL)
        await self.until({SQL: "Connected"}, newer=before)

    async def repaired(self) -> None:
        say("\n4. A user deletes the endpoint of 'orders', the zone group of 'invoices' and a peering.")
        orders, invoices = [(await self.paths(at))[0]["endpoint"] for at in (ORDERS, INVOICES)]
        # The peering with hub-we, in which both have their endpoints: their repair must repair it too.
        half = (await self.half(CLIENTS[0], HUB))["id"]
        deleted = (orders, f"{invoices}/privateDnsZoneGroups/causeway", half)
        before = await self.stamps(ORDERS, INVOICES)
        for at in deleted:
            await self.user.delete(at)
        for at in deleted:
            await self.user.deleted(at)
        found = await self.user.resolve(CLIENTS[0], "orders.blob.core.windows.net")
        say(f"   orders.blob.core.windows.net -> {found or 'no private address'}. The drift timer runs.\n")
        self.check(found is None, f"orders still resolves to {found} without its endpoint")
        await self.user.sweep()
        # Only these two are shown, but the sweep works on all: until nothing is left to do.
        await self.until(dict.fromkeys((ORDERS, INVOICES), "Connected"), newer=before)

    async def reachable(self) -> None:
        say("\n5. Every client network reaches every resource: name, peering both ways, rules, port.")
        say("   'guest', which the network team peered with hub-we by hand, is no client.\n")
        connected = await self.connected()
        self.check(len(connected) == len(EVERY), f"{len(connected)} of {len(EVERY)} are Connected")
        await self.every_peering(connected)
        tried = await asyncio.gather(*(self.reach(network) for network in CLIENTS))
        for network, reached in zip(CLIENTS, tried, strict=True):
            text = f"{last(network)} reaches {', '.join(reached)}"
            say(textwrap.fill(text, 100, initial_indent="   ", subsequent_indent="     "))
        orders = (await self.paths(ORDERS))[0]["addresses"][0]["ip"]
        found = await self.user.reach(f"{GUEST}/subnets/clients", orders, 443)
        say(f"   guest does not reach {orders}:443: {found['why'].partition(' of ')[0]} denies it")
        denied = not found["reachable"] and found["hop"] == "inbound"
        self.check(denied, f"guest is not denied by rules: {found}")

    async def every_peering(self, connected: list[Any]) -> None:
        """Both halves of each peering between a client and a network with endpoints."""
        endpoints = [path["endpoint"] for state in connected for path in state["paths"]]
        bodies = [await self.user.get(endpoint) for endpoint in endpoints]
        networks = {body["properties"]["subnet"]["id"].rpartition("/subnets/")[0] for body in bodies if body}
        self.check(all(bodies), "an endpoint of a Connected resource does not exist")
        for network in CLIENTS:
            for hub in sorted(networks):
                await self.peered(network, hub)

    async def removed(self) -> None:
        say(
            "\n6. 'invoices' is opted out (its profile says: remove), and 'orders' is deleted. The app reads"
            "\n   both a second time after 15 s, before it removes anything: 900 SIM S here.\n"
        )
        # Read before anything is done: the app may be quick, and forgets the paths that it removes.
        obsolete = [path for at in (INVOICES, ORDERS) for path in await self.paths(at)]
        before = await self.stamps(INVOICES, ORDERS)
        await self.user.tag(INVOICES, {"private-connectivity": "disabled"})
        await self.user.delete(ORDERS)
        await self.until({INVOICES: "Removed", ORDERS: "Removed"}, newer=before)
        await self.nothing_left(obsolete)
        await asyncio.gather(*(self.reach(network) for network in CLIENTS))
        unchanged = await self.foreign_objects() == self.foreign
        self.check(unchanged, "an object of the network team was changed")
        if unchanged:
            say("   the network team's deny rule and the guest's peering are unchanged")

    async def nothing_left(self, obsolete: list[Any]) -> None:
        """Neither an endpoint nor a rule for its addresses is left of paths that were removed."""
        for path in obsolete:
            gone = await self.user.get(path["endpoint"]) is None
            self.check(gone, f"{path['endpoint']} was not deleted")
        rules = (await self.user.get(GROUP))["properties"]["securityRules"]
        say(f"   rules left in the group: {', '.join(sorted(rule['name'] for rule in rules))}")
        removed = [address["ip"] for path in obsolete for address in path["addresses"]]
        for rule in rules:
            kept = [ip for ip in removed if any(ip_address(ip) in one for one in destinations(rule))]
            self.check(not kept, f"{rule['name']} still covers {', '.join(kept)}")

    async def summary(self) -> None:
        states = await self.user.connections()
        connected = await self.connected()
        paths = sum(len(state["paths"]) for state in connected)
        removed = sum(state["result"] == "Removed" for state in states)
        connections = f"{len(connected)} resources are Connected over {paths} endpoints"
        say(f"\nSummary\n   {connections}, {removed} were removed again")
        counts = (len(connected), removed, len(states))
        self.check(counts == (3, 2, 5), f"Connected, Removed and all are {counts}, not (3, 2, 5)")


def destinations(rule: Any) -> list[IPv4Network | IPv6Network]:
    """The prefixes that a security rule names as destinations; `*` and service tags name none."""
    properties = rule["properties"]
    named = [*properties["destinationAddressPrefixes"], properties.get("destinationAddressPrefix") or "*"]
    return [ip_network(one) for one in named if one[0].isdigit()]


def storage(location: str, properties: dict[str, Any] | None = None) -> dict[str, Any]:
    kind = {"kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
    return {"location": location, **kind, "properties": properties or {}}


async def main() -> int:
    """Start everything, run the demo, and return the exit code."""
    began = time.monotonic()
    async with (
        Sandbox(settings=SETTINGS) as box,
        User(box.endpoints) as user,
        Activity.of(box.endpoints, user) as activity,
    ):
        say(f"A local Azure at {box.endpoints.arm_http} with the app in it,")
        say(f"{box.endpoints.speed:g} times as fast as the real one. SIM S are Azure's seconds, in which the")
        say("app's own work weighs as many times more; REQ are a pass's requests, polls included.\n")
        demo = Demo(user, activity, CLIENTS)
        await demo.run_all()
    say(f"   {time.monotonic() - began:.0f} s of real time")
    for failure in demo.failures:
        print(f"FAILED: {failure}", file=sys.stderr)
    return 1 if demo.failures else 0
