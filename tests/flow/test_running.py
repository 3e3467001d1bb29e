"""The running app while its policy changes: what it keeps, what it builds again, and a pass under way."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import azure.functions as func
import pytest

from handlers import queued, work
from shared.adapters.sweeps import TableSweeps
from shared.core.base.errors import BlockedError, PolicyError
from shared.core.events.work_item import WorkItem
from shared.core.policy.in_force import PolicyText
from shared.core.policy.policy import Policy
from shared.flow.policies import Policies
from shared.running import Running, SupportedPolicies
from shared.settings import Settings
from shared.wiring import Ports
from tests.builders import bodies
from tests.builders.environment import given
from tests.builders.policy_source import ChangingPolicy, parsed
from tests.builders.world import SPOKE, LoopClock, World


def text(peering: str = "ignore", **more: Any) -> str:
    default = {
        "subnets": {"westeurope": [bodies.SUBNET.text]},
        "clients": [bodies.SPOKE.text],
        "dns": {"zones_resource_group": bodies.ZONE.group.text},
        "peering": peering,
    }
    always = {"always": ["Microsoft.Storage/storageAccounts"]}
    base = {"version": 1, "subscriptions": [bodies.SUB], "opt_in": always, "profiles": {"default": default}}
    return json.dumps({**base, **more})


FAULTY = text(peering="sometimes")


class App:
    """One process of the app over a world, with a policy that the test changes."""

    def __init__(self, begins: str) -> None:
        self.world = World(Policy.parse(text("ensure")))  # whose rights the app has
        self.source = ChangingPolicy(begins)
        self.opened: list[Ports] = []
        self.running = Running(480.0, Policies(self.source, parsed, LoopClock()), self._open)
        self.put_back: list[str] = []

    def _open(self, policy: Policy) -> Ports:
        self.opened.append(self.world.ports())
        return self.opened[-1]

    async def change(self, policy: str) -> None:
        """Write another policy, and let the time pass after which it is read."""
        self.source.put(policy)
        await asyncio.sleep(self.source.interval)

    async def handle(self, at: str) -> None:
        """A message of the work queue."""

        async def put_back(queue: str, message: str, delay: timedelta) -> None:
            self.put_back.append(message)

        message = func.QueueMessage(body=WorkItem(at, "event", "test").text())
        await queued.handle(self.running.flow, put_back, "work", work.handle, message)

    async def health(self) -> dict[str, Any]:
        return (await (await self.running.flow()).health.report()).record()


async def test_a_policy_that_did_not_change_keeps_the_flow() -> None:
    app = App(text())
    first = await app.running.flow()
    await app.change(text())
    assert await app.running.flow() is first


async def test_a_changed_policy_builds_the_flow_again_over_the_same_adapters_and_readings() -> None:
    app = App(text())
    at = await app.world.create_account()
    app.source.interval = 1.0  # while the readings of networks still count
    first = await app.running.flow()
    for reason in ("event", "drift"):
        await first.worker.work(WorkItem(at, reason, "first"))
    app.world.sent()
    await first.worker.work(WorkItem(at, "drift", "again"))
    by_the_same = sorted(app.world.sent())
    await app.change(text(limits={"creations_per_hour": 7}))
    second = await app.running.flow()
    assert second is not first
    await second.worker.work(WorkItem(at, "drift", "changed"))
    by_the_next = sorted(app.world.sent())
    await app.world.worker().worker.work(WorkItem(at, "drift", "another process"))
    assert by_the_next == by_the_same
    assert len(app.world.sent()) > len(by_the_same)
    assert len(app.opened) == 1


async def test_a_pass_under_way_ends_by_the_policy_with_which_it_began() -> None:
    app = App(text())
    at = await app.world.create_account()
    app.source.interval = 1.0
    passing = asyncio.ensure_future(app.handle(at))
    await asyncio.sleep(1)
    assert not passing.done()
    await app.change(text("ensure"))
    assert not passing.done()
    changed = await app.running.flow()
    await passing
    spoke = await app.world.send("GET", SPOKE)
    assert spoke["properties"]["virtualNetworkPeerings"] == []
    assert (await app.world.state(at))["result"] == "Connected"
    await changed.worker.work(WorkItem(at, "drift", "later"))
    spoke = await app.world.send("GET", SPOKE)
    assert len(spoke["properties"]["virtualNetworkPeerings"]) == 1


async def test_a_faulty_policy_puts_no_message_back_and_is_shown_until_it_is_corrected() -> None:
    app = App(text())
    at = await app.world.create_account()
    await app.running.flow()
    await app.change(FAULTY)
    await app.handle(at)
    assert (app.put_back, (await app.world.state(at))["result"]) == ([], "Connected")
    shown = await app.health()
    assert shown["status"] == "degraded"
    assert "profiles.default.peering" in shown["problems"][0]
    refused = shown["policy"]["refused"]
    assert (refused["count"], refused["version"], refused["faults"][0]["value"]) == (1, '"2"', "sometimes")
    assert shown["policy"]["version"] == '"1"'
    await app.change(text("ensure"))
    corrected = (await app.health())["policy"]
    assert (corrected["refused"], corrected["version"]) == (None, '"3"')


async def test_a_policy_that_cannot_be_read_is_shown_with_its_remedy_and_puts_no_message_back() -> None:
    app = App(text())
    at = await app.world.create_account()
    await app.running.flow()
    app.source.fail(BlockedError("AuthorizationPermissionMismatch", "403", "grant the role"))
    await asyncio.sleep(app.source.interval)
    await app.handle(at)
    assert app.put_back == []
    shown = await app.health()
    assert shown["policy"]["unread"]["code"] == "AuthorizationPermissionMismatch"
    assert "grant the role" in shown["problems"][0]


async def test_at_the_start_a_faulty_or_unreadable_policy_puts_messages_back_and_poisons_none() -> None:
    app = App(FAULTY)
    await app.handle(bodies.SUBNET.text)
    app.source.fail(BlockedError("BlobNotFound", "404", "upload it"))
    await asyncio.sleep(10)
    await app.handle(bodies.SUBNET.text)
    assert len(app.put_back) == 2
    app.source.error = None
    app.source.put(text())
    await asyncio.sleep(10)
    await app.running.flow()


async def test_functions_that_begin_together_build_one_flow() -> None:
    app = App(text())
    app.source.seconds = 1.0
    flows = await asyncio.gather(*(app.running.flow() for _ in range(20)))
    assert len(set(map(id, flows))) == 1
    assert (len(app.opened), app.source.reads) == (1, 1)


async def test_a_sweep_reports_which_policy_it_followed_and_what_kept_a_newer_one_from_counting() -> None:
    app = App(text())
    hashed = PolicyText(text().encode(), "").hash
    await app.running.flow()
    await app.change(FAULTY)
    await (await app.running.flow()).sweeper.sweep()
    report = await TableSweeps(app.world.tables["sweeps"]).latest()
    assert report is not None
    assert report.policy == hashed
    assert "profiles.default.peering" in report.policy_problem


async def test_the_cloud_cannot_change_while_the_app_runs() -> None:
    supported = SupportedPolicies(Settings.read(given()))
    supported.check(Policy.parse(text()))
    with pytest.raises(PolicyError, match="restart the app"):
        supported.check(Policy.parse(text(cloud="AzureChinaCloud")))
    supported.check(Policy.parse(text("ensure")))


def test_warnings_of_a_policy_that_counts_are_logged_with_their_lines(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """On a loop of real time: a policy is parsed in a thread, for which a virtual clock does not wait."""
    supported = SupportedPolicies(Settings.read(given()))
    unused = text(networks={"hubs": [bodies.SPOKE.text]})
    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
        policy = runner.run(supported.parse(PolicyText(unused.encode(), "")))
        first = [entry.getMessage() for entry in caplog.records]
        caplog.clear()
        runner.run(supported.parse(PolicyText(text().encode(), "")))
    assert set(policy.networks) == {"hubs"}
    (logged,) = [message for message in first if "policy warning" in message]
    assert "line 1, column" in logged
    assert "networks.hubs: nothing uses this set" in logged
    assert not [entry for entry in caplog.records if "policy warning" in entry.getMessage()]
