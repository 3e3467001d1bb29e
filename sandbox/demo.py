"""The whole thing, watched: a local Azure with the app in it, and a user who creates, tags and deletes.

Everything is done as a user would do it, over Azure's own REST API by plain HTTP; the table is filled from
the app's own HTTP API. Exits with 0 only if everything ended as it should.
"""

from __future__ import annotations

import asyncio
import sys
import time
from typing import Any

from sandbox.up import Sandbox
from sandbox.user import AZURE, User

SUB = "/subscriptions/00000000-0000-0000-0000-000000000001"
APP = f"{SUB}/resourceGroups/rg-app/providers"
NETWORKS = f"{SUB}/resourceGroups/rg-network/providers/Microsoft.Network/virtualNetworks"
CLIENTS = (
    f"{NETWORKS}/spoke-a",
    "/subscriptions/00000000-0000-0000-0000-000000000002/resourceGroups/rg-spoke/providers"
    "/Microsoft.Network/virtualNetworks/spoke-b",
)
ACCOUNTS = {"orders": {}, "invoices": {}, "lake": {"isHnsEnabled": True}}
SQL = f"{APP}/Microsoft.Sql/servers/ledgerdb"
VAULT = f"{APP}/Microsoft.KeyVault/vaults/secrets"
SQL_RIGHT = "Microsoft.Sql/servers/privateEndpointConnectionsApproval/action"
PATIENCE = 60.0  # real seconds for one chapter
NAMES = "NAME, AS CLIENTS RESOLVE IT"
HEADER = ("RESOURCE", "PROFILE", "ENDPOINT", "GROUP", "ADDRESS", NAMES, "RESULT", "SIM S", "REQ")
COLUMNS = (10, 8, 30, 10, 11, 44, 10, 8, 4)


def account(name: str) -> str:
    return f"{APP}/Microsoft.Storage/storageAccounts/{name}"


class Demo:
    """One run. `failures` are what did not come true, in words."""

    def __init__(self, user: User, speed: float) -> None:
        self.user = user
        self.speed = speed
        self.failures: list[str] = []
        self.began: dict[str, float] = {}
        self.lines = 0

    async def run(self) -> None:
        await self.create()
        await self.tag()
        await self.blocked()
        await self.repaired()
        await self.summary()

    async def create(self) -> None:
        say("1. A team creates three storage accounts, a SQL server and a Key Vault. Nobody files a ticket.")
        say("   (The app may not approve connections on SQL servers yet: somebody forgot a right.)\n")
        await self.user.control("role", {"remove": [SQL_RIGHT]})
        await asyncio.gather(
            *(
                self.user.put(
                    account(name),
                    {
                        "location": "westeurope",
                        "kind": "StorageV2",
                        "sku": {"name": "Standard_LRS"},
                        "properties": properties,
                    },
                )
                for name, properties in ACCOUNTS.items()
            ),
            self.user.put(SQL, {"location": "northeurope", "properties": {"administratorLogin": "dba"}}),
            self.user.put(VAULT, {"location": "westeurope", "properties": vault_properties()}),
        )
        row(*HEADER)
        await self.until({account(name): "Connected" for name in ACCOUNTS} | {SQL: "Blocked"})

    async def tag(self) -> None:
        say("\n2. The Key Vault said nothing, so nothing happened to it. Now it gets one tag.\n")
        if await self.user.connection(VAULT):
            self.failures.append("the untagged Key Vault was touched")
        await self.user.tag(VAULT, {"private-connectivity": "enabled"})
        await self.until({VAULT: "Connected"})

    async def blocked(self) -> None:
        state = await self.user.connection(SQL) or {}
        say(f"\n3. The SQL server is {state.get('result')}: {state.get('reason')}")
        say(f"   Remedy: {state.get('remedy')}")
        say("   The right is granted, and the resource rerun over HTTP.\n")
        await self.user.control("role", {"restore": True})
        await self.user.rerun(SQL)
        await self.until({SQL: "Connected"})

    async def repaired(self) -> None:
        say(
            "\n4. Somebody deletes the endpoint of 'orders' and the zone group of 'invoices'. The drift timer runs.\n"
        )
        orders = (await self.user.connection(account("orders")) or {})["paths"][0]["endpoint"]
        invoices = (await self.user.connection(account("invoices")) or {})["paths"][0]["endpoint"]
        await self.user.delete(orders)
        await self.user.delete(f"{invoices}/privateDnsZoneGroups/causeway")
        await self.user.settled(orders)
        broken = await self.user.resolve(CLIENTS[0], "orders.blob.core.windows.net")
        say(f"   meanwhile: orders.blob.core.windows.net -> {broken or 'no private address'}")
        before = {name: await self.stamp(account(name)) for name in ("orders", "invoices")}
        await self.user.sweep()
        await self.until(
            {account(name): "Connected" for name in before}, newer={account(n): t for n, t in before.items()}
        )

    async def summary(self) -> None:
        connections = await self.user.connections()
        spent = sum(entry["requests"] for entry in connections)
        say("\nSummary")
        say(f"   {len(connections)} resources, {sum(len(c['paths']) for c in connections)} private endpoints")
        for name, wanted in (("Connected", len(connections)),):
            found = sum(entry["result"] == name for entry in connections)
            say(f"   {found} of {wanted} are {name}; the last walks spent {spent} ARM requests in all")
            if found != wanted:
                self.failures.append(f"only {found} of {wanted} are {name}")
        say(f"   {self.lines} times a client network resolved a name to the private address of its endpoint")

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
                fresh = state and state["at"] > (newer or {}).get(at, "")
                if state and fresh and state["result"] == result:
                    del waiting[at]
                    await self.show(at, state, started)
            await asyncio.sleep(0.2)
        for at, result in waiting.items():
            state = await self.user.connection(at) or {}
            text = f"{at.rsplit('/', 1)[1]} is {state.get('result')} and not {result}: {state.get('reason')}"
            say(f"   {text}")
            self.failures.append(text)

    async def show(self, at: str, state: dict[str, Any], started: float) -> None:
        name, seconds = at.rsplit("/", 1)[1], f"{await self.user.now() - started:.0f}"
        if state["result"] != "Connected":
            row(
                name, state["profile"], "", "", "", state["code"], state["result"], seconds, state["requests"]
            )
            return
        for path in state["paths"]:
            for address in path["addresses"]:
                for public in address["fqdns"]:
                    await self.show_name(name, state, path, address["ip"], public, seconds)

    async def show_name(
        self, name: str, state: dict[str, Any], path: dict[str, Any], ip: str, public: str, seconds: str
    ) -> None:
        found = [await self.user.resolve(network, public) for network in CLIENTS]
        self.lines += sum(answer == ip for answer in found)
        if any(answer != ip for answer in found):
            self.failures.append(f"{public} resolves to {found}, not to {ip}")
        endpoint = path["endpoint"].rsplit("/", 1)[1]
        text = f"{public} -> {found[0] or '?'}"
        row(
            name,
            state["profile"],
            endpoint,
            path["group"],
            ip,
            text,
            state["result"],
            seconds,
            state["requests"],
        )


def vault_properties() -> dict[str, Any]:
    return {"tenantId": AZURE["tenant"], "sku": {"family": "A", "name": "standard"}, "accessPolicies": []}


def say(text: str) -> None:
    print(text, flush=True)


def row(*cells: object) -> None:
    say(
        "   "
        + "  ".join(f"{str(cell)!s:<{width}}" for cell, width in zip(cells, COLUMNS, strict=True)).rstrip()
    )


async def main() -> int:
    """Start everything, tell the story, and return the exit code."""
    began = time.monotonic()
    async with Sandbox() as box:
        speed = box.endpoints.speed
        say(f"A local Azure at {box.endpoints.arm_http} with the app in it,")
        say(f"{speed:g} times as fast as the real one.\n")
        async with User(box.endpoints) as user:
            demo = Demo(user, speed)
            await demo.run()
    say(f"   {time.monotonic() - began:.0f} s of real time")
    for failure in demo.failures:
        print(f"FAILED: {failure}", file=sys.stderr)
    return 1 if demo.failures else 0
