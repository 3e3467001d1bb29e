"""The one place that knows both what is real and what needs it.

Place in the data's way: around all of it. Built when the first function runs, once per process: one
credential, one transport, one clock. SDKs, and all that needs them, are imported in here and not before:
listing the functions stays cheap.
"""

from __future__ import annotations

import asyncio
import logging
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from shared.core.catalogue import Catalogue
    from shared.core.policy import Policy
    from shared.flow.desk import Desk
    from shared.flow.intake import Intake
    from shared.flow.ports import Arm, Clock, Leases, Ledger, WorkQueue
    from shared.flow.settings import Settings
    from shared.flow.sweep import Sweeper
    from shared.flow.worker import Worker


@dataclass(frozen=True, slots=True)
class Flow:
    """What the triggers call: one door for each kind."""

    intake: Intake
    worker: Worker
    sweeper: Sweeper
    desk: Desk


@dataclass(frozen=True, slots=True)
class Ports:
    """The outside world: real in a process of the app, others in tests."""

    arm: Arm
    ledger: Ledger
    leases: Leases
    queue: WorkQueue
    clock: Clock


def wire(policy: Policy, ports: Ports, budget: float, catalogue: Catalogue | None = None) -> Flow:
    """Put a flow together over any ports."""
    from shared.core.catalogue import load
    from shared.flow.apply import Applier
    from shared.flow.desk import Desk
    from shared.flow.intake import Intake
    from shared.flow.reads import SharedReads
    from shared.flow.reconcile import Reconciler
    from shared.flow.sweep import Sweeper
    from shared.flow.worker import Worker

    known = catalogue or load()
    reads = SharedReads(ports.arm, ports.clock)
    applier = Applier(ports.arm, reads, ports.leases, ports.clock)
    reconciler = Reconciler(policy, known, ports.arm, reads, applier)
    sweeper = Sweeper(policy, known, ports.arm, ports.ledger, ports.queue)
    return Flow(
        Intake(ports.queue, frozenset(known.types)),
        Worker(reconciler, sweeper, ports.ledger, ports.queue, ports.clock, budget),
        sweeper,
        Desk(reconciler, ports.ledger, ports.queue),
    )


_flow: Flow | None = None
_building = asyncio.Lock()


async def flow() -> Flow:
    """This process's flow. Raises PolicyError with every fault of the settings or of the policy."""
    global _flow
    async with _building:
        if _flow is None:
            from shared.core.policy import Policy
            from shared.flow.settings import Settings

            settings = Settings.read(os.environ)
            text = await asyncio.to_thread(Path(settings.policy).read_text, "utf-8")
            policy = Policy.parse(text)
            logging.getLogger("azure").setLevel(logging.WARNING)  # its INFO lines carry URLs and headers
            _flow = wire(policy, real_ports(settings, policy), settings.budget)
    return _flow


def real_ports(settings: Settings, policy: Policy) -> Ports:
    """Azure, as this process's settings name it."""
    from azure.core.pipeline.transport import AioHttpTransport

    from shared.adapters.arm import SdkArm
    from shared.adapters.arm_clients import ENDPOINTS, ArmClients
    from shared.adapters.clock import SystemClock
    from shared.adapters.leases import TableLeases
    from shared.adapters.ledger import TableLedger
    from shared.adapters.queue import StorageQueue
    from shared.adapters.tables import AzureTable

    clock = SystemClock()
    credential = _credential(settings)
    endpoint = settings.arm_endpoint or ENDPOINTS[policy.cloud]
    transport: Any = AioHttpTransport(connection_timeout=30, read_timeout=90)
    tables, queue = _storage(settings, credential)
    return Ports(
        SdkArm(ArmClients(credential, endpoint, transport), clock),
        TableLedger(AzureTable(tables, "connections"), AzureTable(tables, "outcomes"), clock),
        TableLeases(AzureTable(tables, "leases"), clock),
        StorageQueue(queue),
        clock,
    )


def _credential(settings: Settings) -> Any:
    from azure.identity.aio import DefaultAzureCredential, ManagedIdentityCredential

    if "IDENTITY_ENDPOINT" in os.environ:  # App Service and Functions: no need to try anything else
        return ManagedIdentityCredential(client_id=settings.client_id or None)
    return DefaultAzureCredential(managed_identity_client_id=settings.client_id or None)


def _storage(settings: Settings, credential: Any) -> tuple[Any, Any]:
    """The table service and the work queue, by connection string or by identity."""
    from azure.data.tables.aio import TableServiceClient
    from azure.storage.queue import TextBase64DecodePolicy, TextBase64EncodePolicy
    from azure.storage.queue.aio import QueueClient

    coding: dict[str, Any] = {
        "message_encode_policy": TextBase64EncodePolicy(),
        "message_decode_policy": TextBase64DecodePolicy(),
        "api_version": "2025-11-05",
    }
    patience: dict[str, Any] = {"retry_total": 4}  # the SDKs' own defaults can wait for minutes
    if settings.connection:
        tables = TableServiceClient.from_connection_string(settings.connection, **patience)
        queue = QueueClient.from_connection_string(settings.connection, "work", **coding, **patience)
        return tables, queue
    tables = TableServiceClient(settings.table_uri, credential=credential, **patience)
    return tables, QueueClient(settings.queue_uri, "work", credential=credential, **coding, **patience)
