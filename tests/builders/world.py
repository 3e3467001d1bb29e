"""The whole flow in one process: real adapters and SDKs over the simulator, tables in memory, virtual time.

A test acts as a user (create, tag, delete), lets the queue drain, and reads the state. It runs on a
virtual loop: time moves only when every task waits, so minutes of Azure take milliseconds.
"""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from azure.core.credentials import AccessToken

from sandbox.azure import scenario
from sandbox.azure.front import identity
from sandbox.azure.kernel.clock import VirtualClock, VirtualLoop
from sandbox.azure.kernel.model import Request
from sandbox.azure.simulator import Simulator
from sandbox.azure.transports.in_process import InProcessTransport
from shared.adapters.arm import SdkArm
from shared.adapters.arm_clients import ArmClients
from shared.adapters.branches import TableBranches
from shared.adapters.budgets import TableBudgets
from shared.adapters.clock import SystemClock
from shared.adapters.leases import TableLeases
from shared.adapters.ledger import TableLedger
from shared.adapters.limiter import Limiter
from shared.adapters.shares import TableShares
from shared.adapters.sweeps import TableSweeps
from shared.adapters.tables import Table
from shared.adapters.topic import EventTopic, open_topic
from shared.core.base.ids import ResourceId, target_key
from shared.core.catalogue.catalogue import load
from shared.core.events.work_item import WorkItem
from shared.core.policy.foundations import Foundations
from shared.core.policy.policy import Policy
from shared.core.policy.roles import Asked, needed
from shared.core.policy.values import Mode
from shared.ports import WorkQueue
from shared.telemetry import NO_TELEMETRY, Telemetry
from shared.wiring import Flow, Ports, wire
from tests.builders.memory import MemoryQueue, MemoryTable
from tests.builders.policies import a_policy
from tests.builders.reachability import violations

SUB = "/subscriptions/00000000-0000-0000-0000-000000000001"
NETWORKS = f"{SUB}/resourceGroups/rg-network/providers/Microsoft.Network"
HUB = f"{NETWORKS}/virtualNetworks/hub-we"
SPOKE = f"{NETWORKS}/virtualNetworks/spoke-a"
ENDPOINTS = f"{HUB}/subnets/endpoints"
ZONES = f"{SUB}/resourceGroups/rg-dns/providers/Microsoft.Network/privateDnsZones"
STORAGE = f"{SUB}/resourceGroups/rg-app/providers/Microsoft.Storage/storageAccounts"
TOPIC = "https://arm.test/topics/outcomes/api/events"
SCENARIO = scenario.load(scenario.DEFAULT)
VERSIONS = {
    "microsoft.storage": "2023-05-01",
    "microsoft.sql": "2023-08-01",
    "microsoft.keyvault": "2023-07-01",
}


class LoopClock(SystemClock):
    """The process's clock by the running loop, so that leases and passes run in virtual time too."""

    def now(self) -> datetime:
        """The machine's time of day, and later by all that was slept."""
        return super().now() + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()


class Token:
    """The app's managed identity, without HTTP."""

    async def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        return AccessToken(identity.issue(scopes[0].removesuffix("/.default"), 0), 2**31)

    async def get_token_info(self, *scopes: str, **_: Any) -> Any:
        from azure.core.credentials import AccessTokenInfo

        return AccessTokenInfo((await self.get_token(*scopes)).token, 2**31)

    async def close(self) -> None:
        """Nothing to close."""

    async def __aexit__(self, *_: object) -> None:
        """Nothing to close."""


def ports(
    azure: Any,
    tables: Mapping[str, Table],
    queue: WorkQueue,
    telemetry: Telemetry = NO_TELEMETRY,
    *,
    announces: bool = False,
) -> Ports:
    """The adapters of a process that reaches Azure, the tables and the queue by these."""
    clock = LoopClock()
    transport, limiter = InProcessTransport(azure), Limiter(TableShares(tables["limits"]))
    clients = ArmClients(Token(), "https://arm.test", transport, limiter)  # type: ignore[arg-type]
    arm = SdkArm(clients, clock, telemetry)
    ledger = TableLedger(tables["connections"], tables["outcomes"], clock, announces)
    topic = open_topic(TOPIC, Token(), transport=transport) if announces else None  # type: ignore[arg-type]
    publisher = EventTopic(topic, "causeway/test") if topic else None
    leases = TableLeases(tables["leases"], clock)
    budgets, sweeps = TableBudgets(tables["limits"]), TableSweeps(tables["sweeps"])
    branches = TableBranches(tables["sweeps"])
    return Ports(arm, ledger, leases, queue, clock, budgets, sweeps, limiter, branches, telemetry, publisher)


class World:
    """Azure, the app, and a user of both."""

    def __init__(
        self,
        policy: Policy | None = None,
        seed: int = 0,
        begins: Mapping[str, Any] = SCENARIO,
        telemetry: Telemetry = NO_TELEMETRY,
        announces: bool = False,
    ) -> None:
        """begins: the scenario that Azure begins with. announces: outcomes are published to a topic."""
        self._announces = announces
        self.telemetry = telemetry
        self.azure = Simulator(seed=seed, clock=VirtualClock())
        self.azure.apply(copy.deepcopy(dict(begins)))
        self.queue = MemoryQueue()
        self.tables = {
            name: MemoryTable() for name in ("connections", "outcomes", "leases", "limits", "sweeps")
        }
        self.policy = policy or a_policy()
        self.ceiling: Mode = "apply"
        self.settings: dict[str, str] = {}  # the app's, in which it names what it runs on
        self._requests: list[asyncio.Future[None]] = []
        self.azure.access.roles["app"].actions.clear()
        self.flow = self.worker()

    def worker(self, ports: Ports | None = None) -> Flow:
        """Another process of the app over the same Azure, tables and queue, with the roles of the policy."""
        self._assign_roles()
        own = Foundations.read(self.settings)
        return wire(self.policy, ports or self.ports(), budget=480.0, foundations=own, ceiling=self.ceiling)

    def _assign_roles(self) -> None:
        """What this policy needs beside what earlier ones needed; public access has to be granted."""
        asked = Asked(checked=load().types)
        roles = (one for one in needed(self.policy, asked).roles if one.role.key != "public")
        had = self.azure.access.roles["app"].actions
        had += [action for one in roles for action in one.actions if action not in had]

    def ports(self) -> Ports:
        """The ports of such a process; a test replaces the one that it is about."""
        return ports(self.azure, self.tables, self.queue, self.telemetry, announces=self._announces)

    async def send(self, method: str, path: str, body: Any = None, version: str = "2024-05-01") -> Any:
        """A user's request. Raises AssertionError for an error answer."""
        parts = path.split("/providers/")
        namespace = parts[-1].split("/")[0].lower() if len(parts) > 1 else ""
        query = {"api-version": VERSIONS.get(namespace, version)}
        asked = Request(method, path, query, {"authorization": "Bearer me"}, body, "https://arm.test")
        answer = await self.azure.handle(asked)
        assert answer.status < 400 or answer.status == 404, (answer.status, answer.body)
        return answer.body if answer.status != 404 else None

    async def create_account(
        self, name: str = "orders", tags: dict[str, str] | None = None, **more: Any
    ) -> str:
        """A storage account, ready; its id."""
        at = f"{STORAGE}/{name}"
        body = {"location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}} | more
        await self.send("PUT", at, {**body, "tags": tags or {}})
        await asyncio.sleep(120)
        assert await self.send("GET", at)
        return at

    async def reconcile(self, at: str, reason: str = "event", flow: Flow | None = None) -> dict[str, Any]:
        """One work item and those that it queues. The connection's state afterwards."""
        await self.work(self.item(at, reason), flow)
        await self.drain()
        return await self.state(at)

    def item(self, at: str, reason: str = "event") -> WorkItem:
        """The work item of an event, or of what else the reason says."""
        return WorkItem(at, reason, "test")  # type: ignore[arg-type]

    async def work(self, item: WorkItem, flow: Flow | None = None) -> None:
        """One work item; a connection that is reported Connected afterwards must work."""
        await (flow or self.flow).worker.work(item)
        if "/providers/" in item.resource_id:
            wrong = violations(self.azure.world, self.policy, await self.state(item.resource_id))
            assert not wrong, "\n".join(wrong)

    async def drain(self, most: int = 20) -> None:
        """Process the queue, with its delays."""
        for _ in range(most):
            if not self.queue.sent:
                return
            item, delay = self.queue.sent.pop(0)
            await asyncio.sleep(delay.total_seconds())
            await self.work(WorkItem.parse(item))
        raise AssertionError(f"still {len(self.queue.sent)} items after {most}")

    async def sleep(self, seconds: float) -> None:
        """Let Azure work."""
        await asyncio.sleep(seconds)

    def later(self, seconds: float, method: str, path: str) -> None:
        """A user's request while the app works."""

        async def act() -> None:
            await asyncio.sleep(seconds)
            await self.send(method, path)

        self._requests.append(asyncio.ensure_future(act()))

    async def endpoints(self) -> list[str]:
        """Every private endpoint in the hub's resource group, managed or foreign."""
        found = await self.send("GET", f"{NETWORKS}/privateEndpoints")
        return [entry["id"] for entry in found["value"]]

    async def resolve(self, network: str, name: str) -> list[str]:
        """The addresses to which a machine in this network resolves a name."""
        from sandbox.azure.reachability import reach

        found = reach.resolve(self.azure.world, network=network, name=name)
        return list(found.as_json().get("addresses", []))

    def deny(self, action: str) -> None:
        """Remove one action from the app's role."""
        self.azure.access.roles["app"].remove([action])

    def grant(self, action: str) -> None:
        """Add one action to the app's role."""
        self.azure.access.roles["app"].actions.append(action)

    def allow_all(self) -> None:
        """Restore the actions that `deny` removed."""
        self.azure.access.roles["app"].restore()

    async def state(self, at: str) -> dict[str, Any]:
        found = await self.flow.queries.connection(target_key(ResourceId.parse(at)))
        return found.record() if found else {}

    async def plan(self, at: str) -> dict[str, Any]:
        """The answer to a dry run."""
        return (await self.flow.queries.plan(at)).record()

    def sent(self) -> list[tuple[str, str]]:
        """The app's requests to Azure since the last call: method and path, without token requests."""
        entries = [e for e in self.azure.requests.entries if e.principal == "app" and e.kind != "token"]
        self.azure.requests.entries.clear()
        return [(entry.method, entry.path) for entry in entries]

    def written(self, method: str) -> list[str]:
        """The paths of the app's requests with this method since the last call."""
        return [path for sent, path in self.sent() if sent == method]

    def writes(self) -> list[tuple[str, str]]:
        """The app's requests since the last call that are no reads; getEntities reads by POST."""
        return [
            (method, path) for method, path in self.sent() if method != "GET" and "/getEntities" not in path
        ]


def play(story: Callable[[], Awaitable[None]]) -> None:
    """Run a coroutine on a virtual loop of its own, for callers that have no loop: hypothesis, benchmarks."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(_run(story))


async def _run(story: Callable[[], Awaitable[None]]) -> None:
    await story()
