"""A local Azure with the app in it: simulator, identity, storage, functions hosts, and events.

`python -m sandbox up` and `async with Sandbox(...)` (tests, demo, benchmarks) run the same code.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Self
from urllib.parse import quote

import yaml

from sandbox.app_folder import app_folder
from sandbox.azure import scenario
from sandbox.azure.simulator import Simulator
from sandbox.azure.transports.server import Endpoints as ArmEndpoints
from sandbox.azure.transports.server import http_post, serve
from sandbox.azurite import ROOT, Azurite
from sandbox.child import ChildError
from sandbox.event_queue import EVENT_TYPES, connected
from sandbox.host.keys import EVENT_GRID, Keys
from sandbox.places import own_folder, require_free
from sandbox.workers import Workers, WorkerSetup

EVENT_FUNCTION = "on_event"
EVENTS = ("webhook", "queue")
SWEEP_SECONDS = 15 * 60
LEAST_SWEEP_SECONDS = 5
SERVER_PORTS = 5  # Azure Resource Manager by HTTPS and by HTTP; blobs, queues and tables
HOST_PORTS = 10  # above --port-base
POLL_SECONDS = 0.1
ENDPOINTS_FILE = "endpoints.json"
AZURE_CONFIG = "azure"  # folder of az: the cloud that it knows, and who has signed in


def policy_of(file: Path) -> Path:
    """The policy that a scenario was written for: the example of its name, else connectivity.yaml."""
    example = ROOT / "docs" / "examples" / file.name
    shipped = file.resolve().parent == scenario.DEFAULT.parent
    return example if shipped and example.is_file() else ROOT / "connectivity.yaml"


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The addresses. `arm` is https (trust `ca_file`), `arm_http` the same in plain HTTP, and control.

    `identity_header` makes the app's tokens, `user_identity_header` those of a user with all rights.
    `host` is worker 0, which has Event Grid and the timers; `hosts` are all. The same as endpoints.json.
    """

    arm: str
    arm_http: str
    identity: str
    identity_header: str
    user_identity_header: str
    host: str
    hosts: tuple[str, ...]
    blobs: str
    queues: str
    tables: str
    connection_string: str
    ca_file: str
    subscription_ids: tuple[str, ...]
    speed: float


@dataclass(kw_only=True)
class Sandbox:
    """One sandbox; `async with` starts it, and stops all of it also after an error.

    speed: simulated seconds per real second. settings: app settings, in addition to or instead of the usual
    ones. folder: for logs, the CA file and endpoints.json, or a subfolder of it while another sandbox uses
    it; by default one that is deleted at the end. events: webhook or queue. keys, visibility: see
    sandbox.host. say: called with a line for each step of the start. Entering raises ChildError,
    AzuriteMissingError, AppError, PlaceError or ScenarioError; each text has the remedy.
    """

    scenario: Path = scenario.DEFAULT
    policy: Path = ROOT / "connectivity.yaml"
    app: Path = ROOT
    workers: int = 1
    speed: float = 60.0
    port_base: int | None = None
    faults: Path | None = None
    seed: int = 0
    folder: Path | None = None
    keys: Path | None = None
    visibility: float | None = None
    events: str = "webhook"
    settings: Mapping[str, str] = field(default_factory=dict)
    say: Callable[[str], None] = lambda line: None

    simulator: Simulator = field(init=False)
    endpoints: Endpoints = field(init=False)
    used_folder: Path = field(init=False)

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            await self._start(stack)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, kind: object, error: object, trace: object) -> None:
        """Stop everything. Raises ChildError when a process had ended by itself, unless already reported."""
        await self._stack.aclose()
        if error is None and not self._keeper.cancelled():
            self._keeper.result()

    async def run(self) -> None:
        """Wait until a process has ended and cannot be restarted; raises its ChildError."""
        await asyncio.shield(self._keeper)

    async def crash_worker(self, number: int) -> None:
        """Kill a worker, as a power cut would, and wait until it is running again."""
        await self._workers.crash(number)

    def worker_pid(self, number: int) -> int:
        """The process of a worker."""
        return self._workers.pid(number)

    async def _start(self, stack: AsyncExitStack) -> None:
        require_free(self._ports())
        folder = self.used_folder = self._folder(stack)
        file = folder / ENDPOINTS_FILE
        file.unlink(missing_ok=True)  # of a sandbox that was killed
        shutil.rmtree(folder / AZURE_CONFIG, ignore_errors=True)  # it knows the former one's address
        app = app_folder(self.app, folder)
        self.say(f"Loading the scenario {self.scenario.name} ...")
        self.simulator = self._simulator()
        resources = len(self.simulator.world.store)
        self.say(f"Starting Azure Resource Manager with {resources} resources, and storage (Azurite) ...")
        arm = await stack.enter_async_context(
            serve(self.simulator, folder, https_port=self._port(0), http_port=self._port(1))
        )
        self._azurite = Azurite(folder, (self._port(2), self._port(3), self._port(4)))
        stack.callback(self._azurite.stop)
        await asyncio.to_thread(self._azurite.start)
        self.say(f"Starting {self.workers} functions host{'s' if self.workers > 1 else ''} with {app} ...")
        ports = tuple(self._port(HOST_PORTS + number) for number in range(self.workers))
        environment = self._environment(arm, self._azurite)
        self._workers = Workers(
            WorkerSetup(app, environment, folder, self.speed, ports, self.keys, self.visibility)
        )
        stack.push_async_callback(self._workers.stop)
        await self._workers.start()
        self._keeper = asyncio.create_task(self._keep_running())
        stack.push_async_callback(self._stop_keeping)
        self.say("Subscribing the app to Azure's events ...")
        await self._connect_events(stack)
        self.endpoints = self._endpoints(arm)
        stack.callback(file.unlink, missing_ok=True)  # its addresses no longer answer
        file.write_text(json.dumps(asdict(self.endpoints), indent=2) + "\n")

    def _folder(self, stack: AsyncExitStack) -> Path:
        if self.folder is None:
            return Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sandbox-")))
        folder = stack.enter_context(own_folder(self.folder))
        if folder != self.folder.resolve():
            self.say(f"Another sandbox uses {self.folder}; this one uses {folder}.")
        return folder

    def _ports(self) -> list[int]:
        """All ports that are given, 0 for those that are not."""
        places = [*range(SERVER_PORTS), *(HOST_PORTS + number for number in range(self.workers))]
        return [self._port(place) for place in places]

    def _port(self, place: int) -> int:
        return 0 if self.port_base is None else self.port_base + place

    def _simulator(self) -> Simulator:
        simulator = Simulator(seed=self.seed, speed=self.speed)
        simulator.apply(scenario.load(self.scenario))
        if self.faults is not None:
            simulator.faults.add(yaml.safe_load(self.faults.read_text()))
        return simulator

    def _environment(self, arm: ArmEndpoints, azurite: Azurite) -> dict[str, str]:
        """The app's settings, over an environment without references to a real Azure or a proxy."""
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("AZURE_", "MSI_", "IDENTITY_")) and not name.lower().endswith("_proxy")
        }
        return {
            **inherited,
            **arm.environment,
            "AzureWebJobsStorage": azurite.connection_string,
            "CAUSEWAY_ARM_ENDPOINT": arm.arm,
            "CAUSEWAY_EVENTS_TOPIC": f"{arm.arm}/topics/outcomes/api/events",
            "CAUSEWAY_POLICY": str(self.policy.resolve()),
            "CAUSEWAY_SWEEP_SCHEDULE": sweep_schedule(self.speed),
            "CAUSEWAY_REQUEST_RATE": str(max(1.0, self.speed)),  # Azure's limits, in this Azure's seconds
            **self.settings,
        }

    async def _connect_events(self, stack: AsyncExitStack) -> None:
        """Deliver events into the app's queue, as infra/ does, or to its webhook, handshake included."""
        stack.callback(self.simulator.events.close)
        if self.events == "queue":
            await stack.enter_async_context(connected(self.simulator.events, self._azurite.connection_string))
            return
        url = f"{self._workers.addresses[0]}/runtime/webhooks/eventgrid?functionName={EVENT_FUNCTION}"
        if self.keys is not None:
            url += f"&code={quote(Keys.load(self.keys).system[EVENT_GRID])}"
        post = await stack.enter_async_context(http_post())
        await self.simulator.events.subscribe_webhook("causeway", url, post, event_types=EVENT_TYPES)

    async def _keep_running(self) -> None:
        """Restart processes until cancelled. Raises ChildError when one cannot be restarted."""
        while self._azurite.running:
            await self._workers.revive()
            await asyncio.sleep(POLL_SECONDS)
        raise ChildError("azurite ended by itself, and its data is lost; see azurite.log")

    async def _stop_keeping(self) -> None:
        self._keeper.cancel()
        await asyncio.gather(self._keeper, return_exceptions=True)

    def _endpoints(self, arm: ArmEndpoints) -> Endpoints:
        return Endpoints(
            arm=arm.arm,
            arm_http=arm.arm_http,
            identity=arm.identity,
            identity_header=arm.identity_header,
            user_identity_header=arm.user_identity_header,
            host=self._workers.addresses[0],
            hosts=self._workers.addresses,
            blobs=self._azurite.blobs,
            queues=self._azurite.queues,
            tables=self._azurite.tables,
            connection_string=self._azurite.connection_string,
            ca_file=str(arm.ca_file),
            subscription_ids=tuple(self.simulator.world.subscriptions),
            speed=self.speed,
        )


def sweep_schedule(speed: float) -> str:
    """Every 15 simulated minutes, at least 5 real seconds, as the next shorter NCRONTAB expression."""
    seconds = max(SWEEP_SECONDS / speed, LEAST_SWEEP_SECONDS)
    if seconds < 60:
        return f"*/{_divisor_of_60(seconds)} * * * * *"
    return f"0 */{_divisor_of_60(seconds / 60)} * * * *"


def _divisor_of_60(most: float) -> int:
    return max(one for one in range(1, 31) if 60 % one == 0 and one <= most)
