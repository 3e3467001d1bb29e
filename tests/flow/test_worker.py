"""One worker for a resource at a time; no event is lost, and every pass has an outcome."""

import asyncio
import math

import pytest

from shared.core.base.ids import ResourceId
from shared.core.events.work_item import WorkItem
from shared.flow.worker import TRIES
from shared.wiring import wire
from tests.builders.world import ZONES, World

ZONE = "privatelink.blob.core.windows.net"
ENDPOINT_PUT = {"method": "PUT", "path": "privateEndpoints/[^/]+$"}


async def test_a_hundred_events_for_one_resource_become_two_passes() -> None:
    world = World()
    at = await world.create_account()
    await asyncio.gather(*(world.work(WorkItem(at, "event", f"e{n}")) for n in range(100)))
    state = await world.state(at)
    assert state["result"] == "Connected"
    assert len(state["history"]) == 2
    assert len(await world.endpoints()) == 1


async def test_two_processes_never_make_two_endpoints() -> None:
    world = World()
    at = await world.create_account()
    flows = [world.worker() for _ in range(4)]
    world.sent()
    await asyncio.gather(*(world.work(WorkItem(at, "event", "e"), flow) for flow in flows))
    await world.drain()
    made = [path for path in world.written("PUT") if path.split("/")[-2] == "privateEndpoints"]
    assert len(made) == 1
    assert len(await world.endpoints()) == 1


async def test_many_accounts_at_once_share_one_zone_and_one_link() -> None:
    world = World()
    targets = [await world.create_account(f"account{n}") for n in range(10)]
    flows = [world.worker(), world.worker()]
    world.sent()
    await asyncio.gather(
        *(world.work(WorkItem(at, "event", "e"), flows[n % 2]) for n, at in enumerate(targets))
    )
    writes = world.written("PUT")
    await world.drain()
    assert sum(path.endswith("/privatelink.blob.core.windows.net") for path in writes) == 1
    assert sum("/virtualNetworkLinks/" in path for path in writes) == 1
    assert [(await world.state(at))["result"] for at in targets] == ["Connected"] * 10


async def test_the_claim_of_a_dead_worker_expires() -> None:
    world = World()
    at = await world.create_account()
    dying = asyncio.ensure_future(world.flow.worker.work(WorkItem(at, "event", "dies")))
    await asyncio.sleep(10)
    row = next(iter(world.tables["connections"].rows.values()))
    dying.cancel()
    await asyncio.gather(dying, return_exceptions=True)
    # Killed, not stopped: its claim is still there.
    world.tables["connections"].rows[row.partition, row.key] = row
    assert (await world.reconcile(at)).get("result") is None
    await world.sleep(61)
    state = await world.reconcile(at)
    assert state["result"] == "Connected"
    assert len(await world.endpoints()) == 1


async def test_an_operation_that_fails_after_its_201_is_sent_again() -> None:
    world = World()
    at = await world.create_account()
    busy = {"code": "StorageAccountOperationInProgress", "message": "Call to Microsoft.Storage failed."}
    world.azure.faults.add({"match": ENDPOINT_PUT, "times": 2, "lro_failure": busy})
    state = await world.reconcile(at)
    assert state["result"] == "Connected"
    assert len(state["history"]) == 1
    assert len(await world.endpoints()) == 1


async def test_a_connection_that_breaks_after_the_write_leaves_one_endpoint() -> None:
    world = World()
    at = await world.create_account()
    world.azure.faults.add({"match": ENDPOINT_PUT, "times": 1, "drop": "after"})
    assert (await world.reconcile(at))["result"] == "Connected"
    assert len(await world.endpoints()) == 1


async def test_a_transient_error_is_pending_and_ends_as_failed_after_the_last_attempt() -> None:
    world = World()
    at = await world.create_account()
    answer = {"status": 503, "code": "ServiceUnavailable", "message": "Try again."}
    world.azure.faults.add({"match": ENDPOINT_PUT, "answer": answer})
    state = await world.reconcile(at)
    results = [entry["result"] for entry in state["history"]]
    assert results == ["Failed", *["Pending"] * (TRIES - 1)]
    assert "ServiceUnavailable" in state["reason"]
    assert world.queue.sent == []


async def test_a_request_that_azure_refuses_for_an_unknown_reason_is_sent_again_after_a_rerun() -> None:
    world = World()
    at = await world.create_account()
    odd = {"status": 400, "code": "NewAzureCode", "message": "Something odd."}
    world.azure.faults.add({"match": ENDPOINT_PUT, "times": 1, "answer": odd})
    state = await world.reconcile(at)
    assert [entry["result"] for entry in state["history"]] == ["Failed"]
    assert state["code"] == "NewAzureCode"
    assert "rerun" in state["remedy"]
    assert (await world.reconcile(at, "manual"))["result"] == "Connected"


async def test_a_network_interface_that_is_not_found_yet_is_read_again() -> None:
    world = World()
    at = await world.create_account()
    missing = {"status": 404, "code": "ResourceNotFound", "message": "The Resource was not found."}
    interface = {"method": "GET", "path": "networkInterfaces/", "principal": "app"}
    world.azure.faults.add({"match": interface, "times": 1, "answer": missing})
    state = await world.reconcile(at)
    assert (state["result"], len(state["history"])) == ("Connected", 1)


async def test_a_poisoned_work_item_ends_as_a_failed_outcome() -> None:
    world = World()
    at = await world.create_account()
    await world.flow.worker.give_up(WorkItem(at, "event", "e-17").text().encode())
    state = await world.state(at)
    assert (state["result"], state["code"], state["correlation"]) == ("Failed", "Poisoned", "e-17")
    assert state["remedy"]


async def test_a_poisoned_item_of_a_group_is_logged_with_the_group(caplog: pytest.LogCaptureFixture) -> None:
    world = World()
    at = await world.create_account()
    group = at.split("/providers/")[0]
    await world.flow.worker.give_up(WorkItem(group, "event", "e-17").text().encode())
    (record,) = [one for one in caplog.records if one.name == "causeway.worker"]
    assert record.getMessage().startswith("group failed on every attempt")
    assert group in record.getMessage()
    assert await world.state(at) == {}


async def test_a_work_item_of_a_resource_group_becomes_one_for_each_target_in_it() -> None:
    world = World()
    at = await world.create_account()
    group = at.split("/providers/")[0]
    await world.flow.worker.work(WorkItem(group, "event", "e"))
    assert [WorkItem.parse(item).resource_id.lower() for item, _ in world.queue.sent] == [at.lower()]


async def test_deleting_a_resource_group_removes_the_endpoints_of_its_targets() -> None:
    world = World()
    at = await world.create_account()
    await world.reconcile(at)
    group = at.split("/providers/")[0]
    await world.send("DELETE", group, version="2021-04-01")
    await world.sleep(300)
    await world.flow.worker.work(WorkItem(group, "event", "e"))
    await world.drain()
    assert (await world.state(at))["result"] == "Removed"
    assert await world.endpoints() == []


async def test_a_plan_shows_the_actions_and_writes_nothing() -> None:
    world = World()
    at = await world.create_account()
    world.sent()
    shown = await world.plan(at)
    assert [action["action"] for action in shown["actions"]] == ["Create"] * 4
    assert shown["writes"] == 0
    assert world.writes() == []


async def test_a_day_that_azure_asks_to_wait_is_waited() -> None:
    world = World()
    at = await world.create_account()
    busy = {"status": 429, "code": "TooManyRequests", "headers": {"Retry-After": "86400"}}
    world.azure.faults.add({"match": ENDPOINT_PUT, "times": 1, "answer": busy})
    await world.flow.worker.work(WorkItem(at, "event", "e"))
    assert (await world.state(at))["result"] == "Pending"
    assert [delay.total_seconds() for _, delay in world.queue.sent] == [86_400]


async def test_a_rerun_of_a_missing_resource_is_not_swept_for_ever() -> None:
    world = World()
    missing = (await world.create_account()) + "x"
    await world.flow.queries.request(missing)
    await world.drain()
    assert (await world.state(missing))["code"] == "NotFound"
    await world.flow.sweeper.sweep()
    assert missing not in [WorkItem.parse(item).resource_id for item, _ in world.queue.sent]


async def test_waiting_for_locks_ends_with_the_time_of_the_pass() -> None:
    world = World()
    at = await world.create_account()
    loop = asyncio.get_running_loop()
    flow = wire(world.policy, world.ports(), budget=60.0)
    zone = ResourceId.parse(f"{ZONES}/{ZONE}")
    async with world.ports().leases.hold(zone.key, deadline=math.inf):
        began = loop.time()
        await flow.worker.work(WorkItem(at, "event", "e"))
        assert loop.time() - began < 90
    assert (await world.state(at))["result"] == "Pending"
    await world.drain()
    assert (await world.state(at))["result"] == "Connected"


async def test_a_rerun_during_a_pass_is_answered_by_the_next_one_from_new_reads() -> None:
    world = World()
    at = await world.create_account()
    first = asyncio.ensure_future(world.flow.worker.work(WorkItem(at, "event", "e")))
    await asyncio.sleep(20)
    accepted = await world.flow.queries.request(at)
    other = await world.flow.queries.request(at)
    sent = [WorkItem.parse(item) for item, _ in world.queue.sent]
    assert [item.correlation for item in sent] == [accepted.correlation, other.correlation]
    for item in sent:
        await world.worker().worker.work(item)
    world.queue.sent.clear()
    await first
    state = await world.state(at)
    assert state["correlations"] == [accepted.correlation, other.correlation]
    assert state["correlation"] == other.correlation
    assert [entry["correlation"] for entry in state["history"]] == [other.correlation, "e"]


async def test_a_caller_that_looks_only_after_a_later_pass_still_sees_that_its_rerun_is_done() -> None:
    world = World()
    at = await world.create_account()
    await world.reconcile(at)
    accepted = await world.flow.queries.request(at)
    await world.drain()
    later = await world.reconcile(at, "drift")
    assert (later["correlation"], later["correlations"]) == ("test", [accepted.correlation])


async def test_a_link_that_is_deleted_before_a_rerun_is_made_again_although_a_pass_was_under_way() -> None:
    world = World()
    at = await world.create_account()
    await world.reconcile(at)
    [link] = (await world.send("GET", f"{ZONES}/{ZONE}/virtualNetworkLinks"))["value"]
    world.azure.faults.add({"match": {"path": "networkInterfaces/"}, "times": 1, "delay": 50.0})
    busy = asyncio.ensure_future(world.flow.worker.work(WorkItem(at, "event", "e")))
    await asyncio.sleep(2)
    await world.send("DELETE", link["id"])
    await asyncio.sleep(45)
    assert await world.send("GET", link["id"]) is None
    accepted = await world.flow.queries.request(at)
    [(item, _)] = world.queue.sent
    await world.worker().worker.work(WorkItem.parse(item))
    world.queue.sent.clear()
    await busy
    assert (await world.state(at))["correlation"] == accepted.correlation
    assert await world.send("GET", link["id"])


async def test_the_location_of_a_rerun_has_a_state_while_the_first_pass_runs() -> None:
    world = World()
    at = await world.create_account()
    first = asyncio.ensure_future(world.flow.worker.work(WorkItem(at, "event", "e")))
    await asyncio.sleep(5)
    accepted = await world.flow.queries.request(at)
    found = await world.flow.queries.connection(accepted.key)
    assert found is not None
    assert found.record()["result"] == "Pending"
    await first


async def test_a_rerun_of_an_opted_out_resource_is_answered_also_if_another_pass_is_first() -> None:
    world = World()
    at = await world.create_account(tags={"private-connectivity": "disabled"})
    first = asyncio.ensure_future(world.flow.worker.work(WorkItem(at, "event", "e")))
    await asyncio.sleep(0)
    accepted = await world.flow.queries.request(at)
    await first
    await world.drain()
    state = await world.state(at)
    assert (state["code"], state["correlations"]) == ("NotAsked", [accepted.correlation])


async def test_a_second_pass_does_not_outlast_the_function() -> None:
    world = World()
    at = await world.create_account()
    loop = asyncio.get_running_loop()
    world.azure.faults.add({"match": ENDPOINT_PUT, "times": 1, "delay": 300.0})
    began = loop.time()
    first = asyncio.ensure_future(world.flow.worker.work(WorkItem(at, "event", "e")))
    await asyncio.sleep(100)
    await world.worker().worker.work(WorkItem(at, "event", "later"))
    await first
    assert loop.time() - began < 480
    assert [WorkItem.parse(item).resource_id for item, _ in world.queue.sent] == [at]
    await world.drain()
    assert (await world.state(at))["result"] == "Connected"
