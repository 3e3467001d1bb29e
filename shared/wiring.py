"""The composition root: builds the flow over its adapters.

A process has one credential, one transport and one clock. SDKs, and what needs them, are imported inside
the functions here, so that listing the functions stays cheap.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from shared.telemetry import NO_TELEMETRY

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential
    from azure.core.pipeline.transport import AioHttpTransport

    from shared.core.catalogue.catalogue import Catalogue
    from shared.core.policy.foundations import Foundations
    from shared.core.policy.in_force import InForce
    from shared.core.policy.policy import Policy
    from shared.core.policy.values import Mode
    from shared.flow.apply import Applier
    from shared.flow.cached_reads import CachedReads
    from shared.flow.health import Health
    from shared.flow.intake import Intake
    from shared.flow.queries import Queries
    from shared.flow.reader import Reader
    from shared.flow.sweep import Sweeper
    from shared.flow.worker import Worker
    from shared.ports import (
        Arm,
        Branches,
        Budgets,
        Clock,
        Leases,
        Ledger,
        PolicySource,
        Publisher,
        RequestLimits,
        Sweeps,
        WorkQueue,
    )
    from shared.settings import Settings
    from shared.telemetry import Telemetry


@dataclass(frozen=True, slots=True)
class Flow:
    """What the triggers call: one object for each kind of trigger."""

    intake: Intake
    worker: Worker
    sweeper: Sweeper
    queries: Queries
    health: Health


@dataclass(frozen=True, slots=True)
class Kept:
    """What serves one policy after the other: readings, and the writes that passes at once have in common."""

    cached: CachedReads
    reader: Reader
    applier: Applier

    @classmethod
    def over(cls, ports: Ports) -> Kept:
        """Over the adapters of a process, empty."""
        from shared.flow.apply import Applier
        from shared.flow.cached_reads import CachedReads
        from shared.flow.reader import Reader

        cached = CachedReads(ports.arm, ports.clock)
        reader = Reader(ports.arm, cached, ports.clock)
        return cls(cached, reader, Applier(ports.arm, cached, reader, ports.leases, ports.clock))


@dataclass(frozen=True, slots=True)
class Ports:
    """The adapters that the flow runs on: Azure in the app, others in tests."""

    arm: Arm
    ledger: Ledger
    leases: Leases
    queue: WorkQueue
    clock: Clock
    budgets: Budgets
    sweeps: Sweeps
    limits: RequestLimits
    branches: Branches
    telemetry: Telemetry = NO_TELEMETRY
    publisher: Publisher | None = None


def wire(
    policy: Policy,
    ports: Ports,
    budget: float,
    catalogue: Catalogue | None = None,
    foundations: Foundations | None = None,
    ceiling: Mode = "apply",
    kept: Kept | None = None,
    in_force: Callable[[], InForce | None] = lambda: None,
) -> Flow:
    """Build a flow over any adapters. `ceiling`: how far passes go at most, whatever the policy says.

    `kept`: what served the policy before. `in_force`: which policy counts now.
    """
    from shared.core.catalogue.catalogue import load
    from shared.core.policy.choice import lowered
    from shared.core.policy.foundations import Foundations
    from shared.flow.absence import Absence
    from shared.flow.announce import Announcer
    from shared.flow.asked import Asker
    from shared.flow.capacity import CapacityReader
    from shared.flow.dns_forwarding import ForwardingReader
    from shared.flow.health import Health
    from shared.flow.hidden_names import HiddenNamesReader
    from shared.flow.intake import Intake
    from shared.flow.limits import CreationLimit, DeleteLimit
    from shared.flow.lists import Lister
    from shared.flow.networks import NetworksReader
    from shared.flow.other_zones import OtherZonesReader
    from shared.flow.own_networks import OwnNetworksReader
    from shared.flow.placing import Placer
    from shared.flow.previews import Previews
    from shared.flow.public_access import PublicAccess
    from shared.flow.queries import Queries
    from shared.flow.reconcile import Reconciler
    from shared.flow.rehearsal import Rehearsal
    from shared.flow.removal import Remover
    from shared.flow.rights import RightsReader
    from shared.flow.scopes import Scopes
    from shared.flow.sweep import Sweeper
    from shared.flow.viewer import Viewer
    from shared.flow.worker import Worker

    known, policy = catalogue or load(), lowered(policy, ceiling)
    own = foundations or Foundations.read({})
    shared = kept or Kept.over(ports)
    cached, reader, applier = shared.cached.for_a_policy(), shared.reader, shared.applier
    capacity = CapacityReader(policy, known, ports.arm, cached, reader, ports.clock)
    placer = Placer(OwnNetworksReader(cached), reader, capacity)
    scopes = Scopes(policy, ports.arm, ports.branches, ports.clock)
    networks = NetworksReader(policy, cached, reader, scopes.scope_since)
    forwarding = ForwardingReader(ports.arm, cached, reader)
    asker = Asker(policy, known, ports.arm, cached, own, scopes)
    viewer = Viewer(
        known,
        ports.arm,
        reader,
        asker,
        placer,
        networks,
        forwarding,
        OtherZonesReader(scopes, ports.arm, cached),
        RightsReader(ports.arm, cached),
    )
    remover = Remover(reader, applier, DeleteLimit(policy, ports.sweeps), ports.clock)
    creations = CreationLimit(policy, ports.budgets)
    hidden = HiddenNamesReader(policy, known, ports.arm, cached, scopes)
    access = PublicAccess(policy, known, ports.arm, own)
    absence = Absence(asker, ports.arm, ports.clock)
    announcer = Announcer(ports.ledger, ports.publisher)
    previews = Previews(policy, asker, viewer, hidden, remover)
    rehearsal = Rehearsal(policy, previews, access, ceiling)
    reconciler = Reconciler(
        policy,
        asker,
        viewer,
        hidden,
        previews,
        rehearsal,
        applier,
        remover,
        access,
        absence,
        creations,
        ports.clock,
    )
    sweeper = Sweeper(
        policy,
        Lister(policy, known, ports.arm, cached, ports.clock),
        ports.arm,
        ports.ledger,
        ports.sweeps,
        ports.queue,
        ports.clock,
        scopes,
        ports.limits,
        announcer,
        ports.telemetry,
        in_force,
    )
    worker = Worker(
        reconciler,
        sweeper,
        ports.ledger,
        ports.sweeps,
        ports.queue,
        ports.clock,
        budget,
        announcer,
        ports.telemetry,
    )
    return Flow(
        Intake(ports.queue, ports.clock, frozenset(known.types), ports.telemetry),
        worker,
        sweeper,
        Queries(asker, reconciler, ports.ledger, ports.queue, ports.clock),
        Health(ports.ledger, ports.sweeps, ports.limits, ports.queue, ports.clock, in_force),
    )


async def put_back(queue: str, text: str, delay: timedelta) -> None:
    """Send a message to one of the app's queues by the storage settings alone, if no flow can be built.

    Raises SettingsError if those are wrong too.
    """
    from shared.adapters.identity import credential
    from shared.adapters.queue import StorageQueue
    from shared.adapters.storage import open_queue
    from shared.settings import Storage

    found = Storage.read(os.environ)
    async with (
        credential(found.client_id, hosted=found.hosted) as identity,
        open_queue(found.account.connection, found.account.queue_uri, queue, identity) as client,
    ):
        await StorageQueue(client).send(text, delay=delay)


def reject_unsupported_settings(policy: Policy, settings: Settings) -> None:
    """Refuse parts of the policy that would have no effect, rather than ignore them.

    Raises PolicyError for a schedule that differs from the timer's, and for a storage account in another
    cloud.
    """
    from shared.core.base.errors import Fault, PolicyError

    faults: list[Fault] = []
    wanted, runs = policy.drift.schedule, settings.sweep_schedule
    if "schedule" in policy.drift.model_fields_set and wanted.split() != runs.split():
        problem = f"the timer runs by the setting CAUSEWAY_SWEEP_SCHEDULE, '{runs}'"
        faults.append(Fault("drift.schedule", wanted, problem, "give both the same, or leave this one out"))
    if elsewhere := settings.account.outside(policy.cloud):
        faults.append(elsewhere)
    if faults:
        raise PolicyError(faults)


@dataclass(frozen=True, slots=True)
class Outside:
    """The identity and the connections of a process: what reads the policy, and then all else, uses them."""

    identity: AsyncTokenCredential
    connections: AioHttpTransport
    clock: Clock

    @classmethod
    def open(cls, settings: Settings) -> Outside:
        """As the settings say. They are closed when the process ends."""
        from shared.adapters.clock import SystemClock
        from shared.adapters.closing import close_at_exit
        from shared.adapters.identity import credential, transport

        found = cls(credential(settings.client_id, hosted=settings.hosted), transport(), SystemClock())
        close_at_exit(found.connections, found.identity)
        return found

    def source(self, settings: Settings) -> PolicySource:
        """Where the settings say that the policy is."""
        from shared.adapters.policy_file import FilePolicy
        from shared.core.policy.location import is_url

        if not is_url(settings.policy):
            return FilePolicy(Path(settings.policy))
        from shared.adapters.policy_blob import BlobPolicy

        return BlobPolicy(settings.policy, self.identity, self.connections)


def real_ports(settings: Settings, policy: Policy, outside: Outside) -> Ports:
    """The adapters of a deployed app, as its settings say."""
    from shared.adapters.arm import SdkArm
    from shared.adapters.arm_clients import ENDPOINTS, ArmClients
    from shared.adapters.branches import TableBranches
    from shared.adapters.budgets import TableBudgets
    from shared.adapters.closing import close_at_exit
    from shared.adapters.leases import TableLeases
    from shared.adapters.ledger import TableLedger
    from shared.adapters.limiter import Limiter
    from shared.adapters.queue import StorageQueue
    from shared.adapters.service_time import ServiceTime
    from shared.adapters.shares import TableShares
    from shared.adapters.storage import open_queue, open_tables
    from shared.adapters.sweeps import TableSweeps
    from shared.adapters.tables import AzureTable
    from shared.adapters.topic import EventTopic, open_topic
    from shared.telemetry_wiring import open_telemetry

    identity, clock = outside.identity, outside.clock
    time = ServiceTime(clock)
    endpoint = settings.arm_endpoint or ENDPOINTS[policy.cloud]
    account = settings.account.in_cloud(policy.cloud)
    tables = open_tables(account.connection, account.table_uri, identity, time)
    queue = open_queue(account.connection, account.queue_uri, "work", identity)
    topic = open_topic(settings.topic, identity) if settings.topic else None
    close_at_exit(tables, queue, *([topic] if topic else []))
    source = f"causeway/{os.environ.get('WEBSITE_SITE_NAME') or 'local'}"
    rows, history = AzureTable(tables, "connections", time), AzureTable(tables, "outcomes", time)
    limits, sweeps = AzureTable(tables, "limits", time), AzureTable(tables, "sweeps", time)
    limiter = Limiter(TableShares(limits), settings.rate)
    telemetry = open_telemetry(settings, os.environ)
    return Ports(
        SdkArm(ArmClients(identity, endpoint, outside.connections, limiter), clock, telemetry),
        TableLedger(rows, history, clock, announces=topic is not None),
        TableLeases(AzureTable(tables, "leases", time), clock),
        StorageQueue(queue),
        clock,
        TableBudgets(limits),
        TableSweeps(sweeps),
        limiter,
        TableBranches(sweeps),
        telemetry,
        EventTopic(topic, source) if topic else None,
    )
