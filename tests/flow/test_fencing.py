"""A worker that loses its claim while it works: what it was about to write is not sent."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sandbox.azure.transports.in_process import InProcessTransport
from shared.adapters.arm import SdkArm
from shared.adapters.arm_clients import ArmClients
from shared.adapters.ledger import TableLedger
from shared.adapters.tables import Row, Values
from shared.core.base.bodies import Json
from shared.core.base.errors import TransientError
from shared.core.base.ids import ResourceId
from shared.core.base.only_if import ANYHOW, OnlyIf
from shared.core.events.work_item import WorkItem
from tests.builders.memory import MemoryTable
from tests.builders.policies import a_policy
from tests.builders.world import LoopClock, Token, World

DISABLED = {"tags": {"private-connectivity": "disabled"}}


class CutOff(MemoryTable):
    """One worker's view of a table that others reach: none of its own writes does, from a moment on."""

    def __init__(self, shared: MemoryTable) -> None:
        super().__init__()
        self.rows = shared.rows
        self._shared = shared
        self.cut = False

    async def insert(self, partition: str, key: str, values: Values) -> Row:
        return await self._shared.insert(partition, key, values)

    async def replace(self, row: Row, values: Values) -> Row:
        if self.cut:
            raise TransientError("table connections cannot be reached")
        return await self._shared.replace(row, values)


class Late(SdkArm):
    """Sends each write four minutes late."""

    async def put(
        self,
        at: ResourceId,
        body: Json,
        *,
        deadline: float,
        query: Mapping[str, str] | None = None,
        only_if: OnlyIf = ANYHOW,
    ) -> dict[str, Any]:
        await asyncio.sleep(240)
        return await super().put(at, body, deadline=deadline, query=query, only_if=only_if)


def late(world: World) -> Late:
    clients = ArmClients(Token(), "https://arm.test", InProcessTransport(world.azure))  # type: ignore[arg-type]
    return Late(clients, LoopClock())


async def test_a_worker_that_cannot_reach_its_table_leaves_nothing_behind_what_another_removed() -> None:
    world = World(a_policy(on_opt_out="remove"))
    at = await world.create_account()
    endpoint = (await world.reconcile(at))["paths"][0]["endpoint"]
    await world.send("DELETE", endpoint)
    await world.sleep(300)
    table = CutOff(world.tables["connections"])
    ledger = TableLedger(table, world.tables["outcomes"], LoopClock())
    slow = world.worker(replace(world.ports(), ledger=ledger, arm=late(world)))
    repairing = asyncio.ensure_future(slow.worker.work(WorkItem(at, "event", "slow")))
    await asyncio.sleep(15)
    table.cut = True
    await world.send("PATCH", at, DISABLED)
    await asyncio.sleep(70)
    state = await world.reconcile(at)
    assert (state["result"], state["owned"]) == ("Removed", [])
    await asyncio.gather(repairing, return_exceptions=True)
    await world.sleep(600)
    assert await world.endpoints() == []
