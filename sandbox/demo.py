"""The whole thing, watched: a local Azure with the app in it, and a user who creates, tags and deletes.

Everything is done as a user would do it, over Azure's own REST API by plain HTTP; the table is filled from
the app's own HTTP API, and whether a client reaches a resource is asked of the simulated Azure. Exits with 0
only if everything ended as it should.
"""

from __future__ import annotations

import asyncio
import sys
import textwrap
import time
from typing import Any

from sandbox.up import Sandbox
from sandbox.user import TENANT, User

ONE = "/subscriptions/00000000-0000-0000-0000-000000000001"
TWO = "/subscriptions/00000000-0000-0000-0000-000000000002"
NETWORK = f"{ONE}/resourceGroups/rg-network/providers/Microsoft.Network"
GROUP = f"{NETWORK}/networkSecurityGroups/nsg-endpoints"
HUB_SUBNET = f"{NETWORK}/virtualNetworks/hub-we/subnets/endpoints"
GUEST = f"{NETWORK}/virtualNetworks/guest"
GUEST_HALVES = (
    f"{GUEST}/virtualNetworkPeerings/to-hub",
    f"{NETWORK}/virtualNetworks/hub-we/virtualNetworkPeerings/to-guest",
)
DENIAL = f"{GROUP}/securityRules/deny-the-rest"
CLIENTS = (
    f"{NETWORK}/virtualNetworks/spoke-a",
    f"{TWO}/resourceGroups/rg-spoke/providers/Microsoft.Network/virtualNetworks/spoke-b",
)
SQL_RIGHT = "Microsoft.Sql/servers/privateEndpointConnectionsApproval/action"
PATIENCE = 60.0  # real seconds for one chapter
NAMES = "NAME, AS CLIENTS RESOLVE IT"
HEADER = ("RESOURCE", "PROFILE", "ENDPOINT", "GROUP", "ADDRESS", NAMES, "RESULT", "SIM S", "REQ")
COLUMNS = (9, 7, 30, 9, 10, 43, 9, 5, 3)


def account(name: str, group: str = f"{ONE}/resourceGroups/rg-app") -> str:
    return f"{group}/providers/Microsoft.Storage/storageAccounts/{name}"


ORDERS, INVOICES = account("orders"), account("invoices", f"{ONE}/resourceGroups/rg-data")
LAKE = account("lake", f"{TWO}/resourceGroups/rg-app")
SQL = f"{ONE}/resourceGroups/rg-app/providers/Microsoft.Sql/servers/ledgerdb"
VAULT = f"{ONE}/resourceGroups/rg-data/providers/Microsoft.KeyVault/vaults/secrets"


class Demo:
    """One run. `failures` are what did not come true, in words."""

    def __init__(self, user: User) -> None:
        self.user = user
        self.failures: list[str] = []
        self.others: list[Any] = []

    async def run(self) -> None:
        await self.prepare()
        await self.create()
        await self.tag()
        await self.blocked()
        await self.repaired()
        await self.reachable()
        await self.removed()
        await self.summary()

    async def prepare(self) -> None:
        """The network team's own: a group that denies whatever it does not allow, and a peered guest."""
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
        await self.user.put(DENIAL, {"properties": deny})
        await self.user.settled(DENIAL)
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
        self.others = await self.not_ours()
        await self.user.control("role", {"remove": [SQL_RIGHT]})

    async def not_ours(self) -> list[Any]:
        """What the network team made, as it is now."""
        return [(await self.user.get(at) or {}).get("properties") for at in (DENIAL, *GUEST_HALVES)]

    async def create(self) -> None:
        say("1. Teams create three storage accounts, a SQL server and a Key Vault, in two subscriptions and")
        say("   two regions. Nobody files a ticket. No client is peered, and the endpoints' subnet denies")
        say("   what no rule allows. (Somebody forgot to let the app approve connections on SQL servers.)\n")
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
        await self.until(dict.fromkeys((ORDERS, INVOICES, LAKE), "Connected") | {SQL: "Blocked"})

    async def tag(self) -> None:
        say("\n2. The Key Vault said nothing, so nothing happened to it. Now it gets one tag.\n")
        if await self.user.connection(VAULT):
            self.failures.append("the untagged Key Vault was touched")
        await self.user.tag(VAULT, {"private-connectivity": "enabled"})
        await self.until({VAULT: "Connected"})

    async def blocked(self) -> None:
        state = await self.user.connection(SQL) or {}
        say(f"\n3. The SQL server is {state.get('result')} ({state.get('code')}). Its remedy:")
        say(f"   {state.get('remedy')}")
        say("   The right is granted, and the resource rerun over HTTP.\n")
        await self.user.control("role", {"restore": True})
        await self.user.rerun(SQL)
        await self.until({SQL: "Connected"})

    async def repaired(self) -> None:
        say("\n4. Somebody deletes the endpoint of 'orders', the zone group of 'invoices' and a peering.")
        orders = (await self.user.connection(ORDERS) or {})["paths"][0]["endpoint"]
        invoices = (await self.user.connection(INVOICES) or {})["paths"][0]["endpoint"]
        spoke = await self.user.get(CLIENTS[0])
        half = spoke["properties"]["virtualNetworkPeerings"][0]["id"]
        for at in (orders, f"{invoices}/privateDnsZoneGroups/causeway", half):
            await self.user.delete(at)
        for at in (orders, half):
            await self.user.gone(at)
        found = await self.user.resolve(CLIENTS[0], "orders.blob.core.windows.net")
        say(f"   orders.blob.core.windows.net -> {found or 'no private address'}. The drift timer runs.\n")
        before = {at: await self.stamp(at) for at in (ORDERS, INVOICES)}
        await self.user.sweep()
        await self.until(dict.fromkeys(before, "Connected"), newer=before)

    async def reachable(self) -> None:
        say("\n5. Every client network reaches every resource: name, peering both ways, rules, port.")
        say("   'guest', which the network team peered with hub-we by hand, is no client.\n")
        await self.peered()
        tried = await asyncio.gather(*(self.reach(network) for network in CLIENTS))
        for network, ways in zip(CLIENTS, tried, strict=True):
            text = f"{last(network)} reaches {', '.join(ways)}"
            say(textwrap.fill(text, 100, initial_indent="   ", subsequent_indent="     "))
        orders = (await self.user.connection(ORDERS) or {})["paths"][0]["addresses"][0]["ip"]
        found = await self.user.reach(f"{GUEST}/subnets/clients", orders, 443)
        say(f"   guest does not reach {orders}:443: {found['why'].partition(' of ')[0]} denies it")
        if found["reachable"] or found["hop"] != "inbound":
            self.failures.append(f"guest is not kept out by rules: {found}")

    async def peered(self) -> None:
        """Both halves of each peering between a client and a network with endpoints."""
        homes = {
            (await self.user.get(path["endpoint"]))["properties"]["subnet"]["id"].rpartition("/subnets/")[0]
            for state in await self.user.connections()
            for path in state["paths"]
        }
        for network in CLIENTS:
            for home in sorted(homes):
                states = [await self.half(network, home), await self.half(home, network)]
                say(f"   {last(network)} <-> {last(home)}: {' and '.join(states)}")
                if states != ["Connected FullyInSync"] * 2:
                    self.failures.append(f"{last(network)} and {last(home)} are not peered: {states}")

    async def half(self, local: str, remote: str) -> str:
        listed = (await self.user.get(local))["properties"]["virtualNetworkPeerings"]
        found = [one["properties"] for one in listed]
        mine = [one for one in found if one["remoteVirtualNetwork"]["id"].lower() == remote.lower()]
        return f"{mine[0]['peeringState']} {mine[0]['peeringSyncLevel']}" if mine else "no peering"

    async def reach(self, network: str) -> list[str]:
        """Every name that the app knows, tried from a client network; what is reached."""
        ways: list[str] = []
        for state in await self.user.connections():
            for path in state["paths"]:
                port = {"sqlServer": 1433, "file": 445}.get(path["group"], 443)
                for name in (name for address in path["addresses"] for name in address["fqdns"]):
                    found = await self.user.reach(f"{network}/subnets/clients", name, port)
                    if found["reachable"]:
                        ways.append(f"{name.partition('.')[0]} {path['group']}:{port}")
                    else:
                        why = f"{found['hop']}, {found['why']}"
                        self.failures.append(f"{last(network)} does not reach {name}:{port}: {why}")
        return ways

    async def removed(self) -> None:
        say("\n6. 'invoices' is opted out (its profile says: remove), and 'orders' is deleted.\n")
        await self.user.tag(INVOICES, {"private-connectivity": "disabled"})
        await self.user.delete(ORDERS)
        gone = [
            path["endpoint"]
            for at in (INVOICES, ORDERS)
            for path in (await self.user.connection(at))["paths"]
        ]
        await self.until({INVOICES: "Removed", ORDERS: "Removed"})
        for endpoint in gone:
            if await self.user.get(endpoint) is not None:
                self.failures.append(f"{endpoint} was left behind")
        rules = (await self.user.get(GROUP))["properties"]["securityRules"]
        say(f"   rules left in the group: {', '.join(sorted(rule['name'] for rule in rules))}")
        await asyncio.gather(*(self.reach(network) for network in CLIENTS))
        if await self.not_ours() == self.others:
            say("   the network team's denial and the guest's peering are what they were")
        else:
            self.failures.append("something of the network team's has changed")

    async def summary(self) -> None:
        connections = await self.user.connections()
        connected = [state for state in connections if state["result"] == "Connected"]
        paths = sum(len(state["paths"]) for state in connected)
        say("\nSummary")
        say(f"   {len(connected)} resources are Connected over {paths} endpoints, 2 were removed again")
        if len(connected) != 3 or len(connections) != 5:
            self.failures.append(f"{len(connected)} of {len(connections)} are Connected, not 3 of 5")

    async def stamp(self, at: str) -> str:
        return str((await self.user.connection(at) or {}).get("at", ""))

    async def until(self, wanted: dict[str, str], newer: dict[str, str] | None = None) -> None:
        """Print each resource as it reaches its result; give up after a while and say what is missing."""
        started = await self.user.now()
        waiting = dict(wanted)
        end = time.monotonic() + PATIENCE
        while waiting and time.monotonic() < end:
            for at, result in list(waiting.items()):
                state = await self.user.connection(at)
                if state and state["at"] > (newer or {}).get(at, "") and state["result"] == result:
                    del waiting[at]
                    await self.show(at, state, await self.user.now() - started)
            await asyncio.sleep(0.2)
        for at, result in waiting.items():
            state = await self.user.connection(at) or {}
            text = f"{at.rsplit('/', 1)[1]} is {state.get('result')} and not {result}: {state.get('reason')}"
            say(f"   {text}")
            self.failures.append(text)

    async def show(self, at: str, state: dict[str, Any], seconds: float) -> None:
        name, spent = last(at), f"{seconds:.0f}"
        if state["result"] != "Connected":
            row(name, state["profile"], "", "", "", state["code"], state["result"], spent, state["requests"])
        for path in state["paths"] if state["result"] == "Connected" else []:
            for address in path["addresses"]:
                for public in address["fqdns"]:
                    found = [await self.user.resolve(network, public) for network in CLIENTS]
                    if any(answer != address["ip"] for answer in found):
                        self.failures.append(f"{public} resolves to {found}, not to {address['ip']}")
                    endpoint, shown = last(path["endpoint"]), f"{public} -> {found[0] or '?'}"
                    cells = (name, state["profile"], endpoint, path["group"], address["ip"], shown)
                    row(*cells, state["result"], spent, state["requests"])


def storage(location: str, properties: dict[str, Any] | None = None) -> dict[str, Any]:
    kind = {"kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
    return {"location": location, **kind, "properties": properties or {}}


def last(at: str) -> str:
    return at.rsplit("/", 1)[1]


def say(text: str) -> None:
    print(text, flush=True)


def row(*cells: object) -> None:
    say("   " + "  ".join(f"{cell!s:<{width}}" for cell, width in zip(cells, COLUMNS, strict=True)).rstrip())


async def main() -> int:
    """Start everything, tell the story, and return the exit code."""
    began = time.monotonic()
    async with Sandbox() as box, User(box.endpoints) as user:
        say(f"A local Azure at {box.endpoints.arm_http} with the app in it,")
        say(f"{box.endpoints.speed:g} times as fast as the real one. SIM S are Azure's seconds, in which our")
        say("own work weighs as many times more; REQ are the walk's requests, polls included.\n")
        demo = Demo(user)
        await demo.run()
    say(f"   {time.monotonic() - began:.0f} s of real time")
    for failure in demo.failures:
        print(f"FAILED: {failure}", file=sys.stderr)
    return 1 if demo.failures else 0
