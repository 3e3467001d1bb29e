"""The app in Microsoft's worker library, on Azurite, against the simulated Azure: every trigger once."""

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from azure.storage.queue.aio import QueueClient

from sandbox.activity import Activity
from sandbox.azure.reachability.reach import Reach
from sandbox.up import Sandbox
from sandbox.user import Refused, User
from shared.core.policy.policy import Policy
from tests.builders.reachability import attempts, violation

APP = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-app/providers"
PATIENCE = 60.0


def account(name: str) -> str:
    return f"{APP}/Microsoft.Storage/storageAccounts/{name}"


def body() -> dict[str, Any]:
    return {"location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}


async def eventually(read: Callable[[], Awaitable[Any]], holds: Callable[[Any], bool]) -> Any:
    """What `read` returns once it `holds`. Raises TimeoutError after PATIENCE."""
    seen = None
    async with asyncio.timeout(PATIENCE):
        while not holds(seen := await read()):
            await asyncio.sleep(0.1)
    return seen


def ended(state: Any) -> bool:
    return bool(state) and state["result"] not in ("Pending",) and not state["working"]


async def test_every_trigger_starts_the_same_reconcile_pass() -> None:
    async with Sandbox(workers=2, speed=120) as box, User(box.endpoints) as user:
        policy = Policy.parse(box.policy.read_text("utf-8"))
        await by_event(user)
        await published(user)
        await reached(policy, user)
        await by_http(user)
        await reached(policy, user)
        await by_event_in_the_queue(box, user)
        await reached(policy, user)
        await by_sweep(user)
        await reached(policy, user)
        await poisoned(box, user)
        await paged(user)
        await refused(user)


async def test_events_that_the_filters_of_infra_put_into_the_queue_connect_an_account() -> None:
    async with Sandbox(speed=120, events="queue") as box, User(box.endpoints) as user:
        await by_event(user)
        delivered = box.simulator.events.deliveries
        assert {"Microsoft.Storage/storageAccounts/write"} == {
            one.event.change.operation for one in delivered
        }


async def test_results_are_final_once_nothing_is_left_to_do() -> None:
    never = {"CAUSEWAY_SWEEP_SCHEDULE": "0 0 0 29 2 *"}
    async with (
        Sandbox(speed=120, settings=never) as box,
        User(box.endpoints) as user,
        Activity.of(box.endpoints, user) as activity,
    ):
        await eventually(activity.left, lambda left: not left)
        await user.put(account("orders"), body())
        assert await activity.left()
        await eventually(activity.left, lambda left: not left)
        state = await user.connection(account("orders"))
        assert (state["result"], state["working"]) == ("Connected", False)
        await user.sweep()
        await eventually(activity.left, lambda left: not left)
        assert (await user.connection(account("orders")))["correlation"].startswith("sweep-")
        health = await user.health()
        assert (health["status"], health["sweep"]["queued"]) == ("ok", 1)
        assert {one["scope"] for one in health["limits"]} >= {"Resource Manager", "private DNS"}
        await put_message(box, "work", "{}", hidden=600)
        assert await activity.left() == "1 messages in queue work"


async def by_event(user: User) -> None:
    await user.put(account("orders"), body())
    state = await eventually(lambda: user.connection(account("orders")), ended)
    assert state["result"] == "Connected"


async def published(user: User) -> None:
    seen = await eventually(
        lambda: user.control("published?topic=outcomes"),
        lambda found: any("Connected" in one["event"]["type"] for one in found["published"]),
    )
    events = [one["event"] for one in seen["published"]]  # one more where the account was not ready at first
    assert {one["subject"] for one in events} == {account("orders")}
    assert events[-1]["type"] == "Causeway.Connection.Connected"


async def by_http(user: User) -> None:
    shown = await user.rerun(account("orders"), dry_run=True)
    assert {action["action"] for action in shown["actions"]} == {"Keep"}
    before = (await user.connection(account("orders")))["at"]
    accepted = await user.rerun(account("orders"))
    assert accepted["status"].endswith(accepted["key"])
    state = await eventually(
        lambda: user.connection(account("orders")), lambda seen: ended(seen) and seen["at"] > before
    )
    assert state["writes"] == 0
    assert len(state["history"]) >= 2


async def by_event_in_the_queue(box: Sandbox, user: User) -> None:
    """As locked-down networks have it: Event Grid writes CloudEvents into a queue."""
    before = (await user.connection(account("orders")))["at"]
    event = {
        "specversion": "1.0",
        "id": "ce-1",
        "source": "/subscriptions/00000000-0000-0000-0000-000000000001",
        "type": "Microsoft.Resources.ResourceWriteSuccess",
        "time": "2026-01-01T00:00:00Z",
        "subject": account("orders").replace("resourceGroups", "resourcegroups"),
        "data": {"operationName": "Microsoft.Storage/storageAccounts/write"},
    }
    await put_message(box, "work", json.dumps(event))
    await eventually(lambda: user.connection(account("orders")), lambda seen: seen["at"] > before)


async def by_sweep(user: User) -> None:
    endpoint = (await user.connection(account("orders")))["paths"][0]["endpoint"]
    await user.delete(endpoint)
    await user.deleted(endpoint)
    await user.sweep()
    await eventually(lambda: user.get(endpoint), bool)
    state = await eventually(lambda: user.connection(account("orders")), ended)
    assert state["result"] == "Connected"


async def poisoned(box: Sandbox, user: User) -> None:
    item = {"resource_id": account("poisoned"), "reason": "event", "correlation": "c-9"}
    await put_message(box, "work-poison", json.dumps(item))
    state = await eventually(lambda: user.connection(account("poisoned")), bool)
    assert (state["result"], state["code"], state["correlation"]) == ("Failed", "Poisoned", "c-9")


async def paged(user: User) -> None:
    found = [state["resource_id"] for state in await user.connections(top=1)]
    assert sorted(found) == sorted([account("orders"), account("poisoned")])


async def refused(user: User) -> None:
    for wrong in ("not an id", f"{APP}/Microsoft.Nothing/things/x", account("a\nb")):
        with pytest.raises(Refused, match='"remedy"'):
            await user.rerun(wrong)


async def reached(policy: Policy, user: User) -> None:
    """Every client network of the policy reaches the account, by the simulated Azure's evaluator."""
    state = await user.connection(account("orders"))
    profile = policy.profiles[state["profile"]]
    networks = [await user.get(client.text) for client in profile.listed.clients]
    subnets = [subnet["id"] for network in networks for subnet in network["properties"]["subnets"]]
    tried = [attempt for path in state["paths"] for attempt in attempts(state, path, subnets)]
    assert {attempt.subnet for attempt in tried} == set(subnets)
    for attempt in tried:
        found = Reach(**await user.reach(attempt.subnet, attempt.name, attempt.port))
        assert violation(attempt, found, profile, state["findings"]) is None


async def put_message(box: Sandbox, queue: str, text: str, hidden: int = 0) -> None:
    client = QueueClient.from_connection_string(
        box.endpoints.connection_string, queue, api_version="2025-11-05"
    )
    async with client:
        content = base64.b64encode(text.encode()).decode()
        await client.send_message(content, visibility_timeout=hidden)
