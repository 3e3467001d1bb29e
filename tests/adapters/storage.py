"""Tables and values for tests of storage: the same tests run in memory and on Azurite."""

import asyncio
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from azure.data.tables.aio import TableServiceClient

from shared.adapters.clock import SystemClock
from shared.adapters.leases import TableLeases
from shared.adapters.ledger import TableLedger
from shared.adapters.service_time import ServiceTime
from shared.adapters.tables import AzureTable, Table
from shared.core.base.ids import GroupId, ResourceId, target_key
from shared.core.base.inputs import read
from shared.core.outcome.connection_query import ConnectionQuery
from shared.core.outcome.outcome import Done, Outcome, Result
from tests.builders.memory import MemoryTable

GROUP = GroupId("00000000-0000-0000-0000-000000000001", "rg")
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


class TestClock(SystemClock):
    """A clock that follows the loop, and that a test can put forward."""

    __test__ = False

    def __init__(self) -> None:
        self.ahead = 0.0

    def now(self) -> datetime:
        return BEGAN + timedelta(seconds=asyncio.get_running_loop().time() + self.ahead)


class AzuriteTable(AzureTable):
    """A table in Azurite. `ahead`: seconds that a test adds to the service's clock."""

    ahead = 0.0

    def time(self) -> float:
        return super().time() + self.ahead


class Tables:
    """Makes tables of either kind; every name is a new, empty table."""

    def __init__(self, service: TableServiceClient | None, time: ServiceTime | None = None) -> None:
        self._service, self._time = service, time

    def table(self, name: str) -> MemoryTable | AzuriteTable:
        if self._service is None:
            return MemoryTable()
        return AzuriteTable(self._service, f"{name}{uuid.uuid4().hex[:12]}", self._time)


class Process:
    """The ledger of one process. Several processes share the tables and the time."""

    def __init__(self, connections: Any, outcomes: Table, clock: TestClock) -> None:
        self.connections, self.outcomes, self.clock = connections, outcomes, clock
        self.ledger = TableLedger(connections, outcomes, clock)

    def other(self, skew: float = 0.0) -> TableLedger:
        """The ledger of another process. `skew`: seconds by which the clock of its machine is wrong."""
        clock = TestClock()
        clock.ahead = skew
        return TableLedger(self.connections, self.outcomes, clock)

    def elapse(self, seconds: float) -> None:
        """Let time pass at the storage service."""
        self.connections.ahead += seconds

    async def state(self) -> dict[str, Any] | None:
        """The present state of the usual target, as callers see it."""
        found = await self.ledger.get(target_key(target()))
        return found and found.record()

    async def listed(self, **query: Any) -> list[dict[str, Any]]:
        """The first page of connections that a query asks for."""
        page = await self.ledger.connections(read(ConnectionQuery, query, "query"))
        return page.record()["value"]


class Workers:
    """Processes that share one table of locks, and a count of how many hold one at once."""

    def __init__(self, table, patience: float = 300.0) -> None:
        self.table, self.patience = table, patience
        self.inside = 0
        self.most = 0

    def process(self, skew: float = 0.0) -> TableLeases:
        """The leases of one process. `skew`: seconds by which the clock of its machine is wrong."""
        clock = TestClock()
        clock.ahead = skew
        return TableLeases(self.table, clock, self.patience)

    def elapse(self, seconds: float) -> None:
        """Let time pass at the storage service."""
        self.table.ahead += seconds

    async def work(self, leases: TableLeases, *names: str) -> None:
        async with leases.hold(*names):
            self.inside += 1
            self.most = max(self.most, self.inside)
            await asyncio.sleep(0.01)
            self.inside -= 1


def target(name: str = "orders", group: GroupId = GROUP) -> ResourceId:
    return group.resource("Microsoft.Storage/storageAccounts", name)


def endpoint(name: str = "pe-orders") -> ResourceId:
    return GROUP.resource("Microsoft.Network/privateEndpoints", name)


def outcome(at: ResourceId | None = None, result: Result = Result.CONNECTED, **more: Any) -> Outcome:
    """The outcome of a pass, `after` seconds after `BEGAN`."""
    moment = BEGAN + timedelta(seconds=more.pop("after", 0))
    return Outcome(at or target(), result, moment, **({"profile": "default"} | more))


def many_actions(number: int) -> tuple[Done, ...]:
    """Actions whose record takes about 4,000 characters each."""
    return tuple(Done("Create", endpoint(f"pe-{n}"), "x" * 3800) for n in range(number))
